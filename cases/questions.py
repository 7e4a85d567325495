"""The questions of the household assessment: the national list and the city's own, as data.

Each belongs to one field (information category), so an answer is gated with the section it stands
in. An answer is yes, no or unknown; what nobody answered is a fourth thing. Neither of the last two
is ever read as a no (domain.md §5.4).
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _

from agencies.models import AssessmentItem, Municipality
from agencies.permissions import ActionDenied
from cases import enums
from cases.itemdata import SHOGAI, listed, own_items

WORD_LIMIT: Final = 60

# code of a question -> {"answer": yes | no | unknown, "word": a short word, if any}
Answers = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Question:
    """One question. `is_asked`: a city's own that it asks no longer is only read."""

    code: str
    category: str
    kind: str
    text: str
    is_asked: bool = True


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
    """The national list, in the order in which it is asked."""
    return tuple(Question(**item) for item in listed("assessment_items", wording=wording))


def catalogue(city: Municipality) -> dict[str, Question]:
    """Every question that may have been answered in this city, by code. One query."""
    own = [
        Question(code, row.category, row.kind, row.text, is_asked)
        for code, is_asked, row in own_items(AssessmentItem, city)
    ]
    return {question.code: question for question in (*national(city.wording_shogai), *own)}


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
    """Counts; what has no answer is counted by itself."""
    counted = Counter(answers.get(q.code, {}).get("answer", "") for q in questions)
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
        word = _("（%(word)s）") % {"word": given["word"]} if given.get("word") else ""
        lines.append(f"{enums.Answer(given['answer']).label}：{text}{word}")
    return lines
