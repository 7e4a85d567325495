"""Situations for tests, built through the operations as the people who would do them.

`city()` makes a fictional city with agencies and one membership per role; `act(membership)` runs a
block as that membership, the way the middleware does for a request.
"""

from __future__ import annotations

import datetime
import itertools
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.utils import timezone

from agencies.models import (
    Agency,
    ConferenceType,
    Membership,
    Municipality,
    Role,
    SecretariatMember,
    User,
)
from cases import enums
from cases.models import Case, Consent, Person
from cases.operations import add_person, open_case, record_consent
from cases.operations.case import PersonFacts
from cases.operations.consent import ConsentTerms
from config.lib.acting import acting
from config.lib.fiscal import fiscal_year
from tests.owner import as_owner

_numbers = itertools.count(1)
ALL = [str(category) for category in enums.CONSENTABLE]


@dataclass
class World:
    """A fictional city: its agencies and memberships by code."""

    city: Municipality
    agencies: dict[str, Agency] = field(default_factory=dict)
    members: dict[str, Membership] = field(default_factory=dict)
    conferences: dict[str, ConferenceType] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Membership:
        try:
            return self.__dict__["members"][name]
        except KeyError as error:
            raise AttributeError(name) from error


def act(membership: Membership):  # type: ignore[no-untyped-def]
    """Run a block as this membership."""
    return acting(membership.pk)


def _agency(city: Municipality, code: str, name: str, *sectors: str) -> Agency:
    group = Group.objects.create(name=f"{city.code}/{code}")
    return Agency.objects.create(
        group=group,
        municipality=city,
        code=code,
        name=name,
        sectors=list(sectors),
        is_fictional=True,
    )


def _member(
    agency: Agency,
    role: Role,
    username: str = "",
    *,
    user: User | None = None,
    since: datetime.date | None = None,
    until: datetime.date | None = None,
) -> Membership:
    user = user or User.objects.create_user(
        username or f"user{next(_numbers)}",
        password="demo-password",
        display_name=f"架空 {next(_numbers)}",
    )
    return Membership.objects.create(
        user=user,
        agency=agency,
        role=role,
        since=since or timezone.localdate() - datetime.timedelta(days=30),
        until=until,
        confirmed_at=timezone.now(),
    )


make_agency = as_owner()(_agency)


@as_owner()
def make_member(agency: Agency, role: str, username: str = "", **facts: Any) -> Membership:
    """A confirmed membership of a new user, or of `user`; since, until: other days."""
    member = _member(agency, Role.objects.get(key=role), username, **facts)
    return Membership.objects.with_names().get(pk=member.pk)


ROLES = {
    "elderly": ("consultation_worker", ["elderly"]),
    "disability": ("consultation_worker", ["disability"]),
    "child": ("consultation_worker", ["child"]),
    "livelihood": ("consultation_worker", ["livelihood"]),
    "coordinator": ("coordinator", ["coordination"]),
    "outreach": ("outreach_worker", ["outreach"]),
    "participation": ("participation_worker", ["participation"]),
    "community": ("community_worker", ["community"]),
    "admin": ("city_administrator", ["city"]),
    "privacy": ("privacy_officer", ["city"]),
}


@as_owner()
def city(code: str = "") -> World:
    """A city with one agency and one worker a role, and the two usual conference types."""
    code = code or f"city{next(_numbers)}"
    world = World(Municipality.objects.create(code=code, name="架空市", decided_by="conference"))
    # Nearly every test begins here: few statements, all in one step into the owner's role.
    roles = Role.objects.in_bulk()
    made = {}
    for name, (role, sectors) in ROLES.items():
        agency = _agency(world.city, name, f"架空{name}センター", *sectors)
        world.agencies[name] = agency
        made[name] = _member(agency, roles[role], f"{code}.{name}")
    made["head"] = _member(world.agencies["coordinator"], roles["office_head"], f"{code}.head")
    made["elderly2"] = _member(world.agencies["elderly"], roles["consultation_worker"])
    made["sysadmin"] = _member(world.agencies["admin"], roles["system_administrator"])
    found = Membership.objects.with_names().in_bulk([member.pk for member in made.values()])
    world.members = {name: found[member.pk] for name, member in made.items()}
    office = world.agencies["coordinator"]
    world.conferences["plan"] = ConferenceType.objects.create(
        municipality=world.city,
        code="plan",
        name="重層的支援会議",
        bases=["106-4-2-5"],
        host=office,
        secretariat=office,
        agenda_types=["plan_adequacy", "closure_evaluation", "social_resources"],
    )
    world.conferences["support"] = ConferenceType.objects.create(
        municipality=world.city,
        code="support",
        name="支援会議",
        bases=["106-6"],
        consent="not_required",
        host=office,
        secretariat=office,
        agenda_types=["information_sharing", "watching", "urgent"],
    )
    return world


def list_secretary(
    world: World,
    member: Membership,
    conference: str = "support",
    *,
    years_ago: int = 0,
    is_pledged: bool = True,
) -> None:
    """Put on the secretariat list by the head; pledged by oneself."""
    with act(world.head):
        entry = SecretariatMember.objects.create(
            conference_type=world.conferences[conference],
            membership=member,
            fiscal_year=fiscal_year(timezone.localdate()) - years_ago,
            named_by=world.head,
        )
    if is_pledged:
        with act(member):
            SecretariatMember.objects.filter(pk=entry.pk).update(pledged_at=timezone.now())


def household(by: Membership, *persons: PersonFacts, number: int = 2) -> tuple[Case, list[Person]]:
    """A case of `by`'s agency with these persons (default: two adults without much known)."""
    facts = persons or tuple(
        PersonFacts(name=f"架空野 {letter}", name_kana="かくうの") for letter in "ABCDEF"[:number]
    )
    with act(by):
        case = open_case(by=by)
        return case, [add_person(case=case, by=by, facts=f) for f in facts]


def consent(
    by: Membership,
    person: Person,
    *agencies: Agency,
    categories: list[str] | None = None,
    household_tick: bool = False,
    until: datetime.date | None = None,
    conferences: tuple[ConferenceType, ...] = (),
    exceptions: tuple[Agency, ...] = (),
    answer: str = enums.ConsentAnswer.GIVEN,
) -> Consent:
    """The person's answer, recorded by `by` today."""
    with act(by):
        return record_consent(
            person=person,
            by=by,
            terms=ConsentTerms(
                answer=answer,
                given_on=timezone.localdate(),
                until=until,
                categories=categories if categories is not None else ALL,
                covers_household=household_tick,
                method=enums.ConsentMethod.SIGNED,
                agencies=list(agencies),
                conference_types=list(conferences),
                exceptions=list(exceptions),
            ),
        )


def sees(membership: Membership, queryset: QuerySet) -> bool:  # type: ignore[type-arg]
    """Whether the membership sees a row, asked of the ORM and, without any filter, of the
    database; the two must agree."""
    keys = set(queryset.values_list("pk", flat=True))
    with act(membership):
        floor = set(queryset.model._base_manager.filter(pk__in=keys).values_list("pk", flat=True))
        door = set(
            queryset.model.objects.visible_to(membership)
            .filter(pk__in=keys)
            .values_list("pk", flat=True)
        )
    assert door == floor, f"visible_to says {door}, the database {floor}"
    return bool(floor)
