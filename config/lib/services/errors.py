"""What ends a start: one sentence for the person at the terminal, never a stack trace."""

from __future__ import annotations


class ServiceError(Exception):
    """Something the person can mend; the message says in Japanese what and how."""


def reason(error: OSError) -> str:
    """The operating system's own word for what went wrong."""
    return error.strerror or str(error)
