"""今日の仕事: puts what every room has registered into words and order. Knows no room."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.enums import Action, Permission
from agencies.models import Membership, Notice
from agencies.trail import log_access
from config.lib.eras import format_short, format_with_weekday, local_day, today
from config.lib.prepared import prepared
from config.lib.registry import Todo, registry

SECTIONS = ("due", "waiting", "changed", "begun", "side")
NOTICES = 5
# Of the sections that grow so many, the most urgent first; the rest by a link of its own.
SHOWN = 20
GROWING = ("due", "waiting", "changed")


@dataclass(frozen=True)
class Line:
    """A to-do as it is printed."""

    title: str
    url: str
    action: str
    detail: str
    when: str
    is_late: bool
    action_kind: str


@dataclass(frozen=True)
class NoticeLine:
    """A notice as it is printed."""

    key: uuid.UUID
    title: str
    url: str
    when: str
    is_unread: bool


def home_context(membership: Membership, whole: str = "") -> dict[str, Any]:
    """Everything the home page shows of this membership; whose words it shows is logged (V10).
    whole: the section to be shown to its end."""
    todos: dict[str, list[Todo]] = {name: [] for name in SECTIONS}
    for todo in registry.draw("todos", membership):
        todos[todo.section].append(todo)
    for name in ("due", "waiting"):
        todos[name].sort(key=lambda todo: todo.due_on or datetime.date.max)
    now = today()
    first = next((todo for name in ("due", "waiting") for todo in todos[name] if todo.action), None)
    late = sum(1 for todo in todos["due"] if todo.due_on and todo.due_on < now)
    shown = {
        name: rows[:SHOWN] if name in GROWING and name != whole else rows
        for name, rows in todos.items()
    }
    named = [todo.record_id for rows in shown.values() for todo in rows if todo.record_id]
    if named:
        log_access(membership, Action.LIST, what="home", record_ids=list(dict.fromkeys(named)))
    return {
        "today": format_with_weekday(now),
        "sections": {
            name: [_line(todo, now, is_first=todo is first) for todo in rows]
            for name, rows in shown.items()
        },
        "rest": {name: len(todos[name]) - len(rows) for name, rows in shown.items()},
        "due_count": len(todos["due"]),
        "late_count": late,
        "notices": notice_lines(membership, unread_only=True)[:NOTICES],
        "reads_cases": membership.may(Permission.READ_CASES),
        "empty": _empty_words(membership),
    }


def notice_lines(membership: Membership, *, unread_only: bool = False) -> list[NoticeLine]:
    """お知らせ, newest first. One query."""
    return [
        NoticeLine(
            row.pk,
            row.title,
            row.url,
            day_words(local_day(row.created_at), today()),
            row.read_at is None,
        )
        for row in _notices(membership, unread_only)
    ]


@prepared
def _notices(membership: Membership, unread_only: bool) -> QuerySet[Notice]:
    found = Notice.objects.for_desk(membership)
    if unread_only:
        found = found.unread()
    return found.order_by("-created_at", "-id")[:100]


NEAR = {0: gettext_lazy("今日"), 1: gettext_lazy("明日"), -1: gettext_lazy("昨日")}


def day_words(day: datetime.date, now: datetime.date) -> str:
    """「今日」「明日」「昨日」, else R8.5.1."""
    near = NEAR.get((day - now).days)
    return str(near) if near else format_short(day)


def _line(todo: Todo, now: datetime.date, *, is_first: bool) -> Line:
    is_late = todo.due_on is not None and todo.due_on < now
    if todo.due_on is None:
        when = todo.when
    elif is_late:
        when = _("%(days)s日超過") % {"days": (now - todo.due_on).days}
    elif todo.due_on == now:
        when = _("今日")
    else:
        when = _("%(day)sまで") % {"day": day_words(todo.due_on, now)}
    return Line(
        title=str(todo.title),
        url=todo.url,
        action=str(todo.action),
        detail=str(todo.detail),
        when=str(when),
        is_late=is_late,
        action_kind="primary" if is_first else "secondary",
    )


def _empty_words(membership: Membership) -> dict[str, str]:
    """What would stand where nothing stands, for this role."""
    if membership.may(Permission.READ_CASES):
        return {
            "title": _("いま、あなたを待っている人はいません"),
            "text": _("受け付けた相談、届いたつなぎ、会議の招集などが、ここに並びます。"),
        }
    if membership.may(Permission.READ_ITEMS):
        return {
            "title": _("いま、開いている議題はありません"),
            "text": _("誓約して開催通知が届くと、指名された議題がここに並びます。"),
        }
    if membership.may(Permission.REVIEW_ACCESS):
        return {
            "title": _("いま、点検を待つものはありません"),
            "text": _("緊急時の閲覧や新しい所属などの点検が必要になると、ここに並びます。"),
        }
    if membership.may(Permission.MANAGE_ACCOUNTS):
        return {
            "title": _("いま、手続きを待つものはありません"),
            "text": _("利用者と所属の手続きがここに並びます。ケースは表示されません。"),
        }
    return {
        "title": _("いま、期限の近い仕事はありません"),
        "text": _(
            "評価指標の入力や年次評価の期限が近づくと、ここに並びます。"
            "この役割では、ケースは表示されません。"
        ),
    }
