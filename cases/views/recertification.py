"""年度の確認 (V14): the manager's list, giving back, and who has not answered."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from agencies.enums import Action, Permission, Purpose
from agencies.guards import MemberRequest, member
from agencies.models import Agency
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases.forms.recertification import KeepForm
from cases.models import Case, Record
from cases.operations.recertification import (
    check_can_end,
    due_day,
    end_unconfirmed,
    give_back,
    keep_cases,
    open_to,
    opening_day,
)
from cases.permissions import check_can_recertify, check_may_count_recertified
from cases.recertifying import (
    Line,
    count,
    figures,
    kept_lines,
    line_of,
    partners_unconfirmed,
    waiting_lines,
)
from cases.titles import titles_for
from config.lib.eras import format_long, today
from config.lib.registry import registry


@member(Permission.CONFIRM_MEMBERSHIP)
@require_http_methods(["GET", "POST"])
def recertification(request: MemberRequest) -> HttpResponse:
    """What my agency reads of others' cases: still needed, or not."""
    by = request.membership
    check_can_recertify(by)
    waiting = waiting_lines(by)
    form = KeepForm(request.POST if request.method == "POST" else None, lines=waiting)
    if request.method == "POST" and form.is_valid():
        try:
            number = keep_cases(by=by, cases=form.chosen())
        except ActionDenied as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("%(n)s件を、まだ必要と確認しました。") % {"n": number})
            return redirect("recertification")
    kept = kept_lines(by)
    _listed(request, "recertification", [*waiting, *kept])
    context = {
        "form": form,
        "busy": _rows(form, [line for line in waiting if line.is_busy]),
        "quiet": _rows(form, [line for line in waiting if not line.is_busy]),
        "kept": kept,
        **_round(request),
    }
    status = 422 if form.errors else 200
    return render(request, "cases/recertification_list.html", context, status=status)


def _rows(form: KeepForm, lines: list[Line]) -> list[tuple[Line, bool]]:
    return [(line, str(line.case_id) in form.ticked) for line in lines]


def _round(request: MemberRequest) -> dict[str, Any]:
    opened_on = opening_day(request.membership.municipality)
    due = due_day(opened_on)
    last = format_long(due - datetime.timedelta(days=1))
    return {
        "opened": format_long(opened_on),
        "last": last,
        "next_opened": format_long(opened_on.replace(year=opened_on.year + 1)),
        "is_late": today() >= due,
    }


def _listed(request: MemberRequest, what: str, lines: list[Any]) -> None:
    log_access(
        request.membership,
        Action.LIST,
        what=what,
        purpose=Purpose.ADMINISTRATION,
        record_ids={line.case_id for line in lines},
    )


@member(Permission.CONFIRM_MEMBERSHIP)
@require_http_methods(["GET", "POST"])
def recertification_give_back(request: MemberRequest, case_id: uuid.UUID) -> HttpResponse:
    """もう要らない: what closes, before it does."""
    by = request.membership
    check_can_recertify(by)
    cases = Case.objects.visible_to(by).for_lists(by).select_related("responsible_agency")
    case = get_object_or_404(cases, pk=case_id)
    if not open_to(by).filter(pk=case.pk).exists():
        raise ActionDenied(_("返せるのは、同意で開いているほかの機関のケースです。"))
    if request.method == "POST":
        give_back(case=case, by=by)
        messages.success(request, _("ケースの閲覧を返しました。主担当機関に知らせました。"))
        return redirect("recertification")
    line = line_of(by, case)
    _listed(request, "recertification_give_back", [line])
    context = {"line": line, "case": case, "consequences": _consequences(request, case)}
    return render(request, "cases/recertification_give_back.html", context)


def _consequences(request: MemberRequest, case: Case) -> list[dict[str, Any]]:
    by = request.membership
    seen = Record.objects.standing_with(by).filter(case=case)
    own = seen.filter(author_agency=by.agency_id).count()
    tasks = [t for t in registry.draw("open_work", by, case) if t.agency_id == by.agency_id]
    found: list[dict[str, Any]] = [
        {
            "figure": seen.count() - own,
            "unit": _("件"),
            "text": _("ほかの機関の記録が、次の操作から読めなくなります。"),
        },
        {
            "figure": own,
            "unit": _("件"),
            "text": _("自分の機関で書いた記録は、これからも読めます。"),
        },
    ]
    if tasks:
        text = _("続いている仕事は、題と期限だけが%(agency)sに残ります。")
        found.append(
            {
                "figure": len(tasks),
                "unit": _("件"),
                "text": text % {"agency": case.responsible_agency.name},
            }
        )
    again = _("また必要になったときは、あらためてつなぎか会議で開きます。")
    return [*found, {"text": again}]


@member(Permission.READ_CASES)
@require_GET
def recertification_others(request: MemberRequest) -> HttpResponse:
    """Who reads the cases my agency is responsible for and has not confirmed."""
    partners = partners_unconfirmed(request.membership)
    _listed(request, "recertification_others", partners)
    may_end = request.membership.may(Permission.WRITE_RECORDS)
    context = {"partners": partners, "may_end": may_end, **_round(request)}
    return render(request, "cases/recertification_others.html", context)


@member(Permission.WRITE_RECORDS)
@require_http_methods(["GET", "POST"])
def recertification_end(request: MemberRequest, case_id: uuid.UUID, agency_id: int) -> HttpResponse:
    """The responsible agency ends what nobody has confirmed."""
    by = request.membership
    case = get_object_or_404(Case.objects.visible_to(by).for_lists(by), pk=case_id)
    agency = get_object_or_404(Agency, pk=agency_id, municipality=by.municipality)
    check_can_end(by, case, agency)
    if request.method == "POST":
        end_unconfirmed(case=case, agency=agency, by=by)
        words = _("%(agency)sの閲覧を終えました。相手の機関に知らせました。")
        messages.success(request, words % {"agency": agency.name})
        return redirect("recertification_others")
    title = titles_for(by, [case.pk])[case.pk]
    log_access(by, Action.LIST, what="recertification_end", case_id=case.pk, basis="responsible")
    context = {"case": case, "agency": agency, "title": title}
    return render(request, "cases/recertification_end.html", context)


@member()
@require_GET
def recertification_overview(request: MemberRequest) -> HttpResponse:
    """How far each agency is, in figures (V11)."""
    by = request.membership
    check_may_count_recertified(by)
    rows = figures(by)
    log_access(by, Action.LIST, what="recertification_overview", purpose=Purpose.ADMINISTRATION)
    context = {"rows": rows, "waiting": count(rows), **_round(request)}
    return render(request, "cases/recertification_overview.html", context)
