"""Memberships: made, confirmed or refused, ended (V11, V14).

Nobody does any of it for themselves; a trigger says all of it again. The privacy officer is told
of each step, without a name.
"""

from __future__ import annotations

import datetime
import uuid

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.enums import Action, Permission, Purpose, RoleKey
from agencies.models import Agency, Membership, Role, User
from agencies.operations.outbox import notify
from agencies.permissions import (
    ActionDenied,
    check_can_confirm,
    check_can_end,
    check_may,
)
from agencies.trail import log_access

TWICE = gettext_lazy("この人には、同じ機関・同じ役割の所属が、もうあります。")


class BadMembership(ActionDenied):
    """What was typed cannot be a membership; `field` is where it was typed."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


@transaction.atomic
def create_membership(
    *,
    user: User,
    agency: Agency,
    role: Role,
    by: Membership,
    since: datetime.date | None = None,
    until: datetime.date | None = None,
    form_key: uuid.UUID | None = None,
) -> Membership:
    """A membership that works only after the agency's own manager has confirmed it (V11). The
    same `form_key` makes one once. Raises BadMembership."""
    check_may(by, Permission.MANAGE_ACCOUNTS)
    key = form_key or uuid.uuid4()
    known = Membership.objects.filter(pk=key).first()
    if known is not None:
        return known
    if by.user_id == user.pk:
        raise BadMembership("username", _("自分の所属を自分で作ることはできません。"))
    day = since or timezone.localdate()
    _check_period(agency, day, until)
    _check_new(user, agency, role, by, day, until)
    membership = Membership(id=key, user=user, agency=agency, role=role, since=day, until=until)
    try:
        with transaction.atomic():
            membership.save(force_insert=True)
    except IntegrityError:  # somebody else made it at this very moment
        raise BadMembership("role", str(TWICE)) from None
    for manager in _managers(agency).exclude(user=user):
        _tell(manager, membership, "waiting", _("新しい所属が、確認を待っています"))
    _tell_officers(membership, "created", _("新しい所属が作られました（確認待ち）"))
    _log(by, membership, "create_membership")
    return membership


@transaction.atomic
def confirm_membership(*, membership: Membership, by: Membership) -> None:
    """The agency's manager confirms; from now on the membership works (V11)."""
    check_can_confirm(by, membership)
    _settle(membership, confirmed_at=timezone.now(), confirmed_by=by)
    _tell_officers(membership, "confirmed", _("所属が確認されました"))
    _log(by, membership, "confirm_membership")


@transaction.atomic
def refuse_membership(*, membership: Membership, by: Membership, reason: str) -> None:
    """The agency's manager says no, and why: it never works (V11)."""
    check_can_confirm(by, membership)
    _settle(membership, refused_at=timezone.now(), refused_by=by, refusal_reason=reason)
    _tell_officers(membership, "refused", _("所属の確認が断られました"))
    _log(by, membership, "refuse_membership")


@transaction.atomic
def end_membership(
    *, membership: Membership, by: Membership, on: datetime.date | None = None
) -> None:
    """The last day of a membership; the next request after it sees nothing (V14). None: from this
    moment on. Raises BadMembership."""
    locked = (
        Membership.objects.select_for_update(of=("self",))
        .select_related("agency")
        .get(pk=membership.pk)
    )
    check_can_end(by, locked)
    today = timezone.localdate()
    if on is not None:
        _check_last_day(locked, on, today)
    last = on or today - datetime.timedelta(days=1)
    Membership.objects.filter(pk=locked.pk).update(until=last)
    membership.until = last
    _tell_officers(membership, f"ended:{last}", _("所属の終わりが決まりました"))
    for manager in _managers(locked.agency).exclude(user=locked.user_id):
        _tell(
            manager,
            locked,
            f"ended:{last}",
            _("所属の終わりが決まりました。担当替えを確かめてください"),
        )
    _log(by, membership, "end_membership")


def _check_period(agency: Agency, since: datetime.date, until: datetime.date | None) -> None:
    today = timezone.localdate()
    if until is not None and until < today:
        raise BadMembership(
            "until", _("終わりの日が過ぎています。今日からあとの日を入れてください。")
        )
    if until is not None and until < since:
        raise BadMembership("until", _("終わりの日が、始まりの日より前です。"))
    if agency.ended_on is not None and agency.ended_on < max(since, today):
        raise BadMembership("agency", _("この機関は終わっているため、所属を加えられません。"))


def _check_new(
    user: User,
    agency: Agency,
    role: Role,
    by: Membership,
    since: datetime.date,
    until: datetime.date | None,
) -> None:
    if role.pk == RoleKey.GUEST:
        raise BadMembership("role", _("会議のゲストは、その会議の事務局が登録します。"))
    if agency.is_type or agency.municipality_id != by.municipality.pk:
        raise BadMembership("agency", _("この市の機関から選んでください。"))
    if not user.is_active:
        raise BadMembership("username", _("この利用者は、いまサインインできません。"))
    same = Membership.objects.filter(user=user, agency=agency, role=role, refused_at=None)
    overlapping = same.filter(Q(until=None) | Q(until__gte=since))
    if until is not None:
        overlapping = overlapping.filter(since__lte=until)
    # … or ended, but begun on the very same day: one row says one period.
    if overlapping.exists() or same.filter(since=since).exists():
        raise BadMembership("role", str(TWICE))
    if not _managers(agency).exclude(user=user).exists():
        raise BadMembership(
            "agency",
            _(
                "この機関には、所属を確認できる人（機関の管理者）がほかにいません。"
                "最初の管理者は、導入の担当者が登録します。"
            ),
        )


def _check_last_day(membership: Membership, on: datetime.date, today: datetime.date) -> None:
    if on < today:
        raise BadMembership(
            "on", _("最後の日が過ぎています。すぐに止めるときは「いますぐ」を選んでください。")
        )
    if on < membership.since:
        raise BadMembership("on", _("最後の日が、所属の始まりの日より前です。"))
    if membership.until is not None and on >= membership.until:
        raise BadMembership(
            "on",
            _("いまの終わりの日より前の日を入れてください。延ばすときは、新しい所属を作ります。"),
        )


def _managers(agency: Agency | None) -> QuerySet[Membership]:
    """Who may confirm memberships of the agency today."""
    return Membership.objects.active().filter(
        agency=agency, role__permissions__contains=[Permission.CONFIRM_MEMBERSHIP]
    )


def _settle(membership: Membership, **values: object) -> None:
    """Answer it once: of two at the same moment the second finds it answered."""
    waiting = Membership.objects.filter(
        pk=membership.pk, confirmed_at__isnull=True, refused_at__isnull=True
    )
    if not waiting.update(**values):
        raise ActionDenied(_("この所属には、もう返事がされています。"))
    membership.refresh_from_db()


def _tell_officers(membership: Membership, event: str, title: str) -> None:
    """V11: the privacy officers of the city see each step."""
    assert membership.agency is not None  # noqa: S101 - system memberships never come here
    officers = Membership.objects.active().filter(
        agency__municipality_id=membership.agency.municipality_id,
        role__permissions__contains=[Permission.REVIEW_ACCESS],
    )
    for officer in officers:
        _tell(officer, membership, event, title)


def _tell(whom: Membership, membership: Membership, event: str, title: str) -> None:
    notify(
        agency=whom.agency_id or 0,
        membership=whom,
        kind="membership",
        key=f"{membership.pk}:{event}",
        title=title,
        url=f"/members/{membership.pk}/",
    )


def _log(by: Membership, membership: Membership, what: str) -> None:
    log_access(
        by,
        Action.WRITE,
        what=what,
        purpose=Purpose.ADMINISTRATION,
        record_ids=[membership.pk],
    )
