"""定例 and 開催: by which rule a body sits, and the days on which it does. No case stands here."""

from __future__ import annotations

import datetime

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from agencies.models import ConferenceType, Membership, Municipality
from config.lib.eras import EARLIEST, LATEST, today
from config.lib.ids import new_id
from config.lib.rhythm import Recurrence
from meetings import enums
from meetings.gate import sitting_scope


class SeriesQuerySet(models.QuerySet["Series"]):
    """Doors to series."""

    def visible_to(self, membership: Membership) -> SeriesQuerySet:
        """The city's: by which rule a body sits is no secret."""
        return self.filter(municipality_id=membership.municipality.pk)

    def holding(self) -> SeriesQuerySet:
        """Those that have not ended: what holds today, and what follows it."""
        return self.filter(Q(ends_on=None) | Q(ends_on__gte=today())).order_by("since")


class Series(models.Model):
    """定例の決まり: the rule by which a body and those that sit with it meet from a day on.

    It takes the place of the profile's rhythm, which says what the city's plan prints. A rule is
    never altered: another one follows it, and `ends_on` is the last day on which this one holds.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    municipality = models.ForeignKey(Municipality, on_delete=models.PROTECT, related_name="+")
    # The first of the bodies that sit together; the others are told by `joint_with`.
    conference_type = models.ForeignKey(
        ConferenceType, on_delete=models.PROTECT, related_name="series"
    )
    since = models.DateField(_("この日から"))
    ends_on = models.DateField(null=True, blank=True)
    rule = models.CharField(max_length=200)  # RFC 5545 (config.lib.rhythm)
    on_day_off = models.CharField(
        _("閉庁日に当たるとき"), max_length=10, choices=enums.OnDayOff.choices
    )
    starts_at = models.TimeField(_("開始時刻"), null=True, blank=True)
    ends_at = models.TimeField(_("終了時刻"), null=True, blank=True)
    place = models.CharField(_("場所"), max_length=300, blank=True)
    # Open days of the office before the sitting; none: this city does not do it.
    call_days = models.PositiveSmallIntegerField(_("議題の募集"), null=True, blank=True)
    agenda_days = models.PositiveSmallIntegerField(_("議題の締切"), null=True, blank=True)
    notice_days = models.PositiveSmallIntegerField(_("開催通知"), null=True, blank=True)
    pack_days = models.PositiveSmallIntegerField(_("資料の配付"), null=True, blank=True)
    made_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    form_key = models.UUIDField(unique=True)

    objects = SeriesQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["conference_type"], condition=Q(ends_on=None), name="series_one_holds"
            ),
            models.CheckConstraint(
                name="series_ends_in_order",
                condition=Q(ends_on=None)
                | Q(ends_on__gte=models.F("since") - datetime.timedelta(1)),
            ),
        ]

    @property
    def recurrence(self) -> Recurrence:
        return Recurrence(self.rule, self.on_day_off, self.since)


class SittingQuerySet(models.QuerySet["Sitting"]):
    """Doors to sittings."""

    def visible_to(self, membership: Membership) -> SittingQuerySet:
        """The city's sittings: a day and a room, no case (V6)."""
        return self.filter(sitting_scope(membership))

    def upcoming(self, day: object) -> SittingQuerySet:
        return self.filter(Q(on__gte=day) | Q(on__isnull=True)).exclude(
            state__in=[enums.SittingState.CANCELLED, enums.SittingState.CLOSED]
        )


class Sitting(models.Model):
    """One 開催. Joint bodies (the joint ones of two seeds) sit once, with two conference types."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    municipality = models.ForeignKey(Municipality, on_delete=models.PROTECT, related_name="+")
    conference_types = models.ManyToManyField(ConferenceType, related_name="sittings")
    # Once per rhythm and the day (or month) it names, however often the schedule runs; sittings
    # that somebody called have their own.
    due_key = models.CharField(max_length=120, unique=True)
    # Whose rule made it; none: the profile's rhythm did, or somebody called it.
    series = models.ForeignKey(
        Series, null=True, blank=True, on_delete=models.PROTECT, related_name="sittings"
    )
    month = models.DateField(_("開催月"))  # its first day
    on = models.DateField(null=True, blank=True)
    starts_at = models.TimeField(null=True, blank=True)
    ends_at = models.TimeField(null=True, blank=True)
    place = models.CharField(max_length=300, blank=True)
    is_ad_hoc = models.BooleanField(_("臨時"), default=False)
    state = models.CharField(
        max_length=10, choices=enums.SittingState.choices, default=enums.SittingState.UNDATED
    )
    noticed_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    # How often its day, hour, room or certainty changed, and when last: calendar programs ask. Kept
    # by a trigger (0011), whatever is written here.
    sequence = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    changed_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)
    # 中止. The reason is read by the whole city: it names nobody.
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    cancel_reason = models.CharField(
        _("中止の理由"), max_length=600, blank=True, default="", db_default=""
    )
    # When the worker had told everybody of it: its items are put off after that.
    told_at = models.DateTimeField(null=True, blank=True)

    objects = SittingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="sitting_undated_or_dated",
                condition=Q(state="undated", on__isnull=True)
                | Q(state="cancelled")
                | (~Q(state="undated") & Q(on__isnull=False)),
            ),
            # Those cancelled before it was asked who and why have none of it.
            models.CheckConstraint(
                name="sitting_cancelled_whole",
                condition=Q(cancelled_at=None, cancelled_by=None, cancel_reason="", told_at=None)
                | Q(state="cancelled", cancelled_at__isnull=False, cancelled_by__isnull=False),
            ),
            # Triggers count days from it: one that no reckoning bears would be refused because of
            # what is sealed (V15).
            models.CheckConstraint(
                name="sitting_in_our_time",
                condition=Q(month__range=(EARLIEST, LATEST))
                & (Q(on=None) | Q(on__range=(EARLIEST, LATEST))),
            ),
        ]
        indexes = [models.Index(fields=["municipality", "on"], name="sitting_city_on")]
