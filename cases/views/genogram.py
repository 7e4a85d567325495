"""ジェノグラム・エコマップ: the page with both pictures, its paper, writing ties, arranging."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agencies.enums import Action, Permission
from agencies.guards import MemberRequest, member
from agencies.trail import log_access
from cases import enums
from cases.explain import explain_case, grants_on
from cases.forms.ties import FACTS, MoveForm, TieEditForm, TieForm
from cases.kinship.facts import Kinship, kinship
from cases.kinship.picture import draw, draw_genogram
from cases.kinship.svg import Svg, svg
from cases.models import Case, Tie
from cases.operations.case import StaleVersion, persons_by_key
from cases.operations.ties import (
    Symbol,
    TieRefused,
    arrange_anew,
    change_tie,
    move_symbol,
    write_tie,
)
from cases.permissions import can, check_can_correct, check_can_write
from cases.seers import seers_of
from cases.titles import household_title
from cases.views.records import audience_hints
from cases.views.subject import case_or_404, form_page, is_fit, log_declared, subject
from config.lib.eras import format_long, today


@dataclass(frozen=True)
class Pictures:
    """Everything the page and the paper show."""

    case: Case
    title: str
    kin: Kinship
    genogram: Svg
    ecomap: Svg
    left_out: int
    basis: str
    may_write: bool


def _pictures(request: MemberRequest, case_id: uuid.UUID) -> Pictures:
    by = request.membership
    case = case_or_404(by, case_id)
    persons = persons_by_key(by, case)
    for person in persons.values():
        person.case = case
    grants = grants_on(by, case.pk)
    may_write = can(check_can_write, by, case)
    seers = seers_of(by, case, persons, grants)
    kin = kinship(by, case, persons, seers, today(), may_write=may_write)
    pictures = draw(kin.household, kin.moves)
    genogram, ecomap = (
        svg(picture, _("同居"), dict(kin.symbols), kin.moves) for picture in pictures
    )
    basis = explain_case(by, case.pk, grants).basis
    title = household_title(persons.values())
    left_out = len(pictures[0].left_out)
    return Pictures(case, title, kin, genogram, ecomap, left_out, basis, may_write)


def _log(request: MemberRequest, page: Pictures, action: Action, what: str) -> None:
    log_access(
        request.membership,
        action,
        what=what,
        basis=page.basis,
        case_id=page.case.pk,
        record_ids=page.kin.record_ids,
    )


@member(Permission.READ_CASES)
@require_GET
def genogram(request: MemberRequest, case_id: uuid.UUID) -> HttpResponse:
    """Both pictures, the legend, and the same in words."""
    return _page(request, _pictures(request, case_id))


def _page(request: MemberRequest, page: Pictures, form: MoveForm | None = None) -> HttpResponse:
    _log(request, page, Action.OPEN, "genogram")
    form = form or MoveForm(symbols=page.kin.symbols, initial={"dx": 0, "dy": 0})
    kinds = [
        {"label": label, "url": f"{reverse('tie_new', args=[page.case.pk])}?kind={kind}"}
        for kind, label in enums.TieKind.choices
    ]
    context = {"page": page, "form": form, "kinds": kinds}
    status = 422 if form.errors else 200
    return render(request, "cases/genogram.html", context, status=status)


@member(Permission.READ_CASES)
@require_GET
def genogram_small(request: MemberRequest, case_id: uuid.UUID) -> HttpResponse:
    """Fragment of the case page: the genogram alone, by the same hand. Apart from the page, which
    need not wait for it."""
    by = request.membership
    case = case_or_404(by, case_id)
    persons = persons_by_key(by, case)
    for person in persons.values():
        person.case = case
    kin = kinship(by, case, persons, [], today())
    drawn = draw_genogram(kin.household, kin.moves)
    picture = svg(drawn, _("同居"), dict(kin.symbols), kin.moves)
    log_access(
        by,
        Action.OPEN,
        what="genogram_small",
        basis=explain_case(by, case.pk).basis,
        case_id=case.pk,
        record_ids=kin.record_ids,
    )
    return render(request, "cases/genogram_small.html", {"svg": picture})


@member(Permission.READ_CASES)
@require_GET
def genogram_print(request: MemberRequest, case_id: uuid.UUID) -> HttpResponse:
    """A4 across: the genogram, the ecomap, and the table."""
    page = _pictures(request, case_id)
    _log(request, page, Action.PRINT, "genogram_print")
    sheet = {
        "title": _("ジェノグラム・エコマップ　%(title)s　%(number)s")
        % {"title": page.title, "number": page.case.number},
        "basis": str(enums.GrantBasis(page.basis).label),
        "handling": _("取扱注意"),
        "serial": "",
        "secret": False,
        "landscape": True,
        "issued_on": format_long(today()),
        "issuer": f"{request.membership.agency_name}　{request.user}",
    }
    return render(request, "cases/genogram_print.html", {"page": page, "sheet": sheet})


@member(Permission.READ_CASES)
@require_POST
def genogram_move(request: MemberRequest, case_id: uuid.UUID) -> HttpResponse:
    """A symbol, by hand, by keyboard or in figures."""
    case = case_or_404(request.membership, case_id)
    check_can_write(request.membership, case)
    page = _pictures(request, case_id)
    form = MoveForm(request.POST, symbols=page.kin.symbols)
    if not form.is_valid():
        return _page(request, page, form)
    data = form.cleaned_data
    symbol = _symbol(page, data["symbol"])
    move_symbol(case=case, by=request.membership, symbol=symbol, dx=data["dx"], dy=data["dy"])
    return redirect("genogram", case_id=case.pk)


def _symbol(page: Pictures, key: str) -> Symbol:
    if any(member.key == key for member in page.kin.household.members):
        return Symbol(person_id=uuid.UUID(key))
    if key.startswith("a") and key[1:].isdigit():
        return Symbol(helper_id=int(key[1:]))
    return Symbol(tie_id=uuid.UUID(key))


@member(Permission.READ_CASES)
@require_POST
def genogram_reset(request: MemberRequest, case_id: uuid.UUID) -> HttpResponse:
    """並べ直す."""
    case = case_or_404(request.membership, case_id)
    arrange_anew(case=case, by=request.membership)
    messages.success(request, _("図を並べ直しました。"))
    return redirect("genogram", case_id=case.pk)


@member(Permission.READ_CASES)
@require_http_methods(["GET", "POST"])
def tie_new(request: MemberRequest, case_id: uuid.UUID) -> HttpResponse:
    """A tie of the kind asked for."""
    on = subject(request, case_id, "tie_new")
    check_can_write(request.membership, on.case)
    kind = request.GET.get("kind", "")
    kind = kind if kind in enums.TieKind.values else enums.TieKind.PARENT
    form = TieForm(
        request.POST or None, kind=kind, persons=on.people, hints=audience_hints(request, on)
    )
    is_sent = request.method == "POST" and is_fit(form, on.case.pk, _about(form))
    if is_sent and _written(request, on.case, kind, form):
        return redirect("genogram", case_id=on.case.pk)
    tabs = [
        {"label": label, "url": f"?kind={key}", "current": key == kind}
        for key, label in enums.TieKind.choices
    ]
    return form_page(request, "cases/tie_new.html", on, form, tabs=tabs)


def _about(form: TieForm) -> list[uuid.UUID]:
    keys = [form.data.get(form.add_prefix(end), "") for end in ("first", "second")]
    return [form.persons[key].pk for key in keys if key in form.persons]


def _written(request: MemberRequest, case: Case, kind: str, form: TieForm) -> bool:
    try:
        write_tie(
            case=case,
            by=request.membership,
            kind=kind,
            facts=form.facts(),
            first=form.person("first"),
            second=form.person("second"),
            audience=form.cleaned_data["audience"],
            form_key=form.cleaned_data["form_key"],
        )
    except TieRefused as error:
        form.add_error(error.field, str(error))
        return False
    log_declared(request, form, case.pk)
    messages.success(request, _("つながりを書き、図に加えました。"))
    return True


@member(Permission.READ_CASES)
@require_http_methods(["GET", "POST"])
def tie_edit(request: MemberRequest, record_id: uuid.UUID) -> HttpResponse:
    """Correct or end a tie; somebody who saved first is shown beside what was typed."""
    ties = Tie.objects.standing_with(request.membership)
    related = ("record__case", "first", "second")
    tie: Tie = get_object_or_404(ties.select_related(*related), pk=record_id)
    on = subject(request, tie.record.case_id, "tie_edit")
    check_can_correct(request.membership, tie.record)
    initial = {name: getattr(tie, name) for name in (*FACTS, "version")}
    form = TieEditForm(request.POST or None, kind=tie.kind, initial=initial)
    conflicts: list[Any] = []
    if request.method == "POST" and is_fit(form, on.case.pk, tie.record.person_ids):
        if form.check_version(tie):
            if _changed(request, tie, form):
                return redirect("genogram", case_id=on.case.pk)
            if not form.errors:
                tie.refresh_from_db()
                form.check_version(tie)
        conflicts = form.conflicts(tie)
    who = "　".join(p.shown_name for p in (tie.first, tie.second) if p) or _("世帯全体")
    shown = {"key": tie.pk, "kind": tie.get_kind_display(), "who": who}
    return form_page(request, "cases/tie_edit.html", on, form, conflicts=conflicts, shown=shown)


def _changed(request: MemberRequest, tie: Tie, form: TieEditForm) -> bool:
    try:
        change_tie(
            tie=tie,
            by=request.membership,
            version=form.cleaned_data["version"],
            facts=form.facts(),
        )
    except StaleVersion:
        return False
    except TieRefused as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return False
    log_declared(request, form, tie.record.case_id)
    messages.success(request, _("つながりを直しました。前の版も残っています。"))
    return True
