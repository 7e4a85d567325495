"""資料・情報提供依頼 (106条の6第3項) and 持ち出しの見直し: what the secretariat follows up (V6)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agencies.enums import Action, Permission
from agencies.guards import MemberRequest, member
from agencies.permissions import ActionDenied
from config.lib import fiscal
from config.lib.eras import format_long, format_short
from meetings.forms import LetterForm, ReplyForm
from meetings.models import AgendaItem, InformationRequest
from meetings.operations import Letter, end_carry_out, record_reply, request_information
from meetings.pages import REQUESTED, law_in_force, law_words, sitting_row
from meetings.permissions import check_is_listed, listed_types
from meetings.views.common import form_page, get_item, log_item, posted, secrecy


def number_words(letter: InformationRequest) -> str:
    """「令和8年度 支援会議 第4821号」."""
    return _("%(year)s %(body)s 第%(number)s号") % {
        "year": fiscal.label(letter.fiscal_year),
        "body": letter.conference_type.name,
        "number": letter.number,
    }


def letter_rows(item: AgendaItem, *, manages: bool) -> list[dict[str, Any]]:
    """依頼 of an item, on its page."""
    rows = item.requests.select_related("conference_type")
    return [_row(letter, manages=manages) for letter in rows.order_by("made_at")]


def _row(letter: InformationRequest, *, manages: bool) -> dict[str, Any]:
    late = not letter.outcome and letter.due_on < timezone.localdate()
    state, tone = _("回答待ち"), "warn"
    if letter.outcome:
        state = _("%(outcome)s　%(day)s") % {
            "outcome": letter.get_outcome_display(),
            "day": format_short(letter.replied_on) if letter.replied_on else "",
        }
        tone = "ok" if letter.outcome == "received" else ""
    return {
        "number": number_words(letter),
        "basis": law_words(law_in_force(REQUESTED, timezone.localdate(letter.made_at))),
        "addressee": letter.addressee,
        "about": letter.about,
        "asked": letter.asked,
        "reply": letter.reply,
        "due": _("期限 %(day)s") % {"day": format_short(letter.due_on)},
        "late": late,
        "state": state,
        "tone": tone,
        "print_url": reverse("letter_print", args=[letter.pk]) if manages else "",
        "reply_url": reverse("letter_reply", args=[letter.pk])
        if manages and not letter.outcome
        else "",
    }


@member(Permission.READ_CASES)
@require_http_methods(["GET", "POST"])
def letter_new(request: MemberRequest, item_id: UUID) -> HttpResponse:
    """資料・情報提供を依頼する."""
    by = request.membership
    item = get_item(request, item_id)
    check_is_listed(by, item.conference_type)
    form = LetterForm(posted(request))
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        key = data.pop("form_key")
        try:
            made = request_information(item=item, by=by, letter=Letter(**data), form_key=key)
            text = _("%(number)sとして記録しました。印刷して送ってください。")
            messages.success(request, text % {"number": number_words(made)})
            return redirect("item_detail", item.pk)
        except ActionDenied as error:
            form.add_error(None, str(error))
    log_item(request, item, Action.OPEN, "letter_new")
    context = _page(item, _("資料・情報提供の依頼"), _("依頼を記録する"))
    return form_page(request, "meetings/item_small_form.html", context, form)


def _page(item: AgendaItem, title: str, label: str) -> dict[str, Any]:
    return {
        "item": item,
        "row": sitting_row(item.sitting),
        **secrecy(item),
        "title": title,
        "label": label,
    }


def _get_letter(request: MemberRequest, letter_id: UUID) -> tuple[InformationRequest, AgendaItem]:
    letters = InformationRequest.objects.visible_to(request.membership)
    letter = get_object_or_404(letters.select_related("conference_type"), pk=letter_id)
    item = get_item(request, letter.item_id)
    check_is_listed(request.membership, item.conference_type)
    return letter, item


@member(Permission.READ_CASES)
@require_http_methods(["GET", "POST"])
def letter_reply(request: MemberRequest, letter_id: UUID) -> HttpResponse:
    """回答を記録する."""
    letter, item = _get_letter(request, letter_id)
    form = ReplyForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            record_reply(request=letter, by=request.membership, **form.cleaned_data)
            messages.success(request, _("回答を記録しました。"))
            return redirect("item_detail", item.pk)
        except ActionDenied as error:
            form.add_error(None, str(error))
    log_item(request, item, Action.OPEN, "letter_reply")
    title = _("回答を記録する　%(number)s") % {"number": number_words(letter)}
    return form_page(
        request, "meetings/item_small_form.html", _page(item, title, _("記録する")), form
    )


@member(Permission.READ_CASES)
@require_GET
def letter_print(request: MemberRequest, letter_id: UUID) -> HttpResponse:
    """資料・情報提供依頼書 on A4."""
    letter, item = _get_letter(request, letter_id)
    by = request.membership
    log_item(request, item, Action.PRINT, "letter_print")
    laws = law_in_force(REQUESTED, timezone.localdate(letter.made_at))
    context = {
        "sheet": {
            "title": _("資料・情報の提供について（依頼）"),
            "basis": law_words(laws),
            "handling": _("取扱注意"),
            "secret": True,
            "serial": number_words(letter),
            "landscape": False,
            "issued_on": format_long(letter.made_at),
            "issuer": f"{by.agency_name}　{by.user}",
        },
        "item": item,
        "letter": letter,
        "number": number_words(letter),
        "made_on": format_long(letter.made_at),
        "due_on": format_long(letter.due_on),
        "sender": item.conference_type.name,
        "office": by.agency_name,
        "laws": laws,
    }
    return render(request, "meetings/letter_print.html", context)


@member(Permission.READ_CASES)
@require_GET
def carry_out_list(request: MemberRequest) -> HttpResponse:
    """持ち出しの見直し: what is carried out of the bodies one keeps, next review first."""
    by = request.membership
    mine = listed_types(by)
    if not mine:
        raise ActionDenied(
            _("持ち出しの一覧を見るのは、今年度の事務局名簿に載り、誓約した人だけです。")
        )
    today = timezone.localdate()
    items = (
        AgendaItem.objects.visible_to(by)
        .filter(conference_type_id__in=mine, carry_out__isnull=False)
        .select_related("conference_type", "sitting")
        .order_by("carry_review_on", "pk")
    )
    rows = []
    for item in items:
        log_item(request, item, Action.LIST, "carry_out_list")
        is_over = item.carry_ended_at is not None or (
            item.carry_review_on is not None and item.carry_review_on < today
        )
        rows.append(
            {
                "title": item.title,
                "url": reverse("item_detail", args=[item.pk]),
                "body": item.conference_type.name,
                "text": item.carry_text,
                "people": item.carry_people,
                "review": format_short(item.carry_review_on) if item.carry_review_on else "",
                "days": (item.carry_review_on - today).days if item.carry_review_on else 0,
                "state": _("終わった") if is_over else _("使用中"),
                "tone": "" if is_over else "info",
                "is_over": is_over,
            }
        )
    context = {
        "running": [row for row in rows if not row["is_over"]],
        "over": [row for row in rows if row["is_over"]],
        "basis": law_words(law_in_force(["106-6"])),
    }
    return render(request, "meetings/carry_out_list.html", context)


@member(Permission.READ_CASES)
@require_POST
def carry_out_end(request: MemberRequest, item_id: UUID) -> HttpResponse:
    """持ち出しを終える."""
    item = get_item(request, item_id)
    try:
        end_carry_out(item=item, by=request.membership)
        messages.success(request, _("持ち出しを終えました。相手は、もう内容を見られません。"))
    except ActionDenied as error:
        messages.error(request, str(error))
    return redirect("item_detail", item.pk)
