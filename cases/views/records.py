"""Write an issue; the carry-out's page."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from agencies.enums import Action, Permission, Purpose
from agencies.guards import MemberRequest, member
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases import enums
from cases.forms.records import (
    AboutForm,
    CarriedNoteForm,
    IssueForm,
    SolveForm,
)
from cases.models import CarryOut, Case, Issue, Note, Record
from cases.operations import (
    add_issue,
    solve_issue,
    write_note,
)
from cases.permissions import check_can_solve, check_can_write
from cases.views.subject import Subject, form_page, is_fit, subject
from config.lib.eras import format_datetime, format_long, today
from config.lib.registry import registry

both = require_http_methods(["GET", "POST"])

ISSUE_FACTS = (
    "issue_type", "is_primary", "status", "noted_on", "note", "suspected_name", "audience",
    "form_key",
)  # fmt: skip


def named_in(form: AboutForm | IssueForm) -> Iterator[uuid.UUID]:
    """Whom what was typed is about; nobody = the household. Read once the form is clean."""
    named = form.data.getlist("about") if isinstance(form.data, QueryDict) else []
    return (person.pk for key, person in form.persons.items() if key in named)


def audience_hints(request: MemberRequest, on: Subject) -> dict[str, str]:
    """For each audience, who will be able to read it, as far as the writer may know."""
    own = request.membership.agency_name
    others = [s.agency for s in on.seers(request.membership) if s.works and s.agency != own]
    team = _("書いた機関と、記録に出る人みんながその種類の情報に同意している機関が読めます。")
    if others:
        team += _("いまこのケースを見られる機関：%(names)s") % {"names": "、".join(others)}
    return {
        enums.Audience.TEAM: team,
        enums.Audience.AGENCY: _(
            "%(agency)sの職員だけが読めます。同意があっても、ほかの機関には開きません。"
        )
        % {"agency": own},
    }


@member(Permission.READ_CASES)
@both
def issue_new(request: MemberRequest, case_id: uuid.UUID) -> HttpResponse:
    """課題を足す."""
    on = subject(request, case_id, "issue_new")
    check_can_write(request.membership, on.case)
    form = IssueForm(
        request.POST or None,
        persons=on.people,
        hints=audience_hints(request, on),
        initial={"noted_on": today(), **_hinted(request.GET.get("issue_type", ""))},
    )
    if request.method == "POST" and is_fit(form, on.case.pk, named_in(form)):
        data = form.cleaned_data
        add_issue(
            case=on.case,
            by=request.membership,
            person=form.person(),
            **{k: data[k] for k in ISSUE_FACTS},
        )
        messages.success(request, _("課題を足しました。"))
        return redirect("case_detail", case_id=on.case.pk)
    return form_page(request, "cases/issue_new.html", on, form)


def _hinted(issue_type: str) -> dict[str, str]:
    """What a hint of the case page proposes: suspected, until somebody knows."""
    if issue_type not in enums.IssueType.values:
        return {}
    return {"issue_type": issue_type, "status": enums.IssueStatus.SUSPECTED}


@member(Permission.READ_CASES)
@both
def issue_solve(request: MemberRequest, record_id: uuid.UUID) -> HttpResponse:
    """課題の解消."""
    issues = Issue.objects.visible_to(request.membership).select_related("record__case")
    issue = get_object_or_404(issues, pk=record_id)
    on = subject(request, issue.record.case_id, "issue_solve")
    check_can_solve(request.membership, issue.record)
    form = SolveForm(request.POST or None, noted_on=issue.noted_on, initial={"on": today()})
    if request.method == "POST" and form.is_valid():
        try:
            solve_issue(issue=issue, by=request.membership, on=form.cleaned_data["on"])
        except ActionDenied as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("課題を解消にしました。"))
            return redirect("case_detail", case_id=on.case.pk)
    shown = {"label": issue.get_issue_type_display(), "about": issue.record.names(on.persons)}
    return form_page(request, "cases/issue_solve.html", on, form, shown=shown)


@member(Permission.READ_CASES)
@both
def carry_out_detail(request: MemberRequest, carry_out_id: uuid.UUID) -> HttpResponse:
    """持ち出し: the text and the notes under it, for its people alone (V6)."""
    carry_out = get_object_or_404(CarryOut.objects.visible_to(request.membership), pk=carry_out_id)
    may_write = request.membership.may(Permission.WRITE_RECORDS) and _is_mine(request, carry_out)
    form = CarriedNoteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if not may_write:
            raise ActionDenied(_("この持ち出しに記録を書けるのは、名指しされた人だけです。"))
        write_note(
            case=Case(pk=carry_out.case_id),
            by=request.membership,
            carry_out=carry_out,
            **form.cleaned_data,
        )
        messages.success(request, _("記録を保存しました。この持ち出しの人だけが読めます。"))
        return redirect("carry_out_detail", carry_out_id=carry_out.pk)
    notes = _carried_notes(request, carry_out)
    log_access(
        request.membership,
        Action.OPEN,
        what="carry_out_detail",
        basis="106-6",
        purpose=Purpose.SUPPORT_CONFERENCE,
        case_id=carry_out.case_id,
        record_ids=[carry_out.pk, *(entry["key"] for entry in notes)],
    )
    context = {
        "carry_out": carry_out,
        "until": format_long(carry_out.review_on),
        "form": form,
        "decided": format_long(carry_out.decided_at),
        "notes": notes,
        "may_write": may_write,
        "links": [*registry.draw("carry_out_actions", request.membership, carry_out)],
    }
    status = 422 if form.errors else 200
    return render(request, "cases/carry_out_detail.html", context, status=status)


def _is_mine(request: MemberRequest, carry_out: CarryOut) -> bool:
    return carry_out.grants.filter(
        membership_id=request.membership.pk, revoked_at__isnull=True
    ).exists()


def _carried_notes(request: MemberRequest, carry_out: CarryOut) -> list[dict[str, Any]]:
    """The notes under it, newest first. Two queries."""
    records = {
        record.pk: record
        for record in Record.objects.visible_to(request.membership)
        .filter(carry_out=carry_out, kind=enums.RecordKind.NOTE)
        .select_related("author_agency", "author__user")
        .newest_first()[:100]
    }
    notes = Note.objects.in_bulk(list(records))
    return [
        {
            "key": key,
            "title": str(notes[key].get_method_display()),
            "text": notes[key].text,
            "when": format_datetime(record.happened_at),
            "by": f"{record.author_agency.name}　{record.author.user}",
        }
        for key, record in records.items()
        if key in notes
    ]
