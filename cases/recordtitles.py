"""What a record is called in a list that shows no more of it: its kind's own title."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from agencies.models import Membership
from cases import enums
from cases.models import Case, Issue, Record
from config.lib.registry import TimelineEntry, registry


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
    for issue in Issue.objects.filter(pk__in=keys):
        mark = "◎" if issue.is_primary else "○"
        title = f"{enums.RecordKind.ISSUE.label}　{mark}{issue.get_issue_type_display()}"
        at = by_key[issue.pk].happened_at
        found[issue.pk] = TimelineEntry(issue.pk, at, title, text=issue.note)
    for key, record in by_key.items():
        if key not in found:
            found[key] = TimelineEntry(key, record.happened_at, str(record.get_kind_display()))
    return found
