"""草津 事例ケース①: 知的障害のある高齢者と、知的障害のある子二人の世帯.

Four people, one after the other, from the consultation to the decided plan to the figure in the
year's report. Texts after the city's slides, names invented.
"""

from __future__ import annotations

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
    sitting_line,
    take_consultation,
)

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

OWN, SENT_TO, OFFICE = (
    "架空東地域包括支援センター",
    "架空東基幹相談支援センター",
    "人とくらしのサポートセンター",
)
ADDED = "見守りの電話"
KINU, MATSU, TAKE = "架空山 絹", "架空山 松", "架空山 竹"
HOUSEHOLD = Call(
    mode="本人同意あり",
    route="アウトリーチ",
    complaint="世帯員それぞれが金銭管理をしているが、収支の見通しがない。住居の老朽化と破損が進み、"
    "草刈りも手が回らない。今後の居所を決める人がいない。",
    persons=(
        Someone(KINU, "かくうやま きぬ", "S23.4.4", "世帯主", "女性"),
        Someone(MATSU, "かくうやま まつ", "昭和49年5月5日", "子", "男性"),
        Someone(TAKE, "カクウヤマ タケ", "1977-06-06", "子", "男性"),
    ),
    primary="住まいの不安定・老朽化",
    applies=("意思決定支援", "権利擁護", "家計管理", "社会参加"),
)
BODY = "重層的支援会議"
REASON = "世帯全体の収支と住まいについて、支援の方向性を一緒に整理してほしい。"
SUMMARY = "三人がそれぞれ通帳を持つ。屋根の破損あり。長男・次男の意向が分からない。"
BRIEFING = "三人の意向を確かめながら、収支と住まいの見通しを一緒に持つ。"
WISHES = "Aさん「三人で暮らしたい。草刈りだけでも頼みたい」。Bさん「作業所をまた見てみたい」。"
AIM = "三人それぞれの思いを確かめながら、住まいと家計の見通しを持つ。"
OPINION = "修繕の見積りを先に取る。Cの意向は急がず確かめる。"


def test_household_gets_a_team_and_a_plan_that_the_report_counts(visitor: Visitor) -> None:
    visitor.sign_in("kusatsu.admin")
    before = recount(visitor)

    visitor.change_to("kusatsu.elderly")
    case = consultation_with_consents(visitor)
    refer(visitor, OFFICE, (KINU, MATSU, TAKE), REASON, SUMMARY)

    visitor.change_to("kusatsu.coordinator")
    accept_referral(visitor)
    assess_and_draft(visitor, case)
    call_sitting(visitor, BODY)
    visitor.come_back(case)
    visitor.next("会議に付議する")
    propose(visitor, BODY, BRIEFING, (OWN, SENT_TO))

    visitor.change_to("kusatsu.head")
    hold_conference(visitor)

    visitor.change_to("kusatsu.disability")
    visitor.go_to("プランと期限")
    visitor.press("作業所の見学同行")
    visitor.press("済みにする", at="作業所の見学同行")
    visitor.change_to("kusatsu.elderly")
    visitor.go_to("プランと期限")
    visitor.reads("家庭訪問と意思決定の支え", ADDED, "実施中")
    visitor.finds_it_usable()

    visitor.change_to("kusatsu.admin")
    recount(visitor, Figures(before.consultations + 1, before.plans + 1))
    visitor.finds_it_usable()


def consultation_with_consents(at: Visitor) -> str:
    take_consultation(at, HOUSEHOLD)
    case = at.remember()
    at.reads(f"{KINU}さん", f"{MATSU}さん", f"{TAKE}さん")
    at.next("同意を記録する")
    at.come_back(case)
    record_consent(at, KINU, OWN, SENT_TO, OFFICE, household=True)
    record_consent(at, MATSU, OWN, SENT_TO, OFFICE)
    record_consent(at, TAKE, OWN, SENT_TO, OFFICE)
    at.finds_it_usable()
    return case


def assess_and_draft(at: Visitor, case: str) -> None:
    at.come_back(case)
    at.next("アセスメントを書く")
    at.choose("だれについて", KINU, MATSU, TAKE)
    at.select("項目", "家計・債務")
    at.fill("状況", "年金と工賃が三つの口座に分かれ、家の修繕費が出せない。")
    at.fill("強み・できていること", "三人とも無駄遣いはしない。")
    at.press("保存してアセスメントを見る")
    at.come_back(case)
    at.press("プラン案を書く")
    at.fill("本人・世帯の意向", WISHES)
    at.choose("だれのプランか", KINU, MATSU, TAKE)
    at.choose("事業", "多機関協働")
    at.fill("解決したい課題・背景", "世帯としての収支、住まいの修繕か住み替えか、意思決定の支え。")
    at.fill("目指す姿", AIM)
    at.fill("目標1", "世帯の収支を一枚の表にする")
    at.fill("目標1の達成時期", in_days(60))
    at.fill("目標2", "Cへの関わりを通じてBの思いを確かめる")
    at.fill("目標2の達成時期", in_days(90))
    for number, (content, agency, goal) in enumerate(
        (
            ("作業所の見学同行", SENT_TO, "2"),
            ("家庭訪問と意思決定の支え", OWN, "2"),
            ("収支表づくり", OFFICE, "1"),
        ),
        start=1,
    ):
        at.fill(f"役割{number}の支援内容", content)
        at.select(f"役割{number}の実施機関", agency)
        at.fill(f"役割{number}の頻度", "月1回")
        at.fill(f"役割{number}の期限", in_days(80))
        at.select(f"役割{number}の目標", goal)
    at.press("プラン案を保存する")
    at.reads(AIM)
    at.finds_it_usable()


def hold_conference(at: Visitor) -> None:
    at.go_to("会議")
    at.press("開く", at=sitting_line(BODY))
    at.next("開催通知を送る")
    at.reads("開催通知を送りました。")
    at.finds_it_usable()
    at.next("会議を始める")
    at.select(OFFICE, "出席")
    at.select(OWN, "出席")
    at.select(SENT_TO, "欠席")
    at.fill("決定事項・意見", OPINION)
    at.press_in_place("出欠を記録する")
    at.reads("出欠を記録しました。")
    at.press_in_place("役割を加える")
    at.fill("支援の内容", ADDED)
    at.select("実施機関", OWN)
    at.fill("期限", in_days(40))
    at.press_in_place("役割を保存する")
    at.reads(f"役割を加えた：{ADDED}")
    at.choose("決定", "修正して適切")  # what was typed before is still there
    at.fill("メモを書く", "世帯の支援チームをつくり、役割分担を確認した。")
    at.press_in_place("書き足す")
    at.reads("世帯の支援チームをつくり、役割分担を確認した。")
    at.finds_it_usable()
    at.press("決定を記録して次へ")
    at.next("会議を終える")
    at.reads("会議を終えました。")
