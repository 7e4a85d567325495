"""議題: what a sitting has before it, who is appointed, what is decided.

An item is gated by V5 (its participants' agencies, while every person's consent covers them) or by
V6 (the people appointed to it who took the pledge, from the notice until some days after the
sitting, and the secretariat).
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField, DateTimeRangeField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from guardian.models import UserObjectPermissionBase

from agencies.enums import AgendaType
from agencies.models import Agency, ConferenceType, Membership
from cases.gate import RECORD_RULES, listed_scope
from cases.models import CarryOut, Case, Person
from cases.models.shield import HELD
from config.lib.ids import new_id
from meetings import enums
from meetings.gate import item_scope, laid_before, of_item
from meetings.models.sittings import Sitting
from plans.models import Plan


class AgendaItemQuerySet(models.QuerySet["AgendaItem"]):
    """Doors to items."""

    def visible_to(self, membership: Membership) -> AgendaItemQuerySet:
        return self.filter(item_scope(membership))

    def in_order(self) -> AgendaItemQuerySet:
        """As a cover lists them: with consent first, sealed after, each as the office set them."""
        return self.order_by("basis", "order_at", "pk")


class AgendaItem(models.Model):
    """議題. Its order is counted among what the reader sees: no gap tells of a sealed one."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    sitting = models.ForeignKey(Sitting, on_delete=models.PROTECT, related_name="items")
    conference_type = models.ForeignKey(ConferenceType, on_delete=models.PROTECT, related_name="+")
    agenda_type = models.CharField(max_length=30, choices=AgendaType.choices)
    basis = models.CharField(max_length=10, choices=enums.ItemBasis.choices)
    case = models.ForeignKey(
        Case, null=True, blank=True, on_delete=models.PROTECT, related_name="agenda_items"
    )
    title = models.CharField(max_length=600)
    person_ids = ArrayField(models.UUIDField(), default=list)
    plan = models.ForeignKey(
        Plan, null=True, blank=True, on_delete=models.PROTECT, related_name="agenda_items"
    )
    # V6: records laid before the appointed; V5 needs none, consent opens what it opens.
    material_ids = ArrayField(models.UUIDField(), default=list)
    briefing = models.TextField(_("事例の概要・論点"), blank=True)
    # V6: earlier items of the same case in the same body, attached by the secretariat: they open
    # to whoever this item is open to.
    attached_ids = ArrayField(models.UUIDField(), default=list)
    # V5: the agencies taking part, the secretariat's always among them; V6 ignores it.
    participant_ids = ArrayField(models.IntegerField(), default=list)
    proposed_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    proposing_agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(default=timezone.now)
    # Where it stands in its sitting: a sparse key, at first the moment it was proposed. Whoever
    # moves an item swaps the keys of two they see, so that no number tells of others (V6).
    order_at = models.DateTimeField(default=timezone.now, db_default=Now())
    planned_minutes = models.PositiveSmallIntegerField(_("所要時間（分）"), null=True, blank=True)
    begins_at = models.TimeField(_("開始時刻"), null=True, blank=True)
    presenter = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    state = models.CharField(
        max_length=10, choices=enums.ItemState.choices, default=enums.ItemState.PROPOSED
    )
    # V6: from the notice until N days after the sitting; V5: from the proposal on.
    open_period = DateTimeRangeField(null=True, blank=True)
    # When the sitting came to it. On the item itself: whoever does not see it does not learn that
    # something is being talked about (V6).
    begun_at = models.DateTimeField(null=True, blank=True)
    decision = models.CharField(max_length=20, choices=enums.Decision.choices, blank=True)
    opinion = models.TextField(_("決定事項・意見"), blank=True)
    next_review_on = models.DateField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    carry_out = models.ForeignKey(
        CarryOut, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # What was carried out, as the item keeps it (the carry-out itself is its people's, V6).
    carry_text = models.TextField(blank=True)
    carry_people = models.TextField(blank=True)
    carry_review_on = models.DateField(null=True, blank=True)
    carry_ended_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = AgendaItemQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="item_decided_whole",
                condition=Q(state="decided", decided_at__isnull=False, decided_by__isnull=False)
                | (~Q(state="decided") & Q(decided_at__isnull=True, decided_by__isnull=True)),
            ),
            models.CheckConstraint(
                name="item_planned_minutes", condition=Q(planned_minutes__range=(1, 480))
            ),
        ]
        indexes = [
            models.Index(fields=["sitting"], name="item_sitting"),
            # Asked after every change of a consent: which live items rest on this case?
            models.Index(
                fields=["case"],
                condition=Q(basis="consent", state__in=["proposed", "noticed"]),
                name="item_live_case",
            ),
        ]

    @property
    def is_secret(self) -> bool:
        """Under 106条の6 (V6)."""
        return self.basis == enums.ItemBasis.SECRECY


class OfItemQuerySet(models.QuerySet):
    """Doors to what hangs on an item."""

    def visible_to(self, membership: Membership) -> OfItemQuerySet:
        return self.filter(of_item(membership))


class ItemGrantQuerySet(models.QuerySet["ItemGrant"]):
    """Doors to appointments."""

    def visible_to(self, membership: Membership) -> ItemGrantQuerySet:
        """My own; the secretariat: those of its body (V6)."""
        listed = listed_scope(membership, "conference_type_id")
        return self.filter(Q(membership_id=membership.pk) | Q(listed))

    def standing(self) -> ItemGrantQuerySet:
        return self.filter(revoked_at__isnull=True)


class ItemGrant(UserObjectPermissionBase):
    """指名: a person appointed to an item under secrecy, in this membership; open after pledge.

    The grant store of items: our own model on guardian's base, user *and* membership (V6).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    content_object = models.ForeignKey(AgendaItem, on_delete=models.PROTECT, related_name="grants")
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    # The item's conference type and sitting, in columns: a policy here that read the item would
    # recurse, and whoever has not pledged yet may not read the item, only the day and the body.
    # A trigger keeps both equal to the item's.
    conference_type = models.ForeignKey(ConferenceType, on_delete=models.PROTECT, related_name="+")
    sitting = models.ForeignKey(Sitting, on_delete=models.PROTECT, related_name="+")
    appointed_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    appointed_at = models.DateTimeField(default=timezone.now)
    # The host's head, by whose decision (決裁) the listed secretary enters the appointment: a head
    # who is not listed must not learn of the item, so the head's paper is registered here (V6).
    decided_by = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_on = models.DateField(null=True, blank=True)
    pledged_at = models.DateTimeField(_("守秘の確認"), null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    # Whether they come, said by themself after the pledge; read by themself and the secretariat.
    # `answered_by`: the listed secretary whom they told it by telephone.
    answer = models.CharField(
        max_length=10, choices=enums.Answer.choices, blank=True, default="", db_default=""
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    has_conflict = models.BooleanField(_("利害関係"), default=False, db_default=False)

    objects = ItemGrantQuerySet.as_manager()  # type: ignore[assignment,misc]  # not guardian's

    class Meta(UserObjectPermissionBase.Meta):
        abstract = False
        unique_together = []
        constraints = [
            models.UniqueConstraint(
                fields=["membership", "content_object"],
                condition=Q(revoked_at__isnull=True),
                name="item_grant_once",
            ),
            models.CheckConstraint(
                name="item_grant_told_whole", condition=Q(answered_by=None) | ~Q(answer="")
            ),
        ]
        indexes = [
            # The gate: which items is this membership appointed to?
            models.Index(
                fields=["membership"], condition=Q(revoked_at__isnull=True), name="item_grant_gate"
            )
        ]


class ItemAttendance(models.Model):
    """出欠: one member of an item, whether they come, and who was there.

    With consent an agency that takes part, as soon as it has answered or was there, or somebody by
    name (本人, 家族, somebody asked for this case). Under secrecy who was there alone: whether the
    appointed come stands with their appointment, which others do not see (V6).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    item = models.ForeignKey(AgendaItem, on_delete=models.PROTECT, related_name="attendances")
    membership = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    agency = models.ForeignKey(
        Agency, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # 本人: one of the item's persons; their name stands where it is gated.
    person = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    name = models.CharField(max_length=610, blank=True)
    # Of somebody by name; what kind of member an agency is, the city's profile says.
    kind = models.CharField(
        max_length=10, choices=enums.MemberKind.choices, blank=True, default="", db_default=""
    )
    organisation = models.CharField(max_length=300, blank=True, default="", db_default="")
    answer = models.CharField(
        max_length=10, choices=enums.Answer.choices, blank=True, default="", db_default=""
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    remark = models.CharField(max_length=600, blank=True, default="", db_default="")
    # 利害関係: is heard, and takes no part in the decision.
    has_conflict = models.BooleanField(_("利害関係"), default=False, db_default=False)
    # Of the day itself; empty until it is recorded.
    attendance = models.CharField(
        max_length=10, choices=enums.Attendance.choices, blank=True, default="", db_default=""
    )
    arrived_at = models.DateTimeField(null=True, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    objects = OfItemQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["item", "membership", "agency", "person", "name"],
                condition=Q(removed_at=None),
                nulls_distinct=False,
                name="attendance_once",
            ),
            models.CheckConstraint(
                name="attendance_answered_whole",
                condition=Q(answer="", answered_at=None, answered_by=None)
                | (~Q(answer="") & Q(answered_at__isnull=False, answered_by__isnull=False)),
            ),
        ]


class ItemStep(models.Model):
    """Each change of an item's state: append-only."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    item = models.ForeignKey(AgendaItem, on_delete=models.PROTECT, related_name="steps")
    name = models.CharField(max_length=20)
    to_state = models.CharField(max_length=20)
    by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    # The cancelled sitting this item was put off from: where it stands now is the item's own.
    put_off_from = models.ForeignKey(
        Sitting, null=True, blank=True, on_delete=models.PROTECT, related_name="put_off"
    )

    objects = OfItemQuerySet.as_manager()


if laid_before not in RECORD_RULES:
    RECORD_RULES.append(laid_before)
if AgendaItem not in HELD:
    HELD.append(AgendaItem)
