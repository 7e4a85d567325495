"""日程変更 after the notice: the sitting moves, and everybody who was asked to come is told."""

from __future__ import annotations

import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from agencies.models import Membership
from agencies.permissions import ActionDenied
from meetings.enums import SittingState
from meetings.models import Sitting
from meetings.notifications import file_move
from meetings.operations.sitting import lock_sitting, trace_sitting
from meetings.pages import day_words
from meetings.permissions import check_may_sit, check_not_past


def check_move(
    sitting: Sitting,
    *,
    on: datetime.date,
    starts_at: datetime.time | None,
    ends_at: datetime.time | None,
    place: str,
) -> None:
    """Something changes, and the new day is one on which the office may sit."""
    held = (sitting.on, sitting.starts_at, sitting.ends_at, sitting.place)
    if (on, starts_at, ends_at, place) == held:
        raise ActionDenied(_("開催日も時刻も場所も、変わっていません。"))
    if on == sitting.on:
        check_not_past(on)
    else:
        check_may_sit(on, sitting.municipality)


@transaction.atomic
def move_sitting(
    *,
    sitting: Sitting,
    by: Membership,
    on: datetime.date,
    starts_at: datetime.time | None = None,
    ends_at: datetime.time | None = None,
    place: str = "",
) -> None:
    """After the notice. `sitting` as its reader has seen it: one that somebody else moved meanwhile
    is not moved. V6: the sealed items' end follows in the database; the worker tells whom `by` need
    not know of."""
    locked = lock_sitting(sitting, by, SittingState.NOTICED)
    if locked.on != sitting.on:
        raise ActionDenied(
            _("この会議の日程は「%(when)s」に変わっています。確かめてからもう一度送ってください。")
            % {"when": day_words(locked)}
        )
    check_move(locked, on=on, starts_at=starts_at, ends_at=ends_at, place=place)
    locked.on, locked.place = on, place
    locked.starts_at, locked.ends_at = starts_at, ends_at
    locked.save(update_fields=["on", "starts_at", "ends_at", "place"])
    file_move(locked)
    trace_sitting(by, "move_sitting")
