"""評価と報告: figures of a fiscal year, computed by the `statistics` system membership alone, and
indicator values typed in where they come from a survey. No case is named here."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from agencies.enums import Permission
from agencies.models import Agency, Indicator, Membership, Municipality
from cases.models import Person
from config.lib.ids import new_id
from reports.enums import LookSource


class CityQuerySet(models.QuerySet):
    """Doors to a city's figures."""

    def visible_to(self, membership: Membership) -> CityQuerySet:
        """The city's own, for roles that read reports (庁内限り, V12)."""
        if not membership.may(Permission.READ_REPORTS):
            return self.none()
        return self.filter(municipality_id=membership.municipality.pk)


class Figure(models.Model):
    """One figure of docs/figures.md: key, breakdown, value; always equal to a full recount."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    municipality = models.ForeignKey(Municipality, on_delete=models.PROTECT, related_name="+")
    fiscal_year = models.PositiveSmallIntegerField()
    key = models.CharField(max_length=60)
    # Empty for the total, else `dimension:value`; the longest value is an area of 300 characters.
    breakdown = models.CharField(max_length=320, blank=True)
    value = models.DecimalField(max_digits=14, decimal_places=2)
    counted_at = models.DateTimeField(default=timezone.now)

    objects = CityQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["municipality", "fiscal_year", "key", "breakdown"], name="figure_once"
            )
        ]


class IndicatorValue(models.Model):
    """A value of an indicator for a fiscal year, typed in (survey, other statistics)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    municipality = models.ForeignKey(Municipality, on_delete=models.PROTECT, related_name="+")
    indicator = models.ForeignKey(Indicator, on_delete=models.PROTECT, related_name="values")
    fiscal_year = models.PositiveSmallIntegerField()
    value = models.DecimalField(max_digits=14, decimal_places=2)
    as_of = models.DateField(_("いつの数字か"), null=True, blank=True)
    note = models.CharField(max_length=200, blank=True)
    version = models.PositiveIntegerField(default=1)
    entered_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    entered_at = models.DateTimeField(default=timezone.now)

    objects = CityQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["indicator", "fiscal_year"], name="indicator_value_once"
            )
        ]


class LookDecisionQuerySet(models.QuerySet["LookDecision"]):
    """Doors to decisions about looks."""

    def visible_to(self, membership: Membership) -> LookDecisionQuerySet:
        """The privacy officer's, of the own city: that there is one tells of looks (V6, V10)."""
        if not membership.may(Permission.REVIEW_ACCESS):
            return self.none()
        return self.filter(municipality_id=membership.municipality.pk)


class LookDecision(models.Model):
    """開示の決定 (V10): whether looks of one kind reach the person's print, up to a line of the
    log, and why. Written by `kasane.decide_looks` alone; the last one about a line counts."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    municipality = models.ForeignKey(Municipality, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    source = models.CharField(max_length=10, choices=LookSource.choices)
    agency = models.ForeignKey(Agency, null=True, on_delete=models.PROTECT, related_name="+")
    is_disclosed = models.BooleanField()
    reason = models.CharField(_("決定の理由"), max_length=300)
    until_line = models.BigIntegerField()
    decided_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(default=timezone.now)

    objects = LookDecisionQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["person", "decided_at"], name="look_decision_person")]
