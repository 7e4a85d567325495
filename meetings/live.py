"""会議の画面: what a sitting shows while it runs, the same to whoever follows it.

Everything comes through the gate of the reader's own items: what is talked about now is said by the
item itself (`begun_at`), so that a sealed one changes nothing for whoever does not see it (V6). The
mark tells whether anything changed since it was last shown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.models import Membership
from config.lib.eras import format_long
from meetings import enums
from meetings.agenda import agenda_lines
from meetings.models import AgendaItem, ItemAttendance, MinuteLine, Sitting
from meetings.pages import item_state, presence


@dataclass(frozen=True)
class Now:
    """What the screens show: the item that is talked about, and where the sitting is."""

    mark: str
    state: str
    item: AgendaItem | None
    words: str
    lines: list[dict[str, Any]]
    minutes: list[dict[str, Any]]
    presence: list[dict[str, str]]
    decided: list[dict[str, str]]


def mark_of(by: Membership, sitting: Sitting, items: Sequence[AgendaItem]) -> str:
    """Of everything the screen shows, as far as this reader sees it. Two queries."""
    keys = [item.pk for item in items]
    rows: list[Any] = [sitting.state]
    rows += [(i.pk, i.version, i.state, i.begun_at) for i in items]
    lines = MinuteLine.objects.visible_to(by).filter(item__in=keys)
    rows += list(lines.order_by("pk").values_list("pk", "version"))
    came = ItemAttendance.objects.visible_to(by).filter(item__in=keys)
    rows += list(came.order_by("pk").values_list("pk", "attendance"))
    return hashlib.sha256(repr(rows).encode()).hexdigest()[:20]


def now_of(by: Membership, sitting: Sitting, items: Sequence[AgendaItem]) -> Now:
    """The screen at this instant. Six queries."""
    item = current(items)
    return Now(
        mark=mark_of(by, sitting, items),
        state=sitting.state,
        item=item,
        words=_words(sitting, items, item),
        lines=agenda_lines(items, item.pk if item else None),
        minutes=minute_lines(by, item) if item else [],
        presence=presence(item) if item else [],
        decided=[_decided(i) for i in items if i.state == enums.ItemState.DECIDED],
    )


def current(items: Sequence[AgendaItem]) -> AgendaItem | None:
    """The item begun last that waits for its decision."""
    begun = [i for i in items if i.begun_at is not None and i.state == enums.ItemState.NOTICED]
    return max(begun, key=lambda i: (i.begun_at, i.pk), default=None)


def _words(sitting: Sitting, items: Sequence[AgendaItem], item: AgendaItem | None) -> str:
    """One sentence where there is nothing in the middle of the screen."""
    if item is not None:
        return ""
    if sitting.state in (enums.SittingState.CLOSED, enums.SittingState.CANCELLED):
        return _("この会議は終わりました。")
    if sitting.state != enums.SittingState.OPEN:
        return _("会議が始まると、いまの議題がここに出ます。画面はそのままでかまいません。")
    if any(i.state == enums.ItemState.NOTICED for i in items):
        return _("次の議題が始まると、ここに出ます。画面はそのままでかまいません。")
    return _("あなたが出る議題は終わりました。")


def _decided(item: AgendaItem) -> dict[str, str]:
    review = ""
    if item.next_review_on is not None:
        review = _("次回の確認 %(day)s") % {"day": format_long(item.next_review_on)}
    return {
        "title": item.title,
        "result": item_state(item),
        "opinion": item.opinion,
        "review": review,
    }


def minute_lines(by: Membership, item: AgendaItem) -> list[dict[str, Any]]:
    """議事メモ as written so far, in the order in which the lines were begun. One query."""
    rows = MinuteLine.objects.visible_to(by).filter(item=item).exclude(text="")
    return [
        {
            "key": row.pk,
            "at": f"{timezone.localtime(row.at):%H:%M}",
            "who": str(row.by.user),
            "text": row.text,
            "is_mine": row.by_id == by.pk,
        }
        for row in rows.select_related("by__user").order_by("at", "pk")
    ]
