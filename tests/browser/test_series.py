"""定例の決まり: 草津's office, whose plan prints no rhythm, says on which day it will sit; a slip
stays beside its field, and the days are looked over first."""

from __future__ import annotations

import pytest

from tests.browser.visitor import Visitor
from tests.browser.work import in_days

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
BODY = "重層的支援会議"


def test_the_office_sets_the_rule_of_its_sittings(visitor: Visitor) -> None:
    visitor.sign_in("kusatsu.coordinator")
    visitor.go_to("会議")
    visitor.press("定例の決まり")
    visitor.reads(BODY, "定めなし")
    visitor.finds_it_usable()
    visitor.press("決まりを変える", at=BODY)
    visitor.fill("いつから", in_days(200))
    visitor.choose("どのくらいごとに", "毎月")
    visitor.choose("日の決め方", "曜日で決める（第4水曜日など）")
    visitor.choose("曜日", "木曜日")
    visitor.fill("開始時刻", "14時")
    visitor.fill("場所", "市役所 架空会議室")
    visitor.press_in_vain("開く日を確かめる", "第何週かを選んでください。")
    visitor.has_typed("開始時刻", "14時")
    visitor.finds_it_usable()
    visitor.choose("第何週", "第2")
    visitor.fill("議題の締切（開庁日で何日前）", "7")
    visitor.press("開く日を確かめる")
    visitor.reads("毎月第2木曜日", "開庁日で7日前", "（木）")
    visitor.finds_it_usable()
    visitor.press("この決まりにする")
    visitor.reads("定例の決まりを変えました。", "毎月第2木曜日", "これからの決まり")
