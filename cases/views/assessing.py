"""Write a section of the assessment, and see the whole of it: per person and field, on paper, and
what changed between two days."""

from __future__ import annotations

import datetime
import uuid
from itertools import pairwise
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from agencies.enums import Action, Permission
from agencies.guards import MemberRequest, member
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases import assessmentchange as change
from cases import assessments as page
from cases.enums import HOUSEHOLD, Audience, Category
from cases.forms.assessing import (
    AssessmentEditForm,
    AssessmentForm,
    CompareForm,
    question_groups,
)
from cases.models import AssessmentSection
from cases.operations import assess, change_assessment
from cases.operations.case import StaleVersion
from cases.permissions import can, check_can_correct, check_can_write
from cases.questions import Question, asked_in, catalogue
from cases.views.papers import case_sheet
from cases.views.records import audience_hints, named_in
from cases.views.subject import Subject, form_page, is_fit, log_declared, subject
from config.lib.eras import format_long, format_short, today

both = require_http_methods(["GET", "POST"])
WORDS = ("situation", "strengths", "assessed_on")


@member(Permission.READ_CASES)
@both
def assessment_new(request: MemberRequest, case_id: uuid.UUID) -> HttpResponse:
    """A section of the assessment: first the field, then its questions about one person."""
    on = subject(request, case_id, "assessment_new")
    check_can_write(request.membership, on.case)
    category = request.POST.get("category") or request.GET.get("category", "")
    known = catalogue(on.case.municipality)
    former = _former(request, on, category)
    questions = asked_in(known, category) if category in page.FIELDS else []
    initial = {"assessed_on": today(), "category": category, **_about(request, on)}
    if former:  # what was for the agency alone is not opened unawares
        audiences = [version.record.audience for version in former.sources]
        initial["audience"] = Audience.AGENCY if Audience.AGENCY in audiences else audiences[0]
    form = AssessmentForm(
        request.POST or None,
        persons=on.people,
        hints=audience_hints(request, on),
        questions=questions,
        answered=former.answers if former else {},
        initial=initial,
    )
    if request.method == "POST" and is_fit(form, on.case.pk, named_in(form)):
        return _written(request, on, form)
    more = {
        "groups": question_groups(form, questions),
        "fields": _fields(request, on, known, category),
        "category": str(Category(category).label) if questions else "",
        "is_again": former is not None,
        "from_sheet": _from_sheet(request),
    }
    return form_page(request, "cases/assessment_new.html", on, form, **more)


def _from_sheet(request: MemberRequest) -> bool:
    """Come from インテーク・アセスメントシート, to which one goes back."""
    return request.GET.get("from") == "sheet"


def _about(request: MemberRequest, on: Subject) -> dict[str, list[str]]:
    """Whom a link asked about, if there is such a one here."""
    who = request.GET.get("about", "")
    return {"about": [who]} if who in (HOUSEHOLD, *map(str, on.persons)) else {}


def _former(request: MemberRequest, on: Subject, category: str) -> page.Spot | None:
    """The answers that hold of whom the link asked about, to begin with: what is not touched is
    said again. Logged when there are any. One query, none without such a link."""
    who = request.GET.get("about", "")
    if not (who and category):
        return None
    sections = page.sections_of(request.membership, on.case)
    spots = page.spots_on(page.as_they_stand(sections), datetime.date.max)
    spot = spots.get((who, category))
    if spot is None or not spot.sources:
        return None
    keys = [version.record.pk for version in spot.sources]
    log_access(
        request.membership,
        Action.OPEN,
        what="assessment_new",
        case_id=on.case.pk,
        record_ids=keys,
    )
    return spot


def _written(request: MemberRequest, on: Subject, form: AssessmentForm) -> HttpResponse:
    data = form.cleaned_data
    assess(
        case=on.case,
        by=request.membership,
        persons=form.chosen(),
        answers=form.answers(),
        **{k: data[k] for k in (*WORDS, "category", "audience", "form_key")},
    )
    log_declared(request, form, on.case.pk)
    messages.success(request, _("アセスメントを保存しました。続けて次の項目を書けます。"))
    if "more" not in request.POST:
        back = "intake_sheet" if _from_sheet(request) else "assessment_detail"
        return redirect(back, case_id=on.case.pk)
    url = reverse("assessment_new", args=[on.case.pk])
    following = _next_field(request.GET.get("category", ""))
    if not following:
        return redirect(url)
    query = {"category": following, "about": data["about"][0], **_kept(request)}
    return redirect(f"{url}?{urlencode(query)}")


def _kept(request: MemberRequest) -> dict[str, str]:
    return {"from": "sheet"} if _from_sheet(request) else {}


def _next_field(category: str) -> str:
    """The field asked after this one; none after the last, or where none was asked for."""
    return next((str(after) for one, after in pairwise(page.FIELDS) if one == category), "")


def _fields(
    request: MemberRequest, on: Subject, known: dict[str, Question], category: str
) -> list[dict[str, Any]]:
    """The fields to choose from, each with how much it asks."""
    url = reverse("assessment_new", args=[on.case.pk])
    about = request.GET.get("about", "")
    kept = {**({"about": about} if about else {}), **_kept(request)}
    return [
        {
            "label": str(one.label),
            "count": len(asked),
            "url": f"{url}?{urlencode({'category': str(one), **kept})}",
            "is_now": one == category,
        }
        for one in page.FIELDS
        if (asked := asked_in(known, one))
    ]


@member(Permission.READ_CASES)
@both
def assessment_edit(request: MemberRequest, record_id: uuid.UUID) -> HttpResponse:
    """Correct a section; somebody who saved first is shown beside what was typed."""
    sections = AssessmentSection.objects.visible_to(request.membership)
    section = get_object_or_404(sections.select_related("record__case"), pk=record_id)
    on = subject(request, section.record.case_id, "assessment_edit")
    check_can_correct(request.membership, section.record)
    known = catalogue(on.case.municipality)
    questions = asked_in(known, section.record.category, section.answers)
    form = AssessmentEditForm(request.POST or None, section=section, questions=questions)
    conflicts = []
    if request.method == "POST" and is_fit(form, on.case.pk, section.record.person_ids):
        if form.check_version(section):
            if _changed(request, section, form):
                return redirect("assessment_detail", case_id=on.case.pk)
            section.refresh_from_db()
            form.check_version(section)
        conflicts = form.conflicts(section)
    shown = {
        "key": section.pk,
        "about": section.record.names(on.persons),
        "category": section.record.get_category_display(),
    }
    asked = questions if form.codes or form.facts else []
    groups = question_groups(form, asked)
    return form_page(
        request, "cases/assessment_edit.html", on, form,
        conflicts=conflicts, shown=shown, groups=groups,
    )  # fmt: skip


def _changed(request: MemberRequest, section: AssessmentSection, form: AssessmentEditForm) -> bool:
    words = {name: form.cleaned_data[name] for name in (*WORDS, "version", "reason")}
    answers = form.answers() if form.codes or form.facts else None
    try:
        change_assessment(section=section, by=request.membership, answers=answers, **words)
    except StaleVersion:
        return False
    except ActionDenied as error:
        form.add_error(None, str(error))
        return False
    log_declared(request, form, section.record.case_id)
    messages.success(request, _("アセスメントを直しました。前の版も残っています。"))
    return True


@member(Permission.READ_CASES)
@require_GET
def assessment_detail(request: MemberRequest, case_id: uuid.UUID) -> HttpResponse:
    """The whole of it as it stands, person by person."""
    on = subject(request, case_id, "assessment_detail")
    context = _whole(request, on)
    _log(request, on, Action.OPEN, "assessment_detail", context["sections"])
    return render(request, "cases/assessment_detail.html", context)


@member(Permission.READ_CASES)
@require_GET
def assessment_print(request: MemberRequest, case_id: uuid.UUID) -> HttpResponse:
    """The same on A4; with `before` and `after` what changed between these days."""
    on = subject(request, case_id, "assessment_print")
    context = _whole(request, on)
    versions = page.versions_of(context["sections"])
    days = [day.isoformat() for day in page.days_of(versions)]
    chosen = [request.GET.get(name, "") for name in ("before", "after")]
    if set(chosen) <= set(days) and chosen[0] < chosen[1]:
        context |= _compared(on, versions, *map(datetime.date.fromisoformat, chosen))
    _log(request, on, Action.PRINT, "assessment_print", context["sections"])
    context["sheet"] = case_sheet(request, on, _("世帯アセスメント"))
    return render(request, "cases/assessment_print.html", context)


@member(Permission.READ_CASES)
@require_GET
def assessment_compare(request: MemberRequest, case_id: uuid.UUID) -> HttpResponse:
    """Two days side by side: what changed in words, and as a picture with its table."""
    on = subject(request, case_id, "assessment_compare")
    sections = page.sections_of(request.membership, on.case)
    versions = page.versions_of(sections)
    days = page.days_of(versions)
    choices = [(day.isoformat(), format_long(day)) for day in days]
    newest = {"after": choices[0][0], "before": choices[1][0]} if len(days) > 1 else {}
    form = CompareForm(request.GET if "before" in request.GET else newest, days=choices)
    context: dict[str, Any] = {
        "case": on.case,
        "title": on.title,
        "form": form,
        "is_one": not newest,
    }
    status = 200
    if newest and form.is_valid():
        data = form.cleaned_data
        chosen = [datetime.date.fromisoformat(data[name]) for name in ("before", "after")]
        context |= _compared(on, versions, *chosen)
        context["query"] = urlencode({name: data[name] for name in ("before", "after")})
    elif newest:
        status = 422
    _log(request, on, Action.OPEN, "assessment_compare", sections)
    return render(request, "cases/assessment_compare.html", context, status=status)


def _whole(request: MemberRequest, on: Subject) -> dict[str, Any]:
    """Two queries."""
    membership = request.membership
    sections = page.sections_of(membership, on.case)
    versions = page.as_they_stand(sections)
    spots = page.spots_on(versions, datetime.date.max)
    may_write = can(check_can_write, membership, on.case)
    people = page.people_of(on.persons, spots)
    cards = page.cards(
        membership, on.case, people, spots, catalogue(on.case.municipality), may_write=may_write
    )
    return {
        "case": on.case,
        "title": on.title,
        "cards": cards,
        "unknown": sum(card.unknown for card in cards),
        "may_write": may_write,
        "sections": sections,
    }


def _compared(
    on: Subject, versions: list[page.Version], before: datetime.date, after: datetime.date
) -> dict[str, Any]:
    """One query."""
    was, now = page.spots_on(versions, before), page.spots_on(versions, after)
    known = catalogue(on.case.municipality)
    rows = change.bars(was, now, known)
    return {
        "before": format_short(before),
        "after": format_short(after),
        "compared": change.compared(page.people_of(on.persons, {**was, **now}), was, now, known),
        "bars": rows,
        "picture": change.picture(rows),
    }


def _log(
    request: MemberRequest,
    on: Subject,
    action: Action,
    what: str,
    sections: list[AssessmentSection],
) -> None:
    """V10: each section whose text is on the page."""
    keys = [section.pk for section in sections]
    log_access(request.membership, action, what=what, case_id=on.case.pk, record_ids=keys)
