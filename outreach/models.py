"""訪問記録: contact attempts, met or not, whom and how; before consent and after (V6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from agencies.models import Membership
from cases.enums import CaseStatus
from cases.models import Case
from cases.models.records import Content, ContentQuerySet, moment_field, reason_field
from outreach import enums


class VisitQuerySet(ContentQuerySet):
    """Doors to visits."""

    if TYPE_CHECKING:

        def visible_to(self, membership: Membership) -> VisitQuerySet: ...
        def for_case(self, case: Case) -> VisitQuerySet: ...

    def for_agency(self, membership: Membership) -> VisitQuerySet:
        """What the membership's agency logged, as far as its members may see it (V6)."""
        return self.filter(record__author_agency_id=membership.agency_id)

    def waiting(self) -> VisitQuerySet:
        """Those whose next date still stands: nothing logged after them on the same basis."""
        later = Visit.objects.filter(
            Q(record__happened_at__gt=OuterRef("record__happened_at"))
            | Q(
                record__happened_at=OuterRef("record__happened_at"),
                record__written_at__gt=OuterRef("record__written_at"),
            ),
            record__case_id=OuterRef("record__case_id"),
            record__author_agency_id=OuterRef("record__author_agency_id"),
        )
        own = Q(record__carry_out__isnull=True) & ~Exists(
            later.filter(record__carry_out__isnull=True)
        )
        carried = Q(record__carry_out__isnull=False) & ~Exists(
            later.filter(record__carry_out_id=OuterRef("record__carry_out_id"))
        )
        # Under a carry-out the case row is not readable: it is not asked whether it is closed.
        closed = Case.objects.filter(pk=OuterRef("record__case_id"), status=CaseStatus.CLOSED)
        return self.filter(own | carried, ~Exists(closed), next_on__isnull=False)

    def newest_first(self) -> VisitQuerySet:
        return self.order_by("-record__happened_at", "-record_id")


class Visit(Content):
    """One attempt at contact. Under a carry-out its record belongs to those people alone.

    Final once saved: its words, and when it was, change by a new version with a reason alone, as
    those of a note.
    """

    happened_at = moment_field()
    method = models.CharField(max_length=10, choices=enums.VisitMethod.choices)
    result = models.CharField(max_length=20, choices=enums.VisitResult.choices)
    met_whom = models.CharField(_("会えた人"), max_length=300, blank=True)
    place = models.CharField(max_length=300, blank=True)
    companions = models.CharField(_("同行者"), max_length=300, blank=True)
    minutes_spent = models.PositiveSmallIntegerField(_("所要時間（分）"), null=True, blank=True)
    stage = models.CharField(max_length=20, choices=enums.Stage.choices, blank=True)
    text = models.TextField(blank=True)
    next_on = models.DateField(_("次の予定日"), null=True, blank=True)
    next_step = models.CharField(max_length=600, blank=True)
    form_key = models.UUIDField(unique=True)
    # Under a carry-out: the record of the team it became once the person consented (V6). It stands
    # on the sealed visit, so that the open one does not tell of it.
    opened_as = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    correction_reason = reason_field()
    version = models.PositiveIntegerField(default=1, db_default=1)
    history = HistoricalRecords()

    objects: ClassVar = VisitQuerySet.as_manager()
