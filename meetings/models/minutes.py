"""議事録 of an item: versions that nobody changes, and what was decided about each (承認).

Seen by whoever sees the item (V5, V6). The newest version is the minutes; an approval is of one
version, and a later one needs its own.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from agencies.models import DecisionStep, Membership
from config.lib.ids import new_id
from meetings.models.items import AgendaItem, OfItemQuerySet


class MinutesVersion(models.Model):
    """One version, counted within the item."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    item = models.ForeignKey(AgendaItem, on_delete=models.PROTECT, related_name="minutes_versions")
    number = models.PositiveSmallIntegerField(_("版"))
    text = models.TextField(_("議事録"))
    # Why it was changed once it was approved, or once its readers could read it no more (V6).
    reason = models.CharField(_("直した理由"), max_length=200, blank=True)
    by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    objects = OfItemQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "number"], name="minutes_version_once"),
            models.CheckConstraint(
                name="minutes_version_whole", condition=Q(number__gte=1) & ~Q(text="")
            ),
        ]


class MinutesStep(DecisionStep):
    """A line of the 承認 of one version."""

    item = models.ForeignKey(AgendaItem, on_delete=models.PROTECT, related_name="minutes_steps")
    number = models.PositiveSmallIntegerField(_("版"))

    objects = OfItemQuerySet.as_manager()

    class Meta(DecisionStep.Meta):
        abstract = False
        constraints = [
            *DecisionStep.Meta.constraints,
            models.UniqueConstraint(
                fields=["item", "number"], condition=Q(is_final=True), name="minutes_approved_once"
            ),
        ]
