"""People without an account, numbered papers, and letters: what hangs on an item under secrecy.

Each is seen by whoever sees the item and by nobody else (V6). A number counts within the item, or
is drawn at random: no number tells that there are other sealed items.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from agencies.models import Agency, ConferenceType, Membership
from config.lib.ids import new_id
from meetings import enums
from meetings.models.items import AgendaItem, ItemGrant, OfItemQuerySet


class ItemPerson(models.Model):
    """Somebody of an item without an account of their own: 民生委員, a doctor, a resident.

    Either the pledge is on paper, registered by the secretariat, and nothing is seen on screen; or
    `guest` is an account for this item alone. Name and organisation stand here, behind the gate:
    the account itself is nameless.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    item = models.ForeignKey(AgendaItem, on_delete=models.PROTECT, related_name="people")
    name = models.CharField(_("氏名"), max_length=300)
    organisation = models.CharField(_("所属・立場"), max_length=300)
    guest = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    appointed_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    appointed_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    decided_on = models.DateField()
    pledged_on = models.DateField(_("紙の誓約書の日付"), null=True, blank=True)
    registered_by = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    registered_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    # Whether they come, as the secretariat was told (a guest says so on their appointment).
    answer = models.CharField(
        max_length=10, choices=enums.Answer.choices, blank=True, default="", db_default=""
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    has_conflict = models.BooleanField(_("利害関係"), default=False, db_default=False)

    objects = OfItemQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["item", "name", "organisation"],
                condition=Q(revoked_at__isnull=True),
                name="item_person_once",
            ),
            models.CheckConstraint(
                name="item_person_registered_whole",
                condition=Q(pledged_on=None, registered_by=None, registered_at=None)
                | Q(
                    guest=None,
                    pledged_on__isnull=False,
                    registered_by__isnull=False,
                    registered_at__isnull=False,
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}（{self.organisation}）"


class PaperCopy(models.Model):
    """A numbered print of an item's paper: whose it is, who printed it, whether it came back."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    item = models.ForeignKey(AgendaItem, on_delete=models.PROTECT, related_name="copies")
    number = models.PositiveSmallIntegerField(_("通番"))
    paper = models.CharField(max_length=10, choices=enums.Paper.choices)
    grant = models.ForeignKey(
        ItemGrant, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    person = models.ForeignKey(
        ItemPerson, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # An item with consent: the agency that takes part.
    agency = models.ForeignKey(
        Agency, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # Whose copy, in words: an appointed reader does not see others' appointments.
    holder = models.CharField(max_length=700)
    printed_at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    form_key = models.UUIDField()
    is_to_be_returned = models.BooleanField(_("要回収"), default=True)
    returned_at = models.DateTimeField(null=True, blank=True)
    returned_to = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = OfItemQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "number"], name="copy_number_once"),
            models.CheckConstraint(
                name="copy_returned_whole",
                condition=Q(returned_at=None, returned_to=None)
                | Q(returned_at__isnull=False, returned_to__isnull=False),
            ),
        ]


class InformationRequest(models.Model):
    """資料・情報提供依頼 (106条の6第3項): a numbered letter of an item, and what came of it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    item = models.ForeignKey(AgendaItem, on_delete=models.PROTECT, related_name="requests")
    conference_type = models.ForeignKey(ConferenceType, on_delete=models.PROTECT, related_name="+")
    fiscal_year = models.PositiveSmallIntegerField()
    # At random within the year and the body: counting would tell of other sealed items (V6).
    number = models.PositiveSmallIntegerField()
    form_key = models.UUIDField(unique=True)
    addressee = models.CharField(_("宛先"), max_length=600)
    about = models.CharField(_("だれについて"), max_length=600)
    asked = models.TextField(_("求める資料・情報"))
    due_on = models.DateField(_("回答の期限"))
    made_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    outcome = models.CharField(max_length=10, choices=enums.RequestOutcome.choices, blank=True)
    replied_on = models.DateField(_("回答の日"), null=True, blank=True)
    reply = models.TextField(_("回答の内容"), blank=True)
    replied_by = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = OfItemQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["conference_type", "fiscal_year", "number"], name="letter_number_once"
            ),
            models.CheckConstraint(
                name="letter_answered_whole",
                condition=Q(outcome="", replied_on=None, replied_by=None)
                | (~Q(outcome="") & Q(replied_on__isnull=False, replied_by__isnull=False)),
            ),
        ]
