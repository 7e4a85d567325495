"""久留米: a worker, the coordinator, the pair agency and the administrator, one after the other.

The sittings of the fourth Wednesday are there by themselves, a plan is decided and counted, and a
withdrawn consent closes the other agency's page at its next click.
"""

from __future__ import annotations

import datetime

import pytest

from tests.browser.visitor import Visitor
from tests.browser.work import (
    Call,
    Figures,
    Someone,
    accept_referral,
    call_sitting,
    in_days,
    propose,
    record_consent,
    recount,
    refer,
    take_consultation,
    today,
)

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

OWN, CHILD = "生活自立支援センター", "こども子育てサポートセンター"
OFFICE = "社会福祉法人久留米市社会福祉協議会"
BODY = "重層的支援会議"
YOKO = "見本林 葉子"
CALL = Call(
    mode="本人同意あり",
    route="本人 来所",
    complaint="家賃を三か月滞納し、退去を求められている。パートの収入が減った。",
    persons=(Someone(YOKO, "みほんばやし ようこ", "平成元年2月20日", "世帯主", "女性"),),
    primary="住まいの不安定・老朽化",
    applies=("経済的困窮", "債務"),
    urgency="高",
)
SUMMARY = "家賃滞納3か月。パートの収入が減った。"
AIM = "今の家に住み続け、家計の見通しを持つ。"


def test_plan_is_decided_and_counted_and_a_withdrawn_consent_closes(visitor: Visitor) -> None:
    visitor.sign_in("kurume.admin")
    before = recount(visitor)

    visitor.change_to("kurume.livelihood")
    take_consultation(visitor, CALL)
    case = visitor.remember()
    visitor.come_back(case)
    record_consent(visitor, YOKO, OWN, OFFICE, CHILD)
    refer(visitor, OFFICE, (), "住まいと債務をまとめて調整してほしい。", SUMMARY)

    visitor.change_to("kurume.coordinator")
    finds_fourth_wednesday(visitor)
    accept_referral(visitor)
    plan = draft(visitor, case)
    decide_today(visitor, case)
    visitor.come_back(plan)
    visitor.reads("実施中")

    visitor.change_to("kurume.child")
    visitor.go_to("プランと期限")
    visitor.press("学校との連絡")
    visitor.press("済みにする", at="学校との連絡")

    visitor.change_to("kurume.admin")
    recount(visitor, Figures(before.consultations + 1, before.plans + 1))

    visitor.change_to("kurume.livelihood")
    visitor.come_back(case)
    visitor.reads("実施中")
    visitor.press("撤回", at=YOKO)
    visitor.reads(f"{OFFICE}は", "件の記録が見られなくなります。")
    visitor.fill("撤回の理由", "本人の希望")
    visitor.finds_it_usable()
    visitor.press("同意を撤回する")
    visitor.reads("同意を撤回しました。")

    visitor.change_to("kurume.coordinator")
    visitor.knock(case)
    visitor.does_not_read(YOKO, CALL.complaint, SUMMARY)


def finds_fourth_wednesday(at: Visitor) -> None:
    """Made by the worker from the city's rhythm; nobody pressed anything."""
    at.go_to("会議")
    first = today().replace(day=1)
    days = [first + datetime.timedelta(days=n) for n in range(31)]
    fourth = [d for d in days if d.month == first.month and d.weekday() == 2][3]
    if fourth < today():
        following = (first + datetime.timedelta(days=32)).replace(day=1)
        days = [following + datetime.timedelta(days=n) for n in range(31)]
        fourth = [d for d in days if d.month == following.month and d.weekday() == 2][3]
    at.reads(f"令和{fourth.year - 2018}年{fourth.month}月{fourth.day}日（水）")
    at.reads(f"（{fourth.month}月定例）")
    at.finds_it_usable()


def draft(at: Visitor, case: str) -> str:
    at.come_back(case)
    at.reads(YOKO)
    at.press("プラン案を書く")
    at.fill("本人・世帯の意向", "「転校させたくない。今の学区で住み続けたい」。")
    at.choose("事業", "多機関協働")
    at.fill("目指す姿", AIM)
    at.fill("目標1", "家賃の分割払いを取り決める")
    at.fill("目標1の達成時期", in_days(30))
    at.fill("役割1の支援内容", "家主との話し合いに同席")
    at.select("役割1の実施機関", OWN)
    at.fill("役割1の期限", in_days(20))
    at.fill("役割2の支援内容", "学校との連絡")
    at.select("役割2の実施機関", CHILD)
    at.fill("役割2の期限", in_days(30))
    at.press("プラン案を保存する")
    return at.remember()


def decide_today(at: Visitor, case: str) -> None:
    call_sitting(at, BODY)
    sitting = at.remember()
    at.come_back(case)
    at.next("会議に付議する")
    propose(at, BODY, "家賃と債務の見通し。", (OWN, CHILD))
    at.come_back(sitting)
    at.next("開催通知を送る")
    at.next("会議を始める")
    at.choose("決定", "適切")
    at.press("決定を記録して次へ")
    at.next("会議を終える")
