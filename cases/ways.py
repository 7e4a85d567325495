"""In which ways a person can fit what was typed, or another person: a condition each, with an index
for it.

Equality and ranges only: `LIKE` is not leakproof, so its index is not used beneath a policy, and
that of `^@` only where the value is known when the question is planned.
"""

from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.db.models import Q

from agencies.models import Membership
from cases import enums
from cases.gate import EMERGENCIES, asked_by
from cases.lists import holds_much
from cases.operations.case import NAME_KEPT, PersonFacts, folded_names, folded_whereabouts
from config.lib.eras import EraDateError, PartialDate, parse_partial
from config.lib.kana import fold
from config.lib.phones import begun_digits, parse_phone

# What begins with a text stands between it and it with the last code point.
LAST: Final = "\U0010ffff"


@dataclass(frozen=True)
class Way:
    """One thing that can fit: a condition on `x`, a row of a table that has an index for it. Whom
    it fits are few in any city (a whole name, a number, a day), or many in a large one."""

    where: str
    values: tuple[Any, ...]
    is_of_contact: bool = False  # of a person of a case it stands in `Contact`
    is_many: bool = False
    column: str = ""  # an index walks them in this order


# What of a visitor stands in the consultation itself.
OF_VISITOR: Final = {"name_folded": "visitor_folded", "phone_digits": "visitor_digits"}


def _begins(column: str, text: str, *, is_of_contact: bool = False, is_many: bool = False) -> Way:
    where = f"x.{column} >= {{}} AND x.{column} < {{}} AND x.{column} <> ''"
    return Way(where, (text, text + LAST), is_of_contact, is_many, column)


def ways_of(text: str) -> list[Way]:
    """Every way in which a person can fit what was typed; none for what folds to nothing. What
    reads as a telephone number or a birth date is nobody's name."""
    ways: list[Way] = []
    phone, birth = begun_digits(text), _birth(text)
    if phone:
        is_begun = parse_phone(text) is None
        ways.append(_begins("phone_digits", phone, is_of_contact=True, is_many=is_begun))
    if birth is not None and birth.as_date() is not None:
        ways.append(Way("x.birth_on = {}", (birth.as_date(),)))
    elif birth is not None:
        between = (birth.earliest(), birth.latest())
        ways.append(Way("x.birth_on BETWEEN {} AND {}", between, is_many=True, column="birth_on"))
        if birth.month is None:
            ways.append(Way("x.birth_year = {}", (birth.year,), is_many=True))
    reference = unicodedata.normalize("NFKC", text).strip()
    if reference.isascii() and reference.isdigit():
        ways.append(_referred_to(reference))
    folded = fold(text)[:NAME_KEPT]
    if folded and not phone and birth is None:
        columns = ("kana_folded", "name_folded", "given_folded", "given_kana_folded")
        ways += [_begins(column, folded, is_many=True) for column in columns]
    return ways


def ways_to_the_same(facts: PersonFacts) -> Iterator[Way]:
    """What would be the same of somebody who may be the same person. A telephone number may go on:
    an extension was once kept behind it."""
    names, phone = folded_names(facts), parse_phone(facts.phone)
    if kana := names["kana_folded"]:
        yield Way("x.kana_folded = {}", (kana,))
    if name := names["name_folded"]:
        yield Way("x.name_folded = {}", (name,))
    if phone:
        yield _begins("phone_digits", phone.digits.lstrip("+"), is_of_contact=True)
    if address := folded_whereabouts(facts)["address_folded"]:
        yield Way(
            "x.address_folded = {} AND x.address_folded <> ''", (address,), is_of_contact=True
        )
    if reference := facts.resident_ref:
        yield _referred_to(reference)
    if facts.birth_on:
        for column in ("given_folded", "given_kana_folded"):
            if given := names[column]:
                yield Way(f"x.birth_on = {{}} AND x.{column} = {{}}", (facts.birth_on, given))


RESIDENT_REF: Final = "x.resident_ref = {} AND x.resident_ref <> ''"


def _referred_to(reference: str) -> Way:
    return Way(RESIDENT_REF, (reference,), is_of_contact=True)


# Whom a consent or an emergency opens to the agency.
OPENED = f"""SELECT g.person_id FROM cases_casegrant AS g
    WHERE g.group_id = {{agency}} AND g.revoked_at IS NULL AND g.person_id IS NOT NULL
    UNION SELECT p.id FROM cases_person AS p WHERE p.case_id IN ({EMERGENCIES})"""  # noqa: S608 - our own
# And whom it wrote itself.
HELD = f"""SELECT p.id FROM cases_person AS p WHERE p.author_agency_id = {{agency}}
    UNION {OPENED}"""  # noqa: S608 - our own
# Where somebody is under a shield finds nobody for whom the shield hides it (V9).
UNHIDDEN = "NOT (x.person_id = ANY ((SELECT kasane.shielded_against_me())::uuid[]))"
# A consultation that became a case: its persons are found there.
IS_CASE = """EXISTS (SELECT 1 FROM cases_consultation AS c
    WHERE c.id = x.consultation_id AND c.status = {is_case} OFFSET 0)"""
NOBODY: Final = uuid.UUID(int=0)
# Walking asks the gate of each row, looking up one's own does not.
DEARER = 10


def fitting_persons(membership: Membership, ways: Iterable[Way], limit: int) -> Q:
    """Persons of cases whom one of the ways finds. What is few in any city is looked up there. Of
    the rest, who holds little begins with whom it can see, who holds much walks each index through
    the city until there are enough (cases.lists)."""
    ways, values = _named(ways)
    begun = [way for way in ways if way.is_many]
    if begun and holds_much(membership, (limit + 1) * DEARER):
        begun = []
    found = [
        _first("cases_contact", way, limit, key="person_id", among=UNHIDDEN)
        if way.is_of_contact
        else _first("cases_person", way, limit)
        for way in ways
        if way not in begun
    ]
    if own := [way for way in begun if not way.is_of_contact]:
        mine = "x.author_agency_id = {agency}"
        found += [_first("cases_person", way, limit, among=mine) for way in own]
        found.append(_known("cases_person", own, among=f"x.id = ANY (ARRAY({OPENED}))"))
    if reached := [way for way in begun if way.is_of_contact]:
        held = f"x.person_id = ANY (ARRAY({HELD})) AND {UNHIDDEN}"
        found.append(_known("cases_contact", reached, key="person_id", among=held))
    return _any_of(found, membership, **values)


def fitting_parts(
    membership: Membership, ways: Iterable[Way], limit: int, but: uuid.UUID | None = None
) -> Q:
    """Persons of the own agency's consultations that did not become a case; of one of them (but)
    nobody. 宛名番号 nobody asks for in a consultation."""
    ways, values = _named(way for way in ways if way.where != RESIDENT_REF)
    mine = f"x.agency_id = {{agency}} AND x.consultation_id <> {{but}} AND NOT {IS_CASE}"
    found = [_first("cases_consultationperson", way, limit, among=mine) for way in ways]
    is_case = enums.ConsultationStatus.CASE
    return _any_of(found, membership, **values, is_case=is_case, but=but or NOBODY)


def fitting_visitors(membership: Membership, ways: Iterable[Way], limit: int) -> Q:
    """Consultations of the own agency by whoever came or telephoned, whatever became of them."""
    begun = [(OF_VISITOR.get(way.column), way.values[0]) for way in ways]
    ways, values = _named(_begins(column, text) for column, text in begun if column)
    mine = "x.agency_id = {agency}"
    found = [_first("cases_consultation", way, limit, among=mine) for way in ways]
    return _any_of(found, membership, **values)


def _named(ways: Iterable[Way]) -> tuple[list[Way], dict[str, Any]]:
    """The ways with a name in each place of their conditions, and the values by these names."""
    named, values = [], dict[str, Any]()
    for number, way in enumerate(ways):
        names = [f"v{number}_{place}" for place in range(len(way.values))]
        values |= dict(zip(names, way.values, strict=True))
        named.append(replace(way, where=way.where.format(*(f"{{{name}}}" for name in names))))
    return named, values


def _first(table: str, way: Way, limit: int, *, key: str = "id", among: str = "true") -> str:
    """The first in the order of the index, one more than are shown."""
    order = f"ORDER BY x.{way.column} " if way.column else ""
    return (
        f"(SELECT x.{key} FROM {table} AS x WHERE {among} AND {way.where}"  # noqa: S608 - our own
        f" {order}LIMIT {limit + 1})"
    )


def _known(table: str, ways: Sequence[Way], *, key: str = "id", among: str) -> str:
    """Whom one of the ways finds among those few that are known by key, gone through once."""
    fits = " OR ".join(f"({way.where})" for way in ways)
    return f"(SELECT x.{key} FROM {table} AS x WHERE {among} AND ({fits}))"  # noqa: S608 - our own


def _any_of(found: Sequence[str], membership: Membership, **values: Any) -> Q:
    """Rows whose key one of these sub-selects gives, each by its own index: asked together, by
    `OR`, the whole city was read."""
    if not found:
        return Q(pk__in=[])
    keys = f"{{row}} = ANY (ARRAY({' UNION '.join(found)}))"
    return asked_by(membership, keys, **values).asked({"row": "pk"})


def _birth(text: str) -> PartialDate | None:
    """A birth date, but not a bare age: „70代" is a statement, not a date to look for."""
    try:
        found = parse_partial(text)
    except EraDateError:
        return None
    return None if found.estimated else found
