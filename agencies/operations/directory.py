"""The verbs of the directory: who answers which questions."""

from __future__ import annotations

import dataclasses
import uuid

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from agencies.enums import Action
from agencies.models import Agency, ContactPoint, Membership
from agencies.permissions import check_can_keep_directory
from agencies.trail import log_access


@dataclasses.dataclass(frozen=True)
class ContactPointFacts:
    """What is known of a 相談窓口: of an agency, or of a section by its name."""

    name: str
    themes: tuple[str, ...]
    agency: Agency | None = None
    section: str = ""
    is_helpdesk: bool = False
    areas: tuple[str, ...] = ()
    phone: str = ""
    hours: str = ""
    note: str = ""


@transaction.atomic
def add_contact_point(
    *, by: Membership, facts: ContactPointFacts, form_key: uuid.UUID
) -> ContactPoint:
    """A new line. The same `form_key` adds it once."""
    check_can_keep_directory(by, facts.agency)
    row = ContactPoint(
        municipality=by.municipality, written_by=by, form_key=form_key, **_values(facts)
    )
    ContactPoint.objects.bulk_create([row], ignore_conflicts=True)
    log_access(by, Action.WRITE, what="add_contact_point")
    return ContactPoint.objects.visible_to(by).get(form_key=form_key)


@transaction.atomic
def change_contact_point(
    *, point: ContactPoint, by: Membership, facts: ContactPointFacts
) -> ContactPoint:
    """Say it anew. Whose it is never changes: another agency's is a line of its own."""
    check_can_keep_directory(by, point.agency)
    values = {k: v for k, v in _values(facts).items() if k not in ("agency", "section")}
    ContactPoint.objects.visible_to(by).filter(pk=point.pk).update(
        version=F("version") + 1, written_at=timezone.now(), written_by=by, **values
    )
    log_access(by, Action.WRITE, what="change_contact_point")
    point.refresh_from_db()
    return point


@transaction.atomic
def end_contact_point(*, point: ContactPoint, by: Membership) -> None:
    """It answers no more, from today."""
    check_can_keep_directory(by, point.agency)
    open_ones = ContactPoint.objects.visible_to(by).running()
    open_ones.filter(pk=point.pk).update(
        ended_on=timezone.localdate(), version=F("version") + 1, written_by=by
    )
    log_access(by, Action.WRITE, what="end_contact_point")


def _values(facts: ContactPointFacts) -> dict[str, object]:
    found = {f.name: getattr(facts, f.name) for f in dataclasses.fields(facts)}
    return found | {"themes": list(facts.themes), "areas": list(facts.areas)}
