"""次第: the office orders the items, says when each begins and who presents it; whoever was asked
answers; who takes part no more has no page left open."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator
from playwright.sync_api import expect as see

from tests.browser.visitor import Visitor
from tests.browser.work import call_sitting

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

BODY = "重層的支援会議"
CHILD = "こども子育てサポートセンター"
FIRST, SECOND = "夜間に話を聞ける場の不足", "移動手段と買い物"


def test_an_agenda_is_made_and_whoever_was_asked_answers(arrive: Callable[[], Visitor]) -> None:
    visitor, neighbour = arrive(), arrive()
    visitor.sign_in("kurume.coordinator")
    call_sitting(visitor, BODY, days=9)
    sitting = visitor.remember()
    visitor.change_to("kurume.livelihood")
    for title in (FIRST, SECOND):
        propose(visitor, sitting, title)
    item = visitor.remember()

    visitor.change_to("kurume.coordinator")
    visitor.come_back(sitting)
    visitor.press("次第を組む")
    of(visitor, FIRST, "所要時間（分）").fill("たくさん")
    save(visitor)
    see(visitor.page.get_by_role("alert")).to_contain_text("1から480まで")
    visitor.finds_it_usable()
    of(visitor, FIRST, "所要時間（分）").fill("40")
    of(visitor, SECOND, "所要時間（分）").fill("２５")
    of(visitor, FIRST, "発表する人").select_option(index=1)
    # By keyboard: up, and the place on the page stays.
    up(visitor, SECOND).press("Enter")
    visitor.reads("順番を変えました。")
    see(up(visitor, FIRST)).to_be_visible()
    visitor.press_in_place("開始時刻を割り振る")
    see(of(visitor, FIRST, "開始時刻")).to_have_value("14:25")
    see(of(visitor, SECOND, "開始時刻")).to_have_value("14:00")
    visitor.finds_it_usable()
    visitor.come_back(item)
    visitor.press("出席する人")
    visitor.press_in_vain("出席する人に加える", "種別")
    visitor.choose("種別", "招いた人")
    visitor.fill("氏名", "見本 守")
    visitor.press("出席する人に加える")
    visitor.reads("出席する人に加えました。", "見本 守")
    visitor.finds_it_usable()
    visitor.come_back(sitting)
    visitor.next("開催通知を送る")

    visitor.change_to("kurume.child")
    visitor.go_to("今日の仕事")
    visitor.press("返事をする", at="出欠を返事する")
    visitor.press_in_vain("出欠を返事する", "出欠を選んでください")
    visitor.finds_it_usable()
    visitor.choose("すべての議題の出欠", "オンラインで出席する")
    visitor.fill("申し送り", "担当が代わります")
    visitor.press("出欠を返事する")
    visitor.reads("出欠を返事しました。", "14:25から40分")
    visitor.does_not_read("未回答 ")
    visitor.finds_it_usable()

    visitor.change_to("kurume.coordinator")
    visitor.come_back(sitting)
    visitor.reads("出席 1（うちオンライン 1）・欠席 0・未回答 1")
    visitor.press("次第を組む")
    of(visitor, FIRST, "所要時間（分）").fill("30")
    save(visitor)
    visitor.reads("次第を保存しました。")

    visitor.change_to("kurume.child")
    visitor.open_notices()
    visitor.reads("次第が変わりました")
    closes_itself(visitor, neighbour, item)

    # No sitting of this journey stays for the others.
    visitor.change_to("kurume.coordinator")
    visitor.come_back(sitting)
    visitor.press("中止する")
    visitor.fill("中止の理由", "見本のため")
    visitor.press("中止して知らせる")


def propose(at: Visitor, sitting: str, title: str) -> None:
    at.come_back(sitting)
    at.press("社会資源などの議題を出す")
    at.choose("議題の種別", "社会資源の充足状況の把握と開発")
    at.fill("議題の名前", title)
    at.fill("事例の概要・論点", "足りない社会資源を確かめる。")
    at.choose("参加する機関", CHILD)
    at.press("付議する")


def of(at: Visitor, title: str, label: str) -> Locator:
    """A field of one item."""
    return at.page.get_by_role("group", name=title).get_by_label(re.compile(f"^{re.escape(label)}"))


def up(at: Visitor, title: str) -> Locator:
    return at.page.get_by_role("button", name=re.compile(rf"^上へ\s*（{title}）"))


def save(at: Visitor) -> None:
    at.page.locator("#agenda-save").click()


def closes_itself(at: Visitor, other: Visitor, item: str) -> None:
    """Whoever takes part no more is told so on the page they have open."""
    at.come_back(item)
    other.sign_in("kurume.livelihood")
    other.come_back(item)
    other.press("参加する機関")
    other.leave_out("参加する機関", CHILD)
    other.press("保存する")
    with at.may_be_refused():
        see(at.page.get_by_role("alert")).to_contain_text(
            "この議題は、もう見られません", timeout=30_000
        )
    at.does_not_read("足りない社会資源を確かめる。")
