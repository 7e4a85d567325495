"""Who stands where on their line: partners side by side, brothers and sisters together and from the
oldest, few lines crossing. A first order is walked from the oldest down; then parts of a line
change places as long as that makes it better. No chance in it: the same family, the same order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from cases.kinship.family import ENDED, Family, Rows

# What one of each costs.
CROSSING: Final = 120
APART: Final = 400  # partners with somebody between them
APART_ENDED: Final = 250
INTRUDER: Final = 160  # somebody between brothers and sisters who is nobody's partner there
INLAW: Final = 16  # their partner between them
AGE: Final = 24  # a younger one left of an older one
SIDE: Final = 8  # a woman left of her man
AWAY: Final = 12  # somebody from elsewhere between those who live together
FAR: Final = 4  # children away from their parents, a place each
PASSES: Final = 6


def ordered(rows: Rows) -> Rows:
    """The same rows, each in its order."""
    rows.rows = _walked(rows)
    judge = _Judge(rows)
    for _number in range(PASSES):
        improved = [_improve(judge, number) for number in range(len(rows.rows))]
        if not any(improved):
            break
    return rows


def _walked(rows: Rows) -> list[list[str]]:
    """From the oldest down: a person, their partners, the children, before the next."""
    row_of = rows.row_of()
    partners = _partners(rows)
    children: dict[str, list[str]] = {}
    brothers: dict[str, list[str]] = {}
    for family in rows.families:
        for parent in family.parents:
            children.setdefault(parent, []).extend(family.keys)
        for key in family.keys:
            brothers.setdefault(key, []).extend(family.keys)
    placed: dict[str, None] = {}

    def place(key: str) -> None:
        if key in placed:
            return
        placed[key] = None
        for other in [*partners.get(key, ()), *brothers.get(key, ())]:
            place(other)
        for child in children.get(key, ()):
            place(child)

    for row in rows.rows:
        for key in row:
            place(key)
    found: list[list[str]] = [[] for _row in rows.rows]
    for key in placed:
        found[row_of[key]].append(key)
    return found


def _partners(rows: Rows) -> dict[str, list[str]]:
    """Whom each has a child or lived with, the present partner first."""
    found: dict[str, list[str]] = {}
    couples = sorted(rows.couples, key=lambda c: c.state in ENDED)
    pairs = [(c.first, c.second) for c in couples]
    pairs += [(f.parents[0], f.parents[1]) for f in rows.families if len(f.parents) == 2]
    for one, other in pairs:
        for key, beside in ((one, other), (other, one)):
            if beside not in found.setdefault(key, []):
                found[key].append(beside)
    return found


class _Judge:
    """What an order costs, line by line."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.row_of = rows.row_of()
        self.place: dict[str, int] = {}
        for row in rows.rows:
            self.settle(row)
        count = len(rows.rows)
        self.pairs: list[list[tuple[str, str, int]]] = [[] for _n in range(count)]
        weight: dict[frozenset[str], int] = {}
        for couple in rows.couples:
            weight[frozenset((couple.first, couple.second))] = (
                APART_ENDED if couple.state in ENDED else APART
            )
        for family in rows.families:
            if len(family.parents) == 2:
                weight.setdefault(frozenset(family.parents), APART)
        for pair, cost in weight.items():
            one, other = sorted(pair, key=lambda key: _sides(rows, key))
            self.pairs[self.row_of[one]].append((one, other, cost))
        self.above: list[list[Family]] = [[] for _n in range(count)]  # by the row of the children
        for family in rows.families:
            self.above[self.row_of[family.keys[0]]].append(family)
        self.partners = {key: set(found) for key, found in _partners(rows).items()}

    def settle(self, row: Sequence[str]) -> None:
        for number, key in enumerate(row):
            self.place[key] = number

    def cost(self, number: int) -> int:
        """Of one line, and of what runs from it to the lines above and below."""
        total = self._beside(number) + self._between(number)
        return total + self._between(number + 1) if number + 1 < len(self.rows.rows) else total

    def _beside(self, number: int) -> int:
        place, row = self.place, self.rows.rows[number]
        total = 0
        for one, other, cost in self.pairs[number]:
            gap = place[other] - place[one]
            total += (abs(gap) - 1) * cost + (SIDE if gap < 0 else 0)
        for family in self.above[number]:
            keys = family.keys
            spots = [place[key] for key in keys]
            total += AGE * sum(a > b for n, a in enumerate(spots) for b in spots[n + 1 :])
            for between in range(min(spots) + 1, max(spots)):
                key = row[between]
                if key not in keys:
                    near = self.partners.get(key, set())
                    total += INLAW if near.intersection(keys) else INTRUDER
        homes = [n for n, key in enumerate(row) if self.rows.members[key].is_home]
        if homes:
            total += AWAY * (homes[-1] - homes[0] + 1 - len(homes))
        return total

    def _between(self, number: int) -> int:
        """Crossings between two lines, and how far children stand from their parents."""
        families = [f for f in self.above[number] if f.parents]
        spots = [
            (
                sum(self.place[p] for p in f.parents) / len(f.parents),
                [self.place[key] for key in f.keys],
            )
            for f in families
        ]
        total = 0.0
        for n, (up, low) in enumerate(spots):
            width, upper = len(self.rows.rows[number]), len(self.rows.rows[number - 1])
            total += FAR * abs((up + 0.5) / upper - (sum(low) / len(low) + 0.5) / width) * width
            for other_up, other_low in spots[n + 1 :]:
                if up == other_up:
                    continue
                sign = up < other_up
                crossed = sum((a < b) != sign for a in low for b in other_low if a != b)
                total += CROSSING * min(crossed, 3)
        return round(total)


def _sides(rows: Rows, key: str) -> tuple[bool, float]:
    member = rows.members[key]
    return member.shape == "circle", member.rank


def _improve(judge: _Judge, number: int) -> bool:
    """Change places on one line as long as it gets better."""
    row = judge.rows.rows[number]
    best, improved = judge.cost(number), False
    again = len(row) > 1
    while again:
        again = False
        for candidate in _moves(row):
            judge.settle(candidate)
            before, judge.rows.rows[number] = judge.rows.rows[number], candidate
            cost = judge.cost(number)
            if cost < best:
                best, row, again, improved = cost, candidate, True, True
                break
            judge.rows.rows[number] = before
        judge.settle(row)
    return improved


def _moves(row: Sequence[str]) -> Iterator[list[str]]:
    """Two neighbouring parts change places (up to four persons each), or a part turns round."""
    size = len(row)
    for start in range(size):
        for middle in range(start + 1, min(start + 5, size)):
            for end in range(middle + 1, size + 1):
                yield [*row[:start], *row[middle:end], *row[start:middle], *row[end:]]
            if middle + 1 <= size and middle - start >= 2:
                yield [*row[:start], *reversed(row[start:middle]), *row[middle:]]
    if size > 2:
        yield list(reversed(row))
