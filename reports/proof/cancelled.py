"""Cancelled sittings of a drawn world: one of whose end everybody has been told, so that its items
have gone on to the next, and one in which they still wait. As the office and the worker do it, with
every guard in place."""

from __future__ import annotations

from django.db import connections, transaction

from agencies.models import Membership
from config.lib.acting import act, own_key
from meetings.models import Sitting
from reports.proof.drawing import DAY, Draw


def cancel_sittings(draw: Draw) -> None:
    """The noticed ones of the day after tomorrow and of the next days but one."""
    worker = Membership.objects.using(draw.using).get(system_name="scheduler")
    noticed = Sitting.objects.using(draw.using).filter(state="noticed")
    with transaction.atomic(using=draw.using):
        act(own_key(), worker.pk, using=draw.using)
        for days, is_told in ((2, True), (10, False)):
            for one in noticed.filter(on=draw.today + days * DAY):
                one.state, one.cancel_reason = "cancelled", "台風のため"
                one.cancelled_at, one.cancelled_by = draw.now, worker
                one.save(using=draw.using)
                if is_told:
                    one.told_at = draw.now
                    one.save(using=draw.using)
        with connections[draw.using].cursor() as cursor:
            cursor.execute("SELECT * FROM kasane.put_off_items()")
