"""つなぐシート: composed from what is there, received, and what came of it fed back (V3, V4)."""

from __future__ import annotations

import uuid

import pytest
from django.db import DatabaseError, connection, transaction

from agencies.models import Notice
from agencies.permissions import ActionDenied
from cases.models import Referral
from cases.operations import accept_referral, refer, report_result, return_referral
from tests import world as w
from tests.cases.pages import get, note, post, text, two

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def city():
    return w.city()


@pytest.fixture
def home(city):
    case, (mother, son) = w.household(city.elderly, *two())
    w.consent(
        city.elderly, mother, city.agencies["disability"], city.agencies["elderly"],
        categories=["basic", "progress"],
    )  # fmt: skip
    return case, mother, son


def sheet(city, case, *persons):
    with w.act(city.elderly):
        return refer(
            case=case, by=city.elderly, mode="consent", reason="お願いします", summary="概要",
            persons=persons, to_agency=city.agencies["disability"],
        )  # fmt: skip


def begun(city, case, *persons, mode="consent", **changed):
    data = {
        "mode": mode, "step": "compose", "form_key": str(uuid.uuid4()), "summary": "はじめに",
        "persons": [str(p.pk) for p in persons], "to_agency": city.agencies["disability"].pk,
    }  # fmt: skip
    return post(city.elderly, f"/cases/{case.pk}/refer/", {**data, **changed})


# --- composed from what is there ----------------------------------------------------------------


def test_words_to_begin_with_are_what_the_receiver_would_read_of_these_persons(city, home):
    case, mother, son = home
    note(city.elderly, case, "薬を飲み忘れる", [mother])
    note(city.elderly, case, "通帳がない", [mother], category="money")
    note(city.elderly, case, "息子のこと", [son])
    note(city.elderly, case, "世帯のこと")
    note(city.elderly, case, "内々", [mother], audience="agency")
    shown = text(begun(city, case, mother))
    assert "はじめに\n\n【支援経過記録】" in shown.replace("\r\n", "\n")
    assert "薬を飲み忘れる" in shown
    for hidden in ("通帳がない", "息子のこと", "世帯のこと", "内々"):
        assert hidden not in shown, hidden
    assert "入力を確かめてください" not in shown  # nothing is judged yet
    with w.act(city.elderly):
        assert not Referral.objects.exists()


def test_where_the_law_lets_it_go_all_that_is_written_of_them_begins_it(city, home):
    case, mother, _son = home
    note(city.elderly, case, "通帳がない", [mother], category="money")
    assert "通帳がない" in text(begun(city, case, mother, mode="notification"))
    secrecy = {"to_conference_type": city.conferences["support"].pk}
    assert "通帳がない" in text(begun(city, case, mother, mode="secrecy", **secrecy))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"persons": []}, "だれをつなぐかを選んでください"),
        ({"to_agency": ""}, "つなぐ先を選んでください"),
        ({"to_agency": "x"}, "選んでください"),
    ],
)
def test_whom_it_is_about_and_for_is_asked_first_and_nothing_typed_is_lost(
    city, home, changed, words
):
    case, mother, _son = home
    shown = text(begun(city, case, mother, **changed), 422)
    assert words in shown
    assert "はじめに" in shown
    assert "つなぐ理由・期待する役割を入れてください" not in shown


def test_nothing_to_say_is_said(city, home):
    case, mother, _son = home
    assert "まだありません" in text(begun(city, case, mother))


# --- receipt and result -------------------------------------------------------------------------


def test_the_receivers_first_look_is_the_receipt(city, home):
    case, mother, _son = home
    row = sheet(city, case, mother)
    url = f"/referrals/{row.pk}/"
    assert "まだ開かれていません" in text(get(city.elderly2, url))
    assert "返事待ち・開封済み" not in text(get(city.elderly, "/referrals/"))
    assert "受領" not in text(get(city.disability, url))
    assert "相手が開きました" in text(get(city.elderly, url))
    assert "返事待ち・開封済み" in text(get(city.elderly, "/referrals/"))


def test_result_goes_back_to_the_sender_once(city, home):
    case, mother, _son = home
    row = sheet(city, case, mother)
    url = f"/referrals/{row.pk}/"
    assert post(city.disability, f"{url}result/", {"result": "x"}).status_code == 403
    with w.act(city.disability):
        accept_referral(referral=row, by=city.disability)
    assert "結果を知らせる" in text(get(city.disability, url))
    for words, sentence in (
        ("", "つなぎの結果を書いてください"),
        ("あ" * 2001, "2,000文字以内"),
        ("1234 5678 9018", "マイナンバー"),
    ):
        shown = text(post(city.disability, f"{url}result/", {"result": words}), 422)
        assert sentence in shown
        assert words in shown
    done = post(city.disability, f"{url}result/", {"result": "手帳の申請を手伝った。"})
    assert done.status_code == 302
    for member in (city.elderly, city.disability):
        assert "手帳の申請を手伝った。" in text(get(member, url))
    assert "受理・結果あり" in text(get(city.elderly, "/referrals/"))
    assert post(city.disability, f"{url}result/", {"result": "x"}).status_code == 403
    assert post(city.elderly, f"{url}result/", {"result": "x"}).status_code == 403
    assert post(city.child, f"{url}result/", {"result": "x"}).status_code == 404
    with w.act(city.elderly):
        found = Notice.objects.visible_to(city.elderly).filter(kind="referral_result")
        assert [n.title for n in found] == ["つなぎの結果が届きました"]


def test_a_returned_sheet_has_no_result(city, home):
    case, mother, _son = home
    row = sheet(city, case, mother)
    with w.act(city.disability):
        return_referral(referral=row, by=city.disability, reason="対象外")
        with pytest.raises((ActionDenied, Referral.DoesNotExist)):
            report_result(referral=row, by=city.disability, text="x")


def test_the_database_takes_a_result_of_the_receiver_alone_and_once(city, home):
    case, mother, _son = home
    row = sheet(city, case, mother)
    say = (
        "update cases_referral set result = %s, resulted_at = now(), resulted_by_id = %s"
        " where id = %s"
    )

    def said(by, who, words="x"):
        with w.act(by), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(say, [words, who.pk, row.pk])
            return cursor.rowcount

    with pytest.raises(DatabaseError, match="not the receiver"):
        said(city.disability, city.disability)  # not taken on yet
    with w.act(city.disability):
        accept_referral(referral=row, by=city.disability)
    for by, who in ((city.elderly, city.elderly), (city.disability, city.elderly)):
        with pytest.raises(DatabaseError, match="not the receiver"):
            said(by, who)
    assert said(city.disability, city.disability) == 1
    with pytest.raises(DatabaseError, match="not the receiver"):
        said(city.disability, city.disability, "other")
    with (
        w.act(city.elderly), pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(), connection.cursor() as cursor,
    ):  # fmt: skip
        cursor.execute("update cases_referral set seen_at = now()")
