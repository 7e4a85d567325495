"""地域: places, what happened there, and issues of the community."""

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
from agencies.models import Membership
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases.models import Case
from cases.titles import household_title, persons_of
from community import enums, operations
from community.forms import (
    AnswerForm,
    CommunityIssueForm,
    DeclaringForm,
    EndForm,
    EventForm,
    MoveForm,
    PlaceForm,
)
from community.models import CommunityIssue, IssueStep, Place
from community.pages import (
    TONES,
    answer_lines,
    body_words,
    committees_of,
    community_home_page,
    event_lines,
    place_facts,
    source_lines,
    step_lines,
    wait_lines,
)
from community.permissions import check_can_raise_from
from config.lib.eras import format_long, format_short

PLACE_FIELDS = ("name", "kind", "area", "operator", "opened_on")


@require_GET
@member(Permission.COMMUNITY)
def community_home(request: MemberRequest) -> HttpResponse:
    """Issues of the community, and its places."""
    page = community_home_page(request.membership, request.GET.get("before", ""))
    log_access(request.membership, Action.LIST, what="community_home")
    return render(request, "community/community_home.html", {"page": page})


# --- places ----------------------------------------------------------------------------------


@require_GET
@member(Permission.COMMUNITY)
def place_detail(request: MemberRequest, place_id: uuid.UUID) -> HttpResponse:
    """A place and what happened there."""
    place = _place(request, place_id)
    log_access(request.membership, Action.OPEN, what="place_detail")
    return render(
        request,
        "community/place_detail.html",
        {
            "place": place,
            "facts": place_facts(place),
            "lines": event_lines(request.membership, place),
            "ended": _ended(place),
        },
    )


@require_http_methods(["GET", "POST"])
@member(Permission.COMMUNITY)
def place_new(request: MemberRequest) -> HttpResponse:
    """A new place."""
    form = PlaceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        place = operations.add_place(
            by=request.membership, facts=form.facts(), form_key=form.cleaned_data["form_key"]
        )
        _log_declared(request, form)
        messages.success(request, _("拠点を登録しました。"))
        return redirect("place_detail", place.pk)
    context = {"form": form, "place": None, "end_form": None, "ended": ""}
    return render(request, "community/place_form.html", context, status=_status(form))


@require_http_methods(["GET", "POST"])
@member(Permission.COMMUNITY)
def place_edit(request: MemberRequest, place_id: uuid.UUID) -> HttpResponse:
    """Correct what is known of a place."""
    place = _place(request, place_id)
    form = PlaceForm(
        request.POST or None, initial={name: getattr(place, name) for name in PLACE_FIELDS}
    )
    if request.method == "POST" and form.is_valid():
        try:
            operations.change_place(place=place, by=request.membership, facts=form.facts())
        except ActionDenied as error:
            form.add_error("opened_on", str(error))
        else:
            _log_declared(request, form)
            messages.success(request, _("拠点の内容を直しました。"))
            return redirect("place_detail", place.pk)
    return _place_page(request, place, form, EndForm())


@require_POST
@member(Permission.COMMUNITY)
def place_end(request: MemberRequest, place_id: uuid.UUID) -> HttpResponse:
    """The place has closed."""
    place = _place(request, place_id)
    form = EndForm(request.POST)
    if form.is_valid():
        try:
            operations.end_place(
                place=place, by=request.membership, on=form.cleaned_data["ended_on"]
            )
        except ActionDenied as error:
            form.add_error("ended_on", str(error))
        else:
            messages.success(request, _("拠点を終えた日を記録しました。"))
            return redirect("place_detail", place.pk)
    shown = PlaceForm(initial={name: getattr(place, name) for name in PLACE_FIELDS})
    return _place_page(request, place, shown, form)


@require_http_methods(["GET", "POST"])
@member(Permission.COMMUNITY)
def event_new(request: MemberRequest, place_id: uuid.UUID) -> HttpResponse:
    """What happened at a place: when, and how many came."""
    place = _place(request, place_id)
    form = EventForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            operations.record_event(
                place=place,
                by=request.membership,
                on=data["on"],
                participants=data["participants"],
                organisations=data["organisations"] or 0,
                note=data["note"],
                form_key=data["form_key"],
            )
        except ActionDenied as error:
            form.add_error("on", str(error))
        else:
            _log_declared(request, form)
            messages.success(request, _("開催を記録しました。"))
            return redirect("place_detail", place.pk)
    context = {"form": form, "place": place}
    return render(request, "community/event_form.html", context, status=_status(form))


# --- issues ----------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@member(Permission.COMMUNITY)
def community_issue_new(request: MemberRequest) -> HttpResponse:
    """An issue that came up elsewhere than in a case."""
    form = CommunityIssueForm(request.POST or None, from_case=False)
    if request.method == "POST" and form.is_valid():
        issue = _raised(request, form, None)
        if issue is not None:
            return redirect("community_issue_detail", issue.pk)
    context = {"form": form, "case": None, "title": "", "back_url": reverse("community_home")}
    return render(request, "community/issue_form.html", context, status=_status(form))


@require_http_methods(["GET", "POST"])
@member(Permission.COMMUNITY)
def community_issue_from_case(request: MemberRequest, case_id: uuid.UUID) -> HttpResponse:
    """An issue that a household's situation shows, worded without the household."""
    membership = request.membership
    case = get_object_or_404(Case.objects.visible_to(membership), pk=case_id)
    check_can_raise_from(membership, case)
    form = CommunityIssueForm(request.POST or None, from_case=True)
    if request.method == "POST" and form.is_valid():
        issue = _raised(request, form, case)
        if issue is not None:
            return redirect("community_issue_detail", issue.pk)
    persons = persons_of(membership, [case.pk]).get(case.pk, [])
    log_access(
        membership,
        Action.OPEN,
        what="community_issue_from_case",
        case_id=case.pk,
        record_ids=[person.pk for person in persons],
    )
    context = {
        "form": form,
        "case": case,
        "title": household_title(persons),
        "back_url": reverse("case_detail", args=[case.pk]),
    }
    return render(request, "community/issue_form.html", context, status=_status(form))


@require_http_methods(["GET", "POST"])
@member(Permission.COMMUNITY)
def community_issue_detail(request: MemberRequest, issue_id: uuid.UUID) -> HttpResponse:
    """An issue, what became of it, and what happens next."""
    membership = request.membership
    issue = get_object_or_404(
        CommunityIssue.objects.visible_to(membership).select_related(
            "raised_by_agency", "committee"
        ),
        pk=issue_id,
    )
    form = MoveForm(
        request.POST or None,
        issue=issue,
        committees=committees_of(membership),
        initial={"seen": operations.last_step(membership, issue)},
    )
    if request.method == "POST" and form.is_valid() and _moved(request, form, issue):
        messages.success(request, _("地域課題の状態を変えました。"))
        return redirect("community_issue_detail", issue.pk)
    sources = source_lines(membership, issue)
    waits = wait_lines(membership, issue)
    log_access(
        membership,
        Action.OPEN,
        what="community_issue_detail",
        case_id=sources[0].case_id if len(sources) == 1 else None,
        record_ids=[line.record_id for line in sources],
    )
    return render(
        request,
        "community/issue_detail.html",
        {
            "issue": issue,
            "tone": TONES[enums.IssueState(issue.state)],
            "form": form,
            "is_settled": issue.state == enums.IssueState.SETTLED,
            "raised": format_long(issue.raised_on),
            "steps": step_lines(membership, issue),
            "sources": sources,
            "answers": answer_lines(membership, issue),
            "waits": waits,
            "propose_url": _propose_url(membership, issue),
        },
        status=_status(form),
    )


@require_http_methods(["GET", "POST"])
@member(Permission.COMMUNITY)
def community_issue_answer(request: MemberRequest, step_id: uuid.UUID) -> HttpResponse:
    """The answer of a body that does not sit here, entered by hand."""
    membership = request.membership
    steps = IssueStep.objects.visible_to(membership).select_related("committee", "issue")
    passing = get_object_or_404(steps, pk=step_id, state=enums.IssueState.PASSED)
    issue = passing.issue
    form = AnswerForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _answered(request, form, issue, passing):
        messages.success(request, _("答えを記録しました。提起した機関に知らせます。"))
        return redirect("community_issue_detail", issue.pk)
    log_access(membership, Action.OPEN, what="community_issue_answer")
    context = {"form": form, "issue": issue, "who": body_words(passing)}
    return render(request, "community/issue_answer.html", context, status=_status(form))


# --- shared ----------------------------------------------------------------------------------


def _place(request: MemberRequest, place_id: uuid.UUID) -> Place:
    place: Place = get_object_or_404(Place.objects.visible_to(request.membership), pk=place_id)
    return place


def _ended(place: Place) -> str:
    return format_short(place.ended_on) if place.ended_on else ""


def _place_page(
    request: MemberRequest, place: Place, form: PlaceForm, end_form: EndForm
) -> HttpResponse:
    context = {"form": form, "place": place, "end_form": end_form, "ended": _ended(place)}
    status = 422 if form.is_bound or end_form.is_bound else 200
    return render(request, "community/place_form.html", context, status=status)


def _raised(
    request: MemberRequest, form: CommunityIssueForm, case: Case | None
) -> CommunityIssue | None:
    """Raise it; a refusal goes back to the form with what was typed."""
    data = form.cleaned_data
    try:
        issue = operations.raise_issue(
            by=request.membership,
            facts=form.facts(),
            form_key=data["form_key"],
            case=case,
            note=data.get("note", ""),
        )
    except ActionDenied as error:
        form.add_error(None, str(error))
        return None
    _log_declared(request, form, case)
    messages.success(request, _("地域課題を提起しました。"))
    return issue


def _moved(request: MemberRequest, form: MoveForm, issue: CommunityIssue) -> bool:
    try:
        operations.move_issue(
            issue=issue,
            by=request.membership,
            to=form.cleaned_data["to"],
            committee=form.committee_chosen(),
            note=form.cleaned_data["note"],
            on=form.cleaned_data["passed_on"],
            seen=form.cleaned_data["seen"],
        )
    except ActionDenied as error:
        form.add_error(None, str(error))
        form.show_last(operations.last_step(request.membership, issue))
        return False
    _log_declared(request, form)
    return True


def _answered(
    request: MemberRequest, form: AnswerForm, issue: CommunityIssue, passing: IssueStep
) -> bool:
    try:
        operations.answer_issue(
            issue=issue,
            by=request.membership,
            passing=passing.pk,
            on=form.cleaned_data["on"],
            answer=form.cleaned_data["answer"],
        )
    except ActionDenied as error:
        form.add_error(None, str(error))
        return False
    _log_declared(request, form)
    return True


def _propose_url(membership: Membership, issue: CommunityIssue) -> str:
    """付議 of the issue alone, where it waits for nobody yet."""
    waits = issue.state in (enums.IssueState.RAISED, enums.IssueState.ANSWERED)
    if not waits or not membership.may(Permission.WRITE_RECORDS):
        return ""
    return f"{reverse('item_new')}?matter={issue.pk}"


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
