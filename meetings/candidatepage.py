"""議題の候補: what the rooms say could go on an agenda, put together by household (V5–V7, V15).

What stands on an agenda with consent already is no candidate. What stands on a sealed one stays,
for everybody: a sealed item is told by its sitting alone, and nothing here may vanish because of
it (V6). The one exception is the existing one of 今日の仕事 and of the case page: a sheet or a plan
that whoever is listed has put on their own body's agenda waits for them no more.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from agencies.enums import Permission
from agencies.models import ConferenceType, Membership
from cases.candidates import LIMIT, worked_on
from cases.enums import ReferralMode
from cases.models import Case, CaseWorker, Person
from cases.operations.access import missing_in
from cases.operations.case import written_about
from cases.titles import household_title, persons_of
from config.lib.condition import among
from config.lib.eras import today
from config.lib.registry import Candidate, registry
from meetings import enums
from meetings.consentcheck import Way
from meetings.models import AgendaItem
from meetings.nextsittings import Body
from meetings.operations.item import NEEDS_PLAN
from meetings.pages import short_day
from meetings.permissions import listed_types
from plans.models import Plan

PAGE: Final = 20
SECRECY_BASIS: Final = "106-6"
URGENT: Final = 10  # a weight below it
ON_AGENDA: Final = (enums.ItemState.PROPOSED, enums.ItemState.NOTICED, enums.ItemState.BLOCKED)


@dataclass(frozen=True)
class Place:
    """A body as a row offers it: when it sits, how the consents stand, what to press."""

    name: str
    when: str
    is_secret: bool
    is_late: bool
    consent: str = ""
    tone: str = ""
    url: str = ""
    label: str = ""
    asks: tuple[tuple[str, str], ...] = ()  # who is missing, and the consent form where I record it
    is_step: bool = False  # something comes before: a plan to write, a sitting to call


@dataclass(frozen=True)
class Reason:
    text: str
    url: str
    when: str
    late: bool


@dataclass
class Row:
    """One household (or sheet, or 地域課題) with every reason there is."""

    key: str
    title: str
    url: str
    is_urgent: bool
    due_on: datetime.date | None
    reasons: list[Reason]
    candidates: list[Candidate]
    case: Any = None
    places: list[Place] = field(default_factory=list)
    without_consent_url: str = ""

    @property
    def main(self) -> Place | None:
        """Where its one button leads: the first body that takes it now."""
        ready = [place for place in self.places if place.url]
        return next(iter(sorted(ready, key=lambda p: p.is_step)), None)

    @property
    def order(self) -> tuple[int, str, str]:
        """Urgent before all, then the nearest day; the key makes the order whole."""
        return (0 if self.is_urgent else 1, f"{self.due_on or datetime.date.max}", self.key)

    @property
    def cursor(self) -> str:
        return "_".join(map(str, self.order))

    @property
    def record_ids(self) -> list[uuid.UUID]:
        """What of it is told, for the log."""
        keys = [key for one in self.candidates for key in one.record_ids]
        return [*keys, *([self.case.pk] if self.case else [])]


@dataclass(frozen=True)
class Page:
    rows: list[Row]
    older: str
    is_capped: bool


def page_of(
    membership: Membership,
    bodies: Sequence[Body],
    *,
    body: str = "",
    whose: str = "",
    after: str = "",
) -> Page:
    """A page of the candidates, the urgent first, then by the nearest day.

    bodies: `bodies_for`. body: the key of one, to which alone is looked. whose: "own", cases my
    agency is responsible for; "worker", those in my own charge. after: the cursor of the last row
    before; a broken one begins at the beginning.
    """
    found = list(registry.draw("agenda_candidates", membership))
    is_capped = any(_count(found, kind) >= LIMIT for kind in {one.kind for one in found})
    standing = _standing(membership, found, whose)
    rows = sorted(_rows(standing), key=lambda row: row.order)
    chosen = [b for b in bodies if not body or str(b.body.pk) == body]
    if body:
        rows = [row for row in rows if any(_choice(row, b) for b in chosen)]
    place = tuple(after.split("_", 2))
    if len(place) == 3 and place[0] in ("0", "1"):
        rows = [row for row in rows if tuple(map(str, row.order)) > place]
    shown, more = rows[:PAGE], len(rows) > PAGE
    _complete(membership, shown, chosen)
    return Page(shown, shown[-1].cursor if more else "", is_capped)


def _count(found: Sequence[Candidate], kind: str) -> int:
    return sum(1 for one in found if one.kind == kind)


def _standing(
    membership: Membership, found: Sequence[Candidate], whose: str
) -> list[tuple[Candidate, Case | None]]:
    """Those of cases I work on that stand on no agenda I may know of here. Three queries."""
    keys = {one.case_id for one in found if one.case_id}
    cases = {case.pk: case for case in _cases(membership, keys, whose)} if keys else {}
    planned = set(_planned(membership, cases)) if cases else set()
    plans, busy = _on_agenda(membership, cases) if cases else (set(), set())
    kept: list[tuple[Candidate, Case | None]] = []
    for one in found:
        if one.case_id is None:
            if not whose:
                kept.append((one, None))
            continue
        case = cases.get(one.case_id)
        is_on = one.plan_id in plans if one.plan_id else one.case_id in busy
        if case is None or is_on or (one.until_planned and one.case_id in planned):
            continue
        kept.append((one, case))
    return kept


def _cases(membership: Membership, keys: Iterable[uuid.UUID], whose: str) -> QuerySet[Case]:
    cases = worked_on(membership).filter(among("pk", keys))
    if whose == "own":
        cases = cases.filter(responsible_agency_id=membership.agency_id)
    elif whose == "worker":
        charge = CaseWorker.objects.visible_to(membership).standing()
        cases = cases.filter(Exists(charge.filter(case=OuterRef("pk"), membership=membership)))
    return cases


def _planned(membership: Membership, keys: Iterable[uuid.UUID]) -> QuerySet[Plan, uuid.UUID]:
    """Cases in which a plan runs or is written, as far as I see it outside any sitting."""
    plans = Plan.objects.standing_with(membership).current()
    plans = plans.filter(among("record__case_id", keys))
    return plans.values_list("record__case_id", flat=True)


def _on_agenda(
    membership: Membership, keys: Iterable[uuid.UUID]
) -> tuple[set[uuid.UUID], set[uuid.UUID]]:
    """Plans, and cases, that stand on an agenda: with consent; and the plans on a sealed one of a
    body on whose list I am (V6)."""
    listed = listed_types(membership)
    items = AgendaItem.objects.visible_to(membership).filter(
        Q(basis=enums.ItemBasis.CONSENT)
        | Q(basis=enums.ItemBasis.SECRECY, conference_type_id__in=listed, plan__isnull=False),
        among("case_id", keys),
        state__in=ON_AGENDA,
    )
    rows = list(items.values_list("plan_id", "case_id", "basis"))
    plans = {plan for plan, _case, _basis in rows if plan}
    return plans, {case for _plan, case, basis in rows if basis == enums.ItemBasis.CONSENT}


def _rows(found: Sequence[tuple[Candidate, Case | None]]) -> list[Row]:
    """By household, each reason a line of it. No query."""
    groups: dict[str, list[tuple[Candidate, Case | None]]] = {}
    for one, case in found:
        groups.setdefault(
            str(case.pk if case else one.referral_id or one.matter_id or one.url or one.reason), []
        ).append((one, case))
    day, last = today(), datetime.date.max
    rows = []
    for key, members in groups.items():
        ones = sorted((one for one, _case in members), key=lambda c: (c.weight, c.due_on or last))
        first, case = ones[0], members[0][1]
        rows.append(
            Row(
                key=key,
                title=first.title,
                url=reverse("case_detail", args=[case.pk]) if case else first.url,
                is_urgent=first.weight < URGENT,
                due_on=min((one.due_on for one in ones if one.due_on), default=None),
                reasons=[_reason(one, day) for one in ones],
                candidates=ones,
                case=case,
            )
        )
    return rows


def _reason(one: Candidate, day: datetime.date) -> Reason:
    late = one.due_on is not None and one.due_on < day
    return Reason(one.reason, one.url, short_day(one.due_on) if one.due_on else "", late)


def _choice(row: Row, body: Body) -> tuple[Candidate, str] | None:
    """With which of its reasons, as which type, a row goes before a body: what can be proposed at
    once before what needs a plan first."""
    later = None
    for one in row.candidates:
        if one.case_id is None and body.body.is_secret and one.referral_id is None:
            continue
        for agenda_type in one.agenda_types:
            if agenda_type not in body.types:
                continue
            if agenda_type not in NEEDS_PLAN or one.plan_id:
                return one, agenda_type
            later = later or (one, agenda_type)
    return later


def _complete(membership: Membership, rows: Sequence[Row], bodies: Sequence[Body]) -> None:
    """Title and places of the rows that are shown. Three queries."""
    keys = [row.case.pk for row in rows if row.case]
    people = persons_of(membership, keys) if keys else {}
    living = {
        key: [p for p in written_about(found) if p.is_living] for key, found in people.items()
    }
    offices = {b.body.secretariat_id for b in bodies if not b.body.is_secret}
    missing = missing_in(
        {key: [p.pk for p in living.get(key, [])] for key in keys},
        [key for key in offices if key is not None],
    )
    for row in rows:
        if row.case:
            row.title = household_title(people.get(row.case.pk, []))
        persons = living.get(row.case.pk, []) if row.case else []
        lacking = missing.get(row.case.pk, []) if row.case else []
        row.places = [
            _place(membership, row, body, choice, persons, lacking)
            for body in bodies
            if (choice := _choice(row, body)) is not None
        ]
    asking = [row for row in rows if row.case and _asks_secrecy(row)]
    if asking and membership.may(Permission.REFER) and _has_secret_body(membership):
        for row in asking:
            url = reverse("referral_new", args=[row.case.pk])
            row.without_consent_url = f"{url}?mode={ReferralMode.SECRECY}"


def _asks_secrecy(row: Row) -> bool:
    """An urgent reason that no body here takes at once: the way to a list is a sheet (V4)."""
    return row.is_urgent and not any(p.url and not p.is_step for p in row.places)


def _has_secret_body(membership: Membership) -> bool:
    running = ConferenceType.objects.running_in(membership.municipality.pk)
    return running.filter(bases__contains=[SECRECY_BASIS]).exists()


def _place(
    membership: Membership,
    row: Row,
    body: Body,
    choice: tuple[Candidate, str],
    persons: Sequence[Person],
    missing: Sequence[tuple[uuid.UUID, int]],
) -> Place:
    one, agenda_type = choice
    words, tone, lacking = "", "", list[Person]()
    if not body.body.is_secret and row.case:
        lacking = [p for p in persons if (p.pk, body.body.secretariat_id) in missing]
        words, tone = _consent_words(persons, len(lacking))
    url, label = _way(membership, one, agenda_type, body)
    return Place(
        body.body.name,
        body.when,
        body.body.is_secret,
        body.is_late,
        words,
        tone,
        url,
        label,
        asks=tuple((p.shown_name, _ask_url(membership, row, body, p)) for p in lacking),
        is_step=body.sitting is None or (agenda_type in NEEDS_PLAN and one.plan_id is None),
    )


def _ask_url(membership: Membership, row: Row, body: Body, person: Person) -> str:
    """The consent form of somebody who is missing, and back to the list."""
    office = body.body.secretariat_id
    if office is None or not membership.may(Permission.RECORD_CONSENT):
        return ""
    return Way(row.case.pk, body.body, reverse("candidate_list")).to(person.pk, [office])


def _consent_words(persons: Sequence[Person], lack: int) -> tuple[str, str]:
    if not persons:
        return _("議題にできる人がいません"), "warn"
    if lack:
        return _("同意があと%(n)s件") % {"n": lack}, "warn"
    return _("同意はそろっています"), "ok"


def _way(membership: Membership, one: Candidate, agenda_type: str, body: Body) -> tuple[str, str]:
    """The form of 付議, filled in; where a plan has to be written first, that."""
    if agenda_type in NEEDS_PLAN and one.plan_id is None:
        if one.case_id is None or not membership.may(Permission.DRAFT_PLAN):
            return "", ""
        return reverse("plan_new", args=[one.case_id]), _("プラン案を書く")
    if body.sitting is None:
        return (reverse("sitting_new"), _("臨時の会議を開く")) if body.may_call else ("", "")
    subject: Mapping[str, Any] = {}
    if one.plan_id:
        subject = {"plan": one.plan_id}
    elif one.referral_id:
        subject = {"referral": one.referral_id}
    elif one.matter_id:
        subject = {"matter": one.matter_id}
    elif one.case_id:
        subject = {"case": one.case_id}
    asked = {
        **subject,
        "sitting": body.sitting.pk,
        "body": body.body.pk,
        "agenda_type": agenda_type,
    }
    return f"{reverse('item_new')}?{urlencode(asked)}", _("付議する")
