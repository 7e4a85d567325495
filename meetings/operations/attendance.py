"""出欠 of the day: who was there, who came late or left, and when; in the room by one press."""

from __future__ import annotations

import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.models import Agency, Membership
from agencies.permissions import ActionDenied
from meetings import enums
from meetings.gate import listed_entries
from meetings.models import AgendaItem, ItemAttendance, ItemGrant, ItemPerson
from meetings.operations.common import lock_item, trace
from meetings.permissions import check_can_run_item, check_still_open
from meetings.quorum import THERE

A = enums.Attendance


@transaction.atomic
def mark_attendance(
    *,
    item: AgendaItem,
    by: Membership,
    attendance: str,
    membership: Membership | None = None,
    agency: Agency | None = None,
    person: ItemPerson | None = None,
    member: ItemAttendance | None = None,
    name: str = "",
    arrived_at: datetime.datetime | None = None,
    left_at: datetime.datetime | None = None,
) -> None:
    """出欠 per item, and when somebody came late or left. Under secrecy only the appointed who
    pledged (on screen or on paper), and the secretariat, are there; with consent the agencies that
    take part, or somebody by name: a `member` who was asked, or whoever came besides (本人, 家族).
    """
    locked = lock_item(item, by)
    check_can_run_item(by, locked)
    check_still_open(locked)
    if attendance not in A.values:
        raise ActionDenied(_("出欠を選んでください。"))
    _check_times(attendance, arrived_at, left_at)
    where = _place(locked, attendance, membership, agency, person, member, name)
    _write(locked, where, attendance, arrived_at, left_at)
    trace(locked, by, "mark_attendance")


@transaction.atomic
def mark_now(
    *,
    item: AgendaItem,
    by: Membership,
    is_leaving: bool,
    membership: Membership | None = None,
    agency: Agency | None = None,
    person: ItemPerson | None = None,
    member: ItemAttendance | None = None,
) -> bool:
    """いま来た・いま帰った: the present minute, while the sitting runs. Who had left and comes back
    is there again, since they first came. False: it is recorded so already (a second press)."""
    locked = lock_item(item, by)
    check_can_run_item(by, locked)
    if locked.sitting.state != enums.SittingState.OPEN:
        raise ActionDenied(_("いまの時刻は、会議が開いているあいだだけ記録できます。"))
    where = _place(locked, A.PRESENT, membership, agency, person, member, "")
    row = _rows(locked, where).first()
    was_there = row is not None and row.attendance in THERE
    if is_leaving and not was_there:
        raise ActionDenied(_("来たことが記録されていません。先に出席を記録してください。"))
    is_there = was_there and row is not None and row.left_at is None
    if is_there != is_leaving:
        return False
    now = timezone.now().replace(second=0, microsecond=0)  # as it is shown and corrected
    if row is not None and was_there:
        since, until = row.arrived_at, now if is_leaving else None
        if since is not None and until is not None:
            until = max(since, until)
        _write(locked, where, row.attendance, since, until)
    else:
        _write(locked, where, A.PRESENT, now, None)
    trace(locked, by, "mark_attendance")
    return True


def _check_times(
    attendance: str, arrived_at: datetime.datetime | None, left_at: datetime.datetime | None
) -> None:
    if arrived_at is None and left_at is None:
        return
    if attendance == A.ABSENT:
        raise ActionDenied(_("欠席の人には、来た時刻も帰った時刻も入れません。"))
    if arrived_at is not None and left_at is not None and left_at < arrived_at:
        raise ActionDenied(_("帰った時刻は、来た時刻よりあとにしてください。"))
    if max(at for at in (arrived_at, left_at) if at is not None) > timezone.now():
        raise ActionDenied(_("時刻は、いまより前にしてください。"))


def _place(
    item: AgendaItem,
    attendance: str,
    membership: Membership | None,
    agency: Agency | None,
    person: ItemPerson | None,
    member: ItemAttendance | None,
    name: str,
) -> dict[str, Any]:
    """Where the attendance of this one stands: a row that is there, or what names a new one."""
    if item.is_secret:
        agency, member, name = None, None, ""
        if person is not None:
            membership, name = None, _on_paper(item, person, attendance)
        else:
            _check_may_attend(item, membership, attendance)
    else:
        membership = None
        known = {*item.participant_ids, item.proposing_agency_id}
        if agency is None and member is None and not name.strip():
            raise ActionDenied(_("出席した機関か人を選んでください。"))
        if agency is not None and agency.pk not in known:
            raise ActionDenied(_("この議題に参加する機関ではありません。"))
    if member is not None:
        rows = ItemAttendance.objects.filter(item=item, pk=member.pk, agency=None, removed_at=None)
        if not rows.exists():
            raise ActionDenied(_("この人は、もう出席する人に載っていません。"))
        return {"pk": member.pk}
    return {
        "membership": membership,
        "agency": agency,
        "person": None,
        "name": name.strip(),
        "removed_at": None,
    }


def _rows(item: AgendaItem, where: dict[str, Any]) -> Any:
    return ItemAttendance.objects.filter(item=item, **where)


def _write(
    item: AgendaItem,
    where: dict[str, Any],
    attendance: str,
    arrived_at: datetime.datetime | None,
    left_at: datetime.datetime | None,
) -> None:
    there = {"attendance": attendance, "arrived_at": arrived_at, "left_at": left_at}
    if "pk" in where:
        _rows(item, where).update(**there)
    else:
        ItemAttendance.objects.update_or_create(item=item, **where, defaults=there)


def _check_may_attend(item: AgendaItem, member: Membership | None, attendance: str) -> None:
    if member is None:
        raise ActionDenied(_("守秘の議題では、出席した人を選んでください。"))
    if listed_entries(member).filter(conference_type_id=item.conference_type_id).exists():
        return
    grant = ItemGrant.objects.filter(content_object=item, membership=member).standing().first()
    if grant is None:
        raise ActionDenied(_("この議題に指名された人ではありません。"))
    if grant.pledged_at is None and attendance != A.ABSENT:
        raise ActionDenied(_("誓約していない人は、守秘の議題に出席できません。"))


def _on_paper(item: AgendaItem, person: ItemPerson, attendance: str) -> str:
    """The name under which somebody appointed on paper stands on the list."""
    known = ItemPerson.objects.filter(item=item, pk=person.pk, revoked_at__isnull=True).first()
    if known is None or known.guest_id is not None:
        raise ActionDenied(_("この議題に指名された人ではありません。"))
    if known.pledged_on is None and attendance != A.ABSENT:
        raise ActionDenied(_("誓約していない人は、守秘の議題に出席できません。"))
    return str(known)
