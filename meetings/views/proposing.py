"""Putting an item on an agenda: what is asked depends on where it comes from and on the body."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from django.http import Http404, QueryDict
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from agencies.enums import Action, AgendaType, Purpose
from agencies.models import Agency, ConferenceType, Membership, StandingMember
from agencies.trail import log_access
from cases.models import Case, Person, Referral
from cases.operations.case import persons_by_key, written_about
from cases.titles import titles_for
from config.lib.registry import Matter, registry
from meetings.candidatepage import page_of
from meetings.consentcheck import check_consents
from meetings.enums import SittingState
from meetings.forms import ItemForm, SheetForm
from meetings.laying import laying_choices
from meetings.models import AgendaItem, Sitting
from meetings.nextsittings import Body
from meetings.operations import propose_from_referral, propose_item
from meetings.operations.item import NEEDS_PLAN
from meetings.pages import agency_choices, law_in_force, law_words, sitting_row
from meetings.permissions import (
    LIVE,
    agenda_types_of,
    can,
    check_takes_items,
    listed_types,
)
from meetings.views.asking import Asked, chosen
from plans.enums import EDITABLE, PlanStatus
from plans.models import Plan
from plans.urgent import awaits_report


def _key(data: Mapping[str, Any], name: str) -> uuid.UUID | None:
    value = data.get(name, "")
    try:
        return uuid.UUID(value) if value else None
    except ValueError as error:
        raise Http404 from error


ALONE = ("sitting", "body", "agenda_type")  # what else is asked where a matter is put on an agenda


def _matter(by: Membership, key: uuid.UUID | None) -> Matter | None:
    """What a room above holds under this key, or 404; nobody's key is as one that is not (V15)."""
    if key is None:
        return None
    found: Matter | None = next(iter(registry.draw("agenda_matter", by, key)), None)
    if found is None:
        raise Http404
    return found


class Proposal:
    """What a page of 付議 knows: case or sheet or matter, plan, and, once chosen, sitting and
    body."""

    def __init__(self, by: Membership, data: Mapping[str, Any], *, is_sent: bool = False) -> None:
        self.by, self.is_sent = by, is_sent
        self.matter = _matter(by, _key(data, "matter"))
        if self.matter is not None:  # it goes alone, without any case
            data = {name: data.get(name, "") for name in ALONE}
        case, plan, sheet = _key(data, "case"), _key(data, "plan"), _key(data, "referral")
        self.referral = (
            get_object_or_404(Referral.objects.visible_to(by), pk=sheet) if sheet else None
        )
        self.plan = (
            get_object_or_404(Plan.objects.visible_to(by).select_related("record"), pk=plan)
            if plan
            else None
        )
        if self.plan is not None:
            case = self.plan.record.case_id
        self.case = get_object_or_404(Case.objects.visible_to(by), pk=case) if case else None
        self.places = self._places(_key(data, "sitting"))
        body = data.get("body", "")
        self.place = next((p for p in self.places if body and str(p[1].pk) == body), None) or (
            self.places[0] if len(self.places) == 1 else None
        )
        self.asked_type = data.get("agenda_type", "")
        self.title = titles_for(by, [self.case.pk])[self.case.pk] if self.case else ""
        if self.matter is not None:
            self.title = self.matter.title
        self.asked_sitting = _key(data, "sitting")
        self.is_bare = not (self.case or self.referral or self.matter or body)

    def running(self) -> Sitting | None:
        """緊急: the sitting that runs, as long as it is not said what goes before it."""
        if not self.is_bare or self.asked_sitting is None:
            return None
        found = Sitting.objects.visible_to(self.by).filter(
            pk=self.asked_sitting, state=SittingState.OPEN
        )
        return found.prefetch_related("conference_types").first()

    def urgent_page(self, sitting: Sitting) -> dict[str, Any]:
        """What may go before a sitting that runs: the candidates of the bodies one runs there, the
        urgent first, and what needs no case."""
        bodies = [
            Body(body, tuple(t.value for t in agenda_types_of(body)), sitting, None, False)
            for body in sitting.conference_types.all()
            if can(check_takes_items, self.by, sitting, body)
        ]
        page = page_of(self.by, bodies)
        rows = [(row, place) for row in page.rows if (place := row.main) and not place.is_step]
        url = f"{reverse('item_new')}?sitting={sitting.pk}&body="
        return {
            "row": sitting_row(sitting),
            "candidates": [
                {
                    "what": row.title,
                    "sub": "　".join(reason.text for reason in row.reasons),
                    "urgent": row.is_urgent,
                    "secret": place.is_secret,
                    "consent": place.consent,
                    "tone": place.tone,
                    "url": place.url,
                }
                for row, place in rows
            ],
            "without_case": [
                {"name": body.body.name, "url": f"{url}{body.body.pk}"}
                for body in bodies
                if AgendaType.SOCIAL_RESOURCES in body.types and not body.body.is_secret
            ],
            "record_ids": dict.fromkeys(key for row, _place in rows for key in row.record_ids),
        }

    def _places(self, sitting: uuid.UUID | None) -> list[tuple[Sitting, ConferenceType]]:
        """Sittings and bodies this membership may propose to."""
        listed = listed_types(self.by)
        sittings = Sitting.objects.visible_to(self.by)
        if sitting is not None:
            sittings = sittings.filter(pk=sitting)
        # What was typed for one that began or closed meanwhile is refused with its form.
        if sitting is None or not self.is_sent:
            sittings = sittings.filter(state__in=(*LIVE, SittingState.OPEN))
        found = []
        for one in sittings.prefetch_related("conference_types").order_by("month", "on")[:40]:
            for body in sorted(one.conference_types.all(), key=lambda t: (t.order, t.pk)):
                if body.is_secret and body.pk not in listed:
                    continue
                if self.referral is not None and body.pk != self.referral.to_conference_type_id:
                    continue
                if self.case is None and self.referral is None and body.is_secret:
                    continue
                if not self.is_sent and not can(check_takes_items, self.by, one, body):
                    continue
                if self.matter and not {*self.matter.agenda_types} & {*agenda_types_of(body)}:
                    continue
                found.append((one, body))
        return found

    def choose_page(self) -> dict[str, Any]:
        """The first step: which sitting of which body."""
        query = self._query()
        rows = []
        for sitting, body in self.places:
            row = sitting_row(sitting)
            url = f"{reverse('item_new')}?{query}&sitting={sitting.pk}&body={body.pk}"
            rows.append(
                {
                    "when": row.day,
                    "what": body.name,
                    "sub": f"{row.when}　{row.kind}",
                    "secret": body.is_secret,
                    "url": url,
                    "running": row.state if sitting.state == SittingState.OPEN else "",
                }
            )
        return {"rows": rows, "title": self.title}

    def _query(self) -> str:
        pairs = [
            ("matter", self.matter.key if self.matter else None),
            ("referral", self.referral.pk if self.referral else None),
            ("plan", self.plan.pk if self.plan else None),
            ("case", self.case.pk if self.case and not self.plan else None),
        ]
        return "&".join(f"{name}={key}" for name, key in pairs if key)

    @property
    def body(self) -> ConferenceType:
        assert self.place is not None  # noqa: S101 - asked only after the choice
        return self.place[1]

    @property
    def is_urgent(self) -> bool:
        """Into a sitting that runs."""
        return self.place is not None and self.place[0].state == SittingState.OPEN

    def form(self, data: QueryDict | None) -> Any:
        """The form the body asks for."""
        initial: dict[str, Any]
        types = [(t.value, str(t.label)) for t in agenda_types_of(self.body)]
        if self.referral is not None:
            sealed = [t for t in types if AgendaType(t[0]) not in NEEDS_PLAN]
            wanted = {"agenda_type": self.asked_type} if self.asked_type in dict(sealed) else {}
            if self.is_urgent and AgendaType.URGENT in dict(sealed):
                wanted = {"agenda_type": AgendaType.URGENT}
            initial = {"briefing": self.referral.summary, **wanted}
            return SheetForm(data, agenda_types=sealed, initial=initial)
        if self.case is None:
            types = [t for t in types if t[0] == AgendaType.SOCIAL_RESOURCES]
        secret = self.body.is_secret
        persons, plans = self._persons(), self._plans()
        initial = {
            "title": self.title,
            "persons": [k for k, _n in persons],
            "plan": str(self.plan.pk) if self.plan else "",
        }
        if self.plan is not None:
            initial["agenda_type"] = (
                AgendaType.CLOSURE_EVALUATION
                if self.plan.status == PlanStatus.IN_FORCE and not awaits_report(self.plan)
                else AgendaType.PLAN_ADEQUACY
            )
        office = self.body.secretariat_id
        if self.asked_type in dict(types):
            initial["agenda_type"] = self.asked_type
        if self.is_urgent and AgendaType.URGENT in dict(types):
            initial["agenda_type"] = AgendaType.URGENT
        if self.matter is not None:
            types = [t for t in types if t[0] in self.matter.agenda_types]
            initial |= {"briefing": self.matter.text, "participants": self._concerned()}
        return ItemForm(
            data,
            agenda_types=types,
            persons=persons,
            plans=plans,
            initial=initial,
            participants=[]
            if secret
            else agency_choices(self.by, without=[office, self.by.agency_id]),
            materials=laying_choices(self.by, self.case.pk) if secret and self.case else [],
        )

    def _concerned(self) -> list[str]:
        """Who is offered for an item without a case: the body's standing members, and whom the
        matter concerns."""
        assert self.matter is not None  # noqa: S101 - asked only of a matter
        standing = StandingMember.objects.running_in(self.by.municipality)
        standing = standing.filter(conference_type=self.body, agency__isnull=False)
        keys = standing.filter(is_by_item=False).values_list("agency_id", flat=True)
        return [str(key) for key in {*keys, *self.matter.agency_ids}]

    @cached_property
    def people(self) -> list[Person]:
        """Whom an item of the case may be about, as far as I see them."""
        if self.case is None:
            return []
        found = written_about(persons_by_key(self.by, self.case).values())
        return [person for person in found if person.is_living]

    def _persons(self) -> list[tuple[str, str]]:
        return [(str(p.pk), p.shown_name) for p in self.people]

    def asked(self, form: Any) -> Asked | None:
        """How the consents of those chosen stand (V5); None where none are asked: under secrecy,
        and without a case."""
        if self.body.is_secret or self.case is None:
            return None
        persons = [p for p in self.people if str(p.pk) in chosen(form, "persons")]
        agencies = [int(key) for key in chosen(form, "participants")]
        if self.body.secretariat_id is not None:
            agencies.insert(0, self.body.secretariat_id)
        check = check_consents(self.by, self.case, persons, agencies)
        return Asked(_("会議に付議する"), self.case, self.body, check)

    def _plans(self) -> list[tuple[str, str]]:
        if self.case is None:
            return []
        wanted = [*EDITABLE, PlanStatus.SUBMITTED, PlanStatus.IN_FORCE]
        found = Plan.objects.visible_to(self.by).filter(record__case=self.case, status__in=wanted)
        return [
            (
                str(p.pk),
                f"{p.get_programme_display()}　第{p.sequence}版（{p.get_status_display()}）",
            )
            for p in found.order_by("programme", "sequence")
        ]

    def propose(self, data: dict[str, Any]) -> AgendaItem:
        """Call the operation with what was typed."""
        assert self.place is not None  # noqa: S101 - asked only after the choice
        sitting, body = self.place
        words = {k: data[k] for k in ("agenda_type", "title", "briefing")}
        if self.referral is not None:
            return propose_from_referral(
                referral=self.referral, sitting=sitting, by=self.by, **words
            )
        plan = Plan.objects.visible_to(self.by).filter(pk=data.get("plan") or None).first()
        return propose_item(
            sitting=sitting,
            by=self.by,
            conference_type=body,
            case=self.case,
            plan=plan,
            persons=list(Person.objects.visible_to(self.by).filter(pk__in=data.get("persons", []))),
            participants=list(Agency.objects.filter(pk__in=data.get("participants", []))),
            materials=[uuid.UUID(key) for key in data.get("materials", [])],
            matter=self.matter.key if self.matter else None,
            **words,
        )

    def form_page(self) -> dict[str, Any]:
        """What stands around the form."""
        assert self.place is not None  # noqa: S101 - asked only after the choice
        sitting, body = self.place
        return {
            "row": sitting_row(sitting),
            "body": body,
            "urgent": self.is_urgent,
            "secret": body.is_secret,
            "basis": law_words(law_in_force(["106-6"] if body.is_secret else body.bases)),
            "title": self.title or body.name,
            "case": self.case,
            "case_url": reverse("case_detail", args=[self.case.pk]) if self.case else "",
            "matter": self.matter,
        }

    def log(self, by: Membership, action: Action) -> None:
        """V10: persons of the case, or the sheet, are on the page."""
        secret = self.place is not None and self.body.is_secret
        case = self.case.pk if self.case else None
        log_access(
            by,
            action,
            what="item_new",
            basis="106-6" if secret else "consent",
            purpose=Purpose.SUPPORT_CONFERENCE if secret else Purpose.PLAN_CONFERENCE,
            case_id=self.referral.case_id if self.referral else case,
            record_ids=[self.referral.pk] if self.referral else [],
        )
