"""中止: a sitting is called off, everybody who was asked to come is told, and no item is lost.

Who cancels need not know who was asked or what is sealed (V6, V15): the database closes what is
sealed, the worker tells everybody and then puts off what waits, in that order.
"""

from __future__ import annotations

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.models import Membership
from agencies.permissions import ActionDenied
from meetings.cover import tell_blocked
from meetings.enums import SittingState
from meetings.models import Sitting
from meetings.notifications import file_cancellation
from meetings.operations.sitting import lock_sitting, trace_sitting
from meetings.pages import day_words
from meetings.permissions import LIVE


@transaction.atomic
def cancel_sitting(*, sitting: Sitting, by: Membership, reason: str = "") -> None:
    """中止, until it is opened. `sitting` as its reader has seen it: one that was moved meanwhile
    is not cancelled. After the notice with a reason, which the whole city reads."""
    locked = lock_sitting(sitting, by, *LIVE)
    if locked.on != sitting.on:
        raise ActionDenied(
            _("この会議の日程は「%(when)s」に変わっています。確かめてから中止してください。")
            % {"when": day_words(locked)}
        )
    if locked.state == SittingState.NOTICED and not reason.strip():
        raise ActionDenied(_("開催通知を送った会議です。中止の理由を書いてください。"))
    call_off(locked, by, reason.strip())
    trace_sitting(by, "cancel_sitting")


def call_off(locked: Sitting, by: Membership, reason: str) -> None:
    """The sitting, locked, is cancelled from now on, and the worker has something to do."""
    locked.state, locked.cancel_reason = SittingState.CANCELLED, reason
    locked.cancelled_at, locked.cancelled_by = timezone.now(), by
    locked.save(update_fields=["state", "cancel_reason", "cancelled_at", "cancelled_by"])
    file_cancellation(locked)


def put_off_items() -> None:
    """For the scheduler: what waits in cancelled sittings, sealed or not, goes to the next sitting
    of its body, if there is one by now (0010_cancelling). Twice is harmless. V5 is asked again."""
    with connection.cursor() as cursor:
        cursor.execute("select * from kasane.put_off_items()")
        blocked = cursor.fetchall()
    tell_blocked(blocked)
