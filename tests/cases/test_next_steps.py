"""次にすること of a note as a task: whose it is, done and undone, handed over, left behind."""

from __future__ import annotations

import datetime

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from agencies.home import home_context
from agencies.permissions import ActionDenied
from cases.models import LeftWork, Note, NoteTask
from cases.operations import change_note, finish_task, withdraw_consent
from cases.operations.handover import hand_over, tasks_naming
from config.lib.registry import registry
from tests import world as w
from tests.cases.pages import get, note, page, post, referred, text

pytestmark = [pytest.mark.django_db, pytest.mark.database]
DAY = datetime.timedelta(days=1)


@pytest.fixture
def city():
    found = w.city()
    found.members["manager"] = w.make_member(found.agencies["elderly"], "agency_manager")
    return found


@pytest.fixture
def case(city):
    return w.household(city.elderly)[0]


def due():
    return timezone.localdate() + DAY


def home(member):
    with w.act(member):
        sections = home_context(member)["sections"]
        return [line.detail for rows in sections.values() for line in rows]


def task_of(by, key):
    with w.act(by):
        return NoteTask.objects.visible_to(by).select_related(
            "record__case", "membership__user", "membership__agency"
        ).get(pk=key)  # fmt: skip


def test_next_step_waits_for_the_one_named_or_for_anybody_of_the_agency(city, case):
    note(
        city.elderly, case, "文", next_step="年金を聞く", next_due_on=due(), next_for=city.elderly2
    )
    note(city.elderly, case, "文", next_step="鍵を返す")
    note(city.elderly, case, "文", next_step="来月", next_due_on=due() + 20 * DAY)
    note(city.elderly, case, "文")
    assert [line for line in home(city.elderly2) if "次に" in line] == [
        "次に　年金を聞く", "次に　鍵を返す",
    ]  # fmt: skip
    assert [line for line in home(city.elderly) if "次に" in line] == ["次に　鍵を返す"]
    assert not [line for line in home(city.disability) if "次に" in line]
    assert "年金を聞く" in text(page(city.elderly, case))


def test_done_and_undone_by_whom_it_waits_for(city, case):
    key = note(city.elderly, case, "文", next_step="年金を聞く", next_for=city.elderly2)
    url = f"/notes/{key}/task/"
    assert post(city.elderly, url, {}).status_code == 403
    assert "済みにする" not in text(get(city.elderly, f"/records/{key}/"))
    assert "済みにする" in text(get(city.elderly2, f"/records/{key}/"))
    assert post(city.elderly2, url, {}).status_code == 302
    assert task_of(city.elderly, key).done_by_id == city.elderly2.pk
    assert home(city.elderly2) == []
    assert post(city.elderly2, url, {"undo": "on"}).status_code == 302
    assert home(city.elderly2) == ["次に　年金を聞く"]
    assert post(city.disability, url, {}).status_code == 404


def test_whoever_stays_does_it_when_the_one_named_has_left(city, case):
    gone = w.make_member(
        city.agencies["elderly"], "consultation_worker", until=timezone.localdate() - DAY
    )
    key = note(city.elderly, case, "文", next_step="年金を聞く", next_for=gone)
    assert home(city.elderly) == ["次に　年金を聞く"]
    assert post(city.elderly, f"/notes/{key}/task/", {}).status_code == 302


def test_step_struck_out_is_no_task_and_a_new_one_is_to_be_done_anew(city, case):
    key = note(city.elderly, case, "文", next_step="年金を聞く")
    task = task_of(city.elderly, key)
    with w.act(city.elderly):
        finish_task(task=task, by=city.elderly, is_done=True)
        row = Note.objects.select_related("record__case").get(pk=key)
        words = {"note": row, "by": city.elderly, "text": "文", "method": "visit"}
        change_note(**words, version=1, reason="訂正", next_step="家賃を聞く")
    assert home(city.elderly) == ["次に　家賃を聞く"]
    with w.act(city.elderly):
        change_note(**words, version=2, reason="訂正", next_step="")
    assert home(city.elderly) == []
    assert "次にすること" not in text(get(city.elderly, f"/records/{key}/"))


def test_another_agency_sees_the_step_with_the_note_and_changes_nothing(city):
    case, mother, son, _given = referred(city)
    key = note(city.elderly, case, "文", [mother], next_step="年金を聞く", next_due_on=due())
    hidden = note(city.elderly, case, "文", [son], next_step="隠れた仕事", next_due_on=due())
    shown = text(page(city.disability, case))
    assert "年金を聞く" in shown
    assert "隠れた仕事" not in shown
    with w.act(city.disability):
        assert set(NoteTask._base_manager.values_list("pk", flat=True)) == {key}
        with pytest.raises(DatabaseError), transaction.atomic():
            NoteTask.objects.filter(pk=key).update(due_on=None)
        task = NoteTask.objects.select_related("record__case").get()
        with pytest.raises(ActionDenied):
            finish_task(task=task, by=city.disability, is_done=True)
    with w.act(city.elderly), pytest.raises(DatabaseError), transaction.atomic():
        NoteTask.objects.filter(pk=hidden).update(membership=city.disability)


def test_step_is_asked_of_colleagues_alone(city, case):
    with pytest.raises(ActionDenied):
        note(city.elderly, case, "文", next_step="年金", next_for=city.disability)


def test_steps_are_handed_over_with_their_worker(city, case):
    key = note(city.elderly, case, "文", next_step="年金を聞く", next_for=city.elderly)
    with w.act(city.manager):
        assert [t.key for t in tasks_naming(city.manager, city.elderly)] == [key]
        hand_over(by=city.manager, leaving=city.elderly, cases={}, tasks={key: city.elderly2})
    assert home(city.elderly2) == ["次に　年金を聞く"]


def test_when_a_consent_ends_the_step_is_left_to_the_responsible_agency(city):
    case, mother, _son, _given = referred(city)
    both = [city.agencies["disability"], city.agencies["elderly"]]
    given = w.consent(city.elderly, mother, *both)
    note(city.disability, case, "文", [mother], next_step="通院に同行", next_due_on=due())
    note(city.disability, case, "内", [mother], audience="agency", next_step="内輪の仕事")
    with w.act(city.elderly):
        withdraw_consent(consent=given, by=city.elderly, reason="希望")
    with w.act(city.elderly):
        rows = LeftWork.objects.visible_to(city.elderly).values_list("title", "due_on")
        assert list(rows) == [("通院に同行", due())]
    assert home(city.disability) == []


def test_closing_says_what_nobody_will_do(city, case):
    note(city.elderly, case, "文", next_step="年金を聞く")
    assert "の「次にすること」が1件、済んでいません。" in text(
        get(city.elderly, f"/cases/{case.pk}/close/")
    )
    with w.act(city.elderly):
        assert (case.pk, 1) in registry.draw("tasks_in_cases", city.elderly, [case.pk])


def test_what_is_registered_keeps_its_budget(city, django_assert_max_num_queries):
    case, _persons = w.household(city.elderly)
    for _n in range(3):
        note(city.elderly, case, "文", next_step="年金", next_due_on=due(), next_for=city.elderly)
    subjects = {"todos": (), "tasks_in_cases": ([case.pk],)}
    for name in ("todos", "case_aside", "open_work", "case_open_ends", "tasks_in_cases"):
        for entry in registry.entries(name):
            if entry.call.__module__ != "cases.nextsteps":
                continue
            with w.act(city.elderly), django_assert_max_num_queries(entry.queries):
                entry.call(city.elderly, *subjects.get(name, (case,)))
