"""Risk sheets as data, and the level their published rule gives, with its reason in words.

The rule of a sheet is a list of levels, the gravest first: a level is reached when a question of
one of its groups has a ○. What is unknown is no ○ and no ×: it never lowers anything, and it is
said which unknown answers could still raise the level.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from agencies.models import Municipality
from cases import enums
from cases.itemdata import listed
from cases.questions import Answers, Tally, tally

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
    """`is_red`: the head is told and an ad-hoc conference proposed. `note`: whose rule it is, where
    it does not stand so in the sheet's source."""

    code: str
    name: str
    meaning: str
    any_of: tuple[str, ...] = ()
    is_red: bool = False
    tone: str = ""
    note: str = ""


@dataclass(frozen=True)
class RiskSheet:
    """`yes`, `no`, `unknown`: the sheet's own words for the three answers. `former`: levels it has
    no longer in this city, for what was decided then."""

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
    former: tuple[RiskLevel, ...] = ()

    @property
    def items(self) -> list[RiskItem]:
        return [item for group in self.groups for item in group.items]

    @property
    def choices(self) -> list[RiskLevel]:
        """Every level a group may decide on, none of them reached included."""
        return [*self.levels, RiskLevel(NOTHING, _("該当なし"), self.nothing)]

    def level(self, code: str) -> RiskLevel:
        """A level of the sheet; of a code that is none, the one without any."""
        known = (*self.choices, *self.former)
        return next((one for one in known if one.code == code), self.choices[-1])

    @property
    def notes(self) -> list[str]:
        """Which levels are not the source's own."""
        return [f"{level.name}：{level.note}" for level in self.levels if level.note]

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


def sheets(city: Municipality | None) -> dict[str, RiskSheet]:
    """The sheets as this city has them, by code: its own levels where its profile names any, and
    its word for 障害. No query."""
    if city is None:
        return _national()
    return _in(city.wording_shogai, json.dumps(city.risk_levels, sort_keys=True))


@functools.cache
def _national() -> dict[str, RiskSheet]:
    return {row["code"]: _sheet(row) for row in listed("risk_sheets", "sheet")}


@functools.lru_cache(maxsize=200)
def _in(wording: str, levels: str) -> dict[str, RiskSheet]:
    own = json.loads(levels)
    rows = listed("risk_sheets", "sheet", wording=wording)
    return {
        row["code"]: _with_own(_sheet(row), [one for one in own if one["sheet"] == row["code"]])
        for row in rows
    }


def _with_own(sheet: RiskSheet, rows: list[dict[str, Any]]) -> RiskSheet:
    """With the levels a city says; without any, as it is."""
    if not rows:
        return sheet
    own = [
        (
            RiskLevel(
                row["code"], row["name"], row["meaning"], tuple(row["any_of"]), row["red"],
                "bad" if row["red"] else "warn", _("市の規則（%(source)s）") % row,
            ),
            row["ended"],
        )
        for row in rows
    ]  # fmt: skip
    ended = [level for level, is_ended in own if is_ended]
    return dataclasses.replace(
        sheet,
        levels=tuple(level for level, is_ended in own if not is_ended),
        former=(*ended, *sheet.levels),
    )


def _sheet(row: Mapping[str, Any]) -> RiskSheet:
    words: Any = {key: value for key, value in row.items() if key not in ("level", "group")}
    levels = tuple(
        RiskLevel(**{**level, "any_of": tuple(level["any_of"])}) for level in row["level"]
    )
    groups = tuple(
        RiskGroup(
            group["number"],
            group["title"],
            tuple(RiskItem(item["code"], item["text"]) for item in group["items"]),
        )
        for group in row["group"]
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
