"""Who can be asked to look at a record, and what became of it (供覧, @mention).

Offered are colleagues who read what I read, and, to the agency responsible, those of agencies to
whom consents open this record: it sees the consents whole anyway (V3). Another agency is offered
nobody outside of it: that such a one may read a record would tell what a consent says.
"""

from __future__ import annotations

import dataclasses
import re
import unicodedata
import uuid
from collections.abc import Sequence

from django.utils.translation import gettext as _

from agencies.enums import Permission
from agencies.models import Agency, Membership
from cases import enums
from cases.models import Case, ReadRequest, Record
from cases.shields import list_mates
from cases.told import Known, kept_among, record_for, told_grants
from config.lib.eras import format_datetime_short, today

Readers = list[tuple[str, list[Membership]]]


def readers(membership: Membership, record: Record, case: Case) -> Readers:
    """By agency, one's own first: who may be asked. Three to six queries."""
    kept = kept_among(membership, case, [record])
    agencies = _agencies(membership, record, case, kept)
    people = (
        Membership.objects.active()
        .filter(
            agency_id__in=[agency.pk for agency in agencies],
            user__is_active=True,
            role__permissions__contains=[Permission.READ_CASES],
        )
        .exclude(pk=membership.pk)
        .exclude(user=membership.user)
        .with_names()
        .order_by("user__display_name", "id")
    )
    if kept:
        people = people.filter(pk__in=list_mates(membership, case.pk))
    found = list(people)
    return [
        (agency.name, mine)
        for agency in agencies
        if (mine := [person for person in found if person.agency_id == agency.pk])
    ]


def _agencies(
    membership: Membership, record: Record, case: Case, kept: frozenset[uuid.UUID]
) -> list[Agency]:
    own = Agency.objects.filter(pk=membership.agency_id)
    if case.responsible_agency_id != membership.agency_id or not case.is_open or kept:
        return list(own)
    grants = told_grants(case.pk)
    known = Known(case, {}, [record], grants, kept)
    others = Agency.objects.filter(pk__in={g.group_id for g in grants}).exclude(
        pk=membership.agency_id
    )
    reached = [
        a for a in others.order_by("name", "pk") if record_for(known.eyes(a), record).visible
    ]
    return [*own, *reached]


def _bare(name: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", name))


def mentioned(text: str, people: Readers) -> tuple[list[Membership], list[str]]:
    """Of those who may be asked: whom the text names after an @; and what stands after an @ that
    names none of them. A name that two people have names nobody."""
    by_name: dict[str, list[Membership]] = {}
    for _agency, members in people:
        for person in members:
            by_name.setdefault(_bare(str(person.user)), []).append(person)
    found, unknown = [], []
    names = sorted((name for name in by_name if name), key=len, reverse=True)
    for after in re.findall(
        r"(?<![A-Za-z0-9._%+-])@([^@\n]{1,60})", unicodedata.normalize("NFKC", text)
    ):
        bare = _bare(after)
        name = next((name for name in names if bare.startswith(name)), "")
        if name and len(by_name[name]) == 1:
            found.append(by_name[name][0])
        else:
            unknown.append(re.split(r"[\s、。,.（(さ]", after.strip(), maxsplit=1)[0][:20])
    return list(dict.fromkeys(found)), [word for word in dict.fromkeys(unknown) if word]


@dataclasses.dataclass(frozen=True)
class Receipt:
    """One person asked, as it is printed."""

    name: str
    state: str
    tone: str
    is_waiting: bool


@dataclasses.dataclass(frozen=True)
class Sending:
    """One sending: who asked, when, of whom; `may_end` while somebody has not answered."""

    batch: uuid.UUID
    title: str
    when: str
    receipts: list[Receipt]
    may_end: bool


def sendings(membership: Membership, record: Record, people: Readers) -> list[Sending]:
    """What one may see of whom this record was shown, the newest first. One query.

    people: who could be asked now. Of anybody else it is said that it does not reach them, whatever
    the reason: a consent, a role, a list, or that they left.
    """
    within = {person.pk for _agency, members in people for person in members} | {membership.pk}
    rows = (
        ReadRequest.objects.standing_with(membership)
        .filter(record=record)
        .select_related("membership__user", "membership__agency", "by__user")
        .order_by("-sent_at", "batch", "order", "id")
    )
    batches: dict[uuid.UUID, list[ReadRequest]] = {}
    for row in rows:
        batches.setdefault(row.batch, []).append(row)
    return [_sending(membership, batch, asked, within) for batch, asked in batches.items()]


def _sending(
    membership: Membership, batch: uuid.UUID, rows: Sequence[ReadRequest], within: set[uuid.UUID]
) -> Sending:
    first = rows[0]
    receipts = [_receipt(membership, row, within) for row in rows]
    how = first.get_kind_display()
    if first.kind == enums.RequestKind.CIRCULATION:
        how = _("供覧（順に）") if first.order else _("供覧（一度に）")
    return Sending(
        batch,
        f"{how}　{first.by.user}",
        format_datetime_short(first.sent_at),
        receipts,
        _is_sender(membership, first) and any(r.is_waiting for r in receipts),
    )


def _is_sender(membership: Membership, row: ReadRequest) -> bool:
    if row.agency_id != membership.agency_id:
        return False
    return row.by_id == membership.pk or (row.by.until is not None and row.by.until < today())


def _receipt(membership: Membership, row: ReadRequest, within: set[uuid.UUID]) -> Receipt:
    name = str(row.membership.user)
    if row.membership.agency_id != membership.agency_id:
        name = f"{row.membership.agency.name if row.membership.agency else ''}　{name}"
    if row.confirmed_at:
        return Receipt(
            name, _("確認 %(at)s") % {"at": format_datetime_short(row.confirmed_at)}, "ok", False
        )
    seen = _("閲覧 %(at)s") % {"at": format_datetime_short(row.seen_at)} if row.seen_at else ""
    if seen and row.kind == enums.RequestKind.MENTION:
        return Receipt(name, seen, "ok", False)
    if row.ended_at:
        return Receipt(name, "　".join(p for p in (seen, _("とりやめ")) if p), "", False)
    if row.membership_id not in within:
        words = _("いまは、この人に届きません")
        return Receipt(name, "　".join(p for p in (seen, words) if p), "warn", True)
    return Receipt(name, "　".join(p for p in (seen, _("まだ")) if p), "", True)
