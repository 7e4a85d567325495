"""Numbered prints, letters under 106条の6第3項, and a carry-out's review (V6)."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agencies.models import AccessLog, Notice
from agencies.permissions import ActionDenied
from cases.models import CarryOut, CarryOutGrant, Disclosure
from meetings.enums import Paper
from meetings.models import AgendaItem, InformationRequest, PaperCopy
from meetings.operations import (
    CarryOutFacts,
    Letter,
    Recipient,
    Renewal,
    decide_item,
    end_carry_out,
    print_copies,
    record_reply,
    request_information,
    return_copy,
    running_carry_outs,
)
from tests import world as w
from tests.meetings import situations as s
from tests.meetings.test_secrecy import refused
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.database]

UNINVITED = ("head", "elderly", "elderly2", "disability", "privacy", "sysadmin")
DAY = datetime.timedelta(days=1)


@pytest.fixture
def city():
    world = w.city()
    w.list_secretary(world, world.coordinator)
    return world


@pytest.fixture
def item(city):
    made = s.secret_item(city)
    s.appointed(city, made, city.child)
    s.noticed(city, made.sitting)
    return made


def client(member):
    return sign_in(Client(), member)


def text(response):
    return response.content.decode()


def printed(city, item, *holders, by=None, key=None, **more):
    by = by or city.coordinator
    with w.act(by):
        return print_copies(
            item=item,
            by=by,
            paper=Paper.MATERIALS,
            recipients=[Recipient(holder) for holder in holders or ("事務局",)],
            form_key=key or uuid.uuid4(),
            **more,
        )


# --- numbered prints ---------------------------------------------------------------------------


def test_each_recipient_and_each_print_has_its_own_number(city, item):
    assert [c.number for c in printed(city, item, "A", "B")] == [1, 2]
    assert [c.number for c in printed(city, item, "A")] == [3]
    # Numbers count within the item: they do not tell that there is another.
    assert [c.number for c in printed(city, s.secret_item(city))] == [1]


def test_a_copy_number_twice_is_refused_in_words_and_by_the_database(city, item):
    key = uuid.uuid4()
    first = printed(city, item, key=key)[0]
    with pytest.raises(ActionDenied, match="通番1は、すでに印刷しました"):
        printed(city, item, key=key)
    with w.act(city.coordinator), pytest.raises(IntegrityError), transaction.atomic():
        PaperCopy(
            item=item, number=first.number, paper="minutes", holder="x",
            by=city.coordinator, form_key=uuid.uuid4(),
        ).save(force_insert=True)  # fmt: skip


def test_a_copy_comes_back_once_and_only_to_the_secretariat(city, item):
    copy, kept = printed(city, item)[0], printed(city, item, is_to_be_returned=False)[0]
    with w.act(city.child), pytest.raises(ActionDenied, match="事務局名簿"):
        return_copy(copy=copy, by=city.child)
    with w.act(city.coordinator):
        return_copy(copy=copy, by=city.coordinator)
        with pytest.raises(ActionDenied, match="通番1は、すでに回収済み"):
            return_copy(copy=copy, by=city.coordinator)
        with pytest.raises(ActionDenied, match="回収しないもの"):
            return_copy(copy=kept, by=city.coordinator)
    for change in ("returned_at = null, returned_to_id = null", "number = 9", "holder = 'x'"):
        assert refused(
            city.coordinator, f"update meetings_papercopy set {change} where id = %s", copy.pk
        )
    assert refused(city.coordinator, "delete from meetings_papercopy where id = %s", copy.pk)


def test_printing_on_screen_counts_and_the_outstanding_are_ticked_off(city, item):
    browser = client(city.coordinator)
    url = reverse("item_copies", args=[item.pk])
    page = browser.get(url)
    assert "まだ印刷していません" in text(page)
    with w.act(city.coordinator):
        assert not PaperCopy.objects.exists()
    key = page.context["form"]["form_key"].value()
    recipients = [value for value, _label in page.context["form"].fields["recipients"].choices]
    data = {
        "paper": "minutes", "recipients": recipients, "to_return": "on", "form_key": key,
    }  # fmt: skip
    paper = text(browser.post(url, data))
    assert paper.count("通番") == len(recipients) == 2
    assert "取扱注意・要回収" in paper
    assert "根拠：社会福祉法第106条の6" in paper
    again = browser.post(url, data)
    assert again.status_code == 422
    assert "通番1・2は、すでに印刷しました" in text(again)
    with w.act(city.coordinator):
        assert AccessLog.objects.filter(action="print", item_id=item.pk).count() == 1
        copy = PaperCopy.objects.get(item=item, number=1)
    out = reverse("sitting_copies", args=[item.sitting_id])
    assert "2部" in text(browser.get(out))
    back = browser.post(reverse("copy_return", args=[copy.pk]), {"from": "sitting"})
    assert back["Location"] == out
    assert "1部" in text(browser.get(out))


def test_the_appointed_print_their_own_copy_and_see_no_others(city, item):
    printed(city, item, "架空 よその人")
    browser = client(city.child)
    url = reverse("item_copies", args=[item.pk])
    page = browser.get(url)
    assert "架空 よその人" not in text(page)
    key = page.context["form"]["form_key"].value()
    bad = browser.post(url, {"paper": "materials", "recipients": ["p:x"], "form_key": key})
    assert bad.status_code == 422
    paper = browser.post(url, {"paper": "materials", "recipients": ["own"], "form_key": key})
    assert "通番 2" in text(paper)
    with w.act(city.child):
        copy = PaperCopy.objects.get(number=2)
    assert copy.grant_id is not None
    assert client(city.child).post(reverse("copy_return", args=[copy.pk])).status_code == 302
    with w.act(city.child):
        assert PaperCopy.objects.get(pk=copy.pk).returned_at is None


@pytest.mark.parametrize("name", UNINVITED)
def test_copies_are_hidden_from_the_uninvited(city, item, name):
    copy = printed(city, item)[0]
    assert not s.sees(city.members[name], copy)
    if name in ("privacy", "sysadmin"):
        return
    browser = client(city.members[name])
    assert browser.get(reverse("item_copies", args=[item.pk])).status_code == 404
    assert browser.post(reverse("copy_return", args=[copy.pk])).status_code == 404


@pytest.mark.parametrize("name", ["head", "elderly", "child"])
def test_the_list_of_outstanding_copies_answers_alike_with_and_without_a_sealed_item(city, name):
    """V6, V15: who is not listed learns nothing, not even from the refusal."""
    empty, full = s.make_sitting(city, "support"), s.make_sitting(city, "support")
    item = s.secret_item(city, sitting=full)
    printed(city, item)
    browser = client(city.members[name])
    first, second = (
        browser.get(reverse("sitting_copies", args=[sitting.pk])) for sitting in (empty, full)
    )
    assert (first.status_code, second.status_code) == (403, 403)
    cover = [text(browser.get(reverse("sitting_detail", args=[x.pk]))) for x in (empty, full)]
    assert "回収する資料" not in cover[0] + cover[1]


# --- letters -----------------------------------------------------------------------------------

LETTER = Letter("架空病院 御中", "架空野 A さん", "受診の状況", timezone.localdate() + 14 * DAY)


def sent(city, item, letter=LETTER, key=None):
    with w.act(city.coordinator):
        return request_information(
            item=item, by=city.coordinator, letter=letter, form_key=key or uuid.uuid4()
        )


def test_a_letter_has_a_number_of_its_year_and_body_that_counts_nothing(city, item):
    made = [sent(city, item) for _n in range(4)]
    numbers = [letter.number for letter in made]
    assert len(set(numbers)) == 4
    assert all(1000 <= n <= 9999 for n in numbers)
    assert numbers != list(range(numbers[0], numbers[0] + 4))
    key = uuid.uuid4()
    assert sent(city, item, key=key).pk == sent(city, item, key=key).pk


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"addressee": " "}, "宛先"),
        ({"about": ""}, "だれについて"),
        ({"asked": ""}, "求める資料"),
        ({"due_on": timezone.localdate() - DAY}, "今日からあと"),
    ],
)
def test_a_letter_lacks_nothing_and_is_not_due_in_the_past(city, item, change, words):
    with pytest.raises(ActionDenied, match=words):
        sent(city, item, Letter(**{**LETTER.__dict__, **change}))


def test_a_letter_is_answered_once_with_words_and_a_day_that_fits(city, item):
    letter = sent(city, item)
    today = timezone.localdate()
    with w.act(city.coordinator):
        for outcome, day, reply, words in (
            ("received", today, " ", "回答の内容"),
            ("received", today + DAY, "r", "今日までの日"),
            ("received", today - DAY, "r", "依頼した日から"),
            ("x", today, "r", "結果"),
        ):
            with pytest.raises(ActionDenied, match=words):
                record_reply(
                    request=letter, by=city.coordinator, outcome=outcome, replied_on=day,
                    reply=reply,
                )  # fmt: skip
        record_reply(
            request=letter, by=city.coordinator, outcome="refused", replied_on=today, reply=""
        )
        with pytest.raises(ActionDenied, match="すでに記録"):
            record_reply(
                request=letter, by=city.coordinator, outcome="received", replied_on=today,
                reply="r",
            )  # fmt: skip


def test_a_letter_is_entered_in_the_register_and_names_nobody(city, item):
    """V6: neither addressee nor case nor person; not even its own secretariat reads the row."""
    sent(city, item)
    for member in (city.coordinator, city.head, city.elderly):
        with w.act(member):
            assert not Disclosure.objects.filter(kind="letter").exists()
    with w.act(city.privacy):
        entry = Disclosure.objects.get(kind="letter")
    assert entry.agency_id == city.agencies["coordinator"].pk
    assert (entry.recipient, entry.case_id, entry.referral_id) == ("", None, None)
    assert (entry.person_count, entry.purpose) == (0, "")
    assert entry.statute == "社会福祉法第106条の6第3項"
    page = text(client(city.privacy).get(reverse("disclosure_list")))
    assert "記載しない（守秘）" in page
    assert LETTER.addressee not in page
    for member in (city.coordinator, city.head):
        assert "資料・情報提供の依頼" not in text(client(member).get(reverse("disclosure_list")))


def test_letter_from_form_to_paper_and_reply(city, item):
    browser = client(city.coordinator)
    url = reverse("letter_new", args=[item.pk])
    key = browser.get(url).context["form"]["form_key"].value()
    data = {
        "addressee": "架空病院 御中", "about": "架空野 A さん", "asked": "受診の状況",
        "due_on": (timezone.localdate() + DAY).isoformat(), "form_key": key,
    }  # fmt: skip
    for change in ({"addressee": ""}, {"due_on": "R1.5.1"}):
        bad = browser.post(url, data | change)
        assert bad.status_code == 422
        assert "受診の状況" in text(bad)
    assert browser.post(url, data).status_code == 302
    with w.act(city.coordinator):
        letter = InformationRequest.objects.get(item=item)
    paper = text(browser.get(reverse("letter_print", args=[letter.pk])))
    for words in ("架空病院 御中", f"第{letter.number}号", "第106条の6第3項", "取扱注意"):
        assert words in paper
    reply = reverse("letter_reply", args=[letter.pk])
    answer = {"outcome": "received", "replied_on": timezone.localdate().isoformat(), "reply": ""}
    assert browser.post(reply, answer).status_code == 422
    assert browser.post(reply, answer | {"reply": "通院中"}).status_code == 302
    # The appointed read it on the item's page; they neither print nor answer.
    page = text(client(city.child).get(reverse("item_detail", args=[item.pk])))
    assert "通院中" in page
    for name in ("letter_print", "letter_reply"):
        assert client(city.child).get(reverse(name, args=[letter.pk])).status_code == 403
    assert client(city.child).get(url).status_code == 403


@pytest.mark.parametrize("name", UNINVITED)
def test_letters_are_hidden_from_the_uninvited(city, item, name):
    letter = sent(city, item)
    assert not s.sees(city.members[name], letter)
    if name in ("privacy", "sysadmin"):
        return
    browser = client(city.members[name])
    for address in ("letter_print", "letter_reply"):
        assert browser.get(reverse(address, args=[letter.pk])).status_code == 404
    assert browser.get(reverse("letter_new", args=[item.pk])).status_code == 404


def test_an_item_with_consent_sends_no_letter_and_numbers_no_print(city):
    item = s.consented_item(city, s.consented_household(city, "child"), "child")
    with pytest.raises(ActionDenied, match="守秘の議題"):
        sent(city, item)
    with pytest.raises(ActionDenied, match="守秘の議題"):
        printed(city, item)
    url = reverse("item_copies", args=[item.pk])
    assert client(city.coordinator).get(url).status_code == 302


# --- carry-outs --------------------------------------------------------------------------------


def carried(city, case=None, days=30, secretary=None):
    secretary = secretary or city.coordinator
    item = s.secret_item(city, case=case, secretary=secretary)
    s.opened(city, item.sitting, secretary)
    facts = CarryOutFacts("月2回、声をかける", [city.outreach], timezone.localdate() + days * DAY)
    with w.act(secretary):
        return decide_item(
            item=item, by=secretary, decision="roles", opinion="o", minutes="m", carry_out=facts
        )


def decide(city, item, by=None, **more):
    by = by or city.coordinator
    with w.act(by):
        return decide_item(item=item, by=by, decision="shared", opinion="o", minutes="m", **more)


def until_of(city):
    with w.act(city.outreach):
        grant = CarryOutGrant.objects.get()
    return grant.period.upper.astimezone(timezone.get_current_timezone()).date() - DAY


def test_only_the_decision_of_a_later_item_renews_a_carry_out(city):
    case, _persons = w.household(city.elderly)
    earlier = carried(city, case)
    w.list_secretary(city, city.head)
    # Another secretary than the one who decided it, who sees no row of the carry-out.
    item = s.secret_item(city, case=case, secretary=city.head)
    s.opened(city, item.sitting, city.head)
    day = timezone.localdate() + 90 * DAY
    with w.act(city.head):
        assert [i.pk for i in running_carry_outs(item, city.head)] == [earlier.pk]
    decide(city, item, city.head, renewals=[Renewal(earlier, day)])
    assert until_of(city) == day
    with w.act(city.outreach):
        assert CarryOut.objects.visible_to(city.outreach).get().review_on == day
        assert Notice.objects.filter(kind="carry_out_renewed").count() == 1
    with w.act(city.head):
        assert AgendaItem.objects.get(pk=earlier.pk).carry_review_on == day


def test_without_a_decision_the_database_renews_nothing(city):
    case, _persons = w.household(city.elderly)
    earlier = carried(city, case)
    proposed = s.secret_item(city, case=case)
    other = s.secret_item(city)
    s.opened(city, other.sitting)
    day = timezone.localdate() + 90 * DAY
    old = until_of(city)
    for who in (city.coordinator, city.outreach, city.head):
        for key in (proposed.pk, other.pk, earlier.pk):
            with w.act(who), connection.cursor() as cursor:
                cursor.execute(
                    "select * from kasane.renew_carry_out(%s, %s, %s)", [earlier.pk, key, day]
                )
                assert cursor.fetchall() == []
    assert refused(city.coordinator, "update cases_carryout set review_on = %s", day)
    assert until_of(city) == old


@pytest.mark.parametrize(("days", "words"), [(0, "いまの見直し日より"), (-5, "いまの見直し日より")])
def test_a_renewal_goes_forward(city, days, words):
    case, _persons = w.household(city.elderly)
    earlier = carried(city, case)
    item = s.secret_item(city, case=case)
    s.opened(city, item.sitting)
    day = earlier.carry_review_on + days * DAY
    with pytest.raises(ActionDenied, match=words):
        decide(city, item, renewals=[Renewal(earlier, day)])


def test_a_carry_out_that_has_ended_is_not_renewed(city):
    case, _persons = w.household(city.elderly)
    earlier = carried(city, case)
    with w.act(city.coordinator):
        end_carry_out(item=earlier, by=city.coordinator)
        with pytest.raises(ActionDenied, match="すでに終わって"):
            end_carry_out(item=earlier, by=city.coordinator)
    assert not s.sees(city.outreach, CarryOut(pk=earlier.carry_out_id))
    item = s.secret_item(city, case=case)
    s.opened(city, item.sitting)
    with pytest.raises(ActionDenied, match="終わっている"):
        decide(city, item, renewals=[Renewal(earlier, timezone.localdate() + 90 * DAY)])
    assert refused(
        city.coordinator,
        "update cases_carryoutgrant set revoked_at = null where content_object_id = %s",
        earlier.carry_out_id,
    )


def test_renewing_on_the_sittings_screen(city):
    case, _persons = w.household(city.elderly)
    earlier = carried(city, case)
    item = s.secret_item(city, case=case)
    s.opened(city, item.sitting)
    browser = client(city.coordinator)
    url = reverse("item_run", args=[item.pk])
    page = browser.get(url)
    assert "前の持ち出し" in text(page)
    assert "月2回、声をかける" in text(page)
    day = timezone.localdate() + 60 * DAY
    data = {
        "decision": "shared", "opinion": "o", "minutes": "m",
        "version": page.context["form"]["version"].value(),
        f"renew_{earlier.pk}": "R1.5.1",
    }  # fmt: skip
    assert browser.post(url, data).status_code == 422
    assert browser.post(url, data | {f"renew_{earlier.pk}": day.isoformat()}).status_code == 302
    assert until_of(city) == day


def test_the_list_of_carry_outs_is_for_the_list_and_ends_one_early(city):
    earlier = carried(city)
    browser = client(city.coordinator)
    page = text(browser.get(reverse("carry_out_list")))
    assert "月2回、声をかける" in page
    assert "あと30日" in page
    detail = reverse("item_detail", args=[earlier.pk])
    assert "見直し日の前に終える" in text(browser.get(detail))
    assert browser.post(reverse("carry_out_end", args=[earlier.pk])).status_code == 302
    assert "使用中の持ち出しはありません" in text(browser.get(reverse("carry_out_list")))
    for name in ("head", "elderly", "outreach"):
        other = client(city.members[name])
        assert other.get(reverse("carry_out_list")).status_code == 403
        assert other.post(reverse("carry_out_end", args=[earlier.pk])).status_code == 404
