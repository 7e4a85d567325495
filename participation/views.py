"""参加支援: matches and their follow-ups, and the register of resources."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agencies.enums import Action, Permission
from agencies.guards import MemberRequest, member
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases.models import Case, Person
from cases.operations.case import written_about
from cases.permissions import can
from cases.titles import household_title, persons_of
from config.lib.eras import format_short
from participation import enums, operations
from participation.forms import DeclaringForm, EndForm, FollowUpForm, MatchForm, ResourceForm
from participation.models import Match, Resource
from participation.pages import (
    TONES,
    follow_up_lines,
    match_facts,
    match_list_page,
    resource_rows,
)
from participation.permissions import check_can_follow_up, check_can_match


@require_GET
@member(Permission.MATCH)
def match_list(request: MemberRequest) -> HttpResponse:
    """Follow-ups due, and the matches that stand."""
    page = match_list_page(request.membership, request.GET.get("before", ""))
    log_access(request.membership, Action.LIST, what="match_list", record_ids=page.record_ids)
    return render(request, "participation/match_list.html", {"page": page})


@require_http_methods(["GET", "POST"])
@member(Permission.MATCH)
def match_new(request: MemberRequest, case_id: uuid.UUID) -> HttpResponse:
    """Match a person of the household with a host."""
    membership = request.membership
    case = get_object_or_404(Case.objects.visible_to(membership), pk=case_id)
    check_can_match(membership, case)
    persons = persons_of(membership, [case.pk]).get(case.pk, [])
    living = [person for person in written_about(persons) if person.is_living]
    hosts = list(Resource.objects.visible_to(membership).open().order_by("kind", "name", "id"))
    form = MatchForm(request.POST or None, persons=living, resources=hosts)
    if request.method == "POST" and form.is_valid():
        made = _matched(request, form, case)
        if made is not None:
            messages.success(request, _("参加先とつなぎました。"))
            return redirect("match_detail", made.pk)
    log_access(
        membership,
        Action.OPEN,
        what="match_new",
        case_id=case.pk,
        record_ids=[person.pk for person in persons],
    )
    return render(
        request,
        "participation/match_form.html",
        {
            "form": form,
            "case": case,
            "title": household_title(persons),
            "has_hosts": bool(hosts),
            "has_persons": bool(living),
            "case_url": reverse("case_detail", args=[case.pk]),
        },
        status=_status(form),
    )


@require_http_methods(["GET", "POST"])
@member(Permission.READ_CASES)
def match_detail(request: MemberRequest, match_id: uuid.UUID) -> HttpResponse:
    """A match with its follow-ups; who matched adds the next one."""
    membership = request.membership
    match, case = _match_and_case(request, match_id)
    may = can(check_can_follow_up, membership, match, case)
    if request.method == "POST" and not may:
        check_can_follow_up(membership, match, case)
    form = FollowUpForm(request.POST or None, match=match)
    if request.method == "POST" and form.is_valid() and _followed(request, form, match):
        messages.success(request, _("フォローを記録しました。"))
        return redirect("match_detail", match.pk)
    persons = persons_of(membership, [case.pk]).get(case.pk, [])
    lines = follow_up_lines(membership, match)
    log_access(
        membership,
        Action.OPEN,
        what="match_detail",
        case_id=case.pk,
        record_ids=[match.pk, *(line.record_id for line in lines)],
    )
    return render(
        request,
        "participation/match_detail.html",
        {
            "match": match,
            "case": case,
            "status_tone": TONES[enums.MatchStatus(match.status)],
            "title": household_title(persons),
            "facts": match_facts(match, persons),
            "lines": lines,
            "form": form,
            "may_follow_up": may,
            "may_list": membership.may(Permission.MATCH),
            "case_url": reverse("case_detail", args=[case.pk]),
        },
        status=_status(form),
    )


@require_GET
@member(Permission.MATCH)
def resource_list(request: MemberRequest) -> HttpResponse:
    """The register. It holds nothing about a case."""
    kind = request.GET.get("kind", "")
    rows, is_cut = resource_rows(request.membership, kind)
    log_access(request.membership, Action.LIST, what="resource_list")
    return render(
        request,
        "participation/resource_list.html",
        {
            "rows": [
                {
                    "resource": row,
                    "kind": row.get_kind_display(),
                    "ended": format_short(row.ended_on) if row.ended_on else "",
                }
                for row in rows
            ],
            "is_cut": is_cut,
            "kinds": enums.ResourceKind.choices,
            "kind": kind,
        },
    )


@require_http_methods(["GET", "POST"])
@member(Permission.MATCH)
def resource_new(request: MemberRequest) -> HttpResponse:
    """Add a host to the register."""
    form = ResourceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        operations.add_resource(
            by=request.membership, facts=form.facts(), form_key=form.cleaned_data["form_key"]
        )
        _log_declared(request, form)
        messages.success(request, _("社会資源を登録しました。"))
        return redirect("resource_list")
    context = {"form": form, "resource": None, "end_form": None, "ended": ""}
    return render(request, "participation/resource_form.html", context, status=_status(form))


@require_http_methods(["GET", "POST"])
@member(Permission.MATCH)
def resource_edit(request: MemberRequest, resource_id: uuid.UUID) -> HttpResponse:
    """Correct what is known of a host."""
    resource = get_object_or_404(Resource.objects.visible_to(request.membership), pk=resource_id)
    names = ("name", "kind", "operator", "area", "note")
    initial = {name: getattr(resource, name) for name in names}
    form = ResourceForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        operations.change_resource(resource=resource, by=request.membership, facts=form.facts())
        _log_declared(request, form)
        messages.success(request, _("社会資源の内容を直しました。"))
        return redirect("resource_list")
    return _resource_page(request, resource, form, EndForm())


@require_POST
@member(Permission.MATCH)
def resource_end(request: MemberRequest, resource_id: uuid.UUID) -> HttpResponse:
    """The host takes nobody new any more."""
    resource = get_object_or_404(Resource.objects.visible_to(request.membership), pk=resource_id)
    form = EndForm(request.POST)
    if form.is_valid():
        operations.end_resource(
            resource=resource, by=request.membership, on=form.cleaned_data["ended_on"]
        )
        messages.success(request, _("受け入れを終えた日を記録しました。"))
        return redirect("resource_list")
    names = ("name", "kind", "operator", "area", "note")
    shown = ResourceForm(initial={name: getattr(resource, name) for name in names})
    return _resource_page(request, resource, shown, form)


def _resource_page(
    request: MemberRequest, resource: Resource, form: ResourceForm, end_form: EndForm
) -> HttpResponse:
    context = {
        "form": form,
        "resource": resource,
        "end_form": end_form,
        "ended": format_short(resource.ended_on) if resource.ended_on else "",
    }
    status = 422 if form.is_bound or end_form.is_bound else 200
    return render(request, "participation/resource_form.html", context, status=status)


def _match_and_case(request: MemberRequest, match_id: uuid.UUID) -> tuple[Match, Case]:
    """What this reader sees as own or by consent; what only a sitting lays open stays there."""
    membership = request.membership
    match = get_object_or_404(
        Match.objects.standing_with(membership).select_related("record", "resource"), pk=match_id
    )
    return match, get_object_or_404(Case.objects.visible_to(membership), pk=match.record.case_id)


def _matched(request: MemberRequest, form: MatchForm, case: Case) -> Match | None:
    data = form.cleaned_data
    person: Person = form.persons[data["person"]]
    try:
        made = operations.match(
            case=case,
            person=person,
            resource=form.resources[data["resource"]],
            by=request.membership,
            facts=form.facts(),
            form_key=data["form_key"],
        )
    except ActionDenied as error:
        form.add_error(None, str(error))
        return None
    _log_declared(request, form, case)
    return made


def _followed(request: MemberRequest, form: FollowUpForm, match: Match) -> bool:
    data = form.cleaned_data
    try:
        operations.follow_up(
            match=match,
            by=request.membership,
            on=data["on"],
            text=data["text"],
            status_after=data["status_after"],
            next_on=data["next_on"],
            form_key=data["form_key"],
        )
    except ActionDenied as error:
        form.add_error(None, str(error))
        return False
    _log_declared(request, form)
    return True


def _log_declared(request: MemberRequest, form: DeclaringForm, case: Case | None = None) -> None:
    """V16: who declared twelve digits to be no My Number; never the digits."""
    for name in form.not_my_number_fields:
        log_access(
            request.membership,
            Action.WRITE,
            what=f"declared_no_my_number {name}",
            case_id=case.pk if case else None,
        )


def _status(form: DeclaringForm) -> int:
    return 422 if form.is_bound else 200
