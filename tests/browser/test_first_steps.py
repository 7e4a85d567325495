"""Signing in and out, and what is shown to nobody."""

from __future__ import annotations

import pytest

from tests.browser.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_sign_in_shows_the_work_of_the_day_and_sign_out_ends_it(visitor: Visitor) -> None:
    visitor.sign_in("kusatsu.elderly")
    visitor.stands_at("今日の仕事")
    home = visitor.remember()
    visitor.sign_out()
    visitor.come_back(home)
    visitor.stands_at("サインイン")
