"""The questions of the household assessment: the national list and the city's own, as data.

Each belongs to one field (information category), so an answer is gated with the section it stands
in. An answer is yes, no or unknown; what nobody answered is a fourth thing. Neither of the last two
is ever read as a no (domain.md §5.4).

A fact is a question that is answered in words (住居, 月収 …). What may have been asked on the
telephone already is an item of 相談受付・申込票 under the same code.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _

from agencies.models import Municipality
from agencies.permissions import ActionDenied
from cases import enums, intakeitems
from cases.intakeitems import LOCAL_FACT
from cases.itemdata import listed, own_items
from config.lib.wording import SHOGAI

FACT: Final = enums.QuestionKind.FACT
WORD_LIMIT: Final = 60

# code of a question -> {"answer": yes | no | unknown, "word": a short word, if any}; of a fact: yes
# with its words, or unknown
Answers = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Question:
    """One question. `form`: of a fact, how it is answered (line, text, choice, choices).
    `is_asked`: a city's own that it asks no longer is only read."""

    code: str
    category: str
    kind: str
    text: str
    is_asked: bool = True
    form: str = ""
    options: tuple[str, ...] = ()
    is_national: bool = False

    @property
    def is_fact(self) -> bool:
        return self.kind == FACT


@dataclass(frozen=True)
class Tally:
    """How a set of questions was answered."""

    yes: int = 0
    no: int = 0
    unknown: int = 0
    unanswered: int = 0

    @property
    def words(self) -> str:
        """「はい2・いいえ3・不明5・未回答1」, without what is nought."""
        parts = (
            (_("はい"), self.yes),
            (_("いいえ"), self.no),
            (_("不明"), self.unknown),
            (_("未回答"), self.unanswered),
        )
        return _("・").join(f"{word}{count}" for word, count in parts if count)


@functools.cache
def national(wording: str = SHOGAI) -> tuple[Question, ...]:
    """The national list in its order, what is asked on the telephone first."""
    told = [
        Question(
            item.code,
            item.category,
            FACT,
            item.label,
            form=item.kind,
            options=item.options,
            is_national=item.is_national,
        )
        for item in intakeitems.national(wording)
        if item.category
    ]
    own = [
        Question(**{**item, "options": tuple(item.get("options", ()))})
        for item in listed("assessment_items", wording=wording)
    ]
    return (*told, *own)


@functools.cache
def _fact_codes() -> frozenset[str]:
    return frozenset(question.code for question in national() if question.is_fact)


def is_fact(code: str) -> bool:
    """Whether this is the code of a fact, national or a city's own."""
    return code.startswith(LOCAL_FACT) or code in _fact_codes()


def catalogue(city: Municipality) -> dict[str, Question]:
    """Every question that may have been answered in this city, by code. One query."""
    found = (*national(city.wording_shogai), *_own(city))
    return {question.code: question for question in found}


def _own(city: Municipality) -> list[Question]:
    """The city's own: its questions, and the items of its 申込票 that are asked here as well."""
    return [
        Question(
            intakeitems.fact_code(own.code) if own.is_told else own.code,
            own.category,
            FACT if own.is_told else own.kind,
            own.label,
            own.is_asked,
            own.kind if own.is_told else "",
            own.options,
        )
        for own in own_items(city)
        if own.category
    ]


def asked_in(
    known: Mapping[str, Question], category: str, answered: Iterable[str] = ()
) -> list[Question]:
    """What a form of this field asks: what is asked today, and what was answered before."""
    kept = set(answered)
    return [
        question
        for question in known.values()
        if question.category == category and (question.is_asked or question.code in kept)
    ]


def checked(answers: Answers, codes: Iterable[str]) -> dict[str, dict[str, str]]:
    """The answers as they are stored. Raises ActionDenied for what is no answer to these."""
    allowed = set(codes)
    found: dict[str, dict[str, str]] = {}
    for code, given in answers.items():
        answer, word = given.get("answer", ""), given.get("word", "")
        if code not in allowed or answer not in enums.Answer.values:
            raise ActionDenied(_("項目への答えを読めませんでした。もう一度選んでください。"))
        found[code] = {"answer": answer, "word": word} if word else {"answer": answer}
    return found


def tally(questions: Iterable[Any], answers: Answers) -> Tally:
    """Counts of what was asked with はい・いいえ; what has no answer is counted by itself."""
    counted = Counter(
        answers.get(q.code, {}).get("answer", "") for q in questions if not is_fact(q.code)
    )
    return Tally(
        counted[enums.Answer.YES],
        counted[enums.Answer.NO],
        counted[enums.Answer.UNKNOWN],
        counted[""],
    )


def answer_lines(answers: Answers, known: Mapping[str, Question]) -> list[str]:
    """Each answer as a line, はい first, in the order of the list; for timelines and versions."""
    order = list(enums.Answer.values)
    place = {code: number for number, code in enumerate(known)}
    rows = sorted(
        answers.items(),
        key=lambda row: (order.index(row[1]["answer"]), place.get(row[0], len(place))),
    )
    lines = []
    for code, given in rows:
        text = known[code].text if code in known else code
        if is_fact(code):
            lines.append(f"{text}：{fact_words(given)}")
            continue
        words = with_word(text, given.get("word", ""))
        lines.append(f"{enums.Answer(given['answer']).label}：{words}")
    return lines


def fact_words(given: Mapping[str, str]) -> str:
    """What is known of a fact, or 不明."""
    return given.get("word") or str(enums.Answer.UNKNOWN.label)


def answer_words(question: Question, given: Mapping[str, str]) -> str:
    """An answer as it is shown beside its question: 「はい（ひとこと）」; of a fact, its words."""
    if question.is_fact:
        return fact_words(given)
    return with_word(enums.Answer(given["answer"]).label, given.get("word", ""))


def with_word(text: object, word: str) -> str:
    """「答え（ひとこと）」; without a word, the text."""
    return _("%(text)s（%(word)s）") % {"text": text, "word": word} if word else str(text)
