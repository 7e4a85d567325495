"""年度の確認: what an agency answered when asked whether it still needs a case (V14)."""

from __future__ import annotations

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from agencies.models import Agency, Membership
from cases import enums
from cases.gate import NOTHING, reads_cases
from config.lib.ids import new_id

from .case import Case


class RecertificationQuerySet(models.QuerySet["Recertification"]):
    """Doors to the answers."""

    def visible_to(self, membership: Membership) -> RecertificationQuerySet:
        """My agency's own; and those about the cases it is responsible for."""
        if not reads_cases(membership):
            return self.filter(NOTHING)
        mine = Case.objects.filter(
            pk=OuterRef("case_id"), responsible_agency_id=membership.agency_id
        )
        return self.filter(Q(agency_id=membership.agency_id) | Q(Exists(mine)))


class Recertification(models.Model):
    """One answer of one round, never changed. Who has none is not confirmed: that is computed."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    opened_on = models.DateField()  # the first day of the round
    answer = models.CharField(max_length=10, choices=enums.RecertAnswer.choices)
    by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    objects = RecertificationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case", "agency", "opened_on"],
                condition=Q(answer="kept"),
                name="recertification_once",
            )
        ]
