"""次第 in words: who may present an item, and what does not fit in the hours of a sitting.

Nothing here is reckoned from items the reader does not see, and no warning comes from a sealed item
(V6, V15): of other sittings it reads the day and the hours, and items with consent in view.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.enums import AgendaType, Permission
from agencies.models import Membership, SecretariatMember, StandingMember
from config.lib.fiscal import fiscal_year
from config.lib.wording import label_of
from meetings import enums
from meetings.models import AgendaItem, ItemGrant, ItemPerson, Sitting
from meetings.pages import item_state

UNDECIDED = (enums.ItemState.PROPOSED, enums.ItemState.NOTICED)
Choices = list[tuple[str, str]]


def hour(value: datetime.time | None) -> str:
    """「14:05」, or nothing."""
    return f"{value:%H:%M}" if value else ""


def length(minutes: int) -> str:
    """「1時間30分」."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return _("%(m)s分") % {"m": rest}
    if not rest:
        return _("%(h)s時間") % {"h": hours}
    return _("%(h)s時間%(m)s分") % {"h": hours, "m": rest}


def hours_of(item: AgendaItem) -> str:
    """「14:20から30分」, as far as it is said."""
    begins, minutes = hour(item.begins_at), item.planned_minutes
    if begins and minutes:
        return _("%(begins)sから%(length)s") % {"begins": begins, "length": length(minutes)}
    if begins:
        return _("%(begins)sから") % {"begins": begins}
    return length(minutes) if minutes else ""


def minutes_of(value: datetime.time) -> int:
    return value.hour * 60 + value.minute


# --- as it is read -----------------------------------------------------------------------------


def agenda_lines(
    items: Iterable[AgendaItem], current: UUID | None = None, *, run: bool = False
) -> list[dict[str, Any]]:
    """The left column: only what this reader sees, so numbers have no gap. On the room's screen
    (`run`) a sealed item is named only while its own people are there: when it is the current."""
    shown = list(items)
    presenters, lines = presenter_words(shown), []
    for item in shown:
        if run and item.is_secret and item.pk != current:
            continue
        done = item.state in (enums.ItemState.DECIDED, enums.ItemState.WITHDRAWN)
        result = item_state(item)
        sub = label_of(AgendaType, item.agenda_type)
        if done or item.state == enums.ItemState.BLOCKED:
            sub = f"{sub}　{result}"
        who = presenters.get(item.pk, "")
        lines.append(
            {
                "title": item.title,
                "sub": sub,
                "hours": hours_of(item),
                "presenter": _("発表：%(who)s") % {"who": who} if who else "",
                "url": reverse("item_run" if run else "item_detail", args=[item.pk]),
                "state": "now" if item.pk == current else "done" if done else "todo",
                "secret": item.is_secret,
            }
        )
    return lines


# --- who may present ---------------------------------------------------------------------------


def presenters_of(by: Membership, items: Sequence[AgendaItem]) -> dict[UUID, Choices]:
    """For each item whom the office may name: with consent people of the agencies that take part;
    under secrecy the appointed and the secretariat. Four queries, two without sealed items."""
    plain = [item for item in items if not item.is_secret]
    sealed = [item for item in items if item.is_secret]
    people = _people(by, {key for item in plain for key in agencies_in(item)})
    found: dict[UUID, Choices] = {
        item.pk: [
            (str(m.pk), f"{m.user}（{m.agency_name}）")
            for m in people
            if m.agency_id in agencies_in(item)
        ]
        for item in plain
    }
    return found | (_sealed_presenters(sealed) if sealed else {})


def agencies_in(item: AgendaItem) -> set[int]:
    """V5: who takes part, the proposing agency among them."""
    return {*item.participant_ids, item.proposing_agency_id}


def _people(by: Membership, agencies: set[int]) -> list[Membership]:
    if not agencies:
        return []
    found = Membership.objects.active().with_names()
    return list(
        found.filter(
            agency_id__in=agencies,
            agency__municipality=by.municipality,
            user__is_active=True,
            role__permissions__contains=[Permission.READ_CASES],
        ).order_by("agency__name", "user__display_name", "pk")
    )


def _sealed_presenters(items: Sequence[AgendaItem]) -> dict[UUID, Choices]:
    grants = (
        ItemGrant.objects.filter(content_object__in=items)
        .standing()
        .select_related("membership__user", "membership__agency")
        .order_by("appointed_at", "pk")
    )
    guests = ItemPerson.objects.filter(item__in=items, guest__isnull=False, revoked_at=None)
    names = {(row.item_id, row.guest_id): str(row) for row in guests}
    found: dict[UUID, Choices] = {item.pk: [] for item in items}
    for grant in grants:
        member = grant.membership
        words = names.get((grant.content_object_id, member.pk))
        label = words or f"{member.user}（{member.agency_name}）"
        found[grant.content_object_id].append((str(member.pk), label))
    listed = SecretariatMember.objects.filter(
        conference_type__in={item.conference_type_id for item in items},
        fiscal_year=fiscal_year(timezone.localdate()),
        pledged_at__isnull=False,
        ended_at=None,
    ).select_related("membership__user", "membership__agency")
    secretaries: dict[int, Choices] = defaultdict(list)
    for entry in listed.order_by("named_at", "pk"):
        label = _("%(who)s（事務局）") % {"who": entry.membership.user}
        secretaries[entry.conference_type_id].append((str(entry.membership_id), label))
    for item in items:
        found[item.pk] += secretaries[item.conference_type_id]
    return found


def presenter_words(items: Iterable[AgendaItem]) -> dict[UUID, str]:
    """「氏名（所属）」 of who presents, by item. Needs `presenter` with user and agency; one query
    where a guest presents, whose account is nameless."""
    presented = [(item.pk, who) for item in items if (who := item.presenter) is not None]
    guests = [key for key, who in presented if who.is_guest]
    rows = ItemPerson.objects.filter(item__in=guests, guest__isnull=False) if guests else ()
    names = {(row.item_id, row.guest_id): str(row) for row in rows}
    return {
        key: names.get((key, who.pk)) or f"{who.user}（{who.agency_name}）"
        for key, who in presented
    }


# --- what does not fit -------------------------------------------------------------------------


@dataclass(frozen=True)
class Span:
    """Minutes of the day, the second not included."""

    since: int
    until: int

    def meets(self, other: Span) -> bool:
        return self.since < other.until and other.since < self.until


def span_of(item: AgendaItem) -> Span | None:
    """When an item is planned; nothing while its hour or its length is open."""
    if item.begins_at is None or item.planned_minutes is None:
        return None
    begins = minutes_of(item.begins_at)
    return Span(begins, begins + item.planned_minutes)


def span_of_sitting(sitting: Sitting) -> Span | None:
    if sitting.starts_at is None or sitting.ends_at is None:
        return None
    return Span(minutes_of(sitting.starts_at), minutes_of(sitting.ends_at))


def misfits(by: Membership, sitting: Sitting, items: Sequence[AgendaItem]) -> list[str]:
    """What the office should look at again, a sentence each: warnings, because a sitting may run
    over and an agency may send somebody else. At most four queries."""
    live = [item for item in items if item.state in UNDECIDED]
    return [
        *_too_long(sitting, live),
        *_out_of_hours(sitting, live),
        *_one_after_another(live),
        *(_elsewhere(by, sitting, [item for item in live if not item.is_secret])),
    ]


def _too_long(sitting: Sitting, items: Sequence[AgendaItem]) -> list[str]:
    held = span_of_sitting(sitting)
    total = sum(item.planned_minutes or 0 for item in items)
    if held is None or total <= held.until - held.since:
        return []
    room = held.until - held.since
    return [
        _("議題の所要時間は合わせて%(total)sで、会議の%(room)sより%(over)s長くなっています。")
        % {"total": length(total), "room": length(room), "over": length(total - room)}
    ]


def _out_of_hours(sitting: Sitting, items: Sequence[AgendaItem]) -> list[str]:
    if sitting.starts_at is None:
        return []
    held = span_of_sitting(sitting)
    late = 24 * 60 if held is None else held.until
    return [
        _("「%(title)s」の時間（%(hours)s）が、会議の時間の外に出ています。")
        % {"title": item.title, "hours": hours_of(item)}
        for item in items
        if item.begins_at is not None
        and (
            item.begins_at < sitting.starts_at
            or minutes_of(item.begins_at) + (item.planned_minutes or 1) > late
        )
    ]


def _one_after_another(items: Sequence[AgendaItem]) -> list[str]:
    """Items one sees begin one after another, in their order."""
    found, before = [], None
    for item in items:
        if (
            before is not None
            and item.begins_at is not None
            and minutes_of(item.begins_at) < _end_of(before)
        ):
            found.append(
                _("「%(title)s」が、前の「%(before)s」の終わる前に始まります。")
                % {"title": item.title, "before": before.title}
            )
        if item.begins_at is not None:
            before = item
    return found


def _end_of(item: AgendaItem) -> int:
    assert item.begins_at is not None  # noqa: S101 - the caller has asked
    return minutes_of(item.begins_at) + (item.planned_minutes or 0)


def _elsewhere(by: Membership, sitting: Sitting, items: Sequence[AgendaItem]) -> list[str]:
    """One person at two places at once: presents another item with consent at that time, or their
    agency is a mandatory member of another sitting then (a day and a room, known to the city)."""
    if sitting.on is None:
        return []
    whole = span_of_sitting(sitting)
    planned = [(item, span_of(item) or whole) for item in items]
    found = []
    presented = [item.presenter_id for item in items if item.presenter_id is not None]
    others = (
        AgendaItem.objects.visible_to(by)
        .filter(presenter__in=presented, basis=enums.ItemBasis.CONSENT, state__in=UNDECIDED)
        .filter(sitting__on=sitting.on)
        .exclude(sitting=sitting)
        .select_related("sitting", "presenter__user")
        .order_by("pk")
        if presented
        else ()
    )
    for other in others:
        there = span_of(other) or span_of_sitting(other.sitting)
        who = other.presenter and other.presenter.user
        found += [
            _("%(who)sさんは、同じ時間に別の会議の「%(other)s」でも発表します（「%(title)s」）。")
            % {"who": who, "other": other.title, "title": item.title}
            for item, here in planned
            if item.presenter_id == other.presenter_id and here and there and here.meets(there)
        ]
    return [*found, *_needed_elsewhere(by, sitting, planned)]


def _needed_elsewhere(
    by: Membership, sitting: Sitting, planned: Sequence[tuple[AgendaItem, Span | None]]
) -> list[str]:
    same_day = (
        Sitting.objects.visible_to(by)
        .filter(on=sitting.on)
        .exclude(pk=sitting.pk)
        .exclude(state__in=[enums.SittingState.CANCELLED, enums.SittingState.CLOSED])
        .prefetch_related("conference_types")
        .order_by("starts_at", "pk")
    )
    held = [(other, span) for other in same_day if (span := span_of_sitting(other)) is not None]
    if not held or not planned:
        return []
    bodies = {body.pk: body for other, _span in held for body in other.conference_types.all()}
    needed = StandingMember.objects.running_in(by.municipality).filter(
        conference_type__in=bodies, is_mandatory=True, agency__isnull=False
    )
    rows = list(needed.select_related("agency"))
    found: dict[str, None] = {}
    for other, there in held:
        kept = {body.pk for body in other.conference_types.all()}
        for item, here in planned:
            found |= dict.fromkeys(
                _(
                    "%(agency)sは、同じ時間に開く「%(body)s」に必ず出席する機関です（「%(title)s」）。"
                )
                % {
                    "agency": row.agency and row.agency.name,
                    "body": bodies[row.conference_type_id].name,
                    "title": item.title,
                }
                for row in rows
                if row.conference_type_id in kept
                and here is not None
                and here.meets(there)
                and row.agency_id in agencies_in(item)
            )
    return list(found)


def total(items: Iterable[AgendaItem]) -> int:
    """Minutes planned for these items that are still to be dealt with."""
    return sum(item.planned_minutes or 0 for item in items if item.state in UNDECIDED)
