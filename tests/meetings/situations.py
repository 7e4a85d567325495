"""Situations of the meetings room, built on tests.world."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field

from django.utils import timezone

from agencies.models import Membership
from cases.models import Case, Person
from cases.operations import refer
from config.lib.rhythm import OpenDays
from meetings.models import AgendaItem, ItemGrant, Sitting
from meetings.operations import (
    appoint,
    call_ad_hoc,
    open_sitting,
    propose_from_referral,
    propose_item,
    send_notice,
    take_pledge,
)
from tests import world as w


class Keys:
    """A queryset by keys that does not depend on who evaluates it."""

    def __init__(self, model, *keys):  # type: ignore[no-untyped-def]
        self.model, self._keys = model, keys

    def values_list(self, *args, **kwargs):  # type: ignore[no-untyped-def]
        return list(self._keys)


def sees(member: Membership, *rows) -> bool:  # type: ignore[no-untyped-def]
    """Asked of the ORM's door and, unfiltered, of the database; the two agree."""
    return w.sees(member, Keys(type(rows[0]), *[row.pk for row in rows]))


def business_day(start: datetime.date | None = None) -> datetime.date:
    return OpenDays().next(start or timezone.localdate())


def make_sitting(city: w.World, *names: str, days: int = 0, state: str = "planned") -> Sitting:
    """A sitting on a day, without asking whether the office works on it."""
    day = timezone.localdate() + datetime.timedelta(days=days)
    with w.act(city.head):
        sitting = Sitting.objects.create(
            municipality=city.city,
            due_key=f"test:{timezone.now().timestamp()}:{names}",
            month=day.replace(day=1),
            on=day,
            state=state,
        )
        sitting.conference_types.set([city.conferences[name] for name in names])
    return sitting


@dataclass
class Household:
    case: Case
    persons: list[Person]
    consents: list = field(default_factory=list)


def consented_household(city: w.World, *names: str) -> Household:
    """The elderly agency's household of two; both consent to the office and these agencies."""
    case, persons = w.household(city.elderly)
    agencies = [city.agencies[n] for n in ("coordinator", *names)]
    given = [w.consent(city.elderly, p, *agencies) for p in persons]
    return Household(case, persons, given)


def consented_item(city, house, *names, sitting=None, **more) -> AgendaItem:  # type: ignore[no-untyped-def]
    sitting = sitting or make_sitting(city, "plan")
    with w.act(city.elderly):
        return propose_item(
            sitting=sitting,
            by=city.elderly,
            conference_type=city.conferences["plan"],
            **{
                "agenda_type": "social_resources",
                "case": house.case,
                "persons": house.persons,
                "title": "架空野 世帯",
                "briefing": "家計の見通し",
                "participants": [city.agencies[n] for n in names],
                **more,
            },
        )


def secret_item(city, *, sitting=None, case=None, secretary=None) -> AgendaItem:  # type: ignore[no-untyped-def]
    """A sheet without consent, put on the agenda of the 支援会議 by a listed secretary."""
    secretary = secretary or city.coordinator
    sitting = sitting or make_sitting(city, "support")
    if case is None:
        case, _persons = w.household(city.elderly)
    with w.act(city.elderly):
        referral = refer(
            case=case,
            by=city.elderly,
            mode="secrecy",
            reason="見守りたい",
            summary="概要",
            to_conference_type=city.conferences["support"],
        )
    with w.act(secretary):
        return propose_from_referral(
            referral=referral,
            sitting=sitting,
            by=secretary,
            agenda_type="watching",
            title="守秘の世帯",
            briefing="守秘の概要",
        )


def appointed(city, item, member, *, by=None, pledged=True) -> ItemGrant:  # type: ignore[no-untyped-def]
    with w.act(by or city.coordinator):
        grant = appoint(item=item, by=by or city.coordinator, member=member)
    if pledged:
        with w.act(member):
            take_pledge(grant=grant, by=member)
    return grant


def noticed(city, sitting, by=None) -> None:  # type: ignore[no-untyped-def]
    by = by or city.coordinator
    with w.act(by):
        send_notice(sitting=sitting, by=by)


def opened(city, sitting, by=None) -> None:  # type: ignore[no-untyped-def]
    by = by or city.coordinator
    noticed(city, sitting, by)
    with w.act(by):
        open_sitting(sitting=sitting, by=by)


def fresh(city: w.World, item: AgendaItem, by: Membership | None = None) -> AgendaItem:
    """The row as the secretary (or `by`) sees it now."""
    with w.act(by or city.coordinator):
        return AgendaItem.objects.get(pk=item.pk)


def change(city: w.World, row, by: Membership | None = None, **values) -> None:  # type: ignore[no-untyped-def]
    """Let time pass for a row: written by somebody the database lets write it."""
    with w.act(by or city.coordinator):
        assert type(row)._base_manager.filter(pk=row.pk).update(**values) == 1


def past() -> tuple[datetime.datetime, datetime.datetime]:
    """A period that is over."""
    now = timezone.now()
    return now - datetime.timedelta(days=9), now - datetime.timedelta(minutes=9)


__all__ = ["call_ad_hoc"]


def held(city: w.World, item: AgendaItem) -> AgendaItem:
    """The row as it is now, with its sitting."""
    with w.act(city.coordinator):
        return AgendaItem.objects.select_related("sitting", "conference_type").get(pk=item.pk)


def asked_item(city: w.World) -> AgendaItem:
    """Of a noticed sitting: elderly proposed it, disability takes part."""
    house = consented_household(city, "disability")
    item = consented_item(city, house, "disability", sitting=make_sitting(city, "plan", days=3))
    noticed(city, item.sitting)
    return held(city, item)
