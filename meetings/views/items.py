"""An item: put it on an agenda, read it, change who takes part, take it back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agencies.enums import Action, Permission, Purpose
from agencies.guards import MemberRequest, in_background, member
from agencies.models import agencies_of
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases.operations.case import StaleVersion
from config.lib.eras import format_datetime, format_long
from meetings import enums
from meetings.agenda import hours_of, presenter_words
from meetings.forms import AttachForm, ParticipantsForm
from meetings.laying import materials_shown
from meetings.members import conflict_words, member_rows, members_of, tally
from meetings.minutes import Minutes, minutes_of
from meetings.models import AgendaItem, Sitting
from meetings.operations import (
    asked_of,
    attach_earlier,
    change_participants,
    check_can_name,
    resume_item,
    withdraw_item,
)
from meetings.operations.item import check_proposer
from meetings.pages import (
    agency_choices,
    item_state,
    matters_of,
    presence,
    role_table,
    sitting_row,
    waits_for_next,
    who_sees,
)
from meetings.permissions import (
    LIVE,
    can,
    check_can_decide,
    check_can_run,
    check_can_run_item,
    check_can_write_minutes,
    check_is_listed,
)
from meetings.views.answers import answer_panel
from meetings.views.asking import (
    beside,
    between,
    chosen,
    fill_from_draft,
    missing_of,
    to_ask,
)
from meetings.views.cancelling import came_from
from meetings.views.common import form_page, get_item, log_item, posted, secrecy
from meetings.views.letters import letter_rows
from meetings.views.proposing import Proposal
from plans.models import Plan


@member(Permission.WRITE_RECORDS)
@require_http_methods(["GET", "POST"])
def item_new(request: MemberRequest) -> HttpResponse:
    """会議に付議する: from a case (?case=, ?plan=), from a sheet without consent (?referral=), or
    what a room above holds (?matter=).

    First the sitting and the body, then the form the body asks for."""
    is_sent = request.method == "POST"
    proposal = Proposal(request.membership, request.GET, is_sent=is_sent)
    if (running := proposal.running()) is not None:
        return _urgent(request, proposal, running)
    if proposal.place is None:
        return render(request, "meetings/item_choose.html", proposal.choose_page())
    form = proposal.form(posted(request))
    filled = fill_from_draft(request, form)
    proposal.log(request.membership, Action.OPEN)
    asked = proposal.asked(form)
    if asked and request.method == "POST" and (answer := between(request, form, asked)):
        return answer
    if request.method == "POST" and not form.errors:
        try:
            item = proposal.propose(form.cleaned_data)
            return _proposed(request, item)
        except ActionDenied as error:
            form.add_error(beside(form, error), str(error))
    context = {**proposal.form_page(), "filled": filled, "check": asked.check if asked else None}
    return form_page(request, "meetings/item_form.html", context, form)


def _urgent(request: MemberRequest, proposal: Proposal, sitting: Sitting) -> HttpResponse:
    """緊急の議題を加える: which case goes before the sitting that runs."""
    check_can_run(request.membership, sitting.conference_types.all())
    page = proposal.urgent_page(sitting)
    log_access(
        request.membership,
        Action.LIST,
        what="item_new",
        purpose=Purpose.PLAN_CONFERENCE,
        record_ids=page.pop("record_ids"),
    )
    return render(request, "meetings/item_urgent.html", page)


def _proposed(request: MemberRequest, item: AgendaItem) -> HttpResponse:
    """Where one goes on: in a sitting that runs, to what comes next in the room."""
    if item.sitting.state != enums.SittingState.OPEN:
        messages.success(request, _("会議に付議しました。"))
        return redirect("item_detail", item.pk)
    if item.is_secret:
        messages.success(
            request,
            _("緊急の議題を加えました。ここで指名し、本人が誓約すると、その人の画面に開きます。"),
        )
        return redirect("item_people", item.pk)
    messages.success(request, _("緊急の議題を加えました。議題を見る人の画面に出ています。"))
    return redirect("item_run", item.pk)


@member(Permission.READ_ITEMS)
@require_GET
def item_detail(request: MemberRequest, item_id: UUID) -> HttpResponse:
    """An item: what it is about, on which basis, who sees it, what was decided."""
    by = request.membership
    item = get_item(request, item_id)
    plan = Plan.objects.visible_to(by).filter(pk=item.plan_id).first() if item.plan_id else None
    log_item(request, item, Action.OPEN, "item_detail")
    attached = AgendaItem.objects.visible_to(by).filter(pk__in=item.attached_ids)
    manages = can(check_can_run_item, by, item)
    members = members_of(by, [item])[item.pk]
    asked = asked_of(by).filter(pk=item.pk).exists()
    minutes = minutes_of(by, item)
    proposes = manages or (not item.is_secret and item.proposing_agency_id == by.agency_id)
    undecided = item.state not in (enums.ItemState.DECIDED, enums.ItemState.WITHDRAWN)
    return render(
        request,
        "meetings/item_detail.html",
        {
            "item": item,
            "row": sitting_row(item.sitting),
            **secrecy(item),
            "facts": [*_facts(item), *came_from(by, item)],
            "waits": waits_for_next(item),
            "decided": _decided(item, minutes),
            "minutes": minutes,
            "roles": role_table(by, plan) if plan else [],
            "plan_url": reverse("plan_detail", args=[plan.pk])
            if plan and not item.is_secret
            else "",
            "materials": materials_shown(by, item, plan),
            "attached": [
                {
                    "title": a.title,
                    "sub": item_state(a),
                    "url": reverse("item_detail", args=[a.pk]),
                }
                for a in attached.order_by("proposed_at")
            ],
            "presence": presence(item) if item.is_secret and not manages else [],
            "watched": item.sitting.state in (*LIVE, enums.SittingState.OPEN),
            "members": member_rows(members) if manages or not item.is_secret else [],
            "tally": tally(members) if manages else "",
            "conflicts": conflict_words(members) if manages or not item.is_secret else "",
            "answer": answer_panel(by, [item]) if asked else None,
            "can_members": can(check_can_name, by, item),
            "seers": [] if by.is_guest else who_sees(item),
            "carried": _carried(item),
            "letters": letter_rows(item, manages=manages) if item.is_secret else [],
            "is_guest": by.is_guest,
            "live_url": _live_url(item),
            "can_letter": item.is_secret and manages,
            "can_end_carry": item.is_secret and manages and is_carried(item),
            "can_run": can(check_can_decide, by, item),
            "can_people": item.is_secret and manages,
            "can_participants": not item.is_secret and proposes and undecided,
            "can_attach": item.is_secret and manages and item.case_id is not None and undecided,
            "can_minutes": can(check_can_write_minutes, by, item),
            "can_withdraw": proposes and undecided,
            "can_resume": proposes and item.state == enums.ItemState.BLOCKED,
            "check": missing_of(by, item) if proposes else None,
        },
    )


def _live_url(item: AgendaItem) -> str:
    """会議の画面, while the sitting runs."""
    running = item.sitting.state == enums.SittingState.OPEN
    return reverse("sitting_live", args=[item.sitting_id]) if running else ""


def _facts(item: AgendaItem) -> list[dict[str, Any]]:
    planned = (
        {"term": _("予定の時間"), "value": hours_of(item)},
        {"term": _("発表する人"), "value": presenter_words([item]).get(item.pk, "")},
    )
    return [
        {"term": _("会議"), "value": item.conference_type.name},
        {"term": _("議題の種別"), "value": str(item.get_agenda_type_display())},
        {"term": _("付議した機関"), "value": item.proposing_agency.name},
        *(fact for fact in planned if fact["value"]),
        *({"term": m.kind, "value": m.title, "href": m.url} for m in matters_of(item)),
        {"term": _("概要・論点"), "value": item.briefing},
    ]


def is_carried(item: AgendaItem) -> bool:
    """Whether its people may use what was carried out, today."""
    return (
        item.carry_out_id is not None
        and item.carry_ended_at is None
        and item.carry_review_on is not None
        and item.carry_review_on >= timezone.localdate()
    )


def _carried(item: AgendaItem) -> list[dict[str, Any]]:
    if item.carry_out_id is None or item.carry_review_on is None:
        return []
    state = _("見直し日まで使える") if is_carried(item) else _("終わった")
    return [
        {"term": _("内容"), "value": item.carry_text},
        {"term": _("相手（人）"), "value": item.carry_people},
        {"term": _("見直し日"), "value": format_long(item.carry_review_on), "note": state},
    ]


def _decided(item: AgendaItem, minutes: Minutes) -> list[dict[str, Any]]:
    if item.decided_at is None:
        return []
    return [
        {"term": _("決定"), "value": str(item.get_decision_display())},
        {"term": _("決定事項・意見"), "value": item.opinion},
        {
            "term": _("議事録"),
            "value": minutes.newest.text if minutes.newest else "",
            "note": minutes.state,
        },
        {"term": _("決定した日時"), "value": format_datetime(item.decided_at)},
    ]


@member(Permission.READ_CASES)
@require_http_methods(["GET", "POST"])
def item_participants(request: MemberRequest, item_id: UUID) -> HttpResponse:
    """V5: change who takes part; the consents are checked again. How they stand is told to who may
    change it alone (V3)."""
    item = get_item(request, item_id)
    check_proposer(item, request.membership)
    office = item.conference_type.secretariat_id
    choices = agency_choices(request.membership, without=[office, item.proposing_agency_id])
    initial = {"participants": [str(k) for k in item.participant_ids], "version": item.version}
    form = ParticipantsForm(posted(request), choices=choices, initial=initial)
    filled = fill_from_draft(request, form)
    log_item(request, item, Action.OPEN, "item_participants")
    asked = to_ask(request.membership, item, chosen(form, "participants"))
    if asked and request.method == "POST" and (answer := between(request, form, asked)):
        return answer
    if request.method == "POST" and form.is_valid() and form.check_version(item):
        offered = agencies_of(request.membership.municipality)
        wanted = offered.filter(pk__in=form.cleaned_data["participants"])
        try:
            change_participants(
                item=item,
                by=request.membership,
                participants=list(wanted),
                version=form.cleaned_data["version"],
            )
            messages.success(request, _("参加する機関を替えました。"))
            return redirect("item_detail", item.pk)
        except ActionDenied as error:
            form.add_error(beside(form, error), str(error))
        except StaleVersion:
            form.check_version(get_item(request, item_id))
    context = {
        "item": item,
        "case": asked.case if asked else None,  # its draft is kept with it
        "row": sitting_row(item.sitting),
        **secrecy(item),
        "filled": filled,
        "check": asked.check if asked else None,
    }
    return form_page(request, "meetings/item_participants.html", context, form)


@member(Permission.READ_CASES)
@require_http_methods(["GET", "POST"])
def item_attach(request: MemberRequest, item_id: UUID) -> HttpResponse:
    """V6: earlier items of the same case in the same body."""
    by = request.membership
    item = get_item(request, item_id)
    check_is_listed(by, item.conference_type)
    earlier = (
        AgendaItem.objects.visible_to(by)
        .filter(
            case=item.case_id,
            conference_type=item.conference_type,
            basis=enums.ItemBasis.SECRECY,
        )
        .exclude(pk__in=[item.pk, *item.attached_ids])
        .select_related("sitting")
    )
    found = {str(a.pk): a for a in earlier.order_by("-proposed_at")}
    choices = [(key, f"{a.title}（{a.sitting.on or _('日程未定')}）") for key, a in found.items()]
    form = AttachForm(posted(request), choices=choices)
    if request.method == "POST" and form.is_valid():
        attach_earlier(item=item, by=by, earlier=found[form.cleaned_data["earlier"]])
        messages.success(request, _("前の議題を付けました。この議題の人が読めます。"))
        return redirect("item_detail", item.pk)
    log_item(request, item, Action.OPEN, "item_attach")
    context = {
        "item": item,
        "row": sitting_row(item.sitting),
        **secrecy(item),
        "title": _("前の議題を付ける"),
        "label": _("付ける"),
    }
    return form_page(request, "meetings/item_small_form.html", context, form)


@member(Permission.READ_ITEMS)
@in_background
@require_GET
def item_still(request: MemberRequest, item_id: UUID) -> HttpResponse:
    """Whether an open page may stay open, asked by the page itself: nothing, or 404 (V5, V6)."""
    get_item(request, item_id)
    return HttpResponse(content_type="text/plain")


STEPS = {
    "withdraw": (withdraw_item, _("議題を取り下げました。")),
    "resume": (resume_item, _("議題を戻しました。")),
}


@member(Permission.READ_CASES)
@require_POST
def item_step(request: MemberRequest, item_id: UUID, step: str) -> HttpResponse:
    """Withdraw, resume."""
    if step not in STEPS:
        raise Http404
    item = get_item(request, item_id)
    operation, done = STEPS[step]
    try:
        operation(item=item, by=request.membership)
    except ActionDenied as error:
        messages.error(request, str(error))
        return redirect("item_detail", item.pk)
    messages.success(request, done)
    return redirect("item_detail", item.pk)
