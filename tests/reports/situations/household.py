"""A household opens, grows, dies, closes and moves."""

from __future__ import annotations

import datetime
import re

from django.utils import timezone

from cases.models import (
    Case,
    Person,
    SupportTeam,
    Transfer,
)
from cases.operations import (
    accept_transfer,
    add_person,
    change_person,
    close_case,
    open_case,
    sync_grants,
    transfer_case,
)
from cases.operations.case import PersonFacts
from tests import world as w

from .vocabulary import DAY, Situation, owner, step


@step(r"(?P<by>\w+) opens a case with (?P<names>.+)")
def _open(s: Situation, by: str, names: str) -> None:
    with w.act(s.who(by)):
        s.case = open_case(by=s.who(by))
        s.keep("case", "cases_case", s.case)
        for text in re.split(r", | and ", names):
            name, _space, age = text.partition(" ")
            _add(s, by, name, age)


def _add(s: Situation, by: str, name: str, age: str) -> None:
    born = None
    if age:
        born = timezone.localdate() - datetime.timedelta(days=int(age) * 365 + int(age) // 4 + 30)
    facts = PersonFacts(name=f"架空 {name}", name_kana=f"かくう {name}", birth_on=born)
    s.persons[name] = add_person(case=s.case, by=s.who(by), facts=facts)
    s.keep(name, "cases_person", s.persons[name])
    # Looked up when asked: the owner's connection sees it once it is committed.
    first = "SELECT history_id FROM cases_historicalperson WHERE id = %s"
    key = s.persons[name].pk
    s.things[f"history of {name}"] = ("cases_historicalperson", lambda: owner(first, key)[0][0])


@step(r"(?P<by>\w+) adds (?P<name>\w+)")
def _add_later(s: Situation, by: str, name: str) -> None:
    with w.act(s.who(by)):
        _add(s, by, name, "")


@step(r"(?P<name>\w+) dies(?: (?P<ago>\d+) days ago)?")
def _die(s: Situation, name: str, ago: str | None) -> None:
    person = s.persons[name]
    by = next(m for m in s.city.members.values() if m.pk == person.author_id)
    with w.act(by):
        person.refresh_from_db()
        facts = PersonFacts(
            name=person.name,
            birth_on=person.birth_on,
            is_deceased=True,
            died_on=timezone.localdate() - int(ago or 0) * DAY,
        )
        change_person(person=person, by=by, facts=facts, version=person.version)


@step(r"(?P<by>\w+) closes the case")
def _close(s: Situation, by: str) -> None:
    with w.act(s.who(by)):
        close_case(case=s.case, by=s.who(by), reason="終結")


@step(r"(?P<by>\w+) proposes a transfer to (?P<to>\w+)")
def _transfer(s: Situation, by: str, to: str) -> None:
    with w.act(s.who(by)):
        row = transfer_case(
            case=s.case, by=s.who(by), to_agency=s.city.agencies[to], reason="支援の中心が移った"
        )
    s.keep("transfer", "cases_transfer", row)


@step(r"(?P<by>\w+) takes the case over")
def _take_over(s: Situation, by: str) -> None:
    with w.act(s.who(by)):
        accept_transfer(transfer=Transfer.objects.get(case=s.case), by=s.who(by))


@step(r"(?P<agency>\w+) leaves the team")
def _leave(s: Situation, agency: str) -> None:
    with w.act(s.who(agency)):
        mine = SupportTeam.objects.at_work_on(s.case)
        mine.filter(agency=s.city.agencies[agency]).update(left_at=timezone.now())
        sync_grants(s.case)


@step(r"(?P<agency>\w+) puts itself into the team")
def _intrude(s: Situation, agency: str) -> None:
    with w.act(s.who(agency)):
        SupportTeam(case=s.case, agency=s.city.agencies[agency], via="referral").save(
            force_insert=True
        )
        sync_grants(s.case)


@step(r"(?P<by>\w+) makes its agency responsible")
def _seize(s: Situation, by: str) -> None:
    with w.act(s.who(by)):
        Case.objects.filter(pk=s.case.pk).update(responsible_agency=s.city.agencies[by])


@step(r"(?P<by>\w+) makes (?P<name>\w+) its own")
def _seize_person(s: Situation, by: str, name: str) -> None:
    with w.act(s.who(by)):
        Person.objects.filter(pk=s.persons[name].pk).update(author_agency=s.city.agencies[by])
