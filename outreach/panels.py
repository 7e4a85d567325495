"""What the outreach room shows on pages of other rooms.

A visit under a carry-out appears on the home page of its own people, without the household's name,
and never on a case page (V6).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.enums import Permission
from agencies.models import Membership
from cases.enums import RecordKind
from cases.models import CarryOut, Case, Record
from cases.permissions import can
from cases.titles import persons_of
from config.lib.eras import format_short, today
from config.lib.prepared import prepared
from config.lib.registry import Link, NavItem, OpenEnd, Panel, TimelineEntry, Todo, registry
from config.lib.wording import label_of
from outreach.enums import VisitMethod, VisitResult
from outreach.models import Visit
from outreach.pages import changed_url, due_line, visit_line, visit_text
from outreach.permissions import check_can_log_under, check_can_log_visit

PANEL_VISITS = 3


def todos(membership: Membership) -> list[Todo]:
    """My next visits that are due. Two queries: visits, persons."""
    if not membership.may(Permission.LOG_VISIT):
        return []
    found = list(_visits_due(membership))
    if not found:
        return []
    open_cases = {v.record.case_id for v in found if v.record.carry_out_id is None}
    persons = persons_of(membership, open_cases)
    lines = [due_line(membership, visit, persons) for visit in found]
    return [
        Todo(
            kind=_("訪問（守秘）") if line.secret else _("訪問"),
            title=line.title,
            url=line.action_url,
            action=_("訪問を記録"),
            detail=line.detail,
            when=line.when,
            due_on=line.due_on,
            section="due",
            record_id=line.record_id,
        )
        for line in lines
    ]


@prepared
def _visits_due(membership: Membership) -> QuerySet[Visit]:
    return (
        Visit.objects.visible_to(membership)
        .waiting()
        .filter(record__author_id=membership.pk, next_on__lte=today())
        .select_related("record")
        .order_by("next_on", "record_id")[:20]
    )


def waiting_count(membership: Membership) -> tuple[int, bool]:
    """My visits due by today, and whether one is overdue. One query."""
    days = list(_days_due(membership))
    return len(days), bool(days) and days[0] < today()


@prepared
def _days_due(membership: Membership) -> QuerySet[Visit, Any]:
    return (
        Visit.objects.visible_to(membership)
        .waiting()
        .filter(record__author_id=membership.pk, next_on__lte=today())
        .order_by("next_on")
        .values_list("next_on", flat=True)[:100]
    )


def case_timeline(
    membership: Membership, case: Case, records: Mapping[uuid.UUID, Record]
) -> list[TimelineEntry]:
    """The visits among the records of the page. One query, none without visits."""
    keys = [key for key, record in records.items() if record.kind == RecordKind.VISIT]
    if not keys:
        return []
    found = Visit.objects.visible_to(membership).filter(pk__in=keys)
    may_log = can(check_can_log_visit, membership, case)
    return [_entry(membership, records[v.pk], v, may_log=may_log) for v in found]


def _entry(membership: Membership, record: Record, visit: Visit, *, may_log: bool) -> TimelineEntry:
    is_own = may_log and record.author_agency_id == membership.agency_id
    return TimelineEntry(
        record_id=visit.pk,
        at=record.happened_at,
        title=_heading(visit),
        text=visit_text(visit),
        url=reverse("visit_edit", args=[visit.pk]) if is_own else "",
        history_url=changed_url(visit),
    )


def case_panels(membership: Membership, case: Case) -> list[Panel]:
    """The last visits of a case: visits, persons. What only an item under secrecy lays open stays
    out."""
    shown = list(_last_visits(membership, case))
    if not shown:
        return []
    persons = persons_of(membership, [case.pk])
    context = {
        "lines": [visit_line(visit, persons) for visit in shown],
        "new_url": _new_url(membership, case),
        "record_ids": [visit.pk for visit in shown],
    }
    return [Panel("outreach/panels/case_visits.html", context)]


@prepared
def _last_visits(membership: Membership, case: Case) -> QuerySet[Visit]:
    found = Visit.objects.standing_with(membership).for_case(case).select_related("record")
    return found.newest_first()[:PANEL_VISITS]


def open_ends(membership: Membership, case: Case) -> list[OpenEnd]:
    """A next visit that still stands. One query."""
    found = Visit.objects.standing_with(membership).for_case(case).waiting()
    rows = found.order_by("next_on").values_list("next_on", "record__author_agency__name")[:5]
    return [
        OpenEnd(
            _("%(day)sの訪問の予定がなくなります。") % {"day": format_short(day)},
            stays=_("訪問の予定　%(day)s") % {"day": format_short(day)},
            whose=agency,
        )
        for day, agency in rows
    ]


def case_actions(membership: Membership, case: Case) -> list[Link]:
    """訪問を記録, for who may. No query."""
    url = _new_url(membership, case)
    return [Link(_("訪問を記録"), url)] if url else []


def carry_out_actions(membership: Membership, carry_out: CarryOut) -> list[Link]:
    """訪問を記録 under a carry-out, for the people it names. One query."""
    if not can(check_can_log_under, membership, carry_out):
        return []
    return [Link(_("訪問を記録"), reverse("carry_out_visit_new", args=[carry_out.pk]))]


def _new_url(membership: Membership, case: Case) -> str:
    if not can(check_can_log_visit, membership, case):
        return ""
    return reverse("visit_new", args=[case.pk])


def _heading(visit: Visit) -> str:
    """「訪問　家族と会えた（母）」."""
    whom = f"（{visit.met_whom}）" if visit.met_whom else ""
    method, result = label_of(VisitMethod, visit.method), label_of(VisitResult, visit.result)
    words = f"{method}　{result}{whom}"
    return words + _("［訂正あり］") if visit.version > 1 else words


registry.add("todos", todos, queries=2)
registry.add("case_timeline", case_timeline, queries=1)
registry.add("case_panels", case_panels, queries=3, order=60)
registry.add("case_actions", case_actions, queries=0)
registry.add("case_open_ends", open_ends, queries=1, order=60)
registry.add("carry_out_actions", carry_out_actions, queries=1)
registry.nav(
    NavItem(
        "visits", gettext_lazy("訪問記録"), "visit_list", 2, Permission.LOG_VISIT, waiting_count
    )
)
