"""The annual evaluation: who opens it, what it shows, its file and paper, and values typed in."""

from __future__ import annotations

import io
from decimal import Decimal

import openpyxl
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agencies.enums import Action
from agencies.models import AccessLog, Agency, Indicator, Job
from agencies.permissions import ActionDenied
from agencies.tasks import JOBS, system_membership
from cases.operations.case import StaleVersion
from config.lib.fiscal import fiscal_year
from reports.models import IndicatorValue
from reports.operations import RECOUNT, enter_value, recount, request_recount
from reports.panels import todos
from reports.permissions import check_can_enter
from tests import world as w
from tests.owner import as_owner
from tests.reports.year import FIRST, LAST, YEAR, Year, statistics
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]
READERS = ("admin", "head", "coordinator")


@pytest.fixture
def city():
    return w.city()


@pytest.fixture
def year(city):
    return Year(city)


def browser(member) -> Client:
    return sign_in(Client(), member)


def counted(world, year=YEAR):
    with statistics():
        recount(city=world.city, year=year)


def indicator(world, code="chosa", **more) -> Indicator:
    values = {
        "label": "助けを求めることができる人がいる市民の割合",
        "unit": "%",
        "source": "survey",
        "direction": "up",
        **more,
    }
    with as_owner():
        return Indicator.objects.create(municipality=world.city, code=code, **values)


def page(member, name="report_year", *args):
    return browser(member).get(reverse(name, args=args or (YEAR,)))


def lines(member, action):
    with w.act(member):
        return AccessLog.objects.filter(membership_id=member.pk, action=action)


# --- who --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["report_year", "report_print", "report_xlsx"])
def test_readers_open_it_and_others_are_told_why_not(city, name):
    counted(city)
    for reader in READERS:
        assert page(city.members[reader], name).status_code == 200, reader
    for other in ("elderly", "outreach", "privacy", "sysadmin"):
        response = page(city.members[other], name)
        assert response.status_code == 403
        assert "評価と報告を読む" in response.content.decode()


def test_the_administrator_reads_figures_and_no_case(city, year):
    case, _persons = year.household()
    counted(city)
    client = browser(city.admin)
    body = client.get(reverse("report_year", args=[YEAR])).content.decode()
    # V11: nothing on the page leads to a case; one's address is not found.
    assert "/cases/" not in body
    assert str(case.pk) not in body
    assert client.get(reverse("case_detail", args=[case.pk])).status_code in (403, 404)
    with w.act(city.admin):
        assert not type(case)._base_manager.filter(pk=case.pk).exists()


@pytest.mark.parametrize("wrong", [1999, 2200])
def test_a_year_nobody_can_report_on_is_not_found(city, wrong):
    assert page(city.admin, "report_year", wrong).status_code == 404


def test_another_citys_figures_do_not_appear(city, year):
    for _ in range(7):
        year.consultation(FIRST)
    counted(city)
    stranger = w.city()
    assert "まだ集計していません" in page(stranger.admin).content.decode()


# --- what it shows ----------------------------------------------------------------------------


def test_the_page_shows_figures_marks_them_and_says_when_they_were_counted(city, year):
    year.consultation(FIRST, route="family_phone")
    year.consultation(LAST, is_anonymous=True)
    counted(city)
    body = page(city.admin).content.decode()
    assert "庁内限り" in body
    assert "分に集計" in body
    assert "<b>2件</b>" in body
    assert "家族・知人 電話・メール" in body
    assert "匿名の相談も" in body
    assert lines(city.admin, Action.OPEN).filter(what="report_year").count() == 1


def test_a_year_not_counted_yet_says_so_and_offers_to_count(city):
    body = page(city.admin).content.decode()
    assert "この年度はまだ集計していません" in body
    response = browser(city.admin).post(reverse("report_recount", args=[YEAR]), follow=True)
    assert "数え直しています" in response.content.decode()
    with w.act(system_membership("scheduler")):
        job = Job.objects.get(name=RECOUNT, args__city=city.city.pk)
    function, name = JOBS[job.name]
    with w.act(system_membership(name)):
        function(job.args)
    assert "分に集計" in page(city.admin).content.decode()
    again = browser(city.admin).get(response.redirect_chain[-1][0]).content.decode()
    assert "数え直しています" not in again


def test_an_address_made_up_by_hand_is_no_count_in_progress(city):
    counted(city)
    for asked in ("", "soon", "nan", "1e400", "-5"):
        body = browser(city.admin).get(reverse("report_year", args=[YEAR]), {"asked": asked})
        assert "数え直しています" not in body.content.decode()


def test_plans_stand_against_the_citys_target(city, year):
    target = {"source": "computed", "target_value": 24, "is_target_yearly": True, "unit": "件"}
    indicator(city, "plan", label="プラン作成件数", formula="plans_participation", **target)
    case, _persons = year.household()
    steps = [("submitted", "in_force", FIRST)]
    year.plan(case, "participation", written=FIRST, steps=steps, status="in_force")
    counted(city)
    body = page(city.admin).content.decode()
    assert "目標まであと23件" in body
    assert "24件（毎年度）" in body


def test_an_indicator_with_an_agency_counts_that_agency_or_its_type_alone(city, year):
    own = {"source": "computed", "formula": "new_consultations", "unit": "件", "target_value": 2}
    kind = w.make_agency(city.city, "houkatsu", "架空包括", "elderly")
    with as_owner():
        Agency.objects.filter(pk=kind.pk).update(is_type=True)
        Agency.objects.filter(pk=city.agencies["elderly"].pk).update(of_type=kind)
    rows = {
        "one": indicator(city, "one", agency=city.agencies["disability"], **own),
        "type": indicator(city, "type", agency_id=kind.pk, **own),
        "all": indicator(city, "all", **own),
    }
    for by in ("elderly", "elderly", "disability"):
        year.consultation(FIRST, by=by)
    counted(city)
    report = page(city.admin).context["report"]
    values = {line.indicator.pk: line.value for line in report.indicators}
    assert [values[rows[name].pk] for name in ("one", "type", "all")] == [1, 2, 3]


@pytest.mark.parametrize(
    ("direction", "value", "state"),
    [("keep", 1020, "維持"), ("up", 1500, "達成"), ("keep", 1000, "目標まであと20件")],
)
def test_a_target_to_keep_and_one_to_reach(city, direction, value, state):
    row = indicator(
        city, direction=direction, unit="件", source="manual", target_value=1020, target_year=YEAR
    )
    with w.act(city.admin):
        enter_value(indicator=row, year=YEAR, by=city.admin, value=Decimal(value))
    assert state in page(city.admin).content.decode()


def test_the_page_costs_the_same_for_a_small_and_a_large_year(
    city, year, django_assert_max_num_queries
):
    counted(city)
    client = browser(city.admin)
    url = reverse("report_year", args=[YEAR])
    client.get(url)
    for when in (FIRST, LAST):
        for by in ("elderly", "disability", "child"):
            year.consultation(when, by=by)
    for number in range(5):
        indicator(city, f"i{number}")
    counted(city)
    with django_assert_max_num_queries(25):
        client.get(url)


# --- paper and file ---------------------------------------------------------------------------


def test_the_paper_is_marked_and_logged(city):
    counted(city)
    body = page(city.admin, "report_print").content.decode()
    assert '<b class="handling">庁内限り</b>' in body
    assert lines(city.admin, Action.PRINT).filter(what="report_print").count() == 1


def test_the_spreadsheet_carries_the_same_numbers_marked_and_logged(city, year):
    with as_owner():
        Agency.objects.filter(pk=city.agencies["elderly"].pk).update(name='=HYPERLINK("http://x")')
    year.consultation(FIRST)
    year.consultation(LAST)
    indicator(city, label="=1+1")
    counted(city)
    response = page(city.admin, "report_xlsx")
    assert "no-store" in response["Cache-Control"]
    book = openpyxl.load_workbook(io.BytesIO(response.content))
    for sheet in book:
        assert sheet["A1"].value == "庁内限り"
        assert "庁内限り" in (sheet.oddHeader.left.text or "")
        for row in sheet.iter_rows():
            assert all(cell.data_type != "f" and cell.hyperlink is None for cell in row)
    heads = {cell.value: cell.column for cell in book["数字"][5]}
    rows = list(book["数字"].iter_rows(min_row=6, values_only=True))
    stored = {row[heads["キー"] - 1]: row[heads["令和7年度"] - 1] for row in rows}
    assert stored["new_consultations"] == 2
    assert stored["sittings"] == 0
    assert stored["visits_met_rate"] is None
    report = page(city.admin).context["report"]
    assert {k: v for (k, part), v in report.counts.items() if not part} == {
        k: v for k, v in stored.items() if v is not None
    }
    parts = list(book["内訳"].iter_rows(min_row=6, max_col=4, values_only=True))
    assert ("新規相談受付件数", "機関", '=HYPERLINK("http://x")', 2) in parts
    months = list(book["月別"].iter_rows(min_row=6, max_row=17, max_col=2, values_only=True))
    assert months[0] == ("4月", 1)
    assert months[11] == ("3月", 1)
    assert len(book["月別"]._charts) == 1
    assert lines(city.admin, Action.EXPORT).filter(what="report_xlsx").count() == 1


# --- values typed in --------------------------------------------------------------------------


def send(client, row, **data):
    url = reverse("indicator_edit", args=[YEAR, row.pk])
    return client.post(url, {"version": "0", "value": "", "as_of": "", "note": "", **data})


def test_a_value_is_typed_in_as_people_write_it(city):
    row = indicator(city)
    client = browser(city.admin)
    assert client.get(reverse("indicator_edit", args=[YEAR, row.pk])).status_code == 200
    response = send(client, row, value="６４．１％", as_of="令和8年3月31日", note="市民意識調査")
    assert response.status_code == 302
    with w.act(city.admin):
        saved = IndicatorValue.objects.visible_to(city.admin).get()
    assert (saved.value, saved.version) == (Decimal("64.10"), 1)
    assert saved.as_of.isoformat() == "2026-03-31"
    assert saved.entered_by_id == city.admin.pk
    body = page(city.admin).content.decode()
    assert "64.1%" in body
    assert "令和8年3月31日現在" in body


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"value": ""}, "値を入れてください。"),
        ({"value": "たくさん"}, "値は0以上の数字で入れてください"),
        ({"value": "-3"}, "値は0以上の数字で入れてください"),
        ({"value": "1,02"}, "値は0以上の数字で入れてください"),
        ({"value": "64.123"}, "小数は2けたまでにしてください。"),
        ({"value": "101"}, "割合は0から100までで入れてください。"),
        ({"value": "64", "as_of": "平成40年1月1日"}, "平成は"),
        ({"value": "64", "as_of": "R70.1.1"}, "今日までの日付を入れてください。"),
        ({"value": "64", "note": "あ" * 201}, "200文字以内"),
        ({"value": "64", "note": "123456789018"}, "個人番号"),
    ],
)
def test_bad_input_gets_a_sentence_and_loses_nothing(city, data, sentence):
    row = indicator(city)
    response = send(browser(city.admin), row, **data)
    body = response.content.decode()
    assert response.status_code == 422
    assert sentence in body
    assert all(typed in body for typed in data.values())
    with w.act(city.admin):
        assert not IndicatorValue.objects.visible_to(city.admin).exists()


def test_a_number_too_large_is_refused(city):
    row = indicator(city, unit="件", source="manual")
    assert "値が大きすぎます" in send(browser(city.admin), row, value="9" * 13).content.decode()


def test_who_saved_second_is_told_and_may_then_decide(city):
    row = indicator(city)
    client = browser(city.admin)
    send(client, row, value="64")
    second = send(client, row, value="65")
    body = second.content.decode()
    assert second.status_code == 422
    assert "ほかの人が先に保存しました" in body
    assert 'value="65"' in body
    assert send(client, row, value="65", version="1").status_code == 302
    with w.act(city.admin):
        assert IndicatorValue.objects.visible_to(city.admin).get().value == 65
        with pytest.raises(StaleVersion):
            enter_value(indicator=row, year=YEAR, by=city.admin, value=Decimal(1), version=0)


def test_only_the_administrator_enters_and_never_what_is_computed(city):
    typed = indicator(city)
    computed = indicator(city, "c", source="computed", formula="sittings")
    for name in ("head", "coordinator", "elderly"):
        assert send(browser(city.members[name]), typed, value="1").status_code == 403
    assert send(browser(city.admin), computed, value="1").status_code == 403
    with w.act(city.admin), pytest.raises(ActionDenied, match="記録から集計"):
        enter_value(indicator=computed, year=YEAR, by=city.admin, value=Decimal(1))
    with w.act(city.head), pytest.raises(ActionDenied):
        enter_value(indicator=typed, year=YEAR, by=city.head, value=Decimal(1))
    stranger = w.city()
    assert send(browser(stranger.admin), typed, value="1").status_code == 404


def test_the_administrator_is_told_what_is_missing(city):
    this_year = fiscal_year(timezone.localdate())
    row = indicator(city)
    with w.act(city.admin):
        kinds = {todo.kind for todo in todos(city.admin)}
    assert kinds == {"indicators", "figures"}
    counted(city, this_year)
    with w.act(city.admin):
        enter_value(indicator=row, year=this_year, by=city.admin, value=Decimal(64))
        assert todos(city.admin) == []
    with w.act(city.head):
        assert todos(city.head) == []


def test_the_entrance_lists_the_years(city):
    counted(city)
    response = browser(city.head).get(reverse("report_home"))
    assert response.status_code == 200
    assert "令和7年度" in response.content.decode()


def test_figures_are_counted_and_typed_in_by_nobody_else(city):
    with w.act(city.elderly):
        with pytest.raises(ActionDenied, match="statistics membership"):
            recount(city=city.city, year=YEAR)
        with pytest.raises(ActionDenied, match="役割では"):
            request_recount(by=city.elderly, year=YEAR)
    with pytest.raises(ActionDenied, match="まだ始まっていない年度"):
        check_can_enter(city.admin, indicator(city), YEAR + 50)
