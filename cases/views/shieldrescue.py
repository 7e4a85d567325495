"""支援措置の名簿の立て直し (V9): for the office's head and the privacy officer, by case number."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from agencies.enums import Action, Purpose
from agencies.guards import MemberRequest, confirmed_to_send, member
from agencies.models import Membership
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases.operations.shieldrescue import (
    Stranded,
    candidates,
    check_may_rescue,
    confirm_rescue,
    is_head,
    name_rescue,
    stranded_shields,
)
from config.lib.forms import KasaneForm


class PeopleForm(KasaneForm):
    """Two people for one list."""

    first = forms.ChoiceField(label=gettext_lazy("一人目"))
    second = forms.ChoiceField(label=gettext_lazy("二人目"))

    def __init__(self, *args: Any, people: list[Membership], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = {str(m.pk): m for m in people}
        rows = [(key, f"{m.user}　{m.agency_name}") for key, m in self.people.items()]
        for name in ("first", "second"):
            self.offer(name, [("", "―――"), *rows])

    def chosen(self) -> list[Membership]:
        return [self.people[self.cleaned_data[name]] for name in ("first", "second")]


@member()
@confirmed_to_send
@require_http_methods(["GET", "POST"])
def shield_stranded(request: MemberRequest) -> HttpResponse:
    """Lists with nobody on them: name two people, or confirm the two who are named."""
    by = request.membership
    check_may_rescue(by)
    rows = stranded_shields()
    wanted = request.POST.get("shield", "")
    forms_of = {row.shield_id: _form(request, row, wanted) for row in rows if is_head(by)}
    if request.method == "POST" and _done(request, rows, forms_of):
        return redirect("shield_stranded")
    log_access(
        by,
        Action.LIST,
        what="shield_stranded",
        purpose=Purpose.ADMINISTRATION,
        basis="shield",
        record_ids=[row.shield_id for row in rows],
    )
    named = Membership.objects.with_names().in_bulk([k for row in rows for k in row.people])
    lines = [
        {
            "row": row,
            "named": [f"{named[key].user}　{named[key].agency_name}" for key in row.people],
            "form": forms_of.get(row.shield_id),
            "may_confirm": bool(row.rescue_id) and not row.is_mine and not is_head(by),
        }
        for row in rows
    ]
    status = 422 if any(form.errors for form in forms_of.values()) else 200
    return render(request, "cases/shield_stranded.html", {"lines": lines}, status=status)


def _form(request: MemberRequest, row: Stranded, wanted: str) -> PeopleForm:
    is_sent = request.method == "POST" and wanted == str(row.shield_id)
    data = request.POST if is_sent else None
    return PeopleForm(data, people=candidates(row.shield_id), prefix=str(row.shield_id))


def _done(
    request: MemberRequest, rows: list[Stranded], forms_of: dict[uuid.UUID, PeopleForm]
) -> bool:
    by, form = request.membership, next((f for f in forms_of.values() if f.is_bound), None)
    if form is None:
        known = {str(row.rescue_id): row.rescue_id for row in rows}
        rescue = known.get(request.POST.get("rescue", ""))
        if rescue is None:
            raise ActionDenied(_("この名簿は、いま立て直しを待っていません。"))
        confirm_rescue(by=by, rescue_id=rescue)
        messages.success(request, _("二人を名簿に載せ、知らせました。"))
        return True
    if not form.is_valid():
        return False
    try:
        name_rescue(by=by, shield_id=uuid.UUID(request.POST["shield"]), people=form.chosen())
    except ActionDenied as error:
        form.add_error("second", str(error))
        return False
    messages.success(request, _("個人情報保護担当が確認すると、二人が名簿に載ります。"))
    return True
