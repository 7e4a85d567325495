"""The second factor as a person meets it: an app, a passkey of Chromium's, step by step."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pyotp
import pytest
from playwright.sync_api import Browser
from playwright.sync_api import expect as see

from tests.browser.conftest import PATIENCE
from tests.browser.site import PASSWORD, Site
from tests.browser.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

# Nobody else's journey begins with this name.
USER = "kurume.community"


@pytest.fixture
def owner(browser: Browser, browser_context_args: dict[str, Any], site: Site) -> Iterator[Visitor]:
    """Somebody whose device has a passkey authenticator; a passkey needs a name, not an address."""
    url = site.url.replace("127.0.0.1", "localhost")
    context = browser.new_context(**{**browser_context_args, "base_url": url})
    context.set_default_timeout(PATIENCE)
    visitor = Visitor(context, dataclasses.replace(site, url=url))
    devtools = visitor.context.new_cdp_session(visitor.page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    yield visitor
    context.close()


def _take_away(visitor: Visitor, name: str) -> None:
    visitor.page.goto("/account/")
    visitor.press("変える・外す", at=name)
    visitor.finds_it_usable()
    visitor.press("外す")


def test_app_then_passkey_then_recovery_code(owner: Visitor) -> None:
    owner.sign_in(USER)
    owner.page.goto("/account/")
    owner.finds_it_usable()
    owner.press("認証アプリを加える")
    owner.finds_it_usable()
    secret = owner.page.locator(".secret-text").inner_text().replace("-", "")
    owner.fill("認証アプリに出ている6けたの数字", "000000")
    owner.press_in_vain("この認証アプリを加える", "数字が合いません。")
    code = pyotp.TOTP(secret).at(time.time(), counter_offset=-1)
    owner.fill("認証アプリに出ている6けたの数字", code)
    owner.press("この認証アプリを加える")
    owner.finds_it_usable()
    owner.press("回復コードを作る")
    owner.finds_it_usable()
    recovery = owner.page.locator(".codes li").first.inner_text()
    owner.press("控えました")
    owner.press("パスキーを加える")
    owner.finds_it_usable()
    owner.press("この端末で作る")
    owner.reads("残り10個")
    owner.finds_it_usable()
    owner.sign_out()

    owner.sign_in(USER)
    owner.stands_at("あなたであることの確認")
    owner.finds_it_usable()
    owner.fill("確認コード", "000000")
    owner.press_in_vain("確認して進む", "確認コードが違うか")
    owner.press("パスキーを使う")
    owner.stands_at("今日の仕事")
    owner.sign_out()

    owner.sign_in(USER)
    owner.fill("確認コード", recovery)
    owner.press("確認して進む")
    owner.stands_at("今日の仕事")
    owner.page.goto("/account/")
    owner.reads("残り9個")
    _take_away(owner, "スマートフォン")
    _take_away(owner, "この端末")
    owner.reads("使っていません")
    assert owner.troubles == []


def test_another_device_is_ended_from_here(arrive: Callable[[], Visitor], visitor: Visitor) -> None:
    visitor.sign_in("kurume.participation")
    elsewhere = arrive()
    elsewhere.sign_in("kurume.participation")
    visitor.page.goto("/account/")
    see(visitor.page.get_by_text("この端末", exact=True)).to_be_visible()
    visitor.press("ほかの端末をすべて終わらせる")
    visitor.reads("台のサインインを終わらせました。")
    elsewhere.page.goto("/")
    elsewhere.stands_at("サインイン")
    visitor.page.goto("/")
    visitor.stands_at("今日の仕事")


def test_a_form_goes_on_after_the_question_with_what_was_typed(
    visitor: Visitor, site: Site
) -> None:
    visitor.sign_in("kurume.outreach")
    visitor.page.goto("/emergencies/new/")
    typed = "戸をたたいても返事がない。\n中からうめき声がする。"
    visitor.fill("何が起きているか", typed)
    with psycopg.connect(site.env["DATABASE_OWNER_URL"]) as server:
        server.execute("update kasane.session set confirmed_at = now() - interval '11 minutes'")
    visitor.press("開く前に確かめる")
    visitor.stands_at("あなたであることの再確認")
    visitor.finds_it_usable()
    visitor.fill("パスワード", "something else")
    visitor.press_in_vain("確認して進む", "パスワードが違います。")
    visitor.fill("パスワード", PASSWORD)
    visitor.press_in_vain("確認して進む", "入力を確かめてください")
    see(visitor.page.get_by_label("何が起きているか")).to_have_value(typed)
