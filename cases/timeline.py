"""これまで as a page of its own: everything one may read of a case, filtered and searched.

Words are looked for in the entries that would be shown, as they would be shown: titles and texts of
every room's records, through the reader's own gate. So there is no index beside the gate that could
tell of what is hidden (V15). A household's record is small; the walk stops after `WALK` records and
goes on where it stopped.
"""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections.abc import Mapping
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from agencies.models import Agency, Membership
from cases import enums, looks
from cases.caselines import file_lines
from cases.casepage import SHOWN, Entry, entry_of, events_between, read_place, window_of
from cases.models import Case, NoteTask, Person, Record
from cases.models.records import RecordQuerySet
from cases.recordtitles import entries_of
from config.lib.kana import fold
from config.lib.prepared import prepared

STEP = 200
WALK = 2_000


@dataclasses.dataclass(frozen=True)
class Wish:
    """What to show: empty fields show everything."""

    kind: str = ""
    person: str = ""
    category: str = ""
    agency: int | None = None
    since: datetime.date | None = None
    until: datetime.date | None = None
    is_new: bool = False
    steps: bool = False
    words: str = ""

    @property
    def is_any(self) -> bool:
        return self != Wish()


@dataclasses.dataclass(frozen=True)
class TimelinePage:
    """One page of it; `older`: where the next begins; `stopped`: the walk ended before the end."""

    entries: list[Entry]
    older: str
    stopped: bool
    record_ids: list[uuid.UUID]
    since: datetime.datetime | None


def timeline_page(
    membership: Membership, case: Case, persons: dict[uuid.UUID, Person], wish: Wish, before: str
) -> TimelinePage:
    """Gather the page for this reader."""
    since = looks.last_look(membership, case)
    found, drawn, older, stopped = _walk(
        membership, case, _wanted(membership, case, wish, since), wish, before
    )
    marks = looks.marks(membership, found, since)
    files = file_lines(membership, found)
    lines = [
        (
            e.at,
            e.record_id,
            entry_of(e, found[e.record_id], persons, files.get(e.record_id, ()), marks),
        )
        for e in drawn
    ]
    if not wish.is_any:
        lines += events_between(membership, case, window_of(before, older))
    lines.sort(key=lambda line: line[:2], reverse=True)
    return TimelinePage([line[2] for line in lines], older, stopped, [*found], since)


def _written(membership: Membership, case: Case) -> RecordQuerySet:
    rows = Record.objects.standing_with(membership).for_case(case)
    return rows.select_related("author_agency")


@prepared
def _newest(membership: Membership, case: Case) -> RecordQuerySet:
    return _written(membership, case).newest_first()[: SHOWN + 1]


def _wanted(
    membership: Membership, case: Case, wish: Wish, since: datetime.datetime | None
) -> RecordQuerySet:
    rows = _written(membership, case)
    exact = {"kind": wish.kind, "category": wish.category, "author_agency_id": wish.agency}
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    if wish.person == "household":
        rows = rows.filter(is_household=True)
    elif wish.person:
        rows = rows.filter(person_ids__contains=[uuid.UUID(wish.person)])
    if wish.since:
        rows = rows.filter(happened_at__date__gte=wish.since)
    if wish.until:
        rows = rows.filter(happened_at__date__lte=wish.until)
    if wish.is_new:
        rows = (
            rows.filter(written_at__gt=since).exclude(author=membership) if since else rows.none()
        )
    if wish.steps:
        open_steps = NoteTask.objects.standing_with(membership).open()
        rows = rows.filter(pk__in=open_steps.filter(record__case_id=case.pk).values("record_id"))
    return rows


def _walk(
    membership: Membership, case: Case, rows: RecordQuerySet, wish: Wish, before: str
) -> tuple[dict[uuid.UUID, Record], list[Any], str, bool]:
    """Records with their entries until a page is full. Without words: one step of one page."""
    step = STEP if wish.words else SHOWN
    place, found, drawn, walked = read_place(before), {}, [], 0
    while True:
        if place is not None:
            earlier = Q(happened_at__lt=place[0]) | Q(happened_at=place[0], id__lt=place[1])
            batch = list(rows.filter(earlier).newest_first()[: step + 1])
        elif wish.is_any:
            batch = list(rows.newest_first()[: step + 1])
        else:
            batch = list(_newest(membership, case))
        is_last, batch = len(batch) <= step, batch[:step]
        entries = entries_of(membership, case, batch) if batch else {}
        for record in batch:
            place = (record.happened_at, record.pk)
            entry = entries[record.pk]
            if not wish.words or _has(entry, record, wish.words):
                found[record.pk] = record
                drawn.append(entry)
            if len(drawn) == SHOWN and not (is_last and record is batch[-1]):
                return found, drawn, f"{place[0].isoformat()}_{place[1]}", False
        walked += len(batch)
        if is_last or place is None:
            return found, drawn, "", False
        if walked >= WALK:
            return found, drawn, f"{place[0].isoformat()}_{place[1]}", True


def _has(entry: Any, record: Record, words: str) -> bool:
    """Every word, whatever its width and kana."""
    text = fold(f"{entry.title}\n{entry.text}\n{record.author_agency.name}")
    return all(fold(word) in text for word in words.split())


def choices_for(
    membership: Membership, case: Case, persons: Mapping[uuid.UUID, Person]
) -> dict[str, list[tuple[str, str]]]:
    """What can be chosen, from what the reader may read. One query."""
    return {
        "kind": [(value, str(label)) for value, label in enums.RecordKind.choices],
        "person": [
            *((str(key), person.shown_name) for key, person in persons.items()),
            ("household", _("世帯全体")),
        ],
        "category": [(value, str(label)) for value, label in enums.Category.choices],
        "agency": [(str(key), name) for key, name in _authors(membership, case)],
    }


@prepared
def _authors(membership: Membership, case: Case) -> QuerySet[Agency, Any]:
    written = Record.objects.standing_with(membership).for_case(case)
    agencies = Agency.objects.filter(pk__in=written.values("author_agency_id"))
    return agencies.order_by("name").values_list("pk", "name")
