"""Where each stands, in px: nobody on another's place, children beneath the middle of their
parents, partners close. Each line is settled by pooling neighbours that would overlap (isotonic
regression), up and down until it rests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from cases.kinship.family import (
    BIRTH,
    DIVORCED,
    LINE,
    SEPARATED,
    SYMBOL,
    Family,
    Rows,
    text_width,
)

GAP: Final = 28.0  # between the words of neighbours
COUPLE: Final = 44.0  # between the symbols of partners: room for the line down
MARKED: Final = 62.0  # … and for // beside it
LESS: Final = 0.1  # what other parents count in where a child stands
SWEEPS: Final = 40
TRACK: Final = 14.0
CHANNEL: Final = 26.0  # beneath the words, before the first track


@dataclass(frozen=True)
class Box:
    """A rectangle; px, y down."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def middle(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def grown(self, by: float) -> Box:
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)

    def meets(self, other: Box) -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def cut_by(self, start: tuple[float, float], end: tuple[float, float]) -> bool:
        """Whether a straight line passes through."""
        (x, y), (dx, dy) = start, (end[0] - start[0], end[1] - start[1])
        low, high = 0.0, 1.0
        for p, q in (
            (-dx, x - self.left), (dx, self.right - x), (-dy, y - self.top), (dy, self.bottom - y),
        ):  # fmt: skip
            if p == 0:
                if q <= 0:
                    return False
            elif p < 0:
                low = max(low, q / p)
            else:
                high = min(high, q / p)
        return low < high


@dataclass(frozen=True)
class Spot:
    """A person's place: the middle of the symbol, and whether the words stand left of the line that
    runs down from it."""

    x: float
    y: float
    words: tuple[str, ...]
    is_aside: bool = False

    @property
    def symbol(self) -> Box:
        half = SYMBOL / 2
        return Box(self.x - half, self.y - half, self.x + half, self.y + half)

    @property
    def label(self) -> Box:
        """Around the words (nothing wide when there are none)."""
        wide = max((text_width(w) for w in self.words), default=0.0)
        top = self.y + SYMBOL / 2 + 3
        bottom = top + LINE * len(self.words)
        if self.is_aside:
            return Box(self.x - 6 - wide, top, self.x - 6, bottom)
        return Box(self.x - wide / 2, top, self.x + wide / 2, bottom)

    @property
    def whole(self) -> Box:
        one, other = self.symbol, self.label
        return Box(
            min(one.left, other.left), one.top, max(one.right, other.right),
            max(one.bottom, other.bottom),
        )  # fmt: skip

    def moved(self, by: tuple[float, float]) -> Spot:
        return Spot(self.x + by[0], self.y + by[1], self.words, self.is_aside)


def placed(rows: Rows) -> dict[str, Spot]:
    """Where everybody stands on their line; the lines lie on each other still."""
    asides = {f.parents[0] for f in rows.families if len(f.parents) == 1}
    asides -= {key for key in asides if rows.members[key].is_phantom}
    flat = {key: Spot(0, 0, member.words, key in asides) for key, member in rows.members.items()}
    xs = _across(rows, flat)
    left = min((xs[key] + spot.whole.left for key, spot in flat.items()), default=0.0)
    return {key: spot.moved((xs[key] - left, 0)) for key, spot in flat.items()}


def lowered(rows: Rows, spots: dict[str, Spot], rooms: Sequence[float]) -> dict[str, Spot]:
    """Line beneath line. rooms: what bars and brackets ask for above each; px."""
    found, y = dict[str, Spot](), SYMBOL / 2
    for number, row in enumerate(rows.rows):
        y += rooms[number]
        found |= {key: spots[key].moved((0, y)) for key in row}
        lines = max((len(spots[key].words) for key in row), default=0)
        y += SYMBOL + LINE * lines + CHANNEL
    return found


def _across(rows: Rows, flat: dict[str, Spot]) -> dict[str, float]:
    near = {frozenset(f.parents): COUPLE for f in rows.families if len(f.parents) == 2}
    for couple in rows.couples:
        is_marked = couple.state in (DIVORCED, SEPARATED)
        near[frozenset((couple.first, couple.second))] = MARKED if is_marked else COUPLE
    apart = [_distances(rows, row, flat, near) for row in rows.rows]
    xs: dict[str, float] = {}
    for row, gaps in zip(rows.rows, apart, strict=True):
        x = 0.0
        for key, gap in zip(row, [0.0, *gaps], strict=True):
            x += gap
            xs[key] = x
    for sweep in range(SWEEPS):
        order = range(len(rows.rows)) if sweep % 2 == 0 else reversed(range(len(rows.rows)))
        for number in order:
            wants = _wants(rows, number, xs, flat, near, apart[number], sweep < SWEEPS // 2)
            _settle(rows.rows[number], apart[number], wants, xs)
    return xs


def _distances(
    rows: Rows, row: Sequence[str], flat: dict[str, Spot], near: dict[frozenset[str], float]
) -> list[float]:
    """How far apart neighbours must stand at least."""
    found = []
    for one, other in pairwise(row):
        if rows.members[one].is_phantom or rows.members[other].is_phantom:
            reach = [0 if rows.members[k].is_phantom else flat[k].whole.right for k in (one, other)]
            left = 0 if rows.members[other].is_phantom else -flat[other].whole.left
            found.append(max(reach[0], 0) + left + GAP)
            continue
        gap = flat[one].whole.right - flat[other].whole.left + GAP
        if frozenset((one, other)) in near:
            gap = max(gap, SYMBOL + near[frozenset((one, other))])
        found.append(gap)
    return found


def _wants(
    rows: Rows,
    number: int,
    xs: dict[str, float],
    flat: dict[str, Spot],
    near: dict[frozenset[str], float],
    gaps: Sequence[float],
    is_rough: bool,
) -> dict[str, tuple[float, float]]:
    """Where each on the line would like to stand, and how much. Rough: towards each other too."""
    row = rows.rows[number]
    asked: dict[str, list[tuple[float, float]]] = {
        key: [(xs[key], 0.02 if is_rough else 0.001)] for key in row
    }
    home_of = _home_of(rows)
    kin = {key for f in rows.families if f.parents for key in (*f.parents, *f.keys)}
    for family in rows.families:
        if not family.parents:
            continue
        middle = _middle(family, xs, flat)
        own = [key for key in family.keys if home_of[key] is family]
        below = sum(xs[key] for key in own or family.keys) / len(own or family.keys)
        for key in family.keys:
            if key in asked:
                asked[key].append((xs[key] + middle - below, 1.0 if key in own else LESS))
        much = 1.0 if own else LESS
        for key in family.parents:
            if key in asked:
                asked[key].append((xs[key] + below - middle, much))
    for (one, other), gap in zip(pairwise(row), gaps, strict=True):
        if frozenset((one, other)) in near:
            middle = (xs[one] + xs[other]) / 2
            much = 0.5 if is_rough else 0.05
            asked[one].append((middle - gap / 2, much))
            asked[other].append((middle + gap / 2, much))
        else:
            for key, x in ((one, xs[other] - gap), (other, xs[one] + gap)):
                if is_rough or key not in kin:
                    asked[key].append((x, 0.05))
    return {
        key: (sum(x * w for x, w in found) / sum(w for _x, w in found), sum(w for _x, w in found))
        for key, found in asked.items()
    }


def _home_of(rows: Rows) -> dict[str, Family]:
    """The family each child stands beneath: with whom they live, then whose child they are born."""
    found: dict[str, tuple[bool, bool, Family]] = {}
    for family in rows.families:
        with_them = any(rows.members[key].is_home for key in family.parents)
        for key, nature in family.children:
            lives = rows.members[key].is_home and with_them
            claim = (lives, nature == BIRTH and bool(family.parents), family)
            if key not in found or claim[:2] > found[key][:2]:
                found[key] = claim
    return {key: family for key, (_lives, _born, family) in found.items()}


def _middle(family: Family, xs: dict[str, float], flat: dict[str, Spot]) -> float:
    """Where their line comes down: between the words of two parents."""
    if len(family.parents) == 1:
        return xs[family.parents[0]]
    one, other = sorted(family.parents, key=lambda key: xs[key])
    return (xs[one] + flat[one].whole.right + xs[other] + flat[other].whole.left) / 2


def _settle(
    row: Sequence[str],
    gaps: Sequence[float],
    wants: dict[str, tuple[float, float]],
    xs: dict[str, float],
) -> None:
    """The places nearest to what is wanted that keep the distances."""
    offsets = [0.0]
    for gap in gaps:
        offsets.append(offsets[-1] + gap)
    pools: list[tuple[float, float, int]] = []  # where, how much, how many
    for key, offset in zip(row, offsets, strict=True):
        x, weight = wants[key]
        pool = (x - offset, weight, 1)
        while pools and pools[-1][0] > pool[0]:
            where, much, many = pools.pop()
            total = much + pool[1]
            pool = ((where * much + pool[0] * pool[1]) / total, total, many + pool[2])
        pools.append(pool)
    spots = [where for where, _much, many in pools for _each in range(many)]
    for key, offset, spot in zip(row, offsets, spots, strict=True):
        xs[key] = spot + offset
