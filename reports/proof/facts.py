"""The facts the rules ask about: plain rows, named as the columns they were read from.

No ORM, no stored grant is believed: `CaseGrant` is here only as a row somebody may or may not see.
"""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

TOKYO = ZoneInfo("Asia/Tokyo")


@dataclass(frozen=True)
class Period:
    """From an instant to an instant, the end excluded; None = open on that side."""

    since: datetime.datetime | None = None
    until: datetime.datetime | None = None

    def holds(self, now: datetime.datetime) -> bool:
        return (self.since is None or self.since <= now) and (
            self.until is None or now < self.until
        )


@dataclass(frozen=True)
class Membership:
    """One user for one agency in one role; `permissions` are the role's."""

    id: uuid.UUID
    agency_id: int | None
    municipality_id: int | None
    permissions: frozenset[str]
    system_name: str
    since: datetime.date
    until: datetime.date | None
    confirmed_at: datetime.datetime | None
    is_user_active: bool
    username: str = ""
    user_id: int | None = None


@dataclass(frozen=True)
class Agency:
    group_id: int
    municipality_id: int
    name: str = ""


@dataclass(frozen=True)
class City:
    id: int
    consent_age: int


@dataclass(frozen=True)
class ConferenceType:
    id: int
    name: str
    bases: tuple[str, ...]
    closes_after_days: int | None


@dataclass(frozen=True)
class StandingMember:
    id: int
    conference_type_id: int
    agency_id: int | None
    ended_on: datetime.date | None


@dataclass(frozen=True)
class Secretary:
    id: uuid.UUID
    conference_type_id: int
    membership_id: uuid.UUID
    fiscal_year: int
    pledged_at: datetime.datetime | None
    ended_at: datetime.datetime | None


@dataclass(frozen=True)
class Case:
    id: uuid.UUID
    municipality_id: int
    number: str
    responsible_agency_id: int
    status: str


@dataclass(frozen=True)
class Person:
    id: uuid.UUID
    case_id: uuid.UUID
    label: str
    birth_on: datetime.date | None
    birth_year: int | None
    is_deceased: bool
    died_on: datetime.date | None
    author_agency_id: int


@dataclass(frozen=True)
class Contact:
    """Where a person is (V9)."""

    person_id: uuid.UUID

    @property
    def id(self) -> uuid.UUID:
        return self.person_id


@dataclass(frozen=True)
class Closing:
    """The words of a closing."""

    case_id: uuid.UUID

    @property
    def id(self) -> uuid.UUID:
        return self.case_id


@dataclass(frozen=True)
class Draft:
    """What somebody has typed into a form and not yet sent."""

    id: uuid.UUID
    membership_id: uuid.UUID
    case_id: uuid.UUID | None


@dataclass(frozen=True)
class ItemDraft:
    """A decision on an item that somebody is typing."""

    id: uuid.UUID
    item_id: uuid.UUID
    by_id: uuid.UUID


@dataclass(frozen=True)
class CalendarFeed:
    """The address at which a calendar program reads a membership's sittings."""

    id: uuid.UUID
    membership_id: uuid.UUID


@dataclass(frozen=True)
class Shield:
    """支援措置 of a person: in force once confirmed and until lifted."""

    id: uuid.UUID
    case_id: uuid.UUID
    person_id: uuid.UUID
    confirmed_at: datetime.datetime | None
    lifted_at: datetime.datetime | None


@dataclass(frozen=True)
class Place:
    """A place on a shield's list."""

    id: uuid.UUID
    shield_id: uuid.UUID
    membership_id: uuid.UUID
    ended_at: datetime.datetime | None


@dataclass(frozen=True)
class Hold:
    """What a list has said of a row: waiting, released or kept."""

    id: uuid.UUID
    shield_id: uuid.UUID
    kind: str
    row_id: uuid.UUID
    decision: str


@dataclass(frozen=True)
class Record:
    id: uuid.UUID
    case_id: uuid.UUID
    category: str
    audience: str
    person_ids: tuple[uuid.UUID, ...]
    is_household: bool
    carry_out_id: uuid.UUID | None
    author_agency_id: int
    author_id: uuid.UUID


@dataclass(frozen=True)
class Team:
    """An agency in the support team, and by what it says to have come in."""

    id: uuid.UUID
    case_id: uuid.UUID
    agency_id: int
    via: str
    joined_at: datetime.datetime
    left_at: datetime.datetime | None


@dataclass(frozen=True)
class Consent:
    id: uuid.UUID
    case_id: uuid.UUID
    person_id: uuid.UUID
    answer: str
    categories: tuple[str, ...]
    covers_household: bool
    method: str
    given_on: datetime.date
    period: Period
    taken_by_agency_id: int
    withdrawn_at: datetime.datetime | None


@dataclass(frozen=True)
class ConsentLine:
    id: uuid.UUID
    consent_id: uuid.UUID
    agency_id: int | None
    conference_type_id: int | None
    is_exception: bool


@dataclass(frozen=True)
class Grant:
    """A row of the grant store: looked at, never believed."""

    id: uuid.UUID
    content_object_id: uuid.UUID
    group_id: int
    granted_by_agency_id: int
    basis: str
    consent_id: uuid.UUID | None
    period: Period
    revoked_at: datetime.datetime | None


@dataclass(frozen=True)
class Referral:
    id: uuid.UUID
    case_id: uuid.UUID
    mode: str
    from_agency_id: int
    to_agency_id: int | None
    to_conference_type_id: int | None
    person_ids: tuple[uuid.UUID, ...]
    state: str
    answered_at: datetime.datetime | None
    open_until: datetime.datetime | None


@dataclass(frozen=True)
class Transfer:
    """移管: sent, accepted, returned or taken back; whom the former agency vouched for."""

    id: uuid.UUID
    case_id: uuid.UUID
    from_agency_id: int
    to_agency_id: int
    person_ids: tuple[uuid.UUID, ...]
    known_ids: tuple[uuid.UUID, ...]
    state: str


@dataclass(frozen=True)
class Disclosure:
    """An entry of the disclosure register; with an item it is a letter's (V6)."""

    id: uuid.UUID
    municipality_id: int
    agency_id: int
    item_key: uuid.UUID | None
    case_id: uuid.UUID | None
    recorded_by_id: uuid.UUID


@dataclass(frozen=True)
class LeftWork:
    """A task whose agency was closed out, in the hands of the agency then responsible."""

    id: uuid.UUID
    case_id: uuid.UUID
    to_agency_id: int


@dataclass(frozen=True)
class CaseWorker:
    """Who of an agency looks after a case."""

    id: uuid.UUID
    case_id: uuid.UUID
    agency_id: int


@dataclass(frozen=True)
class Placement:
    """By how much an agency moved a symbol of a picture."""

    id: uuid.UUID
    case_id: uuid.UUID
    agency_id: int
    person_id: uuid.UUID | None
    tie_id: uuid.UUID | None


@dataclass(frozen=True)
class HouseholdLink:
    """Which person of one case is which of another (V18)."""

    id: uuid.UUID
    from_person_id: uuid.UUID
    to_person_id: uuid.UUID
    author_agency_id: int


@dataclass(frozen=True)
class Recertification:
    """What an agency answered when asked whether it still needs a case."""

    id: uuid.UUID
    case_id: uuid.UUID
    agency_id: int


@dataclass(frozen=True)
class ReadRequest:
    """Somebody is asked to look at a record (供覧, a mention)."""

    id: uuid.UUID
    record_id: uuid.UUID
    membership_id: uuid.UUID
    agency_id: int


@dataclass(frozen=True)
class MoveOut:
    """A paper for another municipality; whom it tells of stands in its record."""

    record_id: uuid.UUID

    @property
    def id(self) -> uuid.UUID:
        return self.record_id


@dataclass(frozen=True)
class NoteTemplate:
    """A phrase of an agency."""

    id: uuid.UUID
    agency_id: int


@dataclass(frozen=True)
class Refiling:
    """What a record was before it was moved to another category or audience."""

    id: uuid.UUID
    record_id: uuid.UUID
    category_before: str
    audience_before: str
    at: datetime.datetime


@dataclass(frozen=True)
class Consultation:
    id: uuid.UUID
    agency_id: int
    case_id: uuid.UUID | None


@dataclass(frozen=True)
class Emergency:
    """A household opened by one membership because of a danger, or an attempt refused (V8)."""

    id: uuid.UUID
    municipality_id: int
    content_object_id: uuid.UUID
    membership_id: uuid.UUID
    responsible_agency_id: int
    period: Period
    refused_at: datetime.datetime | None
    ended_at: datetime.datetime | None


@dataclass(frozen=True)
class CarryOut:
    id: uuid.UUID
    case_id: uuid.UUID
    review_on: datetime.date
    decided_by_id: uuid.UUID


@dataclass(frozen=True)
class CarryOutPerson:
    """A person named by a carry-out."""

    id: uuid.UUID
    content_object_id: uuid.UUID
    membership_id: uuid.UUID
    granted_by_id: uuid.UUID
    period: Period
    revoked_at: datetime.datetime | None


@dataclass(frozen=True)
class Sitting:
    id: uuid.UUID
    municipality_id: int
    on: datetime.date | None
    state: str
    noticed_at: datetime.datetime | None


@dataclass(frozen=True)
class Item:
    id: uuid.UUID
    sitting_id: uuid.UUID
    conference_type_id: int
    basis: str
    case_id: uuid.UUID | None
    person_ids: tuple[uuid.UUID, ...]
    material_ids: tuple[uuid.UUID, ...]
    attached_ids: tuple[uuid.UUID, ...]
    participant_ids: tuple[int, ...]
    proposing_agency_id: int
    state: str
    open_period: Period | None


@dataclass(frozen=True)
class Appointment:
    id: uuid.UUID
    content_object_id: uuid.UUID
    membership_id: uuid.UUID
    conference_type_id: int
    sitting_id: uuid.UUID
    pledged_at: datetime.datetime | None
    revoked_at: datetime.datetime | None


@dataclass(frozen=True)
class Log:
    id: int
    membership_id: uuid.UUID | None
    agency_id: int | None
    municipality_id: int | None
    action: str
    purpose: str
    basis: str
    case_id: uuid.UUID | None
    record_ids: tuple[uuid.UUID, ...]
    item_id: uuid.UUID | None
    was_allowed: bool


@dataclass(frozen=True)
class Notice:
    id: uuid.UUID
    agency_id: int
    membership_id: uuid.UUID | None


@dataclass(frozen=True)
class MailAddress:
    """Where somebody wants to be told that notices wait."""

    id: uuid.UUID
    user_id: int


@dataclass(frozen=True)
class Job:
    id: uuid.UUID


@dataclass(frozen=True)
class Hint:
    id: uuid.UUID
    municipality_id: int


@dataclass(frozen=True)
class CityRow:
    """A row that names no case: places, resources, figures."""

    table: str
    id: Any
    municipality_id: int


@dataclass(frozen=True)
class Part:
    """A row that is seen exactly when the whole it hangs on is seen (a note of its record)."""

    table: str
    id: Any
    whole_table: str
    whole_id: Any


@dataclass(frozen=True)
class Version:
    """A row of a history table: of which row, and that row as it then was where it differs."""

    table: str
    id: int
    now_table: str
    now_id: Any
    then: Any = None
    at: datetime.datetime | None = None  # when this version was written


TABLES: dict[type, str] = {
    Case: "cases_case",
    Person: "cases_person",
    Contact: "cases_contact",
    Closing: "cases_closing",
    Draft: "cases_draft",
    Shield: "cases_shield",
    Place: "cases_shieldmember",
    Hold: "cases_shieldhold",
    Record: "cases_record",
    Team: "cases_supportteam",
    Consent: "cases_consent",
    ConsentLine: "cases_consentline",
    Grant: "cases_casegrant",
    Referral: "cases_referral",
    Transfer: "cases_transfer",
    Disclosure: "cases_disclosure",
    LeftWork: "cases_leftwork",
    CaseWorker: "cases_caseworker",
    Placement: "cases_placement",
    HouseholdLink: "cases_householdlink",
    Recertification: "cases_recertification",
    Refiling: "cases_refiling",
    ReadRequest: "cases_readrequest",
    NoteTemplate: "cases_notetemplate",
    MoveOut: "cases_moveout",
    Consultation: "cases_consultation",
    Emergency: "cases_emergency",
    CarryOut: "cases_carryout",
    CarryOutPerson: "cases_carryoutgrant",
    Sitting: "meetings_sitting",
    Item: "meetings_agendaitem",
    Appointment: "meetings_itemgrant",
    ItemDraft: "meetings_itemdraft",
    CalendarFeed: "meetings_calendarfeed",
    Log: "agencies_accesslog",
    Notice: "agencies_notice",
    Job: "agencies_job",
    MailAddress: "agencies_mailaddress",
    Hint: "cases_duplicatehint",
}


def table_of(row: Any) -> str:
    """The table a row came from."""
    return TABLES.get(type(row)) or str(row.table)
