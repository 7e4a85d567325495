"""Sixty people follow a sitting: every line written in the room reaches every screen. How fast, and
what it costs the server, is printed (`pytest -s`); the figures are in docs/operations.md."""

from __future__ import annotations

import http.cookiejar
import json
import re
import statistics
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.browser.conftest import (
    arrive,
    base_url,
    browser_context_args,
    browser_type_launch_args,
    site,
)
from tests.browser.site import PASSWORD, Site
from tests.browser.test_live import BODY, TITLE, propose
from tests.browser.visitor import Visitor
from tests.browser.work import call_sitting

__all__ = ["arrive", "base_url", "browser_context_args", "browser_type_launch_args", "site"]

PEOPLE, LINES, EVERY = 60, 20, 1.5
PATIENCE = 30.0
MARK = re.compile(r"live/now/\?seen=(\w+)")


@dataclass
class Screen:
    """Somebody's open page, asking again as the page's own script does."""

    url: str
    opener: urllib.request.OpenerDirector
    asked: list[float] = field(default_factory=list)
    seen: dict[str, float] = field(default_factory=dict)
    wrong: list[int] = field(default_factory=list)

    def follow(self, path: str, begins: float, stop: threading.Event) -> None:
        """From its own moment on, every second and a half after the last answer."""
        time.sleep(begins)
        mark = MARK.findall(self.get(path)[1])[-1]
        while not stop.is_set():
            began = time.monotonic()
            status, text = self.get(f"{path}now/?seen={mark}")
            now = time.monotonic()
            self.asked.append(now - began)
            if status == 200:
                mark = MARK.findall(text)[-1]
                for word in re.findall(r"行目-(\d+)", text):
                    self.seen.setdefault(word, now)
            elif status != 204:
                self.wrong.append(status)
            stop.wait(EVERY)

    def get(self, path: str, data: dict[str, str] | None = None) -> tuple[int, str]:
        body = urllib.parse.urlencode(data).encode() if data is not None else None
        try:
            with self.opener.open(f"{self.url}{path}", body, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, ""

    def post(self, path: str, page: str, **data: str) -> tuple[int, str]:
        """With the token of a page."""
        token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', self.get(page)[1])
        assert token is not None
        return self.get(path, {**data, "csrfmiddlewaretoken": token[1]})


def signed_in(site: Site, user: str) -> Screen:
    opener = urllib.request.build_opener(
        urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    )
    screen = Screen(site.url, opener)
    status, _text = screen.post("/signin/", "/signin/", username=user, password=PASSWORD)
    assert status == 200
    return screen


def resident(site: Site) -> float:
    """Megabytes of the web server's processes."""
    total = 0
    for folder in Path("/proc").iterdir():
        try:
            if b"config.wsgi" in (folder / "cmdline").read_bytes():
                total += int((folder / "statm").read_text().split()[1]) * 4096
        except (OSError, ValueError):
            continue
    return total / 1e6


@pytest.mark.browser
def test_sixty_screens_follow_every_line(arrive: Callable[[], Visitor], site: Site) -> None:
    office = arrive()
    office.sign_in("kurume.coordinator")
    call_sitting(office, BODY)
    sitting = office.remember()
    propose(office, TITLE)
    office.come_back(sitting)
    office.next("開催通知を送る")
    office.next("会議を始める")
    office.press("この議題を始める")
    item = re.search(r"items/([0-9a-f-]+)/", office.page.url)
    assert item is not None
    path = f"{urllib.parse.urlsplit(sitting).path}live/"
    writer = signed_in(site, "kurume.coordinator")
    users = ("kurume.livelihood", "kurume.child")
    screens = [signed_in(site, users[n % len(users)]) for n in range(PEOPLE)]
    before = resident(site)
    stop = threading.Event()
    threads = [
        threading.Thread(target=screen.follow, args=(path, n * EVERY / PEOPLE, stop), daemon=True)
        for n, screen in enumerate(screens)
    ]
    for thread in threads:
        thread.start()
    time.sleep(5)
    written: dict[str, float] = {}
    for number in range(LINES):
        keep = f"/meetings/items/{item[1]}/lines/keep/"
        words = f"行目-{number:02d} と書きとめた。"
        status, _text = writer.post(
            keep, sitting_path(sitting), line=words, form_key=str(uuid.uuid4())
        )
        assert status == 200
        written[f"{number:02d}"] = time.monotonic()
        time.sleep(1)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and any(set(written) - set(s.seen) for s in screens):
        time.sleep(0.5)
    stop.set()
    for thread in threads:
        thread.join(60)
    asked = sorted(t * 1000 for screen in screens for t in screen.asked)
    late = sorted(
        max(0.0, s.seen[n] - at) for s in screens for n, at in written.items() if n in s.seen
    )
    figures = {
        "people": PEOPLE,
        "asked": len(asked),
        "ask_p50_ms": round(statistics.median(asked), 1),
        "ask_p95_ms": round(asked[int(len(asked) * 0.95)], 1),
        "behind_p50_s": round(statistics.median(late), 2),
        "behind_p95_s": round(late[int(len(late) * 0.95)], 2),
        "behind_max_s": round(late[-1], 2),
        "web_mb_before": round(before),
        "web_mb_after": round(resident(site)),
    }
    print(json.dumps(figures))  # noqa: T201 - the figures are what it is for
    assert [screen.wrong for screen in screens if screen.wrong] == []
    assert [sorted(set(written) - set(screen.seen)) for screen in screens] == [[]] * PEOPLE


def sitting_path(sitting: str) -> str:
    return urllib.parse.urlsplit(sitting).path
