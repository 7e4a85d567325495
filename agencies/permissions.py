"""Who may do what: a refusal is an exception with a reason a person understands (V15: 403)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.utils.translation import gettext as _

from agencies.enums import MembershipState, Permission
from agencies.models import Agency, Membership, agencies_of


class ActionDenied(PermissionDenied):
    """Visible but not allowed; `str(error)` is the Japanese reason shown on the page."""


INSUFFICIENT_PRIVILEGE = "42501"


@contextmanager
def or_denied(reason: str) -> Iterator[None]:
    """What the database refuses within the block for want of a right is ActionDenied(reason), and
    what the block has written is taken back. Other errors go on."""
    try:
        with transaction.atomic():
            yield
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", "") != INSUFFICIENT_PRIVILEGE:
            raise
        raise ActionDenied(reason) from None


def check_may(by: Membership, permission: Permission) -> None:
    """Raise ActionDenied unless the role has the permission."""
    if not by.may(permission):
        raise ActionDenied(
            _("「%(role)s」の役割では「%(permission)s」ことはできません。")
            % {"role": by.role_name, "permission": permission.label}
        )


def check_may_oversee(by: Membership) -> None:
    """Who sees the memberships of others: accounts, the agency's manager, the privacy officer."""
    overseers = (
        Permission.MANAGE_ACCOUNTS,
        Permission.CONFIRM_MEMBERSHIP,
        Permission.REVIEW_ACCESS,
    )
    if not any(by.may(permission) for permission in overseers):
        raise ActionDenied(
            _("「%(role)s」の役割では、職員の所属を見ることはできません。") % {"role": by.role_name}
        )


def check_can_confirm(by: Membership, membership: Membership) -> None:
    """V11: the agency's own manager, never for themselves, once."""
    check_may(by, Permission.CONFIRM_MEMBERSHIP)
    if by.agency_id != membership.agency_id or by.user_id == membership.user_id:
        raise ActionDenied(_("所属の確認は、その機関の別の管理者が行います。"))
    mine = Membership.objects.active().filter(user=by.user)
    if mine.filter(role__permissions__contains=[Permission.MANAGE_ACCOUNTS]).exists():
        raise ActionDenied(_("所属を作るシステム管理者は、確認はできません。"))
    if membership.state != MembershipState.WAITING:
        raise ActionDenied(_("この所属は、確認を待っていません。"))


def check_can_end(by: Membership, membership: Membership) -> None:
    """The system administrator, never their own, what has not ended (V11)."""
    check_may(by, Permission.MANAGE_ACCOUNTS)
    if by.user_id == membership.user_id:
        raise ActionDenied(_("自分の所属を自分で変えることはできません。"))
    if membership.agency is None or membership.agency.municipality_id != by.municipality.pk:
        raise ActionDenied(_("ほかの市の所属は変えられません。"))
    if membership.state in (MembershipState.ENDED, MembershipState.REFUSED):
        raise ActionDenied(_("この所属は、もう終わっています。"))


def can(check: Callable[..., None], *subject: Any) -> bool:
    """Whether a check passes; for buttons. The operation asks the same function again."""
    try:
        check(*subject)
    except ActionDenied:
        return False
    return True


def agencies_kept_by(membership: Membership) -> list[Agency]:
    """Whose lines of the directory one keeps: the office the whole city's, an agency's manager the
    agency's own. One query."""
    if membership.may(Permission.OFFICE_HINTS):
        return list(agencies_of(membership.municipality))
    if membership.may(Permission.CONFIRM_MEMBERSHIP):
        return list(agencies_of(membership.municipality).filter(pk=membership.agency_id))
    return []


def can_keep_directory(by: Membership, agency: Agency | None) -> bool:
    """The office, or the manager of the agency whose line it is; of a section (None) the office."""
    if by.may(Permission.OFFICE_HINTS):
        return True
    own = agency is not None and agency.pk == by.agency_id
    return own and by.may(Permission.CONFIRM_MEMBERSHIP)


def check_can_keep_directory(by: Membership, agency: Agency | None) -> None:
    """Raise ActionDenied with the reason."""
    if not can_keep_directory(by, agency):
        raise ActionDenied(_("窓口の一覧を直せるのは、事務局の人と、その機関の管理者だけです。"))
