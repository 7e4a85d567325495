"""下書き: kept every few seconds by the page itself, gone on with, thrown away."""

from __future__ import annotations

import uuid

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import Http404, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from agencies.enums import Permission
from agencies.guards import MemberRequest, in_background, member
from agencies.permissions import ActionDenied
from cases.drafts import FIELD, NAMES, draft_lines, opened_by_another, read_token
from cases.models import Draft
from cases.operations.drafts import CLOSED, KEPT, discard_draft, read_draft, save_draft
from config.lib.eras import format_datetime_short
from config.lib.forms import NOT_MY_NUMBER

# Neither typed nor to be put back.
LEFT_OUT = frozenset({"csrfmiddlewaretoken", FIELD, NAMES})


@in_background
@member(Permission.READ_CASES)
@require_POST
def draft_save(request: MemberRequest) -> HttpResponse:
    """Answers {saved: "11:52"}, empty where nothing is typed; or {said: why not} with 409, 422."""
    token = read_token(request.POST.get(FIELD, ""))
    if token is None:
        raise Http404
    if token.membership_id != request.membership.pk:
        return _said(opened_by_another(), 409)
    try:
        with transaction.atomic():
            kept = save_draft(
                by=request.membership,
                key=token.key,
                page=token.page,
                title=token.title,
                case_id=token.case_id,
                typed=_typed(request.POST),
                is_declared=bool(request.POST.get(NOT_MY_NUMBER)),
            )
    except ValidationError as error:
        return _said(" ".join(error.messages), 422)
    except (ActionDenied, IntegrityError):
        return _said(CLOSED, 409)
    if kept.refused:
        return _said(kept.refused, 422)
    return JsonResponse({"saved": f"{timezone.localtime(kept.at):%H:%M}" if kept.at else ""})


@member(Permission.READ_CASES)
@require_GET
def draft_typed(request: MemberRequest, draft_id: uuid.UUID) -> HttpResponse:
    """What was typed, for the page to put back: {typed: [[name, value], …], saved: "11:52"}."""
    try:
        draft = read_draft(by=request.membership, key=draft_id)
    except Draft.DoesNotExist:
        raise Http404 from None
    return JsonResponse({"typed": draft.typed, "saved": format_datetime_short(draft.saved_at)})


@member(Permission.READ_CASES)
@require_GET
def draft_here(request: MemberRequest) -> HttpResponse:
    """Fragment: the drafts of the page that is open."""
    drafts = draft_lines(request.membership, page=request.GET.get("page", "")[:200] or "/")
    return render(request, "cases/draft_here.html", {"drafts": drafts})


@member(Permission.READ_CASES)
@require_GET
def draft_list(request: MemberRequest) -> HttpResponse:
    """One's own, the last first."""
    context = {"drafts": draft_lines(request.membership), "kept_days": KEPT.days}
    return render(request, "cases/draft_list.html", context)


@member(Permission.READ_CASES)
@require_POST
def draft_discard(request: MemberRequest, draft_id: uuid.UUID) -> HttpResponse:
    """捨てる."""
    if not Draft.objects.visible_to(request.membership).filter(pk=draft_id).exists():
        raise Http404
    discard_draft(by=request.membership, key=draft_id)
    return redirect("draft_list")


def _typed(data: QueryDict) -> list[tuple[str, str]]:
    """The fields as they were sent: those whoever writes has changed, an emptied one empty."""
    return [
        (name, value) for name, values in data.lists() if name not in LEFT_OUT for value in values
    ]


def _said(words: object, status: int) -> JsonResponse:
    return JsonResponse({"said": str(words)}, status=status)
