"""Twenty invented households, by which the drawing of genograms and ecomaps is judged. How they are
written stands in families.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cases.kinship.family import (
    ADOPTED,
    BIRTH,
    COMMON_LAW,
    DIVORCED,
    MARRIED,
    PLAIN,
    SEPARATED,
    STEP,
    STRAINED,
    STRONG,
    WEAK,
    WIDOWED,
    Bond,
    Couple,
    Helper,
    Household,
    Member,
    Parent,
    Sibling,
    wrapped,
)

SHAPES: Final = {"m": "square", "f": "circle", "?": "diamond"}
STATES: Final = {
    "=": MARRIED, "~": COMMON_LAW, "/": SEPARATED, "//": DIVORCED, "+": WIDOWED,
}  # fmt: skip
QUALITIES: Final = {"strong": STRONG, "plain": PLAIN, "weak": WEAK, "strained": STRAINED}


@dataclass(frozen=True)
class Sample:
    """A household with its title. crossings: as many as its genogram may have."""

    title: str
    household: Household
    crossings: int = 0


def family(
    people: str,
    couples: str = "",
    children: str = "",
    bonds: str = "",
    helpers: str = "",
    siblings: str = "",
) -> Household:
    """A household from its lines."""
    members = tuple(_member(n, word) for n, word in enumerate(people.split()))
    return Household(
        members,
        tuple(tie for word in children.split() for tie in _children(word)),
        tuple(_couple(word) for word in couples.split()),
        tuple(Sibling(*word.split("-")) for word in siblings.split()),
        tuple(_bond(word) for word in bonds.split()),
        tuple(_helper(n, word) for n, word in enumerate(helpers.split())),
    )


def _member(number: int, word: str) -> Member:
    name, facts, *flags = word.split(":")
    age, marks = facts[1:], "".join(flags)
    is_dead = "d" in marks
    words = tuple(name.split("_"))
    return Member(
        name,
        (
            *words[:-1],
            f"{'★' if 'k' in marks else ''}{words[-1]}さん",
            *([f"享年{age}"] if is_dead and age else []),
        ),
        SHAPES[facts[0]],
        age,
        rank=-float(age or 0),
        is_home="h" in marks,
        is_deceased=is_dead,
        is_centre="c" in marks,
    )


def _children(word: str) -> list[Parent]:
    parents, _arrow, rest = word.partition(">")
    nature = BIRTH
    for mark, other in (("a:", ADOPTED), ("s:", STEP)):
        if rest.startswith(mark):
            nature, rest = other, rest[2:]
    return [Parent(p, c, nature) for c in rest.split(",") for p in parents.split("+")]


def _couple(word: str) -> Couple:
    for mark in ("//", "=", "~", "/", "+"):
        if mark in word:
            one, other = word.split(mark)
            return Couple(one, other, STATES[mark])
    raise ValueError(word)


def _bond(word: str) -> Bond:
    ends, _colon, quality = word.partition(":")
    is_one_way = ">" in ends
    one, other = ends.split(">" if is_one_way else "-")
    return Bond(one, other, QUALITIES[quality], is_one_way)


def _helper(number: int, word: str) -> Helper:
    name, to, quality, *flow = word.split(":")
    title, _mark, kind = name.rstrip(")").partition("(")
    return Helper(
        f"helper{number}", (*wrapped(title), *([kind] if kind else [])), to, QUALITIES[quality],
        "".join(flow), kind, is_lead=kind == "主担当",
    )  # fmt: skip


def _sample(found: dict[str, Any]) -> Sample:
    title, crossings = found.pop("title"), found.pop("crossings", 0)
    return Sample(title, family(**found), crossings)


FILE: Final = Path(__file__).parent / "families.toml"
SAMPLES: Final = tuple(
    _sample(found) for found in tomllib.loads(FILE.read_text(encoding="utf-8"))["sample"]
)
