"""What to mind when meeting somebody (関わり方の注意); risk sheets with their group's decision."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from cases import enums

from .records import Content, reason_field


class CautionNote(Content):
    """One line a worker reads before the visit; corrected with a reason, ended with a day."""

    kind = models.CharField(max_length=20, choices=enums.CautionKind.choices)
    text = models.CharField(_("内容"), max_length=240)
    noted_on = models.DateField(_("分かった日"))
    ended_on = models.DateField(_("終わった日"), null=True, blank=True)
    end_reason = models.CharField(_("終わった理由"), max_length=400, blank=True)
    correction_reason = reason_field()
    version = models.PositiveIntegerField(default=1)
    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="caution_ended_whole",
                condition=Q(ended_on__isnull=True, end_reason="")
                | (Q(ended_on__isnull=False, ended_on__gte=F("noted_on")) & ~Q(end_reason="")),
            ),
        ]


class RiskAssessment(Content):
    """A risk sheet (`cases.risksheets`) of one person: the answers, the level its rule gives, and
    what a group decided.

    `answers` as in AssessmentSection. `computed_level` is what the rule said that day. Until a
    group has decided it is corrected with a reason; afterwards it stands as it was decided on, and
    a newer one of the same person and sheet replaces it; the row stays.
    """

    sheet = models.CharField(max_length=20)
    answers = models.JSONField(default=dict)
    assessed_on = models.DateField(_("確かめた日"))
    computed_level = models.CharField(max_length=20)
    text = models.TextField(_("見立て"), blank=True)
    strengths = models.TextField(_("強み・よい点"), blank=True)
    decided_level = models.CharField(_("判断"), max_length=20, blank=True)
    decided_on = models.DateField(_("判断した日"), null=True, blank=True)
    deciders = models.CharField(_("加わった人"), max_length=600, blank=True)
    override_reason = models.CharField(_("変えた理由"), max_length=600, blank=True)
    correction_reason = reason_field()
    version = models.PositiveIntegerField(default=1)
    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="risk_decided_whole",
                condition=Q(decided_level="", decided_on__isnull=True, deciders="")
                | (~Q(decided_level="") & Q(decided_on__isnull=False) & ~Q(deciders="")),
            ),
            models.CheckConstraint(
                name="risk_override_has_reason",
                condition=Q(decided_level__in=["", F("computed_level")]) | ~Q(override_reason=""),
            ),
        ]

    @property
    def level(self) -> str:
        """What holds: the group's decision, else what the rule gives."""
        return self.decided_level or self.computed_level
