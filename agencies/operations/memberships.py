"""Memberships: made, confirmed, ended (V11, V14)."""

from __future__ import annotations

import datetime

from django.db import transaction
from django.utils import timezone

from agencies.enums import Action, Permission, Purpose
from agencies.models import Agency, Membership, Role, User
from agencies.permissions import ActionDenied, check_may
from agencies.trail import log_access


@transaction.atomic
def create_membership(
    *,
    user: User,
    agency: Agency,
    role: Role,
    by: Membership,
    since: datetime.date | None = None,
    until: datetime.date | None = None,
) -> Membership:
    """A membership that works only after the agency's own manager has confirmed it (V11)."""
    check_may(by, Permission.MANAGE_ACCOUNTS)
    if by.user_id == user.pk:
        raise ActionDenied("自分の所属を自分で作ることはできません。")
    membership = Membership.objects.create(
        user=user, agency=agency, role=role, since=since or timezone.localdate(), until=until
    )
    log_access(by, Action.WRITE, what="create_membership", purpose=Purpose.ADMINISTRATION)
    return membership


@transaction.atomic
def confirm_membership(*, membership: Membership, by: Membership) -> None:
    """The agency's manager confirms; from now on the membership works (V11)."""
    check_may(by, Permission.CONFIRM_MEMBERSHIP)
    if by.agency_id != membership.agency_id or by.user_id == membership.user_id:
        raise ActionDenied("所属の確認は、その機関の別の責任者が行います。")
    Membership.objects.filter(pk=membership.pk, confirmed_at__isnull=True).update(
        confirmed_at=timezone.now(), confirmed_by=by
    )
    log_access(by, Action.WRITE, what="confirm_membership", purpose=Purpose.ADMINISTRATION)


@transaction.atomic
def end_membership(*, membership: Membership, by: Membership, on: datetime.date) -> None:
    """The last day of a membership; the next request after it sees nothing (V14)."""
    check_may(by, Permission.MANAGE_ACCOUNTS)
    if by.user_id == membership.user_id:
        raise ActionDenied("自分の所属を自分で変えることはできません。")
    Membership.objects.filter(pk=membership.pk).update(until=on)
    log_access(by, Action.WRITE, what="end_membership", purpose=Purpose.ADMINISTRATION)
