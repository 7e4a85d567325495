"""What 続柄 tells where nothing is written: everybody's relation to the head of the household.

What is written wins: of two persons of whom something is said, nothing is concluded. Where 続柄
leaves open whose child a grandchild is, nothing is drawn.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from cases.kinship.family import BIRTH, STEP, Couple, Household, Parent, Sibling

# The generation of each relation, the head's being 0.
LEVELS: Final = {
    "head": 0, "spouse": 0, "sibling": 0, "child": 1, "parent": -1, "grandchild": 2,
    "grandparent": -2,
}  # fmt: skip
GENERATION: Final = 27  # years, where nothing but the age is known


@dataclass(frozen=True)
class Derived:
    """Ties concluded from 続柄, apart from those written."""

    parents: tuple[Parent, ...] = ()
    couples: tuple[Couple, ...] = ()
    siblings: tuple[Sibling, ...] = ()


def derived(
    household: Household,
    relations: dict[str, str],
    said: Collection[frozenset[str]],
) -> Derived:
    """relations: 続柄 by member. said: pairs of whom something was written, ended or not."""
    of: dict[str, list[str]] = {}
    for member in household.members:
        of.setdefault(relations.get(member.key, ""), []).append(member.key)
    head, spouse = _one(of.get("head", [])), _one(of.get("spouse", []))
    children, parents = of.get("child", []), of.get("parent", [])
    couples = [(head, spouse)] if head and spouse else []
    shapes = {m.key: m.shape for m in household.members}
    for pair in (parents, of.get("grandparent", [])):
        if len(pair) == 2 and {shapes[key] for key in pair} == {"square", "circle"}:
            couples.append((pair[0], pair[1]))
    below = [(up, child) for up in (head, spouse) if up for child in children]
    # Two of one sex are the head's parent and the spouse's: whose, 続柄 does not say.
    if len(parents) == 1 or (parents and couples and (parents[0], parents[1]) in couples):
        below += [(up, low) for up in parents for low in [head, *of.get("sibling", [])] if low]
    if len(children) == 1:
        below += [(children[0], low) for low in of.get("grandchild", [])]
    if len(parents) == 1:
        below += [(up, parents[0]) for up in of.get("grandparent", [])]
    siblings = [] if parents else [(head, low) for low in of.get("sibling", []) if head]
    if not (head or spouse):
        siblings += list(pairwise(children))
    found = _open(household, below, said)
    return Derived(
        tuple(found),
        tuple(Couple(a, b) for a, b in couples if frozenset((a, b)) not in said),
        tuple(Sibling(a, b) for a, b in siblings if frozenset((a, b)) not in said),
    )


def _one(keys: Sequence[str]) -> str:
    return keys[0] if len(keys) == 1 else ""


def _open(
    household: Household, pairs: Sequence[tuple[str, str]], said: Collection[frozenset[str]]
) -> list[Parent]:
    """Of nobody more than two parents, those written first."""
    count: dict[str, int] = {}
    for tie in household.parents:
        if tie.nature != STEP:
            count[tie.child] = count.get(tie.child, 0) + 1
    found = []
    for up, low in pairs:
        if frozenset((up, low)) not in said and count.get(low, 0) < 2:
            count[low] = count.get(low, 0) + 1
            found.append(Parent(up, low, BIRTH))
    return found


def completed(household: Household, more: Derived) -> Household:
    """Written and concluded together."""
    return replace(
        household,
        parents=household.parents + more.parents,
        couples=household.couples + more.couples,
        siblings=household.siblings + more.siblings,
    )


def level(relation: str, age: int | None, heads_age: int | None) -> int:
    """The generation one would guess: by 続柄, else by age."""
    if relation in LEVELS:
        return LEVELS[relation]
    if age is None or heads_age is None:
        return 0
    return max(-2, min(2, round((heads_age - age) / GENERATION)))
