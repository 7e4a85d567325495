"""Write and correct a note (支援経過記録); an agency's phrases for it."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from agencies.enums import Permission
from agencies.guards import MemberRequest, member
from agencies.models import Membership
from cases import enums, noteparts
from cases.caselines import file_lines
from cases.forms.notes import (
    ANYBODY,
    NoteEditForm,
    NoteForm,
    TemplateForm,
    as_typed,
    key_or_none,
    typed_text,
)
from cases.forms.records import HOUSEHOLD
from cases.models import Draft, Note, NoteTask, NoteTemplate
from cases.operations import (
    ask_to_read,
    attach_files,
    change_note,
    change_task,
    end_template,
    keep_template,
    write_note,
)
from cases.operations.case import StaleVersion
from cases.operations.handover import colleague_names
from cases.permissions import check_can_correct, check_can_keep_templates, check_can_write
from cases.reading import mentioned, readers
from cases.views.records import audience_hints, named_in
from cases.views.subject import Subject, form_page, is_fit, log_declared, subject
from config.lib.eras import format_datetime, today
from config.lib.prepared import prepared

both = require_http_methods(["GET", "POST"])
PREPARE = "prepare"


@member(Permission.READ_CASES)
@both
def note_new(request: MemberRequest, case_id: uuid.UUID) -> HttpResponse:
    """支援経過を書く. `prepare` changes the form (way of writing, phrase, as last time) and writes
    nothing."""
    on = subject(request, case_id, "note_new")
    check_can_write(request.membership, on.case)
    is_sent = request.method == "POST" and PREPARE not in request.POST
    form = NoteForm(
        request.POST if is_sent else None,
        request.FILES if is_sent else None,
        persons=on.people,
        hints=audience_hints(request, on),
        colleagues=colleague_names(request.membership),
        me=request.membership,
        initial={
            "on": today(),
            **_of_draft(request),
            **_prepared(request, NoteForm),
            **_as_last_time(request, on),
        },
    )
    if is_sent and is_fit(form, on.case.pk, named_in(form)):
        data = form.cleaned_data
        note = write_note(
            case=on.case,
            by=request.membership,
            persons=form.chosen(),
            happened_at=form.happened_at(),
            files=data["attachments"],
            **form.words(),
            **{k: data[k] for k in ("category", "audience", "form_key")},
        )
        log_declared(request, form, on.case.pk)
        messages.success(request, _("記録を保存しました。"))
        _tell_mentioned(request, on, note)
        if "ask" in request.POST:
            return redirect("record_ask", record_id=note.pk)
        return redirect("case_detail", case_id=on.case.pk)
    return _note_page(request, "cases/note_new.html", on, form)


def _note_page(
    request: MemberRequest, template: str, on: Subject, form: NoteForm | NoteEditForm, **more: Any
) -> HttpResponse:
    names = list(_phrases(request.membership))
    return form_page(request, template, on, form, phrases=names, **more)


@prepared
def _phrases(membership: Membership) -> QuerySet[NoteTemplate, Any]:
    phrases = NoteTemplate.objects.visible_to(membership).in_use()
    return phrases.values_list("pk", "name")[:100]


def _prepared(request: MemberRequest, form_class: type[NoteForm | NoteEditForm]) -> dict[str, Any]:
    """What was typed, in the way of writing or with the phrase that was chosen."""
    wish = request.POST.get(PREPARE, "")
    if request.method != "POST" or not wish:
        return {}
    found = as_typed(form_class, request.POST)
    text, way = typed_text(request.POST), request.POST.get("way", "")
    if wish == "phrase":
        phrases = NoteTemplate.objects.visible_to(request.membership).in_use()
        key = key_or_none(request.POST.get("phrase", ""))
        phrase = phrases.filter(pk=key).first() if key else None
        if phrase is not None:
            found |= _with_phrase(text, way, phrase.text)
            return found
    found["way"] = wish.removeprefix("way-") if wish.startswith("way-") else way
    found["text"] = text
    return found


def _of_draft(request: MemberRequest) -> dict[str, Any]:
    """The way of writing of the draft one goes on with: the page puts the words back by field."""
    key = key_or_none(request.GET.get("draft", ""))
    if key is None:
        return {}
    draft = Draft.objects.visible_to(request.membership).filter(pk=key).first()
    if draft is None:
        return {}
    return {"way": next((value for name, value in draft.typed if name == "way"), "")}


def _with_phrase(text: str, way: str, phrase: str) -> dict[str, str]:
    """The phrase after what was typed: part by part where it is written in parts."""
    to = noteparts.split(phrase)[0] or way
    if not to:
        return {"way": "", "text": "\n".join(part for part in (text, phrase) if part)}
    typed, added = noteparts.moved(text, to) if text else {}, noteparts.moved(phrase, to)
    joined = {
        key: "\n".join(part for part in (typed.get(key, ""), added.get(key, "")) if part)
        for key in noteparts.WAYS[to]
    }
    return {"way": to, "text": noteparts.compose(to, joined)}


def _as_last_time(request: MemberRequest, on: Subject) -> dict[str, Any]:
    """前回と同じ: how, where, with whom, about and for whom I wrote last here; not the text."""
    if request.POST.get(PREPARE) != "last":
        return {}
    last = (
        Note.objects.standing_with(request.membership)
        .for_case(on.case)
        .filter(record__author=request.membership)
        .select_related("record")
        .order_by("-record__happened_at", "-record_id")
        .first()
    )
    if last is None:
        messages.info(request, _("このケースに、あなたが前に書いた記録はまだありません。"))
        return {}
    about = [str(key) for key in last.record.person_ids if key in on.persons]
    if last.record.is_household:
        about = [HOUSEHOLD]
    return {
        "method": last.method,
        "place": last.place,
        "with_whom": last.with_whom,
        "about": about,
        "category": last.record.category,
        "audience": last.record.audience,
    }


def _tell_mentioned(request: MemberRequest, on: Subject, note: Note, before: str = "") -> None:
    """@名前 in the words, and not yet in those before: who may read the note is shown it; of the
    others it is said that not."""
    if "@" not in note.text and "＠" not in note.text:
        return
    may_read = readers(request.membership, note.record, on.case)
    (people, unknown), told = mentioned(note.text, may_read), mentioned(before, may_read)
    people = [person for person in people if person not in told[0]]
    unknown = [word for word in unknown if word not in told[1]]
    if people:
        ask_to_read(
            record=note.record,
            by=request.membership,
            people=people,
            kind=enums.RequestKind.MENTION,
            batch=uuid.uuid5(note.pk, str(note.version)),
        )
        names = "、".join(str(person.user) for person in people)
        messages.success(request, _("%(names)sさんに知らせました。") % {"names": names})
    for word in unknown:
        messages.warning(request, _not_told_words(request, on) % {"word": word})


def _not_told_words(request: MemberRequest, on: Subject) -> str:
    """Who may be asked at all follows from whose case it is (`cases.reading.readers`, V3): of the
    one who was named nothing is said, whether they read the note or not."""
    if on.case.responsible_agency_id == request.membership.agency_id:
        return _(
            "「@%(word)s」には知らせていません。この記録を見てもらえる人の氏名を、"
            "「知らせる・供覧」から選べます。"
        )
    return _(
        "「@%(word)s」には知らせていません。主担当でない機関から知らせられるのは、自分の機関の人"
        "だけです。ほかの機関に読める人がいれば、その人はケースの「これまで」で読みます。"
    )


@member(Permission.READ_CASES)
@both
def note_edit(request: MemberRequest, record_id: uuid.UUID) -> HttpResponse:
    """Correct a note; somebody who saved first is shown beside what was typed."""
    notes = Note.objects.visible_to(request.membership).select_related("record__case")
    note = get_object_or_404(notes, pk=record_id, record__carry_out=None)
    on = subject(request, note.record.case_id, "note_edit")
    check_can_correct(request.membership, note.record)
    is_sent = request.method == "POST" and PREPARE not in request.POST
    form = NoteEditForm(
        request.POST if is_sent else None,
        request.FILES if is_sent else None,
        colleagues=colleague_names(request.membership),
        me=request.membership,
        stands=note.happened_at,
        initial={
            **_written(request.membership, note),
            **_of_draft(request),
            **_prepared(request, NoteEditForm),
        },
    )
    conflicts = []
    if is_sent and is_fit(form, on.case.pk, note.record.person_ids):
        if form.check_version(note):
            if _changed(request, on, note, form):
                return redirect("case_detail", case_id=on.case.pk)
            note.refresh_from_db()
            form.check_version(note)
        conflicts = form.conflicts(note)
    shown = {
        "key": note.pk,
        "about": note.record.names(on.persons),
        "when": format_datetime(note.happened_at),
        "files": file_lines(request.membership, [note.pk]).get(note.pk, []),
    }
    return _note_page(request, "cases/note_edit.html", on, form, conflicts=conflicts, shown=shown)


def _written(membership: Membership, note: Note) -> dict[str, Any]:
    """What stands in the note, and its task."""
    names = ("text", "method", "with_whom", "place", "result", "minutes", "next_step", "version")
    found = {name: getattr(note, name) for name in names}
    task = NoteTask.objects.visible_to(membership).filter(pk=note.pk).first()
    if task is not None:
        mine = task.membership_id == membership.pk
        who = ANYBODY if task.membership_id is None else "" if mine else str(task.membership_id)
        found |= {"next_due_on": task.due_on, "next_for": who}
    return found


def _changed(request: MemberRequest, on: Subject, note: Note, form: NoteEditForm) -> bool:
    """Correct what was typed and attach what was chosen; a file, or another day or person for the
    next step, makes no new version."""
    data, files, by = form.cleaned_data, form.cleaned_data["attachments"], request.membership
    before = note.text
    if form.corrects():
        try:
            change_note(
                note=note, by=by, version=data["version"], reason=data["reason"],
                happened_at=form.happened_at(), **form.words(),
            )  # fmt: skip
        except StaleVersion:
            return False
        note.refresh_from_db()
        messages.success(request, _("記録を直しました。前の版も、直した理由も残っています。"))
        _tell_mentioned(request, on, note, before)
    else:
        task = form.task()
        change_task(note=note, by=by, due_on=task["next_due_on"], who=task["next_for"])
        done = (
            _("ファイルを添付しました。")
            if files
            else _("保存しました。記録のことばと日時は変わっていません。")
        )
        messages.success(request, done)
    attach_files(record=note.record, by=by, files=files)
    log_declared(request, form, note.record.case_id)
    return True


@member(Permission.CONFIRM_MEMBERSHIP)
@both
def template_list(request: MemberRequest) -> HttpResponse:
    """定型文 of the agency; a new one below."""
    check_can_keep_templates(request.membership)
    form = TemplateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        keep_template(by=request.membership, **form.cleaned_data)
        messages.success(request, _("定型文を保存しました。記録を書くときに選べます。"))
        return redirect("template_list")
    rows = NoteTemplate.objects.visible_to(request.membership).in_use()[:100]
    return _template_page(request, form, rows=list(rows))


@member(Permission.CONFIRM_MEMBERSHIP)
@both
def template_edit(request: MemberRequest, template_id: uuid.UUID) -> HttpResponse:
    """Change a phrase, or offer it no more."""
    rows = NoteTemplate.objects.visible_to(request.membership).in_use()
    row = get_object_or_404(rows, pk=template_id)
    check_can_keep_templates(request.membership)
    if "end" in request.POST:
        end_template(by=request.membership, template=row)
        messages.success(request, _("定型文をやめました。書いた記録は変わりません。"))
        return redirect("template_list")
    form = TemplateForm(request.POST or None, initial={"name": row.name, "text": row.text})
    if request.method == "POST" and form.is_valid():
        keep_template(by=request.membership, template=row, **form.cleaned_data)
        messages.success(request, _("定型文を直しました。"))
        return redirect("template_list")
    return _template_page(request, form, template=row)


def _template_page(request: MemberRequest, form: TemplateForm, **more: Any) -> HttpResponse:
    context = {"form": form, "rows": [], "template": None, **more}
    status = 422 if form.errors else 200
    return render(request, "cases/template_list.html", context, status=status)
