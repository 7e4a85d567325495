"""職員と所属: who works where, what waits for the agency's manager, what the officer sees (V11)."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agencies.enums import MembershipState, Permission, RoleKey
from agencies.forms import (
    EndMembershipForm,
    MembershipFilter,
    MembershipForm,
    RefuseMembershipForm,
)
from agencies.guards import MemberRequest, confirmed_lately, member
from agencies.models import Membership, Role, agencies_of
from agencies.operations import (
    BadMembership,
    confirm_membership,
    create_membership,
    end_membership,
    refuse_membership,
)
from agencies.permissions import (
    can,
    check_can_confirm,
    check_can_end,
    check_may_oversee,
)
from config.lib.eras import format_datetime, format_long, format_short, today
from config.lib.registry import registry

STATES = MembershipState
TONES = {
    STATES.WAITING: "warn",
    STATES.CONFIRMED: "ok",
    STATES.REFUSED: "bad",
    STATES.ENDED: "",
}
PAGE = 100


@member()
@require_GET
def membership_list(request: MemberRequest) -> HttpResponse:
    """The memberships this role oversees, waiting ones first, then by agency and name."""
    by = request.membership
    check_may_oversee(by)
    is_city = not by.may(Permission.CONFIRM_MEMBERSHIP)
    form = MembershipFilter(request.GET, agencies=agencies_of(by.municipality) if is_city else [])
    wanted = form.cleaned_data if form.is_valid() else {}
    found = Membership.objects.visible_to(by).with_names().select_related("confirmed_by__user")
    if wanted.get("state"):
        found = found.in_state(wanted["state"])
    if wanted.get("agency"):
        found = found.filter(agency_id=wanted["agency"])
    if word := (wanted.get("q") or "").strip():
        found = found.filter(
            Q(user__username__icontains=word) | Q(user__display_name__icontains=word)
        )
    waits = found.in_state(STATES.WAITING).count()
    rows = list(found.order_by("agency__order", "agency_id", "user__username", "since", "id"))
    context = {
        "rows": [_row(m) for m in sorted(rows, key=lambda m: m.state != STATES.WAITING)[:PAGE]],
        "total": len(rows),
        "is_cut": len(rows) > PAGE,
        "waits": waits,
        "form": form,
        "is_city": is_city,
        "is_filtered": any(wanted.values()),
        "may_create": by.may(Permission.MANAGE_ACCOUNTS),
    }
    return render(request, "agencies/membership_list.html", context)


def _row(membership: Membership) -> dict[str, object]:
    state = membership.state
    return {
        "id": membership.pk,
        "name": str(membership.user),
        "username": membership.user.username if membership.user else "",
        "agency": membership.agency_name,
        "role": membership.role_name,
        "since": format_short(membership.since),
        "until": _last_day(membership, format_short),
        "state": state.label,
        "tone": TONES[state],
    }


def _last_day(membership: Membership, form: Callable[[datetime.date], str]) -> str:
    """「いますぐ」 ends with the day before: no period is shown the wrong way round."""
    if membership.until is None:
        return ""
    if membership.until >= membership.since:
        return form(membership.until)
    is_first_day = membership.since - membership.until == datetime.timedelta(days=1)
    return _("その日のうち") if is_first_day else _("始まる前")


@member(Permission.MANAGE_ACCOUNTS)
@confirmed_lately
@require_http_methods(["GET", "POST"])
def membership_new(request: MemberRequest) -> HttpResponse:
    """A membership of an existing user; it waits for the agency's manager."""
    initial = {"username": request.GET.get("user", "")[:150], "since": today()}
    form = MembershipForm(
        request.POST or None,
        initial=initial,
        agencies=agencies_of(request.membership.municipality),
        roles=Role.objects.exclude(key=RoleKey.GUEST).order_by("name"),
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            made = create_membership(
                user=data["username"],
                agency=data["agency"],
                role=data["role"],
                since=data["since"],
                until=data["until"],
                form_key=data["form_key"],
                by=request.membership,
            )
        except BadMembership as error:
            form.add_error(error.field, str(error))
        else:
            messages.success(request, _("所属を作りました。機関の管理者が確認すると使えます。"))
            return redirect("membership_detail", membership_id=made.pk)
    status = 422 if form.errors else 200
    return render(request, "agencies/membership_new.html", {"form": form}, status=status)


@member()
@require_GET
def membership_detail(request: MemberRequest, membership_id: uuid.UUID) -> HttpResponse:
    """One membership: who, where, since when, confirmed by whom; and what may be done."""
    return _page(request, _find(request, membership_id))


@member(Permission.CONFIRM_MEMBERSHIP)
@confirmed_lately
@require_POST
def membership_confirm(request: MemberRequest, membership_id: uuid.UUID) -> HttpResponse:
    """From now on it works."""
    confirm_membership(membership=_find(request, membership_id), by=request.membership)
    messages.success(request, _("所属を確認しました。始まりの日から使えます。"))
    return redirect("membership_detail", membership_id=membership_id)


@member(Permission.CONFIRM_MEMBERSHIP)
@confirmed_lately
@require_POST
def membership_refuse(request: MemberRequest, membership_id: uuid.UUID) -> HttpResponse:
    """It never works; the reason stays."""
    membership = _find(request, membership_id)
    form = RefuseMembershipForm(request.POST)
    if not form.is_valid():
        return _page(request, membership, refusing=form)
    refuse_membership(
        membership=membership, by=request.membership, reason=form.cleaned_data["reason"]
    )
    messages.success(request, _("所属を断りました。この所属では何も見えません。"))
    return redirect("membership_detail", membership_id=membership_id)


@member(Permission.MANAGE_ACCOUNTS)
@confirmed_lately
@require_POST
def membership_end(request: MemberRequest, membership_id: uuid.UUID) -> HttpResponse:
    """The last day, or at once (V14)."""
    membership = _find(request, membership_id)
    form = EndMembershipForm(request.POST)
    if form.is_valid():
        on = form.cleaned_data["on"] if form.cleaned_data["when"] == form.ON else None
        try:
            end_membership(membership=membership, by=request.membership, on=on)
        except BadMembership as error:
            form.add_error(error.field, str(error))
        else:
            messages.success(request, _("所属の終わりを決めました。機関の管理者にも知らせました。"))
            return redirect("membership_detail", membership_id=membership_id)
    return _page(request, membership, ending=form)


def _find(request: MemberRequest, membership_id: uuid.UUID) -> Membership:
    check_may_oversee(request.membership)
    found: Membership = get_object_or_404(
        Membership.objects.visible_to(request.membership)
        .with_names()
        .select_related("confirmed_by__user", "refused_by__user"),
        pk=membership_id,
    )
    return found


def _page(
    request: MemberRequest,
    membership: Membership,
    *,
    ending: EndMembershipForm | None = None,
    refusing: RefuseMembershipForm | None = None,
) -> HttpResponse:
    by = request.membership
    context = {
        "row": _row(membership),
        "facts": _facts(membership),
        "links": [*registry.draw("membership_actions", by, membership)],
        "may_confirm": can(check_can_confirm, by, membership),
        "may_end": can(check_can_end, by, membership),
        "is_own": by.user_id == membership.user_id,
        "may_create": by.may(Permission.MANAGE_ACCOUNTS),
        "ending": ending or EndMembershipForm(),
        "refusing": refusing or RefuseMembershipForm(),
    }
    status = 422 if ending or refusing else 200
    return render(request, "agencies/membership_detail.html", context, status=status)


def _facts(membership: Membership) -> list[dict[str, str]]:
    row = _row(membership)
    until = _last_day(membership, format_long) or _("決まっていません")
    facts = [
        (_("氏名"), str(row["name"])),
        (_("利用者名"), str(row["username"])),
        (_("機関"), membership.agency_name),
        (_("役割"), membership.role_name),
        (_("始まりの日"), format_long(membership.since)),
        (_("終わりの日"), until),
    ]
    if membership.confirmed_at is not None:
        who = str(membership.confirmed_by.user) if membership.confirmed_by else _("導入のとき")
        facts.append((_("確認"), f"{format_datetime(membership.confirmed_at)}　{who}"))
    if membership.refused_at is not None:
        who = str(membership.refused_by.user) if membership.refused_by else ""
        facts.append((_("断り"), f"{format_datetime(membership.refused_at)}　{who}"))
        facts.append((_("断った理由"), membership.refusal_reason))
    return [{"term": term, "value": value} for term, value in facts]
