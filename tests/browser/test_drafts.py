"""下書き in the browser: a crash loses at most three seconds, an open tab nothing."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect as see

from tests.browser.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

WORDS = "主訴（相談したいこと・希望）"
SAID = "[data-draft-said]"
KEPT = re.compile(r"\d\d:\d\d に下書きを保存しました")
SECONDS = 15_000  # three, and what a loaded machine adds


def test_what_was_typed_outlives_the_browser(visitor: Visitor) -> None:
    visitor.sign_in("kurume.livelihood")
    page = visitor.page
    page.goto("/consultations/new/")
    visitor.fill(WORDS, "夜になると、電話をかけてくる。")
    visitor.choose("相談経路", "本人 電話・メール")
    visitor.fill("氏名", "仮名沢 静")
    see(page.locator(SAID)).to_have_text(KEPT, timeout=SECONDS)
    # Nothing asks before leaving: nothing would be lost.
    page.goto("/")
    visitor.finds_it_usable()
    page.get_by_role("link", name=re.compile("続きを書く")).first.click()
    see(page.locator(SAID)).to_contain_text("下書きを開きました")
    visitor.has_typed(WORDS, "夜になると、電話をかけてくる。")
    visitor.has_typed("氏名", "仮名沢 静")
    visitor.has_chosen("相談経路", "本人 電話・メール")
    visitor.finds_it_usable()
    visitor.choose("本人の同意", "本人同意なし")
    visitor.choose("緊急度", "低")
    visitor.press("受け付ける")
    page.goto("/drafts/")
    see(page.get_by_text("下書きはありません")).to_be_visible()
    visitor.finds_it_usable()


def test_an_open_tab_goes_on_after_a_new_sign_in(visitor: Visitor) -> None:
    """The session ended while somebody wrote; they sign in again in another tab."""
    visitor.sign_in("kurume.livelihood")
    page = visitor.page
    page.goto("/consultations/new/")
    visitor.fill(WORDS, "一行目")
    see(page.locator(SAID)).to_have_text(KEPT, timeout=SECONDS)
    visitor.context.clear_cookies()
    visitor.fill(WORDS, "一行目、二行目")
    with visitor.may_be_refused():
        see(page.locator(SAID)).to_contain_text("サインインが切れました", timeout=SECONDS)
        with page.expect_popup() as opened:
            page.get_by_role("link", name="別のタブでサインインする").click()
        visitor.page = opened.value
        visitor.sign_in("kurume.livelihood")
        visitor.in_first_tab()
        see(page.locator(SAID)).to_have_text(KEPT, timeout=SECONDS)
    visitor.has_typed(WORDS, "一行目、二行目")
    visitor.choose("相談経路", "本人 電話・メール")
    visitor.choose("本人の同意", "本人同意なし")
    visitor.choose("緊急度", "低")
    visitor.press("受け付ける")
    see(page.get_by_text("相談を受け付けました")).to_be_visible()


def test_sent_before_it_was_ever_kept_nothing_is_lost_when_the_session_is_over(
    visitor: Visitor,
) -> None:
    """Pressed at once: the page asks first, holds the form back, and sends it after a new sign-in,
    with the button that was pressed and only once."""
    visitor.sign_in("kurume.livelihood")
    page = visitor.page
    page.goto("/consultations/new/")
    visitor.context.clear_cookies()
    visitor.fill(WORDS, "急いで書いた")
    visitor.choose("相談経路", "本人 電話・メール")
    visitor.choose("本人の同意", "本人同意なし")
    visitor.choose("緊急度", "低")
    with visitor.may_be_refused():
        visitor.press_in_place("受け付ける")
        see(page.locator(SAID)).to_contain_text("サインインが切れました", timeout=SECONDS)
        visitor.stands_at("相談受付")
        with page.expect_popup() as opened:
            page.get_by_role("link", name="別のタブでサインインする").click()
        visitor.page = opened.value
        visitor.sign_in("kurume.livelihood")
        visitor.in_first_tab()
    visitor.has_typed(WORDS, "急いで書いた")
    sent: list[str] = []
    page.on("request", lambda one: sent.append(f"{one.method} {one.url}"))
    with page.expect_navigation(wait_until="load"):
        page.get_by_role("button", name="受け付ける", exact=True).dblclick()
    assert sum("POST" in one and "/consultations/new/" in one for one in sent) == 1, sent
    page.goto("/drafts/")
    see(page.get_by_text("下書きはありません")).to_be_visible()


def test_nothing_typed_and_what_was_taken_back_are_no_draft(visitor: Visitor) -> None:
    visitor.sign_in("kurume.livelihood")
    page = visitor.page
    page.goto("/consultations/new/")
    visitor.press_in_vain("受け付ける", "入力を確かめてください")
    page.goto("/consultations/new/")
    visitor.fill(WORDS, "あとで消す")
    see(page.locator(SAID)).to_have_text(KEPT, timeout=SECONDS)
    visitor.fill(WORDS, "")
    see(page.locator(SAID)).to_have_text("", timeout=SECONDS)
    page.goto("/drafts/")
    see(page.get_by_text("下書きはありません")).to_be_visible()
