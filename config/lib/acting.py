"""Who is acting: signed by the database, per transaction, read by every policy (decision 0007).

`act` hands a secret to the definer function `kasane.act`, which signs the membership for this
transaction if the secret belongs to a live session that may act as it. A web process knows only
the secrets its requests bring along; a worker has a key for the system memberships; the owner's
own commands (demo, proofs) have one that acts as anybody.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import psycopg
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, connections, transaction

from config.lib.memory import forget

SETTING = "kasane.actor"
PREPARED_BY_SQL = "exists (select from pg_catalog.pg_prepared_statements where from_sql)"


class TamperedConnectionError(Exception):
    """Who had the connection before has left a prepared statement in it."""


class _OwnKey:
    """This process's own secret, beside those that requests bring."""

    secret = ""


def act(
    secret: str,
    membership_id: uuid.UUID | None,
    *,
    is_quiet: bool = False,
    using: str = "default",
) -> bool:
    """Act as the membership for the rest of this transaction; False, and nobody acts, when the
    secret is not of a live session that may, or the membership does not work (V11, V14).

    is_quiet: a page asks by itself, nobody has pressed anything; the session's half hour runs on.

    Raises TamperedConnectionError, and gives the connection up, when somebody has prepared a
    statement in it: the driver's own never come by SQL, and theirs would run in our place.
    """
    forget()
    sql = f"select kasane.act(%s, %s, %s), {PREPARED_BY_SQL}"
    params = [secret, membership_id, is_quiet]
    ((is_acting, is_tampered),) = ask_with_secret(sql, params, using=using)
    if is_tampered:
        connections[using].close()
        raise TamperedConnectionError
    return bool(is_acting)


def ask_with_secret(
    sql: str, params: Sequence[Any], *, using: str = "default"
) -> list[tuple[Any, ...]]:
    """The rows. The parameters travel beside the statement, never in it, where the server's
    activity view and perhaps its log would show them; and never through a prepared statement,
    which whoever had the connection before could have replaced."""
    connections[using].ensure_connection()
    with psycopg.Cursor(connections[using].connection) as cursor:
        return cursor.execute(sql, params, prepare=False).fetchall()


def act_as_nobody() -> None:
    """Nobody acts for the rest of this transaction: no row is seen (V1)."""
    _set("")


def current_actor() -> uuid.UUID | None:
    """The membership the database believes to be acting, or None."""
    with connection.cursor() as cursor:
        cursor.execute("select (kasane.actor()).membership_id")
        (value,) = cursor.fetchone()
    return value


@contextmanager
def acting(membership_id: uuid.UUID | None) -> Iterator[None]:
    """Run a block in one transaction as `membership_id` by this process's own key, then be who one
    was before. None, or a membership that does not work: nobody, who sees nothing (V1)."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("select current_setting(%s, true)", [SETTING])
            (before,) = cursor.fetchone()
        act(own_key(), membership_id)
        yield
        # What was signed for this transaction is good until its end; after an error the
        # savepoint's rollback restores the setting by itself.
        _set(before or "")


def own_key() -> str:
    """The secret of this process itself: a worker's, or the owner's; empty in a web process."""
    return _OwnKey.secret or settings.KASANE_WORKER_KEY


def put_key(key: str, kind: Literal["worker", "owner"], *, using: str = "default") -> str:
    """Let who holds `key` act, a worker's as the system memberships, the owner's as anybody (12
    hours). Over the owner's login alone (config.lib.login.owners_login)."""
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        if kind == "worker":
            cursor.execute("delete from kasane.session where kind = 'worker'")
        cursor.execute(
            "insert into kasane.session (token, kind) values (%s, %s)",
            [hashlib.sha256(key.encode()).digest(), kind],
        )
    return key


@contextmanager
def holding(key: str) -> Iterator[None]:
    """Let this process act by `key` for as long as the block runs."""
    before, _OwnKey.secret = _OwnKey.secret, key
    try:
        yield
    finally:
        _OwnKey.secret = before


def refuse_unknown_key() -> None:
    """Raise ImproperlyConfigured when a worker could do nothing for want of the key installed."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("select id from agencies_membership where system_name = 'scheduler'")
            (scheduler,) = cursor.fetchone()
        if not act(own_key(), scheduler):
            raise ImproperlyConfigured(
                "KASANE_WORKER_KEY がデータベースに入れた鍵と違います。"
                "manage.py install_worker_key を同じ鍵で実行してください。"
            )
        act_as_nobody()


def _set(value: str) -> None:
    forget()
    with connection.cursor() as cursor:
        cursor.execute("select set_config(%s, %s, true)", [SETTING, value])
