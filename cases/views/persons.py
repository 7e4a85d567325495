"""A person of a household: add one, correct or complete what is known."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from agencies.enums import Action, Permission
from agencies.guards import MemberRequest, member
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases.forms.person import PersonEditForm, PersonForm, PersonNewForm
from cases.models import Case, Contact, Person
from cases.operations import add_person, change_person
from cases.operations.case import PersonFacts, StaleVersion
from cases.permissions import (
    can,
    check_at_work,
    check_can_change_household,
    check_can_change_person,
)
from cases.search import Found, similar_elsewhere
from cases.shields import is_hidden
from cases.titles import household_title, persons_of

CHECK = "check"  # sent while typing: nothing is saved
COMPARED = {"name", "name_kana", "birth", "phone", "address", "resident_ref"}


@member(Permission.WRITE_RECORDS)
@require_http_methods(["GET", "POST"])
def person_new(request: MemberRequest, case_id: uuid.UUID) -> HttpResponse:
    """A further person of the household."""
    cases = Case.objects.visible_to(request.membership).select_related("responsible_agency")
    case = get_object_or_404(cases, pk=case_id)
    check_at_work(request.membership, case)
    form = PersonNewForm(request.POST or None)
    if CHECK in request.POST:
        return _similar_page(request, form, case)
    if form.is_bound and form.is_valid():
        try:
            person = add_person(
                case=case,
                by=request.membership,
                facts=form.facts(),
                form_key=form.cleaned_data["form_key"],
            )
        except ActionDenied as error:
            form.add_error(None, str(error))
        else:
            _log_declared(request, form, person)
            messages.success(request, _("%(who)sを世帯に加えました。") % {"who": person.shown_name})
            _tell_similar(request, form, person)
            return redirect("case_detail", case.pk)
    return _page(request, form, case, None)


@member(Permission.WRITE_RECORDS)
@require_http_methods(["GET", "POST"])
def person_edit(request: MemberRequest, person_id: uuid.UUID) -> HttpResponse:
    """What is known of a person, with a word when somebody else saved first."""
    persons = Person.objects.visible_to(request.membership)
    person = get_object_or_404(persons.select_related("case__responsible_agency"), pk=person_id)
    check_can_change_person(request.membership, person)
    form = PersonEditForm(
        request.POST or None,
        initial=PersonEditForm.stored(person, _contact(request, person)),
        hides_contact=is_hidden(person.pk),
    )
    if CHECK in request.POST:
        return _similar_page(request, form, person.case)
    if form.is_bound and form.is_valid() and form.check_version(person):
        try:
            person = change_person(
                person=person,
                by=request.membership,
                facts=form.facts(),
                version=form.cleaned_data["version"],
            )
        except StaleVersion:
            person.refresh_from_db()
            form.check_version(person)
        else:
            _log_declared(request, form, person)
            messages.success(request, _("%(who)sの情報を直しました。") % {"who": person.shown_name})
            if COMPARED & set(form.changed_data):
                _tell_similar(request, form, person)
            return redirect("case_detail", person.case_id)
    return _page(request, form, person.case, person)


def _contact(request: MemberRequest, person: Person) -> Contact | None:
    """Where the person is, as far as the reader sees it (V9)."""
    return Contact.objects.visible_to(request.membership).filter(pk=person.pk).first()


def _log_declared(request: MemberRequest, form: PersonForm, person: Person) -> None:
    """V16: who declared twelve digits to be no My Number; never the digits."""
    for name in form.not_my_number_fields:
        log_access(
            request.membership,
            Action.WRITE,
            what=f"declared_no_my_number {name}",
            case_id=person.case_id,
            record_ids=[person.pk],
        )


def _similar(request: MemberRequest, form: PersonForm, case: Case) -> Found:
    """Who else may be the same, among those one may see (V15); the look is logged (V10)."""
    facts = form.likeness()
    if facts == PersonFacts():
        return Found([], is_cut=False)
    found = similar_elsewhere(request.membership, case, facts)
    log_access(
        request.membership,
        Action.SEARCH,
        what="person_similar",
        case_id=case.pk,
        record_ids=found.keys,
    )
    return found


def _similar_context(request: MemberRequest, form: PersonForm, case: Case) -> dict[str, Any]:
    return {
        "found": _similar(request, form, case),
        "case": case,
        "may_link": can(check_can_change_household, request.membership, case),
    }


def _similar_page(request: MemberRequest, form: PersonForm, case: Case) -> HttpResponse:
    """While typing; nothing is saved."""
    context = _similar_context(request, form, case)
    return render(request, "cases/person_form.html#similar", context)


def _tell_similar(request: MemberRequest, form: PersonForm, person: Person) -> None:
    """After saving, for who saw nothing while typing. A message travels in a cookie: the page it
    leads to says who and where."""
    found = _similar(request, form, person.case)
    if found.hits:
        words = _("見られる範囲に、%(who)sと同じ人かもしれない人がいます。")
        link = reverse("person_edit", args=[person.pk])
        messages.warning(
            request,
            format_html(
                '{}　<a href="{}">{}</a>',
                words % {"who": person.shown_name},
                link,
                _("どのケースかと、することを見る") if found.has_cases else _("どの相談かを見る"),
            ),
        )


def _page(
    request: MemberRequest, form: PersonForm, case: Case, person: Person | None
) -> HttpResponse:
    membership = request.membership
    persons = persons_of(membership, [case.pk]).get(case.pk, [])
    log_access(
        membership,
        Action.OPEN,
        what="person_edit" if person else "person_new",
        case_id=case.pk,
        record_ids=[person.pk] if person else [],
    )
    refused = any(
        error.code == "my_number"
        for errors in (form.errors.as_data().values() if form.is_bound else ())
        for error in errors
    )
    return render(
        request,
        "cases/person_form.html",
        {
            "form": form,
            "person": person,
            "title": household_title(persons),
            "case_url": reverse("case_detail", args=[case.pk]),
            "asks_declaration": refused or bool(form["not_my_number"].value()),
            "conflicts": _conflicts(request, form, person),
            **_similar_context(request, form, case),
        },
        status=422 if form.is_bound else 200,
    )


def _conflicts(
    request: MemberRequest, form: PersonForm, person: Person | None
) -> list[dict[str, Any]]:
    """Field by field, what somebody else saved meanwhile."""
    stale = form.is_bound and any(
        error.code == "stale" for error in form.errors.as_data().get("__all__", [])
    )
    if not stale or person is None or not isinstance(form, PersonEditForm):
        return []
    stored = PersonEditForm.stored(person, _contact(request, person))
    return [
        {"term": str(field.label), "value": _shown(form, name, stored[name])}
        for name, field in form.fields.items()
        if name in stored
        and name in form.cleaned_data
        and not field.widget.is_hidden
        and field.has_changed(stored[name], form[name].data)
    ]


def _shown(form: PersonForm, name: str, value: Any) -> str:
    choices = dict(getattr(form.fields[name], "choices", []))
    if name in choices or value in choices:
        return str(choices[value])
    if isinstance(value, bool):
        return _("はい") if value else _("いいえ")
    return str(form.fields[name].prepare_value(value) or "")
