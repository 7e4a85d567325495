"""The access log (V10), the outbox of what has to happen, and notices to people."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from agencies import enums
from config.lib.ids import new_id

from .people import Membership

# What rooms above add to the lines an agency reads (cases: looks at its own cases, V10).
LOG_SCOPES: list[Callable[[Membership], Q]] = []


class TransactionId(models.Func):
    """The number of the transaction a row is written in (agencies 0006)."""

    function = "kasane.transaction_id"
    output_field = models.BigIntegerField()


class AccessLogQuerySet(models.QuerySet["AccessLog"]):
    """Doors to the access log."""

    def visible_to(self, membership: Membership) -> AccessLogQuerySet:
        """One's own lines; the privacy officer: the whole city's; and what rooms above add."""
        scope = Q(membership_id=membership.pk)
        if membership.may(enums.Permission.REVIEW_ACCESS):
            scope |= Q(municipality_id=membership.municipality.pk)
        for wider in LOG_SCOPES:
            scope |= wider(membership)
        return self.filter(scope)

    def own(self, membership: Membership) -> AccessLogQuerySet:
        """One's own lines alone."""
        return self.filter(membership_id=membership.pk)


class AccessLog(models.Model):
    """One look, denial or change: ids and names of fields, never a text.

    Written only through the definer function `kasane.log_access` in the transaction of the read;
    the application's login can neither insert, change nor remove a row.
    """

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    membership = models.ForeignKey(
        Membership, null=True, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    user_id = models.BigIntegerField(null=True)
    agency_id = models.IntegerField(null=True)
    municipality_id = models.BigIntegerField(null=True)
    action = models.CharField(max_length=20, choices=enums.Action.choices)
    purpose = models.CharField(max_length=40, choices=enums.Purpose.choices, blank=True)
    basis = models.CharField(max_length=40, blank=True)
    what = models.CharField(max_length=80)  # url name or operation
    case_id = models.UUIDField(null=True)
    record_ids = ArrayField(models.UUIDField(), default=list)
    item_id = models.UUIDField(null=True)
    # Whose records `record_ids` are: a look at those of several agencies is a line for each.
    author_agency_id = models.IntegerField(null=True)
    was_allowed = models.BooleanField(default=True)
    # One request is one transaction: it joins a request's lines, and says what may be sealed.
    transaction_id = models.BigIntegerField(db_default=TransactionId())

    objects = AccessLogQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["case_id", "at"], name="log_case_at"),
            models.Index(fields=["municipality_id", "at"], name="log_city_at"),
            models.Index(fields=["transaction_id", "id"], name="log_transaction"),
        ]


class Job(models.Model):
    """The outbox: what has to happen, written in the operation's transaction. Ids only."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=60)
    key = models.CharField(max_length=200)
    args = models.JSONField(default=dict)
    due_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=200, blank=True)  # class of the error, never its text

    class Meta:
        constraints = [
            # Once per name and key: beat twice, a double click, a redelivery are harmless.
            models.UniqueConstraint(fields=["name", "key"], name="job_once"),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=Q(done_at__isnull=True, failed_at__isnull=True),
                name="job_waiting",
            )
        ]


class NoticeQuerySet(models.QuerySet["Notice"]):
    """Doors to notices."""

    def visible_to(self, membership: Membership) -> NoticeQuerySet:
        """My own, and those of all my agency; a guest's agency is not theirs."""
        mine = Q(membership_id=membership.pk)
        if membership.is_guest:
            return self.filter(mine)
        return self.filter(mine | Q(membership=None, agency_id=membership.agency_id))

    def for_desk(self, membership: Membership) -> NoticeQuerySet:
        """Those one can follow: what all of an agency is told is about cases."""
        mine = self.visible_to(membership)
        if membership.may(enums.Permission.READ_CASES):
            return mine
        return mine.filter(membership_id=membership.pk)

    def unread(self) -> NoticeQuerySet:
        return self.filter(read_at__isnull=True)


class Notice(models.Model):
    """お知らせ to a membership or to all of an agency: no name and no text of a record."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    agency = models.ForeignKey("agencies.Agency", on_delete=models.PROTECT, related_name="+")
    membership = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=200, blank=True)
    title = models.CharField(max_length=200)
    url = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "membership", "kind", "key"],
                condition=~Q(key=""),
                nulls_distinct=False,
                name="notice_once",
            )
        ]
