"""The pages of the outreach room: who gets them, what they show, what bad input gets."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from agencies.models import AccessLog
from cases.models import Record
from config.lib.registry import registry
from outreach import panels
from outreach.enums import VisitResult
from outreach.models import Visit
from tests import world as w
from tests.outreach.conftest import ago, carry_out, visit
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]


def filled(**changes):
    """A visit form as a thumb fills it."""
    data = {
        "form_key": str(uuid.uuid4()),
        "result": "absent",
        "method": "visit",
        "on": "R8.5.1",
        "about": "household",
        "text": "不在。手紙を置いた。",
    }
    return {**data, **changes}


def log_of(member, what):
    with w.act(member):
        return list(AccessLog.objects.filter(what=what).order_by("id"))


def test_visit_list_shows_own_visits_and_logs_their_ids(client, city, own):
    case, persons = own
    row = visit(city.outreach, case=case, persons=persons, text="灯りがついていた")
    sign_in(client, city.outreach)
    page = client.get(reverse("visit_list"))
    assert page.status_code == 200
    assert "灯りがついていた" in page.content.decode()
    assert log_of(city.outreach, "visit_list")[-1].record_ids == [row.pk]


def test_visit_list_is_for_the_role_alone(client, city):
    sign_in(client, city.elderly)
    page = client.get(reverse("visit_list"))
    assert page.status_code == 403
    assert "訪問を記録する" in page.content.decode()


def test_visit_list_shows_nothing_of_another_agency(client, city, own):
    case, persons = own
    visit(city.outreach, case=case, persons=persons, text="灯りがついていた")
    sign_in(client, city.coordinator)
    page = client.get(reverse("visit_list"))
    assert "灯りがついていた" not in page.content.decode()
    assert "まだ訪問の記録はありません" in page.content.decode()


def test_visit_list_shows_days_to_the_first_contact(client, city, own):
    case, persons = own
    visit(city.outreach, case=case, persons=persons, happened_at=ago(12))
    sign_in(client, city.outreach)
    assert "12日　まだ会えていません" in client.get(reverse("visit_list")).content.decode()
    visit(
        city.outreach,
        case=case,
        persons=persons,
        happened_at=ago(3),
        result=VisitResult.MET_PERSON,
    )
    assert "9日で会えた" in client.get(reverse("visit_list")).content.decode()


def test_visit_list_names_no_household_for_a_carry_out(client, city):
    case, _persons = w.household(city.outreach)
    under = carry_out(city.head, case, city.outreach)
    visit(city.outreach, under=under, text="窓が開いていた", next_on=timezone.localdate())
    sign_in(client, city.outreach)
    words = client.get(reverse("visit_list")).content.decode()
    assert "持ち出しにもとづく訪問" in words
    assert "窓が開いていた" in words
    assert "架空野" not in words


def test_visit_list_shows_a_carry_out_to_no_colleague(client, city):
    case, _persons = w.household(city.elderly)
    colleague = w.make_member(city.agencies["outreach"], "outreach_worker")
    visit(city.outreach, under=carry_out(city.head, case, city.outreach), text="窓が開いていた")
    sign_in(client, colleague)
    words = client.get(reverse("visit_list")).content.decode()
    assert "窓が開いていた" not in words
    assert "持ち出し" not in words
    assert "守秘" not in words


def test_visit_list_pages_by_key(client, city, own):
    case, persons = own
    for days in range(35):
        visit(
            city.outreach, case=case, persons=persons, happened_at=ago(days), text=f"記録{days}号"
        )
    sign_in(client, city.outreach)
    first = client.get(reverse("visit_list"))
    older = first.context["page"].older_url
    assert "記録29号" in first.content.decode()
    assert "記録30号" not in first.content.decode()
    second = client.get(reverse("visit_list") + older).content.decode()
    assert "記録30号" in second
    assert "記録34号" in second
    assert "記録29号" not in second
    assert client.get(reverse("visit_list") + "?before=nonsense").status_code == 200


def test_visit_list_costs_the_same_for_one_and_for_many(client, city):
    sign_in(client, city.outreach)
    case, persons = w.household(city.outreach)
    visit(city.outreach, case=case, persons=persons, next_on=timezone.localdate())
    client.get(reverse("visit_list"))
    with CaptureQueriesContext(
        connection,
    ) as one:
        client.get(reverse("visit_list"))
    for _count in range(19):
        case, persons = w.household(city.outreach)
        visit(city.outreach, case=case, persons=persons, next_on=timezone.localdate())
    with CaptureQueriesContext(connection) as many:
        client.get(reverse("visit_list"))
    assert len(one) == len(many)
    assert len(many) <= 32


def test_visit_new_saves_and_returns_to_the_case(client, city, own):
    case, _persons = own
    sign_in(client, city.outreach)
    page = client.get(reverse("visit_new", args=[case.pk]))
    assert page.status_code == 200
    assert "あなたの機関だけが読めます" in page.content.decode()
    assert "audience" not in page.context["form"].fields
    answer = client.post(reverse("visit_new", args=[case.pk]), filled(next_on="R8.5.8"))
    assert answer.status_code == 302
    assert answer.url == reverse("case_detail", args=[case.pk])
    with w.act(city.outreach):
        row = Visit.objects.select_related("record").get()
    assert row.text == "不在。手紙を置いた。"
    assert row.next_on == datetime.date(2026, 5, 8)
    assert row.record.is_household
    assert log_of(city.outreach, "visit_new")[0].case_id == case.pk


def test_visit_new_offers_the_team_after_consent(client, city, own):
    case, (mother, _son) = own
    w.consent(city.outreach, mother, city.agencies["outreach"])
    sign_in(client, city.outreach)
    page = client.get(reverse("visit_new", args=[case.pk]))
    assert "audience" in page.context["form"].fields
    assert "まだ本人の同意がありません" not in page.content.decode()
    client.post(reverse("visit_new", args=[case.pk]), filled(about=str(mother.pk), audience="team"))
    with w.act(city.outreach):
        assert Record.objects.get(kind="visit").audience == "team"


def test_visit_new_twice_logs_once(client, city, own):
    case, _persons = own
    sign_in(client, city.outreach)
    data = filled()
    for _press in range(2):
        assert client.post(reverse("visit_new", args=[case.pk]), data).status_code == 302
    with w.act(city.outreach):
        assert Visit.objects.count() == 1


def test_visit_new_of_an_invisible_case_is_as_if_it_were_not(client, city):
    case, _persons = w.household(city.elderly)
    sign_in(client, city.outreach)
    hidden = client.get(reverse("visit_new", args=[case.pk]))
    absent = client.get(reverse("visit_new", args=[uuid.uuid4()]))
    assert hidden.status_code == absent.status_code == 404
    assert client.post(reverse("visit_new", args=[case.pk]), filled()).status_code == 404


def test_visit_new_of_another_role_is_denied_with_a_reason(client, city):
    case, _persons = w.household(city.elderly)
    sign_in(client, city.elderly)
    assert client.get(reverse("visit_new", args=[case.pk])).status_code == 403


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"result": ""}, "会えたかどうかを選んでください。"),
        ({"on": "平成40年1月1日"}, "平成は31年4月30日までです"),
        ({"on": "2099-01-01"}, "今日までの日付"),
        ({"on": ""}, "日付を入れてください。"),
        ({"at": "25:99"}, "14:30のように"),
        ({"next_on": "R8.4.1"}, "訪問した日からあと"),
        ({"minutes_spent": "たくさん"}, "数字で入れてください"),
        ({"minutes_spent": "99999"}, "1440分"),
        ({"text": "番号は123456789018です"}, "マイナンバー"),
        ({"met_whom": "あ" * 101}, "100文字以内"),
        ({"about": ["household", str(uuid.UUID(int=1))]}, "表示された中から"),
        ({"form_key": "x"}, "画面が古くなっています"),
    ],
)
def test_bad_input_gets_a_sentence_and_loses_nothing(client, city, own, changes, sentence):
    case, _persons = own
    sign_in(client, city.outreach)
    data = filled(next_step="また行く", **changes)
    page = client.post(reverse("visit_new", args=[case.pk]), data)
    words = page.content.decode()
    assert page.status_code == 422
    assert sentence in words
    assert "また行く" in words
    with w.act(city.outreach):
        assert not Visit.objects.exists()


def test_html_in_a_visit_is_shown_as_typed(client, city, own):
    case, _persons = own
    sign_in(client, city.outreach)
    client.post(reverse("visit_new", args=[case.pk]), filled(met_whom="<b>母</b>"))
    words = client.get(reverse("visit_list")).content.decode()
    assert "&lt;b&gt;母&lt;/b&gt;" in words


def test_digits_declared_to_be_no_my_number_are_saved_and_logged(client, city, own):
    case, _persons = own
    sign_in(client, city.outreach)
    data = filled(text="番号は123456789018です", not_my_number="on")
    assert client.post(reverse("visit_new", args=[case.pk]), data).status_code == 302
    assert log_of(city.outreach, "declared_no_my_number text")


def test_carry_out_visit_is_saved_for_its_people(client, city):
    case, _persons = w.household(city.elderly)
    under = carry_out(city.head, case, city.outreach)
    sign_in(client, city.outreach)
    url = reverse("carry_out_visit_new", args=[under.pk])
    page = client.get(url)
    assert page.status_code == 200
    assert "第106条の6" in page.content.decode()
    assert "架空野" not in page.content.decode()
    assert client.post(url, filled(text="窓が開いていた")).status_code == 302
    assert "窓が開いていた" in client.get(url).content.decode()
    with w.act(city.outreach):
        record = Record.objects.get(kind="visit")
    assert (record.carry_out_id, record.audience) == (under.pk, "agency")
    line = log_of(city.outreach, "carry_out_visit_new")[-1]
    assert (line.basis, line.record_ids) == ("106-6", [record.pk])


def test_carry_out_visit_of_a_stranger_is_as_if_it_were_not(client, city):
    case, _persons = w.household(city.elderly)
    under = carry_out(city.head, case, city.outreach)
    sign_in(client, city.coordinator)
    assert client.get(reverse("carry_out_visit_new", args=[under.pk])).status_code == 404
    assert client.get(reverse("carry_out_visit_new", args=[uuid.uuid4()])).status_code == 404


def test_todos_show_my_due_visits_and_name_no_household_under_secrecy(client, city, own):
    case, persons = own
    under = carry_out(city.head, case, city.outreach)
    shown = visit(
        city.outreach,
        case=case,
        persons=persons,
        happened_at=ago(9),
        next_on=ago(2).date(),
        next_step="手紙を見たか聞く",
    )
    visit(city.outreach, under=under, happened_at=ago(9), next_on=timezone.localdate())
    visit(city.outreach, case=w.household(city.outreach)[0], next_on=ago(-3).date())
    with w.act(city.outreach), CaptureQueriesContext(connection) as queries:
        late, today = panels.todos(city.outreach)
    assert len(queries) - 3 <= budget("todos", panels.todos)  # savepoint, actor, actor before
    assert (late.when, late.detail, late.section) == ("2日超過", "手紙を見たか聞く", "due")
    assert "架空野" in late.title
    assert today.title == "持ち出しにもとづく訪問"
    assert today.kind == "訪問（守秘）"
    assert late.record_id == shown.pk
    sign_in(client, city.outreach)
    assert client.get(reverse("home")).status_code == 200
    with w.act(city.outreach):
        (look,) = AccessLog.objects.filter(what="home")
        assert {late.record_id, today.record_id} <= set(look.record_ids)
        assert panels.waiting_count(city.outreach) == (2, True)
    with w.act(city.elderly):
        assert panels.todos(city.elderly) == []


def test_case_panels_and_timeline_leave_out_what_is_carried_out(city, own):
    case, persons = own
    shown = visit(city.outreach, case=case, persons=persons, text="灯りがついていた")
    under = carry_out(city.head, case, city.outreach)
    visit(city.outreach, under=under, text="窓が開いていた")
    with w.act(city.outreach):
        (panel,) = panels.case_panels(city.outreach, case)
        records = {r.pk: r for r in Record.objects.filter(kind="visit", carry_out=None)}
        (entry,) = panels.case_timeline(city.outreach, case, records)
        (link,) = panels.case_actions(city.outreach, case)
    assert panel.context["record_ids"] == [shown.pk]
    assert entry.record_id == shown.pk
    assert "灯りがついていた" in entry.text
    assert link.url == reverse("visit_new", args=[case.pk])


def test_case_page_shows_the_visits(client, city, own):
    case, persons = own
    visit(city.outreach, case=case, persons=persons, text="灯りがついていた")
    sign_in(client, city.outreach)
    page = client.get(reverse("case_detail", args=[case.pk]))
    assert page.status_code == 200
    assert "灯りがついていた" in page.content.decode()
    assert "訪問を記録" in page.content.decode()


def budget(name, call):
    """What the registry says a function may cost."""
    return next(entry.queries for entry in registry.entries(name) if entry.call is call)
