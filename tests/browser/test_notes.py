"""記録: written in parts with a phrase, its next step done, shown round, corrected, found again."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect as see

from tests.browser.visitor import Visitor
from tests.browser.work import Call, Someone, in_days, take_consultation

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

CALL = Call(
    mode="本人同意なし",
    route="本人 電話・メール",
    complaint="年金の手続きが分からない。",
    persons=(Someone("仮名谷 紬", "かめいだに つむぎ", "S20.4.4", "世帯主", "女性"),),
    primary="経済的困窮",
)
MANAGER = "仮名 すみれ"


def test_note_goes_from_the_desk_to_the_chief_and_back(visitor: Visitor) -> None:
    visitor.sign_in("kusatsu.manager")
    visitor.go_to("定型文")
    visitor.fill("名前", "電話の取りつぎ")
    visitor.fill("文", "電話の相手：")
    visitor.finds_it_usable()
    visitor.press("保存する")

    visitor.change_to("kusatsu.elderly")
    take_consultation(visitor, CALL)
    case = visitor.remember()
    write_in_parts(visitor)
    ask_the_chief(visitor)
    record = visitor.remember()

    visitor.change_to("kusatsu.manager")
    visitor.press("見て確認する")
    visitor.reads("供覧（順に）", "年金の通知が三通届いている。")
    visitor.finds_it_usable()
    visitor.press("確認しました")

    visitor.change_to("kusatsu.elderly")
    visitor.go_to("今日の仕事")
    visitor.reads("次に　年金事務所に電話する")
    visitor.come_back(record)
    assert visitor.cell(MANAGER, "ようす").startswith("確認 R")
    visitor.press("済みにする")
    visitor.reads("済みにしました。")
    correct(visitor)
    search(visitor, case)


def write_in_parts(at: Visitor) -> None:
    """Words typed freely move into parts; a phrase is added; 前回と同じ has nothing yet."""
    at.press("記録を書く")
    at.choose("方法", "電話")
    at.fill("内容", "年金の通知が三通届いている。")
    at.unfold("相手・場所")
    at.fill("場所", "自宅")
    at.unfold("分けて書く・定型文")
    at.press("事実・意見・要望に分ける")
    at.has_typed("事実", "年金の通知が三通届いている。")
    at.has_typed("場所", "自宅")
    at.select("定型文", "電話の取りつぎ")
    at.press("文を入れる")
    at.fill("意見", "一人では封を開けられない。")
    at.press("前回と同じ（方法・相手・場所など）")
    at.has_typed("意見", "一人では封を開けられない。")
    at.unfold("次にすること・いつまでに")
    at.fill("次にすること", "年金事務所に電話する")
    at.fill("いつまでに", "平成40年1月1日")
    at.press_in_vain("記録を保存する", "入力を確かめてください")
    at.is_told("いつまでに", "平成は31年4月30日までです")
    at.has_typed("意見", "一人では封を開けられない。")
    at.finds_it_usable()
    at.fill("いつまでに", in_days(2))
    at.press("保存して、知らせる・供覧する")


def ask_the_chief(at: Visitor) -> None:
    at.press_in_vain("見てもらう", "入力を確かめてください")
    at.is_told("1人目", "見てもらう人を、1人は選んでください。")
    at.select("どのように", "供覧：1人ずつ")
    at.select("1人目", MANAGER)
    at.finds_it_usable()
    at.press("見てもらう")
    at.reads("供覧（順に）", "年金事務所に電話する")


def correct(at: Visitor) -> None:
    """Without a reason nothing is corrected, and nothing typed is lost."""
    at.press("直す・開く")
    at.fill("要望", "電話に付き添ってほしい。")
    at.press_in_vain("直して保存する", "入力を確かめてください")
    at.is_told("直した理由", "直した理由を入れてください。")
    at.has_typed("要望", "電話に付き添ってほしい。")
    at.finds_it_usable()
    at.fill("直した理由", "書きもらし")
    at.press("直して保存する")
    at.reads("電話に付き添ってほしい。", "書きもらし")


def search(at: Visitor, case: str) -> None:
    """これまで: by words, in whatever spelling; by what is chosen."""
    at.come_back(case)
    at.press("しぼりこむ・ことばでさがす")
    at.finds_it_usable()
    at.fill("ことば", "ツキソッテ")
    at.press("ことばでさがす")
    at.reads("あてはまる記録はありません")
    at.fill("ことば", "付き添って")
    at.press("ことばでさがす")
    at.reads("電話に付き添ってほしい。")
    assert "付き添って" not in at.remember()
    at.select("記録の種類", "アセスメント")
    at.press("絞り込む")
    at.does_not_read("電話に付き添ってほしい。")


def test_note_is_written_with_the_keyboard_alone(visitor: Visitor) -> None:
    """Six presses besides the words; Enter saves, and does not change the form."""
    visitor.sign_in("kusatsu.elderly")
    take_consultation(visitor, CALL)
    visitor.press("記録を書く")
    keyboard, presses = visitor.page.keyboard, 0
    visitor.page.get_by_role("radio", name="電話").focus()
    for key in ("Space", "Tab"):  # 電話; on to だれについて, which is chosen for a household of one
        keyboard.press(key)
        presses += 1
    text = visitor.page.get_by_label(re.compile("^内容"))
    while not text.evaluate("node => node === document.activeElement"):
        keyboard.press("Tab")
        presses += 1
        assert presses <= 4
    keyboard.type("電話で話した。")
    keyboard.press("Tab")
    with visitor.page.expect_navigation(wait_until="load"):
        keyboard.press("Enter")
    presses += 2
    see(visitor.page.get_by_text("記録を保存しました。")).to_be_visible()
    visitor.reads("電話で話した。")
    assert presses <= 6
