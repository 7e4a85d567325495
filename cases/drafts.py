"""下書き as pages show them: on 今日の仕事, in their list, on the page they belong to."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext as _

from agencies.enums import Action
from agencies.models import Membership
from agencies.trail import log_access
from cases.models import Draft
from cases.titles import titles_for
from config.lib.eras import format_datetime_short
from config.lib.registry import Todo, registry

ON_HOME: Final = 5
SHOWN: Final = 50


@dataclass(frozen=True)
class DraftLine:
    """A draft as it is listed."""

    key: uuid.UUID
    title: str
    household: str  # as its writer knows it; empty where it is of no case yet
    saved: str
    url: str
    discard_url: str


def draft_lines(membership: Membership, *, limit: int = SHOWN, page: str = "") -> list[DraftLine]:
    """One's own drafts, the last first; those of one page alone. Two queries, and the log."""
    found = Draft.objects.visible_to(membership).order_by("-saved_at", "-id").defer("typed")
    if page:
        found = found.filter(page=page)
    drafts = list(found[:limit])
    titles = titles_for(membership, {d.case_id for d in drafts if d.case_id})
    if drafts:
        log_access(membership, Action.LIST, what="drafts", record_ids=[d.pk for d in drafts])
    return list(_lines(drafts, titles))


def _lines(drafts: Iterable[Draft], titles: dict[uuid.UUID, str]) -> Iterable[DraftLine]:
    for draft in drafts:
        yield DraftLine(
            key=draft.pk,
            title=draft.title,
            household=titles.get(draft.case_id, "") if draft.case_id else "",
            saved=format_datetime_short(draft.saved_at),
            url=f"{draft.page}{'&' if '?' in draft.page else '?'}draft={draft.pk}",
            discard_url=reverse("draft_discard", args=[draft.pk]),
        )


def draft_todos(membership: Membership) -> list[Todo]:
    """書きかけ on 今日の仕事. Two queries."""
    return [
        Todo(
            kind="draft",
            title=line.title,
            url=line.url,
            action=_("続きを書く"),
            detail=line.household,
            when=line.saved,
            section="begun",
        )
        for line in draft_lines(membership, limit=ON_HOME)
    ]


registry.add("todos", draft_todos, queries=2, order=15)
