"""Who stands on which line: parents above their children, partners and siblings beside each other.

Ties may contradict each other (two agencies, each with its own view): what fits with the ties
before it is kept, what does not is left out of the picture and stands in the table alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median_low

from cases.kinship.family import (
    BIRTH,
    Couple,
    Family,
    Household,
    Member,
    Parent,
    Rows,
)


class _Classes:
    """Persons who share a generation, with parent above child between the classes."""

    def __init__(self, keys: Iterable[str]) -> None:
        self.of = {key: key for key in keys}
        self.edges: list[tuple[str, str]] = []

    def is_below(self, start: str, goal: str) -> bool:
        """Whether `goal` is reached from `start` by going down."""
        below: dict[str, set[str]] = defaultdict(set)
        for upper, lower in self.edges:
            below[self.of[upper]].add(self.of[lower])
        seen, todo = set(), list(below[self.of[start]])
        while todo:
            found = todo.pop()
            if found == self.of[goal]:
                return True
            if found not in seen:
                seen.add(found)
                todo += below[found]
        return False

    def descend(self, parent: str, child: str) -> bool:
        """Child below parent, unless that goes round in a circle."""
        if self.of[parent] == self.of[child] or self.is_below(child, parent):
            return False
        self.edges.append((parent, child))
        return True

    def join(self, first: str, second: str) -> bool:
        """On the same line, unless one stands below the other."""
        one, other = self.of[first], self.of[second]
        if one == other:
            return True
        if self.is_below(first, second) or self.is_below(second, first):
            return False
        for key, label in self.of.items():
            if label == other:
                self.of[key] = one
        return True


def generations(household: Household) -> Rows:
    """Rows in the order of the members given; the order within a row is `order`'s work."""
    household = household.without_strangers()
    classes = _Classes(m.key for m in household.members)
    left_out: list[object] = []
    parents: list[Parent] = []
    for tie in sorted(household.parents, key=lambda t: t.nature != BIRTH):
        (parents if classes.descend(tie.parent, tie.child) else left_out).append(tie)
    of_parent: dict[str, list[str]] = defaultdict(list)
    for tie in parents:
        of_parent[tie.parent].append(tie.child)
    for children in of_parent.values():
        for child in children[1:]:
            classes.join(children[0], child)
    couples: list[Couple] = []
    for couple in household.couples:
        fits = classes.join(couple.first, couple.second)
        (couples if fits else left_out).append(couple)
    pairs = []
    for sibling in household.siblings:
        fits = classes.join(sibling.first, sibling.second)
        (pairs.append((sibling.first, sibling.second)) if fits else left_out.append(sibling))
    levels = _levels(household.members, classes)
    families = _families(household.members, parents, couples, pairs, levels)
    return _rows(household.members, families, couples, levels, left_out)


def _levels(members: Sequence[Member], classes: _Classes) -> dict[str, int]:
    """Each as near above their children as can be; unrelated groups by what one would guess."""
    above: dict[str, set[str]] = defaultdict(set)
    below: dict[str, set[str]] = defaultdict(set)
    for upper, lower in classes.edges:
        above[classes.of[lower]].add(classes.of[upper])
        below[classes.of[upper]].add(classes.of[lower])
    depth: dict[str, int] = {}

    def deep(label: str) -> int:
        if label not in depth:
            depth[label] = 1 + max((deep(up) for up in above[label]), default=-1)
        return depth[label]

    labels = list(dict.fromkeys(classes.of.values()))
    for label in labels:
        deep(label)
    for label in sorted(labels, key=lambda each: -depth[each]):
        if below[label]:
            depth[label] = min(depth[low] for low in below[label]) - 1
    group: dict[str, str] = {}
    for label in labels:
        todo = [label]
        while todo:
            found = todo.pop()
            if found not in group:
                group[found] = label
                todo += [*above[found], *below[found]]
    shift: dict[str, list[int]] = defaultdict(list)
    for member in members:
        label = classes.of[member.key]
        shift[group[label]].append(member.level - depth[label])
    moved = {name: median_low(found) for name, found in shift.items()}
    return {m.key: depth[classes.of[m.key]] + moved[group[classes.of[m.key]]] for m in members}


def _families(
    members: Sequence[Member],
    parents: Sequence[Parent],
    couples: Sequence[Couple],
    pairs: Sequence[tuple[str, str]],
    levels: dict[str, int],
) -> list[Family]:
    """Children by their parents. A step or adoptive parent who is the partner of another parent
    stands with that one; who is not on the same line stands alone."""
    rank = {m.key: (m.rank, n) for n, m in enumerate(members)}
    together = {frozenset((c.first, c.second)) for c in couples}
    found: dict[tuple[str, ...], dict[str, str]] = defaultdict(dict)
    for child in sorted({t.child for t in parents}, key=lambda key: rank[key]):
        of_child = [t for t in parents if t.child == child]
        for nature in dict.fromkeys(t.nature for t in of_child):
            those = [t.parent for t in of_child if t.nature == nature]
            for group in _side_by_side(those, together, levels):
                beside = [
                    t.parent
                    for t in of_child
                    if len(group) == 1 and nature != BIRTH
                    and frozenset((t.parent, group[0])) in together
                ][:1]  # fmt: skip
                parents_of = tuple(sorted([*group, *beside], key=lambda key: rank[key]))
                found[parents_of].setdefault(child, nature)
    families = [
        Family(who, tuple(sorted(kids.items(), key=lambda kid: rank[kid[0]])))
        for who, kids in found.items()
    ]
    return [*families, *_without_parents(pairs, families, rank)]


def _side_by_side(
    parents: Sequence[str], together: set[frozenset[str]], levels: dict[str, int]
) -> list[tuple[str, ...]]:
    """Two at a time: couples first, then whoever stands on the same line."""
    left, groups = list(parents), []
    for couples_only in (True, False):
        for one in list(left):
            for other in list(left):
                if one == other or one not in left or other not in left:
                    continue
                is_pair = frozenset((one, other)) in together
                if is_pair or (not couples_only and levels[one] == levels[other]):
                    groups.append((one, other))
                    left = [key for key in left if key not in (one, other)]
    return [*groups, *((one,) for one in left)]


def _without_parents(
    pairs: Sequence[tuple[str, str]], families: Sequence[Family], rank: dict[str, tuple[float, int]]
) -> list[Family]:
    """Siblings of whose parents none is known; who has parents brings the others under them only
    by a tie of their own."""
    together: dict[str, set[str]] = {}
    known = [set(f.keys) for f in families]
    for one, other in pairs:
        if any({one, other} <= kids for kids in known):
            continue
        group = together.get(one, {one}) | together.get(other, {other})
        for key in group:
            together[key] = group
    groups = {tuple(sorted(group, key=lambda key: rank[key])) for group in together.values()}
    return [Family((), tuple((key, BIRTH) for key in group)) for group in sorted(groups)]


def _rows(
    members: Sequence[Member],
    families: Sequence[Family],
    couples: Sequence[Couple],
    levels: dict[str, int],
    left_out: list[object],
) -> Rows:
    """Lines of persons; a family that skips a line gets a place held for its line there."""
    everybody = {m.key: m for m in members}
    cut: list[Family] = []
    for number, family in enumerate(families):
        level = max((levels[key] for key in family.parents), default=None)
        if level is None:
            cut.append(family)
            continue
        near: list[tuple[str, str]] = []
        for child, nature in family.children:
            steps = range(level + 1, levels[child])
            chain = [f"_{number}_{child}_{step}" for step in steps]
            for key, step in zip(chain, steps, strict=True):
                levels[key] = step
                everybody[key] = Member(key, rank=everybody[child].rank, is_phantom=True)
            path = [*chain, child]
            near.append((path[0], nature))
            cut += [Family((up,), ((low, nature),)) for up, low in pairwise(path)]
        cut.append(Family(family.parents, tuple(near)))
    used = sorted(set(levels.values()))
    rows: list[list[str]] = [[] for _each in used]
    for key in everybody:
        rows[used.index(levels[key])].append(key)
    return Rows(everybody, rows, cut, list(couples), left_out)
