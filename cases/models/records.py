"""Records: the envelope the gate reads, and what this room writes into it.

`Record` says about whom, in which category and for whom something is written; the text stands in
the content row of the same key. Every content table of every room is gated by one sentence: its
record is visible. So the rule of V2, V3 and V6 stands in one policy.
"""

from __future__ import annotations

import datetime
import uuid
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from agencies.models import Agency, Membership
from cases import enums
from cases.gate import (
    NOTHING,
    covered_scope,
    in_record,
    reads_cases,
    record_scope,
    standing_scope,
)
from config.lib.ids import new_id

from .access import CarryOut
from .case import Case, Person


class RecordQuerySet(models.QuerySet["Record"]):
    """Doors to records."""

    def visible_to(self, membership: Membership) -> RecordQuerySet:
        """What the membership may read (V2, V3, V6)."""
        return self.filter(record_scope(membership))

    def standing_with(self, membership: Membership) -> RecordQuerySet:
        """What the agency reads outside any sitting: its own, and what consents cover (V2, V3).

        Lists, counts and the case page ask this: what is read only because it was laid before an
        item under secrecy, or carried out from one, appears there alone (V6).
        """
        return self.filter(standing_scope(membership))

    def for_case(self, case: Case) -> RecordQuerySet:
        return self.filter(case=case)

    def newest_first(self) -> RecordQuerySet:
        return self.order_by("-happened_at", "-id")


class Record(models.Model):
    """The envelope of anything written about a case. What the gate reads never changes;
    `happened_at`, which it does not read, follows the correction of what stands in it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="records")
    kind = models.CharField(max_length=20, choices=enums.RecordKind.choices)
    category = models.CharField(max_length=20, choices=enums.Category.choices)
    audience = models.CharField(
        max_length=10, choices=enums.Audience.choices, default=enums.Audience.TEAM
    )
    # Persons as an array: a policy that read a link table gated by this row would recurse.
    person_ids = ArrayField(models.UUIDField(), default=list)
    is_household = models.BooleanField(_("世帯全体"), default=False)
    carry_out = models.ForeignKey(
        CarryOut, null=True, blank=True, on_delete=models.PROTECT, related_name="records"
    )
    author_agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    author = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    happened_at = models.DateTimeField(default=timezone.now)
    written_at = models.DateTimeField(default=timezone.now)
    # One submit of a form, one record. Only its author can meet it again (V15).
    form_key = models.UUIDField(null=True, editable=False)

    objects = RecordQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="record_names_persons_or_household",
                condition=Q(is_household=True, person_ids=[])
                | (Q(is_household=False) & ~Q(person_ids=[])),
            ),
            # A carry-out is between people, never a record for the team.
            models.CheckConstraint(
                name="record_carried_out_not_team",
                condition=Q(carry_out__isnull=True) | Q(audience="agency"),
            ),
            models.UniqueConstraint(
                fields=["author", "case", "kind", "form_key"], name="record_form_once"
            ),
        ]
        indexes = [
            # The timeline of a case, newest first.
            models.Index(fields=["case", "-happened_at"], name="record_case_happened"),
            # V2: what this agency wrote.
            models.Index(fields=["author_agency", "case"], name="record_author_case"),
            # What of it waits: its plans to review.
            models.Index(fields=["author_agency", "kind"], name="record_author_kind"),
            # Risk sheets of a case, which are few: asked with the kind as a word of the question,
            # for a plan for any value finds no index with a condition (0012).
            models.Index(fields=["case"], name="record_risk_case", condition=Q(kind="risk")),
        ]

    def names(self, persons: dict[uuid.UUID, Person]) -> str:
        """Whom it is about, as far as the reader's own `persons` tell."""
        if self.is_household:
            return str(_("世帯全体"))
        names = [persons[key].shown_name for key in self.person_ids if key in persons]
        return "・".join(dict.fromkeys(names))


class ContentQuerySet(models.QuerySet):
    """Doors to a content table: what stands in a visible record."""

    def visible_to(self, membership: Membership) -> ContentQuerySet:
        """What stands in a record the membership may read."""
        return self.filter(in_record(membership))

    def standing_with(self, membership: Membership) -> Self:
        """What stands in a record the agency reads outside any sitting (V2, V3)."""
        return self.filter(standing_scope(membership, "record__"))

    def for_case(self, case: Case) -> ContentQuerySet:
        return self.filter(record__case=case)


class Content(models.Model):
    """Base of every content table: the key is the record's."""

    record = models.OneToOneField(Record, primary_key=True, on_delete=models.PROTECT)

    objects = ContentQuerySet.as_manager()

    class Meta:
        abstract = True


def reason_field() -> models.CharField[str, str]:
    """Why this version stands in the place of the one before; a column of the row, so that a
    shield and the gate of versions know it like its other words (V9, V13)."""
    return models.CharField(_("直した理由"), max_length=200, blank=True, default="", db_default="")


def moment_field() -> models.DateTimeField[datetime.datetime, datetime.datetime]:
    """When it was, as this version says: the same as its record's `happened_at`, by which lists are
    ordered and which follows a correction (`kasane.record_follows`)."""
    return models.DateTimeField(_("日時"))


class Note(Content):
    """支援経過記録. Final once saved: its words, and when it was, change by a new version with a
    reason alone."""

    happened_at = moment_field()
    method = models.CharField(max_length=10, choices=enums.ContactMethod.choices)
    with_whom = models.CharField(max_length=100, blank=True)
    place = models.CharField(max_length=100, blank=True)
    result = models.CharField(
        _("会えたか"),
        max_length=10,
        choices=enums.ContactResult.choices,
        blank=True,
        default="",
        db_default="",
    )
    minutes = models.PositiveSmallIntegerField(_("かかった時間（分）"), null=True, blank=True)
    text = models.TextField()
    next_step = models.CharField(max_length=200, blank=True)
    correction_reason = reason_field()
    version = models.PositiveIntegerField(default=1)
    history = HistoricalRecords()


class Issue(Content):
    """課題: of a person or of the household, ◎ for the most serious, since when, solved when."""

    issue_type = models.CharField(max_length=30, choices=enums.IssueType.choices)
    is_primary = models.BooleanField("◎", default=False)
    status = models.CharField(
        max_length=10, choices=enums.IssueStatus.choices, default=enums.IssueStatus.CONFIRMED
    )
    noted_on = models.DateField()
    solved_on = models.DateField(null=True, blank=True)
    note = models.CharField(max_length=200, blank=True)
    # V3: who is suspected of harming the person cannot be their proxy. 司法・安全 alone.
    suspected_name = models.CharField(_("害を与えている疑いのある人"), max_length=300, blank=True)
    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="issue_suspect_of_abuse",
                condition=Q(suspected_name="") | Q(issue_type="abuse"),
            ),
            models.CheckConstraint(
                name="issue_solved_whole",
                condition=Q(status="solved", solved_on__isnull=False)
                | (~Q(status="solved") & Q(solved_on__isnull=True)),
            ),
        ]


class AssessmentSection(Content):
    """One section (one category) of the assessment of the whole household.

    `answers`: code of a question (`cases.questions`) -> {"answer": yes | no | unknown, "word": …}.
    What is not there was not answered.
    """

    situation = models.TextField(_("状況"), blank=True)
    strengths = models.TextField(_("強み"), blank=True)
    answers = models.JSONField(
        _("項目への答え"),
        default=dict,
        blank=True,
        db_default=models.Value({}, models.JSONField()),
    )
    assessed_on = models.DateField()
    correction_reason = reason_field()
    version = models.PositiveIntegerField(default=1)
    history = HistoricalRecords()


class RefilingQuerySet(models.QuerySet["Refiling"]):
    """Doors to what a record was before."""

    def visible_to(self, membership: Membership) -> RefilingQuerySet:
        """V13: who may see the record as it now is, and as it was before this move and each later
        one; the stricter wins."""
        if not reads_cases(membership):
            return self.filter(NOTHING)
        # By the consents of today.
        was_open = covered_scope(membership, "record__", "category_before", "audience_before")
        hidden = Refiling.objects.filter(
            ~was_open, record=OuterRef("record_id"), at__gte=OuterRef("at")
        )
        return self.filter(in_record(membership), ~Exists(hidden))


class Refiling(models.Model):
    """A record moved to another category or audience: what it was, who moved it and why. Written
    by `kasane.refile_record` alone."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    record = models.ForeignKey(Record, on_delete=models.PROTECT, related_name="refilings")
    category_before = models.CharField(max_length=20, choices=enums.Category.choices)
    audience_before = models.CharField(max_length=10, choices=enums.Audience.choices)
    category_after = models.CharField(max_length=20, choices=enums.Category.choices)
    audience_after = models.CharField(max_length=10, choices=enums.Audience.choices)
    reason = models.CharField(max_length=200)
    by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    objects = RefilingQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["record", "at"], name="refiling_record")]
