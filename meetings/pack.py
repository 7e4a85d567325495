"""資料: what a sitting has before it, put together from the records for one reader (V5, V6).

The reader is whoever asks; or an agency for which the office prints, and then it is what both of
them may see (cases.told). Only what is written for the whole team is laid on a table: no agency's
own record, and nothing that a shield closes (V9). A sealed item holds what was laid before it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from agencies.models import Agency, LegalBasis, Membership, agencies_of
from cases import enums as c
from cases.caselines import WorryRow, issue_line, worry_rows
from cases.casepage import issues_of
from cases.explain import Eyes
from cases.kinship.facts import Line, kinship
from cases.kinship.picture import draw_genogram
from cases.kinship.svg import Svg, svg
from cases.models import Case, Person, Record
from cases.operations.case import persons_by_key
from cases.permissions import answers_for
from cases.told import kept_among, known_to, person_for, record_for
from config.lib.eras import format_long, format_short, today
from meetings import enums
from meetings.agenda import hours_of, presenter_words
from meetings.laying import kept_records, materials_shown
from meetings.models import AgendaItem
from meetings.operations import Recipient
from meetings.pages import (
    DUTY,
    appointments,
    item_state,
    law_in_force,
    law_of,
    law_words,
    named,
    names_of,
    people_of,
)
from meetings.permissions import can, check_can_run_item, check_is_listed
from meetings.shielded import kept_items
from plans.models import Plan
from plans.queries import PlanSummary, plan_summary
from plans.urgent import Urgent, urgent_start_of

LATEST = 3  # earlier decisions of a case
OUT = (enums.ItemState.BLOCKED, enums.ItemState.WITHDRAWN)


@dataclass(frozen=True)
class Household:
    """A case as a sitting needs it: who is who, the picture, what worries."""

    people: list[Line]
    picture: Svg
    worries: list[WorryRow]
    record_ids: list[uuid.UUID]


@dataclass(frozen=True)
class Section:
    """One item of the pack."""

    item: AgendaItem
    number: int
    basis: str
    facts: list[dict[str, Any]]
    household: Household | None
    plan: PlanSummary | None
    urgent: Urgent | None
    materials: list[dict[str, Any]]
    earlier: list[dict[str, str]]
    laws: list[LegalBasis]
    hours: str
    presenter: str
    record_ids: list[uuid.UUID] = field(default_factory=list)

    @property
    def picture_id(self) -> str:
        """Unique on a page of one pack."""
        return f"kin-{self.number}"


@dataclass(frozen=True)
class Sight:
    """What is read of a case: by whoever asks (no eyes), or by an agency as well."""

    case: Case
    persons: dict[uuid.UUID, Person]
    eyes: Eyes | None
    kept: frozenset[uuid.UUID]

    def reads(self, record: Record) -> bool:
        if record.audience != c.Audience.TEAM or record.pk in self.kept:
            return False
        return self.eyes is None or record_for(self.eyes, record).visible

    def takes_part(self, item: AgendaItem) -> bool:
        """V5: the proposing agency, or one that every person's consent covers."""
        if self.eyes is None or item.proposing_agency_id == self.eyes.agency_id:
            return True
        covered = {grant.person_id for grant in self.eyes.consented}
        return self.eyes.agency_id in item.participant_ids and covered.issuperset(item.person_ids)


def in_pack(items: Iterable[AgendaItem]) -> list[AgendaItem]:
    """The items a sitting will have before it."""
    return [item for item in items if item.state not in OUT]


def sections(
    by: Membership, items: Sequence[AgendaItem], agency: Agency | None = None
) -> list[Section]:
    """Each item for whoever asks, or for an agency too. An item that is not theirs is left out.
    Queries grow with the cases, not with their records."""
    sights: dict[uuid.UUID, Sight | None] = {}
    presenters = presenter_words(items)
    found: list[Section] = []
    kept = kept_items(by, items) if agency is not None else frozenset()
    for item in items:
        if item.pk in kept:
            continue
        sight = None
        if not item.is_secret and item.case_id is not None:
            if item.case_id not in sights:
                sights[item.case_id] = _sight(by, item.case_id, agency)
            sight = sights[item.case_id]
        if agency is not None and not _is_theirs(item, agency, sight):
            continue
        who = presenters.get(item.pk, "")
        found.append(_section(by, item, len(found) + 1, sight, who))
    return found


def _is_theirs(item: AgendaItem, agency: Agency, sight: Sight | None) -> bool:
    if item.is_secret:
        return False
    if item.case_id is None:
        return agency.pk in {*item.participant_ids, item.proposing_agency_id}
    return sight is not None and sight.takes_part(item)


def _sight(by: Membership, case_id: uuid.UUID, agency: Agency | None) -> Sight | None:
    case = Case.objects.visible_to(by).filter(pk=case_id).first()
    if case is None:
        return None
    if agency is None or agency.pk == by.agency_id:
        persons = persons_by_key(by, case)
        drawn = Record.objects.standing_with(by).for_case(case)
        kinds = (c.RecordKind.ISSUE, c.RecordKind.TIE, c.RecordKind.PLAN)
        kept = kept_among(by, case, list(drawn.filter(kind__in=kinds)))
        return Sight(case, _of_case(case, persons), None, kept)
    known = known_to(by, case)
    eyes = known.eyes(agency)
    persons = {k: p for k, p in known.persons.items() if person_for(eyes, p).visible}
    return Sight(case, _of_case(case, persons), eyes, known.kept)


def _of_case(case: Case, persons: dict[uuid.UUID, Person]) -> dict[uuid.UUID, Person]:
    for person in persons.values():
        person.case = case
    return persons


def _section(
    by: Membership, item: AgendaItem, number: int, sight: Sight | None, presenter: str
) -> Section:
    plan = _plan(by, item, sight)
    household = _household(by, sight) if sight is not None else None
    earlier = _earlier(by, item, sight)
    shown = [*(household.record_ids if household else []), *(e.pk for e in earlier)]
    return Section(
        item,
        number,
        law_words(law_of(item)),
        _facts(item, sight, presenter),
        household,
        plan_summary(plan, today()) if plan is not None else None,
        urgent_start_of([plan.pk]).get(plan.pk) if plan is not None else None,
        materials_shown(by, item, plan, on_paper=True) if item.is_secret else [],
        [_decided(e) for e in earlier],
        law_in_force(DUTY, item.sitting.on) if item.is_secret else [],
        hours_of(item),
        presenter,
        [*shown, *item.material_ids, *([plan.pk] if plan is not None else [])],
    )


def _facts(item: AgendaItem, sight: Sight | None, presenter: str) -> list[dict[str, Any]]:
    names = []
    if sight is not None:
        names = [sight.persons[k].shown_name for k in item.person_ids if k in sight.persons]
    rows = [
        (_("会議"), item.conference_type.name),
        (_("議題の種別"), str(item.get_agenda_type_display())),
        (_("付議した機関"), item.proposing_agency.name),
        (_("予定の時間"), hours_of(item)),
        (_("発表する人"), presenter),
        (_("だれについて"), "、".join(names)),
        (_("概要・論点"), item.briefing),
    ]
    return [{"term": term, "value": value} for term, value in rows if value]


def _plan(by: Membership, item: AgendaItem, sight: Sight | None) -> Plan | None:
    if item.plan_id is None:
        return None
    plan = Plan.objects.visible_to(by).select_related("record").filter(pk=item.plan_id).first()
    if plan is None or (item.is_secret and not kept_records(by, [plan.record])):
        return plan
    return plan if sight is not None and sight.reads(plan.record) else None


def _household(by: Membership, sight: Sight) -> Household:
    kin = kinship(by, sight.case, sight.persons, [], today(), reads=sight.reads)
    drawn = draw_genogram(kin.household, kin.moves)
    issues = [i for i in issues_of(by, sight.case) if i.solved_on is None]
    issues = [i for i in issues if sight.reads(i.record)]
    lines = [issue_line(by, issue, sight.persons, False) for issue in issues]
    rows = worry_rows(issues, lines, sight.persons)
    return Household(
        kin.people,
        svg(drawn, _("同居"), dict(kin.symbols), kin.moves),
        [row for row in rows if row.open],
        [*kin.record_ids, *(issue.pk for issue in issues)],
    )


def _earlier(by: Membership, item: AgendaItem, sight: Sight | None) -> list[AgendaItem]:
    """What was decided before: with consent of the same case, the latest first; under secrecy what
    the secretariat attached, and nothing else (V6)."""
    found = AgendaItem.objects.visible_to(by).select_related("sitting", "conference_type")
    if item.is_secret:
        attached = list(found.filter(pk__in=item.attached_ids).order_by("proposed_at", "pk"))
        kept = kept_items(by, attached)
        return [row for row in attached if row.pk not in kept]
    if item.case_id is None or sight is None:
        return []
    decided = found.filter(
        case=item.case_id, basis=enums.ItemBasis.CONSENT, state=enums.ItemState.DECIDED
    )
    rows = list(decided.exclude(pk=item.pk).order_by("-decided_at", "-pk"))
    kept = kept_items(by, rows)
    return [row for row in rows if row.pk not in kept and sight.takes_part(row)][:LATEST]


def _decided(item: AgendaItem) -> dict[str, str]:
    return {
        "when": format_short(item.sitting.on) if item.sitting.on else "",
        "body": item.conference_type.name,
        "title": item.title,
        "result": item_state(item),
        "opinion": item.opinion,
        "review": format_long(item.next_review_on) if item.next_review_on else "",
    }


# --- for whom it is printed ----------------------------------------------------------------------


@dataclass(frozen=True)
class Reader:
    """Somebody with a copy of their own: the items of it, each with whose it is."""

    holder: str
    agency: Agency | None
    copies: tuple[tuple[AgendaItem, Recipient], ...]


def readers(by: Membership, items: Sequence[AgendaItem]) -> dict[str, Reader]:
    """For whom one may print: oneself; as the office, each other agency that takes part in an item
    with consent whose consents one sees whole; as a listed secretary, who pledged for a sealed one.
    What a shield closes is read by its list alone (V9): each prints their own.
    """
    home = Agency.objects.get(pk=by.agency_id)
    own = tuple((item, _own_copy(by, item, home)) for item in items)
    found = {"own": Reader(_own_words(by), None, own)}
    kept = kept_items(by, items)
    items = [item for item in items if item.pk not in kept]
    agreed = [i for i in items if not i.is_secret and can(check_can_run_item, by, i)]
    whole = {i.case_id: _is_whole(by, i.case_id) for i in agreed}
    agreed = [i for i in agreed if whole[i.case_id]]
    keys = {k for i in agreed for k in (*i.participant_ids, i.proposing_agency_id)} - {by.agency_id}
    for agency in agencies_of(by.municipality).filter(pk__in=keys):
        mine = [i for i in agreed if agency.pk in {*i.participant_ids, i.proposing_agency_id}]
        copies = tuple((i, Recipient(agency.name, agency=agency)) for i in mine)
        found[f"a:{agency.pk}"] = Reader(agency.name, agency, copies)
    sealed = [i for i in items if i.is_secret and can(check_is_listed, by, i.conference_type)]
    return found | _appointed(sealed)


def _own_words(by: Membership) -> str:
    return f"{by.user}（{by.agency_name}）"


def _own_copy(by: Membership, item: AgendaItem, home: Agency) -> Recipient:
    if not item.is_secret:
        return Recipient(_own_words(by), agency=home)
    if can(check_is_listed, by, item.conference_type):
        return Recipient(_("事務局　%(who)s") % {"who": by.user})
    mine = [g for g in appointments(item) if g.membership_id == by.pk]
    return Recipient(_own_words(by), grant=mine[0] if mine else None)


def _is_whole(by: Membership, case_id: uuid.UUID | None) -> bool:
    if case_id is None:
        return True
    case = Case.objects.visible_to(by).filter(pk=case_id).first()
    return case is not None and answers_for(by, case)


def _appointed(sealed: Sequence[AgendaItem]) -> dict[str, Reader]:
    copies: dict[str, list[tuple[AgendaItem, Recipient]]] = {}
    for item in sealed:
        people = people_of(item)
        names = names_of(people)
        for grant in appointments(item):
            if grant.pledged_at is not None:
                mine = Recipient(named(grant.membership, names), grant=grant)
                copies.setdefault(f"m:{grant.membership_id}", []).append((item, mine))
        for person in people:
            if person.pledged_on is not None:
                mine = Recipient(str(person), person=person)
                copies.setdefault(f"p:{person.pk}", []).append((item, mine))
    return {key: Reader(own[0][1].holder, None, tuple(own)) for key, own in copies.items()}


def sections_for(by: Membership, reader: Reader) -> list[Section]:
    """The pack of one reader."""
    return sections(by, [item for item, _recipient in reader.copies], reader.agency)
