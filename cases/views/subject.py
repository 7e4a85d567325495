"""The case a form or a page stands on: found through the gate, its look logged (V10)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from agencies.enums import Action
from agencies.guards import MemberRequest
from agencies.models import Membership
from agencies.trail import log_access
from cases.enums import GrantBasis
from cases.explain import grants_on
from cases.models import Case, Person
from cases.operations.case import persons_by_key, written_about
from cases.seers import Seer, seers_of
from cases.shields import found_in, shielded_among
from cases.titles import household_title
from config.lib.forms import KasaneForm
from config.lib.prepared import prepared


@dataclass(frozen=True)
class Subject:
    """A case with the persons and the title this reader may see."""

    case: Case
    persons: dict[uuid.UUID, Person]
    title: str

    @property
    def people(self) -> list[Person]:
        """Who is written about from now on: nobody who turned out to be another."""
        return written_about(self.persons.values())

    def seers(self, membership: Membership) -> list[Seer]:
        """Who may see the case, as far as the reader may know it."""
        grants = grants_on(membership, self.case.pk)
        return seers_of(membership, self.case, self.persons, grants)


def case_or_404(membership: Membership, case_id: uuid.UUID) -> Case:
    """The case, with the names a page needs; what one may not see does not exist (V15)."""
    found = next(iter(_cases(membership, case_id)), None)
    if found is None:
        raise Http404
    return found


@prepared
def _cases(membership: Membership, case_id: uuid.UUID) -> QuerySet[Case]:
    cases = Case.objects.visible_to(membership).filter(pk=case_id)
    return cases.select_related("responsible_agency", "municipality")


def subject(request: MemberRequest, case_id: uuid.UUID, what: str) -> Subject:
    """The case of a form: looked up, its persons read, the look logged."""
    case = case_or_404(request.membership, case_id)
    persons = persons_by_key(request.membership, case)
    for person in persons.values():
        person.case = case
    is_ours = case.responsible_agency_id == request.membership.agency_id
    log_access(
        request.membership,
        Action.OPEN,
        what=what,
        basis=GrantBasis.RESPONSIBLE if is_ours else "",
        case_id=case.pk,
        record_ids=persons,
    )
    return Subject(case, persons, household_title(persons.values()))


def form_page(
    request: HttpRequest, template: str, subject: Subject, form: KasaneForm, **more: object
) -> HttpResponse:
    """A page with one form on a case: 422 when what was typed has to be looked at again."""
    context = {"case": subject.case, "title": subject.title, "form": form, **more}
    return render(request, template, context, status=422 if form.errors else 200)


def is_fit(form: KasaneForm, case_id: uuid.UUID, about: Iterable[uuid.UUID] | None) -> bool:
    """Valid, and no list member writes what is hidden where others would read it (V9). `about`:
    whom the text is about; nobody = the household; None = it leaves the agency, whoever it is
    about. What names the shielded person or the household stays with the list anyway. (What others
    write waits for the list: told that it hit, they could guess.) One or two queries."""
    if not form.is_valid():
        return False
    texts = {name: value for name, value in form.cleaned_data.items() if isinstance(value, str)}
    if not found_in(case_id, "\n".join(texts.values())):
        return True
    persons = None if about is None else list(about)
    if persons is not None and (not persons or shielded_among(persons)):
        return True
    for name, value in texts.items():
        if found := found_in(case_id, value):
            words = _(
                "支援措置で隠している情報（%(what)s）と同じことばがあります。このことばを消してください。"
            )
            if about is not None:
                words = _(
                    "支援措置で隠している情報（%(what)s）と同じことばがあります。このことばを消すか、"
                    "支援措置のある人についての記録として書いてください。"
                )
            form.add_error(name, words % {"what": "・".join(found)})
    return not form.errors


def log_declared(request: MemberRequest, form: KasaneForm, case_id: uuid.UUID) -> None:
    """V16: twelve digits declared to be no My Number are named by their field, without them."""
    for name in form.not_my_number_fields:
        log_access(request.membership, Action.WRITE, what=f"not_my_number:{name}", case_id=case_id)
