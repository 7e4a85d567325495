"""担当者: who of an agency looks after a household, one at a time (V14: what somebody leaves)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from agencies.models import Agency, Membership
from cases import enums
from cases.gate import NOTHING, asked_by, reads_cases, working_scope
from config.lib.ids import new_id

from .case import Case


class CaseWorkerQuerySet(models.QuerySet["CaseWorker"]):
    """Doors to who looks after a case."""

    def visible_to(self, membership: Membership) -> CaseWorkerQuerySet:
        """Those of my agency; and of the cases it is responsible for, the partners' too."""
        if not reads_cases(membership):
            return self.filter(NOTHING)
        mine = asked_by(
            membership,
            """{whose} = {agency} OR EXISTS (SELECT 1 FROM cases_case AS c
                WHERE c.id = {case} AND c.responsible_agency_id = {agency})""",
        )
        return self.filter(mine.asked({"case": "case_id", "whose": "agency_id"}))

    def standing(self) -> CaseWorkerQuerySet:
        return self.filter(ended_at__isnull=True)

    def to_hand_over(self, by: Membership) -> CaseWorkerQuerySet:
        """Of `by`'s agency, in running cases it still works on."""
        return (
            self.visible_to(by)
            .standing()
            .filter(
                working_scope(by),
                agency_id=by.agency_id,
                case__status=enums.CaseStatus.ACTIVE,
            )
        )


class CaseWorker(models.Model):
    """One person's charge of a case for their agency. Ended and followed by the next, never
    changed: who looked after whom stays provable."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="workers")
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    since = models.DateTimeField(default=timezone.now)
    named_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = CaseWorkerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case", "agency"],
                condition=Q(ended_at__isnull=True),
                name="case_worker_once",
            )
        ]
        indexes = [
            # What somebody leaves: which cases are in this membership's charge?
            models.Index(fields=["membership"], name="case_worker_membership")
        ]
