"""草津: a tie is added and drawn, a symbol is moved by keyboard and by pointer, and it stays."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator
from playwright.sync_api import expect as see

from tests.browser.visitor import NARROW, WIDE, Visitor
from tests.browser.work import Call, Someone, take_consultation

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SON, NURSE = "架空谷 健さん", "架空訪問看護"
CALL = Call(
    mode="本人同意あり",
    route="家族・知人 電話・メール",
    complaint="母の物忘れが進み、同居の弟は部屋を出ない。",
    persons=(
        Someone("架空谷 うめ", "かくうだに うめ", "昭和18年2月11日", "世帯主", "女性"),
        Someone("架空谷 健", "かくうだに けん", "昭和46年9月3日", "子", "男性"),
    ),
    primary="ひきこもり",
)
SAVED = "図の位置を保存しました"


def symbol(visitor: Visitor, picture: str, name: str) -> Locator:
    drawn = visitor.page.get_by_role("group", name=picture)
    return drawn.get_by_role("button", name=name)


def test_a_tie_is_added_and_what_is_moved_stays(visitor: Visitor) -> None:
    visitor.sign_in("kusatsu.elderly")
    take_consultation(visitor, CALL)
    visitor.press("ジェノグラム・エコマップを見る")
    visitor.press("まわりの機関・人・場所")
    visitor.choose("だれと", SON)
    visitor.fill("名前", NURSE)
    visitor.choose("種類", "医療")
    visitor.choose("関係のようす", "強い")
    visitor.press("図に加える")
    visitor.reads("つながりを書き、図に加えました。")
    see(symbol(visitor, "エコマップ", NURSE)).to_be_visible()
    see(symbol(visitor, "ジェノグラム", NURSE)).to_have_count(0)

    person = symbol(visitor, "ジェノグラム", SON)
    person.focus()
    for _number in range(3):
        person.press("ArrowLeft")
    visitor.reads(SAVED)
    see(symbol(visitor, "ジェノグラム", SON)).to_be_focused()

    nurse = symbol(visitor, "エコマップ", NURSE)
    nurse.scroll_into_view_if_needed()
    before = nurse.get_attribute("data-dx")
    box = nurse.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    visitor.page.mouse.move(x, y)
    visitor.page.mouse.down()
    visitor.page.mouse.move(x + 30, y + 20, steps=4)
    visitor.page.mouse.up()
    see(symbol(visitor, "エコマップ", NURSE)).not_to_have_attribute("data-dx", before or "")

    visitor.page.reload()
    see(symbol(visitor, "ジェノグラム", SON)).to_have_attribute("data-dx", "-30.0")
    moved = symbol(visitor, "エコマップ", NURSE).get_attribute("data-dx")
    assert float(moved or 0) == pytest.approx(float(before or 0) + 30, abs=2)
    visitor.fits(NARROW)
    visitor.fits(WIDE)
    visitor.is_accessible()

    visitor.press("並べ直す")
    visitor.reads("図を並べ直しました。")
    see(symbol(visitor, "ジェノグラム", SON)).to_have_attribute("data-dx", "0.0")


def test_the_twenty_households_are_accessible(visitor: Visitor) -> None:
    visitor.sign_in("kusatsu.elderly")
    visitor.page.goto("/gallery/genogram/")
    see(visitor.page.get_by_role("group", name="4世代15人")).to_have_count(2)
    visitor.is_accessible()
    visitor.fits(NARROW)
