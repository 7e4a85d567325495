"""What becomes of a paper for another municipality: everybody's consent, how it went, what came
back. The papers themselves are written in cases.views.moveout."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from agencies.enums import Action, Permission
from agencies.guards import MemberRequest, member
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases import enums
from cases.forms.moveout import (
    MoveOutAnswerForm,
    MoveOutCancelForm,
    MoveOutReceiptForm,
    MoveOutSendForm,
)
from cases.models import MoveOut, Person
from cases.moveoutpage import move_out_page, sheet_of
from cases.operations import (
    answer_move_out,
    cancel_move_out,
    receive_move_out,
    return_move_out,
    send_move_out,
)
from cases.operations.consentterms import needs_proxy
from cases.operations.moveout import last_answers, missing_of
from cases.permissions import check_can_change_move_out, check_can_move_out
from cases.views.subject import Subject, form_page, is_fit, subject
from config.lib.eras import today

STATES = enums.MoveOutState
ANSWERS = enums.MoveOutAnswerKind
both = require_http_methods(["GET", "POST"])


@member(Permission.READ_CASES)
@require_GET
def move_out_detail(request: MemberRequest, record_id: uuid.UUID) -> HttpResponse:
    """The paper, who has agreed to it, what is next."""
    paper, on = _found(request, record_id, "move_out_detail")
    page = move_out_page(request.membership, paper, on.persons)
    context = {"case": on.case, "title": on.title, "page": page, "paper": paper.paper}
    return render(request, "cases/move_out_detail.html", context)


@member(Permission.READ_CASES)
@require_GET
def move_out_print(request: MemberRequest, record_id: uuid.UUID) -> HttpResponse:
    """The paper on A4: to be shown and signed; once everybody agrees, as it goes."""
    paper, _on = _found(request, record_id, "move_out_print", Action.PRINT)
    context = {
        "paper": paper.paper,
        "move_out": paper,
        "sheet": sheet_of(request.membership, paper),
    }
    return render(request, "cases/move_out_print.html", context)


@member(Permission.RECORD_CONSENT)
@both
def move_out_answer(
    request: MemberRequest, record_id: uuid.UUID, person_id: uuid.UUID
) -> HttpResponse:
    """What one person says to it; who agreed can take it back."""
    paper, on = _found(request, record_id, "move_out_answer")
    person = _told_of(paper, on, person_id)
    last = last_answers(paper, request.membership).get(person.pk)
    has_given = last is not None and last.answer == ANSWERS.GIVEN
    open_in = [s for s in STATES if s != STATES.CANCELLED] if has_given else [STATES.PREPARED]
    check_can_change_move_out(request.membership, paper, *open_in)
    answers = [ANSWERS.WITHDRAWN] if has_given else [ANSWERS.GIVEN, ANSWERS.REFUSED]
    form = MoveOutAnswerForm(request.POST or None, answers=answers, initial={"given_on": today()})
    if request.method == "POST" and is_fit(form, on.case.pk, [person.pk]):
        try:
            answer_move_out(paper=paper, by=request.membership, person=person, **form.cleaned_data)
        except ActionDenied as error:
            form.add_error(None, str(error))
        else:
            told = _("%(name)sの答えを記録しました。") % {"name": person.shown_name}
            messages.success(request, told)
            return redirect("move_out_detail", paper.pk)
    return form_page(
        request, "cases/move_out_answer.html", on, form,
        paper=paper, person=person, has_given=has_given, has_gone=paper.state != STATES.PREPARED,
        is_child=needs_proxy(person, request.membership, today()),
        age=request.membership.municipality.consent_age,
    )  # fmt: skip


def _told_of(paper: MoveOut, on: Subject, person_id: uuid.UUID) -> Person:
    if person_id not in paper.record.person_ids or person_id not in on.persons:
        raise Http404
    return on.persons[person_id]


@member(Permission.WRITE_RECORDS)
@both
def move_out_send(request: MemberRequest, record_id: uuid.UUID) -> HttpResponse:
    """It goes, or has just gone: with everybody's consent, or not at all."""
    paper, on = _found(request, record_id, "move_out_send")
    check_can_move_out(request.membership, on.case)
    check_can_change_move_out(request.membership, paper, STATES.PREPARED)
    form = MoveOutSendForm(request.POST or None, initial={"on": today()})
    if request.method == "POST" and form.is_valid():
        try:
            send_move_out(paper=paper, by=request.membership, **form.cleaned_data)
        except ActionDenied as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("出したことを記録しました。返事があったら記録します。"))
            return redirect("move_out_detail", paper.pk)
    missing = missing_of(paper, last_answers(paper, request.membership))
    names = [on.persons[key].shown_name for key in missing if key in on.persons]
    return form_page(
        request, "cases/move_out_send.html", on, form,
        paper=paper, missing="・".join(names), consequences=_consequences(paper),
    )  # fmt: skip


def _consequences(paper: MoveOut) -> list[dict[str, object]]:
    to = _("のことが、%(to)sへ出ます。") % {"to": paper.address}
    return [
        {"figure": len(paper.record.person_ids), "unit": _("人"), "text": to},
        {"text": _("出したあとは、取りやめることも変えることもできません。")},
        {"text": _("出した内容はそのまま残り、開示の記録に載ります。")},
    ]


@member(Permission.WRITE_RECORDS)
@both
def move_out_receipt(request: MemberRequest, record_id: uuid.UUID) -> HttpResponse:
    """The other municipality has it, or sent it back."""
    paper, on = _found(request, record_id, "move_out_receipt")
    check_can_change_move_out(request.membership, paper, STATES.SENT)
    form = MoveOutReceiptForm(request.POST or None, initial={"on": today()})
    if request.method == "POST" and is_fit(form, on.case.pk, paper.record.person_ids):
        try:
            _answered(request, paper, form)
        except ActionDenied as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("転出先の返事を記録しました。"))
            return redirect("move_out_detail", paper.pk)
    return form_page(request, "cases/move_out_receipt.html", on, form, paper=paper)


def _answered(request: MemberRequest, paper: MoveOut, form: MoveOutReceiptForm) -> None:
    data, by = form.cleaned_data, request.membership
    if data["outcome"] == STATES.RECEIVED:
        receive_move_out(paper=paper, by=by, on=data["on"], who=data["who"])
    else:
        return_move_out(paper=paper, by=by, on=data["on"], reason=data["reason"])


@member(Permission.WRITE_RECORDS)
@both
def move_out_cancel(request: MemberRequest, record_id: uuid.UUID) -> HttpResponse:
    """取りやめ, before it went; it stays to be read."""
    paper, on = _found(request, record_id, "move_out_cancel")
    check_can_change_move_out(request.membership, paper, STATES.PREPARED)
    form = MoveOutCancelForm(request.POST or None)
    if request.method == "POST" and is_fit(form, on.case.pk, paper.record.person_ids):
        try:
            cancel_move_out(paper=paper, by=request.membership, reason=form.cleaned_data["reason"])
        except ActionDenied as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("引継ぎを取りやめました。紙は外へ出ていません。"))
            return redirect("move_out_detail", paper.pk)
    return form_page(request, "cases/move_out_cancel.html", on, form, paper=paper)


def _found(
    request: MemberRequest, record_id: uuid.UUID, what: str, action: Action = Action.OPEN
) -> tuple[MoveOut, Subject]:
    """A paper of one's own agency; its look logged with what it quotes (V10)."""
    rows = MoveOut.objects.visible_to(request.membership)
    rows = rows.select_related("record__case", "record__author_agency", "sent_by", "answered_by")
    paper: MoveOut = get_object_or_404(rows, pk=record_id)
    on = subject(request, paper.record.case_id, what)
    paper.record.case = on.case
    keys = [paper.pk, *paper.quoted_ids]
    log_access(request.membership, action, what=what, case_id=on.case.pk, record_ids=keys)
    return paper, on
