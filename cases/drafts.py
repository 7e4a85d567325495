"""下書き as pages show them: on 今日の仕事, in their list, on the page they belong to.

A page says itself what it is, on which case and for whom it was opened: signed, so that what is
kept later is kept there and by whoever it was opened for.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.core import signing
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from agencies.enums import Action
from agencies.models import Membership
from agencies.trail import log_access
from cases.models import Draft
from cases.titles import titles_for
from config.lib.eras import format_datetime_short
from config.lib.prepared import prepared
from config.lib.registry import Todo, registry

ON_HOME: Final = 5
SHOWN: Final = 50
PAGE_LIMIT: Final = 200  # of the column
SALT: Final = "cases.draft"
FIELD: Final = "draft_token"
NAMES: Final = "draft_names"  # the fields whoever writes has changed, with a blank between


@dataclass(frozen=True)
class DraftToken:
    """What a form is kept under: its key, for whom, where, what it is called, on which case."""

    key: uuid.UUID
    membership_id: uuid.UUID
    page: str
    title: str
    case_id: uuid.UUID | None

    def signed(self) -> str:
        """As it stands in the page."""
        words = [str(one) if one else "" for one in dataclasses.astuple(self)]
        return signing.dumps(words, salt=SALT)


def page_with_query(request: HttpRequest) -> str:
    """The address of a form whose query says what it asks, as its drafts keep it."""
    query = request.GET.copy()
    query.pop("draft", None)
    page = f"{request.path}?{query.urlencode()}" if query else request.path
    return page if len(page) <= PAGE_LIMIT else request.path


def read_token(text: str) -> DraftToken | None:
    """The token as a page signed it; None for anything else."""
    try:
        key, membership, page, title, case = signing.loads(text, salt=SALT)
    except (signing.BadSignature, ValueError):
        return None
    return DraftToken(
        uuid.UUID(key), uuid.UUID(membership), page, title, uuid.UUID(case) if case else None
    )


def opened_by_another() -> str:
    """Why nothing typed here is taken: whoever acts now is not who opened the page."""
    return _(
        "この画面は、別の人または別の所属で開いたものです。"
        "書いた内容を写してから、画面を開きなおしてください。"
    )


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
    lines = _lines(membership, _drafts(membership, page, limit))
    if lines:
        log_access(membership, Action.LIST, what="drafts", record_ids=[one.key for one in lines])
    return lines


def _drafts(membership: Membership, page: str, limit: int) -> QuerySet[Draft]:
    return _last(membership, limit) if not page else _own(membership).filter(page=page)[:limit]


def _own(membership: Membership) -> QuerySet[Draft]:
    return Draft.objects.visible_to(membership).order_by("-saved_at", "-id").defer("typed")


@prepared
def _last(membership: Membership, limit: int) -> QuerySet[Draft]:
    return _own(membership)[:limit]


def _lines(membership: Membership, found: Iterable[Draft]) -> list[DraftLine]:
    drafts = list(found)
    titles = titles_for(membership, {d.case_id for d in drafts if d.case_id})
    return [
        DraftLine(
            key=draft.pk,
            title=draft.title,
            household=titles.get(draft.case_id, "") if draft.case_id else "",
            saved=format_datetime_short(draft.saved_at),
            url=f"{draft.page}{'&' if '?' in draft.page else '?'}draft={draft.pk}",
            discard_url=reverse("draft_discard", args=[draft.pk]),
        )
        for draft in drafts
    ]


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
            record_id=line.key,
        )
        for line in _lines(membership, _last(membership, ON_HOME))
    ]


registry.add("todos", draft_todos, queries=2, order=15)
