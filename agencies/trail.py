"""The one way to write the access log (V10): a definer function, in the transaction of the look.

The application's login cannot write the table itself. Ids and names only, never a text.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.db import connection

from agencies.enums import Action, Purpose
from agencies.models import Membership


def log_access(
    membership: Membership | None,
    action: Action,
    *,
    what: str,
    purpose: Purpose | str = Purpose.CONSULTATION,
    basis: str = "",
    case_id: uuid.UUID | None = None,
    record_ids: Iterable[uuid.UUID] = (),
    item_id: uuid.UUID | None = None,
    was_allowed: bool = True,
) -> None:
    """Write one line. Raises whatever the database raises: no row, no page."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select kasane.log_access(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                membership.pk if membership else None,
                str(action),
                str(purpose),
                basis,
                what,
                case_id,
                list(record_ids),
                item_id,
                was_allowed,
            ],
        )
