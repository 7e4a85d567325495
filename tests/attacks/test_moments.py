"""When it was, over the application's own login: moved by a correction of the content alone, by
whoever may correct it, with version and reason; the envelope is nobody's to write (V2, V13)."""

from __future__ import annotations

import datetime

import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, connection, transaction

from cases.models import Note, Record
from cases.models.records import Content
from cases.operations import close_case, withdraw_consent, write_record
from config.lib.eras import TOKYO
from outreach.models import Visit
from tests import houses as h
from tests import world as w
from tests.agencies.sealed import ask
from tests.cases.pages import note, referred
from tests.cases.test_attacks import refused, touched
from tests.cases.test_history import change_and_settle
from tests.outreach.conftest import carry_out, visit

pytestmark = [pytest.mark.django_db(databases=["default", "owner"]), pytest.mark.database]

WAS = datetime.datetime(2026, 5, 20, 10, tzinfo=TOKYO)
SAID = ", version = version + 1, correction_reason = 'x'"
MOVE = f"UPDATE {{table}} SET happened_at = %s{SAID} WHERE record_id = %s"
NOTE, VISIT = MOVE.format(table="cases_note"), MOVE.format(table="outreach_visit")
DAY = datetime.timedelta(days=1)


@pytest.fixture
def city():
    return w.city()


@pytest.fixture
def written(city):
    """A note of disability's own in a case of elderly's, and the consent by which it is there."""
    case, mother, _son, given = referred(city)
    return case, mother, given, note(city.disability, case, "文", [mother], happened_at=WAS)


def moment(by, key):
    with w.act(by):
        return Record.objects.get(pk=key).happened_at


def tried(by, sql, *params):
    """How many rows it reached; the change is taken back."""
    with transaction.atomic():
        found = touched(by, sql, *params)
        transaction.set_rollback(True)
    return found


def test_every_content_that_says_a_moment_is_followed_and_held():
    """By construction: a moment of another content needs the triggers, too."""
    said = {
        m._meta.db_table
        for m in apps.get_models()
        if issubclass(m, Content) and any(f.name == "happened_at" for f in m._meta.fields)
    }
    assert said == {"cases_note", "outreach_visit"}
    rows = ask(
        "SELECT c.relname, p.proname, t.tgenabled::text, t.tgtype,"
        " string_to_array(encode(t.tgargs, 'escape'), '\\000')"
        " FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid"
        " JOIN pg_proc AS p ON p.oid = t.tgfoid"
        " WHERE p.proname IN ('record_follows', 'needs_reason') AND t.tgqual IS NULL"
    )
    after_insert_or_update = 1 + 4 + 16
    followed = {
        table
        for table, name, on, kind, _words in rows
        if (name, on, kind) == ("record_follows", "O", after_insert_or_update)
    }
    held = {table for table, name, on, _kind, words in rows
            if (name, on) == ("needs_reason", "O") and "happened_at" in words}  # fmt: skip
    assert followed == held == said
    assert ask(
        "SELECT count(*) FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid"
        " WHERE c.relname IN ('cases_note', 'outreach_visit') AND t.tgenabled::text <> 'O'"
    ) == [(0,)]


def test_no_policy_and_no_other_function_reads_when_it_was():
    """A moment that is moved opens nothing, because nothing asks for it."""
    policies = (
        "SELECT policyname FROM pg_policies"
        " WHERE strpos(concat(qual, with_check), 'happened_at') > 0"
    )
    functions = (
        "SELECT p.proname FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace"
        " WHERE n.nspname IN ('kasane', 'public') AND strpos(p.prosrc, 'happened_at') > 0"
    )
    assert ask(policies) == []
    assert sorted(ask(functions)) == [("record_follows",), ("record_follows_day",)]


@pytest.mark.parametrize(
    "change",
    ["happened_at = happened_at - interval '1 day'",
     "happened_at = happened_at - interval '1 day', version = version + 1",
     "happened_at = happened_at - interval '1 day', correction_reason = 'x'",
     "happened_at = happened_at - interval '1 day', version = version + 1, correction_reason = ' '",
     f"happened_at = now() + interval '1 minute'{SAID}",
     f"happened_at = 'infinity'{SAID}",
     f"happened_at = '-infinity'{SAID}",
     f"happened_at = NULL{SAID}"],
)  # fmt: skip
def test_without_version_and_reason_or_beyond_now_it_is_refused(city, written, change):
    _case, _mother, _given, key = written
    sql = f"UPDATE cases_note SET {change} WHERE record_id = %s"
    with pytest.raises(IntegrityError):
        tried(city.disability, sql, key)
    assert moment(city.disability, key) == WAS


def test_whoever_only_reads_moves_nothing(city, written):
    case, mother, _given, _own = written
    key = note(city.elderly, case, "文", [mother], happened_at=WAS)
    assert moment(city.disability, key) == WAS  # reads it, and works on the case
    refused(city.disability, NOTE, WAS - DAY, key)
    assert tried(city.child, NOTE, WAS - DAY, key) == 0  # does not see it
    assert tried(city.elderly2, NOTE, WAS - DAY, key) == 1


def test_whoever_has_left_or_finds_the_case_closed_moves_nothing(city, written):
    case, mother, given, key = written
    own = note(city.elderly, case, "文", [mother], happened_at=WAS)
    with w.act(city.elderly):
        withdraw_consent(consent=given, by=city.elderly, reason="本人から")
    refused(city.disability, NOTE, WAS - DAY, key)
    assert tried(city.elderly, NOTE, WAS - DAY, own) == 1
    with w.act(city.elderly):
        close_case(case=case, by=city.elderly, reason="落ち着いた")
    refused(city.elderly, NOTE, WAS - DAY, own)


def test_the_envelope_is_nobodys_to_write(city, written):
    case, mother, _given, key = written
    refused(city.disability, "UPDATE cases_record SET happened_at = %s WHERE id = %s", WAS, key)
    refused(city.disability, "SELECT kasane.record_follows()")
    refused(city.disability, "SELECT kasane.record_follows_day()")
    with w.act(city.disability):
        bare = write_record(
            case=case, by=city.disability, kind="note", category="progress", persons=[mother],
            happened_at=WAS,
        ).pk  # fmt: skip
    sql = (
        "INSERT INTO cases_note (record_id, happened_at, method, with_whom, place, text, next_step,"
        " version) VALUES (%s, %s, 'visit', '', '', 'x', '', 1)"
    )
    refused(city.disability, sql, bare, WAS - DAY)
    assert tried(city.disability, sql, bare, WAS) == 1


def test_a_moment_without_its_version_is_refused_at_the_end(city, written):
    _case, _mother, _given, key = written

    def move():
        return touched(city.disability, NOTE, WAS - DAY, key)

    with pytest.raises(DatabaseError, match="without its version"):
        change_and_settle(move)
    assert moment(city.disability, key) == WAS


def test_a_version_that_says_another_moment_is_refused(city, written):
    _case, _mother, _given, key = written

    def lie():
        with w.act(city.disability), transaction.atomic():
            found = Note.objects.get(pk=key)
            found.happened_at, found.version, found.correction_reason = WAS - DAY, 2, "x"
            found.save()
            told = Note.history.filter(record_id=key).order_by("-history_id").first()
            told.pk, told.happened_at = None, WAS
            told.save(force_insert=True)

    with pytest.raises(IntegrityError, match="not its row as just written"):
        lie()
    assert moment(city.disability, key) == WAS


def test_hidden_and_missing_are_answered_alike(city):
    """V15: the gate answers before anything is said of the moment."""
    house = h.home(city.elderly, city)
    h.written(house, alone=True)
    sql = (
        "INSERT INTO cases_note (record_id, happened_at, method, with_whom, place, text, next_step,"
        " version) VALUES (%s, now(), 'visit', '', '', 'x', '', 1)"
    )
    told = set()
    for key in (house.keys["note"], "00000000-0000-7000-8000-000000000000"):
        with (
            w.act(city.child),
            pytest.raises(DatabaseError) as error,
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql, [key])
        told.add(str(error.value))
    assert len(told) == 1
    assert "row-level security" in told.pop()


def test_a_visit_is_moved_on_the_basis_on_which_it_was_logged(city):
    """V6: under a carry-out by its people alone, whoever works on the case."""
    case, (mother, _son) = w.household(city.elderly)
    under = carry_out(city.coordinator, case, city.outreach)
    sealed = visit(city.outreach, under=under, persons=[mother], happened_at=WAS).pk
    for stranger in (
        city.elderly, city.coordinator, w.make_member(city.agencies["outreach"], "outreach_worker"),
    ):  # fmt: skip
        assert tried(stranger, VISIT, WAS - DAY, sealed) == 0
    refused(city.outreach, VISIT, WAS + 999 * DAY, sealed)
    refused(city.outreach, "UPDATE outreach_visit SET happened_at = %s", WAS - DAY)
    assert tried(city.outreach, VISIT, WAS - DAY, sealed) == 1
    with w.act(city.outreach):
        assert Visit.objects.get(pk=sealed).happened_at == moment(city.outreach, sealed) == WAS
