"""草津: what to mind at the door, the assessment question by question, a risk sheet that is red.

One worker at the desk and on a phone, then the manager who is told. Names and words invented.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect as see

from tests.browser.visitor import Visitor
from tests.browser.work import Call, Someone, take_consultation

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SUMIE = "仮森 澄江"
HOUSEHOLD = Call(
    mode="本人同意あり",
    route="関係機関からの紹介",
    complaint="通所先から、妻の腕に内出血があるとの連絡。夫は夜に眠れないと話す。",
    persons=(
        Someone(SUMIE, "かりもり すみえ", "S20.3.3", "配偶者", "女性"),
        Someone("仮森 勝", "かりもり まさる", "S17.8.8", "世帯主", "男性"),
    ),
    primary="介護",
)
LINE = "訪問は二人で。夕方は避ける。"
ILLNESS, UNTREATED = "治療や通院が必要な病気・けががある", "必要な受診や服薬が途切れている"
HEAD, FEAR = "頭のけが（血腫・骨折）", "おびえている"


def answer(visitor: Visitor, question: str, given: str) -> None:
    """By the keyboard: into the group, and the answer's arrow."""
    group = visitor.page.get_by_role("group", name=question, exact=True)
    choice = group.get_by_role("radio", name=given, exact=True)
    choice.focus()
    visitor.page.keyboard.press("Space")
    see(choice).to_be_checked()


def test_from_the_line_at_the_top_to_the_group_that_decides(visitor: Visitor) -> None:
    visitor.sign_in("kusatsu.elderly")
    take_consultation(visitor, HOUSEHOLD)
    case = visitor.remember()

    # One line above everything else.
    visitor.press("関わり方の注意を書く")
    visitor.finds_it_usable()
    visitor.choose("種類", "訪問時の安全")
    visitor.fill("内容", LINE)
    visitor.press("保存する")
    visitor.reads(LINE)
    visitor.finds_it_usable()

    # The assessment, twice, and what changed.
    visitor.press("アセスメントを見る")
    for day, given, mind in (("R8.4.1", "不明", "はい"), ("R8.6.1", "はい", "いいえ")):
        visitor.press("アセスメントを書く")
        visitor.press("健康・医療")
        visitor.choose("だれについて", SUMIE)
        answer(visitor, ILLNESS, given)
        answer(visitor, UNTREATED, mind)
        visitor.fill("確認した日", day)
        visitor.finds_it_usable()
        visitor.press("保存してアセスメントを見る")
    visitor.finds_it_usable()
    visitor.press("前とくらべる")
    visitor.reads("不明からはいに", "はいからいいえに", "図と同じ数")
    visitor.finds_it_usable()

    visitor.press("印刷")
    visitor.reads("取扱注意", "不明からはいに")
    visitor.is_accessible()

    # A risk sheet: an unknown is asked for, a ○ makes it red, the reason is said.
    visitor.come_back(case)
    visitor.press("リスクを確かめる")
    visitor.choose("だれについて", SUMIE)
    visitor.choose("シート", "高齢者")
    visitor.press("シートを開く")
    visitor.press_in_vain("保存して段階を見る", "ひとつは答えてください")
    answer(visitor, HEAD, "○")
    answer(visitor, FEAR, "不明")
    visitor.finds_it_usable()
    visitor.press("保存して段階を見る")
    sheet = visitor.remember()
    visitor.reads("レッド", f"「{HEAD}」が○のため、レッド", "臨時の支援会議を提案する")
    visitor.finds_it_usable()
    visitor.come_back(case)
    visitor.next("判断を記録する")
    visitor.choose("判断した段階", "イエロー")
    visitor.fill("判断に加わった人", "コアメンバー会議（所長・保健師）")
    visitor.press_in_vain("判断を保存する", "理由を入れてください")
    visitor.fill("シートの規則と違う段階にする理由", "受診して、古いけがと分かった")
    visitor.press("判断を保存する")
    visitor.reads("受診して、古いけがと分かった", "コアメンバー会議")
    visitor.press("印刷")
    visitor.reads("取扱注意", "出典")
    visitor.is_accessible()

    # The manager was told when it was red, without a name.
    visitor.come_back(case)
    visitor.change_to("kusatsu.manager")
    visitor.open_notices()
    visitor.reads("リスク確認がレッドになりました")
    visitor.does_not_read(SUMIE)
    visitor.come_back(sheet)
    see(visitor.page.get_by_role("heading", level=1)).to_contain_text(re.compile("危害リスク"))
