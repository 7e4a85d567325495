"""移管: responsibility for a case on its way to another agency of the city (V2).

Its rows are written by definer functions alone (migration 0004): the responsible agency sends, the
other one accepts or returns.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from agencies.models import Agency, Membership
from cases import enums
from cases.gate import NOTHING, reads_cases, unshielded
from config.lib.ids import new_id

from .case import Case


class TransferQuerySet(models.QuerySet["Transfer"]):
    """Doors to transfers."""

    def visible_to(self, membership: Membership) -> TransferQuerySet:
        """Sent by my agency; or to it, as long as the consents it rests on reach it."""
        if not reads_cases(membership):
            return self.filter(NOTHING)
        reaches = Func(
            F("case_id"),
            F("person_ids"),
            F("to_agency_id"),
            function="kasane.transfer_reaches",
            output_field=models.BooleanField(),
        )
        return self.annotate(reaches=reaches).filter(
            Q(from_agency_id=membership.agency_id)
            | Q(
                to_agency_id=membership.agency_id,
                state__in=[enums.TransferState.SENT, enums.TransferState.ACCEPTED],
                reaches=True,
            ),
            unshielded(persons="person_ids"),
        )

    def waiting(self) -> TransferQuerySet:
        return self.filter(state=enums.TransferState.SENT)


class Transfer(models.Model):
    """One proposal to take over a case, and its answer."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="transfers")
    from_agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    to_agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    sent_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    sent_at = models.DateTimeField(default=timezone.now)
    reason = models.TextField(_("移管の理由・引きつぐこと"))
    # The living persons whose consents it rests on.
    person_ids = ArrayField(models.UUIDField(), default=list)
    # The persons the former agency vouched for: their household tick still counts (V3).
    known_ids = ArrayField(models.UUIDField(), default=list)
    state = models.CharField(
        max_length=10, choices=enums.TransferState.choices, default=enums.TransferState.SENT
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    answer_reason = models.TextField(blank=True)

    objects = TransferQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="transfer_to_another", condition=~Q(from_agency=F("to_agency"))
            ),
            models.CheckConstraint(
                name="transfer_answered_whole",
                condition=Q(state="sent", answered_at__isnull=True, answered_by__isnull=True)
                | (~Q(state="sent") & Q(answered_at__isnull=False, answered_by__isnull=False)),
            ),
            models.CheckConstraint(
                name="transfer_returned_with_reason",
                condition=~Q(state="returned") | ~Q(answer_reason=""),
            ),
            models.UniqueConstraint(
                fields=["case"], condition=Q(state="sent"), name="transfer_one_waiting"
            ),
        ]
        indexes = [models.Index(fields=["to_agency", "state"], name="transfer_to_state")]
