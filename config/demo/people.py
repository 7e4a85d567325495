"""Who signs in to the demo: one user a role and city, agencies where a profile has none.

A profile's own agency is used where it names one; under a row with only a count, and wherever a
sign-in would lack an agency, a separate agency marked 架空 is added (issue: cities as
configuration). The same on every run: nothing is added twice.
"""

from __future__ import annotations

import datetime
import os
from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from agencies.enums import ProgrammeKind, RoleKey, Sector
from agencies.models import (
    Agency,
    ConferenceType,
    Membership,
    Municipality,
    Role,
    SecretariatMember,
    User,
)
from config.lib.acting import acting
from config.lib.fiscal import fiscal_year

DEFAULT_PASSWORD = "kasane-demo"  # noqa: S105 - the demo's, told on the screen
SINCE = datetime.date(2021, 4, 1)


@dataclass(frozen=True)
class SignIn:
    """A demo sign-in: its role, the sector its agency works in, what that agency is called where
    the profile has none, and the person's invented name."""

    code: str
    role: RoleKey
    sector: Sector
    agency: str
    person: str


SIGN_INS = [
    SignIn(
        "elderly",
        RoleKey.CONSULTATION_WORKER,
        Sector.ELDERLY,
        "地域包括支援センター",
        "架空 みどり",
    ),
    SignIn(
        "manager",
        RoleKey.AGENCY_MANAGER,
        Sector.ELDERLY,
        "地域包括支援センター",
        "仮名 すみれ",
    ),
    SignIn(
        "disability",
        RoleKey.CONSULTATION_WORKER,
        Sector.DISABILITY,
        "基幹相談支援センター",
        "見本 あおい",
    ),
    SignIn("child", RoleKey.CONSULTATION_WORKER, Sector.CHILD, "こども家庭センター", "例本 ひなた"),
    SignIn(
        "livelihood",
        RoleKey.CONSULTATION_WORKER,
        Sector.LIVELIHOOD,
        "自立相談支援機関",
        "仮名 つばさ",
    ),
    SignIn(
        "coordinator", RoleKey.COORDINATOR, Sector.COORDINATION, "多機関協働事業者", "架空 さくら"
    ),
    SignIn("head", RoleKey.OFFICE_HEAD, Sector.COORDINATION, "重層的支援推進室", "見本 まこと"),
    SignIn(
        "outreach",
        RoleKey.OUTREACH_WORKER,
        Sector.OUTREACH,
        "アウトリーチ支援事業者",
        "例本 かける",
    ),
    SignIn(
        "participation",
        RoleKey.PARTICIPATION_WORKER,
        Sector.PARTICIPATION,
        "参加支援事業者",
        "仮名 のぞみ",
    ),
    SignIn(
        "community", RoleKey.COMMUNITY_WORKER, Sector.COMMUNITY, "地域づくり事業者", "架空 いずみ"
    ),
    SignIn("admin", RoleKey.CITY_ADMINISTRATOR, Sector.CITY, "地域福祉課", "見本 しずか"),
    SignIn("privacy", RoleKey.PRIVACY_OFFICER, Sector.CITY, "地域福祉課", "例本 まもる"),
]
SYSADMIN = "sysadmin"


def password() -> str:
    """The one password of every demo sign-in."""
    return os.environ.get("KASANE_DEMO_PASSWORD", DEFAULT_PASSWORD)


@transaction.atomic
def load_people(city: Municipality) -> dict[str, Membership]:
    """Agencies, users, memberships and secretariat lists of a city's demo, by sign-in code."""
    hashed = make_password(password())
    members = {entry.code: _member(city, entry, hashed) for entry in SIGN_INS}
    _list_secretaries(city, members)
    return members


def load_sysadmin(city: Municipality) -> None:
    """The system administrator, who sees no case (V11)."""
    agency = _agency(city, SignIn("", RoleKey.SYSTEM_ADMINISTRATOR, Sector.CITY, "情報担当", ""))
    user, _new = User.objects.get_or_create(
        username=SYSADMIN,
        defaults={"display_name": "仮名 ととのえ", "password": make_password(password())},
    )
    _membership(user, agency, RoleKey.SYSTEM_ADMINISTRATOR)


def _member(city: Municipality, entry: SignIn, hashed: str) -> Membership:
    user, _new = User.objects.get_or_create(
        username=f"{city.code}.{entry.code}",
        defaults={"display_name": entry.person, "password": hashed},
    )
    return _membership(user, _agency(city, entry), entry.role)


def _membership(user: User, agency: Agency, role: RoleKey) -> Membership:
    membership, _new = Membership.objects.get_or_create(
        user=user,
        agency=agency,
        role=Role.objects.get(key=role),
        defaults={"since": SINCE, "confirmed_at": timezone.now()},
    )
    return Membership.objects.with_names().get(pk=membership.pk)


def _agency(city: Municipality, entry: SignIn) -> Agency:
    """The profile's own agency for the sign-in; else a fictional one, under its type if any."""
    if entry.role == RoleKey.OFFICE_HEAD:
        office = _office(city)
        if office is not None:
            return office
    known = Agency.objects.filter(municipality=city, ended_on__isnull=True).order_by("order", "pk")
    if entry.sector == Sector.CITY and city.responsible_unit:
        unit = known.filter(name=city.responsible_unit, is_type=False).first()
        if unit is not None:
            return unit
    fitting = known.filter(sectors__contains=[entry.sector])
    if entry.role in (RoleKey.CONSULTATION_WORKER, RoleKey.AGENCY_MANAGER):
        # The four sectors: who runs 包括的相談支援, not the section that supervises it.
        fitting = fitting.filter(
            programmes__kind=ProgrammeKind.COMPREHENSIVE_CONSULTATION,
            programmes__ended_on__isnull=True,
        ).distinct()
    if entry.role == RoleKey.COORDINATOR and city.decision_agency_code:
        # Who drafts is not who decides, where the city says so.
        fitting = fitting.exclude(code=city.decision_agency_code)
    of_type = fitting.filter(is_type=True).first()
    own = fitting.filter(is_type=False).first()
    if own is not None and (of_type is None or own.order < of_type.order):
        return own
    name = of_type.name if of_type else entry.agency
    return _fictional(city, f"fictional-{entry.sector}", f"架空東{name}", entry.sector, of_type)


def _office(city: Municipality) -> Agency | None:
    """Who decides or hosts under 106条の6: the office the head stands for."""
    if city.decision_agency_code:
        return Agency.objects.get(municipality=city, code=city.decision_agency_code)
    bodies = ConferenceType.objects.filter(municipality=city, ended_on__isnull=True).exclude(
        host=None
    )
    host = bodies.filter(bases__contains=["106-6"]).order_by("order").first()
    return host.host if host else None


def _fictional(
    city: Municipality, code: str, name: str, sector: str, of_type: Agency | None
) -> Agency:
    known = Agency.objects.filter(municipality=city, code=code).first()
    if known is not None:
        return known
    group = Group.objects.create(name=f"{city.code}:{code}")
    return Agency.objects.create(
        group=group,
        municipality=city,
        code=code,
        name=name,
        sectors=[sector],
        is_fictional=True,
        of_type=of_type,
        order=900,
    )


def _list_secretaries(city: Municipality, members: dict[str, Membership]) -> None:
    """The coordinator and the head are on the secretariat list, named and pledged."""
    this_year = fiscal_year(timezone.localdate())
    for conference in ConferenceType.objects.filter(municipality=city, bases__contains=["106-6"]):
        for code in ("coordinator", "head"):
            with acting(members["head"].pk):
                entry, is_new = SecretariatMember.objects.get_or_create(
                    conference_type=conference,
                    membership=members[code],
                    fiscal_year=this_year,
                    ended_at=None,
                    defaults={"named_by": members["head"]},
                )
            if is_new:
                with acting(members[code].pk):
                    entry.pledged_at = timezone.now()
                    entry.save(update_fields=["pledged_at"])
