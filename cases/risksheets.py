"""Risk sheets as data, and the level their published rule gives, with its reason in words.

The rule of a sheet is a list of levels, the gravest first: a level is reached when a question of
one of its groups has a ○. What is unknown is no ○ and no ×: it never lowers anything, and it is
said which unknown answers could still raise the level.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from cases import enums
from cases.questions import DATA, Answers, Tally, tally

NOTHING = "none"


@dataclass(frozen=True)
class RiskItem:
    code: str
    text: str


@dataclass(frozen=True)
class RiskGroup:
    number: str
    title: str
    items: tuple[RiskItem, ...]


@dataclass(frozen=True)
class RiskLevel:
    """`is_red`: the head is told and an ad-hoc conference proposed."""

    code: str
    name: str
    meaning: str
    any_of: tuple[str, ...] = ()
    is_red: bool = False
    tone: str = ""


@dataclass(frozen=True)
class RiskSheet:
    """`yes`, `no`, `unknown`: the sheet's own words for the three answers."""

    code: str
    name: str
    for_whom: str
    source: str
    yes: str
    no: str
    unknown: str
    nothing: str
    levels: tuple[RiskLevel, ...]
    groups: tuple[RiskGroup, ...]

    @property
    def items(self) -> list[RiskItem]:
        return [item for group in self.groups for item in group.items]

    @property
    def choices(self) -> list[RiskLevel]:
        """Every level a group may decide on, none of them reached included."""
        return [*self.levels, RiskLevel(NOTHING, _("該当なし"), self.nothing)]

    def level(self, code: str) -> RiskLevel:
        """A level of the sheet; of a code that is none, the one without any."""
        return next((one for one in self.choices if one.code == code), self.choices[-1])

    def word(self, answer: str) -> str:
        """The sheet's word for an answer."""
        words = {
            enums.Answer.YES: self.yes,
            enums.Answer.NO: self.no,
            enums.Answer.UNKNOWN: self.unknown,
        }
        return words.get(enums.Answer(answer), "") if answer else _("未回答")


@dataclass(frozen=True)
class Finding:
    """What the rule says: the level and why; `unknown`: answered so; `open`: that, and what was
    not answered; `could_rise`: what of it could raise the level."""

    level: RiskLevel
    because: tuple[str, ...]
    unknown: tuple[str, ...]
    open: tuple[str, ...]
    could_rise: tuple[str, ...]
    counts: Tally

    @property
    def reason(self) -> str:
        return " ".join(self.because)


@functools.cache
def sheets() -> dict[str, RiskSheet]:
    """The sheets there are, by code."""
    found = tomllib.loads((DATA / "risk_sheets.toml").read_text(encoding="utf-8"))
    return {row["code"]: _sheet(row) for row in found["sheet"]}


def _sheet(row: dict[str, object]) -> RiskSheet:
    words = {key: str(value) for key, value in row.items() if key not in ("level", "group")}
    levels = tuple(
        RiskLevel(**{**level, "any_of": tuple(level["any_of"])})
        for level in row["level"]  # type: ignore[attr-defined]  # a list of tables
    )
    groups = tuple(
        RiskGroup(
            group["number"],
            group["title"],
            tuple(RiskItem(item["code"], item["text"]) for item in group["items"]),
        )
        for group in row["group"]  # type: ignore[attr-defined]  # a list of tables
    )
    return RiskSheet(levels=levels, groups=groups, **words)


def find(sheet: RiskSheet, answers: Answers) -> Finding:
    """The level the sheet's rule gives to these answers, and why."""
    yes = enums.Answer.YES
    open_items = [
        item
        for item in sheet.items
        if answers.get(item.code, {}).get("answer", "") in ("", enums.Answer.UNKNOWN)
    ]
    reached = sheet.choices[-1]
    above: list[str] = []
    marked: list[tuple[RiskGroup, list[RiskItem]]] = []
    for level in sheet.levels:
        marked = [
            (group, ticked)
            for group in _groups(sheet, level.any_of)
            if (ticked := [i for i in group.items if answers.get(i.code, {}).get("answer") == yes])
        ]
        if marked:
            reached = level
            break
        above += level.any_of
    risen = {item.code for group in _groups(sheet, above) for item in group.items}
    return Finding(
        reached,
        _because(sheet, reached, marked),
        tuple(i.text for i in open_items if i.code in answers),
        tuple(item.text for item in open_items),
        tuple(item.text for item in open_items if item.code in risen),
        tally(sheet.items, answers),
    )


def _groups(sheet: RiskSheet, numbers: Iterable[str]) -> list[RiskGroup]:
    wanted = set(numbers)
    return [group for group in sheet.groups if group.number in wanted]


def _because(
    sheet: RiskSheet, level: RiskLevel, marked: list[tuple[RiskGroup, list[RiskItem]]]
) -> tuple[str, ...]:
    """One sentence a group: which questions led to the level."""
    if not marked:
        return (_("%(nothing)sため、%(level)s。") % {
            "nothing": sheet.nothing, "level": level.name,
        },)  # fmt: skip
    return tuple(
        _("%(group)s：%(items)sが%(yes)sのため、%(level)s。")
        % {
            "group": group.title,
            "items": _("、").join(f"「{item.text}」" for item in ticked),
            "yes": sheet.yes,
            "level": level.name,
        }
        for group, ticked in marked
    )
