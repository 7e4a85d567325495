"""訪問記録: contact attempts, met or not, whom and how; before consent and after (V6)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cases.models.records import Content
from outreach import enums


class Visit(Content):
    """One attempt at contact. Under a carry-out its record belongs to those people alone."""

    method = models.CharField(max_length=10, choices=enums.VisitMethod.choices)
    result = models.CharField(max_length=20, choices=enums.VisitResult.choices)
    met_whom = models.CharField(_("会えた人"), max_length=100, blank=True)
    place = models.CharField(max_length=100, blank=True)
    companions = models.CharField(_("同行者"), max_length=100, blank=True)
    minutes_spent = models.PositiveSmallIntegerField(_("所要時間（分）"), null=True, blank=True)
    stage = models.CharField(max_length=20, choices=enums.Stage.choices, blank=True)
    text = models.TextField(blank=True)
    next_on = models.DateField(_("次の予定日"), null=True, blank=True)
    next_step = models.CharField(max_length=200, blank=True)
    form_key = models.UUIDField(unique=True)
