"""台風: the office calls a noticed sitting off; everybody asked is told, the sealed item
closes at once and comes back in the next sitting, pledged for anew."""

from __future__ import annotations

import pytest

from tests.browser.visitor import Visitor
from tests.browser.work import Call, Someone, call_sitting, take_consultation

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

BODY = "コーディネート会議（支援会議）"
HARU = "見本沢 春"
CALL = Call(
    mode="本人同意なし",
    route="民生委員・児童委員",
    complaint="郵便がたまっていると近所から聞いた。本人には会えていない。",
    persons=(Someone(HARU, "みほんざわ はる", "S25.2.2", "世帯主", "女性"),),
    primary="ひきこもり",
    visitor="例本 福子",
    visitor_relation="民生委員",
)
TITLE = "郵便のたまった家"
WHY = "台風が近づいているため"
CANCELLED = "会議が中止になりました"


def test_a_sitting_is_called_off_and_what_was_sealed_waits_for_the_next(visitor: Visitor) -> None:
    visitor.sign_in("kusatsu.elderly")
    take_consultation(visitor, CALL)
    send_to_secretariat(visitor)
    visitor.change_to("kusatsu.coordinator")
    sitting, item = seal_and_appoint(visitor)
    call_sitting(visitor, BODY, days=30)
    following = visitor.remember()
    visitor.change_to("kusatsu.outreach")
    pledge(visitor)
    visitor.change_to("kusatsu.head")
    visitor.come_back(sitting)
    visitor.next("開催通知を送る")
    visitor.change_to("kusatsu.outreach")
    assert visitor.knock(item) == 200

    visitor.change_to("kusatsu.head")
    visitor.come_back(sitting)
    visitor.press("中止する")
    visitor.reads("中止すると起きること", "誓約は取り直します", "日程を変える")
    visitor.does_not_read(TITLE)
    visitor.finds_it_usable()
    visitor.press_in_vain("中止して知らせる", "中止の理由を入れてください")
    visitor.finds_it_usable()
    visitor.fill("中止の理由", WHY)
    visitor.press("中止して知らせる")
    visitor.reads("この会議は中止になりました", WHY)
    visitor.finds_it_usable()

    visitor.change_to("kusatsu.outreach")
    assert visitor.knock(item) == 404
    visitor.open_notices()
    visitor.waits_for(CANCELLED)
    visitor.come_back(sitting)
    visitor.reads(WHY)
    visitor.does_not_read(TITLE)

    # Who sent the sheet, and everybody else of the city, reads a day, a room and why.
    visitor.change_to("kusatsu.elderly")
    visitor.come_back(sitting)
    visitor.reads(WHY)
    visitor.does_not_read(TITLE)

    visitor.change_to("kusatsu.coordinator")
    visitor.come_back(sitting)
    visitor.reads(TITLE)
    visitor.finds_it_usable()
    visitor.press("次の会議を開く")
    assert visitor.remember() == following
    visitor.come_back(item)
    visitor.reads("回ってきた元", "誓約待ち")
    visitor.finds_it_usable()

    visitor.change_to("kusatsu.outreach")
    pledge(visitor)
    visitor.change_to("kusatsu.head")
    visitor.come_back(following)
    visitor.next("開催通知を送る")
    visitor.change_to("kusatsu.outreach")
    assert visitor.knock(item) == 200

    # No sitting of this journey stays for the others.
    visitor.change_to("kusatsu.head")
    visitor.come_back(following)
    visitor.press("中止する")
    visitor.fill("中止の理由", WHY)
    visitor.press("中止して知らせる")
    visitor.go_to("会議")
    visitor.reads("中止")
    visitor.finds_it_usable()


def send_to_secretariat(at: Visitor) -> None:
    at.press("つなぐ")
    at.press("本人同意なし（支援会議の事務局へ）")
    at.choose("つなぐ先", BODY)
    at.choose("だれをつなぐか", HARU)
    at.fill("つなぐ理由・期待する役割", "関わり方を検討してほしい。")
    at.fill("伝える内容", "郵便がたまっている。")
    at.press("送る内容を確かめる")
    at.press("このシートを送る")


def seal_and_appoint(at: Visitor) -> tuple[str, str]:
    call_sitting(at, BODY)
    sitting = at.remember()
    at.go_to("今日の仕事")
    at.press("見て返事する")
    at.press("受理する")
    at.press("議題にする")
    if at.is_asked("どの会議に付議しますか"):
        at.press("この会議に出す", at=BODY)
    at.choose("議題の種別", "気になる事例の情報提供・情報共有")
    at.fill("議題の名前", TITLE)
    at.press("付議する")
    item = at.remember()
    at.press("構成員を指名する")
    at.select("指名する人", "例本 かける")
    at.press("この人を指名する")
    return sitting, item


def pledge(at: Visitor) -> None:
    at.go_to("今日の仕事")
    at.press("誓約する")
    at.tick("上の内容を読みました。")
    at.press("誓約する")
    at.reads("誓約を記録しました。")
