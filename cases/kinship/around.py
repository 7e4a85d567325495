"""エコマップ: agencies and resources around the household, each where its line passes nobody.

Places are offered on a ring; each helper takes the one from which the line to whom it helps
is short, crosses no other and passes over no symbol and no words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from math import copysign, cos, hypot, pi, sin, sqrt
from typing import Final

from cases.kinship.family import LINE, SYMBOL, Helper, text_width
from cases.kinship.lines import BOND_STYLE, Point, Stroke, crossings
from cases.kinship.places import Box, Spot

NEAR: Final = 54.0  # from the household to the helpers
SPACE: Final = 14.0
CHANGES: Final = 4
STEPS: Final = 240
SPARE: Final = 2


@dataclass(frozen=True)
class Place:
    """Where a helper stands: the middle of its box."""

    x: float
    y: float
    helper: Helper

    @property
    def box(self) -> Box:
        wide, high = size(self.helper)
        return Box(self.x - wide / 2, self.y - high / 2, self.x + wide / 2, self.y + high / 2)

    def moved(self, by: tuple[float, float]) -> Place:
        return Place(self.x + by[0], self.y + by[1], self.helper)


def size(helper: Helper) -> tuple[float, float]:
    wide = max((text_width(word) for word in helper.words), default=0.0)
    return max(96.0, wide + 22), LINE * len(helper.words) + 14


def around(
    helpers: Sequence[Helper],
    spots: Mapping[str, Spot],
    frame: Sequence[tuple[Point, ...]],
    core: Box,
    moves: Mapping[str, tuple[float, float]],
) -> list[Place]:
    """A place for each helper, in the order given. Who was moved by hand stands there, from the
    middle of the household; the others find places round them."""
    x, y = core.middle
    fixed = {h.key: Place(x, y, h).moved(moves[h.key]) for h in helpers if h.key in moves}
    free = [h for h in helpers if h.key not in moves]
    found = _found(free, spots, frame, core, [place.box for place in fixed.values()])
    return [fixed.get(h.key) or found[h.key] for h in helpers]


def _found(
    helpers: Sequence[Helper],
    spots: Mapping[str, Spot],
    frame: Sequence[tuple[Point, ...]],
    core: Box,
    taken: Sequence[Box],
) -> dict[str, Place]:
    if not helpers:
        return {}
    wide = max(size(h)[0] for h in helpers)
    high = max(size(h)[1] for h in helpers)
    free = _offered(core, wide, high, len(helpers), taken)
    walls = [(key, box) for key, spot in spots.items() for box in (spot.symbol, spot.label)]
    cost = [[_cost(Place(x, y, h), spots, frame, walls, core) for x, y in free] for h in helpers]
    left = list(range(len(free)))
    chosen: dict[int, int] = {}
    for n in sorted(range(len(helpers)), key=lambda n: (helpers[n].to == "", n)):
        chosen[n] = min(left, key=lambda spot: (cost[n][spot], spot))
        left.remove(chosen[n])
    _uncross(helpers, chosen, free, cost, spots, frame, core)
    return {h.key: Place(*free[chosen[n]], h) for n, h in enumerate(helpers)}


def _offered(core: Box, wide: float, high: float, count: int, taken: Sequence[Box]) -> list[Point]:
    """Points on a rounded ring round the household, a few more than are needed."""
    middle_x, middle_y = core.middle
    across, down = (core.right - core.left + wide) / 2, (core.bottom - core.top + high) / 2
    away = NEAR
    while True:
        kept: list[Point] = []
        for step in range(STEPS):
            angle = 2 * pi * (step / STEPS) - pi / 2
            x = middle_x + (across + away * 1.3) * _round(cos(angle))
            y = middle_y + (down + away) * _round(sin(angle))
            box = Box(x - wide / 2, y - high / 2, x + wide / 2, y + high / 2)
            if any(box.grown(4).meets(other) for other in taken):
                continue
            if all(abs(x - a) >= wide + SPACE or abs(y - b) >= high + SPACE for a, b in kept):
                kept.append((round(x, 1), round(y, 1)))
        if len(kept) >= count + SPARE:
            return kept
        away += 24


def _round(share: float) -> float:
    """Between a circle and a square."""
    return copysign(sqrt(abs(share)), share)


def line_to(
    place: Place, spots: Mapping[str, Spot], frame: Sequence[tuple[Point, ...]], core: Box
) -> tuple[Point, Point]:
    """From the rim of the helper's box to the person, or to the nearest rim of the household."""
    if place.helper.to in spots:
        spot = spots[place.helper.to]
        goal, reach = (spot.x, spot.y), SYMBOL / 2 + 5
    else:
        goal, reach = _nearest(place, frame, core), 0.0
    dx, dy = goal[0] - place.x, goal[1] - place.y
    long = hypot(dx, dy) or 1.0
    wide, high = size(place.helper)
    out = min(
        wide / 2 / abs(dx) if dx else float("inf"), high / 2 / abs(dy) if dy else float("inf")
    )
    start = (place.x + dx * out, place.y + dy * out)
    return start, (goal[0] - dx / long * reach, goal[1] - dy / long * reach)


def _nearest(place: Place, frame: Sequence[tuple[Point, ...]], core: Box) -> Point:
    rims = frame or [
        (
            (core.left, core.top), (core.right, core.top), (core.right, core.bottom),
            (core.left, core.bottom),
        )
    ]  # fmt: skip
    best, far = (place.x, place.y), float("inf")
    for rim in rims:
        for a, b in zip(rim, [*rim[1:], rim[0]], strict=True):
            dx, dy = b[0] - a[0], b[1] - a[1]
            long = dx * dx + dy * dy or 1.0
            # Not at a corner, where the rim is round.
            share = ((place.x - a[0]) * dx + (place.y - a[1]) * dy) / long
            share = min(max(share, 0.2), 0.8)
            point = (a[0] + share * dx, a[1] + share * dy)
            away = hypot(point[0] - place.x, point[1] - place.y)
            if away < far:
                best, far = point, away
    return best


def _cost(
    place: Place,
    spots: Mapping[str, Spot],
    frame: Sequence[tuple[Point, ...]],
    walls: Sequence[tuple[str, Box]],
    core: Box,
) -> float:
    start, end = line_to(place, spots, frame, core)
    passed = sum(
        box.right > box.left and box.grown(3).cut_by(start, end)
        for key, box in walls
        if key != place.helper.to or box.top > spots[key].y
    )
    return passed * 2000 + hypot(end[0] - start[0], end[1] - start[1])


def _uncross(
    helpers: Sequence[Helper],
    chosen: dict[int, int],
    free: Sequence[Point],
    cost: Sequence[Sequence[float]],
    spots: Mapping[str, Spot],
    frame: Sequence[tuple[Point, ...]],
    core: Box,
) -> None:
    """Two helpers change places as long as that crosses less."""

    @cache
    def line(n: int, spot: int) -> tuple[Place, tuple[Point, Point]]:
        place = Place(*free[spot], helpers[n])
        return place, line_to(place, spots, frame, core)

    @cache
    def beside(n: int, spot: int, m: int, other: int) -> int:
        (one, here), (two, there) = line(n, spot), line(m, other)
        found = 400 * crossings(here, there)
        found += 1500 * one.box.grown(2).cut_by(*there)
        return found + 1500 * two.box.grown(2).cut_by(*here)

    def total(now: dict[int, int]) -> float:
        found = sum(cost[n][spot] for n, spot in now.items())
        return found + sum(beside(n, now[n], m, now[m]) for n, m in combinations(sorted(now), 2))

    best = total(chosen)
    for _number in range(CHANGES):
        better = False
        for n, m in combinations(sorted(chosen), 2):
            trial = {**chosen, n: chosen[m], m: chosen[n]}
            if (found := total(trial)) < best - 1:
                chosen.update(trial)
                best, better = found, True
        if not better:
            break


def helper_lines(
    places: Sequence[Place],
    spots: Mapping[str, Spot],
    frame: Sequence[tuple[Point, ...]],
    core: Box,
) -> list[Stroke]:
    found = []
    for place in places:
        start, end = line_to(place, spots, frame, core)
        points = (end, start) if place.helper.flow == "out" else (start, end)
        found.append(
            Stroke(
                points, BOND_STYLE[place.helper.quality], "helper",
                (place.helper.key, place.helper.to), is_arrow=bool(place.helper.flow),
            )
        )  # fmt: skip
    return found
