"""草津: a household that waits comes to the candidates by itself; at 付議 the missing consent is
said by person, asked for in between, and not a word of what was typed is lost."""

from __future__ import annotations

import pytest

from tests.browser.visitor import Visitor
from tests.browser.work import Call, Someone, call_sitting, sitting_line, take_consultation

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

BODY, OFFICE, PARTNER = "重層的支援会議", "人とくらしのサポートセンター", "架空東こども家庭センター"
NAME = "候補野 梅"
CALL = Call(
    mode="本人同意あり",
    route="本人 来所",
    complaint="家賃の支払いが続けられるか心配している。",
    persons=(Someone(NAME, "こうほの うめ", "S40.2.3", "世帯主", "女性"),),
    primary="住まいの不安定・老朽化",
    urgency="高",
)
BRIEFING = "住まいを失わずに暮らすために、地域で使える資源を一緒に考える。"


def test_a_candidate_is_proposed_and_its_missing_consent_asked_for(visitor: Visitor) -> None:
    visitor.sign_in("kusatsu.coordinator")
    call_sitting(visitor, BODY, days=20)

    visitor.change_to("kusatsu.elderly")
    take_consultation(visitor, CALL)
    case = visitor.remember()
    visitor.go_to("会議")
    visitor.press("議題の候補")
    visitor.reads("候補野 世帯", "緊急度が「高（今日・明日）」", "同意があと1件")
    visitor.finds_it_usable()
    visitor.select("だれの", "わたしの担当")
    visitor.press("絞り込む")
    visitor.reads("候補野 世帯")

    visitor.come_back(case)
    visitor.press("会議に付議する")
    if visitor.is_asked("どの会議に付議しますか"):
        visitor.press("この会議に出す", at=sitting_line(BODY, days=20))
    visitor.reads("足りない同意があと1件あります。")
    visitor.choose("議題の種別", "社会資源の充足状況の把握と開発")
    visitor.fill("事例の概要・論点", BRIEFING)
    visitor.choose("参加する機関", PARTNER)
    visitor.reads("足りない同意があと2件あります。", f"同意がない：{OFFICE}・{PARTNER}")
    visitor.finds_it_usable()
    visitor.press_in_vain("付議する", "足りない同意があります")
    visitor.has_typed("事例の概要・論点", BRIEFING)
    visitor.finds_it_usable()

    visitor.press("同意をもらう", at=NAME)
    visitor.reads("答えを記録すると、もとの画面にもどります。")
    visitor.has_chosen("伝えてよい機関", OFFICE)
    visitor.has_chosen("伝えてよい機関", PARTNER)
    visitor.finds_it_usable()
    visitor.choose("本人の答え", "同意した")
    visitor.press("答えを記録する")
    visitor.stands_at("会議に付議する")
    visitor.has_typed("事例の概要・論点", BRIEFING)
    visitor.has_chosen("参加する機関", PARTNER)
    visitor.reads("同意はそろっています。")
    visitor.press("付議する")
    visitor.reads("会議に付議しました。", BRIEFING)
    visitor.go_to("会議")
    visitor.press("議題の候補")
    visitor.does_not_read("候補野")
