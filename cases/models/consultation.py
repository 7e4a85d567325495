"""相談受付・申込票: what a worker writes down while the telephone is still in the other hand.

A consultation belongs to the agency that took it and is read by nobody else; what the team should
know becomes records when it becomes a case.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from agencies.models import Agency, Membership
from cases import enums
from cases.gate import NOTHING, reads_cases, unshielded
from config.lib.ids import new_id

from .case import Case, Findable


class ConsultationQuerySet(models.QuerySet["Consultation"]):
    """Doors to consultations."""

    def visible_to(self, membership: Membership) -> ConsultationQuerySet:
        """Those the membership's agency took (V2), unless a shield closes them (V9)."""
        if not reads_cases(membership):
            return self.filter(NOTHING)
        return self.filter(Q(agency_id=membership.agency_id), unshielded())

    def open(self) -> ConsultationQuerySet:
        return self.filter(status=enums.ConsultationStatus.OPEN)


class Consultation(models.Model):
    """相談受付, in either version of the form; anonymous and partial allowed."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    taken_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    received_at = models.DateTimeField(default=timezone.now)
    mode = models.CharField(max_length=20, choices=enums.ConsultationMode.choices)
    route = models.CharField(_("相談経路"), max_length=20, choices=enums.Route.choices)
    is_anonymous = models.BooleanField(_("匿名"), default=False)
    visitor_name = models.CharField(_("来談者"), max_length=300, blank=True)
    visitor_relation = models.CharField(_("本人との関係"), max_length=40, blank=True)
    visitor_phone = models.CharField(max_length=40, blank=True)
    # As search compares them: whoever telephones again is found by name and number.
    visitor_folded = models.CharField(
        max_length=300, blank=True, db_default="", db_collation="C", editable=False
    )
    visitor_digits = models.CharField(
        max_length=20, blank=True, db_default="", db_collation="C", editable=False
    )
    complaint = models.TextField(_("主訴"))
    urgency = models.CharField(max_length=10, choices=enums.Urgency.choices)
    # Items of the form beyond its head, by code (cases.intakeitems).
    answers = models.JSONField(
        default=dict, blank=True, db_default=models.Value({}, models.JSONField())
    )
    screening = models.CharField(max_length=20, choices=enums.Screening.choices, blank=True)
    status = models.CharField(
        max_length=10,
        choices=enums.ConsultationStatus.choices,
        default=enums.ConsultationStatus.OPEN,
    )
    case = models.ForeignKey(
        Case, null=True, blank=True, on_delete=models.PROTECT, related_name="consultations"
    )
    form_key = models.UUIDField(unique=True)  # one submit of the form, one consultation

    objects = ConsultationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="consultation_case_whole",
                condition=Q(status="case", case__isnull=False)
                | (~Q(status="case") & Q(case__isnull=True)),
            )
        ]
        indexes = [
            models.Index(fields=["agency", "-received_at"], name="consultation_agency_received"),
            # Those that wait: few of many.
            models.Index(fields=["agency", "status", "received_at"], name="consultation_waiting"),
            models.Index(
                fields=["agency", "visitor_folded"],
                name="consultation_visitor",
                condition=~Q(visitor_folded=""),
            ),
            models.Index(
                fields=["agency", "visitor_digits"],
                name="consultation_visitor_phone",
                condition=~Q(visitor_digits=""),
            ),
        ]


class _PartQuerySet(models.QuerySet):
    """Doors to parts of a consultation."""

    def visible_to(self, membership: Membership) -> _PartQuerySet:
        whole = Consultation.objects.visible_to(membership).filter(pk=OuterRef("consultation_id"))
        return self.filter(Exists(whole))


class ConsultationPerson(Findable):
    """A person the consultation is about, as far as known."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    consultation = models.ForeignKey(Consultation, on_delete=models.PROTECT, related_name="persons")
    order = models.PositiveSmallIntegerField(default=0)
    # The consultation's, for whom alone its persons are looked up.
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=300, blank=True)
    name_kana = models.CharField(max_length=300, blank=True)
    birth_on = models.DateField(null=True, blank=True)
    birth_year = models.PositiveSmallIntegerField(null=True, blank=True)
    is_age_estimated = models.BooleanField(default=False)
    # 「70代」: the year is the middle of what was said.
    is_decade = models.BooleanField(default=False, db_default=False)
    sex = models.CharField(max_length=10, choices=enums.Sex.choices, blank=True)
    relation = models.CharField(max_length=20, choices=enums.Relation.choices, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    phone_digits = models.CharField(max_length=20, blank=True, db_collation="C")
    address = models.CharField(max_length=600, blank=True)
    address_folded = models.CharField(max_length=600, blank=True, db_collation="C")

    objects = _PartQuerySet.as_manager()

    class Meta:
        indexes = [
            # Search (cases.ways).
            models.Index(fields=["agency", "kana_folded"], name="asked_about_kana"),
            models.Index(fields=["agency", "name_folded"], name="asked_about_name"),
            models.Index(fields=["agency", "given_folded"], name="asked_about_given"),
            models.Index(fields=["agency", "given_kana_folded"], name="asked_about_given_kana"),
            models.Index(fields=["agency", "birth_on"], name="asked_about_birth"),
            models.Index(
                fields=["agency", "birth_year"],
                name="asked_about_year",
                condition=Q(birth_year__isnull=False),
            ),
            models.Index(
                fields=["agency", "phone_digits"],
                name="asked_about_phone",
                condition=~Q(phone_digits=""),
            ),
            models.Index(
                fields=["agency", "address_folded"],
                name="asked_about_address",
                condition=~Q(address_folded=""),
            ),
        ]


class ConsultationIssue(models.Model):
    """A ticked problem; ◎ on at most one."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    consultation = models.ForeignKey(Consultation, on_delete=models.PROTECT, related_name="issues")
    issue_type = models.CharField(max_length=30, choices=enums.IssueType.choices)
    is_primary = models.BooleanField("◎", default=False)

    objects = _PartQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["consultation", "issue_type"], name="consultation_issue_once"
            ),
            models.UniqueConstraint(
                fields=["consultation"],
                condition=Q(is_primary=True),
                name="consultation_one_primary_issue",
            ),
        ]
