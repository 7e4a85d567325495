"""会議の画面: a sitting followed from any screen, and the lines written while it runs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agencies.enums import Action, Permission, Purpose
from agencies.guards import MemberRequest, in_background, member
from agencies.models import Membership
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from config.lib.forms import NOT_MY_NUMBER, IdempotencyKey
from meetings.forms import LineForm
from meetings.live import Now, mark_of, minute_lines, now_of
from meetings.models import AgendaItem, ItemDraft, MinuteLine
from meetings.operations import begin_item, keep_item_draft, write_line
from meetings.operations.common import basis_of, purpose_of
from meetings.pack import in_pack, sections
from meetings.pages import secret_words, sitting_row
from meetings.permissions import check_can_run_item
from meetings.views.common import get_item, get_sitting, items_of, secrecy

# Neither typed nor to be put back.
LEFT_OUT = frozenset({"csrfmiddlewaretoken", "draft_token", "draft_names", NOT_MY_NUMBER})
# What the form of a decision calls its fields: nothing else is kept, and nothing in a name.
FIELD = re.compile("[a-z_]+([0-9a-f-]{36})?")


@member(Permission.READ_ITEMS)
@require_GET
def sitting_live(request: MemberRequest, sitting_id: UUID) -> HttpResponse:
    """The whole screen; a guest's is that of their own items."""
    mark = mark_of(request.membership, sitting_id)
    return _screen(request, sitting_id, "meetings/sitting_live.html", mark)


@in_background
@member(Permission.READ_ITEMS)
@require_GET
def sitting_live_now(request: MemberRequest, sitting_id: UUID) -> HttpResponse:
    """Asked every other second: 204 while nothing this reader sees has changed (?seen=)."""
    mark = mark_of(request.membership, sitting_id)
    if request.GET.get("seen") == mark:
        return HttpResponse(status=204)
    told = request.GET.get("told", "")
    return _screen(request, sitting_id, "meetings/live_now.html", mark, told)


def _screen(
    request: MemberRequest, sitting_id: UUID, template: str, mark: str, told: str = ""
) -> HttpResponse:
    by = request.membership
    sitting = get_sitting(request, sitting_id)
    now = now_of(by, sitting, in_pack(items_of(by, sitting)), mark)
    row = sitting_row(sitting)
    secret_from, secret_note = secret_words(row.bodies, run=False)
    _log(request, now, told)
    context: dict[str, Any] = {
        "sitting": sitting,
        "row": row,
        "now": now,
        "secret_from": secret_from,
        "secret_note": secret_note,
        "clock": _clock(now),
        "is_guest": by.is_guest,
        **(secrecy(now.item) if now.item else {"secret": False, "basis": ""}),
    }
    return render(request, template, context)


def _clock(now: Now) -> str:
    """When the item began, on the clock of the wall."""
    if now.item is None or now.item.begun_at is None:
        return ""
    return f"{timezone.localtime(now.item.begun_at):%H:%M}"


def _log(request: MemberRequest, now: Now, told: str) -> None:
    """V10: the item in the middle each time; the agenda and the words of what was decided once, as
    long as they stand there unchanged."""
    if told != now.told:
        log_access(
            request.membership,
            Action.LIST,
            what="sitting_live",
            purpose=Purpose.PLAN_CONFERENCE,
            record_ids=now.listed,
        )
        for item in now.worded:
            _opened(request, item, "sitting_live")
    if now.item is not None:
        _opened(request, now.item, "sitting_live")


def _opened(
    request: MemberRequest, item: AgendaItem, what: str, records: Iterable[UUID] = ()
) -> None:
    log_access(
        request.membership,
        Action.OPEN,
        what=what,
        purpose=purpose_of(item),
        basis=basis_of(item),
        case_id=item.case_id,
        item_id=item.pk,
        record_ids=dict.fromkeys(records),
    )


@member(Permission.READ_ITEMS)
@require_GET
def item_brief(request: MemberRequest, item_id: UUID) -> HttpResponse:
    """Fragment: the item's part of the pack, fetched once for as long as it is talked about."""
    by = request.membership
    item = get_item(request, item_id)
    (section,) = sections(by, [item])
    _opened(request, item, "item_brief", section.record_ids)
    return render(request, "meetings/item_brief.html", {"section": section})


@member(Permission.READ_CASES)
@require_POST
def item_begin(request: MemberRequest, item_id: UUID) -> HttpResponse:
    """この議題を始める."""
    item = get_item(request, item_id)
    try:
        begin_item(item=item, by=request.membership)
    except ActionDenied as error:
        messages.error(request, str(error))
        return redirect("item_detail", item.pk)
    return redirect("item_run", item.pk)


# --- 議事メモ, and a decision half typed ---------------------------------------------------------


@in_background
@member(Permission.READ_CASES)
@require_POST
def line_keep(request: MemberRequest, item_id: UUID) -> HttpResponse:
    """Every three seconds while a line is typed: {saved: "11:52"}, or {said: why not}."""
    by = request.membership
    item = get_item(request, item_id)
    try:
        check_can_run_item(by, item)
        key = IdempotencyKey().clean(request.POST.get("form_key", ""))
        line = write_line(item=item, by=by, key=key, text=request.POST.get("line", ""))
    except ValidationError as error:
        return _said(" ".join(error.messages), 422)
    except ActionDenied as error:
        return _said(str(error), 409)
    return _saved(bool(line and line.text))


@in_background
@member(Permission.READ_CASES)
@require_POST
def decision_keep(request: MemberRequest, item_id: UUID) -> HttpResponse:
    """The same for a decision that is being typed."""
    item = get_item(request, item_id)
    typed = [
        (name, str(value))
        for name, values in request.POST.lists()
        if FIELD.fullmatch(name) and name not in LEFT_OUT and name not in ("form_key", "version")
        for value in values
    ]
    try:
        kept = keep_item_draft(item=item, by=request.membership, typed=typed)
    except ValidationError as error:
        return _said(" ".join(error.messages), 422)
    except ActionDenied as error:
        return _said(str(error), 409)
    return _saved(kept is not None)


@member(Permission.READ_CASES)
@require_GET
def decision_typed(request: MemberRequest, item_id: UUID) -> HttpResponse:
    """What was typed of the decision, for the page to put back."""
    by = request.membership
    item = get_item(request, item_id)
    draft = get_object_or_404(ItemDraft.objects.visible_to(by), item=item)
    return JsonResponse(
        {"typed": draft.typed, "saved": f"{timezone.localtime(draft.saved_at):%H:%M}"}
    )


@in_background
@member(Permission.READ_CASES)
@require_GET
def item_lines(request: MemberRequest, item_id: UUID) -> HttpResponse:
    """Fragment, asked every other second by who writes: what others have written meanwhile; 204
    while nothing has changed (?seen=)."""
    item = get_item(request, item_id)
    check_can_run_item(request.membership, item)
    listed = line_rows(request.membership, item)
    if request.GET.get("seen") == listed["mark"]:
        return HttpResponse(status=204)
    _opened(request, item, "item_lines")
    return render(request, "meetings/line_rows.html", listed)


@member(Permission.READ_CASES)
@require_http_methods(["GET", "POST"])
def line_add(request: MemberRequest, item_id: UUID) -> HttpResponse:
    """書き足す: the line is done, the next one is begun. GET: one of one's own to write on
    (?line=). By htmx the panel alone comes back."""
    by = request.membership
    item = get_item(request, item_id)
    check_can_run_item(by, item)
    _opened(request, item, "line_add")
    if request.method == "GET":
        mine = MinuteLine.objects.visible_to(by).filter(item=item, by=by)
        line = get_object_or_404(mine, pk=_key(request)) if "line" in request.GET else None
        form = LineForm(initial={"line": line.text, "form_key": line.pk}) if line else None
        return render(request, "meetings/lines.html", lines_panel(by, item, form))
    form = LineForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            write_line(item=item, by=by, key=data["form_key"], text=data["line"])
            if not request.headers.get("HX-Request"):
                return redirect(f"{reverse('item_run', args=[item.pk])}#lines")
            return render(request, "meetings/lines.html", lines_panel(by, item))
        except (ValidationError, ActionDenied) as refused:
            form.add_error("line", getattr(refused, "messages", [str(refused)]))
    return render(request, "meetings/lines.html", lines_panel(by, item, form), status=422)


def lines_panel(by: Membership, item: AgendaItem, form: LineForm | None = None) -> dict[str, Any]:
    """The lines so far, and the one being written."""
    return {"line_form": form or LineForm(), **line_rows(by, item)}


def line_rows(by: Membership, item: AgendaItem) -> dict[str, Any]:
    """The lines so far, and their mark."""
    rows = minute_lines(by, item)
    mark = hashlib.sha256(repr([(r["key"], r["text"]) for r in rows]).encode()).hexdigest()[:20]
    return {"item": item, "rows": rows, "mark": mark}


def _key(request: MemberRequest) -> UUID:
    try:
        return UUID(request.GET["line"])
    except ValueError as error:
        raise Http404 from error


def _said(words: str, status: int) -> HttpResponse:
    return JsonResponse({"said": words}, status=status)


def _saved(is_kept: bool) -> HttpResponse:
    return JsonResponse({"saved": f"{timezone.localtime():%H:%M}" if is_kept else ""})
