"""Somebody at the browser, who knows the screens by their words and nothing of what is behind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Request, Response
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from playwright.sync_api import expect as see

from tests.browser.site import PASSWORD, Site

WIDE, NARROW = (1366, 768), (390, 844)
REQUIRED = "※必須"
OVERFLOW = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const wide = [...document.querySelectorAll('body *')].filter(
    (part) => part.getBoundingClientRect().right > width + 1);
  return [location.pathname, ...wide.slice(0, 4).map((part) => part.outerHTML.slice(0, 160))];
}"""

CELL = """([row, column]) => {
  const words = (part) => part.innerText.trim();
  for (const table of document.querySelectorAll('table')) {
    const line = [...table.rows].find((one) => one.cells[0] && words(one.cells[0]) === row);
    const place = [...table.rows[0].cells].findIndex((cell) => words(cell) === column);
    if (line && place > 0) return words(line.cells[place]);
  }
  return null;
}"""


class Visitor:
    """One browser window and whoever sits at it. Verbs take the words on the screen."""

    def __init__(self, context: BrowserContext, site: Site) -> None:
        self.context = context
        self.site = site
        self.troubles: list[str] = []
        self._may_be_refused = False
        context.on("console", self._heard)
        context.on("weberror", lambda error: self.troubles.append(f"script: {error.error}"))
        context.on("request", self._asked)
        context.on("response", self._answered)
        context.on("requestfailed", self._failed)
        self.page: Page = context.new_page()

    # --- who -----------------------------------------------------------------------------------

    def sign_in(self, user: str) -> None:
        """Sign in; whoever sat here before has signed out first."""
        self.user = user
        self.page.goto("/signin/")
        self.fill("利用者名", user)
        self.fill("パスワード", PASSWORD)
        self.press("サインイン")
        see(self.page.get_by_role("heading", level=1)).not_to_have_text("サインイン")

    def sign_out(self) -> None:
        """By the menu under one's own name."""
        self.page.get_by_role("banner").locator("summary", has_text="利用者のメニュー").click()
        self.press("サインアウト")
        self.reads("許可された人が、職務のためだけに使うシステムです。")

    def change_to(self, user: str) -> None:
        """The next person sits down."""
        self.sign_out()
        self.sign_in(user)

    # --- where ---------------------------------------------------------------------------------

    def go_to(self, words: str) -> None:
        """A line of the navigation."""
        line = self.page.get_by_role("navigation", name="仕事").get_by_role("link")
        self._follow(line.filter(has_text=re.compile(rf"^\s*{re.escape(words)}")))

    def press(self, words: str, *, at: str | re.Pattern[str] = "") -> None:
        """A button, or a link, that leads to another page; `at` is the line or card it is in."""
        scope = self.page.locator("body")
        if at:
            line = self.page.locator("tr, li, section, form").filter(has_text=at)
            scope = line.filter(has=self._pressable(words, self.page)).last
        self._follow(self._pressable(words, scope).filter(visible=True).first)
        refusal = self.page.get_by_role("alert")
        assert refusal.count() == 0, refusal.first.inner_text()

    def press_in_vain(self, words: str, *sentences: str) -> None:
        """A button whose form is refused, with these sentences at the top."""
        self._follow(self._pressable(words, self.page).filter(visible=True).first)
        for sentence in sentences:
            see(self.page.get_by_role("alert")).to_contain_text(sentence)

    def press_in_place(self, words: str) -> None:
        """A button whose answer comes into this page, beside what is being typed."""
        self._pressable(words, self.page).filter(visible=True).first.click()

    def open_notices(self) -> None:
        """お知らせ, in the bar on top."""
        self._follow(self.page.get_by_role("banner").get_by_role("link", name="お知らせ"))

    def next(self, words: str = "") -> None:
        """The one button under 次にすること, and that it says what it should."""
        region = self.page.get_by_role("region", name=re.compile("^次にすること"))
        button = region.locator(".btn")
        if words:
            see(button).to_have_text(words)
        self._follow(button)

    def unfold(self, words: str) -> None:
        """Open a part of the page that is folded."""
        self.page.locator("summary").filter(has_text=words).click()

    def remember(self) -> str:
        """The address one stands at, for coming back."""
        return self.page.url

    def come_back(self, url: str) -> None:
        """Open an address again, as from a bookmark."""
        self.page.goto(url)

    def in_new_tab(self, url: str) -> None:
        """Open an address in another tab of the same browser, and work there."""
        self.page = self.context.new_page()
        self.page.goto(url)

    def in_first_tab(self) -> None:
        """Back to the first tab, as it was left."""
        self.page = self.context.pages[0]
        self.page.bring_to_front()

    def lines_of_navigation(self) -> list[str]:
        """The addresses of the navigation."""
        lines = self.page.get_by_role("navigation", name="仕事").get_by_role("link")
        return [str(line.get_attribute("href")) for line in lines.all()]

    def knock(self, url: str) -> int:
        """Open an address that may be refused; gives how it was answered."""
        self._may_be_refused = True
        answer = self.page.goto(url)
        self._may_be_refused = False
        assert answer is not None
        return answer.status

    @contextmanager
    def may_be_refused(self) -> Iterator[None]:
        """What the page asks by itself may be refused for a while."""
        self._may_be_refused = True
        yield
        self._may_be_refused = False

    @contextmanager
    def cut_off(self) -> Iterator[None]:
        """The cable is out; what fails meanwhile is no trouble of the page's."""
        known = len(self.troubles)
        self.context.set_offline(True)
        yield
        self.context.set_offline(False)
        said = ("DISCONNECTED", "htmx:sendError", "htmx:afterRequest")
        self.troubles[known:] = [
            one for one in self.troubles[known:] if not any(word in one for word in said)
        ]

    def look_again(self) -> None:
        """Load the same page once more."""
        self.page.reload()

    def waits_for(self, words: str) -> None:
        """Load the page again until the worker has done what makes it say so."""
        for _second in range(20):
            if self.page.get_by_text(words).count():
                return
            self.page.wait_for_timeout(1000)
            self.look_again()
        raise AssertionError(words)

    def is_asked(self, heading: str) -> bool:
        """Whether this page is the one that stands here."""
        return heading in self.heading()

    # --- writing -------------------------------------------------------------------------------

    def fill(self, label: str, text: str) -> None:
        """Write into the field with this label."""
        self._field(label).fill(text)

    def select(self, label: str, option: str) -> None:
        """Choose in a list; `option` is how the line begins, or all of it."""
        field = self._field(label)
        lines = field.locator("option").all_text_contents()
        found = [line for line in lines if line.strip() == option] or [
            line for line in lines if line.strip().startswith(option)
        ]
        assert found, f"「{label}」に「{option}」がありません: {lines}"
        field.select_option(label=found[0])

    def attach(self, label: str, *files: Path) -> None:
        """Choose files for the field with this label."""
        self._field(label).set_input_files([str(file) for file in files])

    def choose(self, legend: str, *options: str) -> None:
        """Mark one of the big choices under this legend, or several that may stand together."""
        group = self._group(legend)
        for option in options:
            self._choice(group, option).check()

    def leave_out(self, legend: str, *options: str) -> None:
        """Take the mark away."""
        group = self._group(legend)
        for option in options:
            self._choice(group, option).uncheck()

    def tick(self, label: str) -> None:
        """A single box."""
        self.page.get_by_role("checkbox", name=re.compile(f"^{re.escape(label)}")).check()

    def mark(self, problem: str, mark: str) -> None:
        """課題チェック: あてはまる or 中心の課題."""
        row = self.page.get_by_role("radiogroup", name=problem, exact=True)
        row.get_by_role("radio", name=mark).check()

    # --- reading -------------------------------------------------------------------------------

    def reads(self, *words: str) -> None:
        """Each is on the page and can be seen."""
        for text in words:
            see(self.page.get_by_text(text).filter(visible=True).first).to_be_visible()

    def does_not_read(self, *words: str) -> None:
        """None of it is on the page, not even hidden."""
        page = self.page.content()
        for text in words:
            assert text not in page, f"{self.user} reads 「{text}」 at {self.page.url}"

    def stands_at(self, heading: str) -> None:
        """The page's one heading."""
        see(self.page.get_by_role("heading", level=1)).to_contain_text(heading)

    def heading(self) -> str:
        """The page's one heading."""
        return self.page.get_by_role("heading", level=1).inner_text()

    def has_typed(self, label: str, text: str) -> None:
        """What was written is still there."""
        see(self._field(label)).to_have_value(text)

    def has_chosen(self, legend: str, option: str) -> None:
        """What was marked is still marked."""
        see(self._choice(self._group(legend), option)).to_be_checked()

    def is_told(self, label: str, words: str) -> None:
        """A sentence stands beside the field, not only at the top."""
        box = self.page.locator(".field, fieldset, td").filter(has=self._field(label)).last
        see(box).to_contain_text(words)

    def cell(self, row: str, column: str) -> str:
        """What a table says in this row, under this heading."""
        found = self.page.evaluate(CELL, [row, column])
        assert isinstance(found, str), f"「{row}」の「{column}」が表にありません: {self.page.url}"
        return found

    def finds_it_usable(self) -> None:
        """No sideways scrolling at the desk or on a phone, and axe has nothing to say."""
        self.fits(WIDE)
        self.fits(NARROW)
        self.is_accessible()
        self.fits(WIDE)

    def fits(self, size: tuple[int, int]) -> None:
        """The page is no wider than the screen."""
        self.page.set_viewport_size({"width": size[0], "height": size[1]})
        assert self.page.evaluate(OVERFLOW) == [], f"wider than {size[0]} px"

    def is_accessible(self) -> None:
        """axe finds no violation."""
        found: dict[str, Any] = Axe().run(self.page).response
        assert found["violations"] == [], self.page.url + "".join(
            f"\n{violation['id']}: {violation['help']}"
            + "".join(f"\n    {node['html'][:200]}" for node in violation["nodes"][:4])
            for violation in found["violations"]
        )

    # --- how -----------------------------------------------------------------------------------

    def _follow(self, target: Locator) -> None:
        see(target).to_be_visible()
        try:
            with self.page.expect_navigation(wait_until="load"):
                target.click()
        except PlaywrightTimeout as late:  # say why, where the page does
            words = self.page.locator("[data-draft-said], [role=alert]").all_inner_texts()
            raise AssertionError(f"nothing followed: {words}") from late

    def _pressable(self, words: str, scope: Locator | Page) -> Locator:
        # 「見る（架空山 世帯）」: what follows in brackets is for screen readers.
        name = re.compile(rf"^{re.escape(words)}\s*(（.*）)?$")
        return scope.get_by_role("button", name=name).or_(scope.get_by_role("link", name=name))

    def _field(self, label: str) -> Locator:
        return self.page.get_by_label(re.compile(rf"^{re.escape(label)}\s*({REQUIRED})?$"))

    def _group(self, legend: str) -> Locator:
        return self.page.get_by_role(
            "group", name=re.compile(rf"^{re.escape(legend)}\s*({REQUIRED})?$")
        )

    def _choice(self, group: Locator, option: str) -> Locator:
        for name in (re.compile(f"^{re.escape(option)}$"), re.compile(f"^{re.escape(option)}")):
            for role in ("radio", "checkbox"):
                found = group.get_by_role(role, name=name)  # type: ignore[arg-type]
                if found.count():
                    return found.first
        raise AssertionError(f"「{option}」という選択肢がありません: {group.inner_text()}")

    # --- what goes wrong beneath the page --------------------------------------------------------

    def _heard(self, message: ConsoleMessage) -> None:
        # A refused page is said once more on the console; _answered has judged it already.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.troubles.append(f"console: {message.text}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((f"{self.site.url}/", "data:", "blob:")):
            self.troubles.append(f"asked another host: {request.url}")

    def _answered(self, response: Response) -> None:
        is_page = response.request.is_navigation_request()
        if response.status >= 500 or (response.status >= 400 and not self._allows(response)):
            self.troubles.append(
                f"{response.status} {response.request.method} {response.url} page={is_page}"
            )

    def _allows(self, response: Response) -> bool:
        return response.status == 422 or self._may_be_refused

    def _failed(self, request: Request) -> None:
        # Leaving a page stops what it was still loading.
        if request.failure and "ERR_ABORTED" not in request.failure:
            self.troubles.append(f"failed: {request.url} {request.failure}")
