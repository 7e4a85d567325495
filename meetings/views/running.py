"""The sitting runs: item after item, attendance, decision."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from agencies.enums import Action, Permission
from agencies.guards import MemberRequest, member
from agencies.models import Agency, Membership
from agencies.permissions import ActionDenied
from cases.operations.case import StaleVersion
from meetings import enums
from meetings.agenda import agenda_lines, hours_of, presenter_words
from meetings.forms import AttendanceForm, DecisionForm, There
from meetings.forms.running import RENEW
from meetings.laying import materials_shown
from meetings.members import Member, attendees, conflict_words, member_rows, members_of
from meetings.models import AgendaItem, ItemAttendance, ItemDraft, ItemPerson, Sitting
from meetings.operations import (
    CarryOutFacts,
    Renewal,
    begin_item,
    decide_item,
    mark_attendance,
    mark_now,
    running_carry_outs,
)
from meetings.pages import (
    agency_choices,
    consequences,
    people_choices,
    secret_words,
    sitting_row,
)
from meetings.permissions import can, check_can_decide, check_can_run, check_can_run_item
from meetings.views.common import (
    form_page,
    get_item,
    get_sitting,
    items_of,
    log_item,
    posted,
    secrecy,
)
from meetings.views.live import lines_panel
from meetings.views.roles import roles_panel
from plans.models import Plan


@member(Permission.READ_CASES)
@require_GET
def sitting_run(request: MemberRequest, sitting_id: UUID) -> HttpResponse:
    """To the next item. The room's screen leads to items with consent; to a sealed one only when
    asked for (?sealed=1), once its own people are in the room (V6)."""
    sitting = get_sitting(request, sitting_id)
    check_can_run(request.membership, sitting.conference_types.all())
    sealed = request.GET.get("sealed") == "1"
    waiting = _waiting(request.membership, sitting, sealed=sealed)
    if waiting:
        return redirect("item_run", waiting[0].pk)
    text = (
        _("あなたが扱う守秘の議題は、もうありません。")
        if sealed
        else _("決定を待つ本人同意の議題は、ありません。")
    )
    messages.info(request, text)
    return redirect("sitting_detail", sitting.pk)


def _waiting(by: Membership, sitting: Sitting, *, sealed: bool) -> list[AgendaItem]:
    return [
        item
        for item in items_of(by, sitting)
        if item.state == enums.ItemState.NOTICED
        and item.is_secret == sealed
        and can(check_can_decide, by, item)
    ]


@member(Permission.READ_CASES)
@require_http_methods(["GET", "POST"])
def item_run(request: MemberRequest, item_id: UUID) -> HttpResponse:
    """The item in the middle: what is laid, the decision as big choices, what it will do."""
    by = request.membership
    item = get_item(request, item_id)
    check_can_run_item(by, item)
    if request.method == "GET":
        if item.state != enums.ItemState.NOTICED:
            return redirect("item_detail", item.pk)
        check_can_decide(by, item)
    form = _decision_form(by, item, posted(request))
    if request.method == "POST" and form.is_valid() and _may_be_sent(by, item, form):
        try:
            facts = _decision(form.cleaned_data, running_carry_outs(item, by))
            decide_item(item=item, by=by, version=item.version, **facts)
            messages.success(request, _("決定を記録しました。"))
            if not item.is_secret:  # whom a sealed one concerns has to come in first
                _begin_next(by, item.sitting)
            sealed = "?sealed=1" if item.is_secret else ""
            return redirect(f"{reverse('sitting_run', args=[item.sitting_id])}{sealed}")
        except StaleVersion:
            form.check_version(get_item(request, item_id))
        except ActionDenied as error:
            form.add_error(None, str(error))
    log_item(request, item, Action.OPEN, "item_run")
    context = _run_page(by, item) | {"kept_url": "" if form.is_bound else _typed_url(by, item)}
    return form_page(request, "meetings/item_run.html", context, form)


def _may_be_sent(by: Membership, item: AgendaItem, form: DecisionForm) -> bool:
    """Decided on another screen, closed or changed meanwhile: said with what was typed."""
    try:
        check_can_decide(by, item)
    except ActionDenied as error:
        form.add_error(None, str(error))
        return False
    return form.check_version(item)


def _typed_url(by: Membership, item: AgendaItem) -> str:
    """Where a decision half typed is read, if there is one."""
    kept = ItemDraft.objects.visible_to(by).filter(item=item)
    return reverse("decision_typed", args=[item.pk]) if kept.exists() else ""


def _begin_next(by: Membership, sitting: Sitting) -> None:
    """What waits for a consent that ran out stays where it is, and keeps no decision back."""
    for item in _waiting(by, sitting, sealed=False)[:1]:
        with suppress(ActionDenied):
            begin_item(item=item, by=by)


def _decision_form(by: Membership, item: AgendaItem, data: Any) -> DecisionForm:
    people = (
        [
            (key, f"{label}　{agency}")
            for agency, group in people_choices(by)
            for key, label in group
        ]
        if item.is_secret
        else []
    )
    return DecisionForm(
        data,
        item=item,
        people=people,
        agencies=agency_choices(by),
        carried=running_carry_outs(item, by),
        initial={"version": item.version},
    )


def _decision(data: dict[str, Any], carried: list[AgendaItem]) -> dict[str, Any]:
    facts = None
    if data["decision"] == enums.Decision.ROLES:
        members = Membership.objects.filter(pk__in=data["carry_members"])
        facts = CarryOutFacts(data["carry_text"], list(members), data["carry_review_on"])
    lead = data.get("lead_agency_after")
    return {
        "decision": data["decision"],
        "opinion": data["opinion"],
        "next_review_on": data["next_review_on"],
        "carry_out": facts,
        "renewals": [
            Renewal(earlier, data[f"{RENEW}{earlier.pk}"])
            for earlier in carried
            if data.get(f"{RENEW}{earlier.pk}")
        ],
        "lead_agency_after": Agency.objects.filter(pk=lead).first() if lead else None,
    }


def _run_page(by: Membership, item: AgendaItem) -> dict[str, Any]:
    sitting = Sitting.objects.prefetch_related("conference_types").get(pk=item.sitting_id)
    row = sitting_row(sitting)
    plan = Plan.objects.visible_to(by).filter(pk=item.plan_id).first() if item.plan_id else None
    panel = roles_panel(by, item, plan)
    secret_from, secret_note = secret_words(row.bodies, run=True)
    members = members_of(by, [item])[item.pk]
    attendance = _attendance_form(item, members)
    return {
        "item": item,
        "row": row,
        **secrecy(item),
        **lines_panel(by, item),
        "plan": plan,
        **panel,
        "lines": agenda_lines(items_of(by, sitting), item.pk, run=True),
        "secret_from": secret_from,
        "secret_note": secret_note,
        "sealed_url": f"{reverse('sitting_run', args=[sitting.pk])}?sealed=1"
        if secret_from
        else "",
        "add_url": f"{reverse('item_new')}?sitting={sitting.pk}"
        if sitting.state == enums.SittingState.OPEN and by.may(Permission.WRITE_RECORDS)
        else "",
        "open_url": reverse("sitting_run", args=[sitting.pk]) if item.is_secret else "",
        "materials": materials_shown(by, item, plan),
        "effects": consequences(by, item, plan, panel["roles"]),
        "attendance": attendance,
        "present": _("出席 %(n)s / %(all)s")
        % {
            "n": sum(1 for member in attendance.members if member.is_there),
            "all": len(attendance.members),
        },
        "members": member_rows(members),
        "conflicts": conflict_words(members),
        "presenter": presenter_words([item]).get(item.pk, ""),
        "hours": hours_of(item),
    }


def _attendance_form(
    item: AgendaItem, members: Iterable[Member], data: Any = None
) -> AttendanceForm:
    """出欠 as it stands now: a sitting's hours are those of the day it is held on."""
    held = item.sitting
    day = timezone.localdate(held.opened_at) if held.opened_at else held.on
    return AttendanceForm(
        data,
        members=attendees(item, members),
        day=day or timezone.localdate(),
        by_name=not item.is_secret,
        is_running=held.state == enums.SittingState.OPEN,
    )


@member(Permission.READ_CASES)
@require_http_methods(["POST"])
def item_attendance(request: MemberRequest, item_id: UUID) -> HttpResponse:
    """出欠 of this item: who was changed, and whoever comes or leaves now (`press`)."""
    by = request.membership
    item = get_item(request, item_id)
    check_can_run_item(by, item)
    refused = _press(by, item, request.POST.get("press", ""))
    form = _attendance_form(item, members_of(by, [item])[item.pk], request.POST)
    if refused:
        form.add_error(None, refused)
    if form.is_valid() and _record(by, item, form):
        messages.success(request, _("出欠を記録しました。"))
        return redirect("item_run", item.pk)
    if not can(check_can_decide, by, item):
        for errors in form.errors.values():
            messages.error(request, " ".join(map(str, errors)))
        return redirect("item_detail", item.pk)
    log_item(request, item, Action.OPEN, "item_run")
    page = _run_page(by, item) | {"attendance": form, "kept_url": _typed_url(by, item)}
    page["form"] = _decision_form(by, item, None)
    return render(request, "meetings/item_run.html", page, status=422)


def _press(by: Membership, item: AgendaItem, pressed: str) -> str:
    """いま来た・いま帰った, before all else that was typed: the minute counts. Gives why not."""
    way, _colon, key = pressed.partition(":")
    if not pressed:
        return ""
    known = {member.key for member in attendees(item, members_of(by, [item])[item.pk])}
    if way not in ("came", "left") or key not in known:
        return _("この議題の出席する人が変わりました。画面を開き直してください。")
    try:
        mark_now(item=item, by=by, is_leaving=way == "left", **_attendee(by, key))
    except ActionDenied as error:
        return str(error)
    return ""


def _record(by: Membership, item: AgendaItem, form: AttendanceForm) -> bool:
    field: str | None = None
    try:
        for row in form.rows():
            field = row.key
            _mark(by, item, row)
        field = "name"
        if name := form.cleaned_data.get("name", ""):
            mark_attendance(item=item, by=by, attendance=enums.Attendance.PARTIAL, name=name)
    except ActionDenied as error:
        form.add_error(field, str(error))
        return False
    return True


def _mark(by: Membership, item: AgendaItem, row: There) -> None:
    mark_attendance(
        item=item,
        by=by,
        attendance=row.attendance,
        arrived_at=row.arrived_at,
        left_at=row.left_at,
        **_attendee(by, row.key),
    )


def _attendee(by: Membership, key: str) -> dict[str, Any]:
    kind, pk = key.split(":", 1)
    if kind == "m":
        return {"membership": Membership.objects.with_names().get(pk=pk)}
    if kind == "p":
        return {"person": ItemPerson.objects.visible_to(by).get(pk=pk)}
    if kind == "n":
        return {"member": ItemAttendance.objects.visible_to(by).get(pk=pk)}
    return {"agency": Agency.objects.get(pk=int(pk))}
