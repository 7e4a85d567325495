"""出欠: whoever was asked answers, for a sitting's items or for one (a guest knows no sitting)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from agencies.enums import Action, Permission, Purpose
from agencies.guards import MemberRequest, member
from agencies.models import Membership
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from meetings.forms import AnswerForm
from meetings.members import Member, members_of
from meetings.models import AgendaItem, Sitting
from meetings.operations import answer_sitting, asked_of
from meetings.pages import sitting_row
from meetings.views.common import form_page, get_item, get_sitting, log_item, posted, secrecy


def own_answers(by: Membership, items: Sequence[AgendaItem]) -> dict[UUID, Member]:
    """What `by` has answered so far: its agency with consent, themself under secrecy."""
    keys = {f"a:{by.agency_id}", f"m:{by.pk}"}
    return {
        item: member
        for item, members in members_of(by, items).items()
        for member in members
        if member.key in keys
    }


def asked_items(by: Membership, sitting: Sitting) -> list[AgendaItem]:
    """The items of this sitting for which `by` was asked, in order. One query."""
    found = asked_of(by).filter(sitting=sitting).select_related("conference_type", "sitting")
    return list(found.in_order())


def answer_panel(by: Membership, items: Sequence[AgendaItem]) -> dict[str, Any] | None:
    """出欠 on the page of a sitting or an item: the form, and whether anything waits."""
    if not items:
        return None
    said = own_answers(by, items)
    waiting = [item for item in items if item.pk not in said or not said[item.pk].answer]
    return {
        "form": AnswerForm(items=items, said=said),
        "waits": bool(waiting),
        "rows": [
            {"title": item.title, "member": said[item.pk]} for item in items if item.pk in said
        ],
        "has_secret": any(item.is_secret for item in items),
    }


@member(Permission.READ_CASES)
@require_http_methods(["GET", "POST"])
def sitting_answer(request: MemberRequest, sitting_id: UUID) -> HttpResponse:
    """出欠を返事する, for all the items one was asked for."""
    by, sitting = request.membership, get_sitting(request, sitting_id)
    items = asked_items(by, sitting)
    if not items:
        messages.info(request, _("この会議で、いま出欠をたずねている議題はありません。"))
        return redirect("sitting_detail", sitting.pk)
    form = AnswerForm(posted(request), items=items, said=own_answers(by, items))
    if request.method == "POST" and form.is_valid() and _answer(request, sitting, form):
        return redirect("sitting_detail", sitting.pk)
    log_access(
        by,
        Action.LIST,
        what="sitting_answer",
        purpose=Purpose.PLAN_CONFERENCE,
        record_ids=[item.pk for item in items],
    )
    context = {"row": sitting_row(sitting), "back": sitting_row(sitting).url, "secret": False}
    return form_page(request, "meetings/answer.html", context, form)


@member(Permission.READ_ITEMS)
@require_http_methods(["GET", "POST"])
def item_answer(request: MemberRequest, item_id: UUID) -> HttpResponse:
    """出欠を返事する, for one item."""
    by, item = request.membership, get_item(request, item_id)
    if not asked_of(by).filter(pk=item.pk).exists():
        messages.info(request, _("この議題では、いま出欠をたずねていません。"))
        return redirect("item_detail", item.pk)
    form = AnswerForm(posted(request), items=[item], said=own_answers(by, [item]))
    if request.method == "POST" and form.is_valid() and _answer(request, item.sitting, form):
        return redirect("item_detail", item.pk)
    log_item(request, item, Action.OPEN, "item_answer")
    context = {
        "row": sitting_row(item.sitting),
        "back": reverse("item_detail", args=[item.pk]),
        **secrecy(item),
    }
    return form_page(request, "meetings/answer.html", context, form)


def _answer(request: MemberRequest, sitting: Sitting, form: AnswerForm) -> bool:
    try:
        answer_sitting(sitting=sitting, by=request.membership, replies=form.replies())
    except ActionDenied as error:
        form.add_error(None, str(error))
        return False
    messages.success(request, _("出欠を返事しました。会議が始まるまで変えられます。"))
    return True
