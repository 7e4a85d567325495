"""支援措置 (V9): propose, confirm, the list, what waits, lift. For the list alone, all of it."""

from __future__ import annotations

import datetime
import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agencies.enums import Action, Permission
from agencies.guards import MemberRequest, member
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases import enums
from cases.forms.shield import ExtendForm, LiftForm, PlaceForm, ShieldForm
from cases.households import elsewhere
from cases.models import Person, Shield, ShieldHold, ShieldMember
from cases.operations import (
    add_to_list,
    cancel_lift,
    confirm_shield,
    decide_hold,
    end_place,
    extend_shield,
    lift_shield,
    propose_lift,
    propose_shield,
    take_back_shield,
)
from cases.permissions import (
    can,
    check_can_change_list,
    check_can_confirm_lift,
    check_can_confirm_shield,
    check_can_propose_lift,
    check_can_propose_shield,
    check_can_take_back,
)
from cases.shieldpage import (
    facts_of,
    holds_of,
    may_confirm,
    places_of,
    short_state,
    who_sees,
)
from cases.views.subject import subject
from config.lib.eras import today
from config.lib.forms import KasaneForm

both = require_http_methods(["GET", "POST"])


def _shield(request: MemberRequest, shield_id: uuid.UUID, what: str) -> Shield:
    """A shield on whose list one stands; for everybody else there is none. The look is logged on a
    basis that 閲覧記録 does not tell: it would name the list."""
    shields = Shield.objects.visible_to(request.membership).select_related(
        "person", "case__responsible_agency", "confirmer__user", "proposed_user",
        "confirmed_user", "lift_proposed_user", "lifted_user",
    )  # fmt: skip
    shield: Shield = get_object_or_404(shields, pk=shield_id)
    log_access(
        request.membership,
        Action.OPEN,
        what=what,
        basis="shield",
        case_id=shield.case_id,
        record_ids=[shield.pk, shield.person_id],
    )
    return shield


@member(Permission.SHIELD)
@both
def shield_new(request: MemberRequest, person_id: uuid.UUID) -> HttpResponse:
    """支援措置を提案する."""
    persons = Person.objects.visible_to(request.membership).select_related("case")
    person = get_object_or_404(persons, pk=person_id)
    on = subject(request, person.case_id, "shield_new")
    check_can_propose_shield(request.membership, person)
    members = who_sees(request.membership, person)
    form = ShieldForm(
        request.POST or None,
        confirmers=may_confirm(members),
        candidates=list(members),
        initial={"expires_on": today() + datetime.timedelta(days=365)},
    )
    if request.method == "POST" and form.is_valid():
        try:
            shield = propose_shield(
                person=person,
                by=request.membership,
                ground=form.cleaned_data["ground"],
                expires_on=form.cleaned_data["expires_on"],
                confirmer=form.chosen_confirmer(),
                members=form.chosen(),
                form_key=form.cleaned_data["form_key"],
            )
        except ActionDenied as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("提案しました。確認されると、支援措置が働き始めます。"))
            return redirect("shield_detail", shield.pk)
    context = {"case": on.case, "title": on.title, "person": person, "form": form}
    context["elsewhere"] = "・".join(elsewhere(request.membership, person))
    return render(request, "cases/shield_new.html", context, status=422 if form.errors else 200)


@member(Permission.READ_CASES)
@require_GET
def shield_detail(request: MemberRequest, shield_id: uuid.UUID) -> HttpResponse:
    """A shield as its list sees it."""
    shield = _shield(request, shield_id, "shield_detail")
    by = request.membership
    context = {
        "shield": shield,
        "state": short_state(shield),
        "facts": facts_of(shield),
        "places": places_of(by, shield),
        "waiting": ShieldHold.objects.visible_to(by).waiting().filter(shield=shield).count(),
        "may_confirm": can(check_can_confirm_shield, by, shield),
        "may_take_back": can(check_can_take_back, by, shield),
        "may_change": can(check_can_change_list, by, shield),
        "may_lift": can(check_can_propose_lift, by, shield),
        "may_confirm_lift": can(check_can_confirm_lift, by, shield),
    }
    return render(request, "cases/shield_detail.html", context)


def _effect(text: str, people: str = "") -> dict[str, str]:
    return {"figure": people, "unit": _("人") if people else "", "text": text}


def _confirm_page(
    request: MemberRequest, shield: Shield, heading: str, lead: str, label: str,
    consequences: list[dict[str, str]], kind: str = "primary",
) -> HttpResponse:  # fmt: skip
    context = {
        "shield": shield, "heading": heading, "lead": lead, "label": label, "kind": kind,
        "consequences": consequences,
        "back_url": reverse("shield_detail", args=[shield.pk]),
    }  # fmt: skip
    return render(request, "cases/shield_confirm.html", context)


@member(Permission.SHIELD)
@both
def shield_confirm(request: MemberRequest, shield_id: uuid.UUID) -> HttpResponse:
    """The second person: what it closes is said before it is confirmed."""
    shield = _shield(request, shield_id, "shield_confirm")
    check_can_confirm_shield(request.membership, shield)
    if request.method == "POST":
        confirm_shield(shield=shield, by=request.membership)
        messages.success(request, _("支援措置が働き始めました。"))
        return redirect("shield_detail", shield.pk)
    people = [str(place.membership.user) for place in places_of(request.membership, shield)]
    return _confirm_page(
        request,
        shield,
        _("支援措置を確認する"),
        _("%(name)sの居所が分かる情報を、名簿の人のほかには見えなくします。")
        % {"name": shield.person.shown_name},
        _("確認して、働かせる"),
        [
            _effect(
                _("名簿に載ります。見られるのは、この人たちだけです。%(names)s")
                % {"names": "・".join(people)},
                str(len(people)),
            ),
            _effect(_("住所・電話・学校・勤務先などは、どの画面にも紙にも出なくなります。")),
            _effect(
                _("この人の名のある記録と世帯全体の記録は、名簿の人が読んで開くまで閉じます。")
            ),
        ],
    )


@member(Permission.READ_CASES)
@require_POST
def shield_take_back(request: MemberRequest, shield_id: uuid.UUID) -> HttpResponse:
    """A proposal is taken back before it is confirmed."""
    shield = _shield(request, shield_id, "shield_take_back")
    take_back_shield(shield=shield, by=request.membership)
    messages.success(request, _("支援措置の提案を取り下げました。"))
    return redirect("case_detail", shield.case_id)


@member(Permission.READ_CASES)
@both
def shield_lift(request: MemberRequest, shield_id: uuid.UUID) -> HttpResponse:
    """Propose to lift; the other list member confirms, or it stays (`keep`)."""
    shield = _shield(request, shield_id, "shield_lift")
    by = request.membership
    if shield.lift_proposed_at is None:
        return _propose_lift(request, shield)
    if request.method == "POST" and "keep" in request.POST:
        cancel_lift(shield=shield, by=by)
        messages.success(request, _("支援措置を続けます。"))
        return redirect("shield_detail", shield.pk)
    check_can_confirm_lift(by, shield)
    if request.method == "POST":
        lift_shield(shield=shield, by=by)
        messages.success(request, _("支援措置を解除しました。"))
        return redirect("case_detail", shield.case_id)
    return _confirm_page(
        request,
        shield,
        _("支援措置の解除を確認する"),
        _("%(name)sの支援措置を解除します。理由：%(why)s")
        % {"name": shield.person.shown_name, "why": shield.lift_reason},
        _("解除する"),
        [
            _effect(
                _("住所・電話・学校・勤務先などが、この人の基本情報を見る機関に、また見えます。")
            ),
            _effect(_("閉じていた記録も、同意と機関の決まりのとおりに、また見えます。")),
        ],
        "danger",
    )


def _propose_lift(request: MemberRequest, shield: Shield) -> HttpResponse:
    check_can_propose_lift(request.membership, shield)
    form = LiftForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        propose_lift(shield=shield, by=request.membership, reason=form.cleaned_data["reason"])
        messages.success(request, _("解除を提案しました。名簿の別の人が確認すると、解除されます。"))
        return redirect("shield_detail", shield.pk)
    return _form_page(request, shield, form, _("支援措置の解除を提案する"), _("提案する"))


def _form_page(
    request: MemberRequest, shield: Shield, form: KasaneForm, heading: str, label: str
) -> HttpResponse:
    context = {"shield": shield, "form": form, "heading": heading, "label": label}
    return render(request, "cases/shield_form.html", context, status=422 if form.errors else 200)


@member(Permission.READ_CASES)
@both
def shield_extend(request: MemberRequest, shield_id: uuid.UUID) -> HttpResponse:
    """A new date to look again."""
    shield = _shield(request, shield_id, "shield_extend")
    check_can_change_list(request.membership, shield)
    form = ExtendForm(request.POST or None, initial={"expires_on": shield.expires_on})
    if request.method == "POST" and form.is_valid():
        day = form.cleaned_data["expires_on"]
        extend_shield(shield=shield, by=request.membership, expires_on=day)
        messages.success(request, _("見直しの期限を直しました。"))
        return redirect("shield_detail", shield.pk)
    return _form_page(request, shield, form, _("見直しの期限を直す"), _("保存する"))


@member(Permission.READ_CASES)
@both
def shield_place_new(request: MemberRequest, shield_id: uuid.UUID) -> HttpResponse:
    """One more on the list."""
    shield = _shield(request, shield_id, "shield_place_new")
    check_can_change_list(request.membership, shield)
    standing = {place.membership_id for place in places_of(request.membership, shield)}
    members = who_sees(request.membership, shield.person)
    form = PlaceForm(request.POST or None, candidates=[m for m in members if m.pk not in standing])
    if request.method == "POST" and form.is_valid():
        add_to_list(shield=shield, by=request.membership, member=form.chosen())
        messages.success(request, _("名簿に加えました。"))
        return redirect("shield_detail", shield.pk)
    return _form_page(request, shield, form, _("名簿に加える"), _("加える"))


@member(Permission.READ_CASES)
@both
def shield_place_end(request: MemberRequest, place_id: uuid.UUID) -> HttpResponse:
    """Off the list."""
    places = ShieldMember.objects.visible_to(request.membership).standing()
    place = get_object_or_404(places.select_related("shield", "membership__user"), pk=place_id)
    shield = _shield(request, place.shield_id, "shield_place_end")
    if request.method == "POST":
        try:
            end_place(place=place, by=request.membership)
        except ActionDenied as error:
            messages.error(request, str(error))
            return redirect("shield_detail", shield.pk)
        messages.success(request, _("名簿から外しました。"))
        is_mine = place.membership_id == request.membership.pk
        return redirect("home") if is_mine else redirect("shield_detail", shield.pk)
    return _confirm_page(
        request,
        shield,
        _("名簿から外す"),
        _("%(who)sを名簿から外します。隠した情報は、次の操作から見えなくなります。")
        % {"who": place.membership.user},
        _("外す"),
        [],
        "danger",
    )


@member(Permission.READ_CASES)
@require_GET
def shield_holds(request: MemberRequest, shield_id: uuid.UUID) -> HttpResponse:
    """What waits to be read by the list, and what has been decided."""
    shield = _shield(request, shield_id, "shield_holds")
    is_decided = request.GET.get("show") == "decided"
    lines = holds_of(request.membership, shield, decided=is_decided)
    for line in lines:
        log_access(
            request.membership,
            Action.OPEN,
            what="shield_hold",
            basis="shield",
            case_id=shield.case_id,
            record_ids=[line.row.row_id],
        )
    context = {"shield": shield, "lines": lines, "is_decided": is_decided}
    return render(request, "cases/shield_holds.html", context)


@member(Permission.READ_CASES)
@require_POST
def hold_decide(request: MemberRequest, hold_id: uuid.UUID) -> HttpResponse:
    """Read: opened to those who may read it by the other rules, or kept for the list."""
    holds = ShieldHold.objects.visible_to(request.membership)
    hold = get_object_or_404(holds, pk=hold_id)
    released = "release" in request.POST
    decision = enums.HoldDecision.RELEASED if released else enums.HoldDecision.KEPT
    try:
        decide_hold(hold=hold, by=request.membership, decision=decision)
    except ActionDenied as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request, _("開きました。") if released else _("名簿の人だけにしておきます。")
        )
    back = reverse("shield_holds", args=[hold.shield_id])
    return redirect(f"{back}?show=decided" if "decided" in request.POST else back)
