"""開示の記録: what was given to others, or used for another purpose, without the person's consent
to the team (個人情報保護法69条, 27条; V4)."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from agencies.enums import Permission
from agencies.models import Agency, LegalBasis, Membership, Municipality
from cases import enums
from cases.gate import NOTHING, reads_cases, shielded_case
from config.lib.ids import new_id

from .case import Case
from .referral import Referral


class DisclosureQuerySet(models.QuerySet["Disclosure"]):
    """Doors to the register."""

    def visible_to(self, membership: Membership) -> DisclosureQuerySet:
        """My agency's own; the privacy officer: the city's. A letter under 106条の6 stands with its
        item, so of its row only the privacy officer knows (V6)."""
        scope = NOTHING
        if reads_cases(membership):
            # Whoever wrote the words reads them; others not beneath a shield (V9).
            readable = Q(recorded_by_id=membership.pk) | ~shielded_case("case_id")
            scope = Q(agency_id=membership.agency_id, item_key__isnull=True) & readable
        if membership.may(Permission.REVIEW_ACCESS):
            scope |= Q(municipality_id=membership.municipality.pk)
        return self.filter(scope)


class Disclosure(models.Model):
    """One entry, never changed. Notifications, sheets without consent, letters and papers for other
    municipalities are entered by the database (migrations 0007 and 0034, meetings 0005); what else
    left, or was used otherwise, by hand."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    municipality = models.ForeignKey(Municipality, on_delete=models.PROTECT, related_name="+")
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=enums.DisclosureKind.choices)
    on = models.DateField(_("提供・利用した日"))
    recipient = models.CharField(_("提供先"), max_length=200, blank=True)
    # The article as it stood on that day. None: the profile does not say what kind of provider.
    ground = models.ForeignKey(
        LegalBasis, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    statute = models.CharField(_("求めや義務を定める法令"), max_length=200, blank=True)
    purpose = models.TextField(_("目的・理由"), blank=True)
    categories = ArrayField(models.CharField(max_length=20), default=list)
    person_count = models.PositiveSmallIntegerField(default=0)  # 0: not said
    case = models.ForeignKey(
        Case, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    referral = models.OneToOneField(
        Referral, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # An agenda item of the room above, for a letter of it.
    item_key = models.UUIDField(null=True, blank=True)
    recorded_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(default=timezone.now)
    form_key = models.UUIDField(null=True, blank=True, unique=True)

    objects = DisclosureQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="disclosure_by_hand_whole",
                condition=~Q(kind__in=["provided", "used"])
                | (
                    Q(ground__isnull=False, case__isnull=False, form_key__isnull=False)
                    & Q(referral__isnull=True, item_key__isnull=True)
                    & ~Q(purpose="")
                    & (Q(kind="used") | ~Q(recipient=""))
                ),
            ),
        ]
        indexes = [
            models.Index(fields=["municipality", "-on"], name="disclosure_city_on"),
            models.Index(fields=["agency", "-on"], name="disclosure_agency_on"),
        ]
