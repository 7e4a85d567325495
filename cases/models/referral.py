"""つなぎ: a handover sheet on its way to an agency, or to a secretariat without consent (V4)."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from agencies.models import Agency, ConferenceType, Membership
from cases import enums
from cases.gate import NOTHING, listed_scope, reads_cases, unshielded
from config.lib.ids import new_id

from .case import Case


class ReferralQuerySet(models.QuerySet["Referral"]):
    """Doors to handover sheets."""

    def visible_to(self, membership: Membership) -> ReferralQuerySet:
        """Sent by my agency; addressed to it and still open; or, without consent, to a
        secretariat I am listed on."""
        if not reads_cases(membership):
            return self.filter(NOTHING)
        listed = listed_scope(membership, "to_conference_type_id")
        return self.filter(
            Q(from_agency_id=membership.agency_id)
            | (
                Q(state__in=[enums.ReferralState.SENT, enums.ReferralState.ACCEPTED])
                & Q(Q(open_until__isnull=True) | Q(open_until__gt=Now()))
                & (
                    Q(to_agency_id=membership.agency_id)
                    | (Q(mode=enums.ReferralMode.SECRECY) & listed)
                )
            ),
            unshielded(persons="person_ids"),
        )

    def waiting(self) -> ReferralQuerySet:
        return self.filter(state=enums.ReferralState.SENT)

    def for_receiver(self, membership: Membership) -> ReferralQuerySet:
        """Sent by others to its agency, or to a conference: of these the gate says which it sees.
        Each is found by an index of its own."""
        to_me = Q(to_agency_id=membership.agency_id) | Q(to_conference_type__isnull=False)
        return self.filter(to_me).exclude(from_agency_id=membership.agency_id)


class Referral(models.Model):
    """つなぐシート: exactly what leaves the agency, composed by the sender."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="referrals")
    mode = models.CharField(max_length=20, choices=enums.ReferralMode.choices)
    from_agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    sent_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    sent_at = models.DateTimeField(default=timezone.now)
    to_agency = models.ForeignKey(
        Agency, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    to_conference_type = models.ForeignKey(
        ConferenceType, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    person_ids = ArrayField(models.UUIDField(), default=list)
    reason = models.TextField(_("つなぐ理由・期待する役割"))
    summary = models.TextField(_("伝える内容"))
    criteria = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    legal_ground = models.CharField(_("根拠条文"), max_length=100, blank=True)
    state = models.CharField(
        max_length=10, choices=enums.ReferralState.choices, default=enums.ReferralState.SENT
    )
    # The earliest end of the consents the sheet rests on; withdrawal closes it at once.
    open_until = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    answer_reason = models.TextField(blank=True)
    # 受領: set by the database when the receiver's first look is logged (migration 0035).
    seen_at = models.DateTimeField(null=True, blank=True)
    # What came of it, fed back to the sender by whoever took it on; said once.
    result = models.TextField(_("つなぎの結果"), blank=True, default="", db_default="")
    resulted_at = models.DateTimeField(null=True, blank=True)
    resulted_by = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    form_key = models.UUIDField(unique=True)

    objects = ReferralQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="referral_addressee",
                condition=Q(
                    mode="secrecy", to_agency__isnull=True, to_conference_type__isnull=False
                )
                | (
                    ~Q(mode="secrecy") & Q(to_agency__isnull=False, to_conference_type__isnull=True)
                ),
            ),
            models.CheckConstraint(
                name="referral_notification_ground",
                condition=~Q(mode="notification") | ~Q(legal_ground=""),
            ),
            models.CheckConstraint(
                name="referral_result_whole",
                condition=Q(result="", resulted_at__isnull=True, resulted_by__isnull=True)
                | (~Q(result="") & Q(resulted_at__isnull=False, resulted_by__isnull=False)),
            ),
            models.CheckConstraint(
                name="referral_returned_with_reason",
                condition=~Q(state="returned") | ~Q(answer_reason=""),
            ),
        ]
        indexes = [
            models.Index(fields=["to_agency", "state"], name="referral_to_state"),
            models.Index(fields=["from_agency", "state"], name="referral_from_state"),
            models.Index(
                fields=["from_agency", "-answered_at"],
                name="referral_answered",
                condition=Q(answered_at__isnull=False),
            ),
            models.Index(
                fields=["state", "to_conference_type"],
                name="referral_to_conference",
                condition=Q(to_conference_type__isnull=False),
            ),
        ]
