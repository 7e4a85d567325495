"""議事録 for pages and papers: the words that stand, how far they are, the short and full form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from agencies.deciding import line_words
from agencies.models import Membership
from config.lib.eras import format_datetime, format_long
from meetings.live import minute_lines
from meetings.models import AgendaItem, MinutesStep, MinutesVersion
from meetings.operations import approval_of, versions_of
from meetings.pages import item_state, presence, role_table
from plans.models import Plan


@dataclass(frozen=True)
class Shown:
    """One version as pages show it."""

    number: int
    text: str
    who: str
    when: str
    reason: str
    is_approved: bool
    lines: list[dict[str, str]]


@dataclass(frozen=True)
class Minutes:
    """The versions of an item, the newest first. Two queries."""

    versions: list[MinutesVersion]
    steps: list[MinutesStep]
    shown: list[Shown] = field(default_factory=list)

    @property
    def newest(self) -> MinutesVersion | None:
        return self.versions[0] if self.versions else None

    @property
    def number(self) -> int:
        return self.versions[0].number if self.versions else 0

    @property
    def current(self) -> list[MinutesStep]:
        """The lines about the newest version."""
        return [step for step in self.steps if step.number == self.number]

    @property
    def approved(self) -> int:
        """The number of the last approved version, or 0."""
        return max((step.number for step in self.steps if step.is_final), default=0)

    @property
    def state(self) -> str:
        """「第3版（承認済み）」, 「第4版（案。承認済みは第3版）」."""
        if not self.versions:
            return ""
        n = {"n": self.number, "last": self.approved}
        if self.approved == self.number:
            return _("第%(n)s版（承認済み）") % n
        if self.approved:
            return _("第%(n)s版（案。承認済みは第%(last)s版）") % n
        return _("第%(n)s版（案・未承認）") % n


def minutes_of(by: Membership, item: AgendaItem) -> Minutes:
    versions, steps = versions_of(by, item), approval_of(by, item)
    shown = [
        Shown(
            number=version.number,
            text=version.text,
            who=f"{version.by.user}（{version.by.agency_name}）",
            when=format_datetime(version.at),
            reason=version.reason,
            is_approved=any(s.is_final and s.number == version.number for s in steps),
            lines=[line_words(s) for s in steps if s.number == version.number],
        )
        for version in versions
    ]
    return Minutes(versions, steps, shown)


@dataclass(frozen=True)
class Page:
    """An item on the paper of its 議事録."""

    item: AgendaItem
    number: int
    state: str
    text: str
    lines: list[dict[str, Any]]
    approval: list[dict[str, str]]
    decided: str
    decided_at: str
    review_on: str
    presence: list[dict[str, str]]
    roles: list[dict[str, Any]]
    is_short: bool


def paper_of(by: Membership, item: AgendaItem, *, number: int = 1, is_short: bool) -> Page:
    """What the reader may see of an item. Before there is a version the full form holds 議事メモ:
    nothing said is missing. At most eight queries."""
    minutes = minutes_of(by, item)
    plan = Plan.objects.visible_to(by).filter(pk=item.plan_id).first() if item.plan_id else None
    newest = minutes.newest
    return Page(
        item=item,
        number=number,
        state=minutes.state,
        text=newest.text if newest and not is_short else "",
        lines=[] if newest or is_short else minute_lines(by, item),
        approval=[line_words(step) for step in minutes.current],
        decided=item_state(item) if item.decided_at else _("まだ決定していません"),
        decided_at=format_datetime(item.decided_at) if item.decided_at else "",
        review_on=format_long(item.next_review_on) if item.next_review_on else "",
        presence=[] if is_short else presence(item),
        roles=role_table(by, plan) if plan else [],
        is_short=is_short,
    )


def papers_of(by: Membership, items: Sequence[AgendaItem], *, is_short: bool) -> list[Page]:
    """One page an item, counted among what the reader sees (V6)."""
    return [
        paper_of(by, item, number=n, is_short=is_short) for n, item in enumerate(items, start=1)
    ]
