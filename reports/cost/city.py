"""A large made-up city, written by the database itself, over the owner's login.

The rows are such as the operations leave behind (`fill.py`), grants as `kasane.sync_grants` derives
them: a sample is derived anew and must not change. Everything follows from the number of the
household, the seed and the day.
"""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.db import connections, transaction

from agencies.models import (
    Agency,
    ConferenceType,
    Membership,
    Municipality,
    SecretariatMember,
    User,
)
from cases import enums
from config.lib.eras import TOKYO
from config.lib.fiscal import fiscal_year
from config.lib.ids import new_id
from config.lib.numbers import ALPHABET
from reports.cost import fill, invented
from reports.cost.bulk import Bare, bare, prepare

CODE = "made-up"
AGENCIES = 60
SLOTS = 1000
SITTINGS = 24
# A worker looks after so many households.
CASELOAD = 150
# Households whose grants are derived anew after the filling.
SAMPLE = 200
CATEGORIES = ["basic", "household", "health", "disability", "care", "child", "money", "work",
              "housing", "progress", "plan"]  # fmt: skip
Say = Callable[[str], None]


class NotHere(Exception):
    """The database holds what is no demonstration: nothing is added to it."""


class NotDerived(Exception):
    """The grants written are not those that `kasane.sync_grants` would keep."""


@dataclass(frozen=True)
class City:
    """Who asks: workers of an ordinary, a small and a large agency, and the office."""

    city: Municipality
    worker: Membership
    small: Membership
    large: Membership
    coordinator: Membership
    administrator: Membership
    privacy: Membership


def check_empty(using: str) -> None:
    """Raise NotHere unless nobody's data can be in this database: no city, or a demonstration."""
    cities = Municipality.objects.using(using)
    if cities.filter(code=CODE).exists():
        raise NotHere(
            "このデータベースには、つくった市がもうあります。新しいデータベースを使ってください。"
        )
    if cities.exists() and not settings.KASANE_DEMO:
        raise NotHere(
            "このデータベースには実際の市の設定や記録があります。"
            "空のデータベースか、見本（KASANE_DEMO）のデータベースにだけつくれます。"
        )


def build(
    using: str, households: int, *, seed: int = 1, on: datetime.date | None = None,
    password: str = "", say: Say = lambda _words: None,
) -> City:  # fmt: skip
    """Write a city of so many households, in one transaction, and keep its statistics fresh."""
    check_empty(using)
    clock = _Clock(say)
    now = datetime.datetime.combine(
        on or datetime.datetime.now(TOKYO).date(), datetime.time(), TOKYO
    )
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        prepare(cursor)
        people = _people(using, households, now.date(), password)
        values = _values(people, households, seed, now)
        for statement in fill.PREPARE:
            cursor.execute(_with_seed(statement, seed))
        _tables(cursor, using, people, seed)
        with bare(cursor, fill.TABLES) as rest:
            clock("keys and indexes away")
            _fill(cursor, rest, values, clock)
            rest.keyed()
            clock("indexes")
            rest.joined()
            rest.foreign.clear()
            clock("foreign keys")
        _held(cursor, clock)
        _check_derived(cursor)
        clock("checked")
    with connections[using].cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    clock("vacuum")
    return people


def _fill(cursor: Any, rest: Bare, values: dict[str, Any], clock: _Clock) -> None:
    cursor.execute(fill.HOUSEHOLDS, values)
    cursor.execute("CREATE INDEX ON one (id)")
    cursor.execute("ANALYZE")
    for statement in fill.FILL:
        cursor.execute(statement, values)
        table = statement.split()[2]
        clock(table)
        cursor.execute(f"ANALYZE {table}")
    for part in range(max(fill.NOTES)):
        cursor.execute(fill.NOTE_RECORDS, {**values, "part": part})
    clock("cases_record (notes)")
    cursor.execute("ANALYZE cases_record")
    cursor.execute(fill.NOTES_WRITTEN, values)
    clock("cases_note")
    for table in fill.VERSIONED:
        cursor.execute(fill.versions(table, _columns(cursor, table)))
        clock(f"versions of {table}")
    # The grants ask for these by their keys.
    rest.keyed("cases_case", "cases_person", "cases_consent", "cases_consentline",
               "cases_supportteam", "cases_record")  # fmt: skip
    clock("indexes the grants ask")
    cursor.execute(fill.GRANTS, values)
    clock("cases_casegrant")
    cursor.execute(fill.SHEETS_CLOSED, values)


def _held(cursor: Any, clock: _Clock) -> None:
    """What triggers would have noted beside: texts that wait beneath a shield, likely doubles."""
    cursor.execute(fill.HELD)
    cursor.execute(fill.HINTED)
    clock("shields and doubles")


def _check_derived(cursor: Any) -> None:
    """Derive the grants of a sample anew: nothing may come, go, or close."""
    asked = """SELECT (SELECT count(*) FROM cases_casegrant),
        (SELECT count(*) FROM cases_casegrant WHERE revoked_at IS NOT NULL),
        (SELECT count(*) FROM cases_referral WHERE state = 'closed')"""
    cursor.execute("ANALYZE cases_casegrant, cases_referral")
    cursor.execute(asked)
    before = cursor.fetchone()
    cursor.execute(f"""SELECT kasane.sync_grants(id) FROM (
        SELECT id FROM one ORDER BY md5(i::text) LIMIT {SAMPLE}) AS sample""")  # noqa: S608
    cursor.execute(asked)
    if cursor.fetchone() != before:
        raise NotDerived("the grants written are not those the database derives")


class _Clock:
    """Says what took how long."""

    def __init__(self, say: Say) -> None:
        self.say, self.since = say, time.monotonic()

    def __call__(self, what: str) -> None:
        now = time.monotonic()
        self.say(f"{now - self.since:8.1f} s  {what}")
        self.since = now


def _with_seed(statement: str, seed: int) -> str:
    """The seed stands in functions, which take no parameters."""
    return statement.replace("%(seed)s", str(int(seed))).replace("%%", "%")


def _values(people: City, households: int, seed: int, now: datetime.datetime) -> dict[str, Any]:
    return {
        "households": households, "seed": seed, "now": now, "slots": SLOTS,
        "city": people.city.pk, "office": people.coordinator.agency_id,
        "decider": people.coordinator.pk, "sittings": SITTINGS,
        # Some twenty items a sitting, in a city of any size.
        "item_every": max(1, households // 4000),
        "letters": ALPHABET, "numbers": fill.NUMBERS,
        "notes": list(fill.NOTES), "kinds_of_notes": len(fill.NOTES),
        "given": len(invented.GIVEN), "families": len(invented.FAMILIES),
        "words": len(invented.GIVEN) * len(invented.FAMILIES), "texts": 2048,
        "categories": CATEGORIES, "areas": list(invented.AREAS),
        "issue_categories": json.dumps(
            {issue: enums.issue_category(issue) for issue in enums.IssueType.values}
        ),
        "situations": list(invented.SITUATIONS), "strengths": list(invented.STRENGTHS),
        "wishes": list(invented.WISHES), "aims": list(invented.AIMS),
        "tasks": list(invented.TASKS), "complaints": list(invented.COMPLAINTS),
    }  # fmt: skip


def _columns(cursor: Any, table: str) -> list[str]:
    """All columns of a table that are written: versions have the same."""
    cursor.execute(
        """SELECT attname FROM pg_attribute
           WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
           ORDER BY attnum""",
        [table],
    )
    return [name for (name,) in cursor.fetchall()]


# --- who works there --------------------------------------------------------------------------


def _people(using: str, households: int, on: datetime.date, password: str) -> City:
    """Agencies from large to small, each with as many workers as it has households to look after;
    and the office."""
    city = Municipality.objects.using(using).create(
        code=CODE, name="架空市", decided_by="conference"
    )
    many = max(6, min(AGENCIES, households // 40))
    hasher = make_password(password or None)
    office = _agency(using, city, "office", "架空市地域福祉課")
    coordinator, administrator, privacy = (
        _members(using, [(office, role, 1)], on, hasher)[0]
        for role in ("coordinator", "city_administrator", "privacy_officer")
    )
    agencies = [
        _agency(using, city, f"a{number}", f"架空相談センター{number + 1}")
        for number in range(many)
    ]
    workers = _members(
        using,
        [
            (agency, "consultation_worker", max(3, round(households * share / CASELOAD)))
            for agency, share in zip(agencies, _shares(many), strict=True)
        ],
        on, hasher,
    )  # fmt: skip
    first = {member.agency_id: member for member in reversed(workers)}
    small, large, worker = (first[agencies[n].pk] for n in (-1, 0, many // 2))
    return City(city, worker, small, large, coordinator, administrator, privacy)


def _shares(many: int) -> list[float]:
    """What part of the city each agency looks after: the first of 60 a tenth, the last 0.5 %."""
    weights = [1 / (number + 3) for number in range(many)]
    return [weight / sum(weights) for weight in weights]


def _agency(using: str, city: Municipality, code: str, name: str) -> Agency:
    group = Group.objects.using(using).create(name=f"{city.code}/{code}")
    return Agency.objects.using(using).create(
        group=group, municipality=city, code=code, name=name, is_fictional=True
    )


def _members(
    using: str, wanted: list[tuple[Agency, str, int]], on: datetime.date, password: str
) -> list[Membership]:
    """So many people of each agency, in a role."""
    posts = [
        (agency, role, User(
            username=f"{CODE}.{agency.code}.{role}.{number}", password=password,
            display_name=" ".join(_name(len(agency.code) * 31 + number * 7)),
        ))
        for agency, role, many in wanted for number in range(1, many + 1)
    ]  # fmt: skip
    User.objects.using(using).bulk_create([user for _agency, _role, user in posts])
    since = on - datetime.timedelta(days=1500)
    confirmed = datetime.datetime.combine(since, datetime.time(9), TOKYO)
    return Membership.objects.using(using).bulk_create(
        Membership(
            id=new_id(), user=user, agency=agency, role_id=role, since=since,
            confirmed_at=confirmed,
        )
        for agency, role, user in posts
    )  # fmt: skip


def _name(number: int) -> tuple[str, str]:
    family, given = invented.FAMILIES, invented.GIVEN
    return family[number % len(family)][0], given[number % len(given)][0]


# --- what the statements draw from ------------------------------------------------------------


def _tables(cursor: Any, using: str, people: City, seed: int) -> None:
    office, city = people.coordinator.agency_id, people.city
    cursor.execute(
        """SELECT a.group_id, array_agg(m.id ORDER BY u.username) FROM agencies_agency AS a
           JOIN agencies_membership AS m ON m.agency_id = a.group_id
           JOIN agencies_user AS u ON u.id = m.user_id
           WHERE a.municipality_id = %s AND a.group_id <> %s GROUP BY a.group_id ORDER BY 1""",
        [city.pk, office],
    )
    agencies = cursor.fetchall()
    upto, slots = 0.0, []
    for (agency, workers), share in zip(agencies, _shares(len(agencies)), strict=True):
        begin, upto = upto, upto + share * SLOTS
        slots += [(number, agency, workers) for number in range(round(begin), round(upto))]
    _insert(cursor, "slot", slots)
    _insert(cursor, "word", invented.words())
    _insert(cursor, "said", invented.notes(seed))
    upto_share, kinds, places = 0, [], []
    for number, kind in enumerate(invented.KINDS):
        kinds.append((number, upto_share, upto_share + kind.share, len(kind.members),
                      list(kind.issues)))  # fmt: skip
        upto_share += kind.share
        places += [(number, part, *member) for part, member in enumerate(kind.members)]
    _insert(cursor, "kind", kinds)
    _insert(cursor, "place", places)
    _sittings(cursor, using, people)
    cursor.execute("ANALYZE slot, word, said, kind, place")


def _insert(cursor: Any, table: str, rows: list[Any]) -> None:
    with cursor.copy(f"COPY {table} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _sittings(cursor: Any, using: str, people: City) -> None:
    """A year of both conferences, past and to come; the office keeps the lists."""
    city, office = people.city, people.coordinator
    types = [
        ConferenceType.objects.using(using).create(
            municipality=city, code=code, name=name, bases=bases, consent=consent,
            host=office.agency, secretariat=office.agency, agenda_types=[kind],
        )
        for code, name, bases, consent, kind in (
            ("plan", "重層的支援会議", ["106-4-2-5"], "required", "plan_adequacy"),
            ("support", "支援会議", ["106-6"], "not_required", "watching"),
        )
    ]  # fmt: skip
    now = datetime.datetime.now(TOKYO)
    SecretariatMember.objects.using(using).create(
        conference_type=types[1], membership=office, named_by=office,
        fiscal_year=fiscal_year(now.date()), pledged_at=now,
    )  # fmt: skip
    cursor.execute(
        "INSERT INTO sat SELECT n, pg_temp.key('sitting', n), CASE n %% 2 WHEN 0 THEN %s ELSE %s"
        " END, n %% 2 = 1 FROM generate_series(0, %s) AS n",
        [types[0].pk, types[1].pk, SITTINGS - 1],
    )
    cursor.execute(
        """INSERT INTO meetings_sitting (id, due_key, month, "on", place, is_ad_hoc, state,
               noticed_at, municipality_id)
           SELECT id, 'made-up' || number, current_date + number / 2 * 14 - 60,
               current_date + number / 2 * 14 - 60, '', false, 'noticed', now(), %s FROM sat""",
        [city.pk],
    )
    cursor.execute(
        "INSERT INTO meetings_sitting_conference_types (sitting_id, conferencetype_id)"
        " SELECT id, conference FROM sat"
    )
