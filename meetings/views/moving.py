"""日程を変える after the notice: write the new day, see who will be told, move."""

from __future__ import annotations

import copy
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from agencies.enums import Permission
from agencies.guards import MemberRequest, member
from agencies.models import Agency
from agencies.permissions import ActionDenied
from meetings import enums
from meetings.forms import MoveForm
from meetings.models import Sitting
from meetings.operations import check_move, move_sitting
from meetings.pages import sitting_row
from meetings.permissions import check_can_run
from meetings.views.common import form_page, get_sitting, items_of, posted


@member(Permission.READ_CASES)
@require_http_methods(["GET", "POST"])
def sitting_move(request: MemberRequest, sitting_id: UUID) -> HttpResponse:
    """The new day; looked over once (`send`, or `edit` to go back) before anybody is told."""
    by, sitting = request.membership, get_sitting(request, sitting_id)
    row = sitting_row(sitting)
    check_can_run(by, row.bodies)
    if sitting.state != enums.SittingState.NOTICED:
        return redirect("sitting_detail", sitting.pk)
    initial = {name: getattr(sitting, name) for name in ("on", "starts_at", "ends_at", "place")}
    form = MoveForm(posted(request), initial=initial | {"was": sitting.on})
    step = request.POST.get("step")
    if request.method == "POST" and form.is_valid() and step != "edit":
        seen = copy.copy(sitting)
        seen.on = form.cleaned_data.pop("was") or sitting.on
        try:
            if step == "send":
                move_sitting(sitting=seen, by=by, **form.cleaned_data)
                messages.success(request, _("日程を変えました。声をかけた全員に知らせます。"))
                return redirect("sitting_detail", sitting.pk)
            check_move(sitting, **form.cleaned_data)
            return render(request, "meetings/sitting_move.html", _confirm(request, sitting, form))
        except ActionDenied as error:
            form.add_error("on", str(error))
            # Shown the day as it is now: sent again, that is what they mean.
            form.data = data = request.POST.copy()
            data["was"] = str(sitting.on)
    words = {"title": _("日程を変える"), "label": _("だれに知らせるか確かめる")}
    return form_page(request, "meetings/sitting_form.html", {**words, "row": row}, form)


def _confirm(request: MemberRequest, sitting: Sitting, form: MoveForm) -> dict[str, Any]:
    """Then and now, and who is told; the appointed in one sentence that always stands (V6)."""
    moved = copy.copy(sitting)
    for name, value in form.cleaned_data.items():
        setattr(moved, name, value)
    row = sitting_row(sitting)
    names = _told(request, sitting)
    effects: list[dict[str, Any]] = [
        {"figure": len(names), "unit": _("機関"), "text": _("に、新しい日程を知らせます。")}
    ]
    if any(body.is_secret for body in row.bodies):
        effects += [
            {"text": _("守秘の議題に指名された人がいれば、本人だけに知らせます。")},
            {"text": _("守秘の議題が閉じる日も、新しい開催日から数え直します。")},
        ]
    return {
        "row": row,
        "form": form,
        "facts": [
            {"term": _("いまの日程"), "value": row.when},
            {"term": _("新しい日程"), "value": sitting_row(moved).when},
            {"term": _("知らせる機関"), "value": "、".join(names)},
        ],
        "effects": effects,
    }


def _told(request: MemberRequest, sitting: Sitting) -> list[str]:
    """Agencies of the items with consent the reader sees, and the offices."""
    keys = {body.secretariat_id for body in sitting.conference_types.all()}
    for item in items_of(request.membership, sitting):
        if not item.is_secret and item.state != enums.ItemState.WITHDRAWN:
            keys |= {*item.participant_ids, item.proposing_agency_id}
    found = Agency.objects.filter(pk__in=[key for key in keys if key is not None])
    return list(found.order_by("order", "name").values_list("name", flat=True))
