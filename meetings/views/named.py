"""People without an account of their own: on paper, or as the guest of one sitting (V6)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agencies.enums import Action, Permission
from agencies.guards import MemberRequest, confirmed_to_send, member
from agencies.models import Membership
from agencies.permissions import ActionDenied
from config.lib.eras import format_long, format_short
from meetings.forms import PaperPledgeForm, PersonForm
from meetings.forms.people import AS_GUEST
from meetings.models import AgendaItem, ItemGrant, ItemPerson
from meetings.operations import (
    Appointing,
    GuestAccount,
    appoint_on_paper,
    guests_of_sitting,
    heads_of,
    invite_again,
    invite_guest,
    register_paper_pledge,
    renew_guest_password,
    revoke_person,
)
from meetings.operations.appointment import check_can_appoint
from meetings.pages import DUTY, law_in_force, law_words, people_of, sitting_row
from meetings.permissions import check_is_listed
from meetings.views.common import form_page, get_item, log_item, posted, secrecy


def head_choices(heads: list[Membership]) -> list[tuple[str, str]]:
    """The heads of the host, to say who decided."""
    return [(str(h.pk), f"{h.user}（{h.agency_name}　{h.role_name}）") for h in heads]


def appointing(data: dict[str, Any], heads: list[Membership]) -> Appointing:
    """The decision as the form says it."""
    return Appointing(next(h for h in heads if str(h.pk) == data["head"]), data["decided_on"])


def person_rows(by: Membership, item: AgendaItem) -> list[dict[str, Any]]:
    """アカウントのない人, as the secretariat's table shows them."""
    on_screen = set(
        ItemGrant.objects.visible_to(by)
        .filter(content_object=item, pledged_at__isnull=False)
        .values_list("membership_id", flat=True)
    )
    return [_row(person, on_screen) for person in people_of(item)]


def _row(person: ItemPerson, on_screen: set[UUID]) -> dict[str, Any]:
    is_guest = person.guest_id is not None
    pledged = person.guest_id in on_screen if is_guest else person.pledged_on is not None
    state = _("誓約済み") if pledged else _("誓約待ち")
    if person.pledged_on is not None:
        state = _("紙で誓約　%(day)s") % {"day": format_short(person.pledged_on)}
    return {
        "id": person.pk,
        "who": person.name,
        "organisation": person.organisation,
        "way": _("ゲストのアカウント") if is_guest else _("紙の誓約書"),
        "until": format_short(person.guest.until) if person.guest and person.guest.until else "",
        "on": format_short(person.decided_on),
        "state": state,
        "tone": "ok" if pledged else "warn",
        "is_guest": is_guest,
        "can_register": not is_guest and not pledged,
    }


def _page(item: AgendaItem, title: str, label: str) -> dict[str, Any]:
    return {
        "item": item,
        "row": sitting_row(item.sitting),
        **secrecy(item),
        "title": title,
        "label": label,
    }


@member(Permission.READ_CASES)
@confirmed_to_send
@require_http_methods(["GET", "POST"])
def person_new(request: MemberRequest, item_id: UUID) -> HttpResponse:
    """アカウントのない人を指名する."""
    by = request.membership
    item = get_item(request, item_id)
    if request.method == "POST":  # closed meanwhile: said in the form, with what was typed
        check_is_listed(by, item.conference_type)
    else:
        check_can_appoint(by, item)
    heads = heads_of(item.conference_type)
    known = {str(p.pk): p for p in guests_of_sitting(item, by)}
    choices = [(k, _("%(who)s　この会議のゲスト") % {"who": p}) for k, p in known.items()]
    form = PersonForm(posted(request), heads=head_choices(heads), known=choices)
    if request.method == "POST" and form.is_valid():
        try:
            return _appoint(request, item, form.cleaned_data, heads, known)
        except ActionDenied as error:
            form.add_error(None, str(error))
    log_item(request, item, Action.OPEN, "person_new")
    context = _page(item, _("アカウントのない人を指名する"), _("この人を指名する"))
    return form_page(request, "meetings/item_small_form.html", context, form)


def _appoint(
    request: MemberRequest,
    item: AgendaItem,
    data: dict[str, Any],
    heads: list[Membership],
    known: dict[str, ItemPerson],
) -> HttpResponse:
    by, decision = request.membership, appointing(data, heads)
    who = {"name": data["name"], "organisation": data["organisation"]}
    if data.get("known"):
        invite_again(item=item, by=by, known=known[data["known"]], appointing=decision)
        messages.success(request, _("指名しました。本人は、いまのアカウントで誓約します。"))
    elif data["way"] == AS_GUEST:
        account = invite_guest(item=item, by=by, appointing=decision, **who)
        return _account_page(request, item, account)
    else:
        appoint_on_paper(item=item, by=by, appointing=decision, **who)
        messages.success(request, _("指名しました。誓約書を受け取ったら登録してください。"))
    return redirect("item_people", item.pk)


def _account_page(request: MemberRequest, item: AgendaItem, account: GuestAccount) -> HttpResponse:
    """The password, once: it stands in no message, no session and no log."""
    log_item(request, item, Action.OPEN, "guest_account")
    guest = account.person.guest
    facts = [
        {"term": _("渡す相手"), "value": str(account.person)},
        {"term": _("利用者名"), "value": account.username},
        {"term": _("パスワード"), "value": account.password},
        {
            "term": _("使える期間"),
            "value": _("%(day)sまで") % {"day": format_long(guest.until)}
            if guest and guest.until
            else "",
        },
    ]
    context = {**_page(item, _("ゲストのアカウント"), ""), "facts": facts}
    return render(request, "meetings/guest_account.html", context)


def _get_person(request: MemberRequest, person_id: UUID) -> tuple[ItemPerson, AgendaItem]:
    """The person and their item, or 404 (V15)."""
    people = ItemPerson.objects.visible_to(request.membership)
    person = get_object_or_404(people, pk=person_id)
    item = get_item(request, person.item_id)
    check_is_listed(request.membership, item.conference_type)
    return person, item


@member(Permission.READ_CASES)
@require_http_methods(["GET", "POST"])
def person_pledge(request: MemberRequest, person_id: UUID) -> HttpResponse:
    """紙の誓約書を登録する."""
    person, item = _get_person(request, person_id)
    form = PaperPledgeForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            register_paper_pledge(person=person, by=request.membership, **form.cleaned_data)
            messages.success(request, _("誓約書を登録しました。"))
            return redirect("item_people", item.pk)
        except ActionDenied as error:
            form.add_error("pledged_on", str(error))
    log_item(request, item, Action.OPEN, "person_pledge")
    title = _("紙の誓約書を登録する　%(who)s") % {"who": person}
    return form_page(
        request, "meetings/item_small_form.html", _page(item, title, _("登録する")), form
    )


@member(Permission.READ_CASES)
@require_GET
def pledge_print(request: MemberRequest, person_id: UUID) -> HttpResponse:
    """誓約書 on A4: the law in force on the day of the sitting, and a line to sign."""
    person, item = _get_person(request, person_id)
    log_item(request, item, Action.PRINT, "pledge_print")
    laws = law_in_force(DUTY, item.sitting.on)
    sheet = {
        "title": _("守秘の誓約書"),
        "basis": law_words(laws[:1]),
        "handling": _("取扱注意"),
        "secret": True,
        "serial": "",
        "landscape": False,
        "issued_on": format_long(timezone.localdate()),
        "issuer": f"{request.membership.agency_name}　{request.membership.user}",
    }
    context = {
        "sheet": sheet,
        "item": item,
        "person": person,
        "laws": laws,
        "body": item.conference_type.name,
        "row": sitting_row(item.sitting),
    }
    return render(request, "meetings/pledge_print.html", context)


@member(Permission.READ_CASES)
@confirmed_to_send
@require_POST
def person_step(request: MemberRequest, person_id: UUID, step: str) -> HttpResponse:
    """Take off the list; a new password for a guest."""
    person, item = _get_person(request, person_id)
    try:
        if step == "password":
            account = renew_guest_password(person=person, by=request.membership)
            return _account_page(request, item, account)
        revoke_person(person=person, by=request.membership)
        messages.success(request, _("指名を取り消しました。"))
    except ActionDenied as error:
        messages.error(request, str(error))
    return redirect("item_people", item.pk)
