"""The verbs of the agencies room: sign in and out, confirm, notify, put into the outbox."""

from .memberships import confirm_membership, create_membership, end_membership
from .outbox import file_job, mark_notices_read, notify, ring
from .signin import (
    end_session,
    is_locked_out,
    open_session,
    record_failed_sign_in,
    usable_memberships,
)

__all__ = [
    "confirm_membership",
    "create_membership",
    "end_membership",
    "end_session",
    "file_job",
    "is_locked_out",
    "mark_notices_read",
    "notify",
    "open_session",
    "record_failed_sign_in",
    "ring",
    "usable_memberships",
]
