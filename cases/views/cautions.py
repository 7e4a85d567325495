"""関わり方の注意: write a line, correct it, end it."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from agencies.enums import Permission
from agencies.guards import MemberRequest, member
from agencies.permissions import ActionDenied
from cases.forms.cautions import CautionEditForm, CautionEndForm, CautionForm
from cases.models import CautionNote
from cases.operations import change_caution, end_caution, write_caution
from cases.operations.case import StaleVersion
from cases.permissions import check_can_correct, check_can_write
from cases.views.records import audience_hints, named_in
from cases.views.subject import Subject, form_page, is_fit, log_declared, subject
from config.lib.eras import today

both = require_http_methods(["GET", "POST"])


@member(Permission.READ_CASES)
@both
def caution_new(request: MemberRequest, case_id: uuid.UUID) -> HttpResponse:
    """One line to know before the visit."""
    on = subject(request, case_id, "caution_new")
    check_can_write(request.membership, on.case)
    form = CautionForm(request.POST or None, persons=on.people, hints=audience_hints(request, on))
    if request.method == "POST" and is_fit(form, on.case.pk, named_in(form)):
        data = form.cleaned_data
        write_caution(
            case=on.case,
            by=request.membership,
            persons=form.chosen(),
            **{k: data[k] for k in ("kind", "text", "noted_on", "audience", "form_key")},
        )
        log_declared(request, form, on.case.pk)
        messages.success(request, _("関わり方の注意を書きました。ケースと訪問の画面の上に出ます。"))
        return redirect("case_detail", case_id=on.case.pk)
    return form_page(request, "cases/caution_new.html", on, form)


@member(Permission.READ_CASES)
@both
def caution_edit(request: MemberRequest, record_id: uuid.UUID) -> HttpResponse:
    """Correct the words or the day."""
    caution, on = _found(request, record_id, "caution_edit")
    initial = {name: getattr(caution, name) for name in ("text", "noted_on", "version")}
    form = CautionEditForm(request.POST or None, initial=initial)
    conflicts = []
    if request.method == "POST" and is_fit(form, on.case.pk, caution.record.person_ids):
        data = form.cleaned_data
        if form.check_version(caution) and _kept(
            form, change_caution, caution=caution, by=request.membership,
            version=data["version"], reason=data["reason"], text=data["text"],
            noted_on=data["noted_on"],
        ):  # fmt: skip
            log_declared(request, form, on.case.pk)
            messages.success(request, _("関わり方の注意を直しました。前の版も残っています。"))
            return redirect("case_detail", case_id=on.case.pk)
        conflicts = form.conflicts(caution)
    return form_page(
        request, "cases/caution_edit.html", on, form,
        conflicts=conflicts, shown=_shown(caution, on),
    )  # fmt: skip


@member(Permission.READ_CASES)
@both
def caution_end(request: MemberRequest, record_id: uuid.UUID) -> HttpResponse:
    """It no longer holds."""
    caution, on = _found(request, record_id, "caution_end")
    initial = {"ended_on": today(), "version": caution.version}
    form = CautionEndForm(request.POST or None, noted_on=caution.noted_on, initial=initial)
    if request.method == "POST" and is_fit(form, on.case.pk, caution.record.person_ids):
        data = form.cleaned_data
        if form.check_version(caution) and _kept(
            form, end_caution, caution=caution, by=request.membership,
            version=data["version"], on=data["ended_on"], reason=data["end_reason"],
        ):  # fmt: skip
            messages.success(request, _("関わり方の注意を終わりにしました。これまでには残ります。"))
            return redirect("case_detail", case_id=on.case.pk)
    return form_page(request, "cases/caution_end.html", on, form, shown=_shown(caution, on))


def _found(request: MemberRequest, record_id: uuid.UUID, what: str) -> tuple[CautionNote, Subject]:
    """The line, of one's own agency, at work; one that has ended is changed no more."""
    rows = CautionNote.objects.visible_to(request.membership).select_related("record__case")
    caution = get_object_or_404(rows, pk=record_id)
    on = subject(request, caution.record.case_id, what)
    check_can_correct(request.membership, caution.record)
    return caution, on


def _kept(form: Any, operation: Any, **arguments: Any) -> bool:
    """Do it; what is refused, or was saved first by somebody else, goes back to the form."""
    try:
        operation(**arguments)
    except StaleVersion:
        row = arguments["caution"]
        row.refresh_from_db()
        form.check_version(row)
        return False
    except ActionDenied as error:
        form.add_error(None, str(error))
        return False
    return True


def _shown(caution: CautionNote, on: Subject) -> dict[str, Any]:
    return {
        "key": caution.pk,
        "kind": caution.get_kind_display(),
        "about": caution.record.names(on.persons),
        "text": caution.text,
    }
