"""A record by itself, whom it is shown to (供覧, 知らせる), its next step; これまで as a page."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agencies.enums import Action, Permission
from agencies.guards import MemberRequest, member
from agencies.permissions import check_may
from agencies.trail import log_access
from cases import enums
from cases.caselines import file_lines
from cases.casepage import entry_of
from cases.explain import explain_case, explain_record
from cases.forms.asking import AskForm
from cases.forms.timeline import TimelineForm
from cases.models import NoteTask, ReadRequest, Record
from cases.nextsteps import requests_for
from cases.operations import ask_to_read, confirm_read, end_requests, finish_task
from cases.operations.case import persons_by_key
from cases.permissions import can, check_can_finish
from cases.reading import readers, sendings
from cases.recordtitles import entries_of
from cases.timeline import choices_for, timeline_page
from cases.titles import household_title
from cases.views.subject import Subject, case_or_404, form_page, subject
from config.lib.eras import format_datetime_short, format_short


def _standing(request: MemberRequest, record_id: uuid.UUID) -> Record:
    """A record that one reads outside any sitting (V6)."""
    found = Record.objects.standing_with(request.membership).select_related(
        "case__responsible_agency", "author_agency", "author__user"
    )
    record: Record = get_object_or_404(found, pk=record_id)
    return record


@member(Permission.READ_CASES)
@require_GET
def record_detail(request: MemberRequest, record_id: uuid.UUID) -> HttpResponse:
    """The record, its files, its next step, and who has looked at it. The look is the receipt."""
    membership = request.membership
    record = _standing(request, record_id)
    case = record.case
    persons = persons_by_key(membership, case)
    log_access(
        membership,
        Action.OPEN,
        what="record_detail",
        basis=explain_record(membership, record).basis,
        case_id=case.pk,
        record_ids=[record.pk],
    )
    entry = entries_of(membership, case, [record])[record.pk]
    files = file_lines(membership, [record.pk]).get(record.pk, [])
    mine = ReadRequest.objects.standing_with(membership).filter(
        record=record, membership_id=membership.pk, ended_at__isnull=True
    )
    waits = requests_for(membership).filter(record=record, kind=enums.RequestKind.CIRCULATION)
    may_ask = membership.may(Permission.WRITE_RECORDS)
    context = {
        "case": case,
        "title": household_title(persons.values()),
        "record": record,
        "entry": entry_of(entry, record, persons, files, {}),
        "author": str(record.author.user),
        "may_confirm": waits.exists(),
        "was_asked": mine.exists(),
        "sendings": sendings(membership, record, readers(membership, record, case)),
        "may_ask": may_ask,
        "task": _task(request, record),
    }
    return render(request, "cases/record_detail.html", context)


def _task(request: MemberRequest, record: Record) -> dict[str, Any] | None:
    """The next step of the note, as it is printed."""
    rows = NoteTask.objects.standing_with(request.membership).select_related(
        "membership__user", "membership__agency", "agency", "done_by__user", "record__note"
    )
    task = rows.filter(pk=record.pk).filter(record__note__next_step__gt="").first()
    if task is None:
        return None
    who = str(task.membership.user) if task.membership else _("機関のだれか")
    done = ""
    if task.done_at and task.done_by:
        done = _("済み %(at)s　%(name)s") % {
            "at": format_datetime_short(task.done_at),
            "name": task.done_by.user,
        }
    return {
        "step": task.record.note.next_step,
        "who": f"{task.agency.name}　{who}",
        "due": _("%(day)sまで") % {"day": format_short(task.due_on)} if task.due_on else "",
        "done": done,
        "may_finish": can(check_can_finish, request.membership, record, task),
    }


@member(Permission.READ_CASES)
@require_http_methods(["GET", "POST"])
def record_ask(request: MemberRequest, record_id: uuid.UUID) -> HttpResponse:
    """知らせる・供覧: choose whom, among those who may read it."""
    record = _standing(request, record_id)
    check_may(request.membership, Permission.WRITE_RECORDS)
    on = subject(request, record.case_id, "record_ask")
    people = readers(request.membership, record, record.case)
    form = AskForm(
        request.POST or None, people=people, own_agency=request.membership.agency_id,
        initial={"how": "mention"},
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        how = form.cleaned_data["how"]
        kind = enums.RequestKind.MENTION if how == "mention" else enums.RequestKind.CIRCULATION
        ask_to_read(
            record=record,
            by=request.membership,
            people=form.chosen(),
            kind=kind,
            in_turn=how == "in_turn",
            batch=form.cleaned_data["batch"],
        )
        messages.success(
            request, _("相手の「今日の仕事」に出しました。だれが見たかは、ここで分かります。")
        )
        return redirect("record_detail", record_id=record.pk)
    return _ask_page(request, on, form, record, has_people=bool(people))


def _ask_page(
    request: MemberRequest, on: Subject, form: AskForm, record: Record, *, has_people: bool
) -> HttpResponse:
    shown = {
        "key": record.pk,
        "words": f"{record.get_kind_display()}　{record.names(on.persons)}",
        "when": format_datetime_short(record.happened_at),
    }
    return form_page(request, "cases/record_ask.html", on, form, shown=shown, has_people=has_people)


@member(Permission.READ_CASES)
@require_POST
def record_confirm(request: MemberRequest, record_id: uuid.UUID) -> HttpResponse:
    """確認しました."""
    confirm_read(record=_standing(request, record_id), by=request.membership)
    messages.success(request, _("確認しました。"))
    return redirect("record_detail", record_id=record_id)


@member(Permission.READ_CASES)
@require_POST
def requests_end(request: MemberRequest, record_id: uuid.UUID, batch: uuid.UUID) -> HttpResponse:
    """とりやめる."""
    end_requests(record=_standing(request, record_id), batch=batch, by=request.membership)
    messages.success(request, _("まだの人への依頼をとりやめました。"))
    return redirect("record_detail", record_id=record_id)


@member(Permission.READ_CASES)
@require_POST
def task_finish(request: MemberRequest, record_id: uuid.UUID) -> HttpResponse:
    """済みにする, or 済みを取り消す."""
    tasks = NoteTask.objects.standing_with(request.membership).select_related(
        "record__case", "membership__user", "membership__agency"
    )
    task = get_object_or_404(tasks, pk=record_id)
    is_done = "undo" not in request.POST
    finish_task(task=task, by=request.membership, is_done=is_done)
    done = _("済みにしました。") if is_done else _("済みを取り消しました。")
    messages.success(request, done)
    return redirect("record_detail", record_id=record_id)


@member(Permission.READ_CASES)
@require_http_methods(["GET", "POST"])
def case_timeline(request: MemberRequest, case_id: uuid.UUID) -> HttpResponse:
    """これまで, filtered; words are sent by POST, because what is looked for is personal data."""
    case = case_or_404(request.membership, case_id)
    persons = persons_by_key(request.membership, case)
    for person in persons.values():
        person.case = case
    typed = request.POST if request.method == "POST" else request.GET
    form = TimelineForm(typed or None, choices=choices_for(request.membership, case, persons))
    wish = form.wish()
    found = timeline_page(request.membership, case, persons, wish, typed.get("before", ""))
    log_access(
        request.membership,
        Action.OPEN,
        what="case_timeline",
        basis=explain_case(request.membership, case.pk).basis,
        case_id=case.pk,
        record_ids=[*persons, *found.record_ids],
    )
    context = {
        "case": case,
        "title": household_title(persons.values()),
        "form": form,
        "page": found,
        "since": format_datetime_short(found.since) if found.since else "",
        "is_filtered": wish.is_any,
        "words": wish.words,
        "older_url": _older_url(form, found.older) if found.older and not wish.words else "",
        "here": reverse("case_timeline", args=[case.pk]),
    }
    status = 422 if form.errors else 200
    return render(request, "cases/case_timeline.html", context, status=status)


def _older_url(form: TimelineForm, older: str) -> str:
    chosen = {name: value for name, value in form.chosen().items() if name != "words"}
    return f"?{urlencode({**chosen, 'before': older})}"
