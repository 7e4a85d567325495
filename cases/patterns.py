"""Patterns of households that ask for several agencies: hints from what the reader sees, never
stored and never counted (domain.md §5.3). Whoever knows the family decides whether it is so.

No query of its own: the case page has read the persons and the problems already.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _

from cases.ages import words_of
from cases.enums import IssueType, Relation
from cases.models import Issue, Person
from config.lib.wording import in_words

OLD_PARENT: Final = 75
GROWN_CHILD: Final = 40
ADULT: Final = 18
# 子ども・若者: the law on young carers reaches beyond eighteen.
YOUNG: Final = 30

# Who is whose parent, by what both are to the head of the household.
PARENT_OF: Final = {
    (Relation.HEAD, Relation.CHILD),
    (Relation.SPOUSE, Relation.CHILD),
    (Relation.PARENT, Relation.HEAD),
    (Relation.PARENT, Relation.SIBLING),
    (Relation.GRANDPARENT, Relation.PARENT),
    (Relation.CHILD, Relation.GRANDCHILD),
}
OUT_OF_WORK: Final = frozenset({IssueType.WITHDRAWAL, IssueType.JOB_SEEKING})
IN_NEED: Final = frozenset({
    IssueType.CARE, IssueType.ILLNESS, IssueType.DISABILITY, IssueType.DISABILITY_SUSPECTED,
    IssueType.MENTAL_HEALTH,
})  # fmt: skip


@dataclass(frozen=True)
class Hint:
    """A problem that may be there, and why one might think so."""

    issue_type: str
    words: str

    @property
    def label(self) -> str:
        return str(IssueType(self.issue_type).label)


def hints(persons: Iterable[Person], issues: Sequence[Issue], on: datetime.date) -> list[Hint]:
    """At most one for each pattern; none that somebody has written down, solved ones included."""
    home = [
        (person, age)
        for person in persons
        if person.is_cohabiting and person.is_member
        if (age := person.age(on)) is not None
    ]
    unsolved = [issue for issue in issues if issue.solved_on is None]
    known = {issue.issue_type for issue in issues}
    found = (_case_8050(home, unsolved), _double_care(home, unsolved), _young_carer(home, unsolved))
    return [hint for hint in found if hint is not None and hint.issue_type not in known]


Aged = tuple[Person, int]


def _case_8050(home: Sequence[Aged], issues: Sequence[Issue]) -> Hint | None:
    """An old parent, a grown child in the same house, and the child has no work or stays in."""
    for parent, child in _pairs(home):
        is_so = parent[1] >= OLD_PARENT and child[1] >= GROWN_CHILD
        if is_so and _has(issues, OUT_OF_WORK, {child[0].pk}):
            words = _(
                "%(parent)sと%(child)sが同居し、就職やひきこもりの課題があります。"
                "親の暮らしと子の暮らしの両方を見てください。"
            )
            return Hint(IssueType.CASE_8050, words % _named(parent=parent, child=child))
    return None


def _double_care(home: Sequence[Aged], issues: Sequence[Issue]) -> Hint | None:
    """A parent of a child in the house, and somebody else to be cared for."""
    for parent, child in _pairs(home):
        is_so = parent[1] >= ADULT > child[1]
        if is_so and _has(issues, {IssueType.CARE}, _others(home, parent, child)):
            words = _(
                "%(child)sのいる世帯に、介護の課題があります。"
                "%(parent)sが子育てと介護の両方を担っていないか、聞いてみてください。"
            )
            return Hint(IssueType.DOUBLE_CARE, words % _named(parent=parent, child=child))
    return None


def _young_carer(home: Sequence[Aged], issues: Sequence[Issue]) -> Hint | None:
    """Somebody young, and an illness, a disability or care in the rest of the family."""
    for young in sorted(home, key=lambda aged: aged[1]):
        if young[1] < YOUNG and _has(issues, IN_NEED, _others(home, young)):
            words = in_words(
                _(
                    "%(young)sのいる世帯で、家族に病気・障害・介護の課題があります。"
                    "家族の世話を引き受けていないか、聞いてみてください。"
                )
            )
            return Hint(IssueType.YOUNG_CARER, words % _named(young=young))
    return None


def _pairs(home: Sequence[Aged]) -> Iterator[tuple[Aged, Aged]]:
    """Parent and child."""
    for parent in home:
        for child in home:
            if (parent[0].relation, child[0].relation) in PARENT_OF and parent[1] > child[1]:
                yield parent, child


def _others(home: Sequence[Aged], *but: Aged) -> set[uuid.UUID]:
    return {person.pk for person, _age in home} - {person.pk for person, _age in but}


def _has(issues: Sequence[Issue], kinds: Collection[str], persons: set[uuid.UUID]) -> bool:
    """Whether such a problem is one of these people's, or the household's and so may be."""
    return bool(persons) and any(
        issue.record.is_household or not persons.isdisjoint(issue.record.person_ids)
        for issue in issues
        if issue.issue_type in kinds
    )


def _named(**people: Aged) -> dict[str, str]:
    """「架空野 花子さん（82歳）」"""
    return {
        name: _("%(name)s（%(age)s）") % {"name": person.shown_name, "age": words_of(person, age)}
        for name, (person, age) in people.items()
    }
