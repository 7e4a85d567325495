"""The list of cases: what, who, when, one action."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass
from typing import Any

from django.db.models import Max, QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from agencies.enums import Action, Permission
from agencies.guards import MemberRequest, member
from agencies.models import Membership
from agencies.trail import log_access
from cases import enums
from cases.filters import CaseFilter, read_key
from cases.lists import PAGE, newest
from cases.models import Case, Record
from cases.titles import household_title, persons_by_case
from config.lib.condition import among
from config.lib.eras import format_short
from config.lib.prepared import prepared
from config.lib.wording import label_of

URGENCY_TONE: dict[str, str] = {enums.Urgency.HIGH: "bad", enums.Urgency.MIDDLE: "warn"}


@dataclass(frozen=True)
class CaseRow:
    """One line: everything in it is computed from what the reader may see (V3)."""

    url: str
    title: str
    number: str
    agency: str
    persons: int
    urgency: str
    tone: str
    role: str
    last: str
    opened: str
    status: str
    is_closed: bool


@member(Permission.READ_CASES)
@require_GET
def case_list(request: MemberRequest) -> HttpResponse:
    """Cases one may see, newest first, by key."""
    membership = request.membership
    data = request.GET.copy()
    data.setdefault("status", enums.CaseStatus.ACTIVE)
    is_filtered = any(request.GET.get(name) for name in ("status", "mine", "urgency"))
    cases_seen = Case.objects.for_lists(membership)
    found = CaseFilter(data, queryset=cases_seen, membership=membership)
    cases, newer, older = _page(membership, found.qs, request.GET, found.only_basis)
    log_access(membership, Action.LIST, what="case_list", record_ids=[case.pk for case in cases])
    return render(
        request,
        "cases/case_list.html",
        {
            "rows": _rows(membership, cases),
            "form": found.form,
            "is_filtered": is_filtered,
            "newer_url": newer,
            "older_url": older,
            "may_take": membership.may(Permission.TAKE_CONSULTATION),
        },
    )


def _page(
    membership: Membership, cases: QuerySet[Case], query: QueryDict, basis: str
) -> tuple[list[Case], str, str]:
    """One page of the list, with the addresses of its neighbours."""
    before, after = read_key(query.get("before", "")), read_key(query.get("after", ""))
    keys = newest(membership, cases, before=before, after=after, basis=basis)
    is_more = len(keys) > PAGE
    keys = keys[:PAGE][::-1] if after else keys[:PAGE]
    if not keys:
        return [], "", ""
    rows = sorted(_cases(keys), key=lambda case: keys.index(case.pk))
    has_newer, has_older = (is_more, True) if after else (before is not None, is_more)
    newer = _link(query, "after", rows[0]) if has_newer else ""
    return rows, newer, _link(query, "before", rows[-1]) if has_older else ""


@prepared
def _cases(keys: list[uuid.UUID]) -> QuerySet[Case]:
    return Case.objects.filter(among("pk", keys)).select_related("responsible_agency")


def _link(query: QueryDict, direction: str, case: Case) -> str:
    kept = query.copy()
    for name in ("before", "after"):
        kept.pop(name, None)
    kept[direction] = str(case.pk)
    return "?" + kept.urlencode()


def _rows(membership: Membership, cases: list[Case]) -> list[CaseRow]:
    """The lines of these cases. Two queries, however many there are."""
    keys = [case.pk for case in cases]
    persons = persons_by_case(membership, keys)
    last = _last_records(membership, keys)
    return [
        CaseRow(
            url=reverse("case_detail", args=[case.pk]),
            title=household_title(persons.get(case.pk, [])),
            number=case.number,
            agency=case.responsible_agency.name,
            persons=sum(1 for p in persons.get(case.pk, []) if p.left_on is None),
            urgency=label_of(enums.Urgency, case.urgency),
            tone=URGENCY_TONE.get(case.urgency, ""),
            role=_("主担当") if case.responsible_agency_id == membership.agency_id else _("連携"),
            last=format_short(last[case.pk]) if case.pk in last else "",
            opened=format_short(case.opened_at),
            status=case.state_name,
            is_closed=not case.is_open,
        )
        for case in cases
    ]


def _last_records(
    membership: Membership, keys: list[uuid.UUID]
) -> dict[uuid.UUID, datetime.datetime]:
    """The day of the newest record the reader may see, by case."""
    return dict(_last(membership, keys)) if keys else {}


@prepared
def _last(membership: Membership, keys: list[uuid.UUID]) -> QuerySet[Record, Any]:
    records: Any = Record.objects.visible_to(membership).filter(among("case_id", keys))
    last = records.order_by().values("case_id").annotate(last=Max("happened_at"))
    found: QuerySet[Record, Any] = last.values_list("case_id", "last")
    return found
