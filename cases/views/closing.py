"""終結: what still runs, what closes, then the case is read only."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from agencies.enums import Permission
from agencies.guards import MemberRequest, member
from agencies.permissions import ActionDenied
from cases.enums import ClosingKind
from cases.forms.handling import CloseForm
from cases.operations import close_case
from cases.operations.closing import losses_of_closing, open_ends
from cases.permissions import check_can_close
from cases.views.subject import Subject, form_page, subject
from config.lib.registry import OpenEnd


@member(Permission.WRITE_RECORDS)
@require_http_methods(["GET", "POST"])
def case_close(request: MemberRequest, case_id: uuid.UUID) -> HttpResponse:
    """What has to end before; else what closes, in figures, and then it closes."""
    on = subject(request, case_id, "case_close")
    check_can_close(request.membership, on.case)
    ends = open_ends(request.membership, on.case)
    first = [end for end in ends if end.is_first]
    kind = request.GET.get("kind", "")
    known = {"kind": kind} if kind in ClosingKind.values else {}
    form = CloseForm(request.POST or None, initial=known)
    if request.method == "POST" and form.is_valid():
        try:
            close_case(case=on.case, by=request.membership, **_terms(form))
        except ActionDenied as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("ケースを終結しました。これからは読むことだけできます。"))
            return redirect("case_detail", case_id=on.case.pk)
    return form_page(
        request,
        "cases/case_close.html",
        on,
        form,
        first=first,
        consequences=_consequences(request, on, ends),
    )


def _terms(form: CloseForm) -> dict[str, str]:
    return {name: form.cleaned_data[name] for name in ("kind", "reason", "follow_up")}


def _consequences(
    request: MemberRequest, on: Subject, ends: list[OpenEnd]
) -> list[dict[str, object]]:
    losses = losses_of_closing(on.case, request.membership)
    found: list[dict[str, object]] = [
        {
            "figure": loss.records,
            "unit": _("件"),
            "text": _("%(agency)sは、いま読める %(n)s件の記録が見られなくなります。")
            % {"agency": loss.agency, "n": loss.records},
        }
        for loss in losses
    ]
    if not losses:
        found.append({"text": _("いま、ほかの機関に同意で開いている記録はありません。")})
    found += [{"text": end.text} for end in ends if not end.is_first]
    found.append({"text": _("それぞれの機関が自分で書いた記録は、その機関が読み続けられます。")})
    found.append(
        {
            "text": _(
                "あなたの機関は、このケースを読むことだけできます。終結は取り消せません。"
                "もう一度支援するときは、新しい相談として受け付けます。"
            )
        }
    )
    return found
