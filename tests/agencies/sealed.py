"""A log in a database of its own: rows are committed, sealed, and then tampered with."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from django.db import connections

from agencies import verification
from agencies.enums import Action, SystemName
from agencies.models import Membership
from agencies.sealing import seal_log
from agencies.trail import log_access
from config.lib import seals
from config.lib.acting import acting
from reports.proof.scratch import scratch
from tests.owner import own_login


@contextmanager
def own_database() -> Iterator[None]:
    """`default` and `owner` on a copy of the migrated database, for as long as the block runs."""
    aliases = ("default", "owner")
    names = {alias: connections[alias].settings_dict["NAME"] for alias in aliases}
    for alias in aliases:
        connections[alias].close()
    with scratch(template=os.environ.get("KASANE_TEST_TEMPLATE") or names["owner"]) as (own, app):
        name = connections[own].settings_dict["NAME"]
        for alias in (own, app):  # another copy may be made while this one is in use
            connections[alias].close()
            del connections[alias]
        for alias in aliases:
            connections[alias].settings_dict["NAME"] = name
        try:
            yield
        finally:
            for alias in aliases:
                connections[alias].close()
                connections[alias].settings_dict["NAME"] = names[alias]


def scheduler() -> Membership:
    return Membership.objects.get(system_name=SystemName.SCHEDULER)


def write(*whats: str) -> None:
    """A line each, each in a transaction of its own."""
    by = scheduler()
    for what in whats:
        with acting(by.pk):
            log_access(by, Action.OPEN, what=what)


def seal() -> int:
    return seal_log(by=scheduler())


def ask(sql: str, *params: object, alias: str = "owner") -> list[tuple]:
    with connections[alias].cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall() if cursor.description else []


def keys() -> dict[str, int]:
    """The id of each line by what it says."""
    return dict(ask("SELECT what, id FROM agencies_accesslog"))


def other_session() -> psycopg.Connection:
    """A session of the application's login beside ours."""
    return own_login()


def unlock() -> None:
    """What whoever owns the tables can do: put the triggers out of the way."""
    for table in ("agencies_accesslog", "agencies_logseal"):
        ask(f"ALTER TABLE {table} DISABLE TRIGGER USER")


def reseal(key: str) -> None:
    """Make every seal anew from the rows it names, and sign with this key."""
    previous = seals.FIRST
    for (number,) in ask("SELECT number FROM agencies_logseal ORDER BY number"):
        rows = ask(
            f"SELECT {verification.ROW} FROM agencies_logseal AS s,"
            " unnest(s.ids) WITH ORDINALITY AS u(id, place)"
            " JOIN agencies_accesslog AS l ON l.id = u.id WHERE s.number = %s ORDER BY u.place",
            number,
        )
        leaves = b"".join(seals.leaf(bytes(row)) for (row,) in rows)
        ask(
            "UPDATE agencies_logseal SET leaves = %s, root = %s, previous = %s WHERE number = %s",
            leaves, seals.merkle_root(leaves), previous, number,
        )  # fmt: skip
        ((digest,),) = ask(
            "UPDATE agencies_logseal AS s SET head = kasane.head_of(s) WHERE number = %s"
            " RETURNING kasane.head_of(s)",
            number,
        )
        previous = bytes(digest)
        private = seals.read_key(key)
        ask(
            "UPDATE agencies_logseal SET signature = %s, public_key = %s WHERE number = %s",
            seals.sign(private, previous), seals.public_bytes(private), number,
        )  # fmt: skip


def findings(file: Path | None = None, *public: bytes) -> list[dict]:
    return verification.verify(using="owner", heads=file, trusted=public).findings
