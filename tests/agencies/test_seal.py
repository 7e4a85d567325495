"""The sealed log (V10, decision 0006): what was sealed cannot change unseen, and writers do not
wait. Each test has a database of its own, because only committed rows are sealed."""

from __future__ import annotations

import json
import shutil
import uuid
from contextlib import contextmanager

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import DatabaseError, connections, transaction

from agencies import verification
from agencies.models import AccessLog
from agencies.sealing import keep_heads, seal_log
from config.lib import seals
from config.lib.acting import acting, own_key
from tests.agencies.sealed import (
    ask,
    findings,
    keys,
    other_session,
    own_database,
    reseal,
    scheduler,
    seal,
    unlock,
    write,
)

pytestmark = pytest.mark.database
KEY, OTHER = seals.make_key(), seals.make_key()
PUBLIC = seals.public_bytes(seals.read_key(KEY))


@pytest.fixture
def log(django_db_setup, django_db_blocker, settings, tmp_path):
    """An empty log of its own; gives the file the heads go to."""
    settings.KASANE_SEAL_KEY = KEY
    settings.KASANE_SEAL_PUBLIC = ""
    settings.KASANE_SEAL_FILE = str(tmp_path / "heads.jsonl")
    with django_db_blocker.unblock(), own_database():
        yield tmp_path / "heads.jsonl"


@pytest.fixture(scope="module")
def sealed(django_db_setup, django_db_blocker, tmp_path_factory):
    """A log in four batches; each test tampers with it in a transaction that is rolled back."""
    file = tmp_path_factory.mktemp("seals") / "heads.jsonl"
    with pytest.MonkeyPatch.context() as patch, django_db_blocker.unblock(), own_database():
        patch.setattr("agencies.sealing.settings.KASANE_SEAL_KEY", KEY)
        patch.setattr("agencies.sealing.settings.KASANE_SEAL_FILE", str(file))
        for number in range(4):
            write(*(f"line{number}{letter}" for letter in "abcdefg"))
            assert seal() == 7
        yield file


@pytest.fixture
def tamper(sealed, django_db_blocker, monkeypatch):
    """Triggers off, as the owner; verification looks at the transaction that will not stay."""

    @contextmanager
    def same_transaction(using):
        yield connections[using].connection

    monkeypatch.setattr(verification, "_snapshot", same_transaction)
    with django_db_blocker.unblock(), transaction.atomic(using="owner"):
        unlock()
        yield keys()
        transaction.set_rollback(True, using="owner")


def test_what_was_sealed_verifies_and_the_command_says_so(log, capsys):
    write("one", "two", "three")
    assert seal() == 3
    write("four")
    assert seal() == 1
    assert seal() == 0  # nothing new, no head
    write("five")
    call_command("verify_audit", heads=str(log), public_key=[PUBLIC.hex()])
    facts = json.loads(capsys.readouterr().out)
    assert facts["ok"]
    assert (facts["rows"], facts["batches"], facts["unsealed"]) == (4, 2, 1)
    assert facts["heads_kept"] == 2
    assert facts["is_signature_trusted"]
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert lines[-1]["head"] == facts["last_head"]
    assert log.stat().st_mode & 0o077 == 0
    ask("ALTER TABLE agencies_accesslog DISABLE TRIGGER USER")
    ask("UPDATE agencies_accesslog SET what = 'other' WHERE what = 'two'")
    with pytest.raises(SystemExit) as stopped:
        call_command("verify_audit", heads=str(log))
    assert stopped.value.code == 1
    found = json.loads(capsys.readouterr().out)["findings"]
    assert found == [{"kind": "altered", "id": keys()["other"], "batch": 1}]


# --- rows ------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch", [0, 1, 3])
@pytest.mark.parametrize(
    "change",
    [
        "what = 'line0x'", "at = at + interval '1 microsecond'", "was_allowed = false",
        "user_id = 7", "record_ids = ARRAY[gen_random_uuid()]", "basis = 'own_records'",
    ],
)  # fmt: skip
def test_an_altered_row_is_named(tamper, change, batch):
    key = tamper[f"line{batch}c"]
    ask(f"UPDATE agencies_accesslog SET {change} WHERE id = %s", key)
    assert findings() == [{"kind": "altered", "id": key, "batch": batch + 1}]


@pytest.mark.parametrize("batch", [0, 2, 3])
def test_a_removed_row_is_named(tamper, batch):
    key = tamper[f"line{batch}g"]
    ask("DELETE FROM agencies_accesslog WHERE id = %s", key)
    assert findings() == [{"kind": "removed", "id": key, "batch": batch + 1}]


COPY = """INSERT INTO agencies_accesslog (id, transaction_id, at, action, purpose, basis, what,
    record_ids, was_allowed) OVERRIDING SYSTEM VALUE
    SELECT {id}, transaction_id, at, action, purpose, basis, 'never', '{{}}', true
    FROM agencies_accesslog WHERE id = %s"""


def test_an_inserted_row_is_named(tamper):
    top = max(tamper.values()) + 100
    ask(COPY.format(id=top), tamper["line1c"])
    assert findings() == [{"kind": "inserted", "id": top, "batch": 2}]


def test_a_row_inserted_before_everything_or_between_batches_is_named(tamper):
    ask(COPY.format(id=-5), tamper["line0a"])
    assert findings() == [{"kind": "inserted", "id": -5, "batch": 1}]
    ask("DELETE FROM agencies_accesslog WHERE id = -5")
    # Of a transaction that had ended before the first ordinary batch began.
    top = max(tamper.values()) + 100
    ask(COPY.format(id=top), tamper["line1c"])
    ask("UPDATE agencies_accesslog SET transaction_id = 3 WHERE id = %s", top)
    assert findings() == [{"kind": "inserted", "id": top, "batch": None}]


@pytest.mark.parametrize("batch", [0, 2])
def test_re_ordered_rows_are_named(tamper, batch):
    one, two = tamper[f"line{batch}b"], tamper[f"line{batch}e"]
    swap(one, two)
    assert sorted(findings(), key=str) == sorted(
        [
            {"kind": "reordered", "id": one, "was": two, "batch": batch + 1},
            {"kind": "reordered", "id": two, "was": one, "batch": batch + 1},
        ],
        key=str,
    )


def test_rows_swapped_with_their_transactions_are_named(tamper):
    one, two = tamper["line2b"], tamper["line2e"]
    swap(one, two)
    ask(
        "UPDATE agencies_accesslog AS l SET transaction_id = o.transaction_id"
        " FROM agencies_accesslog AS o WHERE (l.id, o.id) IN ((%s, %s), (%s, %s))",
        one, two, two, one,
    )  # fmt: skip
    assert {(f["kind"], f["id"]) for f in findings()} == {("reordered", one), ("reordered", two)}


def swap(one, two):
    for now, then in ((one, -1), (two, one), (-1, two)):
        ask("UPDATE agencies_accesslog SET id = %s WHERE id = %s", then, now)


# --- batches and heads -----------------------------------------------------------------------


def test_a_removed_batch_is_named(tamper, sealed):
    ask("DELETE FROM agencies_accesslog WHERE what LIKE 'line1%%'")
    ask("DELETE FROM agencies_logseal WHERE number = 2")
    assert {"kind": "batch_removed", "batch": 2, "until": 2} in findings()
    assert {"kind": "batch_removed", "batch": 2, "until": 2} in findings(sealed)


def test_a_removed_batch_covered_up_without_the_key_is_found(tamper, sealed):
    ask("DELETE FROM agencies_accesslog WHERE what LIKE 'line1%%'")
    ask("DELETE FROM agencies_logseal WHERE number = 2")
    ask("UPDATE agencies_logseal SET number = number - 1 WHERE number > 2")
    reseal(OTHER)
    assert {f["kind"] for f in findings(None, PUBLIC)} >= {"head_forged", "chain_broken"}
    assert "head_differs_from_kept" in {f["kind"] for f in findings(sealed)}


def test_a_row_altered_with_its_batch_is_found(tamper, sealed):
    ask("UPDATE agencies_accesslog SET what = 'x' WHERE id = %s", tamper["line1d"])
    reseal(OTHER)
    assert findings() == []  # one hand, one key: only what is known from outside tells
    assert {(f["kind"], f["batch"]) for f in findings(None, PUBLIC)} == {
        ("head_forged", number) for number in (1, 2, 3, 4)
    }
    assert {f["batch"] for f in findings(sealed)} == {2, 3, 4}


def test_a_forged_head_and_altered_leaves_are_named(tamper):
    ask("UPDATE agencies_logseal SET head = sha256('x') WHERE number = 4")
    assert {(f["kind"], f["batch"]) for f in findings()} == {
        ("seal_altered", 4), ("head_forged", 4),
    }  # fmt: skip
    ask("UPDATE agencies_logseal SET head = kasane.head_of(agencies_logseal) WHERE number = 4")
    assert findings() == []
    ask(
        "UPDATE agencies_logseal SET leaves = set_byte(leaves, 2, get_byte(leaves, 2) # 1)"
        " WHERE number = 3"
    )  # the bit turned over: a byte put in its place may be the one that stood there
    found = findings()
    assert {"kind": "seal_altered", "batch": 3} in found
    ask("UPDATE agencies_logseal SET signature = sha256('x') || sha256('y') WHERE number = 1")
    assert {"kind": "head_forged", "batch": 1} in findings()


def test_a_cut_tail_is_found_against_the_heads_kept_outside(tamper, sealed):
    ask("DELETE FROM agencies_accesslog WHERE what LIKE 'line3%%' OR what LIKE 'line2%%'")
    ask("DELETE FROM agencies_logseal WHERE number > 2")
    assert findings() == []
    assert findings(sealed) == [{"kind": "tail_cut", "batch": 3, "until": 4}]


def test_a_forged_line_in_the_file_is_found(tamper, sealed, tmp_path):
    file = tmp_path / "copy.jsonl"
    shutil.copy(sealed, file)
    lines = file.read_text().splitlines()
    facts = json.loads(lines[1])
    lines[1] = json.dumps({**facts, "head": "00" * 32})
    file.write_text("\n".join([*lines, '{"torn']))
    assert findings(file) == [{"kind": "kept_head_forged", "line": 2, "batch": 2}]
    assert findings(tmp_path / "nowhere")[0]["kind"] == "heads_unreadable"


# --- sealing ---------------------------------------------------------------------------------


def test_no_row_of_a_transaction_still_open_is_skipped(log):
    write("first")
    seal()
    late = "SELECT kasane.log_access(NULL,'deny','audit','',%s,NULL,NULL,NULL,true)"
    with other_session() as slow:
        slow.execute("SAVEPOINT inner_one")  # what is written in a savepoint counts for the whole
        slow.execute(late, ["late"])
        slow.execute("RELEASE inner_one")
        write("quick")  # a later transaction, a later id, committed first
        assert seal() == 0
        with other_session() as reader:  # who only reads holds nothing up
            reader.execute("SELECT kasane.actor()")
            assert seal() == 0
        slow.execute(late, ["late2"])
    write("after")
    assert seal() == 4
    assert findings(log) == []
    sealed = {key for (ids,) in ask("SELECT ids FROM agencies_logseal") for key in ids}
    assert sealed == set(keys().values())
    ((ids,),) = ask("SELECT ids FROM agencies_logseal WHERE number = 2")
    told = keys()
    assert ids == [told["late"], told["late2"], told["quick"], told["after"]]


def test_one_seals_at_a_time_and_nobody_waits(log):
    write("one")
    with other_session() as rival:
        rival.execute("SELECT kasane.act(%s, %s)", [own_key(), scheduler().pk])
        assert rival.execute("SELECT sealed FROM kasane.seal_log(10)").fetchall() == [(1,)]
        assert seal() == 0
        rival.rollback()
    assert seal() >= 1
    assert findings(log) == []


def test_writers_do_not_wait_for_the_sealer(log):
    write("one")
    seal()
    write("two")
    with other_session() as sealer:
        sealer.execute("SELECT kasane.act(%s, %s)", [own_key(), scheduler().pk])
        assert sealer.execute("SELECT sealed FROM kasane.seal_log(10)").fetchall() == [(1,)]
        ask("SET lock_timeout = '2s'", alias="default")
        write("three")
        sealer.rollback()
    assert seal() == 2


def test_batches_are_cut_between_transactions(log):
    write("zero")
    seal()
    write(*(f"n{number}" for number in range(10)))
    assert seal_log(by=scheduler(), most=4) == 10
    counts = ask("SELECT count FROM agencies_logseal ORDER BY number")
    assert [count for (count,) in counts] == [1, 4, 4, 2]
    assert findings(log) == []


def test_the_file_catches_up_and_is_never_rewritten(log):
    for name in "abc":
        write(name)
        seal()
    whole = log.read_text()
    lines = whole.splitlines(keepends=True)
    log.write_text("".join(lines[:1]) + lines[1][:40])  # a crash in the middle of a line
    keep_heads(log, by=scheduler())
    assert log.read_text() == lines[0] + lines[1][:40] + "\n" + lines[1] + lines[2]
    log.unlink()
    keep_heads(log, by=scheduler())
    assert log.read_text() == whole


def test_a_log_restored_into_another_server_goes_on(log):
    """There transaction numbers start anew: what was sealed stays so, nothing is sealed twice."""
    write("a", "b")
    seal()
    write("c")
    seal()
    write("tail")
    far = 10**12
    with transaction.atomic(using="owner"):
        unlock()
        ask("UPDATE agencies_accesslog SET transaction_id = transaction_id + %s", far)
        ask("UPDATE agencies_logseal SET cluster = 1, until_transaction = until_transaction + %s"
            ", from_transaction = CASE WHEN number = 1 THEN 0 ELSE from_transaction + %s END",
            far, far)  # fmt: skip
        reseal(KEY)
        for table in ("agencies_accesslog", "agencies_logseal"):
            ask(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    log.unlink()
    write("new")
    assert seal() == 2
    write("newer")
    assert seal() == 1
    assert ask("SELECT number, era, count FROM agencies_logseal ORDER BY number") == [
        (1, 1, 2), (2, 1, 1), (3, 2, 2), (4, 2, 1),
    ]  # fmt: skip
    assert findings(log, PUBLIC) == []
    told = keys()
    unlock()
    for name, batch in (("b", 1), ("c", 2), ("tail", 3), ("new", 3), ("newer", 4)):
        ask("UPDATE agencies_accesslog SET basis = 'x' WHERE id = %s", told[name])
        assert findings() == [{"kind": "altered", "id": told[name], "batch": batch}]
        ask("UPDATE agencies_accesslog SET basis = '' WHERE id = %s", told[name])


# --- rights ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "attempt",
    [
        "SELECT * FROM agencies_logseal",
        "INSERT INTO agencies_logseal SELECT * FROM agencies_logseal",
        "UPDATE agencies_logseal SET count = 0",
        "SELECT kasane.seal_log(10)",
        "SELECT kasane.sign_seal(1, 'x', 'y')",
        "SELECT kasane.merkle_root('x')",
        "SELECT kasane.surname('架空 一')",
    ],
)
def test_the_applications_login_cannot_touch_the_seals(sealed, django_db_blocker, attempt):
    with (
        django_db_blocker.unblock(),
        other_session() as session,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        session.execute(attempt)


@pytest.mark.parametrize(
    "attempt",
    [
        "INSERT INTO agencies_accesslog (at, action, what, record_ids, was_allowed)"
        " VALUES ('2020-01-01', 'open', 'x', '{}', true)",
        "UPDATE agencies_accesslog SET what = 'x'",
        "DELETE FROM agencies_accesslog",
        "TRUNCATE agencies_accesslog",
        "COPY agencies_accesslog FROM STDIN",
        "ALTER TABLE agencies_accesslog DISABLE TRIGGER USER",
        "ALTER TABLE agencies_accesslog DISABLE ROW LEVEL SECURITY",
        "SET session_replication_role = replica",
        "SET ROLE kasane_owner",
        "DROP FUNCTION kasane.refuse_change() CASCADE",
        "CREATE OR REPLACE FUNCTION kasane.seal_log(most integer) RETURNS integer"
        " LANGUAGE sql AS 'SELECT 1'",
        "CREATE FUNCTION kasane.sha256(bytea) RETURNS bytea LANGUAGE sql AS 'SELECT $1'",
        "SELECT setval('agencies_accesslog_id_seq', 1)",
        "SELECT kasane.log_horizon()",
    ],
)
def test_the_applications_login_cannot_touch_the_log(sealed, django_db_blocker, attempt):
    with (
        django_db_blocker.unblock(),
        other_session() as session,
        pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidParameterValue)),
    ):
        session.execute(attempt)


def test_a_line_bears_the_time_of_its_writing_and_who_acts(log):
    """Whoever calls the door itself can neither date a line back nor write one for another."""
    write("before")
    with other_session() as session:
        session.execute("SET TimeZone = 'Pacific/Kiritimati'")
        session.execute("SELECT kasane.act(%s, %s)", [own_key(), scheduler().pk])
        for action in ("open", "sign_in"):
            session.execute(
                "SELECT kasane.log_access(%s, %s, '', '', 'forged', NULL, NULL, NULL, true)",
                [uuid.uuid4(), action],
            )
    lines = ask(
        "SELECT membership_id, at > now() - interval '1 minute' AND at <= clock_timestamp()"
        " FROM agencies_accesslog WHERE what = 'forged'"
    )
    assert lines == [(scheduler().pk, True)] * 2


def test_who_holds_the_lock_holds_up_the_seal_and_loses_nothing(log):
    write("one")
    with other_session() as rival:
        rival.execute("SELECT pg_advisory_lock(hashtextextended('kasane.seal_log', 0))")
        assert seal() == 0
        write("two")
    assert seal() == 2
    assert findings(log) == []


def test_heads_are_read_by_nobody_else(sealed, django_db_blocker):
    with django_db_blocker.unblock(), other_session() as session:
        assert session.execute("SELECT * FROM kasane.log_heads(0, 10)").fetchall() == []


@pytest.mark.parametrize(
    "attempt",
    [
        "UPDATE agencies_logseal SET signature = 'x', public_key = 'y'",
        "UPDATE agencies_logseal SET signature = NULL",
        "UPDATE agencies_logseal SET count = count",
        "DELETE FROM agencies_logseal",
        "TRUNCATE agencies_logseal",
        "UPDATE agencies_accesslog SET transaction_id = 1",
    ],
)
def test_even_the_owner_meets_the_triggers(sealed, django_db_blocker, attempt):
    with (
        django_db_blocker.unblock(),
        pytest.raises(DatabaseError, match=r"append-only|only ever signed"),
        transaction.atomic(using="owner"),
    ):
        ask(attempt)


def test_a_head_is_signed_once(log):
    write("one")
    seal()
    by = scheduler()
    with pytest.raises(DatabaseError, match="no unsigned head"), acting(by.pk):
        ask("SELECT kasane.sign_seal(1, 'x', 'y')", alias="default")


# --- hashes ----------------------------------------------------------------------------------


def test_every_column_is_sealed(sealed, django_db_blocker):
    columns = {field.column for field in AccessLog._meta.concrete_fields}
    assert columns == set(verification.COLUMNS)
    with django_db_blocker.unblock():
        ((source,),) = ask("SELECT prosrc FROM pg_proc WHERE proname = 'seal_log'")
        stored = ask(
            "SELECT attname FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped"
            " AND attrelid = 'public.agencies_accesslog'::regclass"
        )
    assert {name for (name,) in stored} == columns
    written = ", ".join(f"l.{name}" for name in verification.COLUMNS)
    assert " ".join(source.split()).count(f"ROW(1, {written})") == 2


def test_database_and_python_make_the_same_root(sealed, django_db_blocker):
    leaves = b"".join(seals.leaf(bytes([n])) for n in range(40))
    with django_db_blocker.unblock():
        for count in (0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 33, 40):
            part = leaves[: 32 * count]
            ((root,),) = ask("SELECT kasane.merkle_root(%s)", part)
            assert bytes(root) == seals.merkle_root(part)


def test_a_worker_without_a_key_does_not_start(settings):
    settings.KASANE_SEAL_FILE = "/seals/heads.jsonl"
    for wrong in ("", "x", "ab" * 31):
        settings.KASANE_SEAL_KEY = wrong
        with pytest.raises(ImproperlyConfigured, match="KASANE_SEAL_KEY"):
            seals.refuse_missing_key()
    settings.KASANE_SEAL_KEY = KEY
    seals.refuse_missing_key()
    settings.KASANE_SEAL_FILE = ""
    with pytest.raises(ImproperlyConfigured, match="KASANE_SEAL_FILE"):
        seals.refuse_missing_key()
