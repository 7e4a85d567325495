"""支援措置 (V9): a shield over one person, its list, and what waits to be read by the list.

A shield is proposed by one user and confirmed by another, whom the proposal names; lifting takes
two again. Both stand on the list, and nobody but the list reads any of these rows. What is held is
closed to everybody else until a list member releases it (migration 0010 writes the holds).
"""

from __future__ import annotations

import datetime
from typing import Any

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from agencies.models import Membership, User
from cases import enums
from cases.gate import NOTHING, reads_cases
from config.lib.ids import new_id

from .access import CarryOut, Consent
from .case import Case, Closing, Person
from .consentpapers import ConsentScan, LeftWork
from .consultation import Consultation
from .records import Record
from .referral import Referral
from .transfer import Transfer

# The rows a shield may close, each with its own door; rooms above append theirs.
HELD: list[Any] = [
    Record, Consultation, Referral, Transfer, CarryOut, LeftWork, Consent, ConsentScan, Closing,
]  # fmt: skip


PROPOSAL_STANDS = datetime.timedelta(days=30)


class ShieldQuerySet(models.QuerySet["Shield"]):
    """Doors to shields."""

    def visible_to(self, membership: Membership) -> ShieldQuerySet:
        """Those on whose list one stands."""
        if not reads_cases(membership):
            return self.filter(NOTHING)
        return self.filter(Exists(_place(membership)))

    def in_force(self) -> ShieldQuerySet:
        return self.filter(confirmed_at__isnull=False, lifted_at__isnull=True)


def _place(membership: Membership) -> models.QuerySet[ShieldMember]:
    return ShieldMember.objects.filter(
        shield=OuterRef("pk"), membership_id=membership.pk, ended_at__isnull=True
    )


class Shield(models.Model):
    """支援措置 of one person. In force = confirmed and not lifted; the expiry only reminds."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="shields")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="shields")
    ground = models.CharField(max_length=20, choices=enums.ShieldGround.choices)
    expires_on = models.DateField()
    proposed_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    # Users in columns: two memberships of one person are one person.
    proposed_user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(default=timezone.now)
    # Named by the proposal: nobody else is shown the list.
    confirmer = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    confirmed_user = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True, blank=True)
    lift_proposed_by = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    lift_proposed_user = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    lift_proposed_at = models.DateTimeField(null=True, blank=True)
    lift_reason = models.CharField(max_length=200, blank=True)
    # Lifted; or, never confirmed, taken back.
    lifted_by = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    lifted_user = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    lifted_at = models.DateTimeField(null=True, blank=True)
    form_key = models.UUIDField(unique=True)

    objects = ShieldQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person"],
                condition=Q(confirmed_at__isnull=False, lifted_at__isnull=True),
                name="shield_one_in_force",
            ),
            models.CheckConstraint(
                name="shield_set_by_two",
                condition=Q(confirmed_at__isnull=True, confirmed_user__isnull=True)
                | (
                    Q(confirmed_at__isnull=False, confirmed_user__isnull=False)
                    & ~Q(confirmed_user=F("proposed_user"))
                ),
            ),
            models.CheckConstraint(
                name="shield_lift_proposed_whole",
                condition=Q(
                    lift_proposed_at__isnull=True,
                    lift_proposed_by__isnull=True,
                    lift_proposed_user__isnull=True,
                    lift_reason="",
                )
                | (
                    Q(
                        confirmed_at__isnull=False,
                        lift_proposed_at__isnull=False,
                        lift_proposed_by__isnull=False,
                        lift_proposed_user__isnull=False,
                    )
                    & ~Q(lift_reason="")
                ),
            ),
            models.CheckConstraint(
                name="shield_lifted_by_two",
                condition=Q(
                    lifted_at__isnull=True, lifted_by__isnull=True, lifted_user__isnull=True
                )
                | (
                    Q(lifted_at__isnull=False, lifted_by__isnull=False, lifted_user__isnull=False)
                    & (
                        Q(confirmed_at__isnull=True)
                        | (
                            Q(lift_proposed_at__isnull=False)
                            & ~Q(lifted_user=F("lift_proposed_user"))
                        )
                    )
                ),
            ),
        ]
        indexes = [models.Index(fields=["case"], name="shield_case")]

    @property
    def is_in_force(self) -> bool:
        return self.confirmed_at is not None and self.lifted_at is None

    @property
    def is_waiting(self) -> bool:
        """Proposed, and neither confirmed nor taken back."""
        return self.confirmed_at is None and self.lifted_at is None

    @property
    def has_lapsed(self) -> bool:
        """Waiting for too long: it is proposed anew, not confirmed any more (the database too)."""
        return self.is_waiting and self.proposed_at < timezone.now() - PROPOSAL_STANDS


class ShieldMemberQuerySet(models.QuerySet["ShieldMember"]):
    """Doors to lists."""

    def visible_to(self, membership: Membership) -> ShieldMemberQuerySet:
        """Of the lists one stands on: nobody else learns who does."""
        shields = Shield.objects.visible_to(membership).filter(pk=OuterRef("shield_id"))
        return self.filter(Exists(shields))

    def standing(self) -> ShieldMemberQuerySet:
        return self.filter(ended_at__isnull=True)


class ShieldMember(models.Model):
    """A place on a shield's list. Ended, never deleted."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    shield = models.ForeignKey(Shield, on_delete=models.PROTECT, related_name="members")
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    added_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = ShieldMemberQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["shield", "membership"],
                condition=Q(ended_at__isnull=True),
                name="shield_member_once",
            )
        ]
        indexes = [
            # The gate: on which lists does this membership stand?
            models.Index(
                fields=["membership"],
                condition=Q(ended_at__isnull=True),
                name="shield_member_gate",
            )
        ]


class ShieldHoldQuerySet(models.QuerySet["ShieldHold"]):
    """Doors to what waits."""

    def visible_to(self, membership: Membership) -> ShieldHoldQuerySet:
        """Of the lists one stands on, and of rows one may read oneself: a list tells of no sealed
        item (V6)."""
        shields = Shield.objects.visible_to(membership).filter(pk=OuterRef("shield_id"))
        readable = NOTHING
        for model in HELD:
            rows = model.objects.visible_to(membership).filter(pk=OuterRef("row_id"))
            readable |= Q(kind=model._meta.db_table) & Q(Exists(rows))
        return self.filter(readable, Exists(shields))

    def waiting(self) -> ShieldHoldQuerySet:
        """Of a shield in force, nobody has decided yet."""
        return self.filter(
            decision=enums.HoldDecision.WAITING,
            shield__confirmed_at__isnull=False,
            shield__lifted_at__isnull=True,
        )


class ShieldHold(models.Model):
    """A row of the case that is closed to all but the list, until one of them has read it.

    Written by the database as a text is written or a shield set; decided by the list.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    shield = models.ForeignKey(Shield, on_delete=models.PROTECT, related_name="holds")
    kind = models.CharField(max_length=40)  # the table of the row
    row_id = models.UUIDField()
    decision = models.CharField(
        max_length=10, choices=enums.HoldDecision.choices, default=enums.HoldDecision.WAITING
    )
    # Whose words: their own transaction still reads them.
    by = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = ShieldHoldQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["row_id", "shield"], name="shield_hold_once")
        ]
