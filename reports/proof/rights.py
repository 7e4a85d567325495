"""What consents, the support team and own writing open to an agency in a case (V2, V3).

The first half of the model: visibility.md in plain Python, sharing nothing with the policies.
"""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass, replace
from typing import Any

from reports.proof.facts import (
    TOKYO,
    Case,
    CaseWorker,
    Consent,
    Item,
    LeftWork,
    Membership,
    Person,
    Recertification,
    Record,
    Team,
    Transfer,
)
from reports.proof.world import World


@dataclass(frozen=True)
class Decision:
    """Whether, by which rule, on which basis, since and until when, and why in a sentence."""

    visible: bool
    rule: str
    reason: str
    basis: str = ""
    consents: tuple[uuid.UUID, ...] = ()
    persons: tuple[uuid.UUID, ...] = ()
    categories: tuple[str, ...] = ()
    since: datetime.datetime | None = None
    until: datetime.datetime | None = None


def yes(rule: str, reason: str, basis: str = "", **more: Any) -> Decision:
    return Decision(True, rule, reason, basis, **more)


def no(rule: str, reason: str) -> Decision:
    return Decision(False, rule, reason)


def reads_cases(m: Membership) -> bool:
    return m.agency_id is not None and "cases.read" in m.permissions


def reads_items(m: Membership) -> bool:
    """V6: who reads cases, and the guest of a sitting, who reads nothing else."""
    return m.agency_id is not None and "meetings.read_items" in m.permissions


def is_guest(m: Membership) -> bool:
    return reads_items(m) and not reads_cases(m)


NO_CASES = no("V11", "この役割は、ケースを読みません。")


@dataclass(frozen=True)
class Rights:
    """What is open to one agency in one case."""

    responsible: bool
    wrote: bool
    in_team: bool
    consents: tuple[Consent, ...]  # those that open to this agency now
    household: tuple[Consent, ...]  # those among them that open 世帯全体 records

    def covering(self, person: uuid.UUID, category: str) -> tuple[Consent, ...]:
        return tuple(c for c in self.consents if c.person_id == person and category in c.categories)


def rights(world: World, agency: int, case_id: uuid.UUID) -> Rights:
    """Computed once for an agency and a case."""
    key = (agency, case_id)
    if key not in world.memo:
        case = world.get("cases_case", case_id)
        team = has_part(world, case, agency)
        opening = tuple(
            c for c in world.of("Consent", case_id) if team and opens_to(world, case, c, agency)
        )
        world.memo[key] = Rights(
            responsible=case.responsible_agency_id == agency,
            wrote=agency in world.of("wrote", case_id),
            in_team=team,
            consents=opening,
            household=tuple(c for c in opening if opens_household(world, c, agency)),
        )
    return world.memo[key]


def has_part(world: World, case: Case, agency: int) -> bool:
    """The support team: the responsible agency; whoever accepted a referral made with consent;
    whoever takes part in a conference with consent. Closing the case ends it for all but the
    first (V2)."""
    if case.responsible_agency_id == agency:
        return True
    if case.status == "closed":
        return False
    return any(
        entry.agency_id == agency and entry.left_at is None and came_in(world, entry)
        for entry in world.of("Team", case.id)
    )


def came_in(world: World, entry: Team) -> bool:
    """The row of the team must have its reason: a list entry by itself opens nothing (V1)."""
    if entry.via == "referral":
        return any(
            r.mode == "consent" and r.to_agency_id == entry.agency_id
            and r.answered_at is not None and r.state in ("accepted", "closed")
            for r in world.of("Referral", entry.case_id)
        )  # fmt: skip
    if entry.via == "conference":
        return any(
            not sealed(world, item) and entry.agency_id in item.participant_ids
            for item in world.of("Item", entry.case_id)
        )
    # V2: who handed the case on keeps its place.
    return any(t.from_agency_id == entry.agency_id for t in moved(world, entry.case_id))


def moved(world: World, case_id: uuid.UUID) -> list[Transfer]:
    """The transfers of a case that were accepted."""
    return [t for t in world.of("Transfer", case_id) if t.state == "accepted"]


def in_force(world: World, consent: Consent) -> bool:
    """Given, not withdrawn, not expired, and given by who could give it (V3)."""
    person = world.get("cases_person", consent.person_id)
    city = world.cities[world.get("cases_case", consent.case_id).municipality_id]
    age = age_on(person, consent.given_on)
    return (
        consent.answer == "given"
        and consent.withdrawn_at is None
        and consent.period.holds(world.now)
        # Under the city's age a person with parental authority consents.
        and not (age is not None and age < city.consent_age and consent.method != "proxy")
        and not (person.died_on is not None and consent.given_on > person.died_on)
    )


def names(world: World, consent: Consent, agency: int) -> bool:
    """Directly, or as a standing member of a conference type it names; never one excepted."""
    lines = world.of("ConsentLine", consent.id)
    if any(line.is_exception and line.agency_id == agency for line in lines):
        return False
    return any(
        line.agency_id == agency or any(
            s.agency_id == agency and s.conference_type_id == line.conference_type_id
            and s.ended_on is None for s in world.standing
        )
        for line in lines if not line.is_exception
    )  # fmt: skip


def opens_to(world: World, case: Case, consent: Consent, agency: int) -> bool:
    """A consent in force that names the agency. At death it opens nothing new (to nobody who
    came later) and ends at closure."""
    if not in_force(world, consent) or not names(world, consent, agency):
        return False
    person = world.get("cases_person", consent.person_id)
    if not is_dead(person):
        return True
    if case.status == "closed":
        return False
    return (
        person.died_on is None
        or any(
            entry.agency_id == agency and entry.left_at is None and (
                # Responsible from the beginning; not who took the case over later.
                (entry.via == "responsible" and case.responsible_agency_id == agency)
                or entry.joined_at.astimezone(TOKYO).date() <= person.died_on
            )
            for entry in world.of("Team", case.id)
        )
    )  # fmt: skip


def opens_household(world: World, consent: Consent, agency: int) -> bool:
    """The household tick of an adult member, unless another member has refused, altogether or
    to this very agency (V3); of a member the responsible agency wrote down or took over with the
    case, or whoever may add a person would add a tick."""
    person = world.get("cases_person", consent.person_id)
    case = world.get("cases_case", consent.case_id)
    if person.author_agency_id != case.responsible_agency_id and not any(
        person.id in t.known_ids for t in moved(world, case.id)
    ):
        return False
    age = age_on(person, world.today, at_least=True)
    if not consent.covers_household or (age is not None and age < 18):
        return False
    for other in world.of("Consent", consent.case_id):
        if other.person_id == consent.person_id or other.withdrawn_at is not None:
            continue
        if other.answer == "refused" or any(
            line.is_exception and line.agency_id == agency
            for line in world.of("ConsentLine", other.id)
        ):
            return False
    return True


def age_on(person: Person, day: datetime.date, *, at_least: bool = False) -> int | None:
    """Age in years; from a year of birth alone the older, or with `at_least` the younger."""
    if person.birth_on is not None:
        birth = person.birth_on
        return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
    if person.birth_year is not None:
        return day.year - person.birth_year - (1 if at_least else 0)
    return None


def is_dead(person: Person) -> bool:
    return person.is_deceased or person.died_on is not None


def by_consents(world: World, m: Membership, row: Record) -> Decision:
    """Written for the team, and every person it names consents to this category (V3)."""
    if row.audience == "agency":
        return no("V2", "書いた機関だけの記録です。")
    mine = rights(world, m.agency_id or 0, row.case_id)
    if row.is_household:
        if found := tuple(c for c in mine.household if row.category in c.categories)[:1]:
            return by_consent(found, "V3", "世帯全体の記録を含む同意があります。")
        return no("V3" if mine.in_team else "V1", "世帯全体の記録を開く同意がありません。")
    found = ()
    for person in row.person_ids:
        covering = mine.covering(person, row.category)
        if not covering:
            why = "記録に名のある人の全員の同意が、この種類の情報に及んでいません。"
            return no("V3" if mine.in_team else "V1", why)
        found += covering
    return by_consent(found, "V3", "名のある人すべての同意が、この種類の情報に及んでいます。")


def saw_before(world: World, m: Membership, record: Any, since: Any) -> bool:
    """Its author's agency always; others where today's consents reach what it was."""
    row = world.get("cases_record", record)
    return all(
        reads_cases(m)
        and (
            row.author_agency_id == m.agency_id
            or by_consents(
                world, m, replace(row, category=f.category_before, audience=f.audience_before)
            ).visible
        )
        for f in world.of("Refiling", record)
        if f.at >= since
    )


def see_left(world: World, m: Membership, row: LeftWork) -> Decision:
    if reads_cases(m) and row.to_agency_id == m.agency_id:
        return yes("V3", "担当のいなくなった仕事を受けた主担当機関です。", "responsible")
    return no("V3", "担当のいなくなった仕事は、主担当機関だけが見ます。")


def see_worker(world: World, m: Membership, row: CaseWorker) -> Decision:
    """V14: one's own agency's; and the responsible agency's helpers."""
    if not reads_cases(m):
        return NO_CASES
    if row.agency_id == m.agency_id:
        return yes("V2", "所属の機関の担当者です。", "own_records")
    if rights(world, m.agency_id or 0, row.case_id).responsible:
        return yes("V2", "所属の機関が主担当機関です。", "responsible")
    return no("V2", "担当者は、その機関と主担当機関だけが見ます。")


def see_recertification(world: World, m: Membership, row: Recertification) -> Decision:
    """V14: one's own agency's answers; and those about the cases it is responsible for."""
    if not reads_cases(m):
        return NO_CASES
    if row.agency_id == m.agency_id:
        return yes("V14", "所属の機関の、年度の確認です。", "own_records")
    if rights(world, m.agency_id or 0, row.case_id).responsible:
        return yes("V14", "所属の機関が主担当機関です。", "responsible")
    return no("V14", "年度の確認は、その機関と主担当機関だけが見ます。")


def in_emergency(world: World, m: Membership, case_id: uuid.UUID) -> Decision | None:
    """V8: opened by this very membership for some hours, not refused, not ended early."""
    for e in world.of("Emergency", case_id):
        if (
            e.membership_id == m.id
            and e.refused_at is None
            and e.ended_at is None
            and e.period.holds(world.now)
        ):
            return yes(
                "V8",
                "緊急閲覧で、この人だけに開いています。",
                "emergency",
                since=e.period.since,
                until=e.period.until,
            )
    return None  # fmt: skip


def by_consent(consents: tuple[Consent, ...], rule: str, reason: str) -> Decision:
    """Open by all these consents together: as long as the first of them ends."""
    ends = [c.period.until for c in consents if c.period.until is not None]
    return yes(
        rule, reason, "consent",
        consents=tuple(c.id for c in consents),
        persons=tuple(sorted({c.person_id for c in consents})),
        categories=tuple(sorted({category for c in consents for category in c.categories})),
        since=max((c.period.since for c in consents if c.period.since), default=None),
        until=min(ends, default=None),
    )  # fmt: skip


def reached(
    world: World,
    case: Case,
    persons: tuple[uuid.UUID, ...],
    agencies: list[int],
    *,
    category: str = "",
) -> bool:
    """Every person's consent in force names every agency (V4, V5), for this category if given."""
    return all(
        any(
            c.person_id == person and in_force(world, c) and names(world, c, agency)
            and (not category or category in c.categories)
            for c in world.of("Consent", case.id)
        )
        for person in persons for agency in agencies
    )  # fmt: skip


def is_secret(world: World, kind: int) -> bool:
    return "106-6" in world.conference_types[kind].bases


def sealed(world: World, item: Item) -> bool:
    """V7: where 106条の6 is among the bases the item is always V6."""
    return is_secret(world, item.conference_type_id)


def is_secretary(world: World, m: Membership, kind: int) -> bool:
    """On the list, pledged this fiscal year, not ended."""
    year = world.today.year - (world.today.month < 4)
    return any(
        s.membership_id == m.id and s.conference_type_id == kind and s.fiscal_year == year
        and s.pledged_at is not None and s.ended_at is None
        for s in world.secretaries
    )  # fmt: skip
