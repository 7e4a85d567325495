"""What a record is called in a list that shows no more of it: its kind's own title."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db.models import QuerySet

from agencies.models import Membership
from cases import enums
from cases.models import Case, Issue, Record
from config.lib.condition import among
from config.lib.prepared import prepared
from config.lib.registry import TimelineEntry, registry
from config.lib.wording import label_of


def entries_of(
    membership: Membership, case: Case, records: Sequence[Record]
) -> dict[uuid.UUID, TimelineEntry]:
    """Title and text of each record, by the room that owns its kind; read through the reader's
    gate. One query, and the budgets of `case_timeline`."""
    by_key = {record.pk: record for record in records}
    for record in records:
        record.case = case
    found = {e.record_id: e for e in registry.draw("case_timeline", membership, case, by_key)}
    keys = [r.pk for r in records if r.kind == enums.RecordKind.ISSUE]
    for issue in _issues(keys) if keys else ():
        mark = "◎" if issue.is_primary else "○"
        title = (
            f"{enums.RecordKind.ISSUE.label}　{mark}{label_of(enums.IssueType, issue.issue_type)}"
        )
        at = by_key[issue.pk].happened_at
        found[issue.pk] = TimelineEntry(issue.pk, at, title, text=issue.note)
    for key, record in by_key.items():
        if key not in found:
            kind = label_of(enums.RecordKind, record.kind)
            found[key] = TimelineEntry(key, record.happened_at, kind)
    return found


@prepared
def _issues(keys: list[uuid.UUID]) -> QuerySet[Issue]:
    return Issue.objects.filter(among("pk", keys))
