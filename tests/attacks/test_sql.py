"""Any SQL over the application's own login: no way round the gate, and no way to ask it (V1, V15).

What ordinary statements are refused stands in tests/cases/test_attacks.py, who acts in
tests/agencies/test_signed_actor.py; here are the ways *around*: roles, files, views, functions of
the definer, and answers that differ for what is hidden and what does not exist.
"""

from __future__ import annotations

import contextlib
import datetime
import re
import uuid
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import DatabaseError, NotSupportedError, connection, connections, transaction

from tests import houses as h
from tests import world as w
from tests.addresses import NOBODYS
from tests.meetings.situations import make_sitting
from tests.owner import own_login

pytestmark = [pytest.mark.django_db(databases=["default", "owner"]), pytest.mark.database]


ESCAPES = [
    "SET ROLE kasane_owner",
    "SET ROLE postgres",
    "SET SESSION AUTHORIZATION kasane_owner",
    "SET LOCAL ROLE pg_read_all_data",
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE; SET ROLE kasane_owner",
    "ALTER ROLE CURRENT_USER BYPASSRLS",
    "GRANT kasane_owner TO CURRENT_USER",
    "CREATE ROLE somebody",
    "SET session_replication_role = replica",
    "ALTER TABLE cases_person DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE cases_person DISABLE TRIGGER ALL",
    "DROP POLICY gate_change ON cases_person",
    "CREATE POLICY mine ON cases_person USING (true)",
    "ALTER TABLE cases_person OWNER TO CURRENT_USER",
    "COPY cases_person TO PROGRAM 'cat'",
    "COPY cases_person TO '/tmp/persons'",
    "COPY cases_note FROM '/etc/passwd'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_ls_dir('.')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT lo_export(1, '/tmp/x')",
    "CREATE TABLE public.mine AS SELECT * FROM cases_person",
    "CREATE VIEW public.mine AS SELECT * FROM cases_person",
    "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION kasane.actor2() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE SCHEMA mine",
    "CREATE EXTENSION dblink",
    "CREATE TEMP TABLE mine AS SELECT * FROM cases_person",
    "CREATE TRIGGER mine BEFORE INSERT ON cases_note EXECUTE FUNCTION kasane.refuse_change()",
    "TRUNCATE cases_person",
    "CREATE PUBLICATION mine FOR ALL TABLES",
    "SELECT * FROM pg_statistic",
    "SELECT * FROM kasane.session",
    "SELECT * FROM kasane.key",
]


def test_no_statement_makes_the_login_somebody_else_or_takes_rows_out():
    done = []
    with own_login() as own:
        for sql in ESCAPES:
            with contextlib.suppress(psycopg.Error):
                own.execute(sql)
                done.append(sql)
            own.rollback()
    assert done == []


def test_security_off_is_an_error_and_no_row(secrets):
    """`row_security = off` asks for all rows or none: the server refuses instead of filtering."""
    with w.act(secrets.city.child), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL row_security = off")
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            cursor.execute("SELECT * FROM cases_person")
        cursor.execute("SET LOCAL row_security = on")


class Secrets:
    """A household of everything that `child` has nothing to do with."""

    def __init__(self) -> None:
        self.city = city = w.city()
        h.staff(city)
        self.house = house = h.home(city.elderly, city)
        h.let_in(house, "disability")
        h.written(house)
        h.paper(house)
        h.planned(house, "disability")
        h.consulted(house)
        h.sent_away(house, "disability")
        h.notified(house, "livelihood")
        h.sealed(house, make_sitting(city, "support", days=1), "outreach")
        h.urgent(house, city.outreach)


@pytest.fixture
def secrets():
    return Secrets()


# --- rows, by every way a statement has to show them --------------------------------------------

WORDS = ("架空野", "090-0000-1234", "電話で話した", "守秘の世帯")


def gated() -> list[str]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind IN ('r', 'p') AND relrowsecurity ORDER BY relname"
        )
        return [name for (name,) in cursor.fetchall()]


def test_copy_and_json_and_text_of_whole_rows_hold_nothing_hidden(secrets):
    """COPY, whole rows as JSON or text, set operations and `TABLE`: all are filtered."""
    with w.act(secrets.city.child):
        raw = connection.connection
        told = []
        for table in gated():
            with raw.cursor() as cursor:
                cursor.execute("SAVEPOINT one")
                try:
                    with cursor.copy(f'COPY (SELECT * FROM "{table}") TO STDOUT') as out:
                        told.append(b"".join(bytes(part) for part in out).decode(errors="replace"))
                    cursor.execute(f'SELECT json_agg(t)::text FROM "{table}" AS t')
                    told.append(cursor.fetchone()[0] or "")
                    cursor.execute(f'SELECT string_agg(t::text, $$,$$) FROM "{table}" AS t')
                    told.append(cursor.fetchone()[0] or "")
                except psycopg.Error as error:  # not granted: nothing is told either
                    told.append(str(error))
                    cursor.execute("ROLLBACK TO SAVEPOINT one")
        text = "\n".join(told)
    assert [word for word in WORDS if word in text] == []
    assert str(secrets.house.case.pk) not in text


CONDITIONS = [
    "name::int = 0",  # an error of conversion would quote the name
    "1 / (length(name) - length(name)) = 0",
    "name LIKE '架空野%'",
    "name ~ '架空野'",
    "to_tsvector('simple', name) @@ to_tsquery('simple', '架空野')",
    "xpath(name, '<a/>'::xml) IS NOT NULL",
    "pg_notify('names', name) IS NULL",
    "set_config('my.name', name, true) <> ''",
    "query_to_xml('select ' || quote_literal(name), true, true, '') IS NULL",
]


def test_a_condition_is_never_asked_of_a_hidden_row(secrets):
    """What could leak by an error or a side effect runs after the gate, on nothing."""
    with w.act(secrets.city.child), connection.cursor() as cursor:
        for condition in CONDITIONS:
            for rows in ("cases_person", "(SELECT * FROM cases_person OFFSET 0)"):
                sql = f"SELECT count(*) FROM {rows} AS p WHERE {condition}".replace("%", "%%")
                try:
                    with transaction.atomic():
                        cursor.execute(sql, [])
                except NotSupportedError:
                    assert "xml" in condition  # a server built without it has no such door
                    continue
                assert cursor.fetchone() == (0,)


def test_every_view_shows_what_its_reader_may_see():
    """A view of ours runs with its reader's rights, or is not the application's to read."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT c.oid::regclass::text FROM pg_class AS c WHERE c.relkind IN ('v', 'm')"
            " AND c.relnamespace IN ('public'::regnamespace, 'kasane'::regnamespace)"
            " AND has_table_privilege(%s, c.oid, 'SELECT')"
            " AND NOT coalesce('security_invoker=true' = ANY (c.reloptions), false)",
            [settings.KASANE_APP_ROLE],
        )
        assert cursor.fetchall() == []


# --- functions of the definer: doors in the wall ------------------------------------------------

# Each door the application may open, and what it answers a stranger about what is hidden. A new
# one fails the suite until it stands here, and is then asked about everything in `Secrets`.
DOORS = {
    "act", "actor", "log_access", "may", "is_locked_out", "open_session", "end_session",  # who
    "mails_due",  # numbers, to the scheduler
    "seal_log", "sign_seal", "log_heads", "review_numbers", "review_case", "review_surnames",
    "person_looks", "review_persons", "review_person", "decide_looks",  # the trail, by role
    "note_duplicates", "missing_consents", "consents_until", "sync_grants", "consent_grantees",
    "next_label", "supersede_consent", "return_referral", "case_reach", "transfer_reaches",
    "transfer_missing", "transfer_reach", "not_transferable", "send_transfer", "answer_transfer",
    "keep_exceptions", "saw_before", "refile_record", "end_answer_in_place", "open_emergency",
    "plans_to_review", "plan_reminders", "plan_reach", "attached_items", "block_uncovered_items",
    "asked_to_sitting", "is_head", "renew_carry_out", "end_carry_out", "admit_guest",
    "renew_guest", "end_guest", "told_grants",
    "unconfirmed", "recertify_counts", "give_back", "end_unconfirmed",
    "stranded_shields", "rescue_candidates", "name_rescue", "confirm_rescue",
    "orphaned_cases", "send_orphaned", "open_duplicates", "ask_duplicate", "settle_duplicate",
    "confirm_session", "session_state", "own_sessions", "end_own_sessions", "own_factors",
    "add_factor", "rename_factor", "remove_factor", "set_recovery_codes", "recovery_codes_left",
    "reset_factors",  # the second factor: by the secret of a cookie
    "shielded_cases", "shielded_against_me", "my_shields", "shielded_among", "shield_closes",
    "shield_closes_versions", "shield_check", "shield_check_all", "shield_hold_finds",
    "writing_waits", "settle_consultation", "open_shields",
    "forget_drafts", "put_off_items",
    "sittings_told",  # days and rooms, by the hash of a feed's address
}  # fmt: skip
# Exact identification opens a household in an emergency (V8); a password opens a session.
BY_DESIGN = {"open_emergency", "open_session", "is_locked_out", "act", "log_access"}


def doors() -> list[tuple[str, list[str]]]:
    """Name and argument types of every definer function the application may call."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT p.proname, coalesce(array_agg(format_type(a.type, NULL) ORDER BY a.place)"
            " FILTER (WHERE a.type IS NOT NULL), '{}') FROM pg_proc AS p"
            " LEFT JOIN LATERAL unnest(p.proargtypes::oid[]) WITH ORDINALITY AS a (type, place)"
            " ON true WHERE p.prosecdef AND has_function_privilege(%s, p.oid, 'EXECUTE')"
            " AND p.pronamespace IN ('public'::regnamespace, 'kasane'::regnamespace)"
            " GROUP BY p.oid, p.proname ORDER BY p.proname",
            [settings.KASANE_APP_ROLE],
        )
        return cursor.fetchall()


def test_every_door_is_known():
    assert {name for name, _types in doors()} == DOORS


def filling(kind: str, key: uuid.UUID, city: w.World) -> Any:
    """A value for an argument of this type: the key in question wherever a key fits."""
    today = datetime.date(2026, 11, 1)
    return {
        "uuid": key,
        "uuid[]": [key],
        "integer": city.agencies["child"].pk,
        "integer[]": [city.agencies["child"].pk],
        "bigint": city.conferences["support"].pk,
        "date": today,
        "timestamp with time zone": datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC),
        "boolean": True,
        "bytea": b"\x00" * 32,
        "inet": "127.0.0.1",
        "jsonb": "[]",
    }.get(kind, "架空の理由をここに書く")


def answer(name: str, types: list[str], key: uuid.UUID, city: w.World) -> str:
    """What a door says, rows or refusal, without the key itself."""
    values = [filling(kind, key, city) for kind in types]
    holes = ", ".join(f"%s::{kind}" for kind in types)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f'SELECT t::text FROM kasane."{name}"({holes}) AS t', values)
            said = repr(sorted(cursor.fetchall(), key=repr))
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            transaction.set_rollback(True)
    except DatabaseError as error:
        said = f"{type(error).__name__}: {error}"
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "*", said)


def told_apart(secrets: Secrets, who: str) -> list[tuple[str, str, str, str]]:
    """Doors that answer a hidden key otherwise than one that is nobody's."""
    city = secrets.city
    told = []
    with w.act(city.members[who]):
        for name, types in doors():
            if name in BY_DESIGN or not {"uuid", "uuid[]"} & set(types):
                continue
            nothing = answer(name, types, NOBODYS, city)
            for thing, key in sorted(secrets.house.keys.items()):
                if (said := answer(name, types, key, city)) != nothing:
                    told.append((name, thing, nothing, said))
    return told


def test_every_door_says_the_same_of_what_is_hidden_and_what_is_not_there(secrets):
    """Asked with each key of a hidden household in turn, by somebody who may not see it; by other
    roles in tests/prove."""
    assert told_apart(secrets, "child") == []
