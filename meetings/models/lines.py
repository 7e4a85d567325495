"""What is written while a sitting runs: 議事メモ line by line, and a decision half typed.

Lines are rows of whoever writes them, so that several people write at once and none waits for, or
writes over, another. Each is seen by whoever sees the item (V5, V6).
"""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from agencies.models import Membership
from config.lib.ids import new_id
from meetings.gate import of_item
from meetings.models.items import AgendaItem, OfItemQuerySet


class MinuteLine(models.Model):
    """議事メモ: what was said, by the hand that wrote it. Emptied, it is taken back."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    item = models.ForeignKey(AgendaItem, on_delete=models.PROTECT, related_name="lines")
    by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    text = models.TextField(_("議事メモ"))
    version = models.PositiveIntegerField(default=1)

    objects = OfItemQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["item", "at"], name="minute_line_item")]


class ItemDraftQuerySet(models.QuerySet["ItemDraft"]):
    """Doors to decisions half typed."""

    def visible_to(self, membership: Membership) -> ItemDraftQuerySet:
        """One's own, while one sees the item."""
        return self.filter(of_item(membership), by_id=membership.pk)


class ItemDraft(models.Model):
    """A decision being typed: kept behind the item's own gate, one's own alone, until the item is
    decided (a trigger takes it away)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    item = models.ForeignKey(AgendaItem, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    typed = models.JSONField(default=list)
    saved_at = models.DateTimeField(default=timezone.now)

    objects = ItemDraftQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "by"], name="item_draft_once")]
