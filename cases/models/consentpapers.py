"""What hangs on a consent: the signed paper as it was scanned, and the open work its end left."""

from __future__ import annotations

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from agencies.models import Agency, Membership
from cases.gate import NOTHING, reads_cases, unshielded
from config.lib.ids import new_id

from .access import Consent
from .case import Case


class ConsentScanQuerySet(models.QuerySet["ConsentScan"]):
    """Doors to scans."""

    def visible_to(self, membership: Membership) -> ConsentScanQuerySet:
        """Those of consents one sees whole (V3)."""
        consents = Consent.objects.visible_to(membership).filter(pk=OuterRef("consent_id"))
        return self.filter(
            Exists(consents),
            unshielded(case="consent__case_id", person="consent__person_id"),
        )


class ConsentScan(models.Model):
    """署名された同意書: a file of a consent. Added, never changed or removed (0005)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    consent = models.ForeignKey(Consent, on_delete=models.PROTECT, related_name="scans")
    name = models.CharField(max_length=240)
    media_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()  # bytes
    sha256 = models.CharField(max_length=64)
    added_at = models.DateTimeField(default=timezone.now)
    author = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")

    objects = ConsentScanQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(name="consent_scan_not_empty", condition=Q(size__gt=0)),
            models.UniqueConstraint(fields=["consent", "sha256"], name="consent_scan_once"),
        ]


class ConsentScanContentQuerySet(models.QuerySet["ConsentScanContent"]):
    """Doors to the bytes."""

    def visible_to(self, membership: Membership) -> ConsentScanContentQuerySet:
        scans = ConsentScan.objects.visible_to(membership).filter(pk=OuterRef("scan_id"))
        return self.filter(Exists(scans))


class ConsentScanContent(models.Model):
    """The bytes of a scan, read only to be handed out."""

    scan = models.OneToOneField(
        ConsentScan, primary_key=True, on_delete=models.PROTECT, related_name="content"
    )
    data = models.BinaryField()

    objects = ConsentScanContentQuerySet.as_manager()


class LeftWorkQuerySet(models.QuerySet["LeftWork"]):
    """Doors to work left behind."""

    def visible_to(self, membership: Membership) -> LeftWorkQuerySet:
        """To whom they were left: the agency then responsible (V3)."""
        if not reads_cases(membership):
            return self.filter(NOTHING)
        return self.filter(Q(to_agency_id=membership.agency_id), unshielded())


class LeftWork(models.Model):
    """An open task of an agency that a consent no longer reaches: title and due date, for the
    responsible agency. Never the text around it (V3)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="left_work")
    consent = models.ForeignKey(Consent, on_delete=models.PROTECT, related_name="+")
    from_agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    to_agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=400)
    due_on = models.DateField(null=True, blank=True)
    left_at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")

    objects = LeftWorkQuerySet.as_manager()
