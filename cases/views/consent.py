"""Record a person's answer, and withdraw it (V3)."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from agencies.enums import Permission
from agencies.guards import MemberRequest, member
from agencies.models import Agency, ConferenceType
from agencies.permissions import ActionDenied
from cases.caselines import born
from cases.explain import until_words
from cases.forms.consent import ConsentForm, WithdrawForm
from cases.models import Consent, ConsentLine, Person
from cases.operations import losses_of_withdrawal, record_consent, withdraw_consent
from cases.operations.consent import needs_proxy
from cases.permissions import check_can_record_consent, check_can_withdraw
from cases.seers import is_open
from cases.views.subject import Subject, form_page, subject
from config.lib.eras import format_long, today

both = require_http_methods(["GET", "POST"])


@member(Permission.RECORD_CONSENT)
@both
def consent_new(request: MemberRequest, case_id: uuid.UUID, person_id: uuid.UUID) -> HttpResponse:
    """Ask one person: to whom, for what, until when."""
    on = subject(request, case_id, "consent_new")
    people = Person.objects.visible_to(request.membership).filter(case=on.case)
    person = on.persons.get(person_id) or get_object_or_404(people, pk=person_id)
    check_can_record_consent(request.membership, person)
    before = (
        Consent.objects.visible_to(request.membership)
        .filter(person=person, withdrawn_at__isnull=True)
        .first()
    )
    form = _form(request, person, before)
    if request.method == "POST" and form.is_valid():
        try:
            record_consent(person=person, by=request.membership, terms=form.terms())
        except ActionDenied as error:
            form.add_error(None, str(error))
        else:
            messages.success(
                request, _("%(name)sの答えを記録しました。") % {"name": person.shown_name}
            )
            return redirect("case_detail", case_id=on.case.pk)
    return form_page(
        request,
        "cases/consent_new.html",
        on,
        form,
        person=person,
        born=born(person),
        before=_words(before),
        age=request.membership.municipality.consent_age,
    )


def _form(request: MemberRequest, person: Person, before: Consent | None) -> ConsentForm:
    city = request.membership.municipality
    agencies = list(
        Agency.objects.filter(municipality=city, is_type=False, ended_on__isnull=True).order_by(
            "order", "name"
        )
    )
    types = ConferenceType.objects.filter(municipality=city, ended_on__isnull=True)
    return ConsentForm(
        request.POST or None,
        agencies=agencies,
        conference_types=[t for t in types.order_by("order", "name") if not t.is_secret],
        needs_proxy=needs_proxy(person, request.membership, today()),
        own=request.membership.agency_id,
        initial=_initial(person, before, agencies),
    )


def _initial(person: Person, before: Consent | None, agencies: list[Agency]) -> dict[str, Any]:
    """The responsible agency ticked; with an answer in force, what it says (to narrow it)."""
    initial: dict[str, Any] = {"given_on": today()}
    chosen = {person.case.responsible_agency_id}
    if before is not None and is_open(before):
        lines = list(ConsentLine.objects.filter(consent=before))
        chosen |= {x.agency_id for x in lines if x.agency_id and not x.is_exception}
        initial |= {
            "categories": before.categories,
            "covers_household": before.covers_household,
            "purpose": before.purpose,
            "answer": before.answer,
            "conference_types": [str(x.conference_type_id) for x in lines if x.conference_type_id],
            "exceptions": [str(x.agency_id) for x in lines if x.is_exception],
        }
    return initial | {"agencies": [str(a.pk) for a in agencies if a.pk in chosen]}


def _words(consent: Consent | None) -> str:
    if consent is None:
        return ""
    return _("いまの答え：%(answer)s（%(day)s）。新しく記録すると、これに置き換わります。") % {
        "answer": consent.get_answer_display(),
        "day": format_long(consent.given_on),
    }


@member(Permission.RECORD_CONSENT)
@both
def consent_withdraw(request: MemberRequest, consent_id: uuid.UUID) -> HttpResponse:
    """What closes, in figures; then, with the reason, it closes."""
    consents = Consent.objects.visible_to(request.membership)
    consent = get_object_or_404(consents, pk=consent_id)
    on = subject(request, consent.case_id, "consent_withdraw")
    check_can_withdraw(request.membership, consent)
    form = WithdrawForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        withdraw_consent(consent=consent, by=request.membership, reason=form.cleaned_data["reason"])
        messages.success(request, _("同意を撤回しました。いまから、開いていた記録は見られません。"))
        return redirect("case_detail", case_id=on.case.pk)
    return form_page(
        request,
        "cases/consent_withdraw.html",
        on,
        form,
        lead=_lead(on, consent),
        consequences=_consequences(request, on, consent),
    )


def _lead(on: Subject, consent: Consent) -> str:
    person = on.persons.get(consent.person_id)
    upper = consent.period.upper
    until = until_words(upper)
    return _("%(name)sの同意（%(day)s、%(until)s）を撤回します。") % {
        "name": person.shown_name if person else _("この人"),
        "day": format_long(consent.given_on),
        "until": until,
    }


def _consequences(request: MemberRequest, on: Subject, consent: Consent) -> list[dict[str, object]]:
    own = request.membership.agency_name
    losses = [
        loss
        for loss in losses_of_withdrawal(consent, request.membership)
        if loss.agency != own or on.case.responsible_agency_id != request.membership.agency_id
    ]
    found: list[dict[str, object]] = [
        {
            "figure": loss.records,
            "unit": _("件"),
            "text": _("%(agency)sは %(n)s件の記録が見られなくなります。")
            % {"agency": loss.agency, "n": loss.records},
        }
        for loss in losses
    ]
    if not losses:
        found.append({"text": _("いま、この同意でほかの機関に開いている記録はありません。")})
    found.append({"text": _("受理されたつなぎも、この同意によるものは閉じます。")})
    found.append({"text": _("それぞれの機関が自分で書いた記録は、その機関に残ります。")})
    return found
