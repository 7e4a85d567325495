"""What every view of the meetings room starts with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from agencies.enums import Action
from agencies.guards import MemberRequest
from agencies.models import ConferenceType, Membership
from agencies.trail import log_access
from meetings.models import AgendaItem, Sitting
from meetings.operations.common import basis_of, purpose_of
from meetings.pages import law_of, law_words


def body_tabs(bodies: Iterable[ConferenceType], chosen: str, **kept: str) -> list[dict[str, Any]]:
    """All bodies, then each; kept: what else the address says."""
    entries = [("", _("すべて")), *((str(b.pk), b.short_name or b.name) for b in bodies)]
    return [
        {
            "label": label,
            "url": "?" + urlencode(kept | ({"body": key} if key else {})),
            "current": key == chosen,
        }
        for key, label in entries
    ]


def posted(request: HttpRequest) -> QueryDict | None:
    """What was sent, also when nothing was ticked; None before anything was."""
    return request.POST if request.method == "POST" else None


def get_item(request: MemberRequest, item_id: UUID) -> AgendaItem:
    """The item, or 404: sealed and non-existent take the same path (V15)."""
    items = AgendaItem.objects.visible_to(request.membership).select_related(
        "conference_type",
        "sitting",
        "proposing_agency",
        "plan__record",
        "presenter__user",
        "presenter__agency",
    )
    return get_object_or_404(items, pk=item_id)


def get_sitting(request: MemberRequest, sitting_id: UUID) -> Sitting:
    """The sitting with its bodies, or 404."""
    sittings = Sitting.objects.visible_to(request.membership).select_related("series")
    sittings = sittings.prefetch_related("conference_types")
    return get_object_or_404(sittings, pk=sitting_id)


def items_of(membership: Membership, sitting: Sitting) -> list[AgendaItem]:
    """The items this reader may know of, in order: consent first, sealed after."""
    found = (
        AgendaItem.objects.visible_to(membership)
        .filter(sitting=sitting)
        .select_related(
            "conference_type",
            "sitting",
            "proposing_agency",
            "presenter__user",
            "presenter__agency",
        )
        .in_order()
    )
    return list(found)


def log_item(request: MemberRequest, item: AgendaItem, action: Action, what: str) -> None:
    """V10: one line for the item, with the records whose text is shown."""
    shown = [*item.material_ids, *([item.plan_id] if item.plan_id else [])]
    log_access(
        request.membership,
        action,
        what=what,
        purpose=purpose_of(item),
        basis=basis_of(item),
        case_id=item.case_id,
        item_id=item.pk,
        record_ids=dict.fromkeys(shown),
    )


def secrecy(item: AgendaItem) -> dict[str, Any]:
    """`secret` and the legal basis: on every page of a sealed item."""
    return {"secret": item.is_secret, "basis": law_words(law_of(item))}


def form_page(
    request: HttpRequest, template: str, context: dict[str, Any], form: Any
) -> HttpResponse:
    """A form: 422 when it came back with errors, so that htmx and people both notice."""
    status = 422 if form.is_bound and form.errors else 200
    return render(request, template, {**context, "form": form}, status=status)
