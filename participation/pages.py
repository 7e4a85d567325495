"""What the pages of the participation room show, ready to print, from what the reader may see."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from agencies.models import Membership
from cases.models import Person
from cases.titles import household_title, persons_of
from config.lib.eras import format_long, format_short, today
from config.lib.wording import label_of
from participation import enums
from participation.models import FollowUp, Match, Resource

SHOWN = 50
REGISTER_SHOWN = 100
TONES = {
    enums.MatchStatus.PROPOSED: "warn",
    enums.MatchStatus.TRIAL: "info",
    enums.MatchStatus.ACTIVE: "info",
    enums.MatchStatus.SETTLED: "ok",
    enums.MatchStatus.ENDED: "",
}


@dataclass(frozen=True)
class MatchLine:
    """One match in a list."""

    record_id: uuid.UUID
    when: str
    late: bool
    due_on: datetime.date | None
    title: str
    url: str
    person: str
    sub: str
    status: str
    tone: str


@dataclass(frozen=True)
class MatchList:
    """The page 参加支援."""

    due: list[MatchLine]
    open: list[MatchLine]
    older_url: str
    is_older: bool
    record_ids: list[uuid.UUID]


def match_list_page(membership: Membership, before: str = "") -> MatchList:
    """Follow-ups due, and the matches that stand, newest first. Three queries."""
    mine = Match.objects.visible_to(membership).for_agency(membership)
    mine = mine.select_related("record", "resource")
    due = [] if before else due_matches(membership)
    found = mine.open().order_by("-record_id")
    try:
        found = found.filter(record_id__lt=uuid.UUID(before)) if before else found
    except ValueError:
        before = ""
    matches = list(found[: SHOWN + 1])
    older = ""
    if len(matches) > SHOWN:
        matches = matches[:SHOWN]
        older = "?" + urlencode({"before": str(matches[-1].pk)})
    persons = persons_of(membership, {m.record.case_id for m in [*due, *matches]})
    return MatchList(
        due=[match_line(m, persons) for m in due],
        open=[match_line(m, persons) for m in matches],
        older_url=older,
        is_older=bool(before),
        record_ids=list({m.pk for m in [*due, *matches]}),
    )


def due_matches(membership: Membership) -> list[Match]:
    """The agency's matches whose follow-up is due by today, of open cases. One query."""
    return list(
        Match.objects.visible_to(membership)
        .for_agency(membership)
        .due(today())
        .select_related("record", "resource")
        .order_by("follow_up_on", "record_id")[:SHOWN]
    )


def match_line(match: Match, persons: dict[uuid.UUID, list[Person]]) -> MatchLine:
    """One match, with how late its follow-up is."""
    household = persons.get(match.record.case_id, [])
    late = (today() - match.follow_up_on).days if match.follow_up_on else None
    when = ""
    if match.follow_up_on and late is not None:
        when = _("今日") if late == 0 else format_short(match.follow_up_on)
        if late > 0:
            when = _("%(days)s日超過") % {"days": late}
    return MatchLine(
        record_id=match.pk,
        when=when,
        late=late is not None and late > 0,
        due_on=match.follow_up_on,
        title=household_title(household),
        url=reverse("match_detail", args=[match.pk]),
        person=person_name(match, household),
        sub=f"{match.resource.name}　{match.activity}",
        status=label_of(enums.MatchStatus, match.status),
        tone=TONES[enums.MatchStatus(match.status)],
    )


def person_name(match: Match, household: list[Person]) -> str:
    """The person's name, as far as the reader may know it: 基本情報 is a category of its own."""
    known = {person.pk: person for person in household}
    person = known.get(match.person_id)
    return person.shown_name if person else _("世帯員（氏名は見られません）")


def match_facts(match: Match, household: list[Person]) -> list[dict[str, str]]:
    """The facts of a match for its page."""
    resource = match.resource

    def day(value: datetime.date | None) -> str:
        return format_long(value) if value else ""

    facts = [
        {"term": _("だれが"), "value": person_name(match, household)},
        {"term": _("参加先"), "value": resource.name, "note": str(resource.get_kind_display())},
        {"term": _("活動内容"), "value": match.activity},
        {"term": _("始める日"), "value": day(match.starts_on)},
        {"term": _("受け入れ先への配慮事項"), "value": match.consideration},
        {"term": _("次のフォロー"), "value": day(match.follow_up_on)},
    ]
    if match.settled_on:
        facts.append({"term": _("定着した日"), "value": day(match.settled_on)})
    if match.ended_on:
        facts.append({"term": _("終了した日"), "value": day(match.ended_on)})
    return facts


@dataclass(frozen=True)
class FollowUpLine:
    """One follow-up of a match."""

    record_id: uuid.UUID
    title: str
    when: str
    by: str
    text: str


def follow_up_lines(membership: Membership, match: Match) -> list[FollowUpLine]:
    """The follow-ups the reader may see, newest first. One query."""
    found = (
        FollowUp.objects.visible_to(membership)
        .filter(match=match)
        .select_related("record__author_agency")
        .order_by("-on", "-record_id")[:SHOWN]
    )
    return [
        FollowUpLine(
            row.pk,
            label_of(enums.MatchStatus, row.status_after),
            format_long(row.on),
            row.record.author_agency.name,
            row.text,
        )
        for row in found
    ]


def resource_rows(membership: Membership, kind: str = "") -> tuple[list[Resource], bool]:
    """The city's register: those that take people first. One query; True when there are more."""
    found = Resource.objects.visible_to(membership)
    if kind in enums.ResourceKind.values:
        found = found.filter(kind=kind)
    rows = list(found.order_by("-ended_on", "kind", "name", "id")[: REGISTER_SHOWN + 1])
    rows.sort(key=lambda row: (row.ended_on is not None, row.kind, row.name))
    return rows[:REGISTER_SHOWN], len(rows) > REGISTER_SHOWN
