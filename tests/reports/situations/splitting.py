"""Households change (V18): somebody leaves, moves in, two cases are one, and back again."""

from __future__ import annotations

from django.utils import timezone

from cases.models import Case, HouseholdLink, Person
from cases.operations import change_household, undo_household_change
from tests import world as w

from .household import _open
from .vocabulary import Situation, step


def _change(s: Situation, by: str, kind: str, names: dict[str, str | None], to: Case | None):
    with w.act(s.who(by)):
        target = change_household(
            case=s.case,
            by=s.who(by),
            kind=kind,
            persons={
                Person.objects.get(pk=s.persons[name].pk): s.persons[same] if same else None
                for name, same in names.items()
            },
            on=timezone.localdate(),
            to_case=to,
        )
        links = {
            link.from_person_id: link
            for link in HouseholdLink.objects.select_related("to_person").filter(
                from_person__case=s.case, to_person__case=target
            )
        }
        s.case.refresh_from_db()
    s.keep("case2", "cases_case", target)
    for name in names:
        link = links[s.persons[name].pk]
        s.keep(f"link of {name}", "cases_householdlink", link)
        s.persons[f"{name}2"] = link.to_person
        s.keep(f"{name}2", "cases_person", link.to_person)


def _names(text: str) -> dict[str, str | None]:
    return {name.strip(): None for name in text.split(",")}


@step(r"(?P<by>\w+) opens another case with (?P<names>.+)")
def _another(s: Situation, by: str, names: str) -> None:
    first = s.case
    _open(s, by, names)
    s.keep("case2", "cases_case", s.case)
    s.case = first
    s.keep("case", "cases_case", first)


@step(r"in case2")
def _go_on(s: Situation) -> None:
    s.case = s.rows["case2"]


@step(r"(?P<by>\w+) splits (?P<names>[\w, ]+) off")
def _split(s: Situation, by: str, names: str) -> None:
    _change(s, by, "split", _names(names), None)


@step(r"(?P<by>\w+) moves (?P<names>[\w, ]+) into case2")
def _move(s: Situation, by: str, names: str) -> None:
    _change(s, by, "joined", _names(names), s.rows["case2"])


@step(r"(?P<by>\w+) merges the case into case2: (?P<one>\w+) is (?P<other>\w+)")
def _merge(s: Situation, by: str, one: str, other: str) -> None:
    _change(s, by, "merged", {one: other}, s.rows["case2"])


@step(r"(?P<by>\w+) undoes the change of (?P<name>\w+)")
def _undo(s: Situation, by: str, name: str) -> None:
    with w.act(s.who(by)):
        link = HouseholdLink.objects.select_related("from_person__case", "to_person__case")
        undo_household_change(link=link.get(pk=s.rows[f"link of {name}"].pk), by=s.who(by))
        s.case.refresh_from_db()
