"""Draws a world of mixed situations: its cities, people and cases (worlds.py says what follows).

The rows are such as the operations leave behind (a withdrawn consent keeps its line, an accepted
referral has a team entry); `kasane.sync_grants` writes the grants, so its errors are found too.
Everything follows from the seed, except what the database's clock says.
"""

from __future__ import annotations

import datetime
import random
import uuid
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import Group
from django.db import connections, models
from django.utils import timezone
from psycopg.types.range import TimestamptzRange

from agencies.models import (
    Agency,
    ConferenceType,
    Membership,
    Municipality,
    SecretariatMember,
    StandingMember,
    User,
)
from cases import enums
from cases.models import (
    CarryOut,
    CarryOutGrant,
    Case,
    Consent,
    ConsentLine,
    ConsentScan,
    ConsentScanContent,
    Consultation,
    ConsultationIssue,
    ConsultationPerson,
    Contact,
    LeftWork,
    Person,
    Record,
    Referral,
    Shield,
    SupportTeam,
)
from config.lib.fiscal import fiscal_year
from meetings.models import AgendaItem
from reports.proof.contents import content_of, version

ROLES = (
    "consultation_worker", "consultation_worker", "consultation_worker", "coordinator",
    "outreach_worker", "participation_worker", "community_worker", "consultation_worker",
)  # fmt: skip
DAY = datetime.timedelta(days=1)
COVERABLE = [str(category) for category in enums.CONSENTABLE]


class Draw:
    """One world being drawn: rows wait by model and are written in the order of dependence."""

    def __init__(self, using: str, seed: int) -> None:
        self.using, self.rng = using, random.Random(seed)  # noqa: S311 - situations, no secret
        self.now = timezone.now()
        self.today = timezone.localdate(self.now)
        self.waiting: dict[type[models.Model], list[Any]] = defaultdict(list)
        self.members: list[Membership] = []
        self.agencies: list[Agency] = []
        self.types: dict[str, ConferenceType] = {}

    def key(self) -> uuid.UUID:
        return uuid.UUID(int=self.rng.getrandbits(128), version=4)

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def some(self, rows: list[Any], low: int, high: int) -> list[Any]:
        return self.rng.sample(rows, min(len(rows), self.rng.randint(low, high)))

    def put(self, row: Any) -> Any:
        self.waiting[type(row)].append(row)
        return row

    def write(self) -> None:
        for model, rows in self.waiting.items():
            model._base_manager.using(self.using).bulk_create(rows, batch_size=500)
        self.waiting.clear()

    def worker(self, agency: Agency) -> Membership:
        return self.rng.choice([m for m in self.members if m.agency_id == agency.pk])


def draw_city(draw: Draw) -> None:
    """Two cities; agencies with workers whose memberships run, ended, wait or are shut off."""
    tag = draw.rng.randrange(10**9)
    for code, number in (("a", 8), ("b", 2)):
        city = Municipality.objects.using(draw.using).create(
            code=f"proof-{tag}-{code}", name="架空市"
        )
        for index in range(number):
            group = Group.objects.using(draw.using).create(name=f"{city.code}/{index}")
            agency = Agency.objects.using(draw.using).create(
                group=group,
                municipality=city,
                code=f"a{index}",
                name=f"架空機関{code}{index}",
                is_fictional=True,
            )
            draw.agencies.append(agency)
            _member(draw, agency, ROLES[index])
            if index == 3:
                for role in ("office_head", "coordinator", "city_administrator",
                             "privacy_officer", "system_administrator", "guest"):  # fmt: skip
                    _member(draw, agency, role)
            if index in (0, 2):
                _member(draw, agency, "consultation_worker", until=draw.today - 5 * DAY)
            if index == 1:
                _member(draw, agency, "consultation_worker", confirmed_at=None)
                _member(draw, agency, "consultation_worker", is_active=False)
        if code == "b":
            _member(draw, agency, "privacy_officer")
    _conference_types(draw)


def _member(draw: Draw, agency: Agency, role: str, *, is_active: bool = True, **more: Any) -> None:
    user = User.objects.using(draw.using).create(
        username=f"proof{draw.key().hex}", display_name="架空 職員", is_active=is_active
    )
    values: dict[str, Any] = {"confirmed_at": draw.now, "since": draw.today - 400 * DAY, **more}
    draw.members.append(
        Membership.objects.using(draw.using).create(
            id=draw.key(), user=user, agency=agency, role_id=role, **values
        )
    )


def _conference_types(draw: Draw) -> None:
    office = draw.agencies[3]
    for code, bases, days in (
        ("plan", ["106-4-2-5"], None),
        ("support", ["106-6"], 7),
        ("merged", ["106-4-2-5", "106-6"], 14),
        ("circle", ["106-6"], 7),
    ):
        draw.types[code] = ConferenceType.objects.using(draw.using).create(
            municipality=office.municipality,
            code=code,
            name=f"架空会議{code}",
            bases=bases,
            consent="not_required" if "106-6" in bases else "required",
            host=office,
            secretariat=office,
            closes_after_days=days,
        )
        for agency in draw.some(draw.agencies[:8], 3, 5):
            draw.put(
                StandingMember(
                    municipality=office.municipality,
                    conference_type=draw.types[code],
                    agency=agency,
                    ended_on=draw.today - DAY if draw.chance(0.2) else None,
                )
            )
    head = next(m for m in draw.members if m.role_id == "office_head")
    others = [m for m in draw.members if m.role_id == "coordinator"]
    year = fiscal_year(draw.today)
    for code, member, of_year, pledged, ended in (
        ("support", head, year, True, False),
        ("merged", head, year, True, False),
        ("plan", head, year, True, False),
        ("support", others[0], year, False, False),  # named, not pledged
        ("merged", others[0], year, True, True),  # ended
        ("circle", others[0], year, True, False),
        ("circle", head, year - 1, True, False),  # last year's pledge
        ("support", others[1], year - 1, True, False),
    ):
        draw.put(
            SecretariatMember(
                id=draw.key(),
                conference_type=draw.types[code],
                membership=member,
                fiscal_year=of_year,
                named_by=head,
                pledged_at=draw.now if pledged else None,
                ended_at=draw.now if ended else None,
            )
        )


# --- one case -----------------------------------------------------------------------------------


class Drawn:
    """A case with what belongs to it."""

    def __init__(self, case: Case, by: Membership) -> None:
        self.case, self.by = case, by
        self.persons: list[Person] = []
        self.consents: list[Consent] = []
        self.records: list[Record] = []
        self.team: dict[int, SupportTeam] = {}
        self.sealed: list[AgendaItem] = []
        self.shields: list[Shield] = []


def draw_case(draw: Draw, number: int) -> Drawn:
    agency = draw.rng.choice(draw.agencies if draw.chance(0.1) else draw.agencies[:8])
    by = draw.worker(agency)
    case = draw.put(
        Case(
            id=draw.key(),
            municipality_id=agency.municipality_id,
            number=f"{draw.rng.randrange(10**9):09d}{number % 1000:03d}",
            responsible_agency=agency,
            opened_by=by,
        )
    )
    drawn = Drawn(case, by)
    join(draw, drawn, agency, "responsible")
    for letter in "ABCD"[: draw.rng.randint(1, 4)]:
        _person(draw, drawn, letter)
    _referrals(draw, drawn)
    for _index in range(draw.rng.randint(4, 9)):
        _record(draw, drawn)
    if draw.chance(0.3):
        _carry_out(draw, drawn)
    if draw.chance(0.5):
        _consultation(draw, drawn)
    return drawn


def join(draw: Draw, drawn: Drawn, agency: Agency, via: str) -> None:
    if agency.pk not in drawn.team:
        drawn.team[agency.pk] = draw.put(
            SupportTeam(
                id=draw.key(),
                case=drawn.case,
                agency=agency,
                via=via,
                joined_at=draw.now - draw.rng.randint(0, 300) * DAY,
            )
        )


def _person(draw: Draw, drawn: Drawn, letter: str) -> None:
    age = draw.rng.choice([8, 13, 16, 17, 19, 45, 52, 80])
    facts: dict[str, Any] = draw.rng.choice(
        [
            {"birth_on": draw.today - datetime.timedelta(days=age * 365 + 100)},
            {"birth_year": draw.today.year - age},
            {},
        ]
    )
    if draw.chance(0.08):
        facts["is_deceased"] = True
        if draw.chance(0.8):
            facts["died_on"] = draw.today - draw.rng.randint(1, 200) * DAY
    author = draw.rng.choice(draw.agencies[:8]) if draw.chance(0.15) else None
    by = draw.worker(author) if author else drawn.by
    person = draw.put(
        Person(
            id=draw.key(),
            case=drawn.case,
            label=letter,
            name="架空野 人",
            author=by,
            author_agency_id=by.agency_id,
            **facts,
        )
    )
    drawn.persons.append(person)
    if draw.chance(0.5):
        contact = Contact(person=person, address="緑町9-8-7", workplace="架空製作所")
        draw.put(contact)
        version(draw, contact)
    if draw.chance(0.85):
        _consent(draw, drawn, person)


def _consent(draw: Draw, drawn: Drawn, person: Person) -> None:
    """The open answer of a person and, sometimes, an older one it replaced."""
    takers = [drawn.case.responsible_agency, draw.rng.choice(draw.agencies[:8])]
    for is_old in (True, False) if draw.chance(0.3) else (False,):
        agency = takers[draw.chance(0.2)]
        by = draw.worker(agency)
        given = not draw.chance(0.15)
        given_on = draw.today - draw.rng.randint(1, 250) * DAY
        ends = draw.rng.choice([None, None, None, draw.now + 90 * DAY, draw.now - DAY])
        proxy = {"method": "proxy", "proxy_name": "架空", "proxy_power": "親権者"}
        consent = draw.put(
            Consent(
                id=draw.key(),
                case=drawn.case,
                person=person,
                answer="given" if given else "refused",
                categories=["basic", *draw.some(COVERABLE[1:], 3, 12)] if given else [],
                covers_household=given and draw.chance(0.6),
                explained_by=by,
                given_on=given_on,
                period=TimestamptzRange(timezone.now() - 260 * DAY, ends),
                taken_by_agency=agency,
                withdrawn_at=draw.now if is_old else None,
                withdrawn_by=by if is_old else None,
                **(proxy if draw.chance(0.35) else {"method": "signed"}),
            )
        )
        _lines(draw, consent)
        if draw.chance(0.3):
            _papers(draw, drawn, consent)
        if not is_old:
            drawn.consents.append(consent)


def _papers(draw: Draw, drawn: Drawn, consent: Consent) -> None:
    """The signed paper; and work that was left to some agency of the city."""
    scan = ConsentScan(
        id=draw.key(), consent=consent, name="同意書.png", media_type="image/png", size=1,
        sha256=f"{draw.rng.getrandbits(256):064x}", author=drawn.by,
    )  # fmt: skip
    draw.put(scan)
    draw.put(ConsentScanContent(scan=scan, data=b"x"))
    draw.put(
        LeftWork(
            id=draw.key(), case=drawn.case, consent=consent, from_agency=draw.agencies[0],
            to_agency=draw.rng.choice(draw.agencies[:8]), title="家計相談", by=drawn.by,
        )
    )  # fmt: skip


def _lines(draw: Draw, consent: Consent) -> None:
    named = draw.some(draw.agencies[:8], 2, 6)
    excepted = draw.some([a for a in draw.agencies[:8] if a not in named], 0, 2)
    for agency in named:
        draw.put(ConsentLine(id=draw.key(), consent=consent, agency=agency))
    for agency in excepted if draw.chance(0.5) else []:
        draw.put(ConsentLine(id=draw.key(), consent=consent, agency=agency, is_exception=True))
    if draw.chance(0.4):
        kind = draw.rng.choice(list(draw.types.values()))
        draw.put(ConsentLine(id=draw.key(), consent=consent, conference_type=kind))


def _referrals(draw: Draw, drawn: Drawn) -> None:
    for agency in draw.some(draw.agencies[:8], 1, 4):
        if agency.pk == drawn.case.responsible_agency_id:
            continue
        mode = draw.rng.choice(["consent"] * 6 + ["secrecy", "secrecy", "notification"])
        state = draw.rng.choice(["sent", "accepted", "accepted", "accepted", "returned", "closed"])
        answered = state != "sent"
        to: dict[str, Any] = {"to_agency": agency}
        if mode == "secrecy":
            to = {"to_conference_type": draw.types[draw.rng.choice(["support", "circle"])]}
        draw.put(
            Referral(
                id=draw.key(),
                case=drawn.case,
                mode=mode,
                sent_by=drawn.by,
                from_agency_id=drawn.by.agency_id,
                person_ids=[p.pk for p in draw.some(drawn.persons, 1, 2)],
                reason="依頼",
                summary="概要",
                state=state,
                legal_ground="児童福祉法第25条" if mode == "notification" else "",
                open_until=draw.now - DAY if draw.chance(0.1) else None,
                answered_at=draw.now - 30 * DAY if answered else None,
                answered_by=draw.worker(agency) if answered else None,
                answer_reason="対象外" if state == "returned" else "",
                form_key=draw.key(),
                **to,
            )
        )
        if mode == "consent" and state in ("accepted", "closed"):
            join(draw, drawn, agency, "referral")


# Kinds drawn last, so that what was drawn before stays as it was.
LAST = (enums.RecordKind.CAUTION, enums.RecordKind.RISK)
PAPERS = (enums.RecordKind.MOVE_OUT,)


def draw_last_records(
    draw: Draw, drawn: list[Drawn], last: Sequence[enums.RecordKind] = LAST
) -> None:
    """Cautions and risk sheets, in cases that may have a shield by now: then their texts wait. By
    who has written there already: grants are as they are."""
    for one in drawn:
        writers = [record.author for record in one.records]
        for kind in last if writers else ():
            if draw.chance(0.5):
                _record(draw, one, by=draw.rng.choice(writers), kinds=[str(kind)])


def _writer(draw: Draw, drawn: Drawn) -> Membership:
    if not draw.chance(0.45):
        return drawn.by
    of_team = [a for a in draw.agencies if a.pk in drawn.team]
    return draw.worker(draw.rng.choice(of_team if draw.chance(0.8) else draw.agencies[:8]))


def _record(
    draw: Draw,
    drawn: Drawn,
    carry_out: CarryOut | None = None,
    *,
    by: Membership | None = None,
    kinds: Sequence[str] = (),
) -> Record:
    by = by or _writer(draw, drawn)
    category = "notifier" if draw.chance(0.07) else draw.rng.choice(COVERABLE)
    persons = [] if draw.chance(0.25) else draw.some(drawn.persons, 1, 2)
    kinds = kinds or [str(kind) for kind in enums.RecordKind if kind not in LAST + PAPERS]
    record = draw.put(
        Record(
            id=draw.key(),
            case=drawn.case,
            kind=draw.rng.choice(kinds),
            category=category,
            audience="agency" if carry_out or draw.chance(0.15) else "team",
            author=by,
            person_ids=[p.pk for p in persons],
            is_household=not persons,
            carry_out=carry_out,
            author_agency_id=by.agency_id,
        )
    )
    drawn.records.append(record)
    content_of(draw, drawn, record)
    return record


def _carry_out(draw: Draw, drawn: Drawn) -> None:
    """Named people, some past the review date, some revoked, one who reads no cases at all."""
    head = next(m for m in draw.members if m.role_id == "office_head")
    is_past = draw.chance(0.3)
    review = draw.today + (-3 if is_past else 40) * DAY
    carry_out = draw.put(
        CarryOut(id=draw.key(), case=drawn.case, text="見守り", review_on=review, decided_by=head)
    )
    end = draw.now + (-2 if is_past else 41) * DAY
    for member in draw.some([m for m in draw.members if m != head], 2, 8):
        draw.put(
            CarryOutGrant(
                id=draw.key(),
                user_id=member.user_id,
                permission_id=permission(draw, "carryout"),
                content_object=carry_out,
                membership=member,
                granted_by=head,
                period=TimestamptzRange(draw.now - 30 * DAY, end),
                revoked_at=draw.now if draw.chance(0.2) else None,
            )
        )
    for _index in range(draw.rng.randint(1, 3)):
        _record(draw, drawn, carry_out)


def permission(draw: Draw, model: str) -> int:
    from_codename = f"view_{model}"
    with connections[draw.using].cursor() as cursor:
        cursor.execute("SELECT id FROM auth_permission WHERE codename = %s", [from_codename])
        return int(cursor.fetchone()[0])


def _consultation(draw: Draw, drawn: Drawn) -> None:
    whole = draw.put(
        Consultation(
            id=draw.key(),
            agency_id=drawn.by.agency_id,
            taken_by=drawn.by,
            mode="with_consent",
            route="person_visit",
            complaint="相談",
            urgency="low",
            form_key=draw.key(),
            **({"status": "case", "case": drawn.case} if draw.chance(0.7) else {}),
        )
    )
    draw.put(
        ConsultationPerson(
            id=draw.key(), consultation=whole, agency_id=whole.agency_id, name="架空野"
        )
    )
    draw.put(ConsultationIssue(id=draw.key(), consultation=whole, issue_type="debt"))
