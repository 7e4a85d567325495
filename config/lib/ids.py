"""Keys made by the client: UUIDv7, so that a grant can be written before the case it opens.

`INSERT … RETURNING` needs the new row to pass the read policy; see docs/decisions/0002.
"""

import uuid

from uuid_utils.compat import uuid7


def new_id() -> uuid.UUID:
    """A fresh time-ordered key."""
    return uuid7()
