"""地域づくり: places, what happened there, and issues of the community raised from cases.

A place holds nothing about a case. A community issue is worded without persons; the case it came
from stands in a gated record beside it (IssueSource).
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from agencies.models import Agency, Committee, Membership, Municipality
from cases.models.records import Content
from community import enums
from config.lib.ids import new_id
from meetings.models import AgendaItem


class CityQuerySet(models.QuerySet):
    """Doors to what the whole city may read."""

    def visible_to(self, membership: Membership) -> CityQuerySet:
        return self.filter(municipality_id=membership.municipality.pk)


class Place(models.Model):
    """拠点・居場所."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    municipality = models.ForeignKey(Municipality, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=300)
    kind = models.CharField(max_length=20, choices=enums.PlaceKind.choices)
    area = models.CharField(_("地区"), max_length=300, blank=True)
    operator = models.CharField(_("運営"), max_length=300, blank=True)
    opened_on = models.DateField(null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True)
    added_by_agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    form_key = models.UUIDField(unique=True, default=new_id)

    objects = CityQuerySet.as_manager()


class PlaceEvent(models.Model):
    """開催: one gathering at a place, with how many came."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    municipality = models.ForeignKey(Municipality, on_delete=models.PROTECT, related_name="+")
    place = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="events")
    on = models.DateField()
    participants = models.PositiveIntegerField(_("参加者数"))
    organisations = models.PositiveIntegerField(_("参加機関数"), default=0)
    note = models.CharField(max_length=600, blank=True)
    form_key = models.UUIDField(unique=True)

    objects = CityQuerySet.as_manager()


class CommunityIssue(models.Model):
    """地域課題, worded so that nobody can be recognised."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    municipality = models.ForeignKey(Municipality, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=300)
    text = models.TextField()
    area = models.CharField(max_length=300, blank=True)
    state = models.CharField(
        max_length=10, choices=enums.IssueState.choices, default=enums.IssueState.RAISED
    )
    raised_on = models.DateField(default=timezone.localdate)
    raised_by_agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    committee = models.ForeignKey(
        Committee, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    form_key = models.UUIDField(unique=True)

    objects = CityQuerySet.as_manager()


class IssueStep(models.Model):
    """One change of an issue's state, append-only: who took it on, where it went, what came back.

    Passed on: to a committee of the city's profile, to a sitting of this system as an item without
    a case, or to whoever `note` names. A later step `closes` it: the answer, or the withdrawal.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    municipality = models.ForeignKey(Municipality, on_delete=models.PROTECT, related_name="+")
    issue = models.ForeignKey(CommunityIssue, on_delete=models.PROTECT, related_name="steps")
    state = models.CharField(max_length=10, choices=enums.IssueState.choices)
    committee = models.ForeignKey(
        Committee, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    item = models.ForeignKey(
        AgendaItem, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    note = models.CharField(max_length=600, blank=True)
    # The day it was passed on, or answered (Asia/Tokyo); `at` is when somebody entered it.
    on = models.DateField(null=True, blank=True)
    answer = models.TextField(_("答え"), blank=True, default="", db_default="")
    closes = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="closed_by"
    )
    at = models.DateTimeField(default=timezone.now)
    by_agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = CityQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["item"], condition=Q(state="passed"), name="issue_item_once"
            ),
            models.CheckConstraint(
                name="issue_answer_whole",
                condition=(
                    Q(state="answered", on__isnull=False, closes__isnull=False) & ~Q(answer="")
                )
                | (~Q(state="answered") & Q(answer="")),
            ),
        ]


class IssueSource(Content):
    """The case an issue was raised from: a record, gated like any other."""

    issue = models.ForeignKey(CommunityIssue, on_delete=models.PROTECT, related_name="sources")
    note = models.CharField(_("経緯"), max_length=600, blank=True)
