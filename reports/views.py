"""評価と報告: the years, a year's evaluation on the page, on paper and as a file, and its inputs.

No line of these pages leads to a case (V11): whoever may see one finds it where cases are.
"""

from __future__ import annotations

import datetime

from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agencies.enums import Action, Permission, Purpose
from agencies.guards import MemberRequest, confirmed_lately, member
from agencies.models import Indicator
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases.operations.case import StaleVersion
from config.lib.eras import format_long
from config.lib.fiscal import label
from reports.forms import IndicatorForm
from reports.indicators import indicator_facts, indicators_of
from reports.models import IndicatorValue
from reports.operations import enter_value, request_recount
from reports.pages import Report, report_of, year_rows
from reports.permissions import check_can_enter, is_year
from reports.workbook import CONTENT_TYPE, workbook


def _report(request: MemberRequest, year: int) -> Report:
    if not is_year(year):
        raise Http404
    return report_of(request.membership, year)


def _log(request: MemberRequest, action: Action, what: str) -> None:
    log_access(request.membership, action, what=what, purpose=Purpose.STATISTICS)


@member(Permission.READ_REPORTS)
@require_GET
def report_home(request: MemberRequest) -> HttpResponse:
    """The years of the city."""
    rows = year_rows(request.membership)
    _log(request, Action.LIST, "report_home")
    return render(request, "reports/report_home.html", {"rows": rows})


@member(Permission.READ_REPORTS)
@require_GET
def report_year(request: MemberRequest, year: int) -> HttpResponse:
    """The annual evaluation of a year."""
    report = _report(request, year)
    _log(request, Action.OPEN, "report_year")
    asked = _asked_at(request)
    waiting = request.get_full_path() if asked and not report.is_counted(asked) else ""
    return render(request, "reports/report_year.html", {"report": report, "waiting": waiting})


def _asked_at(request: MemberRequest) -> datetime.datetime | None:
    """When the reader asked for a new count, as 数え直す put it into the address."""
    try:
        return datetime.datetime.fromtimestamp(float(request.GET["asked"]), datetime.UTC)
    except (KeyError, ValueError, OverflowError, OSError):
        return None


@member(Permission.READ_REPORTS)
@require_POST
def report_recount(request: MemberRequest, year: int) -> HttpResponse:
    """数え直す: the worker counts; the page says so until it has."""
    if not is_year(year):
        raise Http404
    asked = request_recount(by=request.membership, year=year)
    return redirect(f"{reverse('report_year', args=[year])}?asked={asked.timestamp():.0f}")


@member(Permission.READ_REPORTS)
@require_GET
def report_print(request: MemberRequest, year: int) -> HttpResponse:
    """The evaluation on A4."""
    report = _report(request, year)
    _log(request, Action.PRINT, "report_print")
    sheet = {
        "title": _("評価と報告　%(year)s") % {"year": report.title},
        "handling": _("庁内限り"),
        "basis": "",
        "serial": "",
        "secret": False,
        "landscape": True,
        "issued_on": format_long(timezone.localdate()),
        "issuer": f"{request.membership.agency_name}　{request.user}",
    }
    return render(request, "reports/report_print.html", {"report": report, "sheet": sheet})


@member(Permission.READ_REPORTS)
@confirmed_lately
@require_GET
def report_xlsx(request: MemberRequest, year: int) -> HttpResponse:
    """The evaluation as a spreadsheet."""
    report = _report(request, year)
    _log(request, Action.EXPORT, "report_xlsx")
    content = workbook(report, request.membership.municipality.name)
    response = HttpResponse(content, content_type=CONTENT_TYPE)
    response["Content-Disposition"] = f'attachment; filename="kasane-report-{year}.xlsx"'
    return response


@member(Permission.READ_REPORTS)
@require_http_methods(["GET", "POST"])
def indicator_edit(request: MemberRequest, year: int, indicator_id: int) -> HttpResponse:
    """A value that comes from a survey or other statistics, typed in."""
    by = request.membership
    if not is_year(year):
        raise Http404
    indicator = get_object_or_404(indicators_of(by.municipality, year), pk=indicator_id)
    check_can_enter(by, indicator, year)
    values = IndicatorValue.objects.visible_to(by).filter(indicator=indicator)
    stored = values.filter(fiscal_year=year).first()
    form = IndicatorForm(request.POST or None, indicator=indicator, stored=stored)
    if form.is_valid() and _save(request, form, indicator, year):
        messages.success(request, _("「%(name)s」を保存しました。") % {"name": indicator.label})
        return redirect("report_year", year)
    context = {
        "form": form,
        "year": year,
        "title": label(year),
        "name": indicator.label,
        "facts": indicator_facts(indicator, list(values.filter(fiscal_year__lt=year))),
        "conflicts": _conflicts(form, stored),
    }
    status = 422 if form.is_bound else 200
    return render(request, "reports/indicator_form.html", context, status=status)


def _save(request: MemberRequest, form: IndicatorForm, indicator: Indicator, year: int) -> bool:
    """Write the value; a refusal stands on the form, with everything typed."""
    try:
        enter_value(indicator=indicator, year=year, by=request.membership, **form.cleaned_data)
    except StaleVersion:
        rows = IndicatorValue.objects.visible_to(request.membership)
        row = rows.filter(indicator=indicator, fiscal_year=year).first()
        form.check_version(row or IndicatorValue(version=0))
        return False
    except ActionDenied as error:
        form.add_error(None, str(error))
        return False
    return True


def _conflicts(form: IndicatorForm, stored: IndicatorValue | None) -> list[dict[str, str]]:
    """What somebody else saved meanwhile, field by field."""
    if stored is None or not form.has_error(NON_FIELD_ERRORS, "stale"):
        return []
    return [
        {"term": c.label, "value": str(form.fields[c.name].prepare_value(c.saved) or "")}
        for c in form.conflicts(stored)
    ]
