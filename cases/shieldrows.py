"""What stands in the rows of this room that wait to be read by a shield's list (V9)."""

from __future__ import annotations

import datetime
import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy

from agencies.models import Membership
from cases.models import (
    CarryOut,
    Case,
    Closing,
    Consent,
    ConsentScan,
    Consultation,
    Issue,
    LeftWork,
    Person,
    Record,
    Referral,
    ShieldHold,
    Transfer,
)
from config.lib.eras import format_datetime
from config.lib.registry import ShieldRow, registry


def keys_of(holds: Sequence[ShieldHold]) -> dict[str, list[uuid.UUID]]:
    found: dict[str, list[uuid.UUID]] = defaultdict(list)
    for hold in holds:
        found[hold.kind].append(hold.row_id)
    return found


def record_rows(membership: Membership, case: Case, holds: Sequence[ShieldHold]) -> list[ShieldRow]:
    """Records of every room, in the words of これまで; issues, which do not stand there."""
    keys = keys_of(holds).get("cases_record", [])
    records = {
        r.pk: r
        for r in Record.objects.visible_to(membership)
        .filter(pk__in=keys)
        .select_related("author_agency", "author__user")
    }
    for record in records.values():
        record.case = case
    persons = {p.pk: p for p in Person.objects.visible_to(membership).filter(case=case)}
    rows = [
        _record_row(records[e.record_id], persons, e.title, e.text, e.url)
        for e in registry.draw("case_timeline", membership, case, records)
        if e.record_id in records
    ]
    issues = Issue.objects.visible_to(membership).filter(pk__in=keys)
    rows += [
        _record_row(
            records[i.pk],
            persons,
            str(i.get_issue_type_display()),
            "\n".join(word for word in (i.note, i.suspected_name) if word),
            "",
        )
        for i in issues
        if i.pk in records
    ]
    told = {row.row_id for row in rows}
    rows += [_record_row(r, persons, "", "", "") for r in records.values() if r.pk not in told]
    return rows


def _record_row(
    record: Record, persons: dict[uuid.UUID, Person], title: str, text: str, url: str
) -> ShieldRow:
    kind = str(record.get_kind_display())
    return ShieldRow(
        record.pk,
        "　".join(part for part in (kind, title) if part),
        f"{record.author_agency.name}　{record.author.user}",
        format_datetime(record.happened_at),
        record.names(persons),
        text,
        url,
    )


@dataclass(frozen=True)
class Source:
    """A table of this room that is no record: what its row is called, from whom, when, its words,
    and the page where it stands."""

    model: Any
    title: Any
    related: tuple[str, ...]
    by: Callable[[Any], str]
    at: Callable[[Any], datetime.datetime | None]
    text: Callable[[Any], Sequence[str]]
    url: str = ""
    about: Callable[[Any], str] = lambda _row: ""


SOURCES = (
    Source(
        Referral,
        gettext_lazy("つなぐシート"),
        ("from_agency",),
        lambda r: str(r.from_agency),
        lambda r: r.sent_at,
        lambda r: (r.reason, r.summary, r.answer_reason, r.result),
        "referral_detail",
    ),
    Source(
        Transfer,
        gettext_lazy("移管"),
        ("from_agency",),
        lambda r: str(r.from_agency),
        lambda r: r.sent_at,
        lambda r: (r.reason, r.answer_reason),
        "transfer_detail",
    ),
    Source(
        Consultation,
        gettext_lazy("相談受付"),
        ("agency", "taken_by__user"),
        lambda r: f"{r.agency}　{r.taken_by.user}",
        lambda r: r.received_at,
        lambda r: (r.complaint,),
        "consultation_detail",
    ),
    Source(
        Consent,
        gettext_lazy("同意"),
        ("person", "taken_by_agency"),
        lambda r: str(r.taken_by_agency),
        lambda r: r.recorded_at,
        lambda r: (r.purpose, r.withdrawal_reason),
        "consent_detail",
        lambda r: str(r.person.shown_name),
    ),
    Source(
        ConsentScan,
        gettext_lazy("署名された同意書"),
        ("author__user",),
        lambda r: str(r.author.user),
        lambda r: r.added_at,
        lambda r: (r.name,),
        "scan_download",
    ),
    Source(
        CarryOut,
        gettext_lazy("持ち出し"),
        ("decided_by__user",),
        lambda r: str(r.decided_by.user),
        lambda r: r.decided_at,
        lambda r: (r.text,),
        "carry_out_detail",
    ),
    Source(
        LeftWork,
        gettext_lazy("担当のいなくなった仕事"),
        ("from_agency",),
        lambda r: str(r.from_agency),
        lambda r: r.left_at,
        lambda r: (r.title,),
    ),
    Source(
        Closing,
        gettext_lazy("終結"),
        ("case__responsible_agency",),
        lambda r: str(r.case.responsible_agency),
        lambda r: r.case.closed_at,
        lambda r: (r.reason, r.follow_up),
    ),
)


def other_rows(membership: Membership, case: Case, holds: Sequence[ShieldHold]) -> list[ShieldRow]:
    """What is no record: sheets, consultations, consents and their papers … One query a table."""
    keys = keys_of(holds)
    rows = []
    for source in SOURCES:
        wanted = keys.get(source.model._meta.db_table, [])
        if not wanted:
            continue
        found = source.model.objects.visible_to(membership).filter(pk__in=wanted)
        for row in found.select_related(*source.related):
            at = source.at(row)
            rows.append(
                ShieldRow(
                    row.pk,
                    str(source.title),
                    source.by(row),
                    format_datetime(at) if at else "",
                    source.about(row),
                    "\n".join(word for word in source.text(row) if word),
                    reverse(source.url, args=[row.pk]) if source.url else "",
                )
            )
    return rows


registry.add("shield_rows", record_rows, queries=12, order=10)
registry.add("shield_rows", other_rows, queries=len(SOURCES), order=20)
