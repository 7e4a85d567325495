"""会議: the list, a sitting's cover, its day, and the steps of the office."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agencies.enums import Action, Permission, Purpose
from agencies.guards import MemberRequest, member
from agencies.models import ConferenceType, Membership
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from config.lib.digits import whole_number
from meetings import enums
from meetings.agenda import agenda_lines
from meetings.forms import AdHocForm, DateForm
from meetings.members import member_rows, members_of, tally
from meetings.models import AgendaItem, Sitting
from meetings.operations import (
    call_ad_hoc,
    close_sitting,
    open_sitting,
    send_notice,
    set_date,
)
from meetings.pages import secret_words, sitting_row
from meetings.permissions import (
    LIVE,
    can,
    check_can_call,
    check_can_decide,
    check_can_run,
    check_can_run_item,
    is_office,
    listed_types,
)
from meetings.seriespage import deadline_rows
from meetings.views.answers import answer_panel, asked_items
from meetings.views.cancelling import cancelled_page
from meetings.views.common import body_tabs, form_page, get_sitting, items_of, posted

PAST_SHOWN = 30
S = enums.SittingState


@member(Permission.READ_CASES)
@require_GET
def sitting_list(request: MemberRequest) -> HttpResponse:
    """Coming, without a day, past; by body. A day and a room: no case stands here."""
    by = request.membership
    bodies = _bodies(by)
    chosen = request.GET.get("body", "")
    sittings = Sitting.objects.visible_to(by).prefetch_related("conference_types")
    if (body := whole_number(chosen, digits=18)) is not None:
        sittings = sittings.filter(conference_types=body)
    # A cancelled sitting stands on its day until that is over: nobody goes there in vain.
    ended = Q(state=S.CLOSED) | Q(state=S.CANCELLED) & ~Q(on__gte=timezone.localdate())
    coming = sittings.filter(on__isnull=False).exclude(ended).order_by("on", "starts_at")
    undated = sittings.filter(state=S.UNDATED).order_by("month")
    past = sittings.filter(ended).order_by("-month", "-on")[: PAST_SHOWN + 1]
    past_rows = [sitting_row(s) for s in past]
    log_access(by, Action.LIST, what="sitting_list", purpose=Purpose.PLAN_CONFERENCE)
    return render(
        request,
        "meetings/sitting_list.html",
        {
            "coming": [sitting_row(s) for s in coming],
            "undated": [sitting_row(s) for s in undated],
            "past": past_rows[:PAST_SHOWN],
            "past_more": len(past_rows) > PAST_SHOWN,
            "tabs": body_tabs(bodies, chosen),
            "calendar_url": reverse("sitting_calendar") + (f"?body={body}" if body else ""),
            "can_call": any(can(check_can_call, by, [body]) for body in bodies),
            "may_propose": by.may(Permission.WRITE_RECORDS),
            "has_lists": any(body.is_secret for body in bodies),
        },
    )


def _bodies(by: Membership) -> list[ConferenceType]:
    return list(ConferenceType.objects.running_in(by.municipality))


@member(Permission.READ_CASES)
@require_http_methods(["GET", "POST"])
def sitting_new(request: MemberRequest) -> HttpResponse:
    """臨時の会議を開く."""
    by = request.membership
    bodies = [b for b in _bodies(by) if can(check_can_call, by, [b])]
    if not bodies:
        raise ActionDenied(_("臨時の会議を開けるのは、その会議の主催機関と事務局だけです。"))
    form = AdHocForm(posted(request), bodies=bodies)
    if request.method == "POST" and form.is_valid():
        chosen = [b for b in bodies if str(b.pk) in form.cleaned_data["conference_types"]]
        try:
            sitting = call_ad_hoc(
                by=by,
                conference_types=chosen,
                on=form.cleaned_data["on"],
                starts_at=form.cleaned_data["starts_at"],
                ends_at=form.cleaned_data["ends_at"],
                place=form.cleaned_data["place"],
                form_key=form.cleaned_data["form_key"],
            )
            messages.success(request, _("臨時の会議を作りました。次は議題を出します。"))
            return redirect("sitting_detail", sitting.pk)
        except ActionDenied as error:
            form.add_error("on" if "日" in str(error) else None, str(error))
    return form_page(
        request,
        "meetings/sitting_form.html",
        {
            "title": _("臨時の会議を開く"),
            "label": _("会議を作る"),
            "row": None,
        },
        form,
    )


@member(Permission.READ_CASES)
@require_GET
def sitting_detail(request: MemberRequest, sitting_id: UUID) -> HttpResponse:
    """The cover: each reader only their own items, counted among what they see (V6)."""
    by = request.membership
    sitting = get_sitting(request, sitting_id)
    row = sitting_row(sitting)
    items = items_of(by, sitting)
    runs = can(check_can_run, by, row.bodies)
    secret_from, secret_note = secret_words(row.bodies, run=False)
    cancelled, gone = cancelled_page(by, sitting, items)
    asked = asked_items(by, sitting) if sitting.state == S.NOTICED else []
    answer = answer_panel(by, asked)
    log_access(
        by,
        Action.LIST,
        what="sitting_detail",
        purpose=Purpose.PLAN_CONFERENCE,
        record_ids=[item.pk for item in [*items, *gone]],
    )
    return render(
        request,
        "meetings/sitting_detail.html",
        {
            "sitting": sitting,
            "row": row,
            "lines": agenda_lines(items),
            "deadlines": deadline_rows(sitting, by.municipality),
            "secret_from": secret_from,
            "secret_note": secret_note,
            "runs": runs,
            "next": _next_of(by, sitting, items, runs, waits=bool(answer and answer["waits"])),
            "answer": answer,
            "members": [] if cancelled else _members(by, items, row.bodies),
            "can_propose": by.may(Permission.WRITE_RECORDS) and sitting.state in LIVE,
            "can_add": runs and sitting.state == S.OPEN and by.may(Permission.WRITE_RECORDS),
            "can_date": runs and sitting.state in (S.UNDATED, S.PLANNED),
            # By the list and the body alone, never because something sealed is there (V6).
            "has_copies": (runs and any(not body.is_secret for body in row.bodies))
            or bool(listed_types(by) & {body.pk for body in row.bodies}),
            "has_minutes": sitting.state in (S.OPEN, S.CLOSED)
            and any(not item.is_secret for item in items),
            "can_move": runs and sitting.state == S.NOTICED,
            "can_notice_again": runs
            and sitting.state == S.NOTICED
            and any(item.state == enums.ItemState.PROPOSED for item in items),
            "can_order": runs and sitting.state in (*LIVE, S.OPEN),
            "can_cancel": runs and sitting.state in LIVE,
            "cancelled": cancelled,
        },
    )


def _members(
    by: Membership, items: list[AgendaItem], bodies: Iterable[ConferenceType]
) -> list[dict[str, Any]]:
    """出席する人 of each item in view; how many come is told to the office (V15)."""
    listed = listed_types(by)
    offices = {body.pk for body in bodies if is_office(by, body)} | listed
    found = []
    for key, members in members_of(by, items).items():
        item = next(item for item in items if item.pk == key)
        if members and (not item.is_secret or item.conference_type_id in listed):
            found.append(
                {
                    "title": item.title,
                    "rows": member_rows(members),
                    "tally": tally(members) if item.conference_type_id in offices else "",
                }
            )
    return found


def _next_of(
    by: Membership, sitting: Sitting, items: list[AgendaItem], runs: bool, *, waits: bool
) -> dict[str, Any]:
    """次にすること: one sentence; `step` is what its button posts, `url` where it leads."""
    if waits and not runs:
        return {
            "text": _("この会議に出られるかどうかを、返事してください。"),
            "label": _("出欠を返事する"),
            "step": "",
            "url": "#answer",
            "wait": False,
        }
    waiting = {"text": "", "label": "", "step": "", "url": "", "wait": True}
    state = sitting.state
    if not runs:
        texts: dict[str, str] = {
            S.UNDATED: _("事務局が日程を決めるのを待っています。"),
            S.PLANNED: _("開催通知を待っています。それまで議題を出せます。"),
            S.NOTICED: _("開催日を待っています。"),
            S.OPEN: _(
                "会議が開かれています。いまの議題、資料、決まったことが、会議の画面に出ます。"
            ),
        }
        follow = {}
        if state == S.OPEN and items:
            url = reverse("sitting_live", args=[sitting.pk])
            follow = {"label": _("会議の画面を開く"), "url": url, "wait": False}
        return {**waiting, "text": texts.get(state, ""), **follow}
    left = [i for i in items if i.state in (enums.ItemState.PROPOSED, enums.ItemState.NOTICED)]
    if state == S.UNDATED:
        return {
            **waiting,
            "wait": False,
            "text": _("日程が決まっていません。開庁日から選んで決めます。"),
            "label": _("日程を決める"),
            "url": reverse("sitting_date", args=[sitting.pk]),
        }
    if state == S.PLANNED:
        return {
            **waiting,
            "wait": False,
            "step": "notice",
            "label": _("開催通知を送る"),
            "text": _notice_words(len(left)),
        }
    if state == S.NOTICED and sitting.on is not None and sitting.on <= timezone.localdate():
        return {
            **waiting,
            "wait": False,
            "step": "open",
            "label": _("会議を始める"),
            "text": _("開催日です。同意をもう一度確かめてから始めます。"),
        }
    if state == S.NOTICED:
        return {**waiting, "text": _("開催通知を送りました。開催日になると始められます。")}
    if state == S.OPEN and left:
        return {**waiting, **_next_item(by, sitting, left)}
    if state == S.OPEN:
        return {
            **waiting,
            "wait": False,
            "step": "close",
            "label": _("会議を終える"),
            "text": _(
                "すべての議題に決定があります。終えると、決定は直せません。議事録は、そのあとに整えて承認します。"
            ),
        }
    return waiting


def _notice_words(count: int) -> str:
    if not count:
        return _("あなたに見える議題はまだありません。議題がそろってから、開催通知を送ります。")
    return _(
        "議題%(n)s件で開催通知を送ります。同意をもう一度確かめ、守秘の議題はここから開きます。"
    ) % {"n": count}


def _next_item(by: Membership, sitting: Sitting, left: list[AgendaItem]) -> dict[str, Any]:
    """Where the reader can work: items with consent first, then the sealed ones they decide, then
    what has to be taken back because its notice never went out."""
    text = _("決定していない議題が%(n)s件あります。") % {"n": len(left)}
    mine = [item for item in left if can(check_can_decide, by, item)]
    url = reverse("sitting_run", args=[sitting.pk])
    if any(not item.is_secret for item in mine):
        return {"wait": False, "text": text, "label": _("議題を進める"), "url": url}
    if mine:
        return {
            "wait": False,
            "text": _("残りは守秘の議題%(n)s件です。構成員がそろったら進めます。")
            % {"n": len(mine)},
            "label": _("守秘の議題を進める"),
            "url": f"{url}?sealed=1",
        }
    late = next((item for item in left if can(check_can_run_item, by, item)), None)
    if late is None:
        return {"text": _("残りの議題は、その議題の事務局が決定します。")}
    return {
        "wait": False,
        "text": _("開催通知のあとに出た議題は、この会議では決定できません。取り下げます。"),
        "label": _("議題を開く"),
        "url": reverse("item_detail", args=[late.pk]),
    }


@member(Permission.READ_CASES)
@require_http_methods(["GET", "POST"])
def sitting_date(request: MemberRequest, sitting_id: UUID) -> HttpResponse:
    """日程を決める・変える."""
    sitting = get_sitting(request, sitting_id)
    row = sitting_row(sitting)
    check_can_run(request.membership, row.bodies)
    initial = {name: getattr(sitting, name) for name in ("on", "starts_at", "ends_at", "place")}
    form = DateForm(posted(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            set_date(sitting=sitting, by=request.membership, **form.cleaned_data)
            messages.success(request, _("日程を決めました。"))
            return redirect("sitting_detail", sitting.pk)
        except ActionDenied as error:
            form.add_error("on", str(error))
    return form_page(
        request,
        "meetings/sitting_form.html",
        {
            "title": _("日程を決める"),
            "label": _("日程を決める"),
            "row": row,
        },
        form,
    )


STEPS = {
    "notice": (send_notice, _("開催通知を送りました。")),
    "open": (open_sitting, _("会議を始めました。")),
    "close": (close_sitting, _("会議を終えました。")),
}


@member(Permission.READ_CASES)
@require_POST
def sitting_step(request: MemberRequest, sitting_id: UUID, step: str) -> HttpResponse:
    """Notice, open, close: one operation each."""
    if step not in STEPS:
        raise Http404
    sitting = get_sitting(request, sitting_id)
    operation, done = STEPS[step]
    try:
        operation(sitting=sitting, by=request.membership)
    except ActionDenied as error:
        messages.error(request, str(error))
        return redirect("sitting_detail", sitting.pk)
    messages.success(request, done)
    return redirect("sitting_run" if step == "open" else "sitting_detail", sitting.pk)
