"""直したところ: versions of a note, a section of the assessment, a person (V13)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from agencies.enums import Action, Permission
from agencies.guards import MemberRequest, member
from agencies.trail import log_access
from cases.models import (
    AssessmentSection,
    Case,
    CautionNote,
    Contact,
    Note,
    Person,
    Record,
    RiskAssessment,
    Tie,
)
from cases.models.records import Content
from cases.questions import answer_lines, catalogue
from cases.riskpage import risk_words
from cases.risksheets import sheets
from cases.versions import (
    ASSESSMENT,
    CAUTION,
    CONTACT,
    NOTE,
    PERSON,
    RISK,
    TIE,
    Version,
    value_words,
    versions_of,
)
from cases.views.subject import Subject, subject

CONTENTS: tuple[tuple[type[Content], Mapping[str, Any]], ...] = (
    (Note, NOTE),
    (AssessmentSection, ASSESSMENT),
    (Tie, TIE),
    (CautionNote, CAUTION),
    (RiskAssessment, RISK),
)


@member(Permission.READ_CASES)
@require_GET
def record_history(request: MemberRequest, record_id: uuid.UUID) -> HttpResponse:
    """A record as it was and is: for who reads it outside any sitting."""
    standing = Record.objects.standing_with(request.membership)
    record = get_object_or_404(standing, pk=record_id)
    for model, labels in CONTENTS:
        if model._default_manager.filter(pk=record_id).exists():
            rows = model.history.filter(record_id=record_id)  # type: ignore[attr-defined]  # simple_history adds it
            on = subject(request, record.case_id, "record_history")
            what = f"{record.get_kind_display()}　{record.names(on.persons)}"
            return _page(request, on, record_id, what, rows, labels, told=_told(model, on.case))
    raise Http404


def _told(model: type[Content], case: Case) -> Callable[[Any, str], str] | None:
    """How this kind's versions are put into words, where not as they stand. At most one query."""
    if model is RiskAssessment:
        known_sheets = sheets(case.municipality)
        return lambda row, name: risk_words(known_sheets[row.sheet], row, name)
    if model is not AssessmentSection:
        return None
    known = catalogue(case.municipality)

    def words(row: Any, name: str) -> str:
        if name == "answers":
            return "\n".join(answer_lines(row.answers, known))
        return value_words(row, name)

    return words


@member(Permission.READ_CASES)
@require_GET
def person_history(request: MemberRequest, person_id: uuid.UUID) -> HttpResponse:
    """What was known of a person, and since when."""
    person = get_object_or_404(Person.objects.visible_to(request.membership), pk=person_id)
    on = subject(request, person.case_id, "person_history")
    what = _("%(name)sの基本情報") % {"name": person.shown_name}
    rows = Person.history.filter(id=person_id)
    # Where the person was: as far as no shield hides it (V9).
    contact = versions_of(
        Contact.history.filter(person_id=person_id).select_related("history_user"), CONTACT
    )
    return _page(request, on, person_id, what, rows, PERSON, contact)


def _page(
    request: MemberRequest,
    on: Subject,
    key: uuid.UUID,
    what: str,
    rows: Any,
    labels: Mapping[str, Any],
    more: Sequence[Version] = (),
    told: Callable[[Any, str], str] | None = None,
) -> HttpResponse:
    log_access(
        request.membership,
        Action.OPEN,
        what="versions",
        case_id=on.case.pk,
        record_ids=[key],
    )
    versions = [*versions_of(rows.select_related("history_user"), labels, told), *more]
    versions.sort(key=lambda version: version.at, reverse=True)
    context = {"case": on.case, "title": on.title, "what": what, "versions": versions}
    return render(request, "cases/version_list.html", context)
