"""Who is told of a sitting, and when: a day and a room alone, never what is on its agenda.

Whoever calls, moves or plans a sitting need not know who was asked to come (V6, V15): the worker
tells them, in the same words for all, so that no notice tells that something sealed is there.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from uuid import UUID

from django.db import connection
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.models import Membership, StandingMember
from agencies.opendays import open_days
from agencies.operations import file_job, notify
from config.lib.eras import today
from config.lib.fiscal import from_day_to_instant
from config.lib.ids import new_id
from meetings.calendar import REMIND, deadlines_of, reminders
from meetings.enums import SittingState
from meetings.models import Sitting
from meetings.pages import day_words

MOVED = "tell_moved"
CANCELLED = "tell_cancelled"
PUT_OFF = "put_off_items"
Told = set[tuple[int, UUID | None]]


def file_move(sitting: Sitting) -> None:
    """After a sitting's day, hour or room changed: the worker tells whoever was asked to come."""
    key = str(new_id())
    file_job(MOVED, key=key, args={"sitting": str(sitting.pk), "key": key})


def tell_moved(*, sitting: Sitting, key: str) -> None:
    """For the scheduler: one notice an agency, one an appointed person. Nobody hears of a new day
    on which nothing will be."""
    if sitting.state == SittingState.CANCELLED:
        return
    title = _("会議の日程が変わりました　%(when)s") % {"when": day_words(sitting)}
    _tell(sitting, asked(sitting) | offices(sitting), "sitting_moved", key, title)


def file_cancellation(sitting: Sitting) -> None:
    """After a sitting was cancelled: the worker tells everybody, and puts off what waits in it. No
    key that one could guess: a job filed before would take its place, and nobody would be told."""
    file_job(CANCELLED, key=str(new_id()), args={"sitting": str(sitting.pk)})


def file_put_off() -> None:
    """After a sitting was made: what waits in cancelled ones may have its next sitting now."""
    file_job(PUT_OFF, key=str(new_id()))


def tell_cancelled(*, sitting: Sitting) -> None:
    """For the scheduler: who was asked to come, who sits there whatever is on the agenda, and the
    offices, each once; `told_at` says when. Two workers come one after the other."""
    locked = Sitting.objects.select_for_update().get(pk=sitting.pk)
    if locked.state != SittingState.CANCELLED or locked.told_at is not None:
        return
    title = _("会議が中止になりました　%(when)s") % {"when": day_words(locked)}
    told = asked(locked) | standing(locked) | offices(locked)
    _tell(locked, told, "sitting_cancelled", str(locked.pk), title)
    locked.told_at = timezone.now()
    locked.save(update_fields=["told_at"])


def remind(*, sitting: Sitting, what: str, on: datetime.date) -> bool:
    """For the scheduler: tell what is due before a sitting, unless it was moved or the office has
    already gone on. A job that waited until a day off (no worker, an attempt that failed before
    midnight) waits for the next open day. False when nothing was told."""
    office, day = open_days(sitting.municipality), today()
    deadlines = deadlines_of(sitting, office)
    if sitting.on != on or what not in reminders(sitting, deadlines, day):
        return False
    if not office.is_open(day):
        then = office.next(day)
        args = {"sitting": str(sitting.pk), "what": what, "on": str(on)}
        key = f"{sitting.pk}:{what}:{on}:{then}"
        file_job(REMIND, key=key, args=args, due_at=from_day_to_instant(then))
        return False
    when = {"when": day_words(sitting)}
    if what == "call":
        assert deadlines.agenda is not None  # noqa: S101 - nobody is called without a deadline
        until = f"{deadlines.agenda.month}/{deadlines.agenda.day}"
        title = _("会議の議題を%(until)sまで受け付けます　%(when)s") % {**when, "until": until}
        told = standing(sitting) | offices(sitting)
    elif what == "eve":
        title, told = _("会議が近づきました　%(when)s") % when, asked(sitting) | offices(sitting)
    else:
        title, told = str(OFFICE[what]) % when, offices(sitting)
    _tell(sitting, told, f"sitting_{what}", f"{sitting.pk}:{on}", title)
    return True


OFFICE = {
    "agenda": gettext_lazy("議題の締切日です　%(when)s"),
    "notice": gettext_lazy("開催通知を送る日です　%(when)s"),
    "pack": gettext_lazy("資料を配る日です　%(when)s"),
}


def _tell(sitting: Sitting, told: Told, kind: str, key: str, title: str) -> None:
    """Once each. Whoever writes a notice hears whether there is one of that kind and key: who was
    told, and so who is appointed (V6), must not be asked by what everybody knows of a sitting."""
    key = salted_hmac(kind, key).hexdigest()
    people = Membership.objects.in_bulk([key for _agency, key in told if key is not None])
    for agency, person in sorted(told, key=str):
        notify(
            agency=agency,
            membership=people[person] if person else None,
            kind=kind,
            key=key,
            title=title,
            url=f"/meetings/{sitting.pk}/",
        )


def offices(sitting: Sitting) -> Told:
    """The secretariats of its bodies; where there is none, who hosts them."""
    found = {body.secretariat_id or body.host_id for body in sitting.conference_types.all()}
    return _agencies(found)


def standing(sitting: Sitting) -> Told:
    """The agencies that sit in its bodies whatever is on the agenda (構成員), as of today."""
    members = StandingMember.objects.running_in(sitting.municipality_id).filter(
        Q(since=None) | Q(since__lte=today()),
        conference_type__in=sitting.conference_types.all(),
        is_by_item=False,
        agency__isnull=False,
    )
    return _agencies(members.values_list("agency_id", flat=True))


def _agencies(keys: Iterable[int | None]) -> Told:
    return {(key, None) for key in keys if key is not None}


def asked(sitting: Sitting) -> Told:
    """Whoever was asked to come, sealed or not: answered to the scheduler alone (V6)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select agency_id, membership_id from kasane.asked_to_sitting(%s)", [sitting.pk]
        )
        return set(cursor.fetchall())
