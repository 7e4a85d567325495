"""All the facts of a database at one moment, with the look-ups the rules need."""

from __future__ import annotations

import datetime
import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from reports.proof.facts import (
    TOKYO,
    Agency,
    Appointment,
    CarryOutPerson,
    City,
    ConferenceType,
    Consent,
    ConsentLine,
    Emergency,
    Hold,
    Item,
    Membership,
    Person,
    Place,
    Record,
    Referral,
    Refiling,
    Secretary,
    Shield,
    StandingMember,
    Team,
    Transfer,
    table_of,
)  # fmt: skip


@dataclass
class World:
    """Everything there is, unfiltered, with the few look-ups the rules need."""

    now: datetime.datetime
    memberships: dict[uuid.UUID, Membership] = field(default_factory=dict)
    agencies: dict[int, Agency] = field(default_factory=dict)
    cities: dict[int, City] = field(default_factory=dict)
    conference_types: dict[int, ConferenceType] = field(default_factory=dict)
    standing: list[StandingMember] = field(default_factory=list)
    secretaries: list[Secretary] = field(default_factory=list)
    rows: dict[str, dict[Any, Any]] = field(default_factory=lambda: defaultdict(dict))
    by: dict[tuple[str, Any], list[Any]] = field(default_factory=lambda: defaultdict(list))
    memo: dict[Any, Any] = field(default_factory=dict)

    @property
    def today(self) -> datetime.date:
        return self.now.astimezone(TOKYO).date()

    def add(self, rows: Iterable[Any]) -> None:
        """Put rows in, each also under the case, consent, item … it belongs to."""
        for row in rows:
            self.rows[table_of(row)][row.id] = row
            match row:
                case Person() | Team() | Consent() | Referral() | Transfer() | Shield():
                    self.by[type(row).__name__, row.case_id].append(row)
                case Place():
                    self.by["Place", row.shield_id].append(row)
                case Hold():
                    self.by["Hold", (row.shield_id, row.row_id)].append(row)
                case ConsentLine():
                    self.by["ConsentLine", row.consent_id].append(row)
                case Refiling():
                    self.by["Refiling", row.record_id].append(row)
                case Emergency():
                    self.by["Emergency", row.content_object_id].append(row)
                case CarryOutPerson() | Appointment():
                    self.by[type(row).__name__, row.content_object_id].append(row)
                    if isinstance(row, Appointment):
                        self.by["Asked", row.sitting_id].append(row)
                case Item():
                    self.by["Item", row.case_id].append(row)
                    for record in row.material_ids:
                        self.by["laid", record].append(row)
                    for earlier in row.attached_ids:
                        self.by["attached", earlier].append(row)
            if isinstance(row, Person) or (isinstance(row, Record) and row.carry_out_id is None):
                self.by["wrote", row.case_id].append(row.author_agency_id)

    def of(self, kind: str, key: Any) -> list[Any]:
        """The rows of a kind that belong to `key`."""
        return self.by.get((kind, key), [])

    def get(self, table: str, key: Any) -> Any:
        return self.rows.get(table, {}).get(key)

    def every(self) -> Iterable[Any]:
        """All gated rows."""
        for rows in self.rows.values():
            yield from rows.values()
