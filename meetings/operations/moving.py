"""日程変更 after the notice: the sitting moves, and everybody who was asked to come is told."""

from __future__ import annotations

import datetime
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from agencies.models import Membership
from agencies.operations import file_job, notify
from agencies.permissions import ActionDenied
from config.lib.eras import format_with_weekday
from config.lib.ids import new_id
from meetings.enums import SittingState
from meetings.models import Sitting
from meetings.operations.sitting import lock_sitting, trace_sitting
from meetings.permissions import check_may_sit, check_not_past

TELL = "tell_moved"


def check_move(
    sitting: Sitting, *, on: datetime.date, starts_at: datetime.time | None, place: str
) -> None:
    """Something changes, and the new day is one on which the office may sit."""
    if (on, starts_at, place) == (sitting.on, sitting.starts_at, sitting.place):
        raise ActionDenied(_("開催日も時刻も場所も、変わっていません。"))
    if on == sitting.on:
        check_not_past(on)
    else:
        check_may_sit(on)


@transaction.atomic
def move_sitting(
    *,
    sitting: Sitting,
    by: Membership,
    on: datetime.date,
    starts_at: datetime.time | None = None,
    place: str = "",
) -> None:
    """After the notice. V6: the sealed items' end follows in the database; the worker tells whom
    `by` need not know of."""
    locked = lock_sitting(sitting, by, SittingState.NOTICED)
    check_move(locked, on=on, starts_at=starts_at, place=place)
    locked.on, locked.starts_at, locked.place = on, starts_at, place
    locked.save(update_fields=["on", "starts_at", "place"])
    key = str(new_id())
    file_job(TELL, key=key, args={"sitting": str(locked.pk), "key": key})
    trace_sitting(by, "move_sitting")


def tell_moved(*, sitting: Sitting, key: str) -> None:
    """For the scheduler: one notice an agency, one an appointed person. A day and a room alone,
    the same words for all: no notice tells that something sealed is there."""
    assert sitting.on is not None  # noqa: S101 - only a dated sitting is moved
    clock = f" {sitting.starts_at:%H:%M}" if sitting.starts_at else ""
    for agency, membership in _asked(sitting):
        notify(
            agency=agency,
            membership=membership,
            kind="sitting_moved",
            key=key,
            title=_("会議の日程が変わりました　%(when)s")
            % {"when": f"{format_with_weekday(sitting.on)}{clock}"},
            url=f"/meetings/{sitting.pk}/",
        )


def _asked(sitting: Sitting) -> list[tuple[int, Membership | None]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select agency_id, membership_id from kasane.asked_to_sitting(%s)", [sitting.pk]
        )
        rows: list[tuple[int, UUID | None]] = cursor.fetchall()
    offices = {(body.secretariat_id or 0, None) for body in sitting.conference_types.all()}
    people = Membership.objects.in_bulk([key for _agency, key in rows if key is not None])
    return [(agency, people[key] if key else None) for agency, key in {*rows, *offices} if agency]
