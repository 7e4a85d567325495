"""Reads every row, unfiltered, over the owner's connection into the model's world.

The owner's login has a policy of its own on every gated table (migrations and proofs).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from django.db import connections
from psycopg.types.range import Range

from reports.proof import facts
from reports.proof.facts import CityRow, Part, Period, Version
from reports.proof.world import World

MEMBERSHIPS = """
SELECT m.id, m.agency_id, a.municipality_id, COALESCE(r.permissions, '{}') AS permissions,
       m.system_name, m.since, m.until, m.confirmed_at, COALESCE(u.is_active, true)
           AS is_user_active, COALESCE(u.username, m.system_name) AS username, m.user_id
FROM agencies_membership AS m
LEFT JOIN agencies_agency AS a ON a.group_id = m.agency_id
LEFT JOIN agencies_role AS r ON r.key = m.role_id
LEFT JOIN agencies_user AS u ON u.id = m.user_id
"""

# Rows that are seen with the whole they hang on: their key, the whole, the column naming it.
HANGING = (
    ("record_id", "cases_record", "record_id", (
        "cases_note", "cases_issue", "cases_assessmentsection", "cases_cautionnote",
        "cases_riskassessment", "plans_plan", "plans_monitoring",
        "plans_evaluation", "outreach_visit", "participation_match", "participation_followup",
        "community_issuesource", "cases_tie", "cases_notetask",
    )),
    ("id", "cases_record", "record_id", ("cases_attachment",)),
    ("id", "cases_consent", "consent_id", ("cases_consentscan",)),
    ("scan_id", "cases_consentscan", "scan_id", ("cases_consentscancontent",)),
    ("attachment_id", "cases_attachment", "attachment_id", ("cases_attachmentcontent",)),
    ("id", "plans_plan", "plan_id", ("plans_goal", "plans_supportitem", "plans_planstep",
        "plans_planapproval")),
    ("id", "cases_consultation", "consultation_id", (
        "cases_consultationperson", "cases_consultationissue",
    )),
    ("id", "meetings_agendaitem", "item_id", (
        "meetings_itemattendance", "meetings_itemstep", "meetings_itemperson",
        "meetings_papercopy", "meetings_informationrequest", "meetings_minuteline",
        "meetings_minutesversion", "meetings_minutesstep",
    )),
    ("id", "cases_moveout", "move_out_id", ("cases_moveoutanswer",)),
    ("id", "meetings_sitting", "sitting_id", ("meetings_sitting_conference_types",)),
)  # fmt: skip
PARTS = {table: (key, whole, column) for key, whole, column, tables in HANGING for table in tables}

# History tables (V13): (the row now, the column of its key).
VERSIONS: dict[str, tuple[str, str]] = {
    "cases_historicalperson": ("cases_person", "id"),
    "cases_historicalconsent": ("cases_consent", "id"),
    "cases_historicalnote": ("cases_note", "record_id"),
    "cases_historicalissue": ("cases_issue", "record_id"),
    "cases_historicalassessmentsection": ("cases_assessmentsection", "record_id"),
    "cases_historicaltie": ("cases_tie", "record_id"),
    "cases_historicalcautionnote": ("cases_cautionnote", "record_id"),
    "cases_historicalriskassessment": ("cases_riskassessment", "record_id"),
    "plans_historicalplan": ("plans_plan", "record_id"),
    "outreach_historicalvisit": ("outreach_visit", "record_id"),
    "cases_historicalcontact": ("cases_contact", "person_id"),
}
CITY_ROWS = (
    "participation_resource", "community_place", "community_placeevent",
    "community_communityissue", "community_issuestep", "reports_figure", "reports_indicatorvalue",
    "reports_lookdecision", "agencies_contactpoint", "meetings_series",
)  # fmt: skip

# The key by which the three answers are compared, where it is not `id`.
KEYS: dict[str, str] = {
    **{table: key for table, (key, _whole, _column) in PARTS.items()},
    **dict.fromkeys(VERSIONS, "history_id"),
    "cases_contact": "person_id",
    "cases_closing": "case_id",
    "cases_moveout": "record_id",
}
GATED: tuple[str, ...] = (*facts.TABLES.values(), *PARTS, *VERSIONS, *CITY_ROWS)


def key_of(table: str) -> str:
    return KEYS.get(table, "id")


def _plain(value: Any) -> Any:
    if isinstance(value, Range):
        return Period(value.lower, value.upper)
    return tuple(value) if isinstance(value, list) else value


def _fetch(using: str, sql: str) -> Iterator[tuple[Any, ...]]:
    with connections[using].cursor() as cursor:
        cursor.execute(sql)
        for row in cursor.fetchall():
            yield tuple(map(_plain, row))


def _rows(using: str, kind: type, source: str) -> Iterator[Any]:
    """The rows of `source` as facts of this kind: the fields are the columns."""
    columns = ", ".join(f'"{field.name}"' for field in dataclasses.fields(kind))
    for row in _fetch(using, f"SELECT {columns} FROM {source} AS source"):  # noqa: S608 - our names
        yield kind(*row)


def load(using: str = "owner") -> World:
    """The world as it is now, by the database's clock."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT now()")
        world = World(now=cursor.fetchone()[0])
    for m in _rows(using, facts.Membership, f"({MEMBERSHIPS})"):
        world.memberships[m.id] = dataclasses.replace(m, permissions=frozenset(m.permissions))
    for agency in _rows(using, facts.Agency, "agencies_agency"):
        world.agencies[agency.group_id] = agency
    for city in _rows(using, facts.City, "agencies_municipality"):
        world.cities[city.id] = city
    for kind in _rows(using, facts.ConferenceType, "agencies_conferencetype"):
        world.conference_types[kind.id] = kind
    world.standing = list(_rows(using, facts.StandingMember, "agencies_standingmember"))
    world.secretaries = list(_rows(using, facts.Secretary, "agencies_secretariatmember"))
    for kind, table in facts.TABLES.items():
        world.add(_rows(using, kind, table))
    for table in CITY_ROWS:
        rows = _fetch(using, f"SELECT id, municipality_id FROM {table}")  # noqa: S608 - our names
        world.add(CityRow(table, *row) for row in rows)
    for table, (key, whole, column) in PARTS.items():
        rows = _fetch(using, f"SELECT {key}, {column} FROM {table}")  # noqa: S608 - our names
        world.add(Part(table, row[0], whole, row[1]) for row in rows)
    for table, (now_table, column) in VERSIONS.items():
        world.add(_versions(using, table, now_table, column))
    return world


def _versions(using: str, table: str, now_table: str, column: str) -> Iterator[Version]:
    """Versions; persons and consents also as they then were, since the rules read their columns
    (what the rules read of a record stands in its envelope, which has no versions)."""
    then = {name: kind for kind, name in facts.TABLES.items()}.get(now_table)
    fields = [field.name for field in dataclasses.fields(then)] if then else []
    columns = ", ".join(f'"{name}"' for name in ["history_id", "history_date", column, *fields])
    for key, at, now_key, *values in _fetch(using, f"SELECT {columns} FROM {table}"):  # noqa: S608 - our names
        yield Version(table, key, now_table, now_key, then(*values) if then else None, at)
