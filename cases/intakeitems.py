"""The items of 相談受付・申込票 as data: the national list and the city's own.

Answers stand with the consultation, by the item's code; a choice is kept in its words, so that
what was said stays readable when a list changes.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.models import Municipality
from cases.itemdata import LOCAL, listed, own_items
from cases.models import Consultation, ConsultationIssue, ConsultationPerson
from config.lib.wording import SHOGAI

# A city's own item in the assessment, where `local:` are the city's own questions.
LOCAL_FACT: Final = "intake:"
NOT_KNOWN: Final = "不明"
BLOCKS: Final = {
    "source": gettext_lazy("つなぎ元といまの関わり"),
    "consent": gettext_lazy("申込みと同意"),
    "person": gettext_lazy("本人について"),
    "household": gettext_lazy("世帯について"),
    "local": gettext_lazy("この市の項目"),
}

# code of an item -> what was answered: a text, or several choices
Answers = Mapping[str, str | list[str]]


@dataclass(frozen=True)
class Item:
    """One item. `only`: asked in that version of the form alone. `is_asked`: a city's own that it
    asks no longer is only read."""

    code: str
    block: str
    kind: str
    label: str
    options: tuple[str, ...] = ()
    only: str = ""
    category: str = ""
    is_national: bool = False
    is_asked: bool = True

    def is_in(self, mode: str) -> bool:
        """Whether this version of the form asks it."""
        return self.only in ("", mode)


@dataclass(frozen=True)
class Filled:
    """How many of the national items are known (太枠)."""

    known: int
    asked: int
    missing: tuple[str, ...]


@functools.cache
def national(wording: str = SHOGAI) -> tuple[Item, ...]:
    """The list every city asks, in its order."""
    return tuple(
        Item(**{**item, "options": tuple(item.get("options", ()))})
        for item in listed("intake_items", wording=wording)
    )


def items_of(city: Municipality) -> dict[str, Item]:
    """Every item that may have been answered in this city, by code. One query."""
    found = [
        Item(
            code=own.code,
            block="local",
            kind=own.kind,
            label=own.label,
            options=own.options,
            only=own.only,
            category=own.category,
            is_asked=own.is_asked,
        )
        for own in own_items(city)
        if own.is_told
    ]
    return {item.code: item for item in (*national(city.wording_shogai), *found)}


def words(answer: str | list[str]) -> str:
    """An answer in one line."""
    return "、".join(answer) if isinstance(answer, list) else answer


def is_known(answer: str | list[str]) -> bool:
    """Whether something was said: 不明 is asked and not known."""
    return bool(answer) and answer != NOT_KNOWN and answer != [NOT_KNOWN]


def lines(items: Mapping[str, Item], answers: Answers) -> list[tuple[str, str]]:
    """(label, answer) of everything that was answered, in the order of the form."""
    return [(item.label, words(answers[code])) for code, item in items.items() if code in answers]


def of_fields(items: Mapping[str, Item], answers: Answers) -> dict[str, dict[str, dict[str, str]]]:
    """What goes on into the assessment: its field → the answers to its facts (cases.questions)."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for code, answer in answers.items():
        item = items.get(code)
        if item is not None and item.category and answer:
            found.setdefault(item.category, {})[fact_code(code)] = fact_answer(answer)
    return found


def fact_code(code: str) -> str:
    """The code of an item where the assessment asks it."""
    return LOCAL_FACT + code.removeprefix(LOCAL) if code.startswith(LOCAL) else code


def item_code(code: str) -> str:
    """The code of a fact in 申込票: `fact_code` the other way round."""
    return LOCAL + code.removeprefix(LOCAL_FACT) if code.startswith(LOCAL_FACT) else code


def fact_answer(answer: str | list[str]) -> dict[str, str]:
    """As the assessment keeps it: known with its words, or unknown."""
    return {"answer": "yes", "word": words(answer)} if is_known(answer) else {"answer": "unknown"}


def filled(
    items: Iterable[Item], mode: str, answers: Answers, beside: Mapping[str, bool]
) -> Filled:
    """Of the national items this version asks: how many are known, and which are not. `beside`:
    those that stand in fields of their own, by name, and whether they are known."""
    asked = dict(beside)
    for item in items:
        if item.is_national and item.is_asked and item.is_in(mode):
            asked[item.label] = is_known(answers.get(item.code, ""))
    missing = tuple(label for label, is_known in asked.items() if not is_known)
    return Filled(len(asked) - len(missing), len(asked), missing)


def in_fields(
    consultation: Consultation,
    persons: Sequence[ConsultationPerson],
    issues: Sequence[ConsultationIssue],
) -> dict[str, bool]:
    """National items that are fields of the sheet: of the first person, and what it is about."""
    first = persons[0] if persons else ConsultationPerson()
    return {
        _("相談経路"): bool(consultation.route),
        _("性別"): bool(first.sex),
        _("生年月日・年齢"): bool(first.birth_on or first.birth_year),
        _("困りごと"): bool(issues),
    }
