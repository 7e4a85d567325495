"""議事録: written in the sitting, completed after it, approved, versioned; short and full."""

from __future__ import annotations

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from agencies.deciding import Act
from agencies.models import AccessLog, Role
from agencies.permissions import ActionDenied
from cases.operations import withdraw_consent
from cases.operations.case import StaleVersion
from config.lib.ids import new_id
from meetings.models import MinutesStep, MinutesVersion
from meetings.operations import (
    approve_minutes,
    close_sitting,
    decide_item,
    newest_of,
    see_proxy,
    write_line,
    write_minutes,
)
from tests import world as w
from tests.meetings import situations as s
from tests.meetings.test_secrecy import refused
from tests.meetings.test_views import client, form_of, text
from tests.owner import as_owner

TABLE = "meetings_minutesversion"
pytestmark = [pytest.mark.django_db, pytest.mark.database]

PAPER = Act(
    act="paper", paper_number="草重第12号", paper_on=datetime.date(2026, 1, 5),
    paper_signers="課長 架空",
)  # fmt: skip


@pytest.fixture
def city():
    world = w.city()
    w.list_secretary(world, world.coordinator)
    return world


@pytest.fixture
def house(city):
    return s.consented_household(city, "child")


@pytest.fixture
def item(city, house):
    return s.consented_item(city, house, "child")


def write(city, item, words, based_on=0, by=None, reason=""):
    by = by or city.coordinator
    with w.act(by):
        return write_minutes(item=item, by=by, text=words, based_on=based_on, reason=reason)


def approve(city, item, number, act=None, by=None):
    by = by or city.coordinator
    with w.act(by):
        return approve_minutes(item=item, by=by, number=number, act=act or Act())


def decide(city, item, opinion="o", decision="discussed"):
    by = city.coordinator
    with w.act(by):
        decide_item(item=s.fresh(city, item), by=by, decision=decision, opinion=opinion)
        close_sitting(sitting=item.sitting, by=by)


def over(city, item, decision="discussed"):
    """The sitting was held, the item decided, the sitting closed."""
    s.opened(city, item.sitting)
    with w.act(city.coordinator):
        decide_item(
            item=s.fresh(city, item), by=city.coordinator, decision=decision, opinion="良い"
        )
        close_sitting(sitting=item.sitting, by=city.coordinator)
    return s.fresh(city, item)


def test_minutes_are_written_in_the_sitting_and_completed_after_it(city, item):
    with pytest.raises(ActionDenied, match="会議を始めてから"):
        write(city, item, "まだ")
    s.opened(city, item.sitting)
    assert write(city, item, "途中").number == 1
    with w.act(city.coordinator):
        decide_item(
            item=s.fresh(city, item), by=city.coordinator, decision="discussed", opinion="o"
        )
        close_sitting(sitting=item.sitting, by=city.coordinator)
    assert write(city, item, "仕上げた", 1).number == 2
    assert write(city, item, "仕上げた", 2).number == 2, "the same words are no version"
    with pytest.raises(ActionDenied, match="書いてください"):
        write(city, item, "  ", 2)
    with w.act(city.child):
        assert newest_of(city.child, item).text == "仕上げた"


def test_two_who_write_at_once_lose_nothing(city, item):
    item = over(city, item)
    browser, url = client(city.coordinator), reverse("item_minutes", args=[item.pk])
    page = form_of(browser.get(url))
    write(city, item, "先に保存した", by=city.head)
    with pytest.raises(StaleVersion):
        write(city, item, "あとから")
    answer = browser.post(url, page | {"text": "あとから"})
    assert answer.status_code == 422
    for words in ("ほかの人が先に第1版", "先に保存した", "あとから"):
        assert words in text(answer), words
    again = form_of(answer) | {"text": "先に保存した。あとから"}
    assert browser.post(url, again).status_code == 302
    with w.act(city.coordinator):
        found = MinutesVersion.objects.order_by("number").values_list("text", flat=True)
        assert list(found) == ["先に保存した", "先に保存した。あとから"]


def test_the_form_begins_from_the_lines_written_in_the_sitting(city, item):
    s.opened(city, item.sitting)
    with w.act(city.coordinator):
        write_line(item=item, by=city.coordinator, key=new_id(), text="家賃の話")
    browser = client(city.coordinator)
    assert "家賃の話</textarea>" in text(browser.get(reverse("item_minutes", args=[item.pk])))
    printed = text(client(city.child).get(reverse("item_print", args=[item.pk])))
    assert "まだ議事録にまとめていません" in printed
    assert "家賃の話" in printed


def test_what_is_typed_is_kept_as_a_draft_but_never_under_secrecy(city, item):
    open_url = reverse("item_minutes", args=[over(city, item).pk])
    sealed_url = reverse("item_minutes", args=[sealed(city).pk])
    browser = client(city.coordinator)
    assert "data-draft" in text(browser.get(open_url))
    assert "data-draft" not in text(browser.get(sealed_url))


def test_an_approval_is_of_one_version_and_a_later_change_says_why(city, item):
    s.opened(city, item.sitting)
    write(city, item, "初版")
    with pytest.raises(ActionDenied, match="会議を終えてから"):
        approve(city, item, 1)
    with w.act(city.coordinator):
        decide_item(
            item=s.fresh(city, item), by=city.coordinator, decision="discussed", opinion="o"
        )
        close_sitting(sitting=item.sitting, by=city.coordinator)
    with pytest.raises(StaleVersion):
        approve(city, item, 2)
    assert approve(city, item, 1).is_final
    with pytest.raises(ActionDenied, match="すでに承認"):
        approve(city, item, 1)
    with pytest.raises(ActionDenied, match="理由を書いて"):
        write(city, item, "直した", 1)
    assert write(city, item, "直した", 1, reason="日付の誤り").number == 2
    page = text(client(city.child).get(reverse("minutes_versions", args=[item.pk])))
    for words in ("第2版（案。承認済みは第1版）", "初版", "直した", "日付の誤り"):
        assert words in page, words
    approve(city, item, 2)
    page = text(client(city.child).get(reverse("minutes_versions", args=[item.pk])))
    assert "第2版（承認済み）" in page


def test_without_minutes_nothing_is_approved(city, item):
    with pytest.raises(ActionDenied, match="まだ書かれていません"):
        approve(city, over(city, item), 0)


@pytest.mark.parametrize("name", ["child", "elderly", "disability", "outreach"])
def test_who_does_not_run_the_item_neither_writes_nor_approves(city, item, name):
    item = over(city, item)
    write(city, item, "初版")
    by = city.members[name]
    with pytest.raises(ActionDenied):
        write(city, item, "x", 1, by=by)
    with pytest.raises(ActionDenied):
        approve(city, item, 1, by=by)


def test_a_return_says_why_and_paper_is_registered(city, item):
    item = over(city, item)
    write(city, item, "初版")
    with pytest.raises(ActionDenied, match="差し戻す理由"):
        approve(city, item, 1, Act(act="return"))
    assert not approve(city, item, 1, Act(act="return", note="日付")).is_final
    with pytest.raises(ActionDenied, match="文書番号"):
        approve(city, item, 1, Act(act="paper"))
    later = timezone.localdate() + datetime.timedelta(days=1)
    with pytest.raises(ActionDenied, match="今日まで"):
        approve(city, item, 1, Act(**{**PAPER.__dict__, "paper_on": later}))
    with pytest.raises(ActionDenied, match="代決はありません"):
        approve(city, item, 1, Act(act="proxy", absent=city.head, note="休み"))
    assert approve(city, item, 1, PAPER).is_final
    printed = text(client(city.coordinator).get(reverse("item_print", args=[item.pk])))
    for words in ("紙決裁済", "草重第12号", "課長 架空", "取扱注意", "第1版（承認済み）"):
        assert words in printed, words


def routed(city, *roles, in_place_of=""):
    posts = [{"post": f"職{n}", "role": role} for n, role in enumerate(roles, start=1)]
    city.city.decisions = [{"kind": "minutes", "posts": posts, "in_place_of": in_place_of}]
    with as_owner():
        city.city.save(update_fields=["decisions"])
    for member in city.members.values():
        member.agency.municipality.refresh_from_db()


def test_posts_decide_one_after_the_other_and_the_last_in_place_of_the_mayor(city, item):
    item = over(city, item)
    write(city, item, "初版")
    routed(city, "coordinator", "office_head", in_place_of="市長")
    with pytest.raises(ActionDenied, match="「職1」"):
        approve(city, item, 1, by=city.head)
    assert not approve(city, item, 1).is_final
    with pytest.raises(ActionDenied, match="「職2」"):
        approve(city, item, 1)
    # Returned, it begins anew.
    approve(city, item, 1, Act(act="return", note="もう一度"), by=city.head)
    approve(city, item, 1)
    last = approve(city, item, 1, by=city.head)
    assert (last.is_final, last.post, last.in_place_of) == (True, "職2", "市長")
    printed = text(client(city.coordinator).get(reverse("item_print", args=[item.pk])))
    assert "決裁（市長専決）" in printed


def test_somebody_stands_in_for_an_absent_one_who_sees_it_afterwards(city, item):
    item = over(city, item)
    write(city, item, "初版")
    routed(city, "office_head")
    with pytest.raises(ActionDenied, match="代決する理由"):
        approve(city, item, 1, Act(act="proxy", absent=city.head))
    with pytest.raises(ActionDenied, match="同じ機関の"):
        approve(city, item, 1, Act(act="proxy", absent=city.child, note="休み"))
    step = approve(city, item, 1, Act(act="proxy", absent=city.head, note="出張"))
    assert step.is_final
    with w.act(city.coordinator):
        assert see_proxy(item=item, by=city.coordinator) == 0
    assert refused(
        city.coordinator, "update meetings_minutesstep set seen_at = now() where id = %s", step.pk
    )
    page = client(city.head).get(reverse("minutes_versions", args=[item.pk]))
    assert "後閲を記録します" in text(page)
    done = client(city.head).post(reverse("minutes_approve", args=[item.pk]), {"act": "seen"})
    assert done.status_code == 302
    with w.act(city.head):
        assert MinutesStep.objects.get().seen_at is not None
        assert see_proxy(item=item, by=city.head) == 0


def test_nobody_approves_their_own_draft_where_the_city_forbids_it(city, item):
    item = over(city, item)
    write(city, item, "初版")
    with as_owner():
        city.city.is_own_draft_refused = True
        city.city.save(update_fields=["is_own_draft_refused"])
    city.coordinator.agency.municipality.refresh_from_db()
    with pytest.raises(ActionDenied, match="自分が起案した"):
        approve(city, item, 1)
    insert = """insert into meetings_minutesstep (id, item_id, number, act, by_id, at, post,
        in_place_of, note, paper_number, paper_signers, is_final)
        values (gen_random_uuid(), %s, 1, 'decide', %s, now(), '', '', '', '', '', true)"""
    assert refused(city.coordinator, insert, item.pk, city.coordinator.pk)
    assert approve(city, item, 1, by=city.head).is_final


def test_the_database_keeps_versions_as_they_are(city, item):
    item = over(city, item)
    version = write(city, item, "初版")
    for change in ("text = 'x'", "number = 7", "reason = 'x'"):
        assert refused(
            city.coordinator,
            f"update meetings_minutesversion set {change} where id = %s",
            version.pk,
        ), change
    assert refused(city.coordinator, f"delete from {TABLE} where id = %s", version.pk)
    step = approve(city, item, 1)
    assert refused(
        city.coordinator, "update meetings_minutesstep set is_final = false where id = %s", step.pk
    )
    insert = """insert into meetings_minutesversion (id, item_id, number, text, reason, by_id, at)
        values (gen_random_uuid(), %s, %s, 'x', %s, %s, now())"""
    for number, reason, by in ((3, "x", "coordinator"), (2, "", "coordinator"), (2, "x", "child")):
        member = city.members[by]
        assert refused(member, insert, item.pk, number, reason, member.pk), (number, reason, by)
    assert refused(city.coordinator, insert, item.pk, 2, "x", city.head.pk), "another's name"


# --- under secrecy -------------------------------------------------------------------------------


def sealed(city):
    """An item under secrecy, its sitting over; the child agency's worker was appointed."""
    case, _people = w.household(city.elderly)
    item = s.secret_item(city, case=case)
    s.appointed(city, item, city.child)
    s.opened(city, item.sitting)
    decide(city, item, decision="shared")
    return s.fresh(city, item)


def test_sealed_minutes_are_the_secretariats_and_read_by_the_appointed(city):
    item = sealed(city)
    write(city, item, "守秘の議事録")
    url = reverse("minutes_versions", args=[item.pk])
    assert "守秘の議事録" in text(client(city.child).get(url))
    # A head who is not listed learns of nothing, and decides nothing (V6).
    assert client(city.head).get(url).status_code == 404
    with pytest.raises(ActionDenied):
        approve(city, item, 1, by=city.head)
    with pytest.raises(ActionDenied):
        approve(city, item, 1, by=city.child)
    assert approve(city, item, 1, PAPER).is_final


def test_after_the_item_has_closed_its_secretary_completes_it_and_says_why(city):
    item = sealed(city)
    write(city, item, "初版")
    with as_owner():
        type(item).objects.filter(pk=item.pk).update(open_period=None)
    assert client(city.child).get(reverse("minutes_versions", args=[item.pk])).status_code == 404
    with pytest.raises(ActionDenied, match="構成員の閲覧は終わって"):
        write(city, item, "直した", 1)
    insert = """insert into meetings_minutesversion (id, item_id, number, text, reason, by_id, at)
        values (gen_random_uuid(), %s, 2, 'x', '', %s, now())"""
    assert refused(city.coordinator, insert, item.pk, city.coordinator.pk)
    assert write(city, item, "直した", 1, reason="氏名の誤り").number == 2
    assert approve(city, item, 2).is_final


def test_sealed_minutes_are_on_no_paper_of_the_sitting(city, item):
    secret = sealed(city)
    write(city, secret, "守秘の議事録")
    page = text(client(city.coordinator).get(reverse("sitting_minutes", args=[secret.sitting_id])))
    assert "守秘の議事録" not in page
    assert secret.title not in page
    answer = client(city.coordinator).get(reverse("item_print", args=[secret.pk]))
    assert answer["Location"] == reverse("item_copies", args=[secret.pk])


@pytest.mark.parametrize(("paper", "has_text"), [("minutes", True), ("short", False)])
def test_sealed_minutes_are_printed_under_a_number(city, paper, has_text):
    item = sealed(city)
    write(city, item, "守秘の議事録")
    browser, url = client(city.coordinator), reverse("item_copies", args=[item.pk])
    sent = form_of(browser.get(url)) | {"paper": paper, "recipients": ["own"]}
    printed = text(browser.post(url, sent))
    assert ("守秘の議事録" in printed) == has_text
    for words in ("通番 1", "取扱注意・要回収", "106条の6"):
        assert words in printed, words


# --- papers --------------------------------------------------------------------------------------


def test_the_paper_of_a_sitting_is_what_its_reader_may_see(city, house, item):
    item = over(city, item)
    write(city, item, "話し合ったことの全文")
    url = reverse("sitting_minutes", args=[item.sitting_id])
    for name in ("coordinator", "child", "elderly"):
        page = text(client(city.members[name]).get(url))
        assert "話し合ったことの全文" in page, name
        short = text(client(city.members[name]).get(url + "?form=short"))
        assert "話し合ったことの全文" not in short
        assert "良い" in short
        assert "議事録（決定事項）" in short
    assert "話し合ったことの全文" not in text(client(city.disability).get(url))
    with w.act(city.elderly):
        withdraw_consent(consent=house.consents[0], by=city.elderly, reason="本人の申し出")
    assert "話し合ったことの全文" not in text(client(city.child).get(url))
    with as_owner():
        assert AccessLog.objects.filter(action="print", what="sitting_minutes").exists()


def test_bad_input_of_an_approval_is_said_beside_its_field(city, item):
    item = over(city, item)
    write(city, item, "初版")
    browser, url = client(city.coordinator), reverse("minutes_approve", args=[item.pk])
    page = form_of(browser.get(url))
    for typed, sentence in (
        ({"act": "return"}, "差し戻す理由を書いてください。"),
        ({"act": "paper"}, "文書番号を入れてください。"),
        ({"act": "paper", "paper_on": "R99.1.1"}, "決裁した人を入れてください。"),
        ({"act": "proxy"}, "どうするかは表示された中から選んでください。"),
        ({"act": ""}, "どうするかを選んでください。"),
    ):
        answer = browser.post(url, page | typed)
        assert answer.status_code == 422, typed
        assert sentence in text(answer), typed
    write(city, item, "二版", 1)
    answer = browser.post(url, page | {"act": "decide"})
    assert answer.status_code == 422
    assert "二版" in text(answer)
    assert browser.post(url, form_of(answer) | {"act": "decide"}).status_code == 302


def test_the_role_that_may_decide_is_the_citys_word(city, item):
    item = over(city, item)
    write(city, item, "初版")
    routed(city, "office_head")
    with as_owner():
        name = Role.objects.get(pk="office_head").name
    page = text(client(city.coordinator).get(reverse("minutes_versions", args=[item.pk])))
    assert f"「職1」（{name}）の決裁を待っています。" in page
