"""What nobody may write, tried on every gated table of a drawn world; each try is taken back.

Who is nobody (V1) puts a row in anew, changes and removes without naming a column, so that no read
policy stands before the write policy. Then people: for each write there is a policy for, somebody
who may, and, of a change, somebody who reads the row and may not.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import DatabaseError, connections, transaction

from config.lib.acting import act, own_key

ROWS = 6
PRIVILEGE = "42501"  # also what row security refuses with
POLICIES = """
SELECT tablename, cmd, bool_or(with_check IS DISTINCT FROM 'true') FROM pg_policies
WHERE schemaname = 'public' AND %s::name = ANY (roles) AND permissive = 'PERMISSIVE'
  AND cmd IN ('INSERT', 'UPDATE', 'DELETE') GROUP BY 1, 2 ORDER BY 1, 2
"""
COLUMN = """
SELECT quote_ident(a.attname) FROM pg_attribute AS a
WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
  AND has_column_privilege(%s, a.attrelid, a.attnum, 'UPDATE')
  AND NOT EXISTS (SELECT 1 FROM pg_index AS i WHERE i.indrelid = a.attrelid AND i.indisprimary
                  AND a.attnum = ANY (i.indkey))
ORDER BY a.attnum LIMIT 1
"""
WRITTEN = """
SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute AS a
WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
"""
KEY = """
SELECT quote_ident(a.attname) FROM pg_index AS i JOIN pg_attribute AS a
  ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
WHERE i.indrelid = %s::regclass AND i.indisprimary
"""


@dataclass
class Written:
    """What came of every write, as „VERB table"."""

    let_through: set[str] = field(default_factory=set)  # nobody was not refused
    allowed: set[str] = field(default_factory=set)  # somebody may
    refused: set[str] = field(default_factory=set)  # somebody reads the row and may not change it
    tried: set[str] = field(default_factory=set)
    conditional: set[str] = field(default_factory=set)  # whose changes stand under a condition


def try_writing(
    owner: str, app: str, role: str, members: Iterable[uuid.UUID], tables: Iterable[str] = ()
) -> Written:
    """Every write there is a policy for, on these tables or all."""
    found, chosen, people = Written(), set(tables), list(members)
    for table, verb, has_condition in _rows(owner, POLICIES, role):
        rows = _rows(owner, f"SELECT to_json(t) FROM {table} AS t LIMIT {ROWS}")  # noqa: S608
        if rows and (not chosen or table in chosen) and (has_condition or verb != "INSERT"):
            samples = [json.dumps(row) for (row,) in rows]
            _try(found, owner, app, role, f"{verb} {table}", samples, people)
            if verb == "UPDATE" and has_condition:
                found.conditional.add(f"{verb} {table}")
    return found


def _try(
    found: Written, owner: str, app: str, role: str, name: str, samples: list[str],
    people: list[uuid.UUID],
) -> None:  # fmt: skip
    verb, table = name.split()
    found.tried.add(name)
    column = next((c for (c,) in _rows(owner, COLUMN, table, role)), "")
    ((key,),) = _rows(owner, KEY, table)
    ((written,),) = _rows(owner, WRITTEN, table)
    # Names of tables and columns, all from the catalogue (S608).
    row = f"json_populate_record(NULL::{table}, %s)"
    sql = {
        "INSERT": f"INSERT INTO {table} ({written}) SELECT {written} FROM {row}",  # noqa: S608
        "UPDATE": f"UPDATE {table} SET {column} = (SELECT {column} FROM {row})",  # noqa: S608
        "DELETE": f"DELETE FROM {table}",  # noqa: S608
    }[verb]
    first = samples[:1] if "%s" in sql else []
    if not _is_refused(verb, *_tried(app, None, sql, *first)):
        found.let_through.add(name)
    for member in people:
        if name in found.allowed and (verb != "UPDATE" or name in found.refused):
            return
        if verb == "INSERT":
            tries = [_tried(app, member, sql, sample) for sample in samples]
        else:
            keys = _seen(app, member, f"SELECT {key} FROM {table} LIMIT {ROWS}")  # noqa: S608
            tries = [_tried(app, member, f"{sql} WHERE {key} = %s", *first, k) for k in keys]
        for code, count in tries:
            if count or code == "23505":
                found.allowed.add(name)
            elif code == PRIVILEGE:
                found.refused.add(name)


def _is_refused(verb: str, code: str, count: int) -> bool:
    """A new row by row security, or by a trigger before it; a constraint comes after it. A change
    finds no row to change: being refused by the condition of the new row is too late."""
    if verb == "INSERT":
        return code in (PRIVILEGE, "trigger")
    return code == "" and not count


def _tried(app: str, member: uuid.UUID | None, sql: str, *params: Any) -> tuple[str, int]:
    """The error's code and how many rows; taken back."""
    with transaction.atomic(using=app), connections[app].cursor() as cursor:
        act(own_key(), member, using=app)
        code, count = "", 0
        try:
            cursor.execute(sql, params)
            count = cursor.rowcount
        except DatabaseError as error:
            cause: Any = error.__cause__
            code = cause.sqlstate
            if (code.startswith("23") and cause.diag.constraint_name is None) or code == "P0001":
                code = "trigger"
        transaction.set_rollback(True, using=app)
    return code, count


def _seen(app: str, member: uuid.UUID, sql: str) -> list[Any]:
    with transaction.atomic(using=app), connections[app].cursor() as cursor:
        act(own_key(), member, using=app)
        cursor.execute(sql)
        return [row[0] for row in cursor.fetchall()]


def _rows(using: str, sql: str, *params: Any) -> list[tuple[Any, ...]]:
    with connections[using].cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()
