"""What is drawn: persons, ties between them, helpers around. Plain values; a key is any text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

SYMBOL: Final = 46.0  # the side of a square, the diameter of a circle; px
LINE: Final = 16.0  # height of a line of text; px
FONT: Final = 13.0
WIDE: Final = 9  # characters in a line of a helper's name

BIRTH, ADOPTED, STEP = "birth", "adopted", "step"
MARRIED, COMMON_LAW, SEPARATED = "married", "common_law", "separated"
DIVORCED, WIDOWED = "divorced", "widowed"
ENDED = frozenset({DIVORCED})
STRONG, PLAIN, WEAK, STRAINED = "strong", "plain", "weak", "strained"


@dataclass(frozen=True)
class Member:
    """A person as drawn. `rank`: older first among siblings. `level`: the generation one would
    guess without any tie (0 = the head's, +1 = the children's). `words`: lines under the symbol."""

    key: str
    words: tuple[str, ...] = ()
    shape: str = "diamond"  # square, circle, diamond
    age: str = ""
    rank: float = 0.0
    level: int = 0
    is_home: bool = False
    is_deceased: bool = False
    is_centre: bool = False
    is_phantom: bool = False  # holds a line's place in a row; never drawn


@dataclass(frozen=True)
class Parent:
    parent: str
    child: str
    nature: str = BIRTH


@dataclass(frozen=True)
class Couple:
    first: str
    second: str
    state: str = MARRIED


@dataclass(frozen=True)
class Sibling:
    first: str
    second: str


@dataclass(frozen=True)
class Bond:
    """How two persons stand to each other. One-way: from the first to the second."""

    first: str
    second: str
    quality: str = PLAIN
    is_one_way: bool = False


@dataclass(frozen=True)
class Helper:
    """An agency or a resource around. `to`: a member, or empty for the whole household.
    `flow`: "" both ways or not said, "in" towards the household, "out" from it."""

    key: str
    words: tuple[str, ...]
    to: str = ""
    quality: str = PLAIN
    flow: str = ""
    kind: str = ""
    is_lead: bool = False


@dataclass(frozen=True)
class Household:
    """All of it, as far as one reader sees it. Ties to who is not among the members are ignored."""

    members: tuple[Member, ...]
    parents: tuple[Parent, ...] = ()
    couples: tuple[Couple, ...] = ()
    siblings: tuple[Sibling, ...] = ()
    bonds: tuple[Bond, ...] = ()
    helpers: tuple[Helper, ...] = ()

    def without_strangers(self) -> Household:
        """Ties whose ends are all drawn, once each, and of nobody to themselves."""
        known = {m.key for m in self.members}

        def fits(*ends: str) -> bool:
            return known.issuperset(ends) and len(set(ends)) == len(ends)

        return Household(
            self.members,
            tuple(t for t in dict.fromkeys(self.parents) if fits(t.parent, t.child)),
            tuple(t for t in dict.fromkeys(self.couples) if fits(t.first, t.second)),
            tuple(t for t in dict.fromkeys(self.siblings) if fits(t.first, t.second)),
            tuple(t for t in dict.fromkeys(self.bonds) if fits(t.first, t.second)),
            tuple(h for h in self.helpers if not h.to or h.to in known),
        )


@dataclass(frozen=True)
class Family:
    """Children of the same parents (none, one or two known), each with how they are a child."""

    parents: tuple[str, ...]
    children: tuple[tuple[str, str], ...]  # key, nature

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(key for key, _nature in self.children)


@dataclass
class Rows:
    """Generations: rows of keys from the oldest down, and who belongs to whom between them."""

    members: dict[str, Member]
    rows: list[list[str]]
    families: list[Family]
    couples: list[Couple]
    left_out: list[object] = field(default_factory=list)  # ties that contradict the others

    def row_of(self) -> dict[str, int]:
        return {key: number for number, row in enumerate(self.rows) for key in row}


def wrapped(name: str) -> tuple[str, ...]:
    """A name in lines of about the same length."""
    count = max(1, -(-len(name) // WIDE))
    size = max(1, -(-len(name) // count))
    return tuple(name[n : n + size] for n in range(0, len(name), size))


def text_width(text: str) -> float:
    """Of a line of words at the size of the picture: half as wide for Latin letters; px."""
    return sum(FONT if ord(c) > 0x2E7F else FONT * 0.58 for c in text)
