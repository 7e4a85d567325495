"""Papers of a sealed item on A4, each under its number, and their return (要回収)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agencies.enums import Action, Permission
from agencies.guards import MemberRequest, member
from agencies.models import Membership
from agencies.permissions import ActionDenied
from config.lib.eras import format_datetime_short, format_long
from meetings import enums
from meetings.forms import CopiesForm
from meetings.laying import kept_records, materials_shown
from meetings.minutes import paper_of
from meetings.models import AgendaItem, ItemGrant, PaperCopy
from meetings.operations import Recipient, print_copies, return_copy
from meetings.pages import (
    DUTY,
    appointments,
    law_in_force,
    law_of,
    law_words,
    named,
    names_of,
    people_of,
    role_table,
    sitting_row,
)
from meetings.permissions import can, check_can_run, check_is_listed, listed_types
from meetings.shielded import kept_items
from meetings.views.common import form_page, get_item, get_sitting, log_item, posted, secrecy
from plans.models import Plan


def _recipients(request: MemberRequest, item: AgendaItem) -> dict[str, Recipient]:
    """For whom one may print: the secretariat for everybody who pledged, else for oneself."""
    by = request.membership
    if not can(check_is_listed, by, item.conference_type):
        grants = ItemGrant.objects.visible_to(by).standing()
        own = grants.filter(content_object=item, membership_id=by.pk).first()
        return {"own": Recipient(f"{by.user}（{by.agency_name}）", grant=own)}
    mine = {"own": Recipient(_("事務局　%(who)s") % {"who": by.user})}
    if kept_items(by, [item]):  # V9: read by a shield's list alone, each prints their own
        return mine
    people = people_of(item)
    names = names_of(people)
    found = {
        f"g:{g.pk}": Recipient(named(g.membership, names), grant=g)
        for g in appointments(item)
        if g.pledged_at is not None
    }
    found |= {f"p:{p.pk}": Recipient(str(p), person=p) for p in people if p.pledged_on is not None}
    return found | mine


@member(Permission.READ_CASES)
@require_http_methods(["GET", "POST"])
def item_copies(request: MemberRequest, item_id: UUID) -> HttpResponse:
    """通番を付けて印刷する: a GET prints nothing, so no print goes uncounted."""
    item = get_item(request, item_id)
    if not item.is_secret:
        return redirect("item_print", item.pk)
    recipients = _recipients(request, item)
    choices = [(key, recipient.holder) for key, recipient in recipients.items()]
    form = CopiesForm(posted(request), recipients=choices)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            copies = print_copies(
                item=item,
                by=request.membership,
                paper=data["paper"],
                recipients=[recipients[key] for key in data["recipients"]],
                form_key=data["form_key"],
                is_to_be_returned=data["to_return"],
            )
            return _paper(request, item, copies)
        except ActionDenied as error:
            form.add_error(None, str(error))
    log_item(request, item, Action.OPEN, "item_copies")
    manages = can(check_is_listed, request.membership, item.conference_type)
    shown = PaperCopy.objects.visible_to(request.membership).filter(item=item)
    if not manages:
        shown = shown.filter(grant__membership_id=request.membership.pk)
    context = {
        "item": item,
        "row": sitting_row(item.sitting),
        **secrecy(item),
        "copies": [_line(copy) for copy in shown.select_related("by__user").order_by("number")],
        "manages": manages,
    }
    return form_page(request, "meetings/item_copies.html", context, form)


def _line(copy: PaperCopy) -> dict[str, Any]:
    state, tone = _("回収しない"), ""
    if copy.returned_at is not None:
        state, tone = _("回収済み　%(at)s") % {"at": format_datetime_short(copy.returned_at)}, "ok"
    elif copy.is_to_be_returned:
        state, tone = _("未回収"), "warn"
    return {
        "id": copy.pk,
        "number": copy.number,
        "paper": str(copy.get_paper_display()),
        "holder": copy.holder,
        "printed": format_datetime_short(copy.printed_at),
        "by": str(copy.by.user),
        "state": state,
        "tone": tone,
        "is_out": tone == "warn",
    }


def _paper(request: MemberRequest, item: AgendaItem, copies: list[PaperCopy]) -> HttpResponse:
    """One sheet for each copy; the look is logged as the print it is."""
    by = request.membership
    plan = _plan(by, item)
    paper = copies[0].paper
    page = None
    if paper != enums.Paper.MATERIALS:
        page = paper_of(by, item, is_short=paper == enums.Paper.SHORT)
    log_item(request, item, Action.PRINT, "item_copies")
    sheet = {
        "title": f"{copies[0].get_paper_display()}　{item.title}",
        "basis": law_words(law_of(item)),
        "handling": _("取扱注意・要回収") if copies[0].is_to_be_returned else _("取扱注意"),
        "secret": True,
        "serial": "",
        "landscape": False,
        "issued_on": format_long(timezone.localdate()),
        "issuer": f"{by.agency_name}　{by.user}",
    }
    context = {
        "sheet": sheet,
        "item": item,
        "row": sitting_row(item.sitting),
        "sheets": [
            {
                **sheet,
                "serial": _("通番 %(number)s　%(holder)s")
                % {"number": copy.number, "holder": copy.holder},
            }
            for copy in copies
        ],
        "page": page,
        "materials": [] if page else materials_shown(by, item, plan, on_paper=True),
        "roles": role_table(by, plan) if plan and not page else [],
        "laws": law_in_force(DUTY, item.sitting.on),
    }
    return render(request, "meetings/copies_print.html", context)


def _plan(by: Membership, item: AgendaItem) -> Plan | None:
    """The plan the paper shows: not one that a shield closes to others (V9)."""
    seen = Plan.objects.visible_to(by).select_related("record")
    plan = seen.filter(pk=item.plan_id).first() if item.plan_id else None
    return None if plan is None or kept_records(by, [plan.record]) else plan


@member(Permission.READ_CASES)
@require_GET
def sitting_copies(request: MemberRequest, sitting_id: UUID) -> HttpResponse:
    """回収する資料: what is still out. Under secrecy for who is on the list, with consent for the
    office; others are refused before anything is looked up: the page does not tell whether there is
    something."""
    by = request.membership
    sitting = get_sitting(request, sitting_id)
    bodies = list(sitting.conference_types.all())
    mine = listed_types(by) & {body.pk for body in bodies}
    open_bodies = [body for body in bodies if not body.is_secret]
    offices = [body.pk for body in open_bodies if can(check_can_run, by, [body])]
    if not mine and not offices:
        raise ActionDenied(
            _(
                "回収の一覧を見るのは、会議の事務局と、今年度の事務局名簿に載り、誓約した人だけです。"
            )
        )
    sealed = Q(item__basis=enums.ItemBasis.SECRECY, item__conference_type_id__in=mine)
    agreed = Q(item__basis=enums.ItemBasis.CONSENT, item__conference_type_id__in=offices)
    out = (
        PaperCopy.objects.visible_to(by)
        .filter(item__sitting=sitting, is_to_be_returned=True, returned_at__isnull=True)
        .filter(sealed | agreed)
        .select_related("item", "by__user")
        .order_by("item__order_at", "item_id", "number")
    )
    copies = list(out)
    for item in {copy.item_id: copy.item for copy in copies}.values():
        log_item(request, item, Action.LIST, "sitting_copies")
    context = {
        "row": sitting_row(sitting),
        "secret": bool(mine),
        "basis": law_words(law_in_force(["106-6"], sitting.on)),
        "copies": [
            {
                **_line(copy),
                "title": copy.item.title,
                "url": reverse(
                    "item_copies" if copy.item.is_secret else "item_detail", args=[copy.item_id]
                ),
            }
            for copy in copies
        ],
    }
    return render(request, "meetings/sitting_copies.html", context)


@member(Permission.READ_CASES)
@require_POST
def copy_return(request: MemberRequest, copy_id: UUID) -> HttpResponse:
    """回収した."""
    copy = get_object_or_404(PaperCopy.objects.visible_to(request.membership), pk=copy_id)
    item = get_item(request, copy.item_id)
    try:
        return_copy(copy=copy, by=request.membership)
        messages.success(request, _("通番%(n)sを回収しました。") % {"n": copy.number})
    except ActionDenied as error:
        messages.error(request, str(error))
    if request.POST.get("from") == "sitting":
        return redirect("sitting_copies", item.sitting_id)
    return redirect("item_copies", item.pk)
