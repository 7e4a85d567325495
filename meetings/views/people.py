"""指名, 誓約 and the secretariat list: people under statutory secrecy (V6)."""

from __future__ import annotations

import copy
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from agencies.enums import Action, Permission, Purpose, RoleKey
from agencies.guards import MemberRequest, confirmed_to_send, member
from agencies.models import ConferenceType, Membership, SecretariatMember
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from config.lib import fiscal
from config.lib.eras import format_datetime, format_short
from meetings.forms import AppointedForm, AppointForm, PledgeForm, SecretaryForm
from meetings.models import AgendaItem, ItemGrant
from meetings.operations import (
    appoint,
    end_secretary,
    heads_of,
    name_secretary,
    pledge_as_secretary,
    revoke_appointment,
    take_pledge,
)
from meetings.operations.appointment import check_can_appoint, check_own_pledge
from meetings.operations.secretariat import check_own_entry
from meetings.pages import (
    DUTY,
    appointments,
    law_in_force,
    law_words,
    people_choices,
    sitting_row,
)
from meetings.permissions import can, check_can_name_secretary, check_is_listed, listed_types
from meetings.views.common import form_page, get_item, log_item, posted, secrecy
from meetings.views.named import appointing, head_choices, person_rows


@member(Permission.READ_CASES)
@require_http_methods(["GET", "POST"])
def item_people(request: MemberRequest, item_id: UUID) -> HttpResponse:
    """構成員: who is appointed, who has pledged; appoint one more."""
    by = request.membership
    item = get_item(request, item_id)
    check_is_listed(by, item.conference_type)
    heads = heads_of(item.conference_type)
    form = AppointForm(posted(request), people=people_choices(by), heads=head_choices(heads))
    if request.method == "POST" and form.is_valid():
        chosen = get_object_or_404(Membership.objects.with_names(), pk=form.cleaned_data["member"])
        try:
            appoint(
                item=item, by=by, member=chosen, appointing=appointing(form.cleaned_data, heads)
            )
            messages.success(request, _("指名しました。本人に知らせました。"))
            return redirect("item_people", item.pk)
        except ActionDenied as error:
            form.add_error("member", str(error))
    log_item(request, item, Action.OPEN, "item_people")
    return form_page(
        request,
        "meetings/item_people.html",
        {
            "item": item,
            "row": sitting_row(item.sitting),
            **secrecy(item),
            "rows": [
                _appointed(grant) for grant in appointments(item) if not grant.membership.is_guest
            ],
            "people": person_rows(by, item),
            "closed": _why_closed(by, item),
        },
        form,
    )


def _why_closed(by: Membership, item: AgendaItem) -> str:
    try:
        check_can_appoint(by, item)
    except ActionDenied as error:
        return str(error)
    return ""


def _appointed(grant: ItemGrant) -> dict[str, Any]:
    pledged = grant.pledged_at is not None
    return {
        "id": grant.pk,
        "who": str(grant.membership.user),
        "agency": grant.membership.agency_name,
        "role": grant.membership.role_name,
        "on": format_short(grant.decided_on or grant.appointed_at),
        "head": str(grant.decided_by.user) if grant.decided_by else "",
        "state": _("誓約済み") if pledged else _("誓約待ち"),
        "tone": "ok" if pledged else "warn",
    }


@member(Permission.READ_CASES)
@require_POST
def revoke(request: MemberRequest, grant_id: UUID) -> HttpResponse:
    """指名を取り消す."""
    grants = (
        ItemGrant.objects.visible_to(request.membership)
        .filter(
            content_object__in=AgendaItem.objects.visible_to(request.membership),
        )
        .exclude(membership__role_id=RoleKey.GUEST)
    )
    grant = get_object_or_404(grants, pk=grant_id)
    revoke_appointment(grant=grant, by=request.membership)
    messages.success(request, _("指名を取り消しました。この人は、もう議題を見られません。"))
    return redirect("item_people", grant.content_object_id)


@member(Permission.READ_ITEMS)
@require_http_methods(["GET", "POST"])
def pledge(request: MemberRequest, grant_id: UUID) -> HttpResponse:
    """誓約: the law in force, a tick, a button. The item opens only after it."""
    by = request.membership
    grant = get_object_or_404(
        ItemGrant.objects.visible_to(by)
        .filter(revoked_at__isnull=True)
        .select_related("sitting", "conference_type"),
        pk=grant_id,
    )
    check_own_pledge(by, grant)
    seen = AgendaItem.objects.visible_to(by).filter(pk=grant.content_object_id).first()
    if grant.pledged_at is not None and seen is not None:
        return redirect("item_detail", seen.pk)
    form = AppointedForm(posted(request), initial={"sitting": grant.sitting_id})
    if request.method == "POST" and form.is_valid():
        read = copy.copy(grant)
        read.sitting_id = form.cleaned_data["sitting"] or grant.sitting_id
        try:
            take_pledge(grant=read, by=by)
            messages.success(request, _("誓約を記録しました。"))
            return redirect("appointment_pledge", grant.pk)
        except ActionDenied as error:
            form = AppointedForm({"sitting": grant.sitting_id})
            form.add_error(None, str(error))
    log_access(
        by,
        Action.OPEN,
        what="appointment_pledge",
        purpose=Purpose.SUPPORT_CONFERENCE,
        basis="106-6",
        item_id=grant.content_object_id,
    )
    laws = law_in_force(DUTY, grant.sitting.on)
    return form_page(
        request,
        "meetings/pledge.html",
        {
            "row": sitting_row(grant.sitting),
            "body_name": grant.conference_type.name,
            "laws": laws,
            "basis": law_words(laws[:1]),
            "entry": None,
            "pledged_at": format_datetime(grant.pledged_at) if grant.pledged_at else "",
        },
        form,
    )


@member(Permission.READ_CASES)
@confirmed_to_send
@require_http_methods(["GET", "POST"])
def secretariat_list(request: MemberRequest) -> HttpResponse:
    """事務局名簿: people by body and 年度; the host's head names, everybody pledges themselves."""
    by = request.membership
    bodies = [body for body in ConferenceType.objects.running_in(by.municipality) if body.is_secret]
    mine = [body for body in bodies if can(check_can_name_secretary, by, body)]
    form = _secretary_form(by, mine, posted(request))
    if request.method == "POST":
        if form is None:
            raise ActionDenied(_("事務局名簿に人を載せるのは、会議を主催する機関の長です。"))
        if form.is_valid() and _name(by, mine, form):
            messages.success(request, _("名簿に載せました。本人の誓約を待っています。"))
            return redirect("secretariat_list")
    entries = (
        SecretariatMember.objects.visible_to(by)
        .filter(conference_type__in=bodies)
        .select_related(
            "membership__user", "membership__agency", "membership__role", "named_by__user"
        )
    )
    laws = law_in_force(DUTY)
    context = {
        "groups": _groups(by, bodies, list(entries.order_by("-fiscal_year", "named_at"))),
        "laws": laws,
        "basis": law_words(laws[:1]),
        "form": form,
        "is_listed": bool(listed_types(by)),
    }
    status = 422 if form is not None and form.is_bound and form.errors else 200
    return render(request, "meetings/secretariat_list.html", context, status=status)


def _secretary_form(by: Membership, mine: list[ConferenceType], data: Any) -> SecretaryForm | None:
    if not mine:
        return None
    year = fiscal.fiscal_year(timezone.localdate())
    offices = {key for body in mine for key in (body.secretariat_id, body.host_id) if key}
    return SecretaryForm(
        data,
        bodies=[(str(b.pk), b.name) for b in mine],
        years=[(year, fiscal.label(year)), (year + 1, fiscal.label(year + 1))],
        people=people_choices(by, offices),
    )


def _name(by: Membership, mine: list[ConferenceType], form: SecretaryForm) -> bool:
    data = form.cleaned_data
    body = next(b for b in mine if str(b.pk) == data["conference_type"])
    chosen = get_object_or_404(Membership, pk=data["member"])
    try:
        name_secretary(conference_type=body, member=chosen, by=by, fiscal_year=data["fiscal_year"])
    except ActionDenied as error:
        form.add_error("member", str(error))
        return False
    return True


def _groups(
    by: Membership, bodies: list[ConferenceType], entries: list[SecretariatMember]
) -> list[dict[str, Any]]:
    groups = []
    for body in bodies:
        rows = [_entry(by, body, e) for e in entries if e.conference_type_id == body.pk]
        groups.append({"title": body.name, "rows": rows})
    return groups


def _entry(by: Membership, body: ConferenceType, entry: SecretariatMember) -> dict[str, Any]:
    state, tone = _("誓約待ち"), "warn"
    if entry.ended_at is not None:
        state, tone = _("名簿から外れた"), ""
    elif entry.fiscal_year < fiscal.fiscal_year(timezone.localdate()):
        state, tone = _("年度が終わった"), ""
    elif entry.pledged_at is not None:
        state, tone = _("誓約済み"), "ok"
    standing = entry.ended_at is None and tone != ""
    return {
        "id": entry.pk,
        "year": fiscal.label(entry.fiscal_year),
        "who": str(entry.membership.user),
        "agency": entry.membership.agency_name,
        "named": _("%(who)s　%(day)s")
        % {"who": entry.named_by.user, "day": format_short(entry.named_at)},
        "pledged": format_short(entry.pledged_at) if entry.pledged_at else "",
        "ended": format_short(entry.ended_at) if entry.ended_at else "",
        "state": state,
        "tone": tone,
        "can_pledge": standing and entry.pledged_at is None and entry.membership_id == by.pk,
        "can_end": standing and can(check_can_name_secretary, by, body),
    }


@member(Permission.READ_CASES)
@confirmed_to_send
@require_http_methods(["GET", "POST"])
def secretariat_step(request: MemberRequest, entry_id: UUID, step: str) -> HttpResponse:
    """Pledge (own entry), or take somebody off the list."""
    by = request.membership
    entries = SecretariatMember.objects.visible_to(by).select_related("conference_type")
    entry = get_object_or_404(entries, pk=entry_id)
    if step == "end" and request.method == "POST":
        end_secretary(entry=entry, by=by)
        messages.success(request, _("名簿から外しました。"))
        return redirect("secretariat_list")
    if step != "pledge":
        raise Http404
    check_own_entry(by, entry)
    form = PledgeForm(posted(request))
    if request.method == "POST" and form.is_valid():
        pledge_as_secretary(entry=entry, by=by)
        messages.success(request, _("誓約を記録しました。今年度の守秘の議題を扱えます。"))
        return redirect("secretariat_list")
    laws = law_in_force(DUTY)
    return form_page(
        request,
        "meetings/pledge.html",
        {
            "row": None,
            "body_name": entry.conference_type.name,
            "laws": laws,
            "basis": law_words(laws[:1]),
            "entry": fiscal.label(entry.fiscal_year),
            "pledged_at": "",
        },
        form,
    )
