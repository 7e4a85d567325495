"""転出の引継ぎ on its pages: written in three steps, bad input said beside its field, a way on."""

from __future__ import annotations

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agencies.models import AccessLog
from cases.models import MoveOut, MoveOutAnswer
from cases.operations import return_move_out
from config.lib.eras import format_long
from tests import world as w
from tests.cases.pages import client, get, note, page, post, text
from tests.cases.papers_out import LETTER, family, prepared, said, sent
from tests.owner import as_owner

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]

KEY = "0192f0c0-0000-7000-8000-00000000000a"


@pytest.fixture
def city():
    return w.city()


@pytest.fixture
def house(city):
    case, persons = w.household(city.elderly, *family())
    return case, *persons


def letter(*persons, **changed):
    return {**LETTER, "form_key": KEY, "persons": [str(p.pk) for p in persons], **changed}


def write(city, case, step, data):
    return post(city.elderly, f"/cases/{case.pk}/move-outs/new/", {**data, "step": step})


def test_three_steps_make_the_paper_as_it_was_shown(city, house):
    case, mother, son, _child = house
    mine = note(city.elderly, case, "花子さんの薬のこと", [mother])
    note(city.elderly, case, "次郎さんの仕事のこと", [mother, son])
    data = letter(mother, contacts="on")
    assert "引き継ぐ理由・お願いしたいこと" in text(
        get(city.elderly, f"/cases/{case.pk}/move-outs/new/")
    )
    shown = text(write(city, case, "choose", data))
    assert "花子さんの薬のこと" in shown
    assert "仕事のこと" not in shown
    assert "次郎さん・架空野 桃さんを載せないので" in shown
    data |= {"notes": [str(mine)]}
    before = text(write(city, case, "check", data))
    for words in (
        "架空県見本市",
        "花子さんの薬のこと",
        "架空町一丁目2-3",
        "見守りをお願いします。",
    ):
        assert words in before
    with w.act(city.elderly):
        assert not MoveOut.objects.exists()
    assert "見守りをお願いします。" in text(write(city, case, "letter", data))
    assert "checked" in text(write(city, case, "records", data))
    made = write(city, case, "save", data)
    assert made.status_code == 302
    detail = text(get(city.elderly, made.url))
    start, end = "<dt>宛先</dt>", "花子さんの薬のこと"
    assert (
        before[before.index(start) : before.index(end)]
        == (detail[detail.index(start) : detail.index(end)])
    )
    assert "準備中" in text(page(city.elderly, case))
    assert write(city, case, "save", data).url == made.url  # sent twice, made once


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("municipality", "", "転出先の市区町村を入れてください"),
        ("municipality", "あ" * 61, "60文字以内"),
        ("office", "", "受け取る部署・窓口を入れてください"),
        ("phone", "", "受け取る部署の電話番号を入れてください"),
        ("phone", "あとで", "市外局番から"),
        ("moves_on", "らいしゅう", "日付"),
        ("persons", [], "だれのことを引き継ぐかを選んでください"),
        ("persons", ["nobody"], "選んでください"),
        ("wish", "", "引き継ぐ理由・お願いしたいことを書いてください"),
        ("wish", "あ" * 2001, "2,000文字以内"),
        ("wish", "番号は 1234 5678 9018 です", "マイナンバー"),
        ("words", "あ" * 8001, "8,000文字以内"),
        ("words", "<script>次郎さん</script>", "載せない人（架空野 次郎さん）"),
        ("office", "福祉課の次郎さん", "載せない人（架空野 次郎さん）"),
        ("form_key", "", "画面が古く"),
    ],
)
def test_bad_input_is_said_beside_the_field_and_keeps_what_was_typed(
    city, house, field, value, words
):
    case, mother, *_rest = house
    data = {**letter(mother, words="これまでのまとめ"), field: value}
    # Who is named is asked where the paper is composed.
    for step in ("check", "save") if "載せない" in words else ("choose", "check", "save"):
        shown = text(write(city, case, step, data), 422)
        assert words in shown
        if field != "words":
            assert "これまでのまとめ" in shown
    with w.act(city.elderly):
        assert not MoveOut.objects.exists()


def test_a_record_that_names_somebody_left_out_is_said_at_its_group(city, house):
    case, mother, *_rest = house
    key = note(city.elderly, case, "次郎さんが付き添う", [mother])
    shown = text(write(city, case, "check", letter(mother, notes=[str(key)])), 422)
    assert "載せない人（架空野 次郎さん）の名前があります" in shown
    assert "見守りをお願いします。" in shown  # hidden, and kept
    gone = text(write(city, case, "check", letter(mother, notes=[KEY])), 422)
    assert "いまは載せられない記録" in gone


def test_answer_send_receipt_cancel_refuse_bad_input_with_a_sentence(city, house):
    case, mother, _son, child = house
    paper = prepared(city.elderly, case, mother, child)
    base = f"/move-outs/{paper.pk}/"
    tomorrow = format_long(timezone.localdate() + datetime.timedelta(days=1))
    today = format_long(timezone.localdate())
    good = {"answer": "given", "method": "oral", "given_on": today, "form_key": KEY}
    for changed, words in (
        ({"answer": ""}, "本人の答えを選んでください"),
        ({"answer": "withdrawn"}, "選んでください"),
        ({"given_on": tomorrow}, "今日までの日付"),
        ({"given_on": "x"}, "日付"),
        ({"method": "proxy"}, "代理人の氏名を入れてください"),
        ({"method": "proxy", "proxy_name": "<b>", "proxy_power": "成年後見人"}, "記号は使えません"),
        ({"method": "proxy", "proxy_name": "架空 一", "proxy_power": "家族"}, "家族というだけ"),
    ):
        url = f"{base}answers/{mother.pk}/"
        assert words in text(post(city.elderly, url, {**good, **changed}), 422)
    assert "親権を持つ人" in text(post(city.elderly, f"{base}answers/{child.pk}/", good), 422)
    assert "まだ出せません" in text(get(city.elderly, f"{base}send/"))
    send = {"on": today, "how": "post"}
    assert post(city.elderly, f"{base}send/", send).status_code == 422
    assert "取りやめる理由を書いて" in text(
        post(city.elderly, f"{base}cancel/", {"reason": ""}), 422
    )
    assert "400文字以内" in text(post(city.elderly, f"{base}cancel/", {"reason": "あ" * 401}), 422)
    assert post(city.elderly, f"{base}cancel/", {"reason": "作りなおす"}).status_code == 302
    paper = prepared(city.elderly, case, mother)
    base = f"/move-outs/{paper.pk}/"
    assert post(city.elderly, f"{base}answers/{mother.pk}/", good).status_code == 302
    for changed, words in (
        ({"on": tomorrow}, "今日までの日付"),
        ({"on": "R1.5.1"}, "紙を作った日から"),
        ({"how": "pigeon"}, "選んでください"),
        ({"how": ""}, "出し方を選んでください"),
    ):
        assert words in text(post(city.elderly, f"{base}send/", {**send, **changed}), 422)
    assert post(city.elderly, f"{base}send/", send).status_code == 302
    reply = {"outcome": "received", "on": today, "who": "福祉課 架空さん", "reason": ""}
    for changed, words in (
        ({"outcome": ""}, "転出先の返事を選んでください"),
        ({"who": ""}, "受け取った人を書いて"),
        ({"outcome": "returned"}, "返された理由を書いて"),
        ({"on": "R1.5.1"}, "紙を出した日から"),
        ({"who": "あ" * 101}, "100文字以内"),
    ):
        assert words in text(post(city.elderly, f"{base}receipt/", {**reply, **changed}), 422)
    assert post(city.elderly, f"{base}receipt/", reply).status_code == 302
    with w.act(city.elderly):
        assert MoveOut.objects.get(pk=paper.pk).state == "received"


def test_the_next_step_leads_from_consent_to_closing(city, house):
    case, mother, son, _child = house
    paper = prepared(city.elderly, case, mother, son)
    url = f"/move-outs/{paper.pk}/"
    assert "架空野 花子さんにこの紙を見せて" in text(get(city.elderly, url))
    said(city.elderly, paper, mother)
    said(city.elderly, paper, son, "refused")
    shown = text(get(city.elderly, url))
    assert "架空野 次郎さんが同意していないため" in shown
    again = text(get(city.elderly, f"/cases/{case.pk}/move-outs/new/?from={paper.pk}"))
    assert f'value="{mother.pk}" ' in again
    assert again.count("checked") == 1  # the mother alone
    assert "見守りをお願いします。" in again
    second = prepared(city.elderly, case, mother)
    said(city.elderly, second, mother)
    assert "全員の同意があります" in text(get(city.elderly, f"/move-outs/{second.pk}/"))
    gone = sent(city.elderly, second)
    assert gone.digest[:12] in text(get(city.elderly, f"/move-outs/{second.pk}/print/"))
    assert "返事を待っています" in text(get(city.elderly, f"/move-outs/{second.pk}/"))
    with w.act(city.elderly):
        return_move_out(paper=gone, by=city.elderly, on=timezone.localdate(), reason="転入なし")
    assert "返されました" in text(get(city.elderly, f"/move-outs/{second.pk}/"))


def test_received_offers_closing_with_its_kind(city, house):
    case, *_rest = house
    shown = text(get(city.elderly, f"/cases/{case.pk}/close/?kind=moved"))
    assert 'value="moved" ' in shown
    assert shown.count("checked") == 1
    assert "checked" not in text(get(city.elderly, f"/cases/{case.pk}/close/?kind=x"))


def test_print_tells_no_number_no_title_and_asks_to_sign_before_it_goes(city, house):
    case, mother, *_rest = house
    paper = prepared(city.elderly, case, mother)
    shown = text(get(city.elderly, f"/move-outs/{paper.pk}/print/"))
    assert case.number not in shown
    assert "次郎" not in shown
    assert "へ伝えることに同意します" in shown
    assert "案：本人に見せるための紙" in shown
    assert "取扱注意" not in shown
    said(city.elderly, paper, mother)
    sent(city.elderly, paper)
    assert "へ伝えることに同意します" not in text(
        get(city.elderly, f"/move-outs/{paper.pk}/print/")
    )
    with as_owner():
        looks = AccessLog.objects.filter(what="move_out_print", action="print")
        assert paper.pk in looks.first().record_ids


def test_a_paper_that_was_given_up_is_printed_as_such_and_asks_for_nothing(city, house):
    case, mother, *_rest = house
    paper = prepared(city.elderly, case, mother)
    post(city.elderly, f"/move-outs/{paper.pk}/cancel/", {"reason": "転出をやめた"})
    shown = text(get(city.elderly, f"/move-outs/{paper.pk}/print/"))
    assert "取りやめ：出しません" in shown
    assert "案：" not in shown
    assert "同意します" not in shown


def test_once_everybody_agrees_the_paper_that_goes_is_printed_before_it_is_recorded(city, house):
    """With the number the database gives at sending; taken back, it is the draft again."""
    case, mother, son, _child = house
    paper = prepared(city.elderly, case, mother, son)
    url, printed = f"/move-outs/{paper.pk}/", f"/move-outs/{paper.pk}/print/"
    said(city.elderly, paper, mother)
    assert "見せる紙を印刷" in text(get(city.elderly, url))
    assert "案：本人に見せるための紙" in text(get(city.elderly, printed))
    said(city.elderly, paper, son)
    page_shown = text(get(city.elderly, url))
    order = ("印刷する　②", "へ出す　③", "出したことを記録する、の順")
    steps = [page_shown.index(words) for words in order]
    assert steps == sorted(steps)
    assert "出す紙を印刷" in page_shown
    final = text(get(city.elderly, printed))
    assert "取扱注意" in final
    for words in ("案：本人に見せるための紙", "へ伝えることに同意します"):
        assert words not in final
    said(city.elderly, paper, son, "withdrawn")
    draft = text(get(city.elderly, printed))
    assert "案：本人に見せるための紙" in draft
    said(city.elderly, paper, son)
    gone = sent(city.elderly, paper)
    assert gone.digest[:12] in final
    assert gone.digest[:12] not in draft
    assert gone.digest[:12] in text(get(city.elderly, printed))


def test_taken_back_after_it_went_is_said_on_the_page(city, house):
    case, mother, *_rest = house
    paper = prepared(city.elderly, case, mother)
    said(city.elderly, paper, mother)
    sent(city.elderly, paper)
    url = f"/move-outs/{paper.pk}/answers/{mother.pk}/"
    assert "紙はもう出ています" in text(get(city.elderly, url))
    data = {"answer": "withdrawn", "method": "oral", "form_key": KEY,
            "given_on": format_long(timezone.localdate())}  # fmt: skip
    assert post(city.elderly, url, data).status_code == 302
    assert "転出先へ電話で伝えてください" in text(get(city.elderly, f"/move-outs/{paper.pk}/"))
    with w.act(city.elderly):
        assert MoveOutAnswer.objects.count() == 2


def test_a_weeks_silence_is_a_thing_to_do(city, house, monkeypatch):
    case, mother, *_rest = house
    paper = prepared(city.elderly, case, mother)
    said(city.elderly, paper, mother)
    sent(city.elderly, paper)
    words = "架空県見本市への引継ぎに、まだ返事がありません"
    assert words not in text(get(city.elderly, "/"))
    later = timezone.localdate() + datetime.timedelta(days=7)
    for where in ("cases.moveoutpage.today", "config.lib.prepared.today"):
        monkeypatch.setattr(where, lambda: later)
    assert words in text(get(city.elderly, "/"))


def test_others_find_nothing_and_a_nameless_household_is_told_why(city, house):
    case, mother, *_rest = house
    w.consent(city.elderly, mother, city.agencies["disability"])
    paper = prepared(city.elderly, case, mother)
    for name in ("disability", "coordinator", "child"):
        for path in ("", "print/", f"answers/{mother.pk}/"):
            assert get(city.members[name], f"/move-outs/{paper.pk}/{path}").status_code in (
                403,
                404,
            )
    assert get(city.elderly, f"/move-outs/{paper.pk}/answers/{KEY}/").status_code == 404
    nameless, _persons = w.household(city.elderly, family()[0].__class__(name=""))
    assert "引き継げる人がいません" in text(
        get(city.elderly, f"/cases/{nameless.pk}/move-outs/new/")
    )


@pytest.mark.parametrize("path", ["", "print/", "answers/{person}/", "send/", "cancel/"])
def test_pages_ask_the_same_number_of_questions_however_much_is_written(city, house, path):
    case, mother, *_rest = house
    asked = []
    for written in (1, 20):
        keys = [note(city.elderly, case, f"記録{n}", [mother]) for n in range(written)]
        paper = prepared(city.elderly, case, mother, records=keys)
        said(city.elderly, paper, mother)
        url = f"/move-outs/{paper.pk}/{path.format(person=mother.pk)}"
        asked.append(queries(city.elderly, "get", url))
    assert asked[0] == asked[1] <= 52


@pytest.mark.parametrize("step", ["choose", "check"])
def test_writing_asks_the_same_number_of_questions_at_1_and_at_20_records(city, house, step):
    case, mother, *_rest = house
    url, asked = f"/cases/{case.pk}/move-outs/new/", []
    for written in (1, 19):
        keys = [str(note(city.elderly, case, f"記録{n}", [mother])) for n in range(written)]
        data = {**letter(mother, notes=keys), "step": step}
        asked.append(queries(city.elderly, "post", url, data))
    assert asked[0] == asked[1] <= 62


def queries(member, method, url, *data):
    browser = client(member)
    with CaptureQueriesContext(connection) as found:
        text(getattr(browser, method)(url, *data))
    return len(found)
