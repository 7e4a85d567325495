"""Somebody is shielded: proposed, confirmed, released row by row, lifted (V9)."""

from __future__ import annotations

from django.utils import timezone

from cases.models import Person, Shield, ShieldHold, ShieldMember
from cases.operations import (
    change_person,
    confirm_shield,
    decide_hold,
    lift_shield,
    propose_lift,
    propose_shield,
)
from cases.operations.case import PersonFacts
from tests import world as w

from .vocabulary import DAY, Situation, owner, step


@step(r"(?P<by>\w+) writes down where (?P<name>\w+) lives")
def _contact(s: Situation, by: str, name: str) -> None:
    with w.act(s.who(by)):
        person = Person.objects.get(pk=s.persons[name].pk)
        facts = PersonFacts(
            name=person.name, name_kana=person.name_kana, birth_on=person.birth_on,
            address="架空市緑町9-8-7", phone="0901111222",
        )  # fmt: skip
        change_person(person=person, by=s.who(by), facts=facts, version=person.version)
    key = s.persons[name].pk
    s.things[f"contact of {name}"] = ("cases_contact", key)
    first = "SELECT history_id FROM cases_historicalcontact WHERE person_id = %s"
    s.things[f"earlier contact of {name}"] = (
        "cases_historicalcontact", lambda: owner(first, key)[0][0],
    )  # fmt: skip


@step(r"(?P<by>\w+) proposes a shield over (?P<name>\w+) to (?P<other>\w+)")
def _propose_shield(s: Situation, by: str, name: str, other: str) -> None:
    with w.act(s.who(by)):
        shield = propose_shield(
            person=Person.objects.get(pk=s.persons[name].pk),
            by=s.who(by),
            ground="abuse",
            expires_on=timezone.localdate() + 300 * DAY,
            confirmer=s.who(other),
        )
    s.keep("shield", "cases_shield", shield)


@step(r"(?P<by>\w+) confirms the shield")
def _confirm_shield(s: Situation, by: str) -> None:
    with w.act(s.who(by)):
        confirm_shield(shield=s.rows["shield"], by=s.who(by))


@step(r"(?P<by>\w+) confirms the shield by itself")
def _seize_shield(s: Situation, by: str) -> None:
    """Past the operation: the database refuses as well."""
    member = s.who(by)
    with w.act(member):
        changed = Shield.objects.filter(pk=s.rows["shield"].pk).update(
            confirmed_at=timezone.now(), confirmed_user_id=member.user_id
        )
    if not changed:
        raise PermissionError(by)


@step(r"(?P<by>\w+) and (?P<other>\w+) shield (?P<name>\w+)")
def _shield(s: Situation, by: str, other: str, name: str) -> None:
    _propose_shield(s, by, name, other)
    _confirm_shield(s, other)


@step(r"(?P<by>\w+) releases (?P<thing>[\w ]+)")
def _release(s: Situation, by: str, thing: str) -> None:
    with w.act(s.who(by)):
        hold = ShieldHold.objects.get(shield=s.rows["shield"], row_id=s.find(thing)[1])
        decide_hold(hold=hold, by=s.who(by), decision="released")
        s.keep(f"hold of {thing}", "cases_shieldhold", hold)


@step(r"(?P<by>\w+) puts (?P<who>\w+) on the list of the shield")
def _list_shield(s: Situation, by: str, who: str) -> None:
    with w.act(s.who(by)):
        place = ShieldMember(shield=s.rows["shield"], membership=s.who(who), added_by=s.who(by))
        place.save(force_insert=True)


@step(r"(?P<by>\w+) proposes to lift the shield")
def _propose_lift(s: Situation, by: str) -> None:
    with w.act(s.who(by)):
        propose_lift(shield=s.rows["shield"], by=s.who(by), reason="終わった")


@step(r"(?P<by>\w+) lifts the shield")
def _lift(s: Situation, by: str) -> None:
    with w.act(s.who(by)):
        lift_shield(shield=s.rows["shield"], by=s.who(by))


@step(r"the date of the shield has passed")
def _shield_date(s: Situation) -> None:
    owner(
        "UPDATE cases_shield SET expires_on = current_date - 9 WHERE id = %s",
        s.rows["shield"].pk,
    )
