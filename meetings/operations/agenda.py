"""次第を組む: how long an item takes, when it begins, who presents it, and the order of items.

Who was asked to come learns once a day that what they see of the agenda has changed.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from agencies.models import Membership
from agencies.operations import notify
from agencies.permissions import ActionDenied
from cases.operations.case import StaleVersion
from meetings import enums
from meetings.agenda import UNDECIDED, agencies_in, minutes_of, presenters_of
from meetings.models import AgendaItem, ItemGrant, Sitting
from meetings.operations.common import save_item, trace
from meetings.operations.sitting import lock_sitting, trace_sitting
from meetings.pages import day_words
from meetings.permissions import LIVE, items_run_by

S = enums.SittingState
DAY = 24 * 60


@dataclass(frozen=True)
class Planned:
    """What was typed for one item, and the version it was typed over."""

    item: UUID
    version: int
    minutes: int | None
    begins_at: datetime.time | None
    presenter: UUID | None


def _lock(
    sitting: Sitting, by: Membership, *states: str
) -> tuple[Sitting, list[AgendaItem], list[AgendaItem]]:
    """The sitting and its undecided items in view, locked, in order; and those `by` runs."""
    locked = lock_sitting(sitting, by, *states)
    seen = list(
        AgendaItem.objects.visible_to(by)
        .select_for_update(of=("self",))
        .select_related("sitting", "conference_type")
        .filter(sitting=locked, state__in=UNDECIDED)
        .in_order()
    )
    return locked, seen, items_run_by(by, seen)


@contextmanager
def covered(item: AgendaItem) -> Iterator[None]:
    """The database changes nothing of an item whose consents have run out since last night (V5)."""
    try:
        yield
    except IntegrityError as error:
        raise ActionDenied(
            _("「%(title)s」は、足りない同意があるため変えられません。同意を確かめてください。")
            % {"title": item.title}
        ) from error


@transaction.atomic
def set_agenda(*, sitting: Sitting, by: Membership, rows: Sequence[Planned]) -> int:
    """Minutes, hour and presenter of items; gives how many changed. StaleVersion when somebody else
    changed one of them since: nothing is saved then."""
    locked, _seen, mine = _lock(sitting, by, *LIVE, S.OPEN)
    known = {item.pk: item for item in mine}
    changes: list[tuple[AgendaItem, dict[str, Any]]] = []
    for row in rows:
        item = known.get(row.item)
        if item is None:
            raise ActionDenied(
                _(
                    "議題のうち、決定したか、見られなくなったものがあります。画面を開き直してください。"
                )
            )
        typed = {
            "planned_minutes": row.minutes,
            "begins_at": row.begins_at,
            "presenter_id": row.presenter,
        }
        changed = {name: value for name, value in typed.items() if getattr(item, name) != value}
        if changed and item.version != row.version:
            raise StaleVersion
        if changed:
            changes.append((item, changed))
    _check_presenters(by, changes)
    for item, changed in changes:
        with covered(item):
            save_item(item, by, "agenda", **changed)
    if changes:
        _tell(locked, [_audience(item) for item, _changed in changes], by)
        trace_sitting(by, "set_agenda")
    return len(changes)


def _check_presenters(by: Membership, changes: list[tuple[AgendaItem, dict[str, Any]]]) -> None:
    named = [item for item, changed in changes if changed.get("presenter_id") is not None]
    allowed = presenters_of(by, named) if named else {}
    for item, changed in changes:
        key = changed.get("presenter_id")
        if key is not None and str(key) not in dict(allowed[item.pk]):
            raise ActionDenied(
                _("「%(title)s」で発表できるのは、この議題に参加する人だけです。")
                % {"title": item.title}
            )


@transaction.atomic
def allot_times(*, sitting: Sitting, by: Membership) -> int:
    """開始時刻を割り振る: one after another from the start of the sitting, by the minutes of the
    items in view and by nothing else (V6). Gives how many changed."""
    locked, seen, mine = _lock(sitting, by, *LIVE)
    if locked.starts_at is None:
        raise ActionDenied(
            _("会議の開始時刻が決まっていません。先に日程で開始時刻を入れてください。")
        )
    without = "、".join(f"「{item.title}」" for item in mine if item.planned_minutes is None)
    if without:
        raise ActionDenied(
            _("所要時間のない議題があります：%(titles)s。先に所要時間を入れてください。")
            % {"titles": without}
        )
    at, changes = minutes_of(locked.starts_at), []
    for item in seen:
        if at >= DAY:
            raise ActionDenied(_("議題が翌日にかかります。所要時間を見直してください。"))
        begins = datetime.time(*divmod(at, 60))
        if item in mine and item.begins_at != begins:
            changes.append((item, begins))
        at += item.planned_minutes or 0
    for item, begins in changes:
        with covered(item):
            save_item(item, by, "agenda", begins_at=begins)
    if changes:
        _tell(locked, [_audience(item) for item, _begins in changes], by)
        trace_sitting(by, "allot_times")
    return len(changes)


@transaction.atomic
def move_item(*, item: AgendaItem, by: Membership, past: AgendaItem, is_up: bool) -> bool:
    """One place up or down, past this neighbour. False: it stands there already (a second click, or
    somebody else did the same). Refused when others stand between them by now."""
    locked, _seen, mine = _lock(item.sitting, by, *LIVE, S.OPEN)
    group = [
        other
        for other in mine
        if (other.basis, other.conference_type_id) == (item.basis, item.conference_type_id)
    ]
    places = {other.pk: place for place, other in enumerate(group)}
    if item.pk not in places or past.pk not in places or item.pk == past.pk:
        raise ActionDenied(_("この議題の順番は、もう変えられません。画面を開き直してください。"))
    here, there = places[item.pk], places[past.pk]
    if (here < there) == is_up:
        return False
    if abs(here - there) != 1:
        raise ActionDenied(
            _("ほかの人が順番を変えました。いまの順番を見て、もう一度動かしてください。")
        )
    _swap(group, here, there)
    for moved in (group[here], group[there]):
        trace(moved, by, "move_item")
    _tell(locked, [_audience(group[here]) & _audience(group[there])], by)
    return True


def _swap(group: list[AgendaItem], here: int, there: int) -> None:
    """Exchange two keys. Keys that are equal (made in one statement) are first told apart by
    microseconds, in the order in which they are shown."""
    one, other = group[here], group[there]
    with covered(one), covered(other):
        _exchange(group, one, other)


def _exchange(group: list[AgendaItem], one: AgendaItem, other: AgendaItem) -> None:
    if one.order_at == other.order_at:
        same = [item for item in group if item.order_at == one.order_at]
        for place, item in enumerate(same):
            item.order_at += datetime.timedelta(microseconds=place)
            item.save(update_fields=["order_at"])
    one.order_at, other.order_at = other.order_at, one.order_at
    one.save(update_fields=["order_at"])
    other.save(update_fields=["order_at"])


Audience = set[tuple[int, UUID | None]]


def _audience(item: AgendaItem) -> Audience:
    """Who was asked for the item: agencies with consent, the appointed alone under secrecy."""
    if item.state != enums.ItemState.NOTICED:
        return set()
    if not item.is_secret:
        return {(agency, None) for agency in agencies_in(item)}
    grants = ItemGrant.objects.filter(content_object=item).standing()
    return set(grants.values_list("membership__agency_id", "membership_id"))


def _tell(sitting: Sitting, told: Iterable[Audience], by: Membership) -> None:
    """Once a sitting and day, in the same words for all, and only whoever sees what changed: nobody
    hears of a change who would look for it in vain (V15)."""
    if sitting.state != S.NOTICED:
        return
    everybody: Audience = set().union(*told) - {(by.agency_id, None), (by.agency_id, by.pk)}
    # No key that one could make up: a second notice under it would say who was told (V6).
    key = salted_hmac("agenda_changed", f"{sitting.pk}:{timezone.localdate()}").hexdigest()
    people = Membership.objects.in_bulk([person for _a, person in everybody if person])
    for agency, person in sorted(everybody, key=str):
        notify(
            agency=agency,
            membership=people[person] if person else None,
            kind="agenda_changed",
            key=key,
            title=_("次第が変わりました　%(when)s") % {"when": day_words(sitting)},
            url=f"/meetings/{sitting.pk}/",
        )
