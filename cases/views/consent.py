"""Record a person's answer, and withdraw it (V3)."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from agencies.enums import ConsentRule, Permission
from agencies.guards import MemberRequest, member
from agencies.models import Agency, ConferenceType, Membership, agencies_of
from agencies.permissions import ActionDenied
from cases.ages import born
from cases.consentpage import preview_words
from cases.explain import until_words
from cases.forms.consent import ConsentForm, WithdrawForm
from cases.models import Case, Consent, ConsentLine, Person, Referral, SupportTeam
from cases.operations import losses_of_withdrawal, record_consent, withdraw_consent
from cases.operations.consent import StaleAnswer, answer_seen, stays_after
from cases.operations.consentloss import Loss, losses
from cases.operations.consentterms import ADULT, needs_proxy
from cases.permissions import CannotConsent, check_can_record_consent, check_can_withdraw
from cases.seenas import sights_of_answer
from cases.seers import is_open
from cases.views.subject import Subject, form_page, subject
from config.lib.eras import format_long, today

PURPOSE_LIMIT = 200  # of the form's field
both = require_http_methods(["GET", "POST"])


@member(Permission.RECORD_CONSENT)
@both
def consent_new(request: MemberRequest, case_id: uuid.UUID, person_id: uuid.UUID) -> HttpResponse:
    """Ask one person: to whom, for what, until when. What it closes is shown first."""
    is_typed = request.method == "POST"
    on, person = asked(request, case_id, person_id, "consent_new", is_typed=is_typed)
    before = answer_of(request.membership, person)
    form = consent_form(request, person, before)
    if request.method == "POST" and form.is_valid() and "edit" not in request.POST:
        if (shown := _shown_before(request, on, person, before, form)) is not None:
            return shown
        if not form.errors and _recorded(request, person, form):
            return way_back(request, on.case)
    return form_page(
        request,
        "cases/consent_new.html",
        on,
        form,
        person=person,
        born=born(person),
        before=_words(before),
        preview=preview_words(request.membership, person, on.people),
        back_url=back_url(request),
        age=request.membership.municipality.consent_age,
    )


def back_url(request: MemberRequest) -> str:
    """?next=: the page of this house that asked for the consent; empty for anything else."""
    target = request.GET.get("next", "")
    is_ours = target.startswith("/") and url_has_allowed_host_and_scheme(target, None)
    return target if is_ours else ""


def way_back(request: MemberRequest, case: Case) -> HttpResponse:
    """To the page that asked; without one, or where the case closed meanwhile, to the case."""
    target = back_url(request)
    if target and Case.objects.visible_to(request.membership).filter(pk=case.pk).exists():
        return redirect(target)
    return back_to_case(request, case)


def back_to_case(request: MemberRequest, case: Case) -> HttpResponse:
    """To the case, unless it closed for the one who recorded that it should."""
    if Case.objects.visible_to(request.membership).filter(pk=case.pk).exists():
        return redirect("case_detail", case_id=case.pk)
    return redirect("consent_list")


def asked(
    request: MemberRequest,
    case_id: uuid.UUID,
    person_id: uuid.UUID,
    what: str,
    *,
    is_typed: bool = False,
) -> tuple[Subject, Person]:
    """The person of this case whose answer is recorded or put on paper. `is_typed`: a death learnt
    of meanwhile is left to the operation, which says it in the form with what was typed."""
    on = subject(request, case_id, what)
    people = Person.objects.visible_to(request.membership).filter(case=on.case)
    person = on.persons.get(person_id) or get_object_or_404(people, pk=person_id)
    try:
        check_can_record_consent(request.membership, person)
    except CannotConsent:
        if not is_typed:
            raise
    return on, person


def answer_of(by: Membership, person: Person) -> Consent | None:
    """The person's open answer, where the reader sees it whole."""
    answers = Consent.objects.visible_to(by).filter(person=person, withdrawn_at__isnull=True)
    found: Consent | None = answers.first()
    return found


def _shown_before(
    request: MemberRequest, on: Subject, person: Person, before: Consent | None, form: ConsentForm
) -> HttpResponse | None:
    """What the answer closes, and how others would see the case after it: always before something
    closes, else when asked for."""
    closing = _closing(request, before, form)
    if "confirmed" in request.POST or not (closing or "look" in request.POST):
        return None
    by, terms = request.membership, form.terms()

    def answered() -> Consent:
        return record_consent(person=person, by=by, terms=terms, seen=form.cleaned_data["seen"])

    try:
        others = [loss.agency_id for loss in closing]
        sights = sights_of_answer(by, on.case, terms, answered, besides=others)
    except ActionDenied as error:
        _refuse(form, error, person, by)
        return None
    words = loss_words(by, on.case, closing) if closing else []
    return form_page(
        request, "cases/consent_new_confirm.html", on, form, person=person,
        consequences=words, sights=sights, back_url=back_url(request),
    )  # fmt: skip


def _refuse(form: ConsentForm, error: ActionDenied, person: Person, by: Membership) -> None:
    form.add_error("answer" if isinstance(error, CannotConsent) else None, str(error))
    if isinstance(error, StaleAnswer):
        form.show_again(answer_seen(person, by))


def _closing(request: MemberRequest, before: Consent | None, form: ConsentForm) -> list[Loss]:
    """What the agencies let in until now lose by the new answer; other agencies alone."""
    if before is None:
        return []
    by = request.membership
    found = losses(before, by, stays_after(form.terms()))
    return [loss for loss in found if loss.is_any and loss.agency_id != by.agency_id]


def _recorded(request: MemberRequest, person: Person, form: ConsentForm) -> bool:
    by, data = request.membership, form.cleaned_data
    try:
        record_consent(
            person=person, by=by, terms=form.terms(), form_key=data["form_key"], seen=data["seen"]
        )
    except ActionDenied as error:
        _refuse(form, error, person, by)
        return False
    messages.success(request, _("%(name)sの答えを記録しました。") % {"name": person.shown_name})
    return True


def consent_form(request: MemberRequest, person: Person, before: Consent | None) -> ConsentForm:
    """The form with what this city offers, the usual case ticked."""
    by = request.membership
    agencies = list(agencies_of(by.municipality))
    types = offered_types(by)
    age = person.age(today())
    return ConsentForm(
        request.POST or None,
        agencies=agencies,
        conference_types=types,
        colleagues=_colleagues(by),
        needs_proxy=needs_proxy(person, by, today()),
        is_minor=age is not None and age < ADULT,
        own=by.agency_id,
        initial=_asked_for(request, _initial(person, before, agencies, by), types),
    )


def _asked_for(
    request: MemberRequest, initial: dict[str, Any], types: Sequence[ConferenceType]
) -> dict[str, Any]:
    """?agencies= and ?body=: whom the page that asks needs told, and for which conference. Whom the
    person wants left out stays so."""
    wanted = set(request.GET.getlist("agencies")) - set(initial.get("exceptions", []))
    body = next((t for t in types if str(t.pk) == request.GET.get("body", "")), None)
    chosen = list(dict.fromkeys([*initial["agencies"], *sorted(wanted)]))
    purpose = initial["purpose"] if body is None else _purpose_with(initial["purpose"], body)
    return initial | {"agencies": chosen, "purpose": purpose}


def _purpose_with(former: str, body: ConferenceType) -> str:
    """What the person has agreed to stays; the usual words give way."""
    words = conference_purpose(body)
    if former == usual_purpose():
        return words
    both = former if words in former else f"{former}／{words}"
    return both if len(both) <= PURPOSE_LIMIT else former


def offered_types(by: Membership) -> list[ConferenceType]:
    """Conference types whose standing members a person may consent to; not those that sit
    without any (V6), but the merged body, which seeks it (V7)."""
    return [
        t
        for t in ConferenceType.objects.running_in(by.municipality)
        if not t.is_secret or t.consent == ConsentRule.BEST_EFFORT
    ]


def _colleagues(by: Membership) -> list[Membership]:
    """Who may have explained it: the actor first, then the people of the same agency, each once."""
    found = Membership.objects.active().filter(agency=by.agency_id).select_related("user")
    people = {m.user_id: m for m in found.order_by("user__display_name", "-since")}
    people.pop(by.user_id, None)
    return [by, *people.values()]


def _usual_agencies(case: Case, by: Membership) -> set[int]:
    """Those at work on the case, and those a sheet is on its way to."""
    team = SupportTeam.objects.visible_to(by).at_work_on(case)
    asked = Referral.objects.visible_to(by).waiting().filter(case=case, to_agency__isnull=False)
    return {
        case.responsible_agency_id,
        *team.values_list("agency_id", flat=True),
        *(key for key in asked.values_list("to_agency_id", flat=True) if key),
    }


def usual_purpose() -> str:
    return _("世帯への支援を、関係する機関が協力して行うため")


def conference_purpose(body: ConferenceType) -> str:
    return _("「%(body)s」で話し合い、関係する機関が協力して支援するため") % {"body": body.name}


def year_after(day: datetime.date) -> datetime.date:
    """The last day of the year that begins on this day."""
    try:
        after = day.replace(year=day.year + 1)
    except ValueError:  # 29 February
        after = datetime.date(day.year + 1, 3, 1)
    return after - datetime.timedelta(days=1)


def _initial(
    person: Person, before: Consent | None, agencies: list[Agency], by: Membership
) -> dict[str, Any]:
    """The usual case ticked; with an answer in force, what it says."""
    initial: dict[str, Any] = {
        "given_on": today(),
        "until": year_after(today()),
        "purpose": usual_purpose(),
        "explained_by": str(by.pk),
        "seen": answer_seen(person, by),
    }
    chosen = _usual_agencies(person.case, by)
    if before is not None and is_open(before):
        lines = list(ConsentLine.objects.visible_to(by).filter(consent=before))
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
    form = WithdrawForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        # A form sent for an answer that was replaced meanwhile goes on to the one in its place.
        check_can_withdraw(request.membership, consent)
    else:
        withdraw_consent(consent=consent, by=request.membership, reason=form.cleaned_data["reason"])
        messages.success(request, _("同意を撤回しました。いまから、開いていた記録は見られません。"))
        return back_to_case(request, on.case)
    return form_page(
        request,
        "cases/consent_withdraw.html",
        on,
        form,
        lead=_lead(on, consent),
        consent=consent,
        consequences=loss_words(
            request.membership,
            on.case,
            losses_of_withdrawal(consent, request.membership),
        ),
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


def loss_words(by: Membership, case: Case, found: Sequence[Loss]) -> list[dict[str, object]]:
    """What closes, for the confirmation: agencies by name, records and open tasks in figures."""
    others = [
        loss
        for loss in found
        if loss.is_any
        and (loss.agency_id != by.agency_id or case.responsible_agency_id != by.agency_id)
    ]
    words: list[dict[str, object]] = [
        {"figure": loss.records, "unit": _("件"), "text": _of_loss(loss)} for loss in others
    ]
    if not others:
        words.append({"text": _("いま、これでほかの機関が見られなくなる記録はありません。")})
    if any(loss.tasks for loss in others):
        words.append({"text": _("担当していた仕事は、題と期限だけが主担当機関に伝わります。")})
    if any(loss.is_out for loss in others):
        words.append({"text": _("受理されたつなぎと会議の議題も、この同意によるものは閉じます。")})
    words.append({"text": _("それぞれの機関が自分で書いた記録は、その機関に残ります。")})
    return words


def _of_loss(loss: Loss) -> str:
    text = _("%(agency)sは %(n)s件の記録が見られなくなります。") % {
        "agency": loss.agency,
        "n": loss.records,
    }
    if loss.tasks:
        text += _("進行中の仕事 %(n)s件の担当もいなくなります。") % {"n": len(loss.tasks)}
    return text
