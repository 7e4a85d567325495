"""開示の記録: the register of a year, its list for the council on A4, an entry by hand."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from agencies.enums import Action, Permission, Purpose
from agencies.guards import MemberRequest, member
from agencies.models import Agency
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases import enums
from cases.disclosures import (
    Row,
    check_may_read_register,
    grounds_for,
    provider_words,
    register_rows,
    years,
)
from cases.forms.disclosure import DisclosureForm
from cases.operations import DisclosureFacts, record_disclosure
from cases.permissions import check_can_disclose
from cases.views.subject import form_page, log_declared, subject
from config.lib.eras import format_long, today
from config.lib.fiscal import fiscal_year, label

KIND = enums.DisclosureKind
KINDS = (KIND.PROVIDED, KIND.USED)


def _year(request: MemberRequest) -> int:
    """The 年度 asked for; nonsense is this one."""
    this = fiscal_year(timezone.localdate())
    text = request.GET.get("year", "")
    known = text.isascii() and text.isdigit() and 2000 <= int(text[:4]) <= this
    return int(text[:4]) if known else this


def _log(request: MemberRequest, action: Action, what: str, rows: list[Row]) -> None:
    log_access(
        request.membership,
        action,
        what=what,
        purpose=Purpose.AUDIT
        if request.membership.may(Permission.REVIEW_ACCESS)
        else Purpose.CONSULTATION,
        record_ids=[row.key for row in rows],
    )


@member()
@require_GET
def disclosure_list(request: MemberRequest) -> HttpResponse:
    """One's agency's entries; the privacy officer: the city's."""
    by = request.membership
    check_may_read_register(by)
    year = _year(request)
    rows = register_rows(by, year)
    _log(request, Action.LIST, "disclosure_list", rows)
    reviews = by.may(Permission.REVIEW_ACCESS)
    context = {
        "rows": rows,
        "tabs": years(by, year),
        "year": year,
        "year_label": label(year),
        "reviews": reviews,
    }
    return render(request, "cases/disclosure_list.html", context)


@member(Permission.REVIEW_ACCESS)
@require_GET
def disclosure_print(request: MemberRequest) -> HttpResponse:
    """The list of a year for the privacy council (A4, 庁内限り until V12 works)."""
    by = request.membership
    year = _year(request)
    rows = register_rows(by, year)
    _log(request, Action.PRINT, "disclosure_print", rows)
    sheet = {
        "title": _("保有個人情報の第三者提供・目的外利用の一覧（%(year)s）")
        % {"year": label(year)},
        "basis": "",
        "handling": _("庁内限り・取扱注意"),
        "serial": "",
        "secret": False,
        "landscape": True,
        "issued_on": format_long(today()),
        "issuer": f"{by.agency_name}　{request.user}",
    }
    context = {"sheet": sheet, "rows": rows, "city": by.municipality.name, "year": year}
    return render(request, "cases/disclosure_print.html", context)


@member(Permission.WRITE_RECORDS)
@require_http_methods(["GET", "POST"])
def disclosure_new(request: MemberRequest, case_id: uuid.UUID) -> HttpResponse:
    """外部への提供・目的外の利用を記録する (?kind=used)."""
    on = subject(request, case_id, "disclosure_new")
    check_can_disclose(request.membership, on.case)
    kind = KIND.USED if request.GET.get("kind") == KIND.USED else KIND.PROVIDED
    agency = Agency.objects.select_related("of_type").get(pk=request.membership.agency_id)
    grounds = grounds_for(agency, kind, today())
    form = DisclosureForm(request.POST or None, kind=kind, persons=on.people, grounds=grounds)
    if request.method == "POST" and form.is_valid():
        try:
            record_disclosure(
                case=on.case,
                by=request.membership,
                facts=_facts(form, kind),
                form_key=form.cleaned_data["form_key"],
            )
            log_declared(request, form, on.case.pk)
            messages.success(request, _("開示の記録に加えました。"))
            return redirect("disclosure_list")
        except ActionDenied as error:
            form.add_error(None, str(error))
    tabs = [{"label": str(k.label), "url": f"?kind={k.value}", "current": k == kind} for k in KINDS]
    return form_page(
        request, "cases/disclosure_new.html", on, form, tabs=tabs, words=provider_words(agency)
    )


def _facts(form: DisclosureForm, kind: str) -> DisclosureFacts:
    data = form.cleaned_data
    return DisclosureFacts(
        kind=kind,
        on=data["on"],
        ground=form.grounds[data["ground"]],
        purpose=data["purpose"],
        persons=[form.persons_by_key[key] for key in data["persons"]],
        categories=data["categories"],
        recipient=data.get("recipient", ""),
        statute=data["statute"],
    )
