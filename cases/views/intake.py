"""相談受付: take it, look at it, make a case of it or finish it."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agencies.enums import Action, Permission
from agencies.guards import MemberRequest, member
from agencies.models import Membership
from agencies.trail import log_access
from cases import enums
from cases.ages import age_words, birth_words
from cases.filters import cursor, read_cursor
from cases.forms.intake import FinishForm, IntakeSheet
from cases.intakeitems import BLOCKS, filled, in_fields, items_of, lines
from cases.models import Consultation, ConsultationIssue, ConsultationPerson
from cases.operations import finish_consultation, make_case, take_consultation
from cases.operations.case import PersonFacts
from cases.operations.consultation import check_can_complete, person_facts
from cases.permissions import can
from cases.search import Found, similar
from config.lib.eras import format_datetime, format_datetime_short
from config.lib.text import with_san
from config.lib.wording import label_of

OPEN_LIMIT = 100
PAGE = 50
URGENCY_TONE: dict[str, str] = {enums.Urgency.HIGH: "bad", enums.Urgency.MIDDLE: "warn"}


@dataclass(frozen=True)
class ConsultationRow:
    """One line of the list."""

    key: uuid.UUID
    when: str
    who: str
    route: str
    mode: str
    problem: str
    urgency: str
    tone: str
    status: str


@member(Permission.TAKE_CONSULTATION)
@require_http_methods(["GET", "POST"])
def consultation_new(request: MemberRequest) -> HttpResponse:
    """The empty sheet; on POST taken, checked for likely households, or shown again with words."""
    membership = request.membership
    data = request.POST if request.method == "POST" else None
    if data is not None and "check" in data:
        sheet = IntakeSheet(membership.municipality, data, draft=True)
        found = _similar(membership, IntakeSheet(membership.municipality, data))
        return _sheet_page(request, sheet, found)
    sheet = IntakeSheet(membership.municipality, data)
    if data is None:
        return _sheet_page(request, sheet, None)
    if not sheet.is_valid():
        return _sheet_page(request, sheet, _similar(membership, sheet), status=422)
    marks = sheet.issues
    consultation = take_consultation(
        by=membership,
        facts=sheet.head.facts(sheet.items.answers()),
        persons=sheet.person_facts(),
        issues=marks.marked("applies", "primary"),
        primary_issue=next(iter(marks.marked("primary")), ""),
        form_key=sheet.head.cleaned_data["form_key"],
    )
    for name in sheet.declared_fields:
        log_access(
            membership,
            Action.WRITE,
            what=f"declared_no_my_number {name}"[:80],
            record_ids=[consultation.pk],
        )
    messages.success(request, _("相談を受け付けました。"))
    return redirect("consultation_detail", consultation.pk)


@member(Permission.TAKE_CONSULTATION)
@require_POST
def consultation_similar(request: MemberRequest) -> HttpResponse:
    """While typing: households one may see that may be the same (V15: of others, nothing)."""
    sheet = IntakeSheet(request.membership.municipality, request.POST)
    found = _similar(request.membership, sheet)
    return render(request, "cases/consultation_form.html#similar", {"found": found})


@member(Permission.READ_CASES)
@require_GET
def consultation_list(request: MemberRequest) -> HttpResponse:
    """Consultations of one's own agency, open ones first."""
    membership = request.membership
    mine = Consultation.objects.visible_to(membership).order_by("-received_at", "-id")
    place = read_cursor(request.GET.get("before", ""))
    waiting = [] if place else list(mine.open()[: OPEN_LIMIT + 1])
    ended = mine.exclude(status=enums.ConsultationStatus.OPEN)
    if place:
        ended = ended.filter(received_at__lte=place[0]).exclude(
            received_at=place[0], id__gte=place[1]
        )
    page = list(ended[: PAGE + 1])
    shown = [*waiting[:OPEN_LIMIT], *page[:PAGE]]
    rows = _rows(membership, shown)
    last = page[PAGE - 1] if len(page) > PAGE else None
    log_access(
        membership, Action.LIST, what="consultation_list", record_ids=[row.pk for row in shown]
    )
    return render(
        request,
        "cases/consultation_list.html",
        {
            "waiting": [row for row in rows if row.key in {w.pk for w in waiting}],
            "ended": [row for row in rows if row.key not in {w.pk for w in waiting}],
            "is_first_page": place is None,
            "open_is_cut": len(waiting) > OPEN_LIMIT,
            "older_url": f"?before={cursor(last.received_at, last.pk)}" if last else "",
            "may_take": membership.may(Permission.TAKE_CONSULTATION),
        },
    )


@member(Permission.READ_CASES)
@require_GET
def consultation_detail(request: MemberRequest, consultation_id: uuid.UUID) -> HttpResponse:
    """All of the sheet, and what is next."""
    return _detail_page(request, _get(request, consultation_id), FinishForm())


@member(Permission.TAKE_CONSULTATION)
@require_POST
def consultation_make_case(request: MemberRequest, consultation_id: uuid.UUID) -> HttpResponse:
    """The consultation becomes a case of one's own agency; pressed twice it is still one."""
    consultation = _get(request, consultation_id)
    if consultation.case_id is not None:
        return redirect("case_detail", consultation.case_id)
    case = make_case(consultation=consultation, by=request.membership)
    messages.success(request, _("ケース %(number)s を作りました。") % {"number": case.number})
    return redirect("case_detail", case.pk)


@member(Permission.TAKE_CONSULTATION)
@require_POST
def consultation_finish(request: MemberRequest, consultation_id: uuid.UUID) -> HttpResponse:
    """終了 without a case."""
    consultation = _get(request, consultation_id)
    form = FinishForm(request.POST)
    if not form.is_valid():
        return _detail_page(request, consultation, form, status=422)
    finish_consultation(
        consultation=consultation, by=request.membership, screening=form.cleaned_data["screening"]
    )
    messages.success(request, _("相談を終了しました。記録はこの機関に残ります。"))
    return redirect("consultation_detail", consultation.pk)


def _get(request: MemberRequest, consultation_id: uuid.UUID) -> Consultation:
    """The consultation, if this membership may see it; else 404 (V15)."""
    return get_object_or_404(
        Consultation.objects.visible_to(request.membership).select_related(
            "agency", "taken_by__user", "case"
        ),
        pk=consultation_id,
    )


def _similar(membership: Membership, sheet: IntakeSheet) -> Found:
    """Likely households for what can be read of the sheet; the look is logged."""
    facts = [row.likeness() for row in sheet.persons]
    return _logged_similar(membership, facts, "consultation_similar")


def _logged_similar(
    membership: Membership, facts: list[PersonFacts], what: str, but: uuid.UUID | None = None
) -> Found:
    found = similar(membership, facts, but=but)
    log_access(membership, Action.SEARCH, what=what, record_ids=found.keys)
    return found


def _sheet_page(
    request: MemberRequest, sheet: IntakeSheet, found: Found | None, status: int = 200
) -> HttpResponse:
    return render(
        request,
        "cases/consultation_form.html",
        {
            "sheet": sheet,
            "head": sheet.head,
            "first": sheet.persons[0],
            "others": sheet.persons[1:],
            "marks": list(sheet.issues),
            "marks_errors": sheet.issues.non_field_errors(),
            "blocks": [(BLOCKS[block], fields) for block, fields in sheet.items.blocks()],
            "found": found,
        },
        status=status,
    )


def _rows(membership: Membership, consultations: list[Consultation]) -> list[ConsultationRow]:
    """The lines, with whom they are about and the ◎. Two queries."""
    keys = [row.pk for row in consultations]
    persons: dict[uuid.UUID, list[ConsultationPerson]] = defaultdict(list)
    for part in (
        ConsultationPerson.objects.visible_to(membership)
        .filter(consultation_id__in=keys)
        .order_by("consultation_id", "order")
    ):
        persons[part.consultation_id].append(part)
    problems: dict[uuid.UUID, str] = {}
    for issue in (
        ConsultationIssue.objects.visible_to(membership)
        .filter(consultation_id__in=keys)
        .order_by("consultation_id", "-is_primary", "issue_type")
    ):
        problems.setdefault(issue.consultation_id, label_of(enums.IssueType, issue.issue_type))
    return [
        ConsultationRow(
            key=row.pk,
            when=format_datetime_short(row.received_at),
            who=who(persons[row.pk]),
            route=label_of(enums.Route, row.route),
            mode=label_of(enums.ConsultationMode, row.mode),
            problem=problems.get(row.pk, ""),
            urgency=label_of(enums.Urgency, row.urgency),
            tone=URGENCY_TONE.get(row.urgency, ""),
            status=label_of(enums.ConsultationStatus, row.status),
        )
        for row in consultations
    ]


def who(persons: list[ConsultationPerson]) -> str:
    """Whom a consultation is about, in a few words."""
    named = next((with_san(person.name) for person in persons if person.name), _("氏名不明"))
    if len(persons) < 2:
        return named
    return _("%(name)s ほか%(number)s人") % {"name": named, "number": len(persons) - 1}


def _detail_page(
    request: MemberRequest, consultation: Consultation, form: FinishForm, status: int = 200
) -> HttpResponse:
    membership = request.membership
    persons = list(
        ConsultationPerson.objects.visible_to(membership)
        .filter(consultation=consultation)
        .order_by("order")
    )
    issues = list(
        ConsultationIssue.objects.visible_to(membership)
        .filter(consultation=consultation)
        .order_by("-is_primary", "issue_type")
    )
    is_open = consultation.status == enums.ConsultationStatus.OPEN
    may_act = is_open and membership.may(Permission.TAKE_CONSULTATION)
    log_access(
        membership,
        Action.OPEN,
        what="consultation_detail",
        case_id=consultation.case_id,
        record_ids=[consultation.pk],
    )
    found = None
    if may_act:
        facts = [person_facts(part) for part in persons]
        found = _logged_similar(membership, facts, "consultation_detail", consultation.pk)
    items = items_of(membership.municipality)
    return render(
        request,
        "cases/consultation_detail.html",
        {
            "consultation": consultation,
            "title": who(persons),
            "form": form,
            "found": found,
            "is_open": is_open,
            "may_act": may_act,
            "may_add": can(check_can_complete, membership, consultation),
            "received": format_datetime(consultation.received_at),
            "tone": URGENCY_TONE.get(consultation.urgency, ""),
            "is_without_consent": consultation.mode == enums.ConsultationMode.WITHOUT_CONSENT,
            "head": _head(consultation),
            "persons": [_person_facts(p) for p in persons],
            "answers": [
                {"term": label, "value": value}
                for label, value in lines(items, consultation.answers)
            ],
            "filled": filled(
                items.values(),
                consultation.mode,
                consultation.answers,
                in_fields(consultation, persons, issues),
            ),
            "issues": [
                ("◎" if issue.is_primary else "○", str(issue.get_issue_type_display()))
                for issue in issues
            ],
        },
        status=status,
    )


def _head(consultation: Consultation) -> list[dict[str, Any]]:
    """受付 and 来談者, as facts with their names."""
    taken_by = consultation.taken_by.user
    anonymous = _("匿名を希望") if consultation.is_anonymous else ""
    return [
        {"term": _("受付日時"), "value": format_datetime(consultation.received_at)},
        {"term": _("受けた機関"), "value": consultation.agency.name},
        {"term": _("受けた人"), "value": str(taken_by) if taken_by else ""},
        {"term": _("本人の同意"), "value": consultation.get_mode_display()},
        {"term": _("相談経路"), "value": consultation.get_route_display()},
        {"term": _("緊急度"), "value": consultation.get_urgency_display()},
        {
            "term": _("来談者"),
            "value": consultation.visitor_name or anonymous,
            "note": anonymous if consultation.visitor_name else "",
        },
        {"term": _("本人との関係"), "value": consultation.visitor_relation},
        {"term": _("来談者の電話"), "value": consultation.visitor_phone},
        {"term": _("結果"), "value": consultation.get_screening_display()},
    ]


def _person_facts(person: ConsultationPerson) -> dict[str, Any]:
    """A person of the sheet, as facts with their names."""
    birth, age = birth_words(person), age_words(person)
    return {
        "name": with_san(person.name) if person.name else _("氏名不明"),
        "facts": [
            {"term": _("ふりがな"), "value": person.name_kana},
            {"term": _("生年月日"), "value": birth or age, "note": age if birth else ""},
            {"term": _("性別"), "value": person.get_sex_display()},
            {"term": _("続柄"), "value": person.get_relation_display()},
            {"term": _("電話番号"), "value": person.phone},
            {"term": _("住所"), "value": person.address},
        ],
    }
