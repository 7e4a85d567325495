"""Where the items of インテーク・アセスメントシート come from. Each source gives lines of what the
reader may know; cases.sheet puts them together."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext as _

from agencies.models import Membership
from cases import enums, intakeitems
from cases.ages import born
from cases.assessments import Spots, new_url, people_of
from cases.caselines import ConsentState
from cases.intakeitems import LOCAL_FACT, Item
from cases.itemdata import LOCAL
from cases.models import Case, Consultation, Issue, Person
from cases.questions import Question, answer_words, with_word
from config.lib.eras import format_datetime
from config.lib.registry import registry

KINDS: Final = enums.QuestionKind


@dataclass(frozen=True)
class Answer:
    """What is known, and of whom; `who` empty = of the case, or of the only person there is."""

    text: str
    who: str = ""


@dataclass(frozen=True)
class Line:
    """One item of a sheet. `is_known`: something is, and not only that it is 不明. `url`: where it
    is written, for who may."""

    label: str
    answers: Sequence[Answer] = ()
    url: str = ""
    is_known: bool = False
    is_national: bool = False
    is_wide: bool = False  # goes over the whole width
    is_read: bool = False  # `url` shows it and changes nothing


@dataclass(frozen=True)
class Known:
    """What this reader knows of a case, and where they may write."""

    membership: Membership
    case: Case
    persons: Mapping[uuid.UUID, Person]
    issues: Sequence[Issue]
    spots: Spots
    told: Sequence[Consultation]  # the consultations this reader sees, the first one first
    items: Mapping[str, Item]
    questions: Mapping[str, Question]
    open_fields: frozenset[str]
    may_write: bool
    agreed: Mapping[uuid.UUID, ConsentState]  # of each person, as the reader may know it
    section_ids: Sequence[uuid.UUID] = field(default=())

    @property
    def first(self) -> Person | None:
        """本人: the first of those seen."""
        return next((p for p in self.persons.values() if p.is_member), None) or next(
            iter(self.persons.values()), None
        )

    @functools.cached_property
    def names(self) -> dict[str, str]:
        return dict(people_of(self.persons, self.spots))

    @functools.cached_property
    def said(self) -> intakeitems.Answers:
        """The items of 申込票, the last answer of each."""
        return {code: answer for one in self.told for code, answer in one.answers.items()}

    @functools.cached_property
    def direction(self) -> list[tuple[str, uuid.UUID]]:
        """What the plans say, from the room above: words, and the record they stand in."""
        return list(registry.draw("sheet_direction", self.membership, self.case))

    @property
    def record_ids(self) -> list[uuid.UUID]:
        """Whose words are shown (V10)."""
        told = [one.pk for one in self.told]
        planned = [key for _text, key in self.direction]
        return [*self.persons, *self.section_ids, *(i.pk for i in self.issues), *told, *planned]


# --- where an item comes from ----------------------------------------------------------------

# (what is known, the code, the item's place in the data) -> its lines
Source = Callable[[Known, str, Mapping[str, Any]], Iterator[Line]]


def _fact(known: Known, code: str, place: Mapping[str, Any]) -> Iterator[Line]:
    question = known.questions.get(code)
    if question is None:
        return
    found = list(_answered(known, question))
    told = known.said.get(intakeitems.item_code(code))
    if not found and told:
        found = [(intakeitems.words(told), intakeitems.is_known(told), "")]
    if found or (question.is_asked and question.category in known.open_fields):
        yield Line(
            question.text,
            [Answer(text, who) for text, _is_known, who in found],
            _write(known, question.category),
            any(is_known for _text, is_known, _who in found),
            question.is_national,
        )


def _answered(known: Known, question: Question) -> Iterator[tuple[str, bool, str]]:
    """(words, whether it is known, of whom) of everybody of whom it is answered."""
    for who, name in known.names.items():
        spot = known.spots.get((who, question.category))
        given = spot.answers.get(question.code) if spot else None
        if given:
            is_known = given["answer"] != enums.Answer.UNKNOWN
            yield answer_words(question, given), is_known, _whom(known, who, name)


def _whom(known: Known, who: str, name: str) -> str:
    return name if len(known.persons) > 1 or who == enums.HOUSEHOLD else ""


def _write(known: Known, category: str) -> str:
    """Where a field of the assessment is written, of 本人 or the household; from there one comes
    back to the sheet."""
    if not known.may_write:
        return ""
    first = known.first
    is_all = category == enums.Category.HOUSEHOLD or first is None
    who = enums.HOUSEHOLD if is_all or first is None else str(first.pk)
    return f"{new_url(known.case, who, category)}&from=sheet"


def _item(known: Known, code: str, place: Mapping[str, Any]) -> Iterator[Line]:
    """Of 申込票, which is its agency's alone."""
    item = known.items.get(code)
    if item is None or not known.told or not item.is_in(known.told[0].mode):
        return
    told = known.said.get(code)
    if told or item.is_asked:
        yield _of_form(known, item.label, told, is_national=item.is_national, can_be_added=True)


def _of_form(
    known: Known,
    label: str,
    told: str | list[str] | None,
    *,
    is_national: bool,
    is_wide: bool = False,
    can_be_added: bool = False,
) -> Line:
    answers = [Answer(intakeitems.words(told))] if told else []
    may_add = known.may_write and can_be_added and not told
    page = "consultation_items" if may_add else "consultation_detail"
    url = reverse(page, args=[known.told[0].pk])
    is_known = bool(told and intakeitems.is_known(told))
    return Line(label, answers, url, is_known, is_national, is_wide, is_read=not may_add)


def _local(known: Known, category: str, place: Mapping[str, Any]) -> Iterator[Line]:
    """The city's own: of a field of the assessment; without one, of 申込票."""
    if not category:
        for code, item in known.items.items():
            if code.startswith(LOCAL) and not item.category:
                yield from _item(known, code, place)
        return
    for code, question in known.questions.items():
        if code.startswith((LOCAL, LOCAL_FACT)) and question.category == category:
            yield from _fact(known, code, place)


def _texts(known: Known, category: str, place: Mapping[str, Any]) -> Iterator[Line]:
    found = [
        Answer(spot.written.situation, _whom(known, who, name))
        for who, name in known.names.items()
        if (spot := known.spots.get((who, category))) and spot.written.situation
    ]
    if found:
        url = _write(known, category)
        yield Line(place["label"], _together(found), url, is_known=True, is_wide=True)


def _together(answers: Sequence[Answer]) -> list[Answer]:
    """The same words of several people once, with everybody's name."""
    found: dict[str, list[str]] = {}
    for answer in answers:
        found.setdefault(answer.text, []).append(answer.who)
    return [Answer(text, "・".join(dict.fromkeys(who))) for text, who in found.items()]


def _of_told(text: Callable[[Known, Consultation], str]) -> Source:
    """Something of the first consultation, for who sees it."""

    def source(known: Known, code: str, place: Mapping[str, Any]) -> Iterator[Line]:
        if known.told:
            words = text(known, known.told[0])
            is_national = place.get("is_national", False)
            is_wide = place["from"] == "complaint"
            yield _of_form(
                known,
                place["label"],
                words,
                is_national=is_national,
                is_wide=is_wide,
            )

    return source


def _consent(known: Known, code: str, place: Mapping[str, Any]) -> Iterator[Line]:
    """What was said at the first consultation, and what is recorded of each person's consent, as
    far as this reader may know either."""
    national = place.get("is_national", False)
    agreed = [
        Answer(
            "　".join(word for word in (_("情報共有"), state.words, state.detail) if word),
            _whom(known, str(key), name),
        )
        for key, name in ((person.pk, person.shown_name) for person in known.persons.values())
        if (state := known.agreed.get(key)) and state.key
    ]
    if known.told:
        first = known.told[0]
        said = known.said.get("application-signed") or known.said.get("no-consent-reason")
        line = _of_form(known, place["label"], said, is_national=national, can_be_added=True)
        words = f"{first.get_mode_display()}　{intakeitems.words(said) if said else ''}".strip()
        yield replace(line, answers=[Answer(words), *agreed], is_known=True)
    elif agreed:
        yield Line(place["label"], agreed, "", is_known=True, is_national=national)


def _received(known: Known, first: Consultation) -> str:
    """When, and by whom: consultations are read by the agency that took them alone."""
    return f"{format_datetime(first.received_at)}　{known.membership.agency_name}"


def _of_first(text: Callable[[Person], str]) -> Source:
    """Something of 本人."""

    def source(known: Known, code: str, place: Mapping[str, Any]) -> Iterator[Line]:
        if known.first is not None:
            words = text(known.first)
            url = reverse("person_edit", args=[known.first.pk]) if known.may_write else ""
            answers = [Answer(words)] if words else []
            yield Line(place["label"], answers, url, bool(words), place.get("is_national", False))

    return source


def _members(known: Known, code: str, place: Mapping[str, Any]) -> Iterator[Line]:
    lines = []
    for person in known.persons.values():
        if person.is_member:
            living = _("同居") if person.is_cohabiting else _("別居")
            parts = (str(person.get_relation_display()), born(person), living)
            lines.append(Answer("　".join(part for part in parts if part), person.shown_name))
    url = reverse("person_new", args=[known.case.pk]) if known.may_write else ""
    yield Line(place["label"], lines, url, bool(lines), is_wide=True)


def _ties(known: Known, code: str, place: Mapping[str, Any]) -> Iterator[Line]:
    words = _("別の紙（ジェノグラム・エコマップ）")
    url = reverse("genogram", args=[known.case.pk])
    yield Line(place["label"], [Answer(words)], url, is_known=True, is_read=True)


def _strengths(known: Known, code: str, place: Mapping[str, Any]) -> Iterator[Line]:
    found = []
    for (who, _category), spot in known.spots.items():
        name = _whom(known, who, known.names[who])
        if spot.written.strengths:
            found.append(Answer(spot.written.strengths, name))
        found += [Answer(words, name) for words in _yes(known, spot.answers, KINDS.STRENGTH)]
    yield Line(place["label"], _together(found), "", bool(found), is_wide=True)


def _background(known: Known, code: str, place: Mapping[str, Any]) -> Iterator[Line]:
    found = [
        Answer(words, _whom(known, who, known.names[who]))
        for (who, _category), spot in known.spots.items()
        for words in _yes(known, spot.answers, KINDS.BACKGROUND)
    ]
    yield Line(place["label"], _together(found), "", bool(found), is_wide=True)


def _yes(known: Known, answers: Mapping[str, Mapping[str, str]], kind: str) -> Iterator[str]:
    for code, given in answers.items():
        question = known.questions.get(code)
        if question and question.kind == kind and given["answer"] == enums.Answer.YES:
            yield with_word(question.text, given.get("word", ""))


def _issues(known: Known, code: str, place: Mapping[str, Any]) -> Iterator[Line]:
    """What is not solved, per person and household; ◎ and ○ together."""
    unsolved = [issue for issue in known.issues if issue.solved_on is None]
    found: dict[str, list[str]] = {}
    for issue in unsolved:
        mark = "◎" if issue.is_primary else "○"
        whose = issue.record.names(dict(known.persons))
        found.setdefault(whose, []).append(f"{mark}{issue.get_issue_type_display()}")
    url = reverse("issue_new", args=[known.case.pk]) if known.may_write else ""
    answers = [Answer("　".join(words), whose) for whose, words in found.items()]
    is_national = place.get("is_national", False)
    yield Line(place["label"], answers, url, bool(known.issues), is_national, is_wide=True)


def _primary(known: Known, code: str, place: Mapping[str, Any]) -> Iterator[Line]:
    found = [
        Answer(str(issue.get_issue_type_display()), issue.record.names(dict(known.persons)))
        for issue in known.issues
        if issue.is_primary and issue.solved_on is None
    ]
    yield Line(place["label"], found, "", bool(found))


def _urgency(known: Known, code: str, place: Mapping[str, Any]) -> Iterator[Line]:
    level = known.case.urgency
    answers = [Answer(str(enums.Urgency(level).label))] if level else []
    yield Line(place["label"], answers, "", bool(level), place["is_national"])


def _direction(known: Known, code: str, place: Mapping[str, Any]) -> Iterator[Line]:
    found = [Answer(text) for text, _key in known.direction]
    yield Line(place["label"], found, "", bool(found), is_wide=True)


def _screening(known: Known, code: str, place: Mapping[str, Any]) -> Iterator[Line]:
    """A case was made of it: it goes on."""
    words = str(enums.Screening.CONTINUE.label)
    yield Line(place["label"], [Answer(words)], "", True, place["is_national"])


SOURCES: Final[Mapping[str, Source]] = {
    "fact": _fact,
    "question": _fact,
    "item": _item,
    "local": _local,
    "texts": _texts,
    "received": _of_told(_received),
    "route": _of_told(lambda _known, first: str(first.get_route_display())),
    "consent": _consent,
    "complaint": _of_told(lambda _known, first: first.complaint),
    "name": _of_first(lambda person: person.name),
    "sex": _of_first(lambda person: str(person.get_sex_display()) if person.sex else ""),
    "birth": _of_first(born),
    "members": _members,
    "ties": _ties,
    "strengths": _strengths,
    "background": _background,
    "issues": _issues,
    "primary": _primary,
    "urgency": _urgency,
    "direction": _direction,
    "screening": _screening,
}
