"""Search within what the reader may see: nothing here knows of anything else (V15).

What is typed is tried as a case number, a 宛名番号, a telephone number, a birth date, and as a name
or kana (cases.ways).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import Q
from django.utils.translation import gettext as _

from agencies.models import Membership
from cases import enums
from cases.ages import age_words
from cases.households import links_of
from cases.models import Case, Consultation, ConsultationPerson, Person
from cases.operations.case import PersonFacts
from cases.shields import shielded_among
from cases.titles import titles_for
from cases.ways import (
    Way,
    fitting_parts,
    fitting_persons,
    fitting_visitors,
    ways_of,
    ways_to_the_same,
)
from config.lib.eras import format_short
from config.lib.numbers import normalise_case_number
from config.lib.wording import label_of

LIMIT: Final = 50
WHILE_TYPING: Final = 8
SIMILAR: Final = 10


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
    def has_cases(self) -> bool:
        """Whether a person of a case is among them, not of consultations alone."""
        return any(hit.case_id for hit in self.hits)

    @property
    def keys(self) -> list[uuid.UUID]:
        """Everything shown, for the access log."""
        keys = {hit.key for hit in self.hits}
        keys |= {hit.case_id for hit in self.hits if hit.case_id}
        keys |= {hit.consultation_id for hit in self.hits if hit.consultation_id}
        return sorted(keys)


def search(membership: Membership, text: str, *, limit: int = LIMIT) -> Found:
    """What fits what was typed. Eight queries at most, whatever is found."""
    number = normalise_case_number(text)
    if number:
        cases = Case.objects.visible_to(membership).for_number(number).values_list("pk", flat=True)
        hits = _person_hits(membership, Q(case_id__in=list(cases)), limit)
        return Found(hits or _empty_households(membership, number), is_cut=False)
    ways = ways_of(text)
    hits = _person_hits(membership, fitting_persons(membership, ways, limit), limit)
    found = _with_consultations(membership, ways, hits, limit)
    if found.is_cut:
        return found
    known = {hit.consultation_id for hit in found.hits}
    hits = [*found.hits, *_visitor_hits(membership, ways, limit, known)]
    return Found(hits[:limit], is_cut=len(hits) > limit)


def similar(
    membership: Membership,
    persons: Iterable[PersonFacts],
    *,
    but: uuid.UUID | None = None,
) -> Found:
    """Persons of visible cases, and of the own agency's consultations, who may be one of these: the
    same kana, name, telephone, address or 宛名番号; the same birth date with the same given name (a
    family name changes by marriage).

    but: the consultation they are told of in. About what is not visible nothing is said, and
    nothing is asked (V15).
    """
    ways = list(dict.fromkeys(way for facts in persons for way in ways_to_the_same(facts)))
    if not ways:
        return Found([], is_cut=False)
    hits = _person_hits(membership, fitting_persons(membership, ways, SIMILAR), SIMILAR)
    return _with_consultations(membership, ways, hits, SIMILAR, but)


def similar_elsewhere(membership: Membership, case: Case, facts: PersonFacts) -> Found:
    """As `similar`, of a person of this case: nobody of the case itself, nor whom a change of
    household has linked with it already. One query more."""
    found = similar(membership, [facts])
    links = [link for links in links_of(membership, case) for link in links]
    known = {key for link in links for key in (link.from_person_id, link.to_person_id)}
    others = [hit for hit in found.hits if hit.case_id != case.pk and hit.key not in known]
    return Found(others, found.is_cut)


def _with_consultations(
    membership: Membership,
    ways: Sequence[Way],
    hits: list[Hit],
    limit: int,
    but: uuid.UUID | None = None,
) -> Found:
    """Where persons of cases leave room, those of consultations after them."""
    if len(hits) <= limit:
        hits = [*hits, *_consultation_hits(membership, ways, limit, but)]
    return Found(hits[:limit], is_cut=len(hits) > limit)


def _consultation_hits(
    membership: Membership, ways: Sequence[Way], limit: int, but: uuid.UUID | None
) -> list[Hit]:
    parts = (
        ConsultationPerson.objects.visible_to(membership)
        .filter(fitting_parts(membership, ways, limit, but))
        .select_related("consultation")
        .order_by("-consultation__received_at", "order")
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
            status=label_of(enums.ConsultationStatus, part.consultation.status),
        )
        for part in parts
    ]


def _visitor_hits(
    membership: Membership, ways: Sequence[Way], limit: int, known: set[uuid.UUID | None]
) -> list[Hit]:
    """Whoever came or telephoned about somebody; where the person asked about is not found too."""
    fits = fitting_visitors(membership, ways, limit)
    found = Consultation.objects.visible_to(membership).filter(fits).order_by("-received_at", "pk")
    return [
        Hit(
            key=one.pk,
            case_id=None,
            consultation_id=one.pk,
            name=one.visitor_name or _("氏名不明"),
            kana="",
            facts="　".join(word for word in (_("来談者"), one.visitor_relation) if word),
            title=_("相談受付 %(day)s") % {"day": format_short(one.received_at)},
            number="",
            agency=membership.agency_name,
            status=label_of(enums.ConsultationStatus, one.status),
        )
        for one in found
        if one.pk not in known
    ]


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
            status=label_of(enums.CaseStatus, person.case.status),
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
            status=label_of(enums.CaseStatus, case.status),
        )
        for case in cases.select_related("responsible_agency")
    ]


def _facts(person: Person | ConsultationPerson) -> str:
    """「78歳　女性　母」: what helps to tell people apart."""
    words = (
        age_words(person),
        label_of(enums.Sex, person.sex),
        label_of(enums.Relation, person.relation),
    )
    return "　".join(word for word in words if word)
