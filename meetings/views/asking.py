"""同意をもらう out of a form that is half filled in: what was typed is kept as a draft, the consent
form comes in between and leads back, and nothing typed is lost; with and without JavaScript."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.forms import MultipleChoiceField
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from agencies.guards import MemberRequest
from agencies.models import ConferenceType, Membership
from agencies.permissions import ActionDenied
from cases.drafts import page_with_query
from cases.models import Case, Draft, Person
from cases.operations.case import persons_by_key
from cases.operations.drafts import read_draft, save_draft
from config.lib.forms import NOT_MY_NUMBER, KasaneForm
from config.lib.ids import new_id
from meetings.consentcheck import ConsentCheck, Way, check_consents
from meetings.enums import ItemState
from meetings.models import AgendaItem
from meetings.operations import NotCovered

CARRIED = ("version", "form_key")


@dataclass(frozen=True)
class Asked:
    """What a form of an item asks about: whose case, before which body, and how it stands."""

    title: str  # of the page, for its draft
    case: Case
    body: ConferenceType
    check: ConsentCheck


def between(request: MemberRequest, form: KasaneForm, asked: Asked) -> HttpResponse | None:
    """What a form of an item answers before it is sent for good: how the consents stand, while it
    is filled in; the way to a consent form. None: it goes on."""
    if "check" in request.POST:
        return render(request, "meetings/consents.html", {"check": asked.check})
    return leave_to_ask(request, form, asked) if "ask" in request.POST else None


def beside(form: KasaneForm, error: ActionDenied) -> str | None:
    """The field to change for a refusal, as far as it says so."""
    field = error.field if isinstance(error, NotCovered) else ""
    return next((name for name in (field, "persons") if field and name in form.fields), None)


def to_ask(by: Membership, item: AgendaItem, participants: Iterable[str]) -> Asked | None:
    """The same of an item that stands; None without a case one sees, and under secrecy."""
    case = _case_of(by, item)
    if case is None:
        return None
    body = item.conference_type
    office = [body.secretariat_id] if body.secretariat_id is not None else []
    check = check_consents(by, case, _people(by, item, case), [*office, *map(int, participants)])
    return Asked(_("参加する機関を替える"), case, body, check)


def missing_of(by: Membership, item: AgendaItem) -> ConsentCheck | None:
    """Of an item that is held back: who is missing, and where each is asked."""
    case = _case_of(by, item) if item.state == ItemState.BLOCKED else None
    if case is None:
        return None
    way = Way(case.pk, item.conference_type, reverse("item_detail", args=[item.pk]))
    return check_consents(by, case, _people(by, item, case), item.participant_ids, way)


def _case_of(by: Membership, item: AgendaItem) -> Case | None:
    if item.is_secret or item.case_id is None:
        return None
    return Case.objects.visible_to(by).filter(pk=item.case_id).first()


def _people(by: Membership, item: AgendaItem, case: Case) -> list[Person]:
    people = persons_by_key(by, case)
    return [people[key] for key in item.person_ids if key in people]


def leave_to_ask(request: MemberRequest, form: KasaneForm, asked: Asked) -> HttpResponse | None:
    """Keeps what was typed and goes to the consent form of the person whose button was pressed;
    None where that cannot be: the form then says why."""
    pressed = request.POST.get("ask", "")
    line = next((one for one in asked.check.lines if str(one.key) == pressed), None)
    if line is None or not asked.check.may_ask:
        form.add_error(None, _("同意をもらう人を、一覧から選びなおしてください。"))
        return None
    # Not the page's own draft: that one ends with the form being sent.
    key, page = new_id(), page_with_query(request)
    try:
        with transaction.atomic():
            kept = save_draft(
                by=request.membership,
                key=key,
                page=page,
                title=asked.title,
                case_id=asked.case.pk,
                typed=_changed(form),
                is_declared=bool(request.POST.get(NOT_MY_NUMBER)),
            )
            if kept.refused:  # what is not kept would be lost: nobody leaves the page
                raise ValidationError(kept.refused)
    except ValidationError as error:
        form.add_error(None, error)
        return None
    back = page
    if kept.at is not None:
        back += f"{'&' if '?' in page else '?'}draft={key}"
    return redirect(Way(asked.case.pk, asked.body, back).to(line.key, line.lacks))


def _changed(form: KasaneForm) -> list[tuple[str, str]]:
    """What its writer has changed: what a page came filled in with stays where it is."""
    data = form.data
    names = [name for name in form.changed_data if name not in CARRIED]
    values = {name: data.getlist(name) if isinstance(data, QueryDict) else [] for name in names}
    return [(name, value) for name in names for value in values[name] or [""]]


def chosen(form: KasaneForm, name: str) -> list[str]:
    """What of a field with several answers is chosen now, of what it offers."""
    if name not in form.fields:
        return []
    offered = {str(key) for key, _label in getattr(form.fields[name], "choices", [])}
    return [str(key) for key in form[name].value() or [] if str(key) in offered]


def fill_from_draft(request: MemberRequest, form: KasaneForm) -> list[str]:
    """Fills a form that is opened (?draft=) with what its writer had typed; gives the fields. A
    draft that is gone, or somebody else's, fills nothing: the page says that it is gone."""
    if form.is_bound or "draft" not in request.GET:
        return []
    try:
        draft = read_draft(by=request.membership, key=uuid.UUID(request.GET["draft"]))
    except (ValueError, Draft.DoesNotExist):
        return []
    if draft.page != page_with_query(request):
        return []
    typed: dict[str, list[str]] = {}
    for name, value in draft.typed:
        typed.setdefault(name, []).append(value)
    names = [name for name in typed if name in form.fields]
    for name in names:
        many = isinstance(form.fields[name], MultipleChoiceField)
        values = [value for value in typed[name] if value]
        form.initial[name] = values if many else typed[name][-1]
    return names
