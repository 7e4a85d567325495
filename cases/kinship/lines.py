"""The lines between persons: partners, parents and children, how two stand to each other.

Between two generations runs a channel of tracks: one bar for each family, bars that would lie on
each other on tracks of their own, in the order that crosses least.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, permutations
from math import hypot, sqrt
from typing import Final

from cases.kinship.family import (
    ADOPTED,
    BIRTH,
    COMMON_LAW,
    DIVORCED,
    SEPARATED,
    STEP,
    SYMBOL,
    Bond,
    Couple,
    Family,
    Member,
    Rows,
)
from cases.kinship.places import TRACK, Box, Spot

Point = tuple[float, float]

BRACKET: Final = 10.0
ABOVE: Final = 38.0  # from the lowest track down to the symbols, and a little
ORPHANS: Final = 10.0  # from the bar of siblings of unknown parents
CHILD_STYLE: Final = {BIRTH: "solid", ADOPTED: "dashed", STEP: "dashdot"}
MARKS: Final = {DIVORCED: 2, SEPARATED: 1}
ALL_ORDERS: Final = 5  # families in a channel of which every order is tried


@dataclass(frozen=True)
class Stroke:
    """A line. style: solid, dashed, dashdot, dotted, double, zigzag. about: whom it ties."""

    points: tuple[Point, ...]
    style: str
    role: str  # couple, child, bond, helper
    about: tuple[str, ...]
    is_arrow: bool = False
    slashes: int = 0
    slashes_at: Point = (0.0, 0.0)


@dataclass(frozen=True)
class Descent:
    """A family in its channel: where its line comes down, where its children hang."""

    family: Family
    drop: float | None  # None: the parents are not known
    hooks: tuple[float, ...]

    @property
    def span(self) -> tuple[float, float]:
        xs = [*self.hooks, *([] if self.drop is None else [self.drop])]
        return min(xs), max(xs)

    @property
    def is_straight(self) -> bool:
        left, right = self.span
        return right - left < 3


def top_of(member: Member, spot: Spot, dx: float) -> float:
    """Where a line from above meets the symbol, `dx` from its middle."""
    half = SYMBOL / 2
    if member.is_phantom:
        return spot.y + half
    if member.shape == "circle":
        return spot.y - sqrt(half * half - dx * dx)
    if member.shape == "diamond":
        return spot.y - half + abs(dx)
    return spot.y - half


def channels(rows: Rows, spots: dict[str, Spot]) -> list[list[Descent]]:
    """Of each line, the families whose children stand on it, in the order of their tracks."""
    row_of = rows.row_of()
    upper = {f: _drop(f, rows, spots) for f in rows.families}
    hooks: dict[tuple[str, int], float] = {}
    for key in row_of:
        of_child = [f for f in rows.families if key in f.keys]
        of_child.sort(key=lambda f: (dict(f.children)[key] != BIRTH, not f.parents))
        for n, family in enumerate(of_child):
            drop = upper[family]
            side = 1 if drop is None or drop >= spots[key].x else -1
            hooks[key, id(family)] = spots[key].x + side * 9 * n
    found: list[list[Descent]] = [[] for _row in rows.rows]
    for family in rows.families:
        xs = tuple(hooks[key, id(family)] for key in family.keys)
        found[row_of[family.keys[0]]].append(Descent(family, upper[family], xs))
    return [_in_order(each) for each in found]


def _drop(family: Family, rows: Rows, spots: dict[str, Spot]) -> float | None:
    if not family.parents:
        return None
    if len(family.parents) == 1:
        return spots[family.parents[0]].x
    one, other = sorted(family.parents, key=lambda key: spots[key].x)
    if not _between(one, other, rows, spots):
        return _gap(spots[one], spots[other])
    # Beside the partner who stands away from the rest.
    row = sorted(rows.rows[rows.row_of()[one]], key=lambda key: spots[key].x)
    if _many(one, rows) > _many(other, rows):
        return _gap(spots[row[row.index(other) - 1]], spots[other])
    return _gap(spots[one], spots[row[row.index(one) + 1]])


def _many(key: str, rows: Rows) -> int:
    return sum(key in (c.first, c.second) for c in rows.couples)


def _between(one: str, other: str, rows: Rows, spots: dict[str, Spot]) -> bool:
    """Somebody stands between the two, on their line."""
    (left, right), level = sorted((spots[one].x, spots[other].x)), rows.row_of()[one]
    return any(
        left < spots[key].x < right and not rows.members[key].is_phantom
        for key in rows.rows[level]
        if key not in (one, other)
    )


def _gap(left: Spot, right: Spot) -> float:
    """The middle between the words of two neighbours, clear of both symbols."""
    return (left.whole.right + right.whole.left) / 2


def _tracks(order: Sequence[Descent]) -> list[int]:
    """The track of each, from the top: below every earlier one whose bar lies over its own."""
    found: list[int] = []
    for n, descent in enumerate(order):
        left, right = descent.span
        over = [
            found[m] + 1
            for m in range(n)
            if order[m].span[0] < right + 6 and left < order[m].span[1] + 6
        ]
        found.append(max(over, default=0))
    return found


def _in_order(descents: Sequence[Descent]) -> list[Descent]:
    """The order of tracks with the fewest crossings."""
    if len(descents) > ALL_ORDERS:
        return sorted(descents, key=lambda d: d.span[1] - d.span[0])
    return min((list(order) for order in permutations(descents)), key=_crossed, default=[])


def _crossed(order: Sequence[Descent]) -> int:
    tracks, total = _tracks(order), 0
    for n, high in enumerate(order):
        for m, low in enumerate(order):
            if tracks[n] >= tracks[m]:
                continue
            left, right = low.span
            total += sum(left - 1 <= x <= right + 1 for x in high.hooks)
            if low.drop is not None:
                total += high.span[0] - 1 <= low.drop <= high.span[1] + 1
                total += 9 * sum(abs(x - low.drop) < 3 for x in high.hooks)
    return total


def heights(rows: Rows, spots: dict[str, Spot]) -> list[float]:
    """The room that bars and brackets ask for above each line; px."""
    found = []
    far = far_couples(rows, spots)
    for number, descents in enumerate(channels(rows, spots)):
        tracks = max(_tracks(descents), default=-1) + 1
        arches = sum(rows.row_of()[c.first] == number for c in far)
        found.append(ABOVE + BRACKET * arches + TRACK * max(0, tracks - 1))
    return found


def far_couples(rows: Rows, spots: dict[str, Spot]) -> list[Couple]:
    """Partners with somebody between them, the nearest first: their line goes over."""
    far = [c for c in rows.couples if _between(c.first, c.second, rows, spots)]
    return sorted(far, key=lambda c: abs(spots[c.first].x - spots[c.second].x))


def family_lines(rows: Rows, spots: dict[str, Spot]) -> list[Stroke]:
    """All lines between partners and from parents to children."""
    far = far_couples(rows, spots)
    arches: dict[frozenset[str], float] = {}
    for level in range(len(rows.rows)):
        here = [c for c in far if rows.row_of()[c.first] == level]
        for n, couple in enumerate(here):
            top = min(spots[key].y for key in rows.rows[level]) - SYMBOL / 2
            arches[frozenset((couple.first, couple.second))] = top - 9 - BRACKET * n
    pairs = {frozenset((c.first, c.second)): c for c in rows.couples}
    for family in rows.families:
        if len(family.parents) == 2:
            # Who have a child together and of whom no more is said: a plain line.
            pairs.setdefault(frozenset(family.parents), Couple(*family.parents, "parents"))
    drops = {frozenset(f.parents): _drop(f, rows, spots) for f in rows.families if f.parents}
    found = [_couple(c, spots, arches.get(pair), drops.get(pair)) for pair, c in pairs.items()]
    for number, descents in enumerate(channels(rows, spots)):
        tracks = _tracks(descents)
        room = BRACKET * sum(rows.row_of()[c.first] == number for c in far)
        for descent, track in zip(descents, tracks, strict=True):
            up = ABOVE + room + TRACK * (max(tracks) - track) - 8
            if descent.drop is None:
                up = ORPHANS
            found += _children(descent, rows, spots, up, arches)
    return found


def _couple(
    couple: Couple, spots: dict[str, Spot], arch: float | None, drop: float | None
) -> Stroke:
    one, other = sorted((couple.first, couple.second), key=lambda key: spots[key].x)
    half = SYMBOL / 2
    style = "dashed" if couple.state == COMMON_LAW else "solid"
    marks = MARKS.get(couple.state, 0)
    if arch is not None:
        left, right = spots[one].x + 12, spots[other].x - 12
        top = spots[one].y - half + 2, spots[other].y - half + 2
        points = ((left, top[0]), (left, arch), (right, arch), (right, top[1]))
        inner = left if drop is None or drop > (left + right) / 2 else right
        at = ((inner + (drop if drop is not None else left + right - inner)) / 2, arch)
        return Stroke(points, style, "couple", (one, other), slashes=marks, slashes_at=at)
    start, end = (spots[one].x + half, spots[one].y), (spots[other].x - half, spots[other].y)
    middle = (start[0] + end[0]) / 2
    if drop is not None and abs(drop - middle) < 16:
        middle = (max(start[0], drop - 26) + drop) / 2
    share = (middle - start[0]) / ((end[0] - start[0]) or 1)
    at = (middle, start[1] + share * (end[1] - start[1]))
    return Stroke((start, end), style, "couple", (one, other), slashes=marks, slashes_at=at)


def _children(
    descent: Descent,
    rows: Rows,
    spots: dict[str, Spot],
    up: float,
    arches: dict[frozenset[str], float],
) -> list[Stroke]:
    """The line down from the parents, the bar, and a line to each child."""
    family = descent.family
    bar = min(spots[key].y for key in family.keys) - SYMBOL / 2 - up
    found, start = [], None
    if descent.drop is not None:
        start = _start(family, rows, spots, descent.drop, arches)
        if bar < start + 8:  # moved by hand
            bar = (start + min(spots[key].y for key in family.keys) - SYMBOL / 2) / 2
    about = (*family.parents, *family.keys)
    natures = [nature for _key, nature in family.children]
    is_one_line = descent.is_straight and start is not None
    for (key, nature), x in zip(family.children, descent.hooks, strict=True):
        high = start if is_one_line and start is not None else bar
        low = top_of(rows.members[key], spots[key], x - spots[key].x)
        style = CHILD_STYLE[nature]
        found.append(Stroke(((x, high), (x, low)), style, "child", (*family.parents, key)))
    if is_one_line:
        return found
    for nature in dict.fromkeys(nature for _key, nature in family.children):
        xs = [x for x, kid in zip(descent.hooks, family.children, strict=True) if kid[1] == nature]
        xs += [] if descent.drop is None else [descent.drop]
        points = ((min(xs), bar), (max(xs), bar))
        found.append(Stroke(points, CHILD_STYLE[nature], "child", about))
    if start is not None and descent.drop is not None:
        points = ((descent.drop, start), (descent.drop, bar))
        style = CHILD_STYLE[natures[0] if len(set(natures)) == 1 else BIRTH]
        found.append(Stroke(points, style, "child", about))
    return found


def _start(
    family: Family,
    rows: Rows,
    spots: dict[str, Spot],
    drop: float,
    arches: dict[frozenset[str], float],
) -> float:
    half = SYMBOL / 2
    if len(family.parents) == 1:
        return spots[family.parents[0]].y + half
    arch = arches.get(frozenset(family.parents))
    if arch is not None:
        return arch
    one, other = sorted((spots[key] for key in family.parents), key=lambda spot: spot.x)
    share = (drop - one.x) / ((other.x - one.x) or 1)
    return one.y + share * (other.y - one.y)


# --- how two stand to each other ---------------------------------------------------------------

BOND_STYLE: Final = {
    "plain": "solid", "strong": "double", "weak": "dotted", "strained": "zigzag",
}  # fmt: skip
BULGES: Final = (0.0, 26.0, -26.0, 48.0, -48.0, 80.0, -80.0, 120.0, -120.0, 170.0, -170.0)
# Where a curve may leave a symbol: the sides and the corners.
PORTS: Final = (
    (-1.0, 0.0),
    (1.0, 0.0),
    (-0.7, -0.7),
    (0.7, -0.7),
    (-0.9, 0.4),
    (0.9, 0.4),
    (0.0, -1.0),
)
STEPS: Final = 10


def bond_lines(
    bonds: Iterable[Bond], rows: Rows, spots: dict[str, Spot], others: Sequence[Stroke]
) -> list[Stroke]:
    """A curve for each, round whoever stands in the way."""
    found: list[Stroke] = []
    shown = {k: s for k, s in spots.items() if not rows.members[k].is_phantom}
    for bond in bonds:
        one, other = shown[bond.first], shown[bond.second]
        best: tuple[float, int, tuple[Point, ...]] | None = None
        for n, points in enumerate(_curves(one, other)):
            long = sum(hypot(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(points))
            if best is None or long / 8 < best[0]:
                cost = long / 8 + _cost(points, bond, shown, [*others, *found])
                best = min(best, (cost, n, points)) if best else (cost, n, points)
        if best:
            found.append(
                Stroke(
                    best[2], BOND_STYLE[bond.quality], "bond", (bond.first, bond.second),
                    is_arrow=bond.is_one_way,
                )
            )  # fmt: skip
    return found


def _curves(one: Spot, other: Spot) -> Iterator[tuple[Point, ...]]:
    """Parabolas between the rims of two symbols, the flattest first; then curves that leave and
    arrive by the sides. None where the two touch."""
    dx, dy = other.x - one.x, other.y - one.y
    long = hypot(dx, dy)
    if long < SYMBOL + 8:
        return
    for bulge in BULGES:
        middle = (
            (one.x + other.x) / 2 + 2 * bulge * dy / long,
            (one.y + other.y) / 2 - 2 * bulge * dx / long,
        )
        start, end = _rim(one, middle), _rim(other, middle)
        yield _bezier(start, middle, middle, end)
    reach = min(90.0, 20 + long / 3)
    for a, b in PORTS:
        for c, d in PORTS:
            start, out = _rim(one, (one.x + a, one.y + b)), (one.x + a * reach, one.y + b * reach)
            end = _rim(other, (other.x + c, other.y + d))
            yield _bezier(start, out, (other.x + c * reach, other.y + d * reach), end)


def _bezier(a: Point, b: Point, c: Point, d: Point) -> tuple[Point, ...]:
    return tuple(
        (
            (1 - t) ** 3 * a[0] + 3 * t * (1 - t) ** 2 * b[0] + 3 * t * t * (1 - t) * c[0]
            + t**3 * d[0],
            (1 - t) ** 3 * a[1] + 3 * t * (1 - t) ** 2 * b[1] + 3 * t * t * (1 - t) * c[1]
            + t**3 * d[1],
        )
        for t in (n / STEPS for n in range(STEPS + 1))
    )  # fmt: skip


def _rim(spot: Spot, towards: Point) -> Point:
    dx, dy = towards[0] - spot.x, towards[1] - spot.y
    long = hypot(dx, dy) or 1
    reach = SYMBOL / 2 + 5
    return spot.x + dx / long * reach, spot.y + dy / long * reach


def _cost(
    points: Sequence[Point], bond: Bond, spots: dict[str, Spot], others: Sequence[Stroke]
) -> float:
    total = 0.0
    left, right = min(x for x, _y in points), max(x for x, _y in points)
    top, bottom = min(y for _x, y in points), max(y for _x, y in points)
    around = Box(left - 3, top - 3, right + 3, bottom + 3)
    steps = list(pairwise(points))
    for key, spot in spots.items():
        is_end = key in (bond.first, bond.second)
        if is_end and any(spot.symbol.cut_by(a, b) for a, b in steps):
            total += 60
        if not is_end and any(spot.symbol.grown(10).cut_by(a, b) for a, b in steps):
            total += 200 if any(spot.symbol.grown(3).cut_by(a, b) for a, b in steps) else 12
        label = spot.label.grown(3)
        if label.meets(around) and any(label.cut_by(a, b) for a, b in steps):
            total += 100
    for stroke in others:
        is_same = set(stroke.about) == {bond.first, bond.second}
        total += (12 if is_same else 4) * crossings(points, stroke.points)
        if is_same and _lies_on(points, stroke.points):
            total += 60
    return total


def _lies_on(points: Sequence[Point], line: Sequence[Point]) -> bool:
    middle = points[len(points) // 2]
    return len(line) == 2 and all(abs(middle[1] - p[1]) < 6 for p in line)


def crossings(one: Sequence[Point], other: Sequence[Point]) -> int:
    """How often two lines cross: touching ends do not count."""
    return sum(_cross(a, b, c, d) for a, b in pairwise(one) for c, d in pairwise(other))


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    def side(p: Point, q: Point, r: Point) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    far = 1e-6
    return side(a, b, c) * side(a, b, d) < -far and side(c, d, a) * side(c, d, b) < -far
