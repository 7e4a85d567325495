"""Who is acting: one setting per transaction, read by every policy through `kasane.actor()`.

The setting is local to the transaction: it ends with it, and a connection taken from the pool by
somebody else starts with nobody acting, who sees nothing (V1).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

SETTING = "kasane.actor"


def set_actor(membership_id: uuid.UUID | None) -> None:
    """Say who acts for the rest of this transaction; None = nobody."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select set_config(%s, %s, true)",
            [SETTING, str(membership_id) if membership_id else ""],
        )


def current_actor() -> uuid.UUID | None:
    """The membership the database believes to be acting, or None."""
    with connection.cursor() as cursor:
        cursor.execute("select nullif(current_setting(%s, true), '')", [SETTING])
        (value,) = cursor.fetchone()
    return uuid.UUID(value) if value else None


@contextmanager
def acting(membership_id: uuid.UUID | None) -> Iterator[None]:
    """Run a block in one transaction as `membership_id`, then be who one was before."""
    with transaction.atomic():
        before = current_actor()
        set_actor(membership_id)
        yield
        # After an error the savepoint's rollback restores the setting by itself.
        set_actor(before)
