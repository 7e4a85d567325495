"""中止する: what happens is said first, of what the reader may see; then what became of it."""

from __future__ import annotations

import copy
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from agencies.enums import Permission
from agencies.guards import MemberRequest, member
from agencies.models import Membership
from agencies.permissions import ActionDenied
from config.lib.eras import format_datetime
from meetings import enums
from meetings.forms import CancelForm
from meetings.models import AgendaItem, ItemStep, Sitting
from meetings.notifications import offices, standing
from meetings.operations import cancel_sitting, next_sitting
from meetings.pages import SittingRow, day_words, item_state, sitting_row
from meetings.permissions import LIVE, check_can_run
from meetings.views.common import form_page, get_sitting, items_of, posted

NOTICED = enums.SittingState.NOTICED
WAITS = (enums.ItemState.PROPOSED, enums.ItemState.NOTICED, enums.ItemState.BLOCKED)


@member(Permission.READ_CASES)
@require_http_methods(["GET", "POST"])
def sitting_cancel(request: MemberRequest, sitting_id: UUID) -> HttpResponse:
    """What happens, why, and the button. Pressed twice it is cancelled once."""
    by, sitting = request.membership, get_sitting(request, sitting_id)
    row = sitting_row(sitting)
    check_can_run(by, row.bodies)
    if sitting.state not in LIVE:
        messages.info(request, _("この会議は「%(state)s」です。") % {"state": row.state})
        return redirect("sitting_detail", sitting.pk)
    form = CancelForm(
        posted(request), is_noticed=sitting.state == NOTICED, initial={"on": sitting.on}
    )
    if request.method == "POST" and form.is_valid():
        seen = copy.copy(sitting)
        seen.on = form.cleaned_data["on"]
        try:
            cancel_sitting(sitting=seen, by=by, reason=form.cleaned_data["reason"])
            messages.success(request, _("会議を中止しました。声をかけた全員に知らせます。"))
            return redirect("sitting_detail", sitting.pk)
        except ActionDenied as error:
            form.add_error(None, str(error))
            # Shown the day as it is now: pressed again, that is what they mean.
            form.data = data = request.POST.copy()
            data["on"] = str(sitting.on or "")
    return form_page(request, "meetings/sitting_cancel.html", _confirm(by, sitting, row), form)


def _confirm(by: Membership, sitting: Sitting, row: SittingRow) -> dict[str, Any]:
    """この中止で起きること, in figures of what the reader sees; what is sealed in sentences that
    stand for every sitting of a body under 106条の6 (V6, V15)."""
    items = [item for item in items_of(by, sitting) if item.state in WAITS]
    effects: list[dict[str, Any]] = [
        {"figure": len(_told(sitting, items)), "unit": _("機関"), "text": _("に中止を知らせます。")}
    ]
    if any(body.is_secret for body in row.bodies):
        effects.append({"text": _("守秘の議題に指名された人がいれば、本人だけに知らせます。")})
    for body in row.bodies:
        count = sum(item.conference_type_id == body.pk for item in items)
        following = next_sitting(sitting, body.pk)
        where = (
            _("の議題（あなたに見えるもの）を、次の「%(body)s」（%(when)s）へ回します。")
            if following
            else _("の議題（あなたに見えるもの）は、次の「%(body)s」が決まるまで待ちます。")
        )
        when = day_words(following) if following else ""
        text = where % {"body": body.name, "when": when}
        effects.append({"figure": count, "unit": _("件"), "text": text})
    if any(body.is_secret for body in row.bodies):
        words = _("守秘の議題があれば、すぐに閉じます。次の会議の通知で開き、誓約は取り直します。")
        effects.append({"text": words})
    effects.append({"text": _("中止した会議は、元に戻せません。")})
    move = "sitting_move" if sitting.state == NOTICED else "sitting_date"
    other = reverse(move, args=[sitting.pk])
    return {"row": row, "effects": effects, "other_url": other}


def _told(sitting: Sitting, items: list[AgendaItem]) -> set[int]:
    """The agencies of the items with consent in view, who sits there anyway, and the offices."""
    found = {agency for agency, _person in offices(sitting) | standing(sitting)}
    for item in items:
        if not item.is_secret:
            found.add(item.proposing_agency_id)
            if item.state == enums.ItemState.NOTICED:
                found |= set(item.participant_ids)
    return found


def cancelled_page(
    by: Membership, sitting: Sitting, items: list[AgendaItem]
) -> tuple[dict[str, Any] | None, list[AgendaItem]]:
    """Since when, why, whether everybody was told, and where its items are now, with the items
    that went on; of what the reader sees. Two queries; none for a sitting that stands."""
    if sitting.state != enums.SittingState.CANCELLED:
        return None, []
    steps = ItemStep.objects.visible_to(by).filter(put_off_from=sitting)
    seen = AgendaItem.objects.visible_to(by).filter(pk__in=steps.values("item"))
    gone = list(
        seen.select_related("conference_type", "sitting")
        .prefetch_related("sitting__conference_types")
        .in_order()
    )
    facts = []
    if sitting.cancelled_at is not None:
        told = (
            _("%(when)sに全員に知らせました") % {"when": format_datetime(sitting.told_at)}
            if sitting.told_at
            else _("これから知らせます")
        )
        facts = [
            {"term": _("中止した日時"), "value": format_datetime(sitting.cancelled_at)},
            {"term": _("理由"), "value": sitting.cancel_reason},
            {"term": _("関係者への連絡"), "value": told},
        ]
    rows = [{**_line(item), **_place(item)} for item in gone] + [_line(item) for item in items]
    return {"facts": facts, "rows": rows}, gone


def _line(item: AgendaItem) -> dict[str, Any]:
    url = reverse("item_detail", args=[item.pk])
    return {
        "title": item.title,
        "url": url,
        "secret": item.is_secret,
        "state": item_state(item),
        "when": "",
        "sub": "",
        "next_url": "",
    }


def _place(item: AgendaItem) -> dict[str, str]:
    row = sitting_row(item.sitting)
    return {"when": row.day, "sub": f"{row.name}　{row.when}", "next_url": row.url}


def came_from(by: Membership, item: AgendaItem) -> list[dict[str, Any]]:
    """The cancelled sittings from which an item was put off, the last one first. One query."""
    steps = ItemStep.objects.visible_to(by).filter(item=item, put_off_from__isnull=False)
    found = []
    for step in steps.select_related("put_off_from").order_by("-at", "pk"):
        was = step.put_off_from
        if was is not None:  # a guest sees their own sitting alone
            value = _("%(when)sの会議（中止）") % {"when": day_words(was)}
            url = "" if by.is_guest else reverse("sitting_detail", args=[was.pk])
            found.append({"term": _("回ってきた元"), "value": value, "href": url})
    return found
