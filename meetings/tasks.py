"""What the worker does for the meetings room; each is safe to run twice."""

from __future__ import annotations

import datetime
from typing import Any

from agencies.enums import SystemName
from agencies.models import Municipality
from agencies.tasks import job
from meetings.calendar import REMIND, make_sittings
from meetings.cover import block_uncovered
from meetings.models import Sitting
from meetings.notifications import CANCELLED, MOVED, PUT_OFF, remind, tell_cancelled, tell_moved
from meetings.operations import put_off_items


@job("make_sittings", acting_as=SystemName.SCHEDULER)
def make_sittings_of_city(args: dict[str, Any]) -> None:
    """The coming sittings of one city, from its rhythms, and what waited for one."""
    if make_sittings(Municipality.objects.get(pk=args["municipality"])):
        put_off_items()


@job("block_uncovered_items", acting_as=SystemName.SCHEDULER)
def block_lapsed(args: dict[str, Any]) -> None:
    """Items whose consents have run out since yesterday (V5)."""
    block_uncovered(None)


@job(MOVED, acting_as=SystemName.SCHEDULER)
def tell_of_move(args: dict[str, Any]) -> None:
    """A noticed sitting was moved: who was asked to come learns the new day."""
    tell_moved(sitting=Sitting.objects.get(pk=args["sitting"]), key=args["key"])


@job(CANCELLED, acting_as=SystemName.SCHEDULER)
def tell_of_cancellation(args: dict[str, Any]) -> None:
    """A sitting was cancelled: everybody learns of it, its items go to the next one."""
    tell_cancelled(sitting=Sitting.objects.get(pk=args["sitting"]))
    put_off_items()


@job(PUT_OFF, acting_as=SystemName.SCHEDULER)
def put_off(args: dict[str, Any]) -> None:
    """What waits in cancelled sittings goes on, where there is a next one by now."""
    put_off_items()


@job(REMIND, acting_as=SystemName.SCHEDULER)
def remind_of_sitting(args: dict[str, Any]) -> None:
    """What is due before a sitting, told once for the day it was planned for."""
    sitting = Sitting.objects.select_related("series", "municipality").get(pk=args["sitting"])
    remind(sitting=sitting, what=args["what"], on=datetime.date.fromisoformat(args["on"]))
