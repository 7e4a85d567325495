"""会議のカレンダー: a worker finds the month and subscribes to it; another program reads what was
promised, and nothing once the address was switched off."""

from __future__ import annotations

import re
import urllib.error
import urllib.request

import pytest
from icalendar import Calendar
from playwright.sync_api import expect as see

from config.lib.eras import today
from meetings.month import neighbour, title_of
from tests.browser.visitor import NARROW, WIDE, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def fetch(url: str) -> bytes:
    """As a calendar program does: no cookie, no sign-in."""
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - our own site
        return bytes(answer.read())


def test_the_calendar_is_found_read_and_subscribed_to(visitor: Visitor) -> None:
    visitor.sign_in("kurume.livelihood")
    visitor.go_to("会議")
    visitor.press("カレンダー")
    visitor.reads(title_of(today()), "今日")
    visitor.press("次の月")
    following = f"{neighbour(today().replace(day=1), 1)}-01"
    see(visitor.page.locator(f'time[datetime="{following}"]')).to_have_count(1)
    names = visitor.page.locator(".day-sittings a")  # made by the schedule, from the city's rhythm
    assert names.count() > 0
    for size in (NARROW, WIDE):
        visitor.fits(size)
        visitor.is_accessible()
    visitor.press("今月")
    visitor.press("カレンダーソフトで見る")
    visitor.reads("使っていません")
    visitor.finds_it_usable()
    visitor.press("購読のアドレスを作る")
    visitor.reads("このアドレスは、いまだけ表示されます。")
    address = visitor.page.get_by_label("購読のアドレス").input_value()
    assert re.fullmatch(rf"{visitor.site.url}/feeds/[\w-]{{43}}\.ics", address)
    visitor.finds_it_usable()
    told = Calendar.from_ical(fetch(address)).walk("VEVENT")
    assert {str(event["status"]) for event in told} <= {"TENTATIVE", "CONFIRMED", "CANCELLED"}
    assert len(told) >= names.count()
    visitor.press("購読を止める")
    visitor.reads("購読を止めました。")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        fetch(address)
    assert address.rsplit("/", 1)[1].removesuffix(".ics") not in visitor.site.said("web")
