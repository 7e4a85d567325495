"""V5's re-check: an item whose consents no longer cover it closes, and the office is told.

Whoever withdraws a consent need not see the item, so the database blocks it (a definer function)
and gives back what the notices need: keys and a number, no name.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.db import connection
from django.utils.translation import gettext as _

from agencies.operations import notify
from cases.operations.access import AFTER_SYNC


def block_uncovered(case_id: uuid.UUID | None) -> list[uuid.UUID]:
    """Block the live items of a case (None: of every case) that a consent no longer covers."""
    with connection.cursor() as cursor:
        cursor.execute("select * from kasane.block_uncovered_items(%s)", [case_id])
        rows = cursor.fetchall()
    tell_blocked(rows)
    return [row[0] for row in rows]


def tell_blocked(rows: Iterable[tuple[uuid.UUID, uuid.UUID, int | None, int, int]]) -> None:
    """Of each item that was blocked: item, sitting, secretariat, proposing agency, how many
    consents are missing."""
    for item, sitting, secretariat, proposer, missing in rows:
        title = _("議題の同意が足りなくなりました（足りない同意 %(n)s件）") % {"n": missing}
        # The secretariat cannot open the blocked item any more; the proposing agency can.
        places = {secretariat: f"/meetings/{sitting}/", proposer: f"/meetings/items/{item}/"}
        for agency, url in places.items():
            if agency is not None:
                notify(agency=agency, kind="item_blocked", title=title, url=url)


def _after_sync(case_id: uuid.UUID) -> None:
    block_uncovered(case_id)


if _after_sync not in AFTER_SYNC:
    AFTER_SYNC.append(_after_sync)
