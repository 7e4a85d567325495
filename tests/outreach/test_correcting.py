"""change_visit: a visit is corrected by a new version with a reason, by who wrote it (V13)."""

from __future__ import annotations

import datetime

import pytest
from django.db import IntegrityError, connection
from django.urls import reverse

from agencies.models import AccessLog
from agencies.permissions import ActionDenied
from cases.operations import accept_referral, close_case, refer
from cases.operations.case import StaleVersion
from config.lib.eras import TOKYO
from outreach.models import Visit
from outreach.operations import VisitFacts, change_visit
from tests import world as w
from tests.cases.pages import get, page, post, text
from tests.outreach.conftest import ago, carry_out, visit

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]

WAS = datetime.datetime(2026, 5, 1, 10, tzinfo=TOKYO)
WORDS = {"method": "phone", "result": "met_family", "met_whom": "母", "text": "電話で話した"}


def edit(row):
    return reverse("visit_edit", args=[row.pk])


def history(row):
    return reverse("visit_history", args=[row.pk])


def corrected(by, row, *, version=1, reason="聞きちがい", **changes):
    with w.act(by):
        found = Visit.objects.visible_to(by).select_related("record").get(pk=row.pk)
        return change_visit(
            visit=found, by=by, version=version, reason=reason,
            facts=VisitFacts(**{**WORDS, **changes}),
        )  # fmt: skip


@pytest.fixture
def row(city, own):
    case, (mother, _son) = own
    return visit(city.outreach, case=case, persons=[mother], text="不在だった", happened_at=WAS)


def test_a_correction_leaves_the_version_before_and_its_reason(city, own, row):
    case, _persons = own
    assert history(row) not in text(page(city.outreach, case))
    corrected(city.outreach, row)
    told = text(get(city.outreach, history(row)))
    for words in ("不在だった", "電話で話した", "聞きちがい", "母", str(city.outreach.user)):
        assert words in told
    told = text(page(city.outreach, case))
    for words in ("［訂正あり］", "直した理由：聞きちがい", history(row), edit(row)):
        assert words in told
    with w.act(city.outreach):
        assert Visit.history.filter(record_id=row.pk).count() == 2
        line = AccessLog.objects.get(what="change_visit")
    assert (line.record_ids, line.case_id) == ([row.pk], case.pk)


def test_when_it_was_stays_unless_it_is_corrected_and_of_whom_never_changes(city, row):
    for version, changes, then in ((1, {}, WAS), (2, {"happened_at": ago(1)}, ago(1))):
        corrected(city.outreach, row, version=version, **changes)
        with w.act(city.outreach):
            record = Visit.objects.select_related("record").get(pk=row.pk).record
        assert (record.happened_at, record.person_ids) == (then, row.record.person_ids)
    with pytest.raises(ActionDenied, match="いままでの日時"):
        corrected(city.outreach, row, version=3, happened_at=ago(-1))


def test_a_colleague_corrects_and_another_agency_does_not(city, own, row):
    case, (mother, _son) = own
    colleague = w.make_member(city.agencies["outreach"], "outreach_worker")
    assert corrected(colleague, row).version == 2
    w.consent(city.outreach, mother, city.agencies["disability"])
    team = visit(city.outreach, case=case, persons=[mother], text="団らん")
    with w.act(city.outreach):
        sheet = refer(
            case=case, by=city.outreach, mode="consent", reason="訪問を", summary="母",
            persons=[mother], to_agency=city.agencies["disability"],
        )  # fmt: skip
    with w.act(city.disability):
        accept_referral(referral=sheet, by=city.disability)
    other = w.make_member(city.agencies["disability"], "outreach_worker")
    corrected(city.outreach, team)
    assert "団らん" in text(get(other, history(team)))
    assert get(other, history(row)).status_code == 404
    with pytest.raises(ActionDenied, match="書いた機関"):
        corrected(other, team, version=2)


def test_nothing_is_corrected_once_the_case_is_closed(city, own, row):
    case, _persons = own
    with w.act(city.outreach):
        close_case(case=case, by=city.outreach, reason="転出")
    with pytest.raises(ActionDenied, match="終結"):
        corrected(city.outreach, row)


@pytest.mark.parametrize("reason", ["", "　"])
def test_without_a_reason_it_is_refused(city, row, reason):
    with pytest.raises(ActionDenied, match="直した理由"):
        corrected(city.outreach, row, reason=reason)


def test_of_two_at_the_same_moment_the_second_is_told(city, row):
    corrected(city.outreach, row)
    with pytest.raises(StaleVersion):
        corrected(city.outreach, row, version=1)


REASON = ", version = version + 1, correction_reason = 'x'"


@pytest.mark.parametrize(
    "change",
    ["text = 'x'", "happened_at = '2026-04-30'",
     "next_on = '2030-01-01'", "stage = 'trust', version = version + 1",
     "minutes_spent = 5, correction_reason = 'x'"],
)  # fmt: skip
def test_the_database_refuses_a_correction_without_version_and_reason(city, row, change):
    with pytest.raises(IntegrityError, match="a reason"), w.act(city.outreach):
        run(f"UPDATE outreach_visit SET {change} WHERE record_id = %s", row)


def test_the_database_refuses_a_correction_that_leaves_no_version(city, row):
    change = f"UPDATE outreach_visit SET text = 'x'{REASON} WHERE record_id = %s"
    with pytest.raises(IntegrityError, match="without its version"), w.act(city.outreach):
        run_to_the_end(change, row)


def run_to_the_end(statement, row):
    run(statement, row)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def run(statement, row):
    with connection.cursor() as cursor:
        cursor.execute(statement, [row.pk])


# --- the page --------------------------------------------------------------------------------


def test_the_form_comes_with_what_was_written(city, row):
    told = text(get(city.outreach, edit(row)))
    assert "不在だった" in told
    sent = post(city.outreach, edit(row), {**FORM, "result": "met_person"})
    assert sent.status_code == 302
    assert "本人と会えた［訂正あり］" in text(get(city.outreach, "/visits/"))


def test_the_moment_is_corrected_alone_and_both_stand_in_the_history(city, own, row):
    case, (mother, _son) = own
    other = visit(city.outreach, case=case, persons=[mother], text="手紙", happened_at=ago(9))
    sent = {**FORM, "text": "不在だった", "on": "R8.4.30", "at": "午後3時", "reason": "一日ちがい"}
    assert post(city.outreach, edit(row), sent).status_code == 302
    told = text(get(city.outreach, history(row)))
    for words in ("日時", "令和8年5月1日 10:00", "令和8年4月30日 15:00", "一日ちがい"):
        assert words in told
    corrected(city.outreach, other, happened_at=datetime.datetime(2026, 4, 29, tzinfo=TOKYO))
    told = text(get(city.outreach, "/visits/"))
    assert told.index("不在だった") < told.index("電話で話した")


def test_a_visit_corrected_to_before_another_leaves_the_plan_to_that_one(city, own):
    """The next date of the newest stands, as if each had been logged on its day."""
    case, (mother, _son) = own
    first = visit(city.outreach, case=case, persons=[mother], happened_at=ago(5))
    later = visit(
        city.outreach, case=case, persons=[mother], happened_at=ago(2), next_on=ago(-2).date()
    )
    with w.act(city.outreach):
        assert list(Visit.objects.visible_to(city.outreach).waiting()) == [later]
    corrected(city.outreach, later, happened_at=ago(6), next_on=ago(-2).date(), text="日付ちがい")
    with w.act(city.outreach):
        assert not Visit.objects.visible_to(city.outreach).waiting().exists()
        newest = Visit.objects.visible_to(city.outreach).newest_first().first()
    assert newest == first


BAD = [
    ({"result": ""}, "会えたかどうかを選んでください。"),
    ({"result": "x"}, "表示された中から"),
    ({"method": ""}, "方法を選んでください。"),
    ({"met_whom": "あ" * 101}, "100文字以内"),
    ({"text": "番号は123456789018です"}, "マイナンバー"),
    ({"text": "あ" * 20_001}, "20,000文字以内"),
    ({"next_on": "令和9年2月30日"}, "日"),
    ({"next_on": "R1.5.1"}, "訪問した日からあと"),
    ({"next_step": "あ" * 201}, "200文字以内"),
    ({"stage": "x"}, "表示された中から"),
    ({"place": "あ" * 101}, "100文字以内"),
    ({"companions": "あ" * 101}, "100文字以内"),
    ({"minutes_spent": "0"}, "1分から"),
    ({"minutes_spent": "1441"}, "1440分"),
    ({"minutes_spent": "たくさん"}, "数字で入れてください"),
    ({"on": ""}, "日付を入れてください。"),
    ({"on": "令和8年2月30日"}, "日"),
    ({"on": "R40.1.1"}, "今日までの日付"),
    ({"on": "R8.5.2", "next_on": "R8.5.1"}, "訪問した日からあと"),
    ({"at": "25:99"}, "14:30のように"),
    ({"reason": ""}, "直した理由を入れてください。"),
    ({"reason": "あ" * 201}, "200文字以内"),
    ({"version": "x"}, "画面が古くなっています"),
    ({"text": "不在だった"}, "直したところがありません"),
]
FORM = {
    "version": "1", "result": "absent", "method": "visit", "text": "灯りがついていた",
    "on": "R8.5.1", "at": "10:00", "reason": "書き落とし",
}  # fmt: skip


@pytest.mark.parametrize(("changes", "sentence"), BAD)
def test_bad_input_gets_a_sentence_and_loses_nothing(city, row, changes, sentence):
    answer = post(city.outreach, edit(row), {**FORM, **changes})
    told = text(answer, 422)
    assert sentence in told
    for name, value in {**FORM, **changes}.items():
        if name not in ("version", "result", "method", "stage", "minutes_spent"):
            assert value in told
    with w.act(city.outreach):
        assert Visit.objects.get(pk=row.pk).text == "不在だった"


def test_somebody_who_saved_first_is_shown_beside_what_was_typed(city, row):
    corrected(city.outreach, row)
    answer = post(city.outreach, edit(row), FORM)
    told = text(answer, 422)
    for words in ("ほかの人が先に保存しました", "電話で話した", "灯りがついていた", "書き落とし"):
        assert words in told
    assert post(city.outreach, edit(row), {**FORM, "version": "2"}).status_code == 302


# --- under a carry-out (V6) ------------------------------------------------------------------


def test_under_a_carry_out_its_people_correct_in_the_dark_frame(city):
    case, (mother, _son) = w.household(city.elderly)
    under = carry_out(city.coordinator, case, city.outreach)
    sealed = visit(city.outreach, under=under, persons=[mother], text="灯りがついた")
    colleague = w.make_member(city.agencies["outreach"], "outreach_worker")
    for member in (colleague, city.elderly, city.coordinator):
        assert get(member, edit(sealed)).status_code in (403, 404)
        assert get(member, history(sealed)).status_code == 404
    told = text(get(city.outreach, edit(sealed)))
    assert "第106条の6" in told
    assert "架空野" not in told
    assert case.number not in told
    sent = post(city.outreach, edit(sealed), FORM)
    assert sent["Location"] == f"/carry-outs/{under.pk}/visits/new/"
    told = text(get(city.outreach, sent["Location"]))
    assert "灯りがついていた" in told
    assert history(sealed) in told
    told = text(get(city.outreach, history(sealed)))
    assert "灯りがついた" in told
    assert "架空野" not in told
    with w.act(city.outreach):
        lines = AccessLog.objects.filter(what__in=["change_visit", "visit_history", "visit_edit"])
        assert {line.basis for line in lines} == {"106-6"}
    assert "灯り" not in text(page(city.elderly, case))
