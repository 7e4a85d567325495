"""Who did something says so themselves (V10): 済み, the end of 供覧, the reason of a correction."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from cases.models import Note, NoteTask, ReadRequest, Record
from cases.operations import ask_to_read, change_note, confirm_read, end_requests, finish_task
from tests import world as w
from tests.cases.pages import get, note, referred
from tests.cases.test_attacks import refused, touched
from tests.owner import as_owner

pytestmark = [pytest.mark.django_db(databases=["default", "owner"]), pytest.mark.database]
DAY = datetime.timedelta(days=1)


@pytest.fixture
def city():
    found = w.city()
    found.members["elderly3"] = w.make_member(found.agencies["elderly"], "consultation_worker")
    return found


@pytest.fixture
def case(city):
    return w.household(city.elderly)[0]


# --- 済み ----------------------------------------------------------------------------------------

DONE = "UPDATE cases_notetask SET done_at = now(), done_by_id = %s WHERE record_id = %s"


def test_nobody_says_done_in_the_name_of_another(city, case):
    key = note(city.elderly, case, "文", next_step="年金を聞く")
    for other in (city.elderly2, city.disability):
        refused(city.elderly, DONE, other.pk, key)
    assert touched(city.elderly, DONE, city.elderly.pk, key) == 1
    # … nor sets the hour of what another did.
    refused(
        city.elderly2, "UPDATE cases_notetask SET done_at = '2020-01-01' WHERE record_id = %s", key
    )


def test_done_is_said_and_taken_back_by_each_in_their_own_name(city, case):
    key = note(city.elderly, case, "文", next_step="年金を聞く")
    for by, is_done in ((city.elderly, True), (city.elderly2, False), (city.elderly2, True)):
        with w.act(by):
            task = NoteTask.objects.select_related("record__case", "membership").get(pk=key)
            finish_task(task=task, by=by, is_done=is_done)
            assert NoteTask.objects.get(pk=key).done_by_id == (by.pk if is_done else None)


@pytest.mark.parametrize(
    "change",
    [
        "cases_consent SET withdrawn_at = now(), withdrawn_by_id = %s",
        "cases_case SET status = 'closed', closed_at = now(), closed_kind = 'other',"
        " closed_by_id = %s",
        "cases_referral SET state = 'returned', answered_at = now(), answer_reason = 'x',"
        " answered_by_id = %s",
    ],
)
def test_nobody_withdraws_closes_or_answers_in_the_name_of_another(city, change):
    referred(city)
    refused(city.elderly, f"UPDATE {change}", city.elderly2.pk)
    assert touched(city.elderly, f"UPDATE {change}", city.elderly.pk) == 1


# --- 供覧 ---------------------------------------------------------------------------------------

END = "UPDATE cases_readrequest SET ended_at = now() WHERE membership_id = %s"


def asked(by, key, *people, kind="circulation"):
    with w.act(by):
        batch = uuid.uuid4()
        ask_to_read(record=Record.objects.get(pk=key), by=by, people=people, kind=kind, batch=batch)
        return batch


def test_a_request_is_ended_by_who_asked_alone(city, case):
    key = note(city.elderly, case, "文")
    asked(city.elderly, key, city.elderly2)
    for other in (city.elderly3, city.elderly2):  # a colleague; whoever was asked confirms
        refused(other, END, city.elderly2.pk)
    assert touched(city.elderly, END, city.elderly2.pk) == 1


def test_a_colleague_ends_what_somebody_left_behind(city, case):
    key = note(city.elderly, case, "文")
    batch = asked(city.elderly, key, city.elderly2)
    with as_owner():
        type(city.elderly).objects.filter(pk=city.elderly.pk).update(
            until=timezone.localdate() - DAY
        )
    with w.act(city.elderly3):
        record = Record.objects.get(pk=key)
        end_requests(record=record, batch=batch, by=city.elderly3)
        assert ReadRequest.objects.get(membership=city.elderly2).ended_at is not None


def test_what_is_answered_is_not_ended(city, case):
    confirmed, seen = note(city.elderly, case, "回覧"), note(city.elderly, case, "知らせ")
    asked(city.elderly, confirmed, city.elderly2)
    with w.act(city.elderly2):
        confirm_read(record=Record.objects.get(pk=confirmed), by=city.elderly2)
    asked(city.elderly, seen, city.elderly3, kind="mention")
    assert get(city.elderly3, f"/records/{seen}/").status_code == 200
    for member in (city.elderly2, city.elderly3):
        refused(city.elderly, END, member.pk)


# --- the reason of a correction -----------------------------------------------------------------


def corrected(by, key, reason, words):
    with w.act(by):
        found = Note.objects.get(pk=key)
        change_note(
            note=found, by=by, version=found.version, reason=reason, text=words, method="visit"
        )


ANEW = "UPDATE cases_note SET text = %s, version = version + 1"


def test_the_reason_of_last_time_does_not_stand_for_another_correction(city, case):
    key = note(city.elderly, case, "はじめ")
    corrected(city.elderly, key, "誤字", "二")
    refused(city.elderly, f"{ANEW} WHERE record_id = %s", "三", key)
    with pytest.raises(DatabaseError, match="a reason"), w.act(city.elderly):
        Note.objects.filter(pk=key).update(text="三", version=3)
    with w.act(city.elderly):
        assert Note.objects.get(pk=key).text == "二"


def test_the_same_words_are_a_reason_when_they_are_said_again(city, case):
    """Two slips of the pen are two slips of the pen."""
    key = note(city.elderly, case, "はじめ")
    for words in ("二", "三"):
        corrected(city.elderly, key, "誤字", words)
    with w.act(city.elderly):
        told = Note.history.filter(record_id=key).order_by("history_id")
        assert list(told.values_list("text", "correction_reason")) == [
            ("はじめ", ""), ("二", "誤字"), ("三", "誤字"),
        ]  # fmt: skip


@pytest.mark.parametrize("said", ["''", "'　 '", "NULL"])
def test_no_reason_is_none(city, case, said):
    key = note(city.elderly, case, "はじめ")
    refused(city.elderly, f"{ANEW}, correction_reason = {said} WHERE record_id = %s", "二", key)


def test_what_is_no_correction_leaves_the_reason_as_it_was(city, case):
    key = note(city.elderly, case, "はじめ")
    corrected(city.elderly, key, "誤字", "二")
    with w.act(city.elderly), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE cases_note SET version = version WHERE record_id = %s"
            " RETURNING correction_reason", [key],
        )  # fmt: skip
        assert cursor.fetchone() == ("誤字",)
