"""The browser, and the product it is turned to. All of it on one site: tests/browser/site.py."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect as see

from tests.browser import site as sites
from tests.browser.site import Site
from tests.browser.visitor import WIDE, Visitor

# A machine that runs other tests at the same time is slow; nothing waits longer than it must.
PATIENCE = 30_000
see.set_options(timeout=PATIENCE)

CHROMIUM = "/usr/bin/chromium"
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_configure(config: pytest.Config) -> None:
    """A picture of what a failing test saw, in test-results/."""
    if config.getoption("--screenshot") == "off":
        config.option.screenshot = "only-on-failure"


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Web, worker and beat on a database of their own; people, but no household yet."""
    with sites.running(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture(scope="session")
def base_url(site: Site) -> str:
    """The plugin's own fixture is deprecated by this pytest, and warnings are errors."""
    return site.url


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Debian's Chromium, which asks nobody anything."""
    # Playwright keeps an event loop in this thread; without this, Django would refuse the
    # database to whatever test this worker runs later.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": QUIET}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """An office screen in Japan."""
    return {
        **browser_context_args,
        "locale": "ja-JP",
        "timezone_id": "Asia/Tokyo",
        "viewport": {"width": WIDE[0], "height": WIDE[1]},
    }


@pytest.fixture
def arrive(new_context: Callable[..., Any], site: Site) -> Iterator[Callable[[], Visitor]]:
    """Somebody at a browser of their own; at the end nothing may have gone wrong beneath."""
    visitors: list[Visitor] = []

    def make() -> Visitor:
        context = new_context()
        context.set_default_timeout(PATIENCE)
        visitors.append(Visitor(context, site))
        return visitors[-1]

    yield make
    troubles = [trouble for visitor in visitors for trouble in visitor.troubles]
    assert troubles == [], "\n".join([*troubles, site.said("web")[-2000:]])


@pytest.fixture
def visitor(arrive: Callable[[], Visitor]) -> Visitor:
    """The one browser most journeys need."""
    return arrive()
