"""A call is taken with one hand: no mouse, few keys."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect as see

from tests.browser.visitor import REQUIRED, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

MOST_REQUIRED, MOST_PRESSES = 6, 25


class Keys:
    """The keyboard, counting every press that is no letter of a text."""

    def __init__(self, visitor: Visitor) -> None:
        self.page = visitor.page
        self.presses = 0

    def press(self, *keys: str) -> None:
        for key in keys:
            self.presses += 1
            self.page.keyboard.press(key)

    def write(self, text: str) -> None:
        self.page.keyboard.insert_text(text)

    def focused(self) -> str:
        return str(self.page.evaluate("() => document.activeElement.name || ''"))


def test_a_short_call_is_taken_without_the_mouse(visitor: Visitor) -> None:
    visitor.sign_in("kurume.child")
    keys = Keys(visitor)
    keys.press("Alt+n")
    visitor.stands_at("相談受付")
    assert visitor.page.get_by_text(REQUIRED, exact=True).count() <= MOST_REQUIRED
    see(visitor.page.locator("textarea[name=complaint]")).to_be_focused()
    keys.write("夜に眠れない。だれかに話を聞いてほしい。")
    keys.press("Tab", "ArrowDown")  # 本人同意なし
    keys.press("Tab", "ArrowDown")  # 本人 電話・メール
    keys.press("Tab", "ArrowDown", "ArrowDown")  # 低
    keys.press("Tab")
    keys.write("仮名沢 鍵子")
    keys.press("Tab")
    keys.write("かめいざわ かぎこ")
    keys.press("Enter")
    see(visitor.page.get_by_text("相談を受け付けました")).to_be_visible()
    assert keys.presses <= MOST_PRESSES, keys.presses
    visitor.reads("仮名沢 鍵子さん", "本人同意なし", "本人 電話・メール")
    assert re.search("緊急度.*低", visitor.page.locator("main").inner_text(), re.S)
