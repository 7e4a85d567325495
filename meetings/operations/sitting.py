"""The day of a sitting: set it, call one, send the notice, open, close."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg.types.range import TimestamptzRange

from agencies.enums import Action, Purpose
from agencies.models import ConferenceType, Membership
from agencies.operations import notify
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from config.lib.fiscal import until_day_to_instant
from meetings import enums
from meetings.cover import block_uncovered
from meetings.models import AgendaItem, ItemGrant, Sitting
from meetings.notifications import file_move, file_put_off
from meetings.operations.common import save_item, transaction_now
from meetings.permissions import (
    CLOSES_AFTER_DAYS,
    check_can_call,
    check_can_run,
    check_may_sit,
    check_not_past,
    listed_types,
)

S = enums.SittingState
UNFINISHED = (enums.ItemState.PROPOSED, enums.ItemState.NOTICED)


def lock_sitting(sitting: Sitting, by: Membership, *states: str) -> Sitting:
    """The sitting as it now is, locked, in one of these states."""
    locked = Sitting.objects.visible_to(by).select_for_update().get(pk=sitting.pk)
    check_can_run(by, locked.conference_types.all())
    if locked.state not in states:
        raise ActionDenied(
            _("この会議は「%(state)s」のため、この操作はできません。")
            % {"state": locked.get_state_display()}
        )
    return locked


def trace_sitting(by: Membership, what: str) -> None:
    """V10: one line for what the office did with a sitting."""
    log_access(by, Action.WRITE, what=what, purpose=Purpose.PLAN_CONFERENCE)


@transaction.atomic
def set_date(
    *,
    sitting: Sitting,
    by: Membership,
    on: datetime.date,
    starts_at: datetime.time | None = None,
    ends_at: datetime.time | None = None,
    place: str = "",
) -> None:
    """The office sets or changes the day, until the notice has gone out (then: moving)."""
    locked = lock_sitting(sitting, by, S.UNDATED, S.PLANNED)
    check_may_sit(on, locked.municipality)
    was = locked.on
    locked.on, locked.place = on, place
    locked.starts_at, locked.ends_at = starts_at, ends_at
    locked.state = S.PLANNED
    locked.save()
    if was is not None and was != on:
        file_move(locked)
    trace_sitting(by, "set_date")


@transaction.atomic
def call_ad_hoc(
    *,
    by: Membership,
    conference_types: Sequence[ConferenceType],
    on: datetime.date,
    starts_at: datetime.time | None = None,
    ends_at: datetime.time | None = None,
    place: str = "",
    form_key: uuid.UUID | None = None,
) -> Sitting:
    """臨時・事案ごと. The same `form_key` calls one once."""
    check_can_call(by, conference_types)
    check_not_past(on)
    sitting, is_new = Sitting.objects.get_or_create(
        due_key=f"adhoc:{form_key or uuid.uuid4()}",
        defaults={
            "municipality": by.municipality,
            "month": on.replace(day=1),
            "on": on,
            "starts_at": starts_at,
            "ends_at": ends_at,
            "place": place,
            "is_ad_hoc": True,
            "state": S.PLANNED,
        },
    )
    if is_new:
        sitting.conference_types.set(conference_types)
        file_put_off()
        trace_sitting(by, "call_ad_hoc")
    return sitting


@transaction.atomic
def send_notice(*, sitting: Sitting, by: Membership) -> int:
    """開催通知. V5 is checked again: what fails is blocked. V6: items open now, until some days
    after the sitting. Items `by` may not see wait for their own secretary. Gives how many went."""
    locked = lock_sitting(sitting, by, S.PLANNED, S.NOTICED)
    if locked.on is None or locked.on < timezone.localdate():
        raise ActionDenied(_("開催日を過ぎているため、開催通知を送れません。"))
    sent = 0
    listed = listed_types(by)
    for item in _recheck(locked, by):
        if item.state != enums.ItemState.PROPOSED:
            continue
        if item.is_secret:
            if item.conference_type_id not in listed:
                continue
            save_item(
                item,
                by,
                "notice",
                state=enums.ItemState.NOTICED,
                open_period=opens_until(locked, item),
            )
        else:
            save_item(item, by, "notice", state=enums.ItemState.NOTICED)
        _tell(item)
        sent += 1
    locked.state, locked.noticed_at = S.NOTICED, locked.noticed_at or timezone.now()
    locked.save()
    trace_sitting(by, "send_notice")
    return sent


def opens_until(sitting: Sitting, item: AgendaItem) -> TimestamptzRange:
    """V6: from the notice until N days after the sitting, that day included."""
    last = last_open_day(sitting, item)
    return TimestamptzRange(transaction_now(), until_day_to_instant(last))


def last_open_day(sitting: Sitting, item: AgendaItem) -> datetime.date:
    """N days after the sitting, by the body's profile."""
    days = item.conference_type.closes_after_days
    days = CLOSES_AFTER_DAYS if days is None else days
    assert sitting.on is not None  # noqa: S101 - the caller has asked
    return sitting.on + datetime.timedelta(days=days)


def _recheck(sitting: Sitting, by: Membership) -> list[AgendaItem]:
    """V5 once more for the items in view; what is still standing."""
    items = AgendaItem.objects.visible_to(by).filter(sitting=sitting)
    rested = items.filter(basis=enums.ItemBasis.CONSENT, case__isnull=False)
    for case_id in set(rested.values_list("case_id", flat=True)):
        block_uncovered(case_id)
    standing = items.select_related("conference_type", "sitting").exclude(
        state=enums.ItemState.BLOCKED
    )
    return list(standing.in_order())


def _tell(item: AgendaItem) -> None:
    """Notices without a name: to the appointed, or to the participants' agencies."""
    if item.is_secret:
        for grant in (
            ItemGrant.objects.filter(content_object=item).standing().select_related("membership")
        ):
            tell_appointed(grant, opened=True)
        return
    for agency in item.participant_ids:
        notify(
            agency=agency,
            kind="sitting_notice",
            # Once for this sitting: an item that is put off is noticed again in the next.
            key=f"{item.pk}:{item.sitting_id}",
            title=_("会議の開催通知が届いています"),
            url=f"/meetings/{item.sitting_id}/",
        )


def tell_appointed(grant: ItemGrant, *, opened: bool) -> None:
    """To the person alone, never to the agency; no case."""
    agency = grant.membership.agency_id
    assert agency is not None  # noqa: S101 - only people are appointed
    notify(
        agency=agency,
        membership=grant.membership,
        kind="item_open" if opened else "item_appointed",
        key=f"{grant.pk}:{grant.sitting_id}",
        title=_("守秘の会議の開催通知が届いています")
        if opened
        else _("守秘の会議に指名されました"),
        url=f"/meetings/appointments/{grant.pk}/pledge/",
    )


@transaction.atomic
def open_sitting(*, sitting: Sitting, by: Membership) -> None:
    """開会, on its day. V5 is checked once more."""
    locked = lock_sitting(sitting, by, S.NOTICED)
    if locked.on is None or locked.on > timezone.localdate():
        raise ActionDenied(_("開催日になってから始めてください。"))
    _recheck(locked, by)
    locked.state, locked.opened_at = S.OPEN, timezone.now()
    locked.save()
    trace_sitting(by, "open_sitting")


@transaction.atomic
def close_sitting(*, sitting: Sitting, by: Membership) -> None:
    """閉会: every item in view is decided or withdrawn. Sealed items `by` does not know of are
    their secretariat's affair until they close; nothing here tells of them (V15)."""
    locked = lock_sitting(sitting, by, S.OPEN)
    left = AgendaItem.objects.visible_to(by).filter(sitting=locked, state__in=UNFINISHED)
    count = left.count()
    if count:
        raise ActionDenied(
            _("決定していない議題が%(n)s件あります。決定するか、取り下げてください。")
            % {"n": count}
        )
    locked.state, locked.closed_at = S.CLOSED, timezone.now()
    locked.save()
    trace_sitting(by, "close_sitting")
