"""What stands in a record stays in that record, and in one of its kind (V2, V3): whoever wrote two
could else show the readers of the one what was written for the readers of the other."""

from __future__ import annotations

import uuid

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from cases.enums import RecordKind
from cases.models import NoteTask
from cases.models.records import Content
from cases.operations import write_record
from participation.models import FollowUp
from plans.models import Evaluation, Goal, Monitoring
from tests import houses as h
from tests import world as w
from tests.agencies.sealed import ask
from tests.cases.test_attacks import refused

pytestmark = [pytest.mark.django_db(databases=["default", "owner"]), pytest.mark.database]

CONTENTS = sorted(
    (m for m in apps.get_models() if issubclass(m, Content)), key=lambda m: m.__name__
)
# The kind of record each stands in; a new content has to be named here, and its trigger made.
KINDS = {
    "Note": "note", "Issue": "issue", "AssessmentSection": "assessment", "CautionNote": "caution",
    "RiskAssessment": "risk", "Tie": "tie", "Plan": "plan", "Monitoring": "monitoring",
    "Evaluation": "evaluation", "Visit": "visit", "Match": "match", "FollowUp": "follow_up",
    "IssueSource": "community_issue", "MoveOut": "move_out",
}  # fmt: skip


def arguments(function):
    rows = ask(
        "SELECT c.relname, string_to_array(encode(t.tgargs, 'escape'), '\\000'), t.tgtype,"
        " t.tgenabled::text FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid"
        " JOIN pg_proc AS p ON p.oid = t.tgfoid WHERE p.proname = %s",
        function,
    )
    assert {enabled for *_row, enabled in rows} == {"O"}
    return {table: [word for word in words if word] for table, words, _type, _on in rows}


def test_every_content_keeps_its_record_and_is_of_its_kind():
    kept, kinds = arguments("keep_columns"), arguments("content_of_kind")
    assert set(KINDS.values()) == set(RecordKind.values)
    for model in CONTENTS:
        table = model._meta.db_table
        assert "record_id" in kept.get(table, []), table
        assert kinds.get(table) == [KINDS[model.__name__]], table
    assert kinds[NoteTask._meta.db_table] == ["note"]


def test_what_hangs_on_a_content_stays_there():
    kept = arguments("keep_columns")
    for model, column in (
        (Goal, "plan_id"), (Monitoring, "plan_id"), (Evaluation, "plan_id"), (FollowUp, "match_id"),
    ):  # fmt: skip
        assert column in kept[model._meta.db_table], model


@pytest.fixture
def house():
    city = w.city()
    found = h.home(city.elderly, city)
    h.written(found, alone=True)
    h.planned(found)
    return found


def bare(house, kind, audience="team"):
    """A record of elderly's own, of everybody's to read, with nothing in it yet."""
    with w.act(house.by):
        return write_record(
            case=house.case, by=house.by, kind=kind, category="progress",
            persons=house.persons[:1], audience=audience,
        ).pk  # fmt: skip


def mine(house, table):
    with w.act(house.by), connection.cursor() as cursor:
        cursor.execute(f"SELECT record_id FROM {table}")
        row = cursor.fetchone()
    return row[0] if row else None


MOVED = [
    "cases_note", "cases_issue", "cases_assessmentsection", "cases_cautionnote",
    "cases_riskassessment", "cases_tie", "plans_plan",
]  # fmt: skip


@pytest.mark.parametrize("table", MOVED)
def test_an_agencys_own_text_is_not_moved_beneath_another_record(house, table):
    (kind,) = arguments("content_of_kind")[table]
    key = mine(house, table)
    assert key is not None
    refused(
        house.by, f"UPDATE {table} SET record_id = %s WHERE record_id = %s", bare(house, kind), key
    )


def copied(house, table, key):
    """The text once more, in that record."""
    columns = ask(
        "SELECT string_agg(column_name, ', ') FROM information_schema.columns"
        " WHERE table_name = %s AND column_name <> 'record_id'", table,
    )[0][0]  # fmt: skip
    with w.act(house.by), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (record_id, {columns}) SELECT %s, {columns} FROM {table} LIMIT 1",
            [key],
        )


@pytest.mark.parametrize("table", [t for t in MOVED if t != "cases_tie"])
def test_a_text_stands_in_a_record_of_its_kind_alone(house, table):
    """A note in the envelope of a plan would be no note to whoever moves, shields or closes it."""
    (kind,) = arguments("content_of_kind")[table]
    other = next(k for k in RecordKind.values if k not in (kind, "tie"))
    with pytest.raises(DatabaseError, match=f"a record of the kind {kind}"):
        copied(house, table, bare(house, other))


def test_a_task_hangs_on_a_note_alone(house):
    sql = "INSERT INTO cases_notetask (record_id, agency_id) VALUES (%s, %s)"
    refused(house.by, sql, bare(house, "visit"), house.by.agency_id)


def test_a_strangers_record_is_refused_by_the_gate_and_says_nothing_of_its_kind(house):
    """V15: what is hidden and what is not there are refused in the same words."""
    told = set()
    sql = (
        "INSERT INTO cases_cautionnote (record_id, kind, text, noted_on, end_reason, version)"
        " VALUES (%s, 'avoid', 'x', now(), '', 1)"
    )
    for key in (house.keys["note"], house.keys["tie"], uuid.uuid4()):
        with (
            w.act(house.city.child),
            pytest.raises(DatabaseError) as error,
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql, [key])
        told.add(str(error.value))
    assert len(told) == 1
    assert "row-level security" in told.pop()
