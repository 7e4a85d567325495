"""The database's two logins: which one a process works with, and what it must not be able to do;
and what a web process must have before it lets anybody sign in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, connections

# The first minor versions in which row security holds across role changes and plan reuse
# (CVE-2023-2455, CVE-2024-10976).
SAFE_MINOR = {15: 9, 16: 5, 17: 1}
OLDEST_MAJOR = 15

BYPASS = """
SELECT
    (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user),
    EXISTS (SELECT 1 FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE n.nspname IN ('public', 'kasane') AND c.relkind IN ('r', 'p', 'v', 'm')
              AND pg_has_role(current_user, c.relowner, 'MEMBER')),
    current_setting('server_version_num')::integer
"""


@contextmanager
def owners_login() -> Iterator[None]:
    """Work as the owner: who may act at all is not the application's to write (profiles, users,
    memberships, keys). Within a transaction by role, which the suite's login alone may take."""
    if connection.in_atomic_block:
        before = _take_role(settings.DATABASES["owner"]["USER"])
        try:
            yield
        finally:
            if not connection.needs_rollback:
                _take_role(before)
        return
    own = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict.update(connections["owner"].settings_dict)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(own)


def _take_role(name: str) -> str:
    """Be `name` for the rest of the transaction; who one was before."""
    with connection.cursor() as cursor:
        cursor.execute("select current_setting('role')")
        (before,) = cursor.fetchone()
        cursor.execute("select set_config('role', %s, true)", [name])
    return str(before)


def refuse_bypassing_login() -> None:
    """Asked once when a web or worker process starts under the production settings: raise
    ImproperlyConfigured with one Japanese sentence if the gate could be gone round."""
    with connection.cursor() as cursor:
        cursor.execute(BYPASS)
        is_mighty, owns_tables, version = cursor.fetchone()
    if is_mighty:
        raise ImproperlyConfigured(
            "DATABASE_URL のログインは行の保護を素通りできます。"
            "SUPERUSER も BYPASSRLS も持たないログインにしてください。"
        )
    if owns_tables:
        raise ImproperlyConfigured(
            "DATABASE_URL のログインが表の所有者です。"
            "移行用（DATABASE_OWNER_URL）とは別の、何も所有しないログインにしてください。"
        )
    major, minor = divmod(version, 10000)
    if major < OLDEST_MAJOR or minor < SAFE_MINOR.get(major, 0):
        raise ImproperlyConfigured(
            f"PostgreSQL {major}.{minor} には行の保護に関わる既知の欠陥があります。"
            "更新してください。"
        )


def refuse_short_factor_key() -> None:
    """Asked once when a web process starts: without the key of its own, no second factor works."""
    if settings.KASANE_SECOND_FACTOR != "off" and len(settings.KASANE_FACTOR_KEY) < 32:
        raise ImproperlyConfigured(
            "KASANE_FACTOR_KEY が設定されていないか短すぎます。32文字以上の乱数を設定するか、"
            "KASANE_SECOND_FACTOR=off で二段階サインインをやめてください。"
        )
