"""Search within what the reader may see: nothing here knows of anything else (V15).

Equality and ranges only: `LIKE` is not leakproof, so its index is not used beneath a policy, and
that of `^@` only where the value is known when the question is planned. What is typed is tried as
a case number, a 宛名番号, a telephone number, a birth date, and as a name or kana.
"""

from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from django.db.models import CharField, Lookup, Q
from django.utils.translation import gettext as _

from agencies.models import Membership
from cases import enums
from cases.ages import age_words
from cases.gate import EMERGENCIES, asked_by
from cases.households import links_of
from cases.lists import holds_much
from cases.models import Case, ConsultationPerson, Person
from cases.operations.case import PersonFacts
from cases.shields import shielded_among
from cases.titles import titles_for
from config.lib.eras import EraDateError, PartialDate, format_short, parse_partial
from config.lib.forms import parse_phone
from config.lib.kana import fold, fold_address, fold_given
from config.lib.numbers import normalise_case_number
from config.lib.text import normalise

LIMIT: Final = 50
WHILE_TYPING: Final = 8
SIMILAR: Final = 10
# Persons of consultations carry no folded columns: the newest of the own agency are read and
# folded here.
RECENT_CONSULTATION_PERSONS: Final = 500


# What begins with a text stands between it and it with the last code point.
LAST: Final = "\U0010ffff"


@CharField.register_lookup
class StartsWith(Lookup):
    """`name_folded__starts_with`, of a column sorted by code point (`db_collation="C"`)."""

    lookup_name = "starts_with"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        left, params = self.process_lhs(compiler, connection)
        between = f"({left} >= %s AND {left} < %s)"
        return between, (*params, self.rhs, *params, self.rhs + LAST)


@dataclass(frozen=True)
class Hit:
    """One line of a result: a person of a case, or of a consultation of one's own agency."""

    key: uuid.UUID
    case_id: uuid.UUID | None
    consultation_id: uuid.UUID | None
    name: str
    kana: str
    facts: str
    title: str
    number: str
    agency: str
    status: str

    @property
    def where(self) -> str:
        """The case number, or that it is a consultation."""
        return self.number or _("相談")

    @property
    def words(self) -> str:
        """What else is known, in one line."""
        return "　".join(word for word in (self.title, self.kana, self.facts, self.status) if word)


@dataclass(frozen=True)
class Found:
    """The lines, and whether there were more than are shown."""

    hits: list[Hit]
    is_cut: bool

    @property
    def keys(self) -> list[uuid.UUID]:
        """Everything shown, for the access log."""
        keys = {hit.key for hit in self.hits}
        keys |= {hit.case_id for hit in self.hits if hit.case_id}
        keys |= {hit.consultation_id for hit in self.hits if hit.consultation_id}
        return sorted(keys)


def search(membership: Membership, text: str, *, limit: int = LIMIT) -> Found:
    """What fits what was typed. Seven queries at most, whatever is found."""
    number = normalise_case_number(text)
    if number:
        cases = Case.objects.visible_to(membership).for_number(number).values_list("pk", flat=True)
        hits = _person_hits(membership, Q(case_id__in=list(cases)), limit)
        return Found(hits or _empty_households(membership, number), is_cut=False)
    hits = _person_hits(membership, _fitting(membership, _ways(text), limit), limit)
    if len(hits) <= limit:
        hits += _consultation_hits(membership, text)
    return Found(hits[:limit], is_cut=len(hits) > limit)


def similar(membership: Membership, persons: Iterable[PersonFacts]) -> Found:
    """Persons of visible cases who may be one of these: the same kana, name, telephone or address;
    the same birth date with the same given name (a family name changes by marriage).

    About what is not visible nothing is said, and nothing is asked (V15).
    """
    ways = [way for facts in persons for way in _ways_to_the_same(facts)]
    if not ways:
        return Found([], is_cut=False)
    hits = _person_hits(membership, _fitting(membership, ways, SIMILAR, is_same=True), SIMILAR)
    return Found(hits[:SIMILAR], is_cut=len(hits) > SIMILAR)


def similar_elsewhere(membership: Membership, case: Case, facts: PersonFacts) -> Found:
    """As `similar`, of a person of this case: nobody of the case itself, nor whom a change of
    household has linked with it already. One query more."""
    found = similar(membership, [facts])
    links = [link for links in links_of(membership, case) for link in links]
    known = {key for link in links for key in (link.from_person_id, link.to_person_id)}
    others = [hit for hit in found.hits if hit.case_id != case.pk and hit.key not in known]
    return Found(others, found.is_cut)


@dataclass(frozen=True)
class Way:
    """One thing that can fit: a condition on `x`, a row of a table with an index for it."""

    where: str
    values: tuple[Any, ...]
    table: Literal["cases_person", "cases_contact"] = "cases_person"
    column: str = ""  # an index walks them in this order


def _begins(column: str, text: str, table: Any = "cases_person") -> Way:
    return Way(f"x.{column} >= {{}} AND x.{column} < {{}}", (text, text + LAST), table, column)


def _ways(text: str) -> list[Way]:
    """Every way in which a person can fit what was typed; none for what folds to nothing."""
    ways: list[Way] = []
    phone = _digits(text)
    if phone:
        # An extension stands behind the number it belongs to.
        ways.append(_begins("phone_digits", phone, "cases_contact"))
    birth = _birth(text)
    if birth is not None and birth.as_date() is not None:
        ways.append(Way("x.birth_on = {}", (birth.as_date(),)))
    elif birth is not None:
        between = (birth.earliest(), birth.latest())
        ways.append(Way("x.birth_on BETWEEN {} AND {}", between, column="birth_on"))
        if birth.month is None:
            ways.append(Way("x.birth_year = {}", (birth.year,)))
    reference = unicodedata.normalize("NFKC", text).strip()
    if reference.isascii() and reference.isdigit():
        is_it = "x.resident_ref = {} AND x.resident_ref <> ''"
        ways.append(Way(is_it, (reference,), "cases_contact"))
    folded = fold(text)
    if folded:
        columns = ("kana_folded", "name_folded", "given_folded", "given_kana_folded")
        ways += [_begins(column, folded) for column in columns]
    return ways


def _ways_to_the_same(facts: PersonFacts) -> Iterator[Way]:
    """What would be the same of somebody who may be the same person."""
    kana, name, phone = fold(facts.name_kana), fold(facts.name), _digits(facts.phone)
    if kana:
        yield Way("x.kana_folded = {}", (kana,))
    if name:
        yield Way("x.name_folded = {}", (name,))
    if phone:
        yield _begins("phone_digits", phone, "cases_contact")
    if address := fold_address(facts.address):
        yield Way("x.address_folded = {}", (address,), "cases_contact")
    if facts.birth_on:
        for column, words in (("given_folded", facts.name), ("given_kana_folded", facts.name_kana)):
            if given := fold_given(words):
                yield Way(f"x.birth_on = {{}} AND x.{column} = {{}}", (facts.birth_on, given))


# Whoever the agency can see at all: whom it wrote, whom a consent opens to it, an emergency.
HELD = f"""SELECT p.id FROM cases_person AS p WHERE p.author_agency_id = {{agency}}
    UNION SELECT g.person_id FROM cases_casegrant AS g
    WHERE g.group_id = {{agency}} AND g.revoked_at IS NULL AND g.person_id IS NOT NULL
    UNION SELECT p.id FROM cases_person AS p WHERE p.case_id IN ({EMERGENCIES})"""  # noqa: S608
# Where somebody is under a shield finds nobody for whom the shield hides it (V9).
UNHIDDEN = "NOT (x.person_id = ANY ((SELECT kasane.shielded_against_me())::uuid[]))"
# Walking asks the gate of each row, looking up one's own does not.
DEARER = 10


def _fitting(membership: Membership, ways: list[Way], limit: int, *, is_same: bool = False) -> Q:
    """Persons whom one of the ways finds. Each is asked by itself, by its own index: asked
    together, by `OR`, the whole city was read. Who holds little begins with whom it can see, who
    holds much walks each index until there are enough (cases.lists); what is the same of two
    people is few in any city."""
    if not ways:
        return Q(pk__in=[])
    walks = is_same or holds_much(membership, (limit + 1) * DEARER)
    values: dict[str, Any] = {}
    found: list[str] = []
    for way in ways:
        names = [f"v{len(values) + place}" for place in range(len(way.values))]
        values |= dict(zip(names, way.values, strict=True))
        where = way.where.format(*(f"{{{name}}}" for name in names))
        key = "id" if way.table == "cases_person" else "person_id"
        if key == "person_id":
            where = f"{where} AND {UNHIDDEN}"
        if walks:
            order = f"ORDER BY x.{way.column} " if way.column else ""
            where += f" {order}LIMIT {limit + 1}"
        else:
            where = f"x.{key} = ANY (ARRAY({HELD})) AND ({where})"
        found.append(f"(SELECT x.{key} FROM {way.table} AS x WHERE {where})")  # noqa: S608 - ours
    keys = f"{{person}} = ANY (ARRAY({' UNION '.join(found)}))"
    return asked_by(membership, keys, **values).asked({"person": "pk"})


def _digits(text: str) -> str:
    found = parse_phone(text)
    return found.digits.lstrip("+") if found else ""


def _birth(text: str) -> PartialDate | None:
    """A birth date, but not a bare age: „70代" is a statement, not a date to look for."""
    try:
        found = parse_partial(text)
    except EraDateError:
        return None
    return None if found.estimated else found


def _person_hits(membership: Membership, condition: Q, limit: int) -> list[Hit]:
    persons = list(
        Person.objects.visible_to(membership)
        .filter(condition)
        .select_related("case", "case__responsible_agency")
        .order_by("kana_folded", "case_id", "label")[: limit + 1]
    )
    titles = titles_for(membership, {person.case_id for person in persons})
    shielded = shielded_among(person.pk for person in persons)
    return [
        Hit(
            key=person.pk,
            case_id=person.case_id,
            consultation_id=None,
            name=person.name or _("氏名不明（%(label)s）") % {"label": person.label},
            kana=person.name_kana,
            facts="　".join(
                word
                for word in (_facts(person), _("支援措置あり") if person.pk in shielded else "")
                if word
            ),
            title=titles[person.case_id],
            number=person.case.number,
            agency=person.case.responsible_agency.name,
            status=person.case.get_status_display(),
        )
        for person in persons
    ]


def _empty_households(membership: Membership, number: str) -> list[Hit]:
    """A case found by its number of which the reader sees no person."""
    cases = Case.objects.visible_to(membership).for_number(number)
    return [
        Hit(
            key=case.pk,
            case_id=case.pk,
            consultation_id=None,
            name=_("氏名不明の世帯"),
            kana="",
            facts="",
            title=_("氏名不明の世帯"),
            number=case.number,
            agency=case.responsible_agency.name,
            status=case.get_status_display(),
        )
        for case in cases.select_related("responsible_agency")
    ]


def _consultation_hits(membership: Membership, text: str) -> list[Hit]:
    """Persons of the own agency's consultations that did not become a case."""
    folded, phone, birth = fold(text), _digits(text), _birth(text)
    parts = (
        ConsultationPerson.objects.visible_to(membership)
        .exclude(consultation__status=enums.ConsultationStatus.CASE)
        .filter(consultation__agency_id=membership.agency_id)
        .select_related("consultation")
        .order_by("-consultation__received_at", "order")[:RECENT_CONSULTATION_PERSONS]
    )
    return [
        Hit(
            key=part.pk,
            case_id=None,
            consultation_id=part.consultation_id,
            name=part.name or _("氏名不明"),
            kana=part.name_kana,
            facts=_facts(part),
            title=_("相談受付 %(day)s") % {"day": format_short(part.consultation.received_at)},
            number="",
            agency=membership.agency_name,
            status=part.consultation.get_status_display(),
        )
        for part in parts
        if _fits(part, folded, phone, birth)
    ]


def _fits(part: ConsultationPerson, folded: str, phone: str, birth: PartialDate | None) -> bool:
    names: Sequence[str] = (fold(part.name_kana), fold(part.name))
    if folded and any(name.startswith(folded) for name in names):
        return True
    if phone and "".join(c for c in normalise(part.phone) if c.isdigit()).startswith(phone):
        return True
    if birth is None:
        return False
    if part.birth_on:
        return birth.earliest() <= part.birth_on <= birth.latest()
    return birth.month is None and part.birth_year == birth.year


def _facts(person: Person | ConsultationPerson) -> str:
    """「78歳　女性　母」: what helps to tell people apart."""
    words = (
        age_words(person),
        str(person.get_sex_display()) if person.sex else "",
        str(person.get_relation_display()) if person.relation else "",
    )
    return "　".join(word for word in words if word)
