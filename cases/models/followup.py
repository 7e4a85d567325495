"""What follows from a record: the next step as a task, and whom its reading was asked of.

Neither holds a word: the step stands in its note, so it is gated, shielded and corrected there.
`NoteTemplate` holds an agency's own phrases and names no case.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from agencies.models import Agency, Membership
from cases import enums
from cases.gate import NOTHING, in_record, reads_cases, standing_scope, working_scope
from config.lib.eras import today
from config.lib.ids import new_id

from .records import Record


class NoteTaskQuerySet(models.QuerySet["NoteTask"]):
    """Doors to the tasks of notes."""

    def visible_to(self, membership: Membership) -> NoteTaskQuerySet:
        """Those of a note one may read."""
        return self.filter(in_record(membership))

    def standing_with(self, membership: Membership) -> NoteTaskQuerySet:
        """Those of a note the agency reads outside any sitting (V2, V3)."""
        return self.filter(standing_scope(membership, "record__"))

    def open(self) -> NoteTaskQuerySet:
        """Not done, in a running case; a step struck out of its note is no task any more."""
        return self.filter(
            done_at__isnull=True,
            record__case__status=enums.CaseStatus.ACTIVE,
            record__note__next_step__gt="",
        )

    def own(self, membership: Membership) -> NoteTaskQuerySet:
        """My agency's, where it still works: what is left behind is not its task (V3)."""
        return self.filter(
            working_scope(membership, "record__case_id"), agency_id=membership.agency_id
        )

    def waiting_for(self, membership: Membership) -> NoteTaskQuerySet:
        """Mine, anybody's of the agency, and those of who works there no more."""
        return self.own(membership).filter(
            Q(membership=None) | Q(membership_id=membership.pk) | Q(membership__until__lt=today())
        )

    def by_day(self) -> NoteTaskQuerySet:
        return self.order_by(F("due_on").asc(nulls_last=True), "record_id")


class NoteTask(models.Model):
    """次にすること of a note as a task of the agency that wrote it: for whom, until when, done."""

    record = models.OneToOneField(
        Record, primary_key=True, on_delete=models.PROTECT, related_name="task"
    )
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", db_index=False)
    membership = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    due_on = models.DateField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = NoteTaskQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="note_task_done_whole",
                condition=Q(done_at__isnull=True, done_by__isnull=True)
                | Q(done_at__isnull=False, done_by__isnull=False),
            )
        ]
        indexes = [
            # The home page: what has this agency still to do, by when?
            models.Index(fields=["agency", "done_at", "due_on"], name="note_task_agency_due")
        ]


class ReadRequestQuerySet(models.QuerySet["ReadRequest"]):
    """Doors to 供覧 and mentions."""

    def visible_to(self, membership: Membership) -> ReadRequestQuerySet:
        """Where the record is seen: by whom it is asked, and by the agency that asks."""
        if not reads_cases(membership):
            return self.filter(NOTHING)
        return self.filter(
            in_record(membership),
            Q(membership_id=membership.pk) | Q(agency_id=membership.agency_id),
        )

    def standing_with(self, membership: Membership) -> ReadRequestQuerySet:
        """Of a record that is read outside any sitting."""
        return self.visible_to(membership).filter(standing_scope(membership, "record__"))

    def sent_by(self, membership: Membership) -> ReadRequestQuerySet:
        """Those I sent, and those of a colleague who works there no more."""
        return self.filter(
            Q(by_id=membership.pk) | Q(by__until__lt=today()), agency_id=membership.agency_id
        )

    def waiting(self) -> ReadRequestQuerySet:
        """Not answered: a mention by a look, 供覧 by 確認."""
        return self.filter(ended_at__isnull=True).exclude(
            Q(confirmed_at__isnull=False) | Q(kind=enums.RequestKind.MENTION, seen_at__isnull=False)
        )


class ReadRequest(models.Model):
    """A person is asked to look at a record; the receipt is when they looked, and 確認.

    `batch` is one sending (the key of its form); with `order` above 0 one waits for those before.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    record = models.ForeignKey(Record, on_delete=models.PROTECT, related_name="read_requests")
    batch = models.UUIDField()
    kind = models.CharField(max_length=12, choices=enums.RequestKind.choices)
    order = models.PositiveSmallIntegerField(default=0)
    membership = models.ForeignKey(
        Membership, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+", db_index=False)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", db_index=False)
    sent_at = models.DateTimeField(default=timezone.now)
    # Set by the database when the look is logged (migration 0028): a look is the receipt.
    seen_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = ReadRequestQuerySet.as_manager()

    class Meta:
        constraints = [
            # One submit of the form, one request to each.
            models.UniqueConstraint(fields=["batch", "membership"], name="read_request_once")
        ]
        indexes = [
            # The home page: what waits for me?
            models.Index(
                fields=["membership", "ended_at", "confirmed_at"], name="read_request_waiting"
            ),
            # What I have sent round.
            models.Index(fields=["by", "sent_at"], name="read_request_sent"),
        ]


class NoteTemplateQuerySet(models.QuerySet["NoteTemplate"]):
    """Doors to phrases."""

    def visible_to(self, membership: Membership) -> NoteTemplateQuerySet:
        """Those of one's own agency."""
        if not reads_cases(membership):
            return self.filter(NOTHING)
        return self.filter(agency_id=membership.agency_id)

    def in_use(self) -> NoteTemplateQuerySet:
        return self.filter(ended_at__isnull=True).order_by("name", "id")


class NoteTemplate(models.Model):
    """定型文 of an agency, put into a note on choice. Kept by its manager; names nobody."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=60)
    text = models.TextField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = NoteTemplateQuerySet.as_manager()
