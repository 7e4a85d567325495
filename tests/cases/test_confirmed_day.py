"""What was confirmed on a day stands on that day in これまで and in every list; corrected, it moves
with the day (V13: the correction itself is a version)."""

from __future__ import annotations

import datetime
from importlib import import_module

import pytest
from django.db import connection, transaction
from django.utils import timezone

from cases.models import AssessmentSection, Record
from cases.operations import RiskFacts, change_assessment, change_caution, change_risk
from config.lib.eras import TOKYO, format_short, today
from tests import world as w
from tests.cases.assessed import caution, section, sheet
from tests.cases.pages import get, referred, text
from tests.cases.test_attacks import refused
from tests.owner import as_owner

pytestmark = [pytest.mark.django_db, pytest.mark.database]

DAY = datetime.timedelta(days=1)


@pytest.fixture
def city():
    return w.city()


def moment(by, row):
    with w.act(by):
        return Record.objects.get(pk=row.pk).happened_at


def midnight(day):
    return datetime.datetime.combine(day, datetime.time.min, TOKYO)


def written(city, case, mother, on):
    """One of each kind, of the day."""
    return (
        section(city.elderly, case, [mother], situation="血圧が高い", assessed_on=on),
        sheet(city.elderly, case, mother, "elder-4-fear", on=on),
        caution(city.elderly, case, "犬がいる", [mother], noted_on=on),
    )


def moved(by, row, on):
    """The day corrected by the operation of its kind."""
    with w.act(by):
        row = type(row).objects.visible_to(by).select_related("record__case").get(pk=row.pk)
        said = {"by": by, "version": row.version, "reason": "日の書きまちがい"}
        if isinstance(row, AssessmentSection):
            return change_assessment(
                section=row,
                situation=row.situation,
                strengths=row.strengths,
                assessed_on=on,
                **said,
            )
        if hasattr(row, "noted_on"):
            return change_caution(caution=row, text=row.text, noted_on=on, **said)
        facts = RiskFacts(sheet=row.sheet, answers=row.answers, assessed_on=on)
        return change_risk(risk=row, facts=facts, **said)


def test_it_stands_on_the_day_it_was_confirmed_and_today_now(city):
    case, mother, _son, _given = referred(city)
    then = today() - 3 * DAY
    for row in written(city, case, mother, then):
        assert moment(city.elderly, row) == midnight(then)
    before = timezone.now()
    for row in written(city, case, mother, today()):
        assert before <= moment(city.elderly, row) <= timezone.now()


def test_a_corrected_day_is_followed_and_the_day_of_writing_is_its_moment(city):
    case, mother, _son, _given = referred(city)
    for row in written(city, case, mother, today()):
        with w.act(city.elderly):
            typed = Record.objects.get(pk=row.pk).written_at
        moved(city.elderly, row, today() - 9 * DAY)
        assert moment(city.elderly, row) == midnight(today() - 9 * DAY)
        moved(city.elderly, row, today())
        assert moment(city.elderly, row) == typed


def test_the_lists_say_the_day(city):
    case, mother, _son, _given = referred(city)
    then = today() - 20 * DAY
    row = section(city.elderly, case, [mother], situation="血圧が高い", assessed_on=then)
    shown = text(get(city.elderly, f"/cases/{case.pk}/timeline/"))
    assert shown.index(format_short(then)) < shown.index("血圧が高い")
    assert row.pk


def test_what_was_typed_on_another_day_before_is_set_right(city):
    """The migration's own statement; what stands on its day stays as it is."""
    migration = import_module("cases.migrations.0046_confirmed_day")
    case, mother, _son, _given = referred(city)
    then = today() - 5 * DAY
    rows = written(city, case, mother, then)
    right = section(city.elderly, case, [mother], "money", situation="年金")
    typed = moment(city.elderly, right)
    with as_owner():
        Record.objects.filter(pk__in=[row.pk for row in rows]).update(happened_at=timezone.now())
        with connection.cursor() as cursor:
            cursor.execute(migration.each(migration.said_before))
    assert [moment(city.elderly, row) for row in rows] == [midnight(then)] * 3
    assert moment(city.elderly, right) == typed


def test_a_day_to_come_or_without_end_is_no_moment_to_come(city):
    """The form refuses it; whoever writes past the form orders no list."""
    case, mother, _son, _given = referred(city)
    row = section(city.elderly, case, [mother], situation="血圧が高い")
    for day in ("infinity", "2099-01-01", "-infinity"):
        with w.act(city.elderly), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "UPDATE cases_assessmentsection SET assessed_on = %s, version = version + 1,"
                " correction_reason = 'x' WHERE record_id = %s",
                [day, row.pk],
            )
            cursor.execute("SELECT happened_at <= clock_timestamp() FROM cases_record"
                           " WHERE id = %s", [row.pk])  # fmt: skip
            assert cursor.fetchone() == (True,)
            transaction.set_rollback(True)


def test_who_may_not_correct_moves_nothing(city):
    case, mother, _son, _given = referred(city)
    row = section(city.elderly, case, [mother], situation="血圧が高い")
    typed = moment(city.elderly, row)
    sql = (
        "UPDATE cases_assessmentsection SET assessed_on = '2026-01-01', version = version + 1,"
        " correction_reason = 'x' WHERE record_id = %s"
    )
    refused(city.disability, sql, row.pk)
    with as_owner():
        assert Record.objects.get(pk=row.pk).happened_at == typed
