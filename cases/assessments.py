"""The assessment of a household as a whole: per person and field what is known, and what is not.

It is put together from the sections, and the versions of them, that the reader may see (V13). Of a
person and a field the newest section holds; of a section the version that stood on the day asked.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from agencies.models import Membership
from cases import enums
from cases.enums import HOUSEHOLD
from cases.models import AssessmentSection, Case, Person, Record
from cases.questions import Answers, Question, Tally, asked_in, fact_words, is_fact, tally
from config.lib.eras import format_short
from config.lib.prepared import prepared

LIMIT = 200
NOT_ASSESSED = (enums.Category.NOTIFIER, enums.Category.PROGRESS, enums.Category.PLAN)
FIELDS = tuple(category for category in enums.Category if category not in NOT_ASSESSED)


@dataclass(frozen=True)
class Version:
    """A section as it was saved once. `order` rises with each saving of the section."""

    record: Record
    order: int
    on: datetime.date
    situation: str
    strengths: str
    answers: Answers


@dataclass(frozen=True)
class Spot:
    """What holds of one person (or the household) in one field: the newest answers, and the newest
    section, which may be another one. Each fact holds until another section says it anew (one told
    on the telephone takes no answer away): `facts`: code → the section that says it."""

    answered: Version | None
    written: Version
    facts: Mapping[str, Version]

    @property
    def answers(self) -> Answers:
        told = {code: version.answers[code] for code, version in self.facts.items()}
        return {**(self.answered.answers if self.answered else {}), **told}

    @property
    def sources(self) -> list[Version]:
        """The sections the answers stand in."""
        found = [*self.facts.values(), *([self.answered] if self.answered else [])]
        return list({version.record.pk: version for version in found}.values())


Key = tuple[str, str]  # a person's key, or HOUSEHOLD; a field
Spots = dict[Key, Spot]


def sections_of(membership: Membership, case: Case) -> list[AssessmentSection]:
    """The sections read outside any sitting (V6). One query."""
    return list(_sections(membership, case))


@prepared
def _sections(membership: Membership, case: Case) -> QuerySet[AssessmentSection]:
    found = AssessmentSection.objects.standing_with(membership).for_case(case)
    return found.select_related("record__author_agency").order_by("-assessed_on", "-record_id")[
        :LIMIT
    ]


def as_they_stand(sections: Iterable[AssessmentSection]) -> list[Version]:
    return [_version(s.record, s) for s in sections]


def versions_of(sections: Sequence[AssessmentSection]) -> list[Version]:
    """Every version of these sections that the reader may see, through the gate of the history
    table; a section without any stands as it is. One query."""
    records = {section.pk: section.record for section in sections}
    rows = AssessmentSection.history.filter(record_id__in=records)
    found = [
        _version(records[row.record_id], row) for row in rows.order_by("record_id", "history_id")
    ]
    seen = {(version.record.pk, version.order) for version in found}
    return found + [
        version
        for version in as_they_stand(sections)
        if (version.record.pk, version.order) not in seen
    ]


def _version(record: Record, row: Any) -> Version:
    return Version(
        record, row.version, row.assessed_on, row.situation, row.strengths, row.answers or {}
    )


def days_of(versions: Iterable[Version]) -> list[datetime.date]:
    """The days on which something was assessed, the newest first."""
    return sorted({version.on for version in versions}, reverse=True)


def spots_on(versions: Iterable[Version], day: datetime.date) -> Spots:
    """What was known on a day."""
    by_record: dict[uuid.UUID, Version] = {}
    for version in sorted(versions, key=lambda v: v.order):
        if version.on <= day:
            by_record[version.record.pk] = version
    found: Spots = {}
    for version in sorted(by_record.values(), key=lambda v: (v.on, v.record.pk)):
        for who in _whom(version.record):
            key = (who, version.record.category)
            before = found.get(key)
            facts = {code: version for code in version.answers if is_fact(code)}
            is_asked = len(facts) < len(version.answers)
            answered = version if is_asked else before.answered if before else None
            found[key] = Spot(answered, version, {**(before.facts if before else {}), **facts})
    return found


def _whom(record: Record) -> list[str]:
    return [HOUSEHOLD] if record.is_household else [str(key) for key in record.person_ids]


def people_of(persons: Mapping[uuid.UUID, Person], spots: Iterable[Key]) -> list[tuple[str, str]]:
    """Who stands on the page: the persons the reader sees, and the household. Of somebody whose
    name the reader may not see, a section without a name."""
    named = [
        (str(key), person.shown_name)
        for key, person in persons.items()
        if person.is_member or any(who == str(key) for who, _category in spots)
    ]
    known = {key for key, _name in named}
    nameless = sorted({who for who, _category in spots if who not in (*known, HOUSEHOLD)})
    return [
        *named,
        *((who, _("名前の出ない人")) for who in nameless),
        (HOUSEHOLD, str(_("世帯全体"))),
    ]


# --- the page ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class AnswerLine:
    """A question with its answer and word, as printed."""

    text: str
    answer: str
    word: str
    kind: str


@dataclass(frozen=True)
class FieldRow:
    """One field of one person."""

    label: str
    facts: list[AnswerLine]
    problems: list[AnswerLine]
    background: list[AnswerLine]
    strengths: list[AnswerLine]
    unknown: list[AnswerLine]
    tally: Tally
    situation: str
    strong_words: str
    when: str
    by: str
    edit_url: str
    new_url: str


@dataclass(frozen=True)
class PersonCard:
    """One person, or the household: fields with something in them, and those still to ask."""

    key: str
    name: str
    rows: list[FieldRow]
    missing: list[tuple[str, str]]
    unknown: int
    unanswered: int


def cards(
    membership: Membership,
    case: Case,
    people: Sequence[tuple[str, str]],
    spots: Spots,
    known: Mapping[str, Question],
    *,
    may_write: bool,
) -> list[PersonCard]:
    """The page, person by person. No query."""
    found = []
    for who, name in people:
        rows = [
            _row(membership, case, who, category, spots[who, category], known, may_write)
            for category in FIELDS
            if (who, category) in spots
        ]
        missing = [
            (str(category.label), new_url(case, who, category) if may_write else "")
            for category in FIELDS
            if (who, category) not in spots and asked_in(known, category)
        ]
        found.append(
            PersonCard(
                who,
                name,
                rows,
                missing,
                sum(row.tally.unknown for row in rows),
                sum(row.tally.unanswered for row in rows),
            )
        )
    return found


def _row(
    membership: Membership,
    case: Case,
    who: str,
    category: str,
    spot: Spot,
    known: Mapping[str, Question],
    may_write: bool,
) -> FieldRow:
    asked = asked_in(known, category, spot.answers)
    lines = list(_lines(asked, spot.answers))
    record = spot.written.record
    is_own = may_write and record.author_agency_id == membership.agency_id

    def yes(kind: str) -> list[AnswerLine]:
        return [x for x in lines if x.kind == kind and x.answer == enums.Answer.YES]

    return FieldRow(
        label=str(enums.Category(category).label),
        facts=[x for x in lines if x.kind == enums.QuestionKind.FACT],
        problems=yes(enums.QuestionKind.PROBLEM),
        background=yes(enums.QuestionKind.BACKGROUND),
        strengths=yes(enums.QuestionKind.STRENGTH),
        unknown=[
            x
            for x in lines
            if x.answer == enums.Answer.UNKNOWN and x.kind != enums.QuestionKind.FACT
        ],
        tally=tally(asked, spot.answers),
        situation=spot.written.situation,
        strong_words=spot.written.strengths,
        when=format_short(spot.written.on),
        by=record.author_agency.name,
        edit_url=reverse("assessment_edit", args=[record.pk]) if is_own else "",
        new_url=new_url(case, who, category) if may_write else "",
    )


def _lines(asked: Iterable[Question], answers: Answers) -> Iterator[AnswerLine]:
    for question in asked:
        given = answers.get(question.code)
        if given:
            word = fact_words(given) if question.is_fact else given.get("word", "")
            yield AnswerLine(question.text, given["answer"], word, question.kind)


def new_url(case: Case, who: str, category: str) -> str:
    query = urlencode({"category": category, "about": who})
    return f"{reverse('assessment_new', args=[case.pk])}?{query}"
