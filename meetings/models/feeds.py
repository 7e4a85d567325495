"""カレンダーの購読: the address at which a calendar program reads a membership's sittings."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from agencies.models import Membership
from cases.gate import reads_cases
from config.lib.ids import new_id


class CalendarFeedQuerySet(models.QuerySet["CalendarFeed"]):
    """Doors to feeds."""

    def visible_to(self, membership: Membership) -> CalendarFeedQuerySet:
        """One's own, in the membership it was made in."""
        if not reads_cases(membership):
            return self.none()
        return self.filter(membership_id=membership.pk)


class CalendarFeed(models.Model):
    """One a membership. Its address is a key: whoever has it reads days and rooms, no more."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    membership = models.OneToOneField(Membership, on_delete=models.PROTECT, related_name="+")
    # SHA-256 of the word in the address, which stands nowhere; none: switched off.
    digest = models.BinaryField(null=True, unique=True)
    made_at = models.DateTimeField(default=timezone.now)

    objects = CalendarFeedQuerySet.as_manager()
