"""Refuse a database login that row security does not bind, and a server known not to hold it.

Asked once when a web or worker process starts under the production settings.
"""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured
from django.db import connection

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


def refuse_bypassing_login() -> None:
    """Raise ImproperlyConfigured with one Japanese sentence if the gate could be gone round."""
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
