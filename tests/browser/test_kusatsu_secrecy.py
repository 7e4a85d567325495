"""草津 事例ケース②: 長くひきこもる30代の本人Dと高齢の両親等の4人世帯.

Nobody of the household has consented. What the commissioner heard goes to the secretariat alone
(106条の6), a sealed item opens to one appointed person, and what leaves it is a carry-out to that
person: colleagues and other agencies find no line and no address.
"""

from __future__ import annotations

import re
import uuid

import pytest

from tests.browser.visitor import Visitor
from tests.browser.work import Call, Someone, call_sitting, in_days, take_consultation

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

BODY = "コーディネート会議（支援会議）"
FATHER, MOTHER, SISTER, GAKU = "見本川 父", "見本川 母", "見本川 姉", "見本川 岳"
CALL = Call(
    mode="本人同意なし",
    route="民生委員・児童委員",
    complaint="民生委員の高齢者訪問で、ひきこもり状態の子を心配していると聞き取った。"
    "相談窓口を案内したが家族からの相談はない。母の体調不良が続き、約束した訪問が延びている。",
    persons=(
        Someone(FATHER, "みほんがわ ちち", "S25.2.2", "世帯主", "男性"),
        Someone(MOTHER, "みほんがわ はは", "S28.3.3", "配偶者", "女性"),
        Someone(SISTER, "みほんがわ あね", "昭和59年", "子", "女性"),
        Someone(GAKU, "みほんがわ がく", "30代", "子", "男性"),
    ),
    primary="ひきこもり",
    applies=("援助希求が乏しい", "社会的孤立", "社会参加"),
    visitor="例本 福子",
    visitor_relation="民生委員",
)
REASON = "家族は心配しているが相談につながらない。関わり方を検討してほしい。"
SUMMARY = "三十代の子が長くひきこもっている。母は体調不良。本人にはまだ会えていない。"
TITLE = "四人世帯への関わり方"
BRIEF = "両親への訪問から始め、手紙で本人に知らせる。玄関先で無理に開けない。"
VISIT = "父から話を聞く。本人は夜に散歩する。釣りの動画が好き。"
SECRETS = ("見本川", "みほんがわ", TITLE, BRIEF, VISIT, "持ち出し")


def test_household_without_consent_is_reached_by_one_named_person(visitor: Visitor) -> None:
    visitor.sign_in("kusatsu.elderly")
    take_consultation(visitor, CALL)
    addresses = [visitor.remember(), send_to_secretariat(visitor)]

    visitor.change_to("kusatsu.coordinator")
    sitting, item = seal_and_appoint(visitor)

    visitor.change_to("kusatsu.outreach")
    assert visitor.knock(item) == 404
    pledge(visitor)
    assert visitor.knock(item) == 404  # the notice has not gone out

    visitor.change_to("kusatsu.head")
    visitor.come_back(sitting)
    visitor.next("開催通知を送る")

    visitor.change_to("kusatsu.outreach")
    visitor.open_notices()
    visitor.press("守秘の会議の開催通知が届いています")
    assert visitor.remember() == item
    visitor.reads("社会福祉法第106条の6", TITLE)
    visitor.finds_it_usable()

    visitor.change_to("kusatsu.coordinator")
    decide(visitor, sitting, item)

    visitor.change_to("kusatsu.outreach")
    addresses += [item, *log_visit(visitor)]

    # The desk next to hers, and another agency.
    for other in ("kusatsu.participation", "kusatsu.child"):
        visitor.change_to(other)
        sees_nothing(visitor, sitting, addresses)
    # Who sent the sheet keeps its own case, and learns nothing of what came of it.
    visitor.change_to("kusatsu.elderly")
    finds_no_door(visitor, addresses[2:])
    visitor.come_back(addresses[0])
    visitor.does_not_read(TITLE, BRIEF, VISIT, "持ち出し")


def send_to_secretariat(at: Visitor) -> str:
    at.press("つなぐ")
    at.press("本人同意なし（支援会議の事務局へ）")
    at.choose("つなぐ先", BODY)
    at.choose("だれをつなぐか", FATHER, MOTHER, SISTER, GAKU)
    at.fill("つなぐ理由・期待する役割", REASON)
    at.fill("伝える内容", SUMMARY)
    at.finds_it_usable()
    at.press("送る内容を確かめる")
    at.reads("機関の外へ出るもの")
    at.press("このシートを送る")
    at.stands_at("へのつなぎ")
    return at.remember()


def seal_and_appoint(at: Visitor) -> tuple[str, str]:
    call_sitting(at, BODY)
    sitting = at.remember()
    at.go_to("今日の仕事")
    at.press("見て返事する")
    at.reads(REASON, "本人同意なし")
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
    at.reads("誓約待ち")
    at.finds_it_usable()
    return sitting, item


def pledge(at: Visitor) -> None:
    at.go_to("今日の仕事")
    at.press("誓約する")
    at.reads("社会福祉法第106条の6")
    at.tick("上の内容を読みました。")
    at.press("誓約する")
    at.reads("誓約を記録しました。")


def decide(at: Visitor, sitting: str, item: str) -> None:
    at.come_back(sitting)
    at.next("会議を始める")
    at.come_back(item)
    at.next("この議題を進める")
    at.choose("決定", "役割（持ち出し）")
    at.fill("決定事項・意見", "アウトリーチ支援員が関わり始める。")
    at.fill("持ち出す内容", BRIEF)
    at.choose("持ち出す相手（人）", "例本 かける")
    at.fill("持ち出しの見直し日", in_days(60))
    at.finds_it_usable()
    at.press("決定を記録して次へ")
    at.come_back(sitting)
    at.next("会議を終える")


def log_visit(at: Visitor) -> list[str]:
    at.go_to("今日の仕事")
    at.press("見る", at="あなたへの持ち出しがあります")
    at.reads(BRIEF)
    brief = at.remember()
    at.press("訪問を記録")
    at.choose("会えましたか", "家族と会えた")
    at.choose("だれについて", "世帯全体")
    at.fill("会えた人", "父")
    at.fill("ようす・話したこと", VISIT)
    at.finds_it_usable()
    at.press("訪問記録を保存する")
    at.reads(VISIT)
    return [brief, at.remember()]


def sees_nothing(at: Visitor, sitting: str, addresses: list[str]) -> None:
    for line in ("今日の仕事", "ケース", "つなぎ", "プランと期限", "会議"):
        at.go_to(line)
        at.does_not_read(*SECRETS)
    at.come_back(sitting)
    at.does_not_read(*SECRETS)
    finds_no_door(at, addresses)


def finds_no_door(at: Visitor, addresses: list[str]) -> None:
    for address in addresses:
        # Closed in the same way as an address that leads nowhere.
        assert at.knock(address) == at.knock(invented(address)) != 200
        at.does_not_read(*SECRETS)


def invented(address: str) -> str:
    """The same kind of address, of something that does not exist."""
    return re.sub(r"[0-9a-f-]{36}", str(uuid.uuid4()), address)
