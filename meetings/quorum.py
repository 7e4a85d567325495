"""May this item be decided with who is there? 必須の構成員 and 定足数, as the city's profile says.

Who records the decision is in the room, who has left is not. Under secrecy those count who were
appointed and pledged.
"""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Q
from django.utils.translation import gettext as _

from agencies.models import Membership, StandingMember
from agencies.permissions import ActionDenied
from config.lib.eras import today
from meetings import enums
from meetings.models import AgendaItem, ItemAttendance, ItemGrant, ItemPerson

# What may be put off by whoever is there.
PUT_OFF: Final = frozenset({enums.Decision.CONTINUED, enums.Decision.WATCH})
THERE: Final = frozenset({enums.Attendance.PRESENT, enums.Attendance.PARTIAL})


def check_who_is_there(by: Membership, item: AgendaItem, decision: str) -> None:
    """ActionDenied names who is missing. At most four queries, none where the profile asks for
    nothing but one that says so."""
    if decision in PUT_OFF:
        return
    wanted = _mandatory(item)
    percent = item.conference_type.quorum
    if not wanted and percent is None:
        return
    rows = ItemAttendance.objects.filter(item=item, attendance__in=THERE)
    there = list(rows.filter(removed_at=None, left_at=None).select_related("membership"))
    agencies = {by.agency_id, *(row.agency_id for row in there)}
    agencies |= {row.membership.agency_id for row in there if row.membership is not None}
    # On paper: 「氏名（所属）」. With consent an agency is recorded as such.
    words = [row.name for row in there if row.name and item.is_secret]
    missing = [
        name
        for key, name in wanted
        if key not in agencies and not any(name in one for one in words)
    ]
    if missing:
        raise ActionDenied(
            _(
                "必ず出席する%(names)sの出席が記録されていません。出欠を記録するか、"
                "次の会議に回してください（継続審議・見守り）。"
            )
            % {"names": "・".join(f"「{name}」" for name in missing)}
        )
    if percent is not None:
        _check_enough(by, item, there, percent)


def _mandatory(item: AgendaItem) -> list[tuple[int | None, str]]:
    members = StandingMember.objects.running_in(item.conference_type.municipality_id).filter(
        Q(since=None) | Q(since__lte=today()),
        conference_type=item.conference_type_id,
        is_mandatory=True,
        agency__isnull=False,
    )
    return list(members.order_by("order", "pk").values_list("agency_id", "agency__name"))


def _check_enough(
    by: Membership, item: AgendaItem, there: list[ItemAttendance], percent: int
) -> None:
    """Whoever has an interest in it (利害関係) is heard, and counts on neither side."""
    met: set[Any]
    if item.is_secret:  # the secretariat is there anyway, and is not one of those it asked
        asking = {"revoked_at": None, "has_conflict": False}
        grants = ItemGrant.objects.filter(content_object=item, pledged_at__isnull=False, **asking)
        people = ItemPerson.objects.filter(item=item, pledged_on__isnull=False, **asking)
        known = {*grants.values_list("membership_id", flat=True), *map(str, people)}
        met = {row.membership_id or row.name for row in there}
    else:
        stepped_back = {row.agency_id for row in there if row.has_conflict}
        known = {*item.participant_ids, item.proposing_agency_id} - stepped_back
        met = {by.agency_id, *(row.agency_id for row in there)}
    asked, come = len(known), len(known & met)
    needed = -(-asked * percent // 100)  # rounded up
    if come < needed:
        raise ActionDenied(
            _(
                "定足数に足りません（出席を求めた%(asked)sのうち%(needed)sの出席が必要で、記録は%(come)sです）。"
                "出欠を記録するか、次の会議に回してください（継続審議・見守り）。"
            )
            % {"asked": asked, "needed": needed, "come": come}
        )
