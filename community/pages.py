"""What the pages of the community room show, ready to print. Nothing here is about a case, but the
source of an issue, which only its own readers see."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count as CountRows
from django.db.models import Max, Q, Sum
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from agencies.models import Committee, Membership
from cases.titles import titles_for
from community import enums
from community.models import CommunityIssue, IssueSource, IssueStep, Place, PlaceEvent
from config.lib.eras import format_datetime_short, format_long, format_short, local_day, today
from config.lib.fiscal import fiscal_range, fiscal_year, label
from meetings.models import AgendaItem

PLACES_SHOWN = 100
ISSUES_SHOWN = 50
TAKES_ISSUES = "community_issues"  # as a profile says it
EVENTS_SHOWN = 50
TONES = {
    enums.IssueState.RAISED: "warn",
    enums.IssueState.PASSED: "info",
    enums.IssueState.ANSWERED: "ok",
    enums.IssueState.WORKING: "info",
    enums.IssueState.SETTLED: "ok",
}


@dataclass(frozen=True)
class PlaceLine:
    """A place with what happened there this fiscal year."""

    name: str
    url: str
    kind: str
    area: str
    operator: str
    ended: str
    events: int
    participants: int
    last: str
    event_url: str


@dataclass(frozen=True)
class IssueLine:
    """An issue in a list."""

    title: str
    url: str
    when: str
    state: str
    tone: str
    who: str
    sub: str


@dataclass(frozen=True)
class CommunityHome:
    """The page 地域."""

    year: str
    places: list[PlaceLine]
    is_cut: bool
    issues: list[IssueLine]
    older_url: str
    is_older: bool


def community_home_page(membership: Membership, before: str = "") -> CommunityHome:
    """Open issues and places with this year's figures. Two queries."""
    year = fiscal_year(today())
    places = [] if before else _places(membership, year)
    found = CommunityIssue.objects.visible_to(membership).select_related(
        "raised_by_agency", "committee"
    )
    try:
        found = found.filter(pk__lt=uuid.UUID(before)) if before else found
    except ValueError:
        before = ""
    issues = list(found.order_by("-id")[: ISSUES_SHOWN + 1])
    older = ""
    if len(issues) > ISSUES_SHOWN:
        issues = issues[:ISSUES_SHOWN]
        older = "?" + urlencode({"before": str(issues[-1].pk)})
    return CommunityHome(
        year=label(year),
        places=[_place_line(place) for place in places[:PLACES_SHOWN]],
        is_cut=len(places) > PLACES_SHOWN,
        issues=[_issue_line(issue) for issue in issues],
        older_url=older,
        is_older=bool(before),
    )


def _places(membership: Membership, year: int) -> list[Place]:
    """Places that stand first, with this year's events. One query."""
    first, last = fiscal_range(year)
    this_year = Q(events__on__gte=first, events__on__lte=last)
    return list(
        Place.objects.visible_to(membership)
        .annotate(
            event_count=CountRows("events", filter=this_year),
            participant_sum=Sum("events__participants", filter=this_year, default=0),
            last_on=Max("events__on"),
        )
        .order_by("-ended_on", "kind", "name", "id")[: PLACES_SHOWN + 1]
    )


def _place_line(place: Place) -> PlaceLine:
    figures = place.__dict__
    last = figures["last_on"]
    return PlaceLine(
        name=place.name,
        url=reverse("place_detail", args=[place.pk]),
        kind=str(place.get_kind_display()),
        area=place.area,
        operator=place.operator,
        ended=format_short(place.ended_on) if place.ended_on else "",
        events=figures["event_count"],
        participants=figures["participant_sum"],
        last=format_short(last) if last else "",
        event_url="" if place.ended_on else reverse("event_new", args=[place.pk]),
    )


def _issue_line(issue: CommunityIssue) -> IssueLine:
    committee = issue.committee.name if issue.committee else ""
    return IssueLine(
        title=issue.title,
        url=reverse("community_issue_detail", args=[issue.pk]),
        when=format_short(issue.raised_on),
        state=str(issue.get_state_display()),
        tone=TONES[enums.IssueState(issue.state)],
        who=issue.raised_by_agency.name,
        sub="　".join(part for part in (issue.area, committee) if part),
    )


@dataclass(frozen=True)
class EventLine:
    """One gathering."""

    when: str
    participants: int
    organisations: int
    note: str


def event_lines(membership: Membership, place: Place) -> list[EventLine]:
    """The last gatherings at a place. One query."""
    found = PlaceEvent.objects.visible_to(membership).filter(place=place)
    return [
        EventLine(format_long(row.on), row.participants, row.organisations, row.note)
        for row in found.order_by("-on", "-id")[:EVENTS_SHOWN]
    ]


def place_facts(place: Place) -> list[dict[str, str]]:
    """The facts of a place for its page."""
    return [
        {"term": _("種類"), "value": str(place.get_kind_display())},
        {"term": _("地区"), "value": place.area},
        {"term": _("運営"), "value": place.operator},
        {"term": _("開いた日"), "value": format_long(place.opened_on) if place.opened_on else ""},
    ]


@dataclass(frozen=True)
class StepLine:
    """One change of an issue's state."""

    title: str
    when: str
    by: str
    text: str


def step_lines(membership: Membership, issue: CommunityIssue) -> list[StepLine]:
    """How an issue went on, newest first. One query."""
    found = IssueStep.objects.visible_to(membership).filter(issue=issue)
    return [
        StepLine(
            "　".join(
                part
                for part in (
                    str(row.get_state_display()),
                    row.committee.name if row.committee else "",
                    _day_words(row),
                )
                if part
            ),
            format_datetime_short(row.at),
            _entered(row),
            row.answer or row.note,
        )
        for row in found.select_related("committee", "by_agency", "by__user").order_by(
            "-at", "-id"
        )[:50]
    ]


def _day_words(row: IssueStep) -> str:
    if row.on is None:
        return ""
    words = _("%(day)sの答え") if row.answer else _("%(day)sに渡した")
    return words % {"day": format_short(row.on)}


def _entered(row: IssueStep) -> str:
    if row.by is None:
        return row.by_agency.name
    return _("%(agency)s　%(who)s") % {"agency": row.by_agency.name, "who": row.by.user}


def body_words(row: IssueStep) -> str:
    """To whom an issue was passed on: the committee, the sitting's body, or as it was written."""
    return row.committee.name if row.committee else row.note


@dataclass(frozen=True)
class AnswerLine:
    """What a body answered."""

    who: str
    when: str
    text: str
    by: str


def answer_lines(membership: Membership, issue: CommunityIssue) -> list[AnswerLine]:
    """The answers that came back, the newest first. One query."""
    found = IssueStep.objects.visible_to(membership).filter(
        issue=issue, state=enums.IssueState.ANSWERED
    )
    rows = found.select_related("committee", "by_agency", "by__user").order_by("-on", "-id")
    return [
        AnswerLine(body_words(row), format_long(row.on), row.answer, _entered(row))
        for row in rows[:20]
        if row.on
    ]


@dataclass(frozen=True)
class WaitLine:
    """A passing-on that has not been answered."""

    text: str
    url: str
    label: str


def wait_lines(membership: Membership, issue: CommunityIssue) -> list[WaitLine]:
    """To whom it went, with where the answer is entered; what a sitting has before it leads to the
    item where I see it. Two queries."""
    found = IssueStep.objects.visible_to(membership).filter(
        issue=issue, state=enums.IssueState.PASSED, closes=None, closed_by=None
    )
    rows = list(found.select_related("committee").order_by("-at", "-id")[:20])
    items = [row.item_id for row in rows if row.item_id]
    seen = AgendaItem.objects.visible_to(membership).filter(pk__in=items).select_related("sitting")
    shown = {item.pk: item for item in seen} if items else {}
    return [_wait_line(issue, row, shown.get(row.item_id)) for row in rows]


def _wait_line(issue: CommunityIssue, row: IssueStep, item: AgendaItem | None) -> WaitLine:
    words = {"who": body_words(row), "day": format_short(row.on or local_day(row.at))}
    if row.item_id is None:
        return WaitLine(
            _("%(who)sの答えを待っています（%(day)sに渡した）。") % words,
            reverse("community_issue_answer", args=[row.pk]),
            _("答えを記録する"),
        )
    if item is None:
        text = _("%(who)sの議題になっています。決定すると、答えがここに返ります。")
        return WaitLine(text % words, "", "")
    when = format_short(item.sitting.on) if item.sitting.on else _("日程未定")
    text = _("%(who)s（%(when)s）の議題になっています。決定すると、答えがここに返ります。")
    return WaitLine(
        text % (words | {"when": when}), reverse("item_detail", args=[item.pk]), _("議題を開く")
    )


@dataclass(frozen=True)
class SourceLine:
    """The household an issue came from, for who may know."""

    record_id: uuid.UUID
    case_id: uuid.UUID
    title: str
    url: str
    note: str


def source_lines(membership: Membership, issue: CommunityIssue) -> list[SourceLine]:
    """The sources the reader sees as own or by consent; no trace of others (V15).

    Sources, titles: two queries.
    """
    found = IssueSource.objects.standing_with(membership).filter(issue=issue)
    shown = list(found.select_related("record")[:20])
    if not shown:
        return []
    titles = titles_for(membership, {source.record.case_id for source in shown})
    return [
        SourceLine(
            source.pk,
            source.record.case_id,
            titles[source.record.case_id],
            reverse("case_detail", args=[source.record.case_id]),
            source.note,
        )
        for source in shown
    ]


def committees_of(membership: Membership) -> Sequence[Committee]:
    """The city's committees before which its profile lays 地域課題, or does not say what.
    One query."""
    running = Committee.objects.running_in(membership.municipality)
    return [row for row in running if not row.inputs or TAKES_ISSUES in row.inputs]
