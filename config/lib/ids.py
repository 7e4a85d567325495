"""Keys made by the client: UUIDv7, so that a grant can be written before the case it opens.

`INSERT … RETURNING` needs the new row to pass the read policy; see docs/decisions/0002.
"""

import datetime
import uuid

from uuid_utils.compat import uuid7


def new_id() -> uuid.UUID:
    """A fresh time-ordered key."""
    return uuid7()


def id_of(moment: datetime.datetime) -> uuid.UUID:
    """A fresh key of what began then: sorted by key, it stands where it began."""
    since_1970 = max(0, int(moment.timestamp() * 1_000_000))
    return uuid7(nanoseconds=since_1970 * 1000)
