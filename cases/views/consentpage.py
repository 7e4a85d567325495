"""A consent: its page, the list, what narrows and renews it, the signed paper (V3)."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agencies.enums import Action, Permission, Purpose
from agencies.guards import MemberRequest, member
from agencies.models import Agency, ConferenceType, Membership, agencies_of
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases import enums
from cases.consentpage import (
    ConsentPage,
    check_may_read_consents,
    consent_facts,
    consent_page,
    consent_rows,
    own_facts,
    own_line,
    own_rows,
)
from cases.forms.consentchange import NarrowForm, RenewForm, ScanForm
from cases.models import Consent, ConsentScan, ConsentScanContent
from cases.operations import attach_scans, narrow_consent, renew_consent
from cases.operations.consent import ConsentTerms, check_narrower, stays_after, terms_of
from cases.operations.consentloss import losses
from cases.operations.consentterms import is_running
from cases.permissions import check_can_attach_scan, check_can_change_consent
from cases.seenas import sights_of_answer
from cases.views.attachments import SHOWN
from cases.views.consent import loss_words, year_after
from cases.views.subject import Subject, form_page, log_declared, subject
from config.lib.eras import format_long, today

both = require_http_methods(["GET", "POST"])


def purpose_of(by: Membership) -> Purpose:
    return Purpose.AUDIT if by.may(Permission.REVIEW_ACCESS) else Purpose.CONSULTATION


def log_consent(request: MemberRequest, action: Action, what: str, consent: Consent) -> None:
    log_access(
        request.membership,
        action,
        what=what,
        purpose=purpose_of(request.membership),
        basis="consent",
        case_id=consent.case_id,
        record_ids=[consent.pk],
    )


def whole_or_404(by: Membership, consent_id: uuid.UUID) -> Consent:
    """A consent one sees whole (V3)."""
    consent: Consent = get_object_or_404(Consent.objects.visible_to(by), pk=consent_id)
    return consent


@member()
@require_GET
def consent_list(request: MemberRequest) -> HttpResponse:
    """Consents one sees whole, and one's own lines of others."""
    by = request.membership
    check_may_read_consents(by)
    ended = request.GET.get("state") == "ended"
    rows = consent_rows(by, ended=ended)
    own = [] if ended else own_rows(by, [row.key for row in rows])
    log_access(
        by,
        Action.LIST,
        what="consent_list",
        purpose=purpose_of(by),
        record_ids=[row.key for row in (*rows, *own)],
    )
    return render(request, "cases/consent_list.html", {"rows": rows, "own": own, "is_ended": ended})


@member()
@require_GET
def consent_detail(request: MemberRequest, consent_id: uuid.UUID) -> HttpResponse:
    """Whole, or the reader's own line."""
    by = request.membership
    check_may_read_consents(by)
    # Persons are read through the gate: the row itself comes without them.
    consent = Consent.objects.visible_to(by).filter(pk=consent_id).first()
    if consent is None:
        return _own_line(request, consent_id)
    return _page(request, consent_page(by, consent), ScanForm())


def _own_line(request: MemberRequest, consent_id: uuid.UUID) -> HttpResponse:
    grant = own_line(request.membership, consent_id)
    if grant is None:
        raise Http404
    log_access(
        request.membership,
        Action.OPEN,
        what="consent_line",
        basis="consent",
        case_id=grant.content_object_id,
        record_ids=[grant.person_id] if grant.person_id else [],
    )
    facts = own_facts(request.membership, grant)
    return render(
        request,
        "cases/consent_line.html",
        {"facts": facts, "case_id": grant.content_object_id},
    )


def _page(request: MemberRequest, page: ConsentPage, form: ScanForm) -> HttpResponse:
    log_consent(request, Action.OPEN, "consent_detail", page.consent)
    status = 422 if form.errors else 200
    context = {"page": page, "form": form}
    return render(request, "cases/consent_detail.html", context, status=status)


# --- narrow, renew ---------------------------------------------------------------------------


def _changeable(
    request: MemberRequest, consent_id: uuid.UUID, what: str
) -> tuple[Consent, Subject]:
    consent = whole_or_404(request.membership, consent_id)
    on = subject(request, consent.case_id, what)
    if consent.person_id not in on.persons:
        raise Http404
    consent.case, consent.person = on.case, on.persons[consent.person_id]
    check_can_change_consent(request.membership, consent)
    return consent, on


@member(Permission.RECORD_CONSENT)
@both
def consent_narrow(request: MemberRequest, consent_id: uuid.UUID) -> HttpResponse:
    """Take ticks away; then what closes, in figures; then it closes."""
    if done := _sent_before(request, consent_id):
        return redirect("consent_detail", consent_id=done.pk)
    consent, on = _changeable(request, consent_id, "consent_narrow")
    form = _narrow_form(request, terms_of(consent, request.membership))
    if request.method == "POST" and form.is_valid() and "edit" not in request.POST:
        try:
            if "confirmed" not in request.POST:
                return _confirm(request, on, consent, form)
            narrowed = narrow_consent(
                consent=consent,
                by=request.membership,
                terms=form.terms(),
                form_key=form.cleaned_data["form_key"],
            )
        except ActionDenied as error:
            form.add_error(None, str(error))
        else:
            messages.success(
                request, _("同意の範囲を狭めました。いまから、外した分は見られません。")
            )
            return redirect("consent_detail", consent_id=narrowed.pk)
    return form_page(request, "cases/consent_narrow.html", on, form, consent=consent)


def _sent_before(request: MemberRequest, consent_id: uuid.UUID) -> Consent | None:
    """The answer this very form has put in the place of another (a double click, a resend)."""
    try:
        key = uuid.UUID(request.POST.get("form_key", ""))
    except ValueError:
        return None
    made = Consent.objects.visible_to(request.membership)
    found: Consent | None = made.filter(replaces=consent_id, form_key=key).first()
    return found


def _narrow_form(request: MemberRequest, former: ConsentTerms) -> NarrowForm:
    agencies = agencies_of(request.membership.municipality)
    return NarrowForm(
        request.POST or None,
        former=former,
        agencies=[a for a in agencies if a.pk != request.membership.agency_id],
        initial={
            "agencies": [str(a.pk) for a in former.agencies],
            "conference_types": [str(t.pk) for t in former.conference_types],
            "categories": former.categories,
            "covers_household": former.covers_household,
            "given_on": today(),
            "until": former.until,
        },
    )


def _confirm(
    request: MemberRequest, on: Subject, consent: Consent, form: NarrowForm
) -> HttpResponse:
    terms = form.terms()
    check_narrower(form.former, terms)
    found = losses(consent, request.membership, stays_after(terms))
    consequences = [
        *_taken_away(form.former, terms),
        *loss_words(request.membership, on.case, found),
    ]
    by, key = request.membership, form.cleaned_data["form_key"]

    def narrowed() -> Consent:
        return narrow_consent(consent=consent, by=by, terms=terms, form_key=key)

    others = [loss.agency_id for loss in found]
    return form_page(
        request,
        "cases/consent_confirm.html",
        on,
        form,
        consent=consent,
        consequences=consequences,
        sights=sights_of_answer(by, on.case, terms, narrowed, besides=others),
    )


def _taken_away(former: ConsentTerms, after: ConsentTerms) -> list[dict[str, object]]:
    """What the person took away, in words."""
    kept = {row.pk for row in after.agencies}
    kinds = {row.pk for row in after.conference_types}
    gone = [
        *(a.name for a in former.agencies if a.pk not in kept),
        *(t.name for t in former.conference_types if t.pk not in kinds),
        *(str(enums.Category(c).label) for c in former.categories if c not in after.categories),
    ]
    if former.covers_household and not after.covers_household:
        gone.append(_("世帯全体の記録"))
    words: list[dict[str, object]] = []
    if gone:
        words.append({"text": _("外すもの：%(what)s") % {"what": "、".join(gone)}})
    known = {a.pk for a in former.exceptions}
    if excepted := [a.name for a in after.exceptions if a.pk not in known]:
        words.append({"text": _("知らせない機関：%(what)s") % {"what": "、".join(excepted)}})
    if after.until != former.until and after.until is not None:
        words.append({"text": _("期限：%(day)sまで") % {"day": format_long(after.until)}})
    return words


@member(Permission.RECORD_CONSENT)
@both
def consent_renew(request: MemberRequest, consent_id: uuid.UUID) -> HttpResponse:
    """The same content, asked again."""
    if done := _sent_before(request, consent_id):
        return redirect("consent_detail", consent_id=done.pk)
    consent, on = _changeable(request, consent_id, "consent_renew")
    terms = terms_of(consent, request.membership)
    initial: dict[str, Any] = {
        "given_on": today(),
        "until": year_after(today()),
        "method": consent.method,
        "proxy_name": consent.proxy_name,
        "proxy_power": consent.proxy_power,
    }
    form = RenewForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid() and "edit" not in request.POST:
        try:
            if "look" in request.POST:
                return _look(request, on, consent, form)
            renewed = renew_consent(
                consent=consent,
                by=request.membership,
                how=form.how(),
                form_key=form.cleaned_data["form_key"],
            )
        except ActionDenied as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("同意を更新しました。"))
            return redirect("consent_detail", consent_id=renewed.pk)
    named: list[Agency | ConferenceType] = [*terms.agencies, *terms.conference_types]
    ended = [row.name for row in named if not is_running(row)]
    facts = consent_facts(request.membership, consent, consent.person, terms)
    return form_page(
        request,
        "cases/consent_renew.html",
        on,
        form,
        consent=consent,
        facts=facts,
        ended="、".join(ended),
    )


def _look(request: MemberRequest, on: Subject, consent: Consent, form: RenewForm) -> HttpResponse:
    """How others would see the case after the renewal; nothing is written."""
    by, how = request.membership, form.how()

    def renewed() -> Consent:
        return renew_consent(consent=consent, by=by, how=how)

    sights = sights_of_answer(by, on.case, terms_of(consent, by), renewed)
    return form_page(
        request, "cases/consent_renew_confirm.html", on, form, consent=consent, sights=sights
    )


# --- the signed paper ------------------------------------------------------------------------


@member(Permission.RECORD_CONSENT)
@require_POST
def scan_new(request: MemberRequest, consent_id: uuid.UUID) -> HttpResponse:
    """Add the signed paper to a consent."""
    consent = whole_or_404(request.membership, consent_id)
    check_can_attach_scan(request.membership, consent)
    form = ScanForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, consent_page(request.membership, consent), form)
    attach_scans(consent=consent, by=request.membership, files=form.cleaned_data["attachments"])
    log_declared(request, form, consent.case_id)
    messages.success(request, _("署名された紙を添付しました。"))
    return redirect("consent_detail", consent_id=consent.pk)


@member()
@require_GET
def scan_download(request: MemberRequest, scan_id: uuid.UUID) -> HttpResponse:
    """One paper, to who sees its consent whole; logged before a byte leaves."""
    by = request.membership
    check_may_read_consents(by)
    found = get_object_or_404(
        ConsentScan.objects.visible_to(by).select_related("consent"), pk=scan_id
    )
    content = get_object_or_404(ConsentScanContent.objects.visible_to(by), pk=found.pk)
    log_consent(request, Action.OPEN, f"scan_download {found.pk}", found.consent)
    response = HttpResponse(bytes(content.data), content_type=found.media_type)
    is_kept = found.media_type not in SHOWN
    response["Content-Disposition"] = content_disposition_header(is_kept, found.name) or ""
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "private, no-store"
    return response
