"""次第を組む: the office orders the items it sees, says when each begins and who presents it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from agencies.enums import Action, AgendaType, Permission, Purpose
from agencies.guards import MemberRequest, member
from agencies.models import Membership
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases.operations.case import StaleVersion
from config.lib.wording import label_of
from meetings import enums
from meetings.agenda import UNDECIDED, hours_of, length, misfits, presenters_of, total
from meetings.forms import AgendaForm
from meetings.models import AgendaItem, Sitting
from meetings.operations import allot_times, move_item, set_agenda
from meetings.pages import sitting_row
from meetings.permissions import LIVE, check_can_run, items_run_by
from meetings.views.common import form_page, get_sitting, items_of, posted


@member(Permission.READ_CASES)
@require_http_methods(["GET", "POST"])
def sitting_agenda(request: MemberRequest, sitting_id: UUID) -> HttpResponse:
    """The items in view, in their order. Every button saves what was typed first."""
    by, sitting = request.membership, get_sitting(request, sitting_id)
    check_can_run(by, sitting.conference_types.all())
    if sitting.state not in (*LIVE, enums.SittingState.OPEN):
        return redirect("sitting_detail", sitting.pk)
    items = [item for item in items_of(by, sitting) if item.state in UNDECIDED]
    mine = items_run_by(by, items)
    form = AgendaForm(posted(request), items=mine, presenters=presenters_of(by, mine))
    if request.method == "POST" and form.is_valid() and _save(request, sitting, form):
        return redirect("sitting_agenda", sitting.pk)
    log_access(
        by,
        Action.LIST,
        what="sitting_agenda",
        purpose=Purpose.PLAN_CONFERENCE,
        record_ids=[item.pk for item in items],
    )
    return form_page(
        request, "meetings/sitting_agenda.html", _page(by, sitting, items, mine, form), form
    )


def _save(request: MemberRequest, sitting: Sitting, form: AgendaForm) -> bool:
    by, step = request.membership, request.POST.get("step", "")
    try:
        set_agenda(sitting=sitting, by=by, rows=form.rows())
        if step == "allot":
            allot_times(sitting=sitting, by=by)
            messages.success(request, _("開始時刻を割り振りました。"))
        elif step.startswith(("up:", "down:")):
            _move(by, form, step)
            messages.success(request, _("順番を変えました。"))
        else:
            messages.success(request, _("次第を保存しました。"))
    except StaleVersion:
        form.note_stale([item for item in items_of(by, sitting) if item.state in UNDECIDED])
        return False
    except ActionDenied as error:
        form.add_error(None, str(error))
        return False
    return True


def _move(by: Membership, form: AgendaForm, step: str) -> None:
    """`up:<item>:<neighbour>`, as the button stood on the page."""
    way, *keys = step.split(":")
    known = {str(item.pk): item for item in form.items}
    if len(keys) != 2 or not all(key in known for key in keys):
        raise ActionDenied(_("この議題の順番は、もう変えられません。画面を開き直してください。"))
    move_item(item=known[keys[0]], by=by, past=known[keys[1]], is_up=way == "up")


def _page(
    by: Membership,
    sitting: Sitting,
    items: list[AgendaItem],
    mine: list[AgendaItem],
    form: AgendaForm,
) -> dict[str, Any]:
    planned = total(items)
    return {
        "sitting": sitting,
        "row": sitting_row(sitting),
        "lines": [_line(item, place, mine, form) for place, item in enumerate(items, start=1)],
        "total": length(planned) if planned else "",
        "misfits": misfits(by, sitting, items),
        "can_allot": bool(mine) and sitting.state in LIVE,
        "is_noticed": sitting.state == enums.SittingState.NOTICED,
    }


def _line(item: AgendaItem, place: int, mine: list[AgendaItem], form: AgendaForm) -> dict[str, Any]:
    """An item with its fields and where its buttons lead; one of another office without."""
    line: dict[str, Any] = {
        "key": item.pk,
        "place": place,
        "title": item.title,
        "kind": label_of(AgendaType, item.agenda_type),
        "body": item.conference_type.name,
        "secret": item.is_secret,
        "hours": hours_of(item),
        "fields": None,
        "up": "",
        "down": "",
    }
    if item not in mine:
        return line
    group = [
        other
        for other in mine
        if (other.basis, other.conference_type_id) == (item.basis, item.conference_type_id)
    ]
    here = group.index(item)
    if here > 0:
        line["up"] = f"up:{item.pk}:{group[here - 1].pk}"
    if here + 1 < len(group):
        line["down"] = f"down:{item.pk}:{group[here + 1].pk}"
    return {**line, "fields": form.row(item)}
