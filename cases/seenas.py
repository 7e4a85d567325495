"""この機関からはこう見えます: a case as another agency sees it, now or after a change (V3, V17).

As far as whoever asks may read it themselves: a preview before something is shared, and the present
state. Nothing here opens anything.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from agencies.enums import Action
from agencies.models import Agency, Membership
from agencies.trail import log_access
from cases import enums
from cases.explain import Explanation, Eyes
from cases.models import Case, CaseGrant, Consent, Person, Record, SupportTeam
from cases.operations.consentloss import named_agencies
from cases.operations.consentterms import ConsentTerms
from cases.permissions import answers_for
from cases.recordtitles import entries_of
from cases.titles import household_title
from cases.told import (
    Known,
    case_for,
    known_to,
    person_for,
    record_for,
    rehearsal,
    told_grants,
)
from config.lib.eras import format_datetime_short
from config.lib.registry import TimelineEntry

TITLES = 5  # of each category; the rest is counted
NAMED = 300
PAGE = 50


@dataclass(frozen=True)
class Opened:
    """A category as the agency would see it."""

    category: str
    count: int
    titles: list[str]
    more: int


@dataclass(frozen=True)
class Closed:
    """What stays closed, for one reason."""

    reason: str
    count: int


@dataclass(frozen=True)
class Sight:
    """What one agency would see: at once, or as soon as it accepts the sheet."""

    agency: str
    lead: str
    persons: str
    opened: list[Opened]
    closed: list[Closed]
    seen: int
    newly: int
    lost: int


@dataclass(frozen=True)
class AsPage:
    """The list of records of the case page, as the agency sees it now."""

    agency: Agency
    title: str
    case: Explanation
    persons: list[str]
    entries: list[dict[str, str]]
    seen: int
    closed: list[Closed]
    older_url: str
    newer_url: str
    record_ids: list[uuid.UUID]


def as_page(by: Membership, case: Case, agency: Agency, start: int) -> AsPage:
    """Own queries: persons, records, grants, issues; the rooms' texts with their budgets."""
    known = known_to(by, case)
    eyes = known.eyes(agency)
    why = {r.pk: record_for(eyes, r) for r in known.records}
    seen = [r for r in known.records if why[r.pk].visible]
    people = _people(known, eyes)
    shown = seen[start : start + PAGE]
    entries = entries_of(by, case, shown)
    return AsPage(
        agency=agency,
        title=household_title(people.values()),
        case=case_for(eyes),
        persons=[f"{p.label}　{p.shown_name}" for p in people.values()],
        entries=[_entry(r, entries[r.pk], people) for r in shown],
        seen=len(seen),
        closed=_closed(known.records, why),
        older_url=f"?from={start + PAGE}" if len(seen) > start + PAGE else "",
        newer_url=f"?from={max(0, start - PAGE)}" if start else "",
        record_ids=[*people, *(r.pk for r in shown)],
    )


def _entry(
    record: Record, entry: TimelineEntry, people: Mapping[uuid.UUID, Person]
) -> dict[str, str]:
    """The words of the timeline with the names that agency may read, and no way to change it."""
    topics = (record.names(dict(people)), str(record.get_category_display()))
    return {
        "title": entry.title,
        "when": format_datetime_short(entry.at),
        "by": record.author_agency.name,
        "text": entry.text,
        "topics": "　".join(topic for topic in topics if topic),
    }


def _people(known: Known, eyes: Eyes) -> dict[uuid.UUID, Person]:
    return {k: p for k, p in known.persons.items() if person_for(eyes, p).visible}


def _closed(records: Iterable[Record], why: Mapping[uuid.UUID, Explanation]) -> list[Closed]:
    counts: dict[str, int] = {}
    for record in records:
        if not why[record.pk].visible:
            reason = why[record.pk].reason
            counts[reason] = counts.get(reason, 0) + 1
    return [Closed(reason, n) for reason, n in sorted(counts.items(), key=lambda kv: -kv[1])]


# --- before something is shared ---------------------------------------------------------------


def sights_of_answer(
    by: Membership,
    case: Case,
    terms: ConsentTerms,
    change: Callable[[], Consent],
    *,
    besides: Iterable[int] = (),
) -> list[Sight]:
    """What each other agency named would see after a person's new answer; `besides`: those named
    until now. The operation itself is rehearsed, with every check it makes (ActionDenied)."""
    named: set[int] = set()
    if terms.answer == enums.ConsentAnswer.GIVEN:
        named = named_agencies(
            [a.pk for a in terms.agencies],
            [t.pk for t in terms.conference_types],
            [a.pk for a in terms.exceptions],
        )
    others = named.union(besides) - {by.agency_id or 0, case.responsible_agency_id}
    known = known_to(by, case)
    with rehearsal():
        change()
        team = set(
            SupportTeam.objects.visible_to(by).at_work_on(case).values_list("agency", flat=True)
        )
        after = told_grants(case.pk)
        later = {key: told_grants(case.pk, joining=key) for key in others - team}
    agencies = Agency.objects.filter(pk__in=others).order_by("order", "pk")
    titles = _titles(by, known)
    return [
        _sight(known, agency, later.get(agency.pk, after), titles, is_later=agency.pk in later)
        for agency in agencies
    ]


def sight_of_referral(by: Membership, case: Case, agency: Agency) -> Sight | None:
    """What the receiver of a sheet with consent would see once it accepts; None where the sender
    sees none of the consents whole."""
    grants = told_grants(case.pk, joining=agency.pk)
    if not grants and not answers_for(by, case):
        return None
    known = known_to(by, case)
    return _sight(known, agency, grants, _titles(by, known), is_later=True)


def _titles(by: Membership, known: Known) -> dict[uuid.UUID, TimelineEntry]:
    """The titles of the newest the asker reads; a look at these records (V10)."""
    newest = known.records[:NAMED]
    keys = [*known.persons, *(record.pk for record in newest)]
    log_access(by, Action.OPEN, what="sights", case_id=known.case.pk, record_ids=keys)
    return entries_of(by, known.case, newest)


def _sight(
    known: Known,
    agency: Agency,
    grants: Sequence[CaseGrant],
    titles: Mapping[uuid.UUID, TimelineEntry],
    *,
    is_later: bool,
) -> Sight:
    eyes, now = known.eyes(agency, grants), known.eyes(agency)
    why = {r.pk: record_for(eyes, r) for r in known.records}
    seen = {key for key, found in why.items() if found.visible}
    before = {r.pk for r in known.records if record_for(now, r).visible}
    if not case_for(eyes).visible:
        lead = _("この内容では、ケースは開きません。")
    elif is_later and not now.consented:
        lead = _("まだ支援に入っていません。つなぎを受理すると、次のように見えます。")
    elif seen == before:
        lead = _("見える記録は変わりません。いまも、次のように見えています。")
    else:
        lead = _("確定すると、すぐに次のように見えます。")
    people = _people(known, eyes)
    return Sight(
        agency=agency.name,
        lead=lead,
        persons="、".join(p.shown_name for p in people.values()),
        opened=_opened([r for r in known.records if r.pk in seen], titles),
        closed=_closed(known.records, why),
        seen=len(seen),
        newly=len(seen - before),
        lost=len(before - seen),
    )


def _opened(records: Sequence[Record], titles: Mapping[uuid.UUID, TimelineEntry]) -> list[Opened]:
    """By category, in its order, the newest titles first."""
    found = []
    for category in enums.Category:
        mine = [r for r in records if r.category == category]
        if mine:
            named = [r for r in mine if r.pk in titles][:TITLES]
            shown = [f"{format_datetime_short(r.happened_at)}　{titles[r.pk].title}" for r in named]
            found.append(Opened(str(category.label), len(mine), shown, len(mine) - len(shown)))
    return found
