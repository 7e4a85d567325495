"""A made-up city holds what a city holds: constraints, derived grants, the proof; and it is the
same again from the same seed."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import re
from contextlib import contextmanager
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import override_settings

from agencies.models import Municipality
from cases.models import Case
from reports.cost import fill
from reports.cost.city import NotHere, build, check_empty
from reports.cost.floor import plain
from reports.proof.load import load
from reports.proof.scratch import scratch
from reports.proof.verify import verify

pytestmark = pytest.mark.database

HOUSEHOLDS = 200
ON = datetime.date.today()  # noqa: DTZ011 - any day, but the same for both


@pytest.fixture(autouse=True)
def _a_database_of_its_own(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        yield


@contextmanager
def made(seed=1):
    for alias in ("owner", "default"):
        connections[alias].close()
    template = os.environ.get("KASANE_TEST_TEMPLATE") or connections["owner"].settings_dict["NAME"]
    with scratch(template=template) as (owner, app):
        city = build(owner, HOUSEHOLDS, seed=seed, on=ON)
        yield owner, app, city


def asked(owner, sql):
    with connections[owner].cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


# Keys of who works there and of the city: not of the seed.
NUMBERED = """{municipality_id,author_id,author_agency_id,responsible_agency_id,opened_by_id,
    closed_by_id,explained_by_id,taken_by_agency_id,agency_id,withdrawn_by_id,decided_by_id}"""


def fingerprint(owner):
    """Everything written about households, but no numbers a sequence or a clock gave."""
    found = {}
    for table in ("cases_case", "cases_person", "cases_contact", "cases_record", "cases_note",
                  "cases_consent", "plans_plan", "plans_supportitem"):  # fmt: skip
        rows = asked(
            owner, f"SELECT to_jsonb(t) - '{NUMBERED}'::text[] FROM {table} AS t ORDER BY 1"
        )
        found[table] = hashlib.sha256(json.dumps(rows, default=str).encode()).hexdigest()
    return found


def test_a_made_up_city_is_proven_like_any_other_and_the_same_from_its_seed():
    with made() as (owner, app, _city):
        assert Case.objects.using(owner).count() == HOUSEHOLDS
        # Ten notes a household, versions of all, whose words are the row's.
        ((notes, versions),) = asked(
            owner,
            """SELECT count(*), count(h.history_id) FROM cases_note AS n
               LEFT JOIN cases_historicalnote AS h ON h.record_id = n.record_id
                AND h.text = n.text AND h.history_type = '+'""",
        )
        assert notes == versions
        assert 8 <= notes / HOUSEHOLDS <= 12
        # Nothing is left without its keys, indexes and triggers.
        ((missing,),) = asked(
            owner,
            "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND NOT convalidated",
        )
        assert missing == 0
        assert asked(owner, "SELECT 1 FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'D'"
                     ) == []  # fmt: skip
        # No grant changes when all are derived anew.
        count = """SELECT (SELECT count(*) FROM cases_casegrant),
            (SELECT count(*) FROM cases_casegrant WHERE revoked_at IS NOT NULL)"""
        before = asked(owner, count)
        asked(owner, "SELECT count(kasane.sync_grants(id)) FROM cases_case")
        assert asked(owner, count) == before
        first = fingerprint(owner)
        outcome = verify(owner=owner, app=app, pairs=4000, seed=1, world=load(owner))
        assert outcome.pairs >= 4000
        assert outcome.visible > 0
        assert outcome.differences == []
        with pytest.raises(NotHere, match="もうあります"):
            check_empty(owner)
    with made() as (owner, _app, _city):
        assert fingerprint(owner) == first
    with made(seed=2) as (owner, _app, _city):
        other = fingerprint(owner)
    assert all(other[table] != first[table] for table in first)


def test_the_migrated_database_has_the_same_keys_and_indexes_afterwards():
    shape = """SELECT c.oid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index AS i
        JOIN pg_class AS c ON c.oid = i.indexrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = 'public'
        UNION ALL SELECT conrelid::regclass || ' ' || conname, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2"""

    def plainly(rows):
        # PostgreSQL writes the same list of words with other casts when it reads it back.
        return [(name, re.sub(r"::[a-z ]+(\[\])?|[()]", "", words)) for name, words in rows]

    before = plainly(asked("owner", shape))
    assert len(before) > 500
    with made() as (owner, _app, _city):
        assert plainly(asked(owner, shape)) == before


def test_where_a_real_city_may_be_nothing_is_made():
    for alias in ("owner", "default"):
        connections[alias].close()
    template = os.environ.get("KASANE_TEST_TEMPLATE") or connections["owner"].settings_dict["NAME"]
    with scratch(template=template) as (owner, _app), override_settings(KASANE_DEMO=False):
        check_empty(owner)
        Municipality.objects.using(owner).create(code="real", name="実市", decided_by="conference")
        with pytest.raises(NotHere, match="実際の市"):
            build(owner, HOUSEHOLDS)
        assert not Case.objects.using(owner).exists()
        with override_settings(KASANE_DEMO=True):
            check_empty(owner)


def test_too_few_households_are_refused_in_words():
    with pytest.raises(CommandError, match="100以上"):
        call_command("make_world", households=1, stdout=StringIO(), stderr=StringIO())


def test_bench_desk_says_of_every_page_what_it_costs():
    out = StringIO()
    for alias in ("owner", "default"):
        connections[alias].close()
    call_command(
        "bench_desk",
        sizes=[300, 400],
        rounds=1,
        template=os.environ.get("KASANE_TEST_TEMPLATE")
        or connections["owner"].settings_dict["NAME"],
        json=True,
        stdout=out,
        stderr=StringIO(),
    )
    found = json.loads(out.getvalue())
    assert found["households"] == 400
    assert found["against"] == 300
    names = {"home", "list", "list_filtered", "search_kana", "search_kanji", "search_phone",
             "search_birth", "case", "timeline", "note_form", "note_save"}  # fmt: skip
    assert names - {"timeline"} <= set(found["pages"]) <= names
    for name, page in found["pages"].items():
        assert 0 < page["p50_ms"] <= page["p95_ms"], name
        assert page["over_floor"] > 0 < page["over_floor_p95"]
        assert page["queries"] > 5
        assert page["bytes"] > 2000 or name == "note_save"
        assert set(page["by_user_p50_ms"]) <= {"small", "large", "office"}
    assert set(found["over_aim"]) <= set(found["pages"])


def test_without_a_made_up_city_nothing_is_measured():
    with pytest.raises(CommandError, match="make_world"):
        call_command("bench_desk", stdout=StringIO(), stderr=StringIO())


def test_plain_formatting_gives_so_many_bytes():
    assert plain([], 0) == b""
    assert len(plain([], 10)) == 10
    assert plain([("か", 1)], 30).startswith("<li>か 1</li>\n".encode())
    assert len(plain([("か", 1), (None,)], 1000)) == 1000


def test_every_table_that_is_filled_is_named():
    statements = (*fill.FILL, fill.NOTE_RECORDS, fill.NOTES_WRITTEN, fill.GRANTS)
    filled = {statement.split()[2] for statement in statements}
    versions = {f"{a}_historical{b}" for a, _u, b in (t.partition("_") for t in fill.VERSIONED)}
    assert filled | versions == set(fill.TABLES)
