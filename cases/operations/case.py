"""Open, change and close a case; its persons."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.enums import Action, Permission
from agencies.models import Membership
from agencies.permissions import ActionDenied, check_may
from agencies.trail import log_access
from cases import enums
from cases.models import Case, Contact, HouseholdLink, Person
from cases.operations.access import join_team, sync_grants, take_charge
from cases.permissions import check_at_work, check_can_change_person
from cases.shields import is_hidden
from cases.titles import name_as_known
from config.lib.ids import id_of
from config.lib.kana import fold, fold_address, fold_given
from config.lib.numbers import case_number
from config.lib.phones import compared_digits
from config.lib.prepared import prepared

LABELS = [chr(ord("A") + i) for i in range(26)] + [f"A{chr(ord('A') + i)}" for i in range(26)]


class StaleVersion(Exception):
    """Somebody saved first: nothing was written; the form shows what both wrote."""


@dataclasses.dataclass(frozen=True)
class PersonFacts:
    """What is known of a person, possibly next to nothing."""

    name: str = ""
    name_kana: str = ""
    birth_on: datetime.date | None = None
    birth_year: int | None = None
    is_age_estimated: bool = False
    is_decade: bool = False
    sex: str = ""
    relation: str = ""
    phone: str = ""
    address: str = ""
    school: str = ""
    workplace: str = ""
    whereabouts: str = ""
    is_cohabiting: bool = True
    is_deceased: bool = False
    died_on: datetime.date | None = None
    resident_ref: str = ""


@transaction.atomic
def open_case(
    *, by: Membership, urgency: str = "", opened_at: datetime.datetime | None = None
) -> Case:
    """A new case; the agency that takes it is responsible for it (V2). It begins with the
    consultation it came from, or now."""
    check_may(by, Permission.TAKE_CONSULTATION)
    opened_at = opened_at or timezone.now()
    case = Case(
        id=id_of(opened_at),  # lists run by key
        municipality=by.municipality,
        number=case_number(timezone.localdate()),
        responsible_agency_id=by.agency_id,
        urgency=urgency,
        opened_at=opened_at,
        opened_by=by,
    )
    case.save(force_insert=True)
    sync_grants(case)  # the case row becomes visible with its first grant
    join_team(case=case, agency=case.responsible_agency_id, via=enums.TeamVia.RESPONSIBLE)
    take_charge(case=case, by=by)
    log_access(by, Action.WRITE, what="open_case", case_id=case.pk, basis="responsible")
    return case


CONTACT = ("phone", "address", "school", "workplace", "whereabouts", "resident_ref")


# As many characters as the columns hold: one typed can stand for eighteen (ﷺ).
NAME_KEPT, ADDRESS_KEPT = 300, 600


def folded_names(facts: PersonFacts) -> dict[str, str]:
    """The name as `Findable` keeps it."""
    return {
        "name_folded": fold(facts.name)[:NAME_KEPT],
        "kana_folded": fold(facts.name_kana)[:NAME_KEPT],
        "given_folded": fold_given(facts.name)[:NAME_KEPT],
        "given_kana_folded": fold_given(facts.name_kana)[:NAME_KEPT],
    }


def folded_whereabouts(facts: PersonFacts) -> dict[str, str]:
    """Telephone and address as search compares them."""
    return {
        "phone_digits": compared_digits(facts.phone),
        "address_folded": fold_address(facts.address)[:ADDRESS_KEPT],
    }


def _fields(facts: PersonFacts) -> dict[str, Any]:
    known = {k: v for k, v in dataclasses.asdict(facts).items() if k not in CONTACT}
    return {**known, **folded_names(facts)}


def _write_contact(person: Person, by: Membership, facts: PersonFacts) -> None:
    """Where the person is, unless a shield hides it from whoever writes: then it stays as it is."""
    if is_hidden(person.pk):
        return
    values = {name: getattr(facts, name) for name in CONTACT}
    folded = folded_whereabouts(facts)
    contact = Contact.objects.visible_to(by).filter(pk=person.pk).first()
    if contact is None:
        if any(values.values()):
            contact = Contact(person=person, **values, **folded)
            contact.save(force_insert=True)
        return
    if any(getattr(contact, name) != value for name, value in values.items()):
        for name, value in (values | folded).items():
            setattr(contact, name, value)
        contact.save()


@transaction.atomic
def add_person(
    *, case: Case, by: Membership, facts: PersonFacts, form_key: uuid.UUID | None = None
) -> Person:
    """A person of the household, with the next free letter. The same `form_key` adds one once."""
    check_may(by, Permission.WRITE_RECORDS)
    check_at_work(by, case)
    person = Person(
        case=case,
        author_agency_id=by.agency_id,
        author=by,
        form_key=form_key,
        **_fields(facts),
    )
    known = _save_with_letter(person)
    if known is not None:
        return known
    sync_grants(case)
    _write_contact(person, by, facts)
    _note_duplicates(person)
    log_access(by, Action.WRITE, what="add_person", case_id=case.pk)
    return person


def _save_with_letter(person: Person) -> Person | None:
    """Write the person; else give the one whom the same form added a moment ago. Of two people
    added at the same moment, the second waits for the first and takes the letter after."""
    for left in reversed(range(10)):
        with connection.cursor() as cursor:
            # Letters count all persons of the case, seen or not; a gap tells nothing but a letter.
            cursor.execute("select kasane.next_label(%s)", [person.case_id])
            (position,) = cursor.fetchone()
        person.label = LABELS[position]
        try:
            with transaction.atomic():
                person.save(force_insert=True)
        except IntegrityError:
            known = Person.objects.filter(
                author=person.author, case_id=person.case_id, form_key=person.form_key
            )
            if person.form_key is not None and (found := known.first()):
                return found
            if not left:
                raise
        else:
            break
    return None


@transaction.atomic
def change_person(*, person: Person, by: Membership, facts: PersonFacts, version: int) -> Person:
    """Correct or complete what is known (an anonymous person gets a name). Keeps a version.

    Raises StaleVersion when somebody else saved first.
    """
    check_can_change_person(by, person)
    changed = (
        Person.objects.visible_to(by)
        .filter(pk=person.pk, version=version)
        .update(version=F("version") + 1)
    )
    if not changed:
        raise StaleVersion
    person.refresh_from_db()
    for name, value in _fields(facts).items():
        setattr(person, name, value)
    person.save()
    _write_contact(person, by, facts)
    sync_grants(person.case_id)
    _note_duplicates(person)
    log_access(by, Action.WRITE, what="change_person", case_id=person.case_id)
    return person


def _note_duplicates(person: Person) -> None:
    """V15: a definer function compares with what nobody here may see and tells only the office."""
    with connection.cursor() as cursor:
        cursor.execute("select kasane.note_duplicates(%s)", [person.pk])


def persons_by_key(membership: Membership, case: Case) -> dict[uuid.UUID, Person]:
    """The persons of a case this membership may see, by key, in order; who turned out to be
    another says so. One query, two where somebody is no longer there."""
    found = {person.pk: person for person in _persons(membership, case)}
    name_as_known(membership, found.values())
    return found


def written_about(persons: Iterable[Person]) -> list[Person]:
    """Whom anything new may be about: nobody who turned out to be another (decision 0010)."""
    return [person for person in persons if person.same_as is None]


def _is_there(person: Person | uuid.UUID) -> bool:
    return isinstance(person, Person) and person.left_on is None


def turned_out(by: Membership, keys: Iterable[uuid.UUID]) -> bool:
    """Whether one of these persons turned out to be another, as far as `by` may know. One query."""
    same = HouseholdLink.objects.visible_to(by).standing().filter(kind=enums.LinkKind.SAME)
    return bool(same.filter(from_person_id__in=list(keys)).exists())


def check_who_stands(by: Membership, persons: Iterable[Person | uuid.UUID]) -> None:
    """A page opened before 同じ人だった may still name the first of the two. One query at most."""
    keys = [p.pk if isinstance(p, Person) else p for p in persons if not _is_there(p)]
    if keys and turned_out(by, keys):
        raise ActionDenied(
            _(
                "選んだ人のなかに、「同じ人だった」と分かった人がいます。画面を開き直して、"
                "いまの名前の人を選んでください。"
            )
        )


@prepared
def _persons(membership: Membership, case: Case) -> QuerySet[Person]:
    return Person.objects.visible_to(membership).filter(case=case).in_order()
