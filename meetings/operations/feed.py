"""The address of a calendar feed: made, made anew, switched off by whose membership it is."""

from __future__ import annotations

import hashlib
import secrets

from django.db import transaction
from django.utils import timezone

from agencies.enums import Permission
from agencies.models import Membership
from agencies.permissions import check_may
from meetings.models import CalendarFeed
from meetings.operations.sitting import trace_sitting


def digest_of(word: str) -> bytes:
    """What is kept of the word in a feed's address."""
    return hashlib.sha256(word.encode()).digest()


@transaction.atomic
def make_feed(*, by: Membership) -> str:
    """The word of a new address, 32 random bytes, told this once; a former address stops."""
    check_may(by, Permission.READ_CASES)
    word = secrets.token_urlsafe(32)
    CalendarFeed.objects.visible_to(by).update_or_create(
        membership=by, defaults={"digest": digest_of(word), "made_at": timezone.now()}
    )
    trace_sitting(by, "make_feed")
    return word


@transaction.atomic
def stop_feed(*, by: Membership) -> bool:
    """The address answers no more. False when there was none."""
    running = CalendarFeed.objects.visible_to(by).filter(digest__isnull=False)
    if not running.update(digest=None):
        return False
    trace_sitting(by, "stop_feed")
    return True
