"""What is new to a reader: since their last look at the case, as the access log knows it.

The log is written at every look anyway, so nothing else is kept; only visible records are marked,
by what stands in them (V15). Looks of the last half hour are the same visit: a page loaded again
keeps its marks.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable, Mapping

from django.contrib.postgres.functions import TransactionNow
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from agencies.enums import Action
from agencies.models import AccessLog, Membership
from cases import enums
from cases.models import AssessmentSection, Case, Note, Record
from config.lib.prepared import prepared

SAME_VISIT = datetime.timedelta(minutes=30)
# Longer ago nobody remembers; and the search in the log has an end.
KEPT = datetime.timedelta(days=90)
PAGES = ("case_detail", "case_timeline")


def last_look(membership: Membership, case: Case) -> datetime.datetime | None:
    """When this membership looked at the case before this visit; None: not within three months.
    One query."""
    return next(iter(_looks(membership, case)), None)


@prepared
def _looks(membership: Membership, case: Case) -> QuerySet[AccessLog, datetime.datetime]:
    looks = AccessLog.objects.own(membership).filter(
        case_id=case.pk,
        action=Action.OPEN,
        what__in=PAGES,
        at__gte=TransactionNow() - KEPT,
        at__lt=TransactionNow() - SAME_VISIT,
    )
    return looks.order_by("-at").values_list("at", flat=True)[:1]


def marks(
    membership: Membership, records: Mapping[uuid.UUID, Record], since: datetime.datetime | None
) -> dict[uuid.UUID, str]:
    """新着 and 訂正 among these visible records, written by others since then. Two queries."""
    if since is None:
        return {}
    fresh = [
        key
        for key, record in records.items()
        if record.written_at > since and record.author_id != membership.pk
    ]
    found = dict.fromkeys(_corrected(membership, records, since), _("訂正"))
    return found | dict.fromkeys(fresh, _("新着"))


def _corrected(
    membership: Membership, records: Mapping[uuid.UUID, Record], since: datetime.datetime
) -> Iterable[uuid.UUID]:
    kinds: tuple[tuple[str, type[Note | AssessmentSection]], ...] = (
        (enums.RecordKind.NOTE, Note),
        (enums.RecordKind.ASSESSMENT, AssessmentSection),
    )
    for kind, model in kinds:
        keys = [key for key, record in records.items() if record.kind == kind]
        rows = model.history.filter(record_id__in=keys, history_date__gt=since, version__gt=1)
        yield from (
            rows.exclude(history_user_id=membership.user_id)
            .values_list("record_id", flat=True)
            .distinct()
        )
