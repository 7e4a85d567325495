"""The two pictures of a household, ready to be drawn: ジェノグラム, and エコマップ around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from cases.kinship.around import Place, around, helper_lines
from cases.kinship.family import Household, Member, Rows
from cases.kinship.frame import Point, frame
from cases.kinship.generations import generations
from cases.kinship.lines import Stroke, bond_lines, family_lines, heights
from cases.kinship.order import ordered
from cases.kinship.places import Box, Spot, lowered, placed

MARGIN: Final = 26.0
HOME_WORDS: Final = (34.0, 17.0)  # 同居


@dataclass(frozen=True)
class Symbol:
    """A person and where; `label` in lines beneath."""

    member: Member
    spot: Spot


@dataclass
class Picture:
    """px from the left upper corner. left_out: ties that contradict the others."""

    width: float
    height: float
    symbols: list[Symbol]
    strokes: list[Stroke]
    frames: list[tuple[Point, ...]]
    home_at: Point | None
    middle: Point  # of the household, from which helpers are moved
    helpers: list[Place] = field(default_factory=list)
    left_out: list[object] = field(default_factory=list)


Moves = Mapping[str, tuple[float, float]]


@dataclass
class _Family:
    """The family drawn with everybody on their spots."""

    rows: Rows
    spots: dict[str, Spot]  # of whom is drawn
    strokes: list[Stroke]
    outlines: list[tuple[Point, ...]]
    core: Box


def draw(household: Household, moves: Moves | None = None) -> tuple[Picture, Picture]:
    """Genogram and ecomap. moves: what was moved by hand, px: persons from where they would stand,
    helpers from the middle of the household. So one moved takes no other along."""
    moves = moves or {}
    household = household.without_strangers()
    still, shown, symbols = _drawn(household, moves)
    places = around(household.helpers, still.spots, still.outlines, still.core, moves)
    helping = helper_lines(places, shown.spots, shown.outlines, shown.core)
    whole = _bounds(
        shown.spots, [*shown.strokes, *helping], shown.outlines, [p.box for p in places]
    )
    genogram, ecomap = (
        _framed(shown, symbols, lines, found, bounds, still.core.middle)
        for lines, found, bounds in (([], [], shown.core), (helping, places, whole))
    )
    return genogram, ecomap


def draw_genogram(household: Household, moves: Moves | None = None) -> Picture:
    """The genogram alone: much less to find out than what stands around it."""
    household = household.without_strangers()
    still, shown, symbols = _drawn(household, moves or {})
    return _framed(shown, symbols, [], [], shown.core, still.core.middle)


def _drawn(household: Household, moves: Moves) -> tuple[_Family, _Family, list[Symbol]]:
    """The family where it would stand, where it was moved to, and its symbols."""
    rows = ordered(generations(household))
    flat = placed(rows)
    spots = lowered(rows, flat, heights(rows, flat))
    still = shown = _family(household, rows, spots)
    if not moves.keys().isdisjoint(spots):
        moved = {key: spot.moved(moves.get(key, (0.0, 0.0))) for key, spot in spots.items()}
        shown = _family(household, rows, moved)
    # In the reader's own order, so that the keyboard goes from A to B to C.
    return still, shown, [Symbol(m, shown.spots[m.key]) for m in household.members]


def _family(household: Household, rows: Rows, spots: dict[str, Spot]) -> _Family:
    lines = family_lines(rows, spots)
    strokes = [*lines, *bond_lines(household.bonds, rows, spots, lines)]
    outlines = frame(rows, spots)
    shown = {key: spot for key, spot in spots.items() if not rows.members[key].is_phantom}
    return _Family(rows, shown, strokes, outlines, _bounds(shown, strokes, outlines))


def _bounds(
    spots: Mapping[str, Spot],
    strokes: Sequence[Stroke],
    outlines: Sequence[tuple[Point, ...]],
    more: Sequence[Box] = (),
) -> Box:
    boxes = [*(spot.whole for spot in spots.values()), *more]
    points = [p for s in strokes for p in s.points] + [p for o in outlines for p in o]
    xs = [x for b in boxes for x in (b.left, b.right)] + [x for x, _y in points]
    ys = [y for b in boxes for y in (b.top, b.bottom)] + [y for _x, y in points]
    return Box(min(xs, default=0), min(ys, default=0), max(xs, default=0), max(ys, default=0))


def _home_at(
    outlines: Sequence[tuple[Point, ...]], spots: Mapping[str, Spot], strokes: Sequence[Stroke]
) -> Point | None:
    """Where the word 同居 stands on the rim: a horizontal stretch that nothing else needs."""
    wide, high = HOME_WORDS
    walls = [box for s in spots.values() for box in (s.symbol, s.label)]
    best: tuple[int, float, float, Point] | None = None
    for outline in outlines:
        for (x, y), (end, level) in zip(outline, [*outline[1:], outline[0]], strict=True):
            if y != level or abs(end - x) < wide + 20:
                continue
            left, right = min(x, end) + 12, max(x, end) - 12 - wide
            for start in (left, (left + right) / 2, right):
                box = Box(start, y - high / 2, start + wide, y + high / 2)
                hits = sum(box.meets(wall) for wall in walls) * 3
                hits += sum(box.cut_by(a, b) for s in strokes for a, b in pairwise(s.points))
                found = (hits, y, start, (start, y))
                best = min(best, found) if best else found
    return best[3] if best else None


def _framed(
    family: _Family,
    symbols: Sequence[Symbol],
    helping: Sequence[Stroke],
    places: Sequence[Place],
    bounds: Box,
    middle: Point,
) -> Picture:
    """Everything moved so that the left upper corner is 0, 0."""
    dx, dy = MARGIN - bounds.left, MARGIN - bounds.top
    strokes = [*helping, *family.strokes]
    home_at = _home_at(family.outlines, family.spots, strokes)

    def at(point: Point) -> Point:
        return round(point[0] + dx, 1), round(point[1] + dy, 1)

    return Picture(
        round(bounds.right + dx + MARGIN, 1),
        round(bounds.bottom + dy + MARGIN, 1),
        [Symbol(s.member, s.spot.moved((dx, dy))) for s in symbols],
        [
            Stroke(
                tuple(at(p) for p in s.points), s.style, s.role, s.about, s.is_arrow, s.slashes,
                at(s.slashes_at),
            )
            for s in strokes
        ],
        [tuple(at(p) for p in outline) for outline in family.outlines],
        at(home_at) if home_at else None,
        at(middle),
        [p.moved((dx, dy)) for p in places],
        family.rows.left_out,
    )  # fmt: skip
