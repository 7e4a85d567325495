"""同意書 and 同意撤回書 on A4, filled or empty: with ふりがな, or in やさしい日本語."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from agencies.enums import Action, Permission
from agencies.guards import MemberRequest, member
from agencies.models import Membership, agencies_of
from agencies.trail import log_access
from cases import enums
from cases.consentpage import check_may_read_consents, conferences
from cases.models import Consent, Person
from cases.operations.consent import ConsentTerms, terms_of
from cases.templatetags.furigana import dated, named
from cases.views.consent import (
    answer_of,
    asked,
    consent_form,
    offered_types,
    usual_purpose,
)
from cases.views.consentpage import log_consent, whole_or_404
from config.lib.eras import format_long, today
from config.lib.fiscal import instant_to_until_day
from config.lib.wording import city_words

READINGS = {
    enums.Category.BASIC: "基本情報《きほんじょうほう》（名前《なまえ》・住所《じゅうしょ》など）",
    enums.Category.HOUSEHOLD: "世帯《せたい》（家族《かぞく》のようす）",
    enums.Category.HEALTH: "健康《けんこう》・医療《いりょう》",
    enums.Category.DISABILITY: city_words("｜障害《しょうがい》"),
    enums.Category.CARE: "介護《かいご》",
    enums.Category.CHILD: "子《こ》ども・教育《きょういく》",
    enums.Category.MONEY: "家計《かけい》・債務《さいむ》（お金《かね》のこと）",
    enums.Category.WORK: "就労《しゅうろう》（仕事《しごと》）",
    enums.Category.HOUSING: "住《す》まい",
    enums.Category.SAFETY: "司法《しほう》・安全《あんぜん》",
    enums.Category.PROGRESS: "支援《しえん》の経過《けいか》",
    enums.Category.PLAN: "支援《しえん》プラン",
}


@member()
@require_GET
def consent_print(request: MemberRequest, consent_id: uuid.UUID) -> HttpResponse:
    """The consent as it was given, for who sees it whole."""
    consent = _printable(request, consent_id, "consent_print")
    person = _person(request.membership, consent.person_id)
    context = _paper(person, terms_of(consent, request.membership)) | {
        "explained_by": _explainer(consent),
        "purpose": _purpose(consent.purpose),
        "given_on": dated(format_long(consent.given_on)),
        "until": _until(consent),
        "covers_household": consent.covers_household,
        "is_filled": True,
        "proxy": _proxy(consent),
    }
    back = reverse("consent_detail", args=[consent.pk])
    return _sheet(request, "cases/consent_print.html", _("同意書"), back, context)


@member()
@require_GET
def withdrawal_print(request: MemberRequest, consent_id: uuid.UUID) -> HttpResponse:
    """The form with which a person withdraws, or the withdrawal as it was recorded."""
    consent = _printable(request, consent_id, "withdrawal_print")
    person = _person(request.membership, consent.person_id)
    terms = terms_of(consent, request.membership)
    context = _paper(person, terms) | {
        "given_on": dated(format_long(consent.given_on)),
        "ended_on": dated(format_long(consent.withdrawn_at)) if consent.withdrawn_at else "",
        "reason": consent.withdrawal_reason,
        "proxy": _proxy(consent),
    }
    back = reverse("consent_detail", args=[consent.pk])
    return _sheet(request, "cases/withdrawal_print.html", _("同意撤回書"), back, context)


@member(Permission.RECORD_CONSENT)
@require_http_methods(["GET", "POST"])
def consent_form_print(
    request: MemberRequest, case_id: uuid.UUID, person_id: uuid.UUID
) -> HttpResponse:
    """The form to be signed: empty, or (sent from the page) with what is ticked there; nothing is
    recorded by it."""
    on, person = asked(request, case_id, person_id, "consent_form_print")
    log_access(
        request.membership,
        Action.PRINT,
        what="consent_form_print",
        case_id=on.case.pk,
        record_ids=[person.pk],
    )
    filled = bool(request.POST)
    context = _ticked(request, person) if filled else _empty(request, person)
    back = reverse("consent_new", args=[on.case.pk, person.pk])
    return _sheet(request, "cases/consent_print.html", _("同意書"), back, context)


def _empty(request: MemberRequest, person: Person) -> dict[str, Any]:
    """Every agency and conference, with a box to tick by hand."""
    by = request.membership
    return _paper(person, None) | {
        "agencies": [a.name for a in agencies_of(by.municipality)],
        "conference_types": conferences(offered_types(by)),
        "explained_by": f"{by.agency_name}　{request.user}",
        "purpose": _purpose(usual_purpose()),
        "given_on": "",
        "until": "",
        "covers_household": False,
        "is_filled": False,
        "proxy": "",
    }


def _ticked(request: MemberRequest, person: Person) -> dict[str, Any]:
    """What the worker and the person have chosen so far, to be read together and signed."""
    by = request.membership
    form = consent_form(request, person, answer_of(by, person))
    form.is_valid()  # what is wrong is said when it is recorded
    terms = form.terms_so_far()
    explainer = terms.explained_by or by
    return _paper(person, terms) | {
        "explained_by": f"{by.agency_name}　{explainer.user}",
        "purpose": _purpose(terms.purpose),
        "given_on": "",
        "until": dated(format_long(terms.until)) if terms.until else "",
        "covers_household": terms.covers_household,
        "is_filled": True,
        "proxy": f"{terms.proxy_name}（{terms.proxy_power}）" if terms.proxy_name else "",
    }


def _printable(request: MemberRequest, consent_id: uuid.UUID, what: str) -> Consent:
    check_may_read_consents(request.membership)
    consent = whole_or_404(request.membership, consent_id)
    log_consent(request, Action.PRINT, what, consent)
    return consent


def _person(by: Membership, person_id: uuid.UUID) -> Person | None:
    return Person.objects.visible_to(by).filter(pk=person_id).first()


def _explainer(consent: Consent) -> str:
    by = Membership.objects.with_names().get(pk=consent.explained_by_id)
    return f"{by.agency_name}　{by.user}"


def _proxy(consent: Consent) -> str:
    if not consent.proxy_name:
        return ""
    return f"{consent.proxy_name}（{consent.proxy_power}）"


def _purpose(words: str) -> str:
    """The usual words with their readings; what somebody typed stands as it is."""
    if words != usual_purpose():
        return words
    return _(
        "世帯《せたい》への支援《しえん》を、関係《かんけい》する機関《きかん》が"
        "協力《きょうりょく》して行《おこな》うため"
    )


def _until(consent: Consent) -> str:
    upper = consent.period.upper
    return dated(format_long(instant_to_until_day(upper))) if upper else ""


def _paper(person: Person | None, terms: ConsentTerms | None) -> dict[str, Any]:
    """Names and boxes; all boxes empty on an empty form."""
    chosen = set(terms.categories) if terms else set()
    return {
        "name": named(person.name, person.name_kana) if person else "",
        "agencies": [a.name for a in terms.agencies] if terms else [],
        "conference_types": conferences(terms.conference_types, terms.exceptions) if terms else [],
        "exceptions": [a.name for a in terms.exceptions] if terms else [],
        "categories": [
            {"label": READINGS[c], "mark": "☑" if c in chosen else "☐"} for c in enums.CONSENTABLE
        ],
    }


def _sheet(
    request: MemberRequest,
    template: str,
    title: str,
    back: str,
    context: dict[str, Any],
) -> HttpResponse:
    is_easy = request.GET.get("easy") == "1"
    sheet = {
        "title": title,
        "basis": _("本人の同意"),
        "handling": "",
        "serial": "",
        "secret": False,
        "landscape": False,
        "issued_on": format_long(today()),
        "issuer": request.membership.agency_name,
    }
    more = {"sheet": sheet, "is_easy": is_easy, "is_posted": request.method == "POST"}
    return render(request, template, context | more | {"back_url": back})
