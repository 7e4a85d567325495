"""参加支援: social resources, matches of a person with one, and what follows."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from agencies.models import Agency, Membership, Municipality
from cases.enums import CaseStatus
from cases.models import Case, Person
from cases.models.records import Content, ContentQuerySet
from config.lib.ids import new_id
from participation import enums


class ResourceQuerySet(models.QuerySet["Resource"]):
    """Doors to resources: the city's, they hold nothing about a case."""

    def visible_to(self, membership: Membership) -> ResourceQuerySet:
        return self.filter(municipality_id=membership.municipality.pk)

    def open(self) -> ResourceQuerySet:
        """Those that still take people."""
        return self.filter(ended_on__isnull=True)


class Resource(models.Model):
    """社会資源・受け入れ先."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    municipality = models.ForeignKey(Municipality, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=300)
    kind = models.CharField(max_length=20, choices=enums.ResourceKind.choices)
    operator = models.CharField(_("運営"), max_length=300, blank=True)
    area = models.CharField(max_length=300, blank=True)
    note = models.TextField(_("配慮できること・条件"), blank=True)
    added_by_agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField(default=timezone.now)
    ended_on = models.DateField(null=True, blank=True)
    form_key = models.UUIDField(unique=True, default=new_id)

    objects = ResourceQuerySet.as_manager()


class MatchQuerySet(ContentQuerySet):
    """Doors to matches."""

    if TYPE_CHECKING:

        def visible_to(self, membership: Membership) -> MatchQuerySet: ...
        def for_case(self, case: Case) -> MatchQuerySet: ...

    def for_agency(self, membership: Membership) -> MatchQuerySet:
        """What the membership's agency matched."""
        return self.filter(record__author_agency_id=membership.agency_id)

    def open(self) -> MatchQuerySet:
        return self.exclude(status=enums.MatchStatus.ENDED)

    def due(self, on: datetime.date) -> MatchQuerySet:
        """Whose follow-up is due by this day, of cases not closed."""
        closed = Case.objects.filter(pk=OuterRef("record__case_id"), status=CaseStatus.CLOSED)
        return self.filter(~Exists(closed), follow_up_on__lte=on)


class Match(Content):
    """マッチング of one person with a resource."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    resource = models.ForeignKey(Resource, on_delete=models.PROTECT, related_name="matches")
    activity = models.CharField(_("活動内容"), max_length=600)
    starts_on = models.DateField(null=True, blank=True)
    status = models.CharField(max_length=10, choices=enums.MatchStatus.choices)
    consideration = models.TextField(_("受け入れ先への配慮事項"), blank=True)
    follow_up_on = models.DateField(_("次のフォロー"), null=True, blank=True)
    settled_on = models.DateField(null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    form_key = models.UUIDField(unique=True)

    objects: ClassVar = MatchQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="match_ended_whole",
                condition=Q(status="ended", ended_on__isnull=False)
                | (~Q(status="ended") & Q(ended_on__isnull=True)),
            )
        ]
        indexes = [models.Index(fields=["follow_up_on"], name="match_follow_up")]


class FollowUp(Content):
    """定着支援・フォロー after a match."""

    match = models.ForeignKey(Match, on_delete=models.PROTECT, related_name="follow_ups")
    on = models.DateField()
    text = models.TextField()
    status_after = models.CharField(max_length=10, choices=enums.MatchStatus.choices)
    form_key = models.UUIDField(unique=True, default=new_id)
