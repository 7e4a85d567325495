"""議事録 of an item: write it, read its versions, approve it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from agencies.deciding import check_turn, line_words, post_due, role_words, route_of
from agencies.enums import Action, DecisionKind, Permission
from agencies.guards import MemberRequest, member
from agencies.models import Membership
from agencies.permissions import ActionDenied
from cases.models import Case
from cases.operations.case import StaleVersion
from config.lib.forms import Conflict
from meetings.forms import ApproveForm, MinutesForm
from meetings.live import minute_lines
from meetings.minutes import Minutes, minutes_of
from meetings.models import AgendaItem
from meetings.operations import (
    approve_minutes,
    joined_lines,
    see_proxy,
    why_needed,
    write_minutes,
)
from meetings.pages import sitting_row
from meetings.permissions import can, check_can_approve_minutes, check_can_run_item
from meetings.views.common import form_page, get_item, log_item, posted, secrecy


def _stale(form: Any, minutes: Minutes) -> None:
    """The form notices that another version stands, and keeps what was typed."""
    form.data = form.data.copy()
    form.data[form.add_prefix("version")] = str(minutes.number)
    form.add_error(
        None,
        _(
            "ほかの人が先に第%(n)s版を保存しました。入力した内容はまだ保存されていません。"
            "下の今の版と見くらべて、よければもう一度保存してください。"
        )
        % {"n": minutes.number},
    )


@member(Permission.READ_CASES)
@require_http_methods(["GET", "POST"])
def item_minutes(request: MemberRequest, item_id: UUID) -> HttpResponse:
    """議事録を書く: while the sitting runs, and completed from it afterwards."""
    by, item = request.membership, get_item(request, item_id)
    check_can_run_item(by, item)
    minutes = minutes_of(by, item)
    newest = minutes.newest
    initial = {
        "text": newest.text if newest else joined_lines(item, by),
        "version": minutes.number,
    }
    why = why_needed(item, newest, minutes.steps)
    form = MinutesForm(posted(request), initial=initial, why=why)
    conflicts: list[Conflict] = []
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            write_minutes(
                item=item, by=by, text=data["text"], based_on=data["version"],
                reason=data.get("reason", ""),
            )  # fmt: skip
            messages.success(request, _("議事録を保存しました。"))
            return redirect("minutes_versions", item.pk)
        except ActionDenied as error:
            form.add_error(None, str(error))
        except StaleVersion:
            _stale(form, minutes)
            saved = newest.text if newest else ""
            conflicts = [Conflict("text", _("議事録"), saved, data["text"])]
    log_item(request, item, Action.OPEN, "item_minutes")
    context = {
        "item": item,
        "row": sitting_row(item.sitting),
        **secrecy(item),
        "minutes": minutes,
        "lines": minute_lines(by, item),
        **_draft_of(by, item),
        "conflicts": conflicts,
    }
    return form_page(request, "meetings/item_minutes.html", context, form)


def _draft_of(by: Membership, item: AgendaItem) -> dict[str, Any]:
    """What is typed is kept as a draft with the case; never the words of a sealed item (V6)."""
    case = Case.objects.visible_to(by).filter(pk=item.case_id).first() if item.case_id else None
    return {"case": case, "keeps": not item.is_secret and (case is not None or not item.case_id)}


@member(Permission.READ_ITEMS)
@require_GET
def minutes_versions(request: MemberRequest, item_id: UUID) -> HttpResponse:
    """Every version, the newest first: the approved one stays readable."""
    by, item = request.membership, get_item(request, item_id)
    minutes = minutes_of(by, item)
    log_item(request, item, Action.OPEN, "minutes_versions")
    context = {
        "item": item,
        "row": sitting_row(item.sitting),
        **secrecy(item),
        "minutes": minutes,
        "is_guest": by.is_guest,
        **_doors(by, item, minutes),
    }
    return render(request, "meetings/minutes_versions.html", context)


def _doors(by: Membership, item: AgendaItem, minutes: Minutes) -> dict[str, Any]:
    """Which buttons are there, and whose turn it is."""
    waits = bool(minutes.newest) and minutes.approved != minutes.number
    post = post_due(route_of(by.municipality, DecisionKind.MINUTES), minutes.current)
    words = ""
    if post is not None and waits:
        role = role_words(by.municipality, post.role)
        words = _("「%(post)s」（%(role)s）の決裁を待っています。") % {
            "post": post.name, "role": role,
        }  # fmt: skip
    return {
        "can_write": can(check_can_run_item, by, item),
        "can_approve": waits and can(check_can_approve_minutes, by, item),
        "waits": words,
        "can_see": any(s.absent_id == by.pk and s.seen_at is None for s in minutes.steps),
    }


@member(Permission.READ_CASES)
@require_http_methods(["GET", "POST"])
def minutes_approve(request: MemberRequest, item_id: UUID) -> HttpResponse:
    """承認: the version as it stands, and what to do with it."""
    by, item = request.membership, get_item(request, item_id)
    check_can_run_item(by, item)
    if request.POST.get("act") == "seen":
        see_proxy(item=item, by=by)
        messages.success(request, _("後閲を記録しました。"))
        return redirect("minutes_versions", item.pk)
    minutes = minutes_of(by, item)
    route = route_of(by.municipality, DecisionKind.MINUTES)
    form = ApproveForm(
        posted(request), initial={"version": minutes.number}, by=by, decide=_("承認する"),
        post=post_due(route, minutes.current), is_turn=can(check_turn, by, route, minutes.current),
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        try:
            approve_minutes(
                item=item, by=by, number=form.cleaned_data["version"], act=form.chosen()
            )
            messages.success(request, _("記録しました。"))
            return redirect("minutes_versions", item.pk)
        except ActionDenied as error:
            form.add_error(None, str(error))
        except StaleVersion:
            _stale(form, minutes)
    log_item(request, item, Action.OPEN, "minutes_approve")
    context = {
        "item": item,
        "row": sitting_row(item.sitting),
        **secrecy(item),
        "minutes": minutes,
        "steps": [line_words(step) for step in minutes.current],
    }
    return form_page(request, "meetings/minutes_approve.html", context, form)
