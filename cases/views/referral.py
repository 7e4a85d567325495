"""つなぎ: compose a sheet, see exactly what leaves, send it (V4). What comes of it: .answering."""

from __future__ import annotations

import uuid
from collections import defaultdict
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from agencies.directory import PointLine, points_for
from agencies.enums import Action, Permission
from agencies.guards import MemberRequest, member
from agencies.models import (
    Agency,
    ConferenceType,
    IntakeCriterion,
    Membership,
    RoutingHint,
    agencies_of,
)
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases import enums
from cases.forms.notes import as_typed
from cases.forms.referral import ReferralForm, mode_words
from cases.models import Case, Issue, Person
from cases.operations import (
    missing_consents,
    refer,
)
from cases.permissions import (
    can,
    check_can_record_consent,
    check_can_refer,
)
from cases.referralsheet import (
    Sheet,
    composed,
)
from cases.referraltext import from_records
from cases.seenas import Sight, sight_of_referral
from cases.views.subject import Subject, form_page, is_fit, subject

MODES = enums.ReferralMode


@member(Permission.REFER)
@require_http_methods(["GET", "POST"])
def referral_new(request: MemberRequest, case_id: uuid.UUID) -> HttpResponse:
    """Compose from what is there (`compose`) and in words (`check`), look at exactly what leaves,
    send (`send`) or go back (`edit`)."""
    on = subject(request, case_id, "referral_new")
    check_can_refer(request.membership, on.case)
    mode = request.POST.get("mode") or request.GET.get("mode") or MODES.CONSENT
    mode = MODES(mode) if mode in MODES.values else MODES.CONSENT
    form = _form(request, on, mode)
    step = request.POST.get("step", "")
    if step == "compose":
        form = _composed(request, on, form)
    elif request.method == "POST" and is_fit(form, on.case.pk, None):
        try:
            if step == "send":
                return _send(request, on, form)
            if step == "check":
                return _preview(request, on, form)
        except ActionDenied as error:
            form.add_error(None, str(error))
    return form_page(
        request,
        "cases/referral_new.html",
        on,
        form,
        mode=str(mode),
        words=mode_words(mode),
        tabs=_tabs(on, mode),
        hints=_hints(request),
        points=_points(request.membership, on.case),
        is_possible=bool(form.agencies or form.types),
        to_ask=_to_ask(request.membership, on),
    )


def _composed(request: MemberRequest, on: Subject, form: ReferralForm) -> ReferralForm:
    """What was typed with what the records say behind it: nothing is judged yet but whom it is
    about and whom it is for. Writes nothing."""
    needed = {"persons", "to_agency"} & set(form.fields)
    if needed & set(form.errors):
        for name in set(form.errors) - needed:
            del form.errors[name]
        return form
    words = from_records(
        request.membership,
        on.case,
        on.persons,
        form.chosen(),
        form.agency() if form.mode == MODES.CONSENT else None,
    )
    typed = request.POST.get("summary", "").strip()
    if not words:
        words = _("（選んだ人と、つなぐ先に伝えてよい記録は、まだありません。）")
    data = as_typed(type(form), request.POST)
    return _form(
        request,
        on,
        MODES(form.mode),
        initial=data | {"summary": "\n\n".join(part for part in (typed, words) if part)},
    )


def _to_ask(membership: Membership, on: Subject) -> Person | None:
    """The first person whose answer could be recorded here."""
    return next((p for p in on.people if can(check_can_record_consent, membership, p)), None)


def _form(
    request: MemberRequest, on: Subject, mode: MODES, initial: dict[str, Any] | None = None
) -> ReferralForm:
    """The form as it was sent; with `initial`, as it is shown without judging it."""
    city = request.membership.municipality
    agencies: list[Agency] = []
    types: list[ConferenceType] = []
    hints: dict[str, str] = {}
    if mode == MODES.SECRECY:
        found = ConferenceType.objects.running_in(city).select_related("secretariat")
        types = [t for t in found if t.is_secret]
        hints = {
            str(t.pk): _("事務局：%(agency)s") % {"agency": t.secretariat.name}
            for t in types
            if t.secretariat
        }
    else:
        others = agencies_of(city).exclude(pk=request.membership.agency_id)
        agencies = list(others)
        if mode == MODES.CONSENT:
            agencies, hints = _consented(on, agencies)
    is_complex = mode == MODES.SECRECY or any("coordination" in a.sectors for a in agencies)
    criteria = IntakeCriterion.objects.running_in(city)
    return ReferralForm(
        (request.POST or None) if initial is None else None,
        initial=initial,
        mode=mode,
        persons=on.people,
        agencies=agencies,
        hints=hints,
        conference_types=types,
        criteria=list(criteria) if is_complex else [],
    )


def _consented(on: Subject, agencies: list[Agency]) -> tuple[list[Agency], dict[str, str]]:
    """The agencies somebody consents to, and who does. One query."""
    missing = defaultdict(set)
    for person, agency in missing_consents(
        case=on.case, persons=list(on.persons), agencies=[a.pk for a in agencies]
    ):
        missing[agency].add(person)
    open_to = [a for a in agencies if len(missing[a.pk]) < len(on.persons)]
    hints = {
        str(a.pk): _("同意している人：%(names)s")
        % {
            "names": "・".join(
                p.shown_name for k, p in on.persons.items() if k not in missing[a.pk]
            )
        }
        for a in open_to
    }
    return open_to, hints


def _tabs(on: Subject, mode: str) -> list[dict[str, object]]:
    return [
        {"label": str(m.label), "url": f"?mode={m.value}", "current": m == mode, "count": ""}
        for m in MODES
    ]


def _points(membership: Membership, case: Case) -> list[PointLine]:
    """Who answers questions about what worries here. Two queries."""
    issues = Issue.objects.visible_to(membership).for_case(case).filter(solved_on__isnull=True)
    kinds = {enums.IssueType(kind) for kind in issues.values_list("issue_type", flat=True)}
    return points_for(membership, [str(kind.label) for kind in kinds]) if kinds else []


def _hints(request: MemberRequest) -> list[dict[str, str]]:
    rows = RoutingHint.objects.running_in(request.membership.municipality)
    return [{"term": row.when, "value": row.partner} for row in rows]


def _terms(form: ReferralForm) -> dict[str, Any]:
    data = form.cleaned_data
    return {
        "mode": form.mode,
        "persons": form.chosen(),
        "reason": data["reason"],
        "summary": composed(form.chosen(), data["summary"]),
        "to_agency": form.agency(),
        "to_conference_type": form.conference_type(),
        "criteria": data.get("criteria") or [],
        "legal_ground": data.get("legal_ground") or "",
        "form_key": data["form_key"],
    }


def _preview(request: MemberRequest, on: Subject, form: ReferralForm) -> HttpResponse:
    """The sheet as the receiver will read it; the operation's own check, nothing written."""
    terms = _terms(form)
    if form.mode == MODES.CONSENT and (agency := terms["to_agency"]) is not None:
        keys = [p.pk for p in terms["persons"]]
        lacking = {
            k for k, _a in missing_consents(case=on.case, persons=keys, agencies=[agency.pk])
        }
        if lacking:
            names = "・".join(p.shown_name for p in terms["persons"] if p.pk in lacking)
            raise ActionDenied(
                _(
                    "%(names)sの、%(agency)sへの同意が記録されていません。先に同意を記録してください。"
                )
                % {"names": names, "agency": agency.name}
            )
    to = terms["to_agency"] or terms["to_conference_type"]
    sheet = Sheet(
        to=str(to),
        sender=request.membership.agency_name,
        reason=terms["reason"],
        summary=terms["summary"],
        criteria=form.criteria_texts(),
        legal_ground=terms["legal_ground"],
        mode=str(MODES(form.mode).label),
    )
    context = {
        "case": on.case,
        "title": on.title,
        "form": form,
        "sheet": sheet,
        "mode": str(form.mode),
        "lead": _("%(to)sへ、次のシートを送ります。") % {"to": to},
        "consequences": _consequences(form, str(to)),
        "sights": _sights(request, on, form),
    }
    return render(request, "cases/referral_confirm.html", context)


def _sights(request: MemberRequest, on: Subject, form: ReferralForm) -> list[Sight]:
    """What the receiver would see of the case once it accepts; without consent, nothing of it."""
    agency = form.agency()
    if form.mode != MODES.CONSENT or agency is None:
        return []
    sight = sight_of_referral(request.membership, on.case, agency)
    return [sight] if sight else []


def _consequences(form: ReferralForm, to: str) -> list[dict[str, object]]:
    count = {
        "figure": len(form.chosen()),
        "unit": _("人"),
        "text": _("についてのシートが機関の外へ出ます。"),
    }
    if form.mode == MODES.CONSENT:
        then = _("%(to)sが受理すると、同意の範囲でケースが開きます。主担当は変わりません。")
    elif form.mode == MODES.SECRECY:
        then = _("事務局の名簿にある人だけがこのシートを読みます。ケースは開きません。")
    else:
        then = _(
            "%(to)sがこのシートを読みます。ケースは開きません。根拠条文とともに記録に残ります。"
        )
    return [count, {"text": then % {"to": to}}]


def _send(request: MemberRequest, on: Subject, form: ReferralForm) -> HttpResponse:
    referral = refer(case=on.case, by=request.membership, **_terms(form))
    for name in form.not_my_number_fields:
        log_access(
            request.membership, Action.WRITE, what=f"not_my_number:{name}", case_id=on.case.pk
        )
    messages.success(request, _("つなぎを送りました。返事が来ると、今日の仕事に出ます。"))
    return redirect("referral_detail", referral_id=referral.pk)
