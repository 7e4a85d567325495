"""Sittings as a calendar file (RFC 5545) for other programs: a day and a room, nothing of an item,
a case or a person (V6). The same file is downloaded and fetched by a feed."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.urls import reverse
from icalendar import Calendar, Event, Timezone

from config.lib.acting import ask_with_secret
from meetings.enums import SittingState as S

TOKYO: Final = ZoneInfo("Asia/Tokyo")
# Japan has had one offset since 1951: the file need not tell of the years before.
SINCE: Final = datetime.date(2020, 1, 1)
# Without an end a program shows an instant, or nothing; an hour is what it would offer itself.
UNKNOWN_LENGTH: Final = datetime.timedelta(hours=1)
DAY: Final = datetime.timedelta(days=1)


class Told(NamedTuple):
    """What is told of a sitting: the columns of `kasane.sittings_told`, in their order."""

    id: UUID
    bodies: str
    on: datetime.date
    starts_at: datetime.time | None
    ends_at: datetime.time | None
    place: str
    state: str
    sequence: int
    changed_at: datetime.datetime


def sittings_told(digest: bytes | None = None) -> list[Told] | None:
    """The sittings of a feed, by the hash of its word, or (None) of whoever acts: those of the
    bodies of their agency, else the city's, from 60 days ago on. None when no such feed runs."""
    rows = ask_with_secret("select * from kasane.sittings_told(%s)", [digest])
    return [Told(*row) for row in rows if row[0] is not None] if rows else None


def as_file(sittings: Iterable[Told], site: str) -> bytes:
    """The calendar. site: the address of the product, without a slash at its end."""
    calendar = Calendar()
    calendar.add("prodid", "-//Kasane//Sittings//JA")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", "会議（かさね）")
    zone = Timezone.from_tzinfo(TOKYO, "Asia/Tokyo", first_date=SINCE)
    zone.pop("comment", None)  # the library's, on years beyond which it has not looked
    calendar.add_component(zone)
    for sitting in sittings:
        calendar.add_component(_event(sitting, site))
    return bytes(calendar.to_ical())


def _event(sitting: Told, site: str) -> Event:
    start, end = _period(sitting)
    event = Event()
    event.add("uid", str(sitting.id))
    # Of a file that invites nobody, the stamp is when its words last changed (RFC 5545 3.8.7.2).
    event.add("dtstamp", sitting.changed_at)
    event.add("last-modified", sitting.changed_at)
    event.add("sequence", sitting.sequence)
    event.add("dtstart", start)
    event.add("dtend", end)
    event.add("summary", sitting.bodies)
    if sitting.place:
        event.add("location", sitting.place)
    event.add("url", site + reverse("sitting_detail", args=[sitting.id]))
    event.add("status", _status(sitting.state))
    return event


def _period(
    sitting: Told,
) -> tuple[datetime.date, datetime.date] | tuple[datetime.datetime, datetime.datetime]:
    """From when until when; a sitting without an hour is the whole day's."""
    if sitting.starts_at is None:
        return sitting.on, sitting.on + DAY
    start = datetime.datetime.combine(sitting.on, sitting.starts_at, TOKYO)
    if sitting.ends_at is None or sitting.ends_at <= sitting.starts_at:
        return start, start + UNKNOWN_LENGTH
    return start, datetime.datetime.combine(sitting.on, sitting.ends_at, TOKYO)


def _status(state: str) -> str:
    """Programs take a cancelled one away, and draw what has not been called as not yet certain."""
    if state == S.CANCELLED:
        return "CANCELLED"
    return "TENTATIVE" if state == S.PLANNED else "CONFIRMED"
