"""A version is its row as whoever may write that has just written it (V13): over the application's
own login nobody makes one up, of others' rows or of their own. In a database of its own, because
what was written before is committed."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from cases.models import AssessmentSection, Issue, Note, Person
from cases.operations import assess, change_note
from tests import world as w
from tests.agencies.sealed import ask, own_database
from tests.cases.pages import note, referred

pytestmark = pytest.mark.database

HISTORIES = sorted(
    (model.history.model for model in apps.get_models() if hasattr(model, "history")),
    key=lambda model: model._meta.db_table,
)
NOT_ITS_ROW = "not its row as just written"


@pytest.fixture(autouse=True, scope="module")
def own(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), own_database():
        yield


class Written:
    """What elderly wrote of the mother, which disability reads by her consent."""

    def __init__(self):
        self.city = city = w.city()
        self.case, self.mother, _son, _given = referred(city)
        self.note = note(city.elderly, self.case, "母は元気だった", [self.mother])
        self.other = note(city.elderly, self.case, "別の記録", [self.mother])
        with w.act(city.elderly):
            self.section = assess(
                case=self.case, by=city.elderly, persons=[self.mother], category="health",
                situation="通院中",
            ).pk  # fmt: skip


@pytest.fixture(scope="module")
def written(own):
    return Written()


def test_every_history_table_takes_a_version_of_its_row_alone():
    """By construction: whoever gives a model versions gives its table this, and `versioned`."""
    triggers = ask(
        "SELECT c.relname, t.tgname, t.tgenabled::text, t.tgtype & 4 > 0 AND t.tgtype & 66 = 0,"
        " NOT t.tgdeferrable AND t.tgqual IS NULL,"
        " string_to_array(encode(t.tgargs, 'escape'), '\\000')"
        " FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid"
        " JOIN pg_proc AS p ON p.oid = t.tgfoid WHERE p.proname = 'version_of_its_row'"
    )
    held = {table: (*how, row[:2]) for table, _name, *how, row in triggers}
    expected = {}
    for history in HISTORIES:
        live = history.instance_type._meta
        expected[history._meta.db_table] = ("O", True, True, [live.db_table, live.pk.column])
    assert expected
    assert held == expected
    stamps = "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'stamp_version'"
    assert {table for (table,) in ask(stamps)} == set(expected)


def put(history, key, by, **said):
    """The newest version of the row once more, with these words instead; or the error."""
    with w.act(by), transaction.atomic():
        name = history.instance_type._meta.pk.attname
        row = history.objects.filter(**{name: key}).order_by("-history_id").first()
        assert row is not None
        row.pk = said.pop("history_id", None)
        for field, value in said.items():
            setattr(row, field, value)
        row.save(force_insert=True)


def refused(history, key, by, words=NOT_ITS_ROW, **said):
    with pytest.raises(DatabaseError, match=words):
        put(history, key, by, **said)


def test_a_reader_makes_up_no_version_of_anothers_record(written):
    reader = written.city.disability
    refused(Note.history.model, written.note, reader, text="母は打たれていた")
    refused(AssessmentSection.history.model, written.section, reader, situation="何もない")
    refused(
        AssessmentSection.history.model, written.section, reader, answers={"x": {"answer": "no"}}
    )
    refused(Person.history.model, written.mother.pk, reader, name="べつの名")


def test_a_reader_leaves_not_even_a_true_version(written):
    """It would say that this reader's user had saved the record at that hour."""
    refused(Note.history.model, written.note, written.city.disability)
    refused(Person.history.model, written.mother.pk, written.city.disability)


def test_the_agency_itself_makes_up_no_past(written):
    by = written.city.elderly
    refused(Note.history.model, written.note, by, text="はじめからこう書いた")
    refused(Note.history.model, written.note, by)
    refused(Note.history.model, written.note, by, record_id=written.other)


def forged(by, key, **said):
    """Correct the note as the page does, and put a version beside it in the same transaction."""
    with w.act(by), transaction.atomic():
        found = Note.objects.get(pk=key)
        change_note(
            note=found, by=by, version=found.version, reason="まちがい", text=f"{found.text}。",
            method=found.method,
        )  # fmt: skip
        put(Note.history.model, key, by, **said)


@pytest.mark.parametrize(
    "said",
    [
        {"text": "このときだけの文"},
        {"history_type": "-"},  # what stands was not deleted
        {"history_change_reason": "架空市みどり町3-2-1"},  # words no shield reads
        {"history_id": 2147483647},  # the newest for ever: nobody would correct it any more
    ],
)
def test_beside_an_honest_correction_no_other_version_is_put(written, said):
    with pytest.raises(DatabaseError, match=NOT_ITS_ROW):
        forged(written.city.elderly, written.note, **said)


def test_what_is_written_honestly_leaves_its_version(written):
    by = written.city.elderly
    key = note(by, written.case, "はじめ", [written.mother])
    for number in range(2, 4):
        with w.act(by), transaction.atomic():  # the row is written in an inner step of the whole
            found = Note.objects.get(pk=key)
            with transaction.atomic():
                change_note(
                    note=found, by=by, version=found.version, reason="まちがい",
                    text=f"{number} 回目", method="visit",
                )  # fmt: skip
    with w.act(by):
        told = Note.history.filter(record_id=key).order_by("history_id")
        assert list(told.values_list("text", flat=True)) == ["はじめ", "2 回目", "3 回目"]


def test_a_hidden_row_and_none_are_refused_alike(written):
    """V15: the gate answers first, for who sees no such row."""
    told = set()
    for key in (written.note, "00000000-0000-7000-8000-000000000000"):
        with (
            pytest.raises(DatabaseError) as error,
            w.act(written.city.child),
            connection.cursor() as cursor,
        ):
            cursor.execute(
                "INSERT INTO cases_historicalissue (record_id, issue_type, is_primary, status,"
                " noted_on, note, suspected_name, history_date, history_type)"
                " VALUES (%s, 'debt', false, 'confirmed', now(), '', '', now(), '~')",
                [key],
            )
        told.add(str(error.value))
    assert len(told) == 1
    assert Issue.history.model._meta.db_table in told.pop()
