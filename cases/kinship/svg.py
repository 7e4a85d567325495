"""A picture as shapes that a template writes down: path data and places, no colour, no markup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import hypot
from typing import Final

from cases.kinship.family import LINE, SYMBOL
from cases.kinship.lines import Stroke
from cases.kinship.picture import HOME_WORDS, Moves, Picture, Point, Symbol

ZIGZAG: Final = 5.0
DOUBLE: Final = 2.5
ROUND: Final = 10.0


@dataclass(frozen=True)
class Path:
    d: str
    css: str


@dataclass(frozen=True)
class Word:
    x: float
    y: float
    text: str
    css: str = ""


@dataclass(frozen=True)
class Person:
    """A symbol: its shapes, the age within, the words beneath; how it is called; by how much it was
    moved by hand."""

    key: str
    said: str
    shapes: list[Path]
    words: list[Word]
    dx: float = 0.0
    dy: float = 0.0


@dataclass(frozen=True)
class Around:
    """A helper's box with its words."""

    key: str
    said: str
    x: float
    y: float
    width: float
    height: float
    css: str
    words: list[Word]
    dx: float = 0.0
    dy: float = 0.0


@dataclass(frozen=True)
class Svg:
    """One picture."""

    width: float
    height: float
    frame: str
    frame_word: Word | None
    frame_ground: tuple[float, float, float, float] | None
    lines: list[Path]
    persons: list[Person]
    helpers: list[Around]

    @property
    def view_box(self) -> str:
        return f"0 0 {_n(self.width)} {_n(self.height)}"


def svg(
    picture: Picture,
    home_word: str,
    names: Mapping[str, str] | None = None,
    moves: Moves | None = None,
) -> Svg:
    """home_word: what stands on the rim round those who live together. names: what symbols are
    called; moves: by how much
    persons were moved, px."""
    names, moves = names or {}, moves or {}
    word, ground = None, None
    if picture.home_at:
        (x, y), (wide, high) = picture.home_at, HOME_WORDS
        ground = (x, round(y - high / 2, 1), wide, high)
        word = Word(round(x + wide / 2, 1), round(y + 4.5, 1), home_word, "kin-small")
    return Svg(
        picture.width,
        picture.height,
        " ".join(_rounded(outline) for outline in picture.frames),
        word,
        ground,
        [path for stroke in picture.strokes for path in _line(stroke)],
        [
            _person(
                s, names.get(s.member.key, "".join(s.member.words)),
                moves.get(s.member.key, (0.0, 0.0)),
            )
            for s in picture.symbols
        ],
        [
            Around(
                p.helper.key, names.get(p.helper.key, "".join(p.helper.words)),
                round(p.box.left, 1), round(p.box.top, 1),
                round(p.box.right - p.box.left, 1), round(p.box.bottom - p.box.top, 1),
                "kin-lead" if p.helper.is_lead else "",
                [
                    Word(round(p.x, 1), round(p.box.top + 7 + LINE * n + 12, 1), word,
                         "kin-small" if p.helper.kind and n == len(p.helper.words) - 1 else "")
                    for n, word in enumerate(p.helper.words)
                ],
                round(p.x - picture.middle[0], 1), round(p.y - picture.middle[1], 1),
            )
            for p in picture.helpers
        ],
    )  # fmt: skip


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _poly(points: Sequence[Point], *, closed: bool = False) -> str:
    d = "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in points)
    return d + "Z" if closed else d


def _person(symbol: Symbol, said: str, move: tuple[float, float]) -> Person:
    member, spot = symbol.member, symbol.spot
    shapes = [Path(_shape(member.shape, spot.x, spot.y, SYMBOL / 2), "kin-symbol")]
    if member.is_centre:
        shapes.append(Path(_shape(member.shape, spot.x, spot.y, SYMBOL / 2 - 4), "kin-inner"))
    words = []
    if member.is_deceased:
        r = SYMBOL / 2 * (0.7 if member.shape == "circle" else 1.0 if member.shape == "square"
                          else 0.5)  # fmt: skip
        x, y = spot.x, spot.y
        shapes.append(
            Path(
                _poly([(x - r, y - r), (x + r, y + r)]) + _poly([(x - r, y + r), (x + r, y - r)]),
                "kin-line",
            )
        )
    elif member.age:
        words.append(Word(round(spot.x, 1), round(spot.y + 5, 1), member.age, "kin-age"))
    label = spot.label
    x, css = (label.right, "kin-end") if spot.is_aside else (spot.x, "")
    words += [
        Word(round(x, 1), round(label.top + 12 + LINE * n, 1), text, css)
        for n, text in enumerate(spot.words)
    ]
    return Person(member.key, said, shapes, words, *move)


def _shape(shape: str, x: float, y: float, r: float) -> str:
    if shape == "square":
        return _poly([(x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r)], closed=True)
    if shape == "diamond":
        return _poly([(x, y - r), (x + r, y), (x, y + r), (x - r, y)], closed=True)
    return (
        f"M{_n(x - r)} {_n(y)}a{_n(r)} {_n(r)} 0 1 0 {_n(2 * r)} 0"
        f"a{_n(r)} {_n(r)} 0 1 0 {_n(-2 * r)} 0Z"
    )


def _line(stroke: Stroke) -> list[Path]:
    css = f"kin-line kin-{stroke.role} kin-{stroke.style}"
    points = stroke.points
    if stroke.style == "zigzag":
        found = [Path(_poly(_zigzag(points)), css)]
    elif stroke.style == "double":
        found = [Path(_poly(_beside(points, by)), css) for by in (-DOUBLE, DOUBLE)]
    else:
        found = [Path(_poly(points), css)]
    if stroke.is_arrow:
        found.append(Path(_arrow(points), "kin-arrow"))
    x, y = stroke.slashes_at
    for n in range(stroke.slashes):
        middle = x + (n - (stroke.slashes - 1) / 2) * 6
        found.append(Path(_poly([(middle - 5, y + 9), (middle + 5, y - 9)]), "kin-line kin-slash"))
    return found


def _arrow(points: Sequence[Point]) -> str:
    (ax, ay), (x, y) = points[-2], points[-1]
    long = hypot(x - ax, y - ay) or 1
    ux, uy = (x - ax) / long, (y - ay) / long
    return _poly(
        [(x, y), (x - 11 * ux - 5 * uy, y - 11 * uy + 5 * ux),
         (x - 11 * ux + 5 * uy, y - 11 * uy - 5 * ux)], closed=True,
    )  # fmt: skip


def _steps(points: Sequence[Point], step: float) -> list[tuple[Point, Point]]:
    """Points along a line, each with the direction across it."""
    found = []
    for (ax, ay), (bx, by) in pairwise(points):
        long = hypot(bx - ax, by - ay)
        if not long:
            continue
        across = (-(by - ay) / long, (bx - ax) / long)
        count = max(1, round(long / step))
        found += [
            ((ax + (bx - ax) * n / count, ay + (by - ay) * n / count), across) for n in range(count)
        ]
    return found


def _zigzag(points: Sequence[Point]) -> list[Point]:
    found = [
        (x + dx * ZIGZAG * (-1) ** n, y + dy * ZIGZAG * (-1) ** n)
        for n, ((x, y), (dx, dy)) in enumerate(_steps(points, 7))
    ]
    return [points[0], *found[1:], points[-1]]


def _beside(points: Sequence[Point], by: float) -> list[Point]:
    steps = _steps(points, 40)
    (dx, dy), (x, y) = steps[-1][1], points[-1]
    return [*((a + c * by, b + d * by) for (a, b), (c, d) in steps), (x + dx * by, y + dy * by)]


def _rounded(outline: Sequence[Point]) -> str:
    """A closed outline with round corners."""
    parts: list[str] = []
    for before, (x, y), after in zip(
        [outline[-1], *outline[:-1]], outline, [*outline[1:], outline[0]], strict=True
    ):
        start, end = (_towards((x, y), other) for other in (before, after))
        verb = "L" if parts else "M"
        parts.append(
            f"{verb}{_n(start[0])} {_n(start[1])}Q{_n(x)} {_n(y)} {_n(end[0])} {_n(end[1])}"
        )
    return "".join(parts) + "Z"


def _towards(point: Point, other: Point) -> Point:
    long = hypot(other[0] - point[0], other[1] - point[1]) or 1
    share = min(ROUND, long / 2) / long
    return point[0] + (other[0] - point[0]) * share, point[1] + (other[1] - point[1]) * share
