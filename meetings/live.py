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
from uuid import UUID

from django.db.models import Count, QuerySet, Sum
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from agencies.models import Membership
from config.lib.eras import format_long
from config.lib.prepared import prepared
from meetings import enums
from meetings.agenda import agenda_lines
from meetings.models import AgendaItem, ItemAttendance, MinuteLine, Sitting
from meetings.pages import item_state, presence
from plans.models import PlanStep


@dataclass(frozen=True)
class Now:
    """What the screens show: the item that is talked about, and where the sitting is.

    told: a word for the agenda and the decisions as shown, which only this reader was given and
    nobody can make up: who sends it back has had their look logged today. listed, worded: what of
    them stands on the screen by its name, and by its words."""

    mark: str
    told: str
    state: str
    item: AgendaItem | None
    words: str
    lines: list[dict[str, Any]]
    minutes: list[dict[str, Any]]
    presence: list[dict[str, str]]
    amended: int
    decided: list[dict[str, str]]
    listed: list[UUID]
    worded: list[AgendaItem]


def mark_of(by: Membership, sitting_id: UUID) -> str:
    """Of everything the screen shows, as far as this reader sees it; asked of every screen every
    other second. Four queries."""
    rows = [
        list(asked(by, sitting_id))
        for asked in (_sitting_rows, _item_rows, _line_rows, _attendance_rows)
    ]
    return hashlib.sha256(repr(rows).encode()).hexdigest()[:20]


@prepared
def _sitting_rows(membership: Membership, sitting_id: UUID) -> QuerySet[Sitting, Any]:
    return Sitting.objects.visible_to(membership).filter(pk=sitting_id).values_list("state")


@prepared
def _item_rows(membership: Membership, sitting_id: UUID) -> QuerySet[AgendaItem, Any]:
    found = AgendaItem.objects.visible_to(membership).filter(sitting_id=sitting_id)
    return found.order_by("pk").values_list("pk", "version", "state", "begun_at")


@prepared
def _line_rows(membership: Membership, sitting_id: UUID) -> QuerySet[MinuteLine, Any]:
    found = MinuteLine.objects.visible_to(membership).filter(item__sitting_id=sitting_id)
    counted = found.order_by("item_id").values("item_id").annotate(Count("pk"), Sum("version"))
    return counted.values_list("item_id", "pk__count", "version__sum")


@prepared
def _attendance_rows(membership: Membership, sitting_id: UUID) -> QuerySet[ItemAttendance, Any]:
    found = ItemAttendance.objects.visible_to(membership).filter(item__sitting_id=sitting_id)
    return found.order_by("pk").values_list(
        "pk", "attendance", "has_conflict", "arrived_at", "left_at", "removed_at"
    )


def now_of(by: Membership, sitting: Sitting, items: Sequence[AgendaItem], mark: str) -> Now:
    """The screen at this instant. `mark`: taken before the sitting and its items were read, so that
    what changes meanwhile is asked for again. Five queries."""
    item = current(items)
    decided = [i for i in items if i.state == enums.ItemState.DECIDED]
    return Now(
        mark=mark,
        told=_told(by, sitting, items),
        state=sitting.state,
        item=item,
        words=_words(sitting, items, item),
        lines=agenda_lines(items, item.pk if item else None),
        minutes=minute_lines(by, item) if item else [],
        presence=presence(item) if item else [],
        amended=_amended(item),
        decided=[_decided(i) for i in decided],
        listed=[i.pk for i in items],
        worded=decided,
    )


def _told(by: Membership, sitting: Sitting, items: Sequence[AgendaItem]) -> str:
    shown = [(i.pk, i.version, i.state) for i in items]
    facts = repr((timezone.localdate(), by.pk, sitting.pk, shown))
    return salted_hmac("meetings.live.told", facts).hexdigest()[:20]


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


def _amended(item: AgendaItem | None) -> int:
    """How often the role table was changed: the pack's part of the item is then fetched anew."""
    if item is None or item.plan_id is None:
        return 0
    return PlanStep.objects.filter(plan=item.plan_id, name="amend").count()


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
