"""担当替え in plans (V14): named tasks go to the successor; the plan stands on the sheet."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from cases.models import CaseWorker
from cases.operations.handover import hand_over, tasks_naming
from plans import handover
from plans.models import SupportItem
from tests import world as w
from tests.owner import as_owner
from tests.plans import situations as s
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def scene():
    """A plan in force; its task of the disability centre names the worker, with another gap."""
    found = s.scene()
    worker = found.city.disability
    named = str(worker.user).replace(" ", "\u3000") + "（相談支援専門員）"
    task = s.item(worker)
    items = [task.__class__(**{**vars(task), "worker": named}), s.item(found.city.coordinator)]
    plan = s.in_force(found, items=items)
    found.city.members["manager"] = w.make_member(
        found.city.agencies["disability"], "agency_manager"
    )
    found.city.members["next"] = w.make_member(
        found.city.agencies["disability"], "consultation_worker"
    )
    with as_owner():
        return found, SupportItem.objects.get(plan=plan, agency=found.city.agencies["disability"])


def test_named_task_goes_to_the_successor_with_the_case():
    found, task = scene()
    city = found.city
    with w.act(city.manager):
        assert [t.key for t in tasks_naming(city.manager, city.disability)] == [task.pk]
        hand_over(
            by=city.manager,
            leaving=city.disability,
            cases={found.case.pk: city.next},
            tasks={task.pk: city.next},
        )
        assert tasks_naming(city.manager, city.disability) == []
    with as_owner():
        task.refresh_from_db()
        assert task.worker == f"{city.next.user}（相談支援専門員）"
        charge = CaseWorker.objects.get(
            case=found.case, agency=city.agencies["disability"], ended_at=None
        )
        assert charge.membership == city.next


def test_other_agencies_do_not_name_the_worker():
    found, task = scene()
    with w.act(found.city.coordinator), pytest.raises(DatabaseError), transaction.atomic():
        SupportItem.objects.filter(pk=task.pk).update(worker="だれか")
    with w.act(found.city.coordinator):
        assert handover.give_tasks(found.city.coordinator, task.worker, {task.pk: "だれか"}) == 0


def test_sheet_tells_what_is_agreed_and_what_is_open(client):
    found, task = scene()
    sign_in(client, found.city.next)
    page = client.get(reverse("case_handover_print", args=[found.case.pk])).content.decode()
    for words in ("家計の見通しが立ち", task.worker, task.content, "目標 1"):
        assert words in page
    page = client.get(reverse("case_detail", args=[found.case.pk])).content.decode()
    assert str(found.city.disability.user) in page


@pytest.mark.parametrize(
    ("worker", "is_named"),
    [
        ("林 太郎", True),
        ("林\u3000太郎", True),
        ("林太郎", True),
        ("林太郎さん", True),
        ("小川 花子、林 太郎", True),
        ("林 太郎（相談支援専門員）", True),
        ("林 太郎 主任", True),
        ("小林 太郎", False),
        ("小林太郎", False),
        ("林 太郎次", False),
        ("林", False),
        ("", False),
    ],
)
def test_a_person_is_named_not_a_part_of_another_s_name(worker, is_named):
    found, task = scene()
    city = found.city
    with as_owner():
        SupportItem.objects.filter(pk=task.pk).update(worker=worker)
    with w.act(city.manager):
        assert bool(handover.tasks_naming(city.manager, "林 太郎")) is is_named
        given = handover.give_tasks(city.manager, "林 太郎", {task.pk: "森 次郎"})
        assert given == is_named
    with as_owner():
        task.refresh_from_db()
        assert ("森 次郎" in task.worker) is is_named
        assert ("小川 花子" in task.worker) is ("小川" in worker)


def test_who_has_one_name_alone_is_not_everybody_of_that_family():
    found, task = scene()
    with as_owner():
        SupportItem.objects.filter(pk=task.pk).update(worker="林 太郎、小林")
    with w.act(found.city.manager):
        assert handover.tasks_naming(found.city.manager, "林") == []
        assert len(handover.tasks_naming(found.city.manager, "小林")) == 1
