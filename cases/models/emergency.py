"""緊急閲覧: a case opened without consent because life, body or property is in danger (V8)."""

from __future__ import annotations

from django.contrib.postgres.fields import DateTimeRangeField
from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.db.models import Q
from django.utils import timezone
from guardian.models import UserObjectPermissionBase

from agencies.enums import Permission
from agencies.models import Agency, LegalBasis, Membership, Municipality
from cases import enums
from cases.gate import NOTHING, reads_cases, shielded_case
from config.lib.ids import new_id

from .case import Case


class EmergencyQuerySet(models.QuerySet["Emergency"]):
    """Doors to emergency accesses."""

    def visible_to(self, membership: Membership) -> EmergencyQuerySet:
        """Those I hold; those in cases my agency is responsible for; the privacy officer: the
        city's. A refused one is never shown to who tried: it would tell that the case exists."""
        scope = NOTHING
        if reads_cases(membership):
            # Beneath a shield its words stay with its list (V9).
            scope = Q(membership_id=membership.pk, refused_at__isnull=True)
            scope |= Q(responsible_agency_id=membership.agency_id) & (
                Q(membership_id=membership.pk) | ~shielded_case("content_object_id")
            )
        if membership.may(Permission.REVIEW_ACCESS):
            scope |= Q(municipality_id=membership.municipality.pk)
        return self.filter(scope)

    def open(self) -> EmergencyQuerySet:
        """Running now."""
        return self.filter(
            refused_at__isnull=True, ended_at__isnull=True, period__contains=TransactionNow()
        )

    def unreviewed(self) -> EmergencyQuerySet:
        return self.filter(reviewed_at__isnull=True)


class Emergency(UserObjectPermissionBase):
    """One access, or one attempt that was refused. Written by `kasane.open_emergency` alone; who
    holds it changes nothing of it, others end it early and review it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    municipality = models.ForeignKey(Municipality, on_delete=models.PROTECT, related_name="+")
    content_object = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    # As it was then: who has to be told. A column: a policy that read the case would recurse.
    responsible_agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    danger = models.CharField(max_length=10, choices=enums.Danger.choices)
    ground = models.ForeignKey(LegalBasis, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()
    opened_at = models.DateTimeField(default=timezone.now)
    period = DateTimeRangeField()
    refused_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    finding = models.CharField(max_length=20, choices=enums.Finding.choices, blank=True)
    review = models.TextField(blank=True)
    reviewed_at = models.DateTimeField(null=True, blank=True)
    reviewed_by = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = EmergencyQuerySet.as_manager()  # type: ignore[assignment,misc]  # not guardian's

    class Meta(UserObjectPermissionBase.Meta):
        abstract = False
        unique_together = []
        constraints = [
            models.CheckConstraint(
                name="emergency_reviewed_whole",
                condition=Q(reviewed_at__isnull=True, reviewed_by__isnull=True, finding="")
                | Q(reviewed_at__isnull=False, reviewed_by__isnull=False)
                & ~Q(finding="")
                & ~Q(review=""),
            ),
            models.CheckConstraint(
                name="emergency_ended_whole",
                condition=Q(ended_at__isnull=True, ended_by__isnull=True)
                | Q(ended_at__isnull=False, ended_by__isnull=False),
            ),
            models.CheckConstraint(name="emergency_says_why", condition=~Q(reason="")),
        ]
        indexes = [
            models.Index(fields=["membership"], name="emergency_membership"),
            models.Index(fields=["municipality", "-opened_at"], name="emergency_city"),
        ]
