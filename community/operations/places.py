"""拠点 and 開催: the verbs."""

from __future__ import annotations

import dataclasses
import datetime
import uuid

from django.db import transaction
from django.utils.translation import gettext as _

from agencies.enums import Action
from agencies.models import Membership
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from community.models import Place, PlaceEvent
from community.permissions import check_can_record


@dataclasses.dataclass(frozen=True)
class PlaceFacts:
    """What is known of a place."""

    name: str
    kind: str
    area: str = ""
    operator: str = ""
    opened_on: datetime.date | None = None


@transaction.atomic
def add_place(*, by: Membership, facts: PlaceFacts, form_key: uuid.UUID | None = None) -> Place:
    """拠点を加える. The same `form_key` adds it once."""
    check_can_record(by)
    key = form_key or uuid.uuid4()
    row = Place(
        municipality=by.municipality,
        added_by_agency_id=by.agency_id,
        form_key=key,
        **dataclasses.asdict(facts),
    )
    Place.objects.bulk_create([row], ignore_conflicts=True)
    log_access(by, Action.WRITE, what="add_place")
    return Place.objects.visible_to(by).get(form_key=key)


@transaction.atomic
def change_place(*, place: Place, by: Membership, facts: PlaceFacts) -> Place:
    """Correct what is known of a place."""
    check_can_record(by, place)
    if place.ended_on and facts.opened_on and facts.opened_on > place.ended_on:
        raise ActionDenied(_("開いた日は、終えた日より前の日付を入れてください。"))
    for name, value in dataclasses.asdict(facts).items():
        setattr(place, name, value)
    place.save(update_fields=list(dataclasses.asdict(facts)))
    log_access(by, Action.WRITE, what="change_place")
    return place


@transaction.atomic
def end_place(*, place: Place, by: Membership, on: datetime.date) -> Place:
    """The place has closed; what happened there stays."""
    check_can_record(by, place)
    if place.opened_on and on < place.opened_on:
        raise ActionDenied(_("終えた日は、開いた日からあとの日付を入れてください。"))
    place.ended_on = on
    place.save(update_fields=["ended_on"])
    log_access(by, Action.WRITE, what="end_place")
    return place


@transaction.atomic
def record_event(
    *,
    place: Place,
    by: Membership,
    on: datetime.date,
    participants: int,
    organisations: int = 0,
    note: str = "",
    form_key: uuid.UUID | None = None,
) -> PlaceEvent:
    """開催を記録する: how many came, how many bodies took part. The same `form_key` counts once."""
    check_can_record(by, place)
    if (place.opened_on and on < place.opened_on) or (place.ended_on and on > place.ended_on):
        raise ActionDenied(_("この日は、拠点が開いている間の日付ではありません。"))
    key = form_key or uuid.uuid4()
    row = PlaceEvent(
        municipality_id=place.municipality_id,
        place=place,
        on=on,
        participants=participants,
        organisations=organisations,
        note=note,
        form_key=key,
    )
    PlaceEvent.objects.bulk_create([row], ignore_conflicts=True)
    log_access(by, Action.WRITE, what="record_event")
    return PlaceEvent.objects.visible_to(by).get(form_key=key)
