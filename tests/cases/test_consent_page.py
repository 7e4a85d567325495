"""A consent's page: who reads it, what narrows, renews and withdraws it, its papers (V3)."""

from __future__ import annotations

import datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from psycopg.types.range import TimestamptzRange

from agencies.enums import SystemName
from agencies.models import AccessLog, Notice
from agencies.permissions import ActionDenied
from agencies.tasks import JOBS, file_due_jobs, system_membership
from cases.models import Consent, ConsentLine, ConsentScan, ConsentScanContent
from cases.operations import (
    accept_referral,
    add_issue,
    narrow_consent,
    record_consent,
    refer,
    renew_consent,
    sync_grants,
    withdraw_consent,
)
from cases.operations.case import PersonFacts
from cases.operations.consent import ConsentTerms, How, terms_of
from cases.tasks import REMIND
from config.lib.acting import acting
from config.lib.eras import format_short
from tests import world as w
from tests.cases.pages import client, get, note, page, post, referred, send, text, two
from tests.owner import as_owner

pytestmark = [pytest.mark.django_db, pytest.mark.database]
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
    b"\x1f\x15\xc4\x89\x00\x00\x00\rIDATx\x9cc\xf8\xff\xff?\x00\x05\xfe\x02\xfe\xa75\x81\x84"
    b"\x00\x00\x00\x00IEND\xaeB`\x82"
)


@pytest.fixture
def city():
    return w.city()


def at(consent, tail=""):
    return f"/consents/{consent.pk}/{tail}"


def how(**changed):
    today = timezone.localdate()
    terms = {
        "given_on": today,
        "until": today + datetime.timedelta(days=365),
        "method": "oral",
        **changed,
    }
    return How(**terms)


def lapsed(city, person, agency):
    """A consent whose period is over since an hour, as time would have made it."""
    now = timezone.now()
    with w.act(city.elderly):
        row = Consent(
            case=person.case,
            person=person,
            answer="given",
            categories=w.ALL,
            method="signed",
            explained_by=city.elderly,
            given_on=timezone.localdate() - datetime.timedelta(days=30),
            period=TimestamptzRange(
                now - datetime.timedelta(days=30), now - datetime.timedelta(hours=1)
            ),
            taken_by_agency_id=city.elderly.agency_id,
        )
        withdraw_consent(consent=Consent.objects.get(person=person), by=city.elderly, reason="x")
        row.save(force_insert=True)
        ConsentLine(consent=row, agency=agency).save(force_insert=True)
        sync_grants(person.case)
    return row


# --- who reads it ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "status", "is_whole"),
    [
        ("elderly", 200, True),
        ("elderly2", 200, True),
        ("privacy", 200, True),
        ("disability", 200, False),
        ("child", 404, False),
        ("coordinator", 404, False),
        ("admin", 403, False),
        ("sysadmin", 403, False),
    ],
)
def test_who_reads_the_page_and_how_much(city, who, status, is_whole):
    _case, _mother, _son, given = referred(
        city, exceptions=(city.agencies["child"],), conferences=(city.conferences["plan"],)
    )
    response = get(city.members[who], at(given))
    assert response.status_code == status
    shown = response.content.decode()
    assert ("知らせたくない機関" in shown) == is_whole
    if who != "child":  # its own name stands in the frame
        assert (city.agencies["child"].name in shown) == is_whole
    if status == 200 and not is_whole:
        assert "あなたの機関に開く情報" in shown
        assert city.conferences["plan"].name not in shown
        assert "説明した人" not in shown


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("elderly", 200),
        ("privacy", 200),
        ("disability", 404),
        ("child", 404),
        ("sysadmin", 403),
    ],
)
@pytest.mark.parametrize("tail", ["print/", "withdraw/print/"])
def test_who_prints_it(city, who, status, tail):
    _case, _mother, _son, given = referred(city)
    response = get(city.members[who], at(given, tail))
    assert response.status_code == status
    if who == "elderly":
        assert "<ruby>" in response.content.decode()
    if who == "privacy":
        assert "架空野" not in response.content.decode()


def test_the_print_is_logged_and_has_two_languages(city):
    _case, _mother, _son, given = referred(city)
    plain = text(get(city.elderly, at(given, "print/")))
    easy = text(get(city.elderly, at(given, "print/?easy=1")))
    assert "<ruby>架空野 花<rp>（</rp><rt>かくうの はな</rt>" in plain
    assert "<ruby>同意書<rp>（</rp><rt>どういしょ</rt>" in plain
    assert "いやな ときは「いいえ」" in easy
    assert "《" not in plain + easy
    with w.act(city.elderly):
        assert AccessLog.objects.filter(action="print", what="consent_print").count() == 2


def test_the_empty_form_prints_with_empty_boxes(city):
    case, (mother, _son) = w.household(city.elderly, *two())
    url = f"/cases/{case.pk}/persons/{mother.pk}/consent/print/"
    shown = text(get(city.elderly, url))
    assert city.agencies["disability"].name in shown
    assert "☐" in shown
    assert "☑" not in shown
    assert get(city.child, url).status_code == 404
    assert get(city.privacy, url).status_code == 403


def test_an_exception_is_never_shown_to_the_one_excepted(city):
    """The responsible agency reads what another took whole, except that it is excepted itself."""
    _case, mother, _son, _given = referred(city)
    other = w.consent(
        city.disability,
        mother,
        city.agencies["disability"],
        exceptions=(city.agencies["elderly"], city.agencies["child"]),
    )
    for tail in ("", "print/"):
        shown = text(get(city.elderly, at(other, tail)))
        assert city.agencies["child"].name in shown
    page_of = text(get(city.elderly, at(other)))
    excepted = page_of.split("知らせたくない機関")[1].split("</dd>")[0]
    assert city.agencies["elderly"].name not in excepted
    assert city.agencies["elderly"].name in text(get(city.disability, at(other)))


def test_the_list_by_reader(city):
    _case, _mother, _son, given = referred(city)
    for who, whole, own in (
        ("elderly", True, False),
        ("privacy", True, False),
        ("disability", False, True),
        ("child", False, False),
    ):
        shown = text(get(city.members[who], "/consents/"))
        assert (at(given) in shown) == (whole or own), who
        assert ("あなたの機関に同意" in shown) == own, who
    assert get(city.sysadmin, "/consents/").status_code == 403
    assert "架空野" not in text(get(city.privacy, "/consents/"))
    with w.act(city.elderly):
        withdraw_consent(consent=given, by=city.elderly, reason="希望")
    assert at(given) in text(get(city.elderly, "/consents/?state=ended"))
    assert at(given) not in text(get(city.disability, "/consents/"))


def test_the_page_says_what_it_does_not_open(city):
    _case, _mother, _son, given = referred(city)
    shown = text(get(city.elderly, at(given)))
    assert "この同意で開くのは、架空野 花さんの記録だけです。" in shown
    assert "別姓田 次郎さんの名前が出る記録は、その人の同意がなければ開きません。" in shown


# --- narrow ----------------------------------------------------------------------------------


def narrowed(city, **changed):
    data = {
        "agencies": [city.agencies["disability"].pk],
        "categories": ["basic", "progress"],
        "given_on": "",
        "until": "",
    }
    return {**data, "given_on": format_short(timezone.localdate()), **changed}


def test_narrowing_shows_what_closes_then_closes_it(city):
    case, mother, _son, given = referred(city)
    note(city.elderly, case, "経過の記録", [mother])
    note(city.elderly, case, "健康の記録", [mother], category="health")
    url = at(given, "narrow/")
    assert "これからも伝えてよい機関" in text(get(city.elderly, url))
    shown = text(send(city.elderly, url, narrowed(city)))
    assert f"{city.agencies['disability'].name}は 1件の記録が見られなくなります。" in shown
    assert "健康の記録" in text(page(city.disability, case))
    answer = send(city.elderly, url, narrowed(city, confirmed="1"))
    assert answer.status_code == 302
    after = text(page(city.disability, case))
    assert "経過の記録" in after
    assert "健康の記録" not in after
    with w.act(city.elderly):
        former, latter = Consent.objects.filter(person=mother).order_by("recorded_at")
    assert former.withdrawal_reason == "範囲を狭めた"
    assert latter.replaces_id == former.pk
    assert latter.categories == ["basic", "progress"]
    assert "範囲を狭めた" in text(get(city.elderly, at(latter)))


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"categories": []}, "何も残らないときは"),
        ({"agencies": []}, "何も残らないときは"),
        ({"categories": w.ALL}, "いまの同意と同じです"),
        ({"given_on": "R30.1.1"}, "今日までの日付"),
    ],
)
def test_a_narrowing_that_is_none_gets_a_sentence(city, changed, sentence):
    _case, _mother, _son, given = referred(city)
    url = at(given, "narrow/")
    shown = text(send(city.elderly, url, narrowed(city, confirmed="1", **changed)), 422)
    assert sentence in shown


def test_a_narrowing_never_opens(city):
    _case, _mother, _son, given = referred(city, categories=["basic"])
    with w.act(city.elderly), pytest.raises(ActionDenied, match="狭めることだけ"):
        narrow_consent(
            consent=given,
            by=city.elderly,
            terms=ConsentTerms(
                answer="given",
                given_on=timezone.localdate(),
                categories=["basic", "health"],
                agencies=[city.agencies["disability"]],
            ),
        )


@pytest.mark.parametrize(("who", "status"), [("disability", 404), ("child", 404), ("privacy", 403)])
@pytest.mark.parametrize("tail", ["narrow/", "renew/"])
def test_who_changes_it(city, who, status, tail):
    _case, _mother, _son, given = referred(city)
    assert get(city.members[who], at(given, tail)).status_code == status
    assert get(city.elderly2, at(given, tail)).status_code == 200


def test_a_hidden_exception_survives_a_renewal_by_the_one_excepted(city):
    _case, mother, _son, _given = referred(city)
    other = w.consent(
        city.disability,
        mother,
        city.agencies["disability"],
        conferences=(city.conferences["plan"],),
        exceptions=(city.agencies["elderly"],),
    )
    with w.act(city.elderly):
        renewed = renew_consent(consent=other, by=city.elderly, how=how())
        assert not ConsentLine.objects.filter(consent=renewed, is_exception=True).exists()
    with w.act(city.disability):
        line = ConsentLine.objects.filter(agency=city.agencies["elderly"], is_exception=True)
        assert not line.filter(consent=renewed).exists()  # it does not see the new one whole
    with w.act(city.privacy):
        assert ConsentLine.objects.get(consent=renewed, is_exception=True).agency_id == (
            city.agencies["elderly"].pk
        )


# --- renew, expiry ---------------------------------------------------------------------------


def test_an_expired_consent_is_said_and_renewed(city):
    case, mother, _son, _given = referred(city)
    note(city.elderly, case, "母の記録", [mother])
    given = lapsed(city, mother, city.agencies["disability"])
    assert page(city.disability, case).status_code == 404
    shown = text(page(city.elderly, case))
    assert "同意の期限が切れました" in shown
    assert at(given, "renew/") in shown
    assert "期限が切れました" in text(get(city.elderly, at(given)))
    assert "同意の期限が切れました" in text(get(city.elderly, "/"))
    form = get(city.elderly, at(given, "renew/"))
    assert city.agencies["disability"].name in text(form)
    initial = form.context["form"].initial
    data = {
        "method": "oral",
        "given_on": format_short(initial["given_on"]),
        "until": format_short(initial["until"]),
        "proxy_name": "",
        "proxy_power": "",
    }
    assert send(city.elderly, at(given, "renew/"), data).status_code == 302
    assert "母の記録" in text(page(city.disability, case))


def test_a_reminder_a_month_before_once_to_taker_and_responsible(city):
    _case, mother, _son, _given = referred(city)
    soon = timezone.localdate() + datetime.timedelta(days=20)
    given = w.consent(city.disability, mother, city.agencies["disability"], until=soon)
    w.consent(
        city.elderly,
        _son,
        city.agencies["disability"],
        until=timezone.localdate() + datetime.timedelta(days=200),
    )
    file_due_jobs()
    file_due_jobs()
    with acting(system_membership(SystemName.SCHEDULER).pk):
        for _twice in range(2):
            JOBS[REMIND][0]({"consent": str(given.pk)})
    for who, found in (("elderly", 1), ("disability", 1), ("child", 0)):
        with w.act(city.members[who]):
            rows = Notice.objects.visible_to(city.members[who]).filter(kind=REMIND)
            assert rows.count() == found, who
            assert "架空野" not in "".join(rows.values_list("title", flat=True))
    assert "期限が近づいています" in text(get(city.disability, "/"))  # who took it: its work
    assert "同意の期限が1か月以内に来ます" in text(get(city.elderly, "/"))  # its notice


# --- two at the same moment ------------------------------------------------------------------


def test_nothing_is_renewed_that_was_withdrawn_a_moment_before(city):
    _case, _mother, _son, given = referred(city)
    with w.act(city.elderly):
        stale = Consent.objects.get(pk=given.pk)
        withdraw_consent(consent=given, by=city.elderly, reason="希望")
        with pytest.raises(ActionDenied, match="先に変えたか、撤回"):
            renew_consent(consent=stale, by=city.elderly, how=how())


def test_a_withdrawal_ends_what_was_renewed_a_moment_before(city):
    case, mother, _son, given = referred(city)
    with w.act(city.elderly):
        renew_consent(consent=given, by=city.elderly, how=how())
    answer = post(city.elderly, at(given, "withdraw/"), {"reason": "希望"})
    assert answer.status_code == 302
    assert page(city.disability, case).status_code == 404
    with w.act(city.elderly):
        assert not Consent.objects.filter(person=mother, withdrawn_at__isnull=True).exists()


def test_a_withdrawal_ends_a_new_answer_too_but_never_a_refusal(city):
    case, mother, _son, given = referred(city)
    w.consent(city.elderly, mother, city.agencies["disability"], categories=["basic"])
    assert post(city.elderly, at(given, "withdraw/"), {"reason": "希望"}).status_code == 302
    assert page(city.disability, case).status_code == 404
    again = w.consent(city.elderly, mother, city.agencies["disability"])
    refusal = w.consent(city.elderly, mother, answer="refused")
    assert post(city.elderly, at(again, "withdraw/"), {"reason": "希望"}).status_code == 403
    with w.act(city.elderly):
        assert Consent.objects.get(pk=refusal.pk).withdrawn_at is None


def test_a_new_answer_lifts_an_exception_and_a_renewal_does_not(city):
    _case, mother, _son, _given = referred(city)
    child = city.agencies["child"]
    plan = city.conferences["plan"]
    excepted = w.consent(city.elderly, mother, conferences=(plan,), exceptions=(child,))
    with w.act(city.elderly):
        renewed = renew_consent(consent=excepted, by=city.elderly, how=how())
        assert terms_of(renewed, city.elderly).exceptions == [child]
    lifted = w.consent(city.elderly, mother, conferences=(plan,))
    with w.act(city.elderly):
        assert terms_of(lifted, city.elderly).exceptions == []


# --- who may consent -------------------------------------------------------------------------


def terms(city, **changed):
    given = {
        "answer": "given",
        "given_on": timezone.localdate(),
        "categories": ["basic"],
        "method": "signed",
        "agencies": [city.agencies["disability"]],
    }
    return ConsentTerms(**{**given, **changed})


def test_who_cannot_consent(city):
    today = timezone.localdate()
    _case, (unnamed, dead, adult) = w.household(
        city.elderly,
        PersonFacts(birth_year=1950),
        PersonFacts(name="架空野 故人", is_deceased=True, died_on=today),
        PersonFacts(name="架空野 大人", birth_on=datetime.date(1950, 1, 1)),
    )
    proxy = {"method": "proxy", "proxy_name": "架空野 父"}
    for person, changed, sentence in (
        (unnamed, {}, "お名前の分からない方"),
        (dead, {}, "亡くなった方"),
        (adult, {"given_on": today + datetime.timedelta(days=1)}, "未来"),
        (adult, {"categories": []}, "種類を1つ以上"),
        (adult, {**proxy, "proxy_power": "父"}, "家族というだけでは"),
        (adult, {**proxy, "proxy_power": "親権者"}, "本人が同意します"),
    ):
        with w.act(city.elderly), pytest.raises(ActionDenied, match=sentence):
            record_consent(person=person, by=city.elderly, terms=terms(city, **changed))


def test_an_agency_that_has_ended_is_not_named(city):
    _case, (mother, _son) = w.household(city.elderly, *two())
    agency = city.agencies["disability"]
    agency.ended_on = timezone.localdate() - datetime.timedelta(days=1)
    with as_owner():
        agency.save()
    with w.act(city.elderly), pytest.raises(ActionDenied, match="活動を終えている"):
        record_consent(person=mother, by=city.elderly, terms=terms(city, agencies=[agency]))


def test_who_is_suspected_of_harm_cannot_be_the_proxy(city):
    case, (mother, _son) = w.household(city.elderly, *two())
    guardian = {"method": "proxy", "proxy_name": "別姓田　次郎", "proxy_power": "成年後見人"}
    with w.act(city.elderly):
        add_issue(
            case=case,
            by=city.elderly,
            issue_type="abuse",
            person=mother,
            status="suspected",
            suspected_name="別姓田 次郎",
        )
        with pytest.raises(ActionDenied, match="代理人になれません"):
            record_consent(person=mother, by=city.elderly, terms=terms(city, **guardian))
    with w.act(city.elderly), pytest.raises(ActionDenied, match="DV・虐待"):
        add_issue(
            case=case, by=city.elderly, issue_type="debt", person=mother, suspected_name="だれか"
        )


def test_suspicion_one_may_not_read_tells_nothing(city):
    case, mother, _son, _given = referred(city, categories=["basic", "progress"])
    with w.act(city.elderly):
        add_issue(
            case=case,
            by=city.elderly,
            issue_type="abuse",
            person=mother,
            suspected_name="別姓田 次郎",
        )
    guardian = {"method": "proxy", "proxy_name": "別姓田 次郎", "proxy_power": "成年後見人"}
    with w.act(city.disability):
        assert record_consent(person=mother, by=city.disability, terms=terms(city, **guardian))


def test_recording_a_death_asks_for_the_day(city):
    _case, (mother, _son) = w.household(city.elderly, *two())
    url = f"/persons/{mother.pk}/edit/"
    form = get(city.elderly, url).context["form"]
    data = {name: form[name].value() or "" for name in form.fields if name != "not_my_number"}
    data |= {"birth": "昭和22年5月1日", "is_deceased": "on", "died_on": ""}
    assert "亡くなった日を入れてください。" in text(post(city.elderly, url, data), 422)


# --- the signed paper ------------------------------------------------------------------------


def test_the_signed_paper_is_read_by_who_sees_the_consent_whole(city):
    _case, _mother, _son, given = referred(city)
    url = at(given, "scans/")
    assert "ファイルを選んでください" in text(post(city.elderly, url, {}), 422)
    for _twice in range(2):
        file = SimpleUploadedFile("同意書.png", PNG, "image/png")
        answer = client(city.elderly).post(url, {"attachments": [file]})
        assert answer.status_code == 302
    with w.act(city.elderly):
        scan = ConsentScan.objects.get(consent=given)
    assert "同意書.png" in text(get(city.elderly, at(given)))
    for who, status in (
        ("elderly2", 200),
        ("privacy", 200),
        ("disability", 404),
        ("child", 404),
        ("sysadmin", 403),
    ):
        assert get(city.members[who], f"/scans/{scan.pk}/").status_code == status, who
    response = get(city.elderly, f"/scans/{scan.pk}/")
    assert response.content == PNG
    assert response["Cache-Control"] == "private, no-store"
    for model in (ConsentScan, ConsentScanContent):
        for who in ("elderly", "privacy", "disability", "child"):
            with w.act(city.members[who]):
                found = {
                    model._base_manager.exists(),
                    model.objects.visible_to(city.members[who]).exists(),
                }
            assert found == {who in ("elderly", "privacy")}, (model, who)
    assert post(city.disability, url, {}).status_code == 404
    with acting(system_membership(SystemName.SCHEDULER).pk):
        assert not ConsentScanContent.objects.exists()


# --- the usual case --------------------------------------------------------------------------


def test_the_usual_case_is_three_clicks(city):
    """同意を記録 → 同意した → 答えを記録する: the rest is filled in as it usually is."""
    case, _mother, son, _given = referred(city)
    url = f"/cases/{case.pk}/persons/{son.pk}/consent/"
    form = get(city.elderly, url).context["form"]
    data = {}
    for name in form.fields:
        value = form[name].value()
        is_day = isinstance(value, datetime.date)
        if value is not None:
            data[name] = format_short(value) if is_day else value
    assert "answer" not in data
    assert set(data["agencies"]) == {
        str(city.agencies[name].pk) for name in ("elderly", "disability")
    }
    data.pop("covers_household", None)
    assert post(city.elderly, url, {**data, "answer": "given"}).status_code == 302
    with w.act(city.elderly):
        stored = terms_of(Consent.objects.get(person=son), city.elderly)
    assert stored.until is not None
    assert 363 < (stored.until - timezone.localdate()).days < 366


def test_a_referral_that_waits_is_ticked(city):
    case, (mother, son) = w.household(city.elderly, *two())
    w.consent(city.elderly, mother, city.agencies["child"])
    with w.act(city.elderly):
        sheet = refer(
            case=case,
            by=city.elderly,
            mode="consent",
            reason="理由",
            summary="概要",
            persons=[mother],
            to_agency=city.agencies["child"],
        )
    shown = get(city.elderly, f"/cases/{case.pk}/persons/{son.pk}/consent/")
    assert str(city.agencies["child"].pk) in shown.context["form"].initial["agencies"]
    with w.act(city.child):
        accept_referral(referral=sheet, by=city.child)
