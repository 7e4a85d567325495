"""Move a record to another category or audience: first who newly reads it, and who no longer."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from agencies.enums import Permission
from agencies.guards import MemberRequest, member
from agencies.permissions import ActionDenied
from cases import enums
from cases.forms.refiling import RefileForm
from cases.models import Record, Refiling
from cases.operations import refile_record
from cases.operations.refiling import has_fixed_category, readers_after
from cases.permissions import check_can_refile
from cases.views.records import audience_hints
from cases.views.subject import form_page, subject
from config.lib.eras import format_datetime_short


@member(Permission.READ_CASES)
@require_http_methods(["GET", "POST"])
def record_refile(request: MemberRequest, record_id: uuid.UUID) -> HttpResponse:
    """Choose; then who reads it from now on; then it moves."""
    records = Record.objects.visible_to(request.membership).filter(carry_out=None)
    record = get_object_or_404(records, pk=record_id)
    on = subject(request, record.case_id, "record_refile")
    record.case = on.case
    check_can_refile(request.membership, record)
    form = RefileForm(
        request.POST or None,
        hints=audience_hints(request, on),
        only=record.category if has_fixed_category(record) else "",
        initial={"category": record.category, "audience": record.audience},
    )
    more = {"record": record, "about": record.names(on.persons), "moves": _moves(request, record)}
    if request.method == "POST" and form.is_valid() and "edit" not in request.POST:
        if "confirmed" not in request.POST:
            consequences = _consequences(request, record, form)
            return form_page(
                request, "cases/record_refile_confirm.html", on, form,
                consequences=consequences, **more,
            )  # fmt: skip
        if _moved(request, record, form):
            return redirect("case_detail", case_id=on.case.pk)
    return form_page(request, "cases/record_refile.html", on, form, **more)


def _moved(request: MemberRequest, record: Record, form: RefileForm) -> bool:
    try:
        refile_record(record=record, by=request.membership, **form.cleaned_data)
    except ActionDenied as error:
        form.add_error(None, str(error))
        return False
    messages.success(request, _("記録を移しました。移す前の種類と相手も残っています。"))
    return True


def _consequences(
    request: MemberRequest, record: Record, form: RefileForm
) -> list[dict[str, object]]:
    data = form.cleaned_data
    readers = readers_after(record, request.membership, data["category"], data["audience"])
    words: list[dict[str, object]] = [
        {
            "text": _("%(before)s（%(old)s）から、%(after)s（%(new)s）へ移します。")
            % {
                "before": record.get_category_display(),
                "old": record.get_audience_display(),
                "after": enums.Category(data["category"]).label,
                "new": enums.Audience(data["audience"]).label,
            }
        }
    ]
    for names, text in (
        (readers.gain, _("新しく読めるようになる機関：%(names)s")),
        (readers.lose, _("読めなくなる機関：%(names)s")),
    ):
        if names:
            words.append(
                {
                    "figure": len(names),
                    "unit": _("機関"),
                    "text": text % {"names": "、".join(names)},
                }
            )
    if readers.known and not (readers.gain or readers.lose):
        words.append({"text": _("いま読める機関は変わりません。")})
    if not readers.known:
        words.append(
            {
                "text": _(
                    "これからは、移した先の種類に同意している機関だけが読めます。どの機関かは、主担当機関だけに分かります。"
                )
            }
        )
    words.append({"text": _("移す前の版は、移す前と後の両方を読める機関だけが見られます。")})
    return words


def _moves(request: MemberRequest, record: Record) -> list[dict[str, str]]:
    """Former moves, as far as the reader may see what the record was."""
    rows = Refiling.objects.visible_to(request.membership).filter(record=record).order_by("-at")
    return [
        {
            "term": format_datetime_short(row.at),
            "value": _("%(before)s（%(old)s）から%(after)s（%(new)s）へ：%(reason)s")
            % {
                "before": row.get_category_before_display(),
                "old": row.get_audience_before_display(),
                "after": row.get_category_after_display(),
                "new": row.get_audience_after_display(),
                "reason": row.reason,
            },
        }
        for row in rows
    ]
