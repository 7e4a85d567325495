"""緊急閲覧: the door, the list that stays until reviewed, and one access with its looks (V8)."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agencies.enums import Action, Permission, Purpose
from agencies.guards import MemberRequest, confirmed_lately, member
from agencies.models import AccessLog, Agency, Membership
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases.disclosures import emergency_grounds, ground_words, provider_words
from cases.forms.emergency import EmergencyForm, ReviewEmergencyForm
from cases.models import Emergency
from cases.operations import end_emergency, open_emergency, review_emergency
from cases.operations.emergency import HOURS, already_open
from cases.permissions import (
    can,
    check_can_end_emergency,
    check_can_review_emergency,
    check_may_know_emergencies,
)
from cases.shields import is_closed_case
from config.lib.eras import format_datetime, format_short, today

SHOWN = 100


@member(Permission.OPEN_EMERGENCY)
@confirmed_lately
@require_http_methods(["GET", "POST"])
def emergency_new(request: MemberRequest) -> HttpResponse:
    """Say whom and why, read what follows, and open."""
    agency = Agency.objects.select_related("of_type").get(pk=request.membership.agency_id)
    grounds = emergency_grounds(agency, today())
    form = EmergencyForm(request.POST or None, grounds=grounds)
    if request.method == "POST" and form.is_valid():
        known = already_open(request.membership, form.facts())
        if known is not None:
            messages.info(request, _("このケースは、いまの所属で開けます。緊急閲覧は要りません。"))
            return redirect("case_detail", case_id=known.pk)
        if request.POST.get("step") == "open":
            return _open(request, form)
        if request.POST.get("step") == "check":
            context = {"form": form, "consequences": _consequences()}
            return render(request, "cases/emergency_confirm.html", context)
    context = {"form": form, "provider": provider_words(agency)}
    return render(request, "cases/emergency_new.html", context, status=422 if form.errors else 200)


def _consequences() -> list[dict[str, object]]:
    return [
        {"figure": HOURS, "unit": _("時間"), "text": _("あなた（いまの所属）だけに開きます。")},
        {"text": _("主担当機関と個人情報保護担当に、すぐに知らせます。")},
        {"text": _("見たものはすべて記録され、あとで点検されます。取り消すことはできません。")},
        {"text": _("支援会議の議題、支援措置で隠した情報、通告者の情報は開きません。")},
    ]


def _open(request: MemberRequest, form: EmergencyForm) -> HttpResponse:
    try:
        opened = open_emergency(by=request.membership, facts=form.facts())
    except ActionDenied as error:
        form.add_error(None, str(error))
    else:
        if opened is not None:
            until = format_datetime(opened.period.upper)
            messages.success(
                request,
                _("%(until)sまで開きました。主担当機関と個人情報保護担当に知らせました。")
                % {"until": until},
            )
            return redirect("case_detail", case_id=opened.content_object_id)
        form.add_error(
            None,
            _(
                "開けるケースは見つかりませんでした。番号や生年月日を確かめてください。"
                "命にかかわるときは、119番・110番と、市の担当課に電話してください。"
            ),
        )
    return render(request, "cases/emergency_new.html", {"form": form, "provider": ""}, status=422)


@member()
@require_GET
def emergency_list(request: MemberRequest) -> HttpResponse:
    """Those one may know of: what waits for a review first."""
    check_may_know_emergencies(request.membership)
    rows = list(
        Emergency.objects.visible_to(request.membership)
        .select_related("membership__agency", "membership__user")
        .order_by("reviewed_at", "-opened_at")[:SHOWN]
    )
    log_access(
        request.membership,
        Action.LIST,
        what="emergency_list",
        purpose=Purpose.AUDIT,
        record_ids=[row.pk for row in rows],
    )
    lines = [_line(row) for row in rows]
    context = {
        "waiting": [line for line in lines if not line["is_done"]],
        "done": [line for line in lines if line["is_done"]],
    }
    return render(request, "cases/emergency_list.html", context)


def _line(row: Emergency) -> dict[str, object]:
    return {
        "id": row.pk,
        "when": format_short(row.opened_at),
        "who": f"{row.membership.agency_name}　{row.membership.user}",
        "what": str(row.get_danger_display()),
        "state": _("開きませんでした") if row.refused_at else str(row.get_finding_display()),
        "is_done": row.reviewed_at is not None,
    }


def _find(membership: Membership, emergency_id: uuid.UUID) -> Emergency:
    check_may_know_emergencies(membership)
    rows = Emergency.objects.visible_to(membership).select_related(
        "membership__agency",
        "membership__user",
        "responsible_agency",
        "ground",
        "reviewed_by__user",
    )
    found: Emergency = get_object_or_404(rows, pk=emergency_id)
    return found


@member()
@require_GET
def emergency_detail(request: MemberRequest, emergency_id: uuid.UUID) -> HttpResponse:
    """One access: who, why, until when, and what was looked at meanwhile."""
    return _page(request, _find(request.membership, emergency_id), ReviewEmergencyForm())


def _page(request: MemberRequest, row: Emergency, form: ReviewEmergencyForm) -> HttpResponse:
    log_access(
        request.membership,
        Action.OPEN,
        what="emergency_detail",
        purpose=Purpose.AUDIT,
        case_id=row.content_object_id,
    )
    looks = (
        AccessLog.objects.visible_to(request.membership)
        .filter(
            case_id=row.content_object_id,
            membership_id=row.membership_id,
            at__gte=row.opened_at,
            at__lt=row.ended_at or row.period.upper,
        )
        .order_by("at")[:SHOWN]
    )
    context = {
        "row": row,
        "facts": _facts(row, request.membership),
        "looks": [
            {
                "when": format_datetime(look.at),
                "what": str(look.get_action_display()),
                "count": len(look.record_ids),
            }
            for look in looks
        ],
        "may_end": can(check_can_end_emergency, request.membership, row),
        "may_review": can(check_can_review_emergency, request.membership, row),
        "form": form,
    }
    status = 422 if form.errors else 200
    return render(request, "cases/emergency_detail.html", context, status=status)


def _facts(row: Emergency, by: Membership) -> list[dict[str, str]]:
    # The officer reviews what was opened; the words stay with the shield's list (V9).
    is_kept = row.membership_id != by.pk and is_closed_case(row.content_object_id)
    kept = _("支援措置があるため、書かれたことばは名簿の人だけが読めます。") if is_kept else ""
    until = row.ended_at or row.period.upper
    facts = [
        (_("だれが"), f"{row.membership.agency_name}　{row.membership.user}"),
        (_("なにが危険か"), str(row.get_danger_display())),
        (_("何が起きていたか"), kept or row.reason),
        (_("根拠"), f"{ground_words(row.ground)}　{row.ground.label}"),
        (_("主担当機関"), row.responsible_agency.name),
        (_("求めた時刻"), format_datetime(row.opened_at)),
        (_("開いていた時間"), _("開きませんでした（支援措置）") if row.refused_at
         else _("%(until)sまで") % {"until": format_datetime(until)}),
    ]  # fmt: skip
    if row.reviewed_by is not None:
        facts.append(
            (
                _("点検"),
                f"{row.get_finding_display()}　{kept or row.review}（{row.reviewed_by.user}）",
            )
        )
    return [{"term": term, "value": value} for term, value in facts]


@member()
@require_POST
def emergency_end(request: MemberRequest, emergency_id: uuid.UUID) -> HttpResponse:
    """Close it before its time."""
    end_emergency(emergency=_find(request.membership, emergency_id), by=request.membership)
    messages.success(request, _("緊急閲覧を閉じました。"))
    return redirect("emergency_detail", emergency_id=emergency_id)


@member(Permission.REVIEW_ACCESS)
@require_POST
def emergency_review(request: MemberRequest, emergency_id: uuid.UUID) -> HttpResponse:
    """点検: once, with what was found."""
    row = _find(request.membership, emergency_id)
    form = ReviewEmergencyForm(request.POST)
    if not form.is_valid():
        return _page(request, row, form)
    review_emergency(
        emergency=row,
        by=request.membership,
        finding=form.cleaned_data["finding"],
        review=form.cleaned_data["review"],
    )
    messages.success(request, _("点検の結果を記録しました。"))
    return redirect("emergency_list")
