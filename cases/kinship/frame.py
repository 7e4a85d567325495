"""同居の囲み: one outline round those who live together, and round nobody else.

Each run of neighbours is a rectangle; runs are joined through the channels between the lines, where
nobody stands. The outline of all these rectangles is walked once.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

from cases.kinship.family import LINE, SYMBOL, Rows
from cases.kinship.places import Box, Spot

Point = tuple[float, float]

PAD: Final = 7.0
ABOVE: Final = 17.0
PASSAGE: Final = 20.0


def frame(rows: Rows, spots: dict[str, Spot]) -> list[tuple[Point, ...]]:
    """Closed outlines: one where those who live together can be joined, more where somebody else
    stands in between."""
    runs = [(n, box) for n, row in enumerate(rows.rows) for box in _runs(rows, row, spots)]
    if not runs:
        return []
    others = [
        spot.whole for key, spot in spots.items()
        if not rows.members[key].is_home and not rows.members[key].is_phantom
    ]  # fmt: skip
    boxes = [box for _row, box in runs]
    group = list(range(len(runs)))
    for one in range(len(runs)):
        for other in range(one):
            if group[one] == group[other]:
                continue
            passage = _passage(runs[other], runs[one], others)
            if passage:
                boxes += passage
                old = group[one]
                group = [group[other] if g == old else g for g in group]
    return _outlines(boxes)


def _runs(rows: Rows, row: Sequence[str], spots: dict[str, Spot]) -> list[Box]:
    """Neighbours who live together, each run in one rectangle down to the longest words."""
    shown = [key for key in row if not rows.members[key].is_phantom]
    shown.sort(key=lambda key: spots[key].x)
    found: list[Box] = []
    is_running = False
    for key in shown:
        if not rows.members[key].is_home:
            is_running = False
            continue
        spot = spots[key]
        box = Box(
            spot.whole.left - PAD, spot.y - SYMBOL / 2 - ABOVE, spot.whole.right + PAD,
            spot.y + SYMBOL / 2 + 6 + LINE * len(spot.words) + 4,
        )  # fmt: skip
        if is_running:
            last = found.pop()
            box = Box(
                last.left, min(last.top, box.top), max(last.right, box.right),
                max(last.bottom, box.bottom),
            )  # fmt: skip
        found.append(box)
        is_running = True
    return found


def _passage(upper: tuple[int, Box], lower: tuple[int, Box], others: Sequence[Box]) -> list[Box]:
    """Rectangles that join two runs without taking in anybody else; empty if there are none."""
    (row, one), (below, other) = upper, lower
    if row == below:
        first, second = sorted((one, other), key=lambda box: box.left)
        foot = max(one.bottom, other.bottom)
        way = [
            Box(first.right - PASSAGE, first.top, first.right, foot + 8),
            Box(first.right - PASSAGE, foot + 1, second.left + PASSAGE, foot + 8),
            Box(second.left, second.top, second.left + PASSAGE, foot + 8),
        ]
    elif min(one.right, other.right) - max(one.left, other.left) >= PASSAGE:
        left, right = max(one.left, other.left), min(one.right, other.right)
        way = [Box(left, one.bottom - 1, right, other.top + 1)]
    elif below == row + 1:
        way = _stairs(one, other)
    else:
        return []
    return [] if any(box.meets(each) for box in way for each in others) else way


def _stairs(upper: Box, lower: Box) -> list[Box]:
    """Down from the near end of one run, across the channel, down to the near end of the other."""
    middle = (upper.bottom + lower.top) / 2
    if upper.right < lower.left + PASSAGE:
        down, on = (upper.right - PASSAGE, upper.right), (lower.left, lower.left + PASSAGE)
    else:
        down, on = (upper.left, upper.left + PASSAGE), (lower.right - PASSAGE, lower.right)
    return [
        Box(down[0], upper.bottom - 1, down[1], middle + 4),
        Box(min(down[0], on[0]), middle - 4, max(down[1], on[1]), middle + 4),
        Box(on[0], middle - 4, on[1], lower.top + 1),
    ]


def _outlines(boxes: Sequence[Box]) -> list[tuple[Point, ...]]:
    """The rims of a union of rectangles, outer and inner, each a closed walk round its corners."""
    xs = sorted({x for b in boxes for x in (b.left, b.right)})
    ys = sorted({y for b in boxes for y in (b.top, b.bottom)})
    filled = set()
    for box in boxes:
        for i in range(bisect_left(xs, box.left), bisect_left(xs, box.right)):
            for j in range(bisect_left(ys, box.top), bisect_left(ys, box.bottom)):
                filled.add((i, j))
    # Edges with the inside on their right hand.
    edges: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for i, j in sorted(filled):
        for is_open, start, end in (
            ((i, j - 1) not in filled, (i, j), (i + 1, j)),
            ((i + 1, j) not in filled, (i + 1, j), (i + 1, j + 1)),
            ((i, j + 1) not in filled, (i + 1, j + 1), (i, j + 1)),
            ((i - 1, j) not in filled, (i, j + 1), (i, j)),
        ):
            if is_open:
                edges.setdefault(start, []).append(end)
    found = []
    while edges:
        start = min(edges)
        walk, here = [start], start
        while True:
            there = edges[here].pop()
            if not edges[here]:
                del edges[here]
            here = there
            if here == start:
                break
            walk.append(here)
        found.append(_corners([(xs[i], ys[j]) for i, j in walk]))
    return found


def _corners(walk: Sequence[Point]) -> tuple[Point, ...]:
    """Without the points on a straight edge."""
    return tuple(
        point
        for before, point, after in zip(
            [walk[-1], *walk[:-1]], walk, [*walk[1:], walk[0]], strict=True
        )
        if not (before[0] == point[0] == after[0] or before[1] == point[1] == after[1])
    )
