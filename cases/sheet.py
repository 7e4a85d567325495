"""インテーク・アセスメントシート: four sheets put together from what is written elsewhere.

Which item stands where is data (data/sheet.toml); nothing is asked for the sheet and nothing of it
is stored. An item is there, and counted, where the reader may read its field: by the grants the
reader holds and the rows the reader sees, never by whether a row is hidden (V3, V15).
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import QuerySet

from agencies.models import Membership
from cases import intakeitems
from cases.assessments import FIELDS, as_they_stand, sections_of, spots_on
from cases.caselines import ConsentState
from cases.intakeitems import Filled
from cases.itemdata import listed
from cases.models import Case, CaseGrant, Consultation, Issue, Person
from cases.questions import catalogue, national
from cases.sheetlines import SOURCES, Known, Line
from config.lib.prepared import prepared

EVERY_DAY: Final = datetime.date.max


@dataclass(frozen=True)
class Block:
    title: str
    lines: Sequence[Line]


@dataclass(frozen=True)
class Sheet:
    number: int
    title: str
    blocks: Sequence[Block]
    filled: Filled


def known_of(
    membership: Membership,
    case: Case,
    persons: Mapping[uuid.UUID, Person],
    issues: Sequence[Issue],
    grants: Sequence[CaseGrant],
    agreed: Mapping[uuid.UUID, ConsentState],
    *,
    may_write: bool,
    with_city: bool = True,
) -> Known:
    """What is read for the sheets: two queries, on a page one more for the city's own items."""
    sections = sections_of(membership, case)
    city, word = membership.municipality, membership.municipality.wording_shogai
    return Known(
        membership,
        case,
        persons,
        issues,
        spots_on(as_they_stand(sections), EVERY_DAY),
        list(_told(membership, case)),
        intakeitems.items_of(city)
        if with_city
        else {i.code: i for i in intakeitems.national(word)},
        catalogue(city) if with_city else {q.code: q for q in national(word)},
        _open_fields(membership, case, grants),
        may_write,
        agreed,
        [section.pk for section in sections],
    )


@prepared
def _told(membership: Membership, case: Case) -> QuerySet[Consultation]:
    return (
        Consultation.objects.visible_to(membership).filter(case=case).order_by("received_at", "id")
    )


def _open_fields(membership: Membership, case: Case, grants: Sequence[CaseGrant]) -> frozenset[str]:
    """The fields this reader's agency may read of anybody here."""
    if membership.agency_id == case.responsible_agency_id:
        return frozenset(FIELDS)
    return frozenset(category for grant in grants for category in grant.categories)


def sheets(known: Known, *, is_short: bool = False) -> list[Sheet]:
    """The four sheets; `is_short`: the national items alone. At most one query a room that
    says something of the direction."""
    found = []
    wording = known.membership.municipality.wording_shogai
    for number, sheet in enumerate(listed("sheet", "sheet", wording=wording), 1):
        blocks = [
            Block(block["title"], lines)
            for block in sheet["block"]
            if (lines := list(_block(known, block["items"], is_short=is_short)))
        ]
        found.append(Sheet(number, sheet["title"], blocks, _filled(blocks)))
    return found


def bar_of(
    membership: Membership,
    case: Case,
    persons: Mapping[uuid.UUID, Person],
    issues: Sequence[Issue],
    grants: Sequence[CaseGrant],
    agreed: Mapping[uuid.UUID, ConsentState],
) -> Filled:
    """The bar of all of them, for the case page. Two queries."""
    known = known_of(
        membership, case, persons, issues, grants, agreed, may_write=False, with_city=False
    )
    return whole(sheets(known, is_short=True))


def whole(found: Sequence[Sheet]) -> Filled:
    """The bar of all of them together."""
    return _filled([block for sheet in found for block in sheet.blocks])


def _filled(blocks: Sequence[Block]) -> Filled:
    asked = [line for block in blocks for line in block.lines if line.is_national]
    missing = tuple(line.label for line in asked if not line.is_known)
    return Filled(len(asked) - len(missing), len(asked), missing)


def _block(known: Known, items: Sequence[dict[str, Any]], *, is_short: bool) -> Iterator[Line]:
    for item in items:
        kind, _colon, code = item["from"].partition(":")
        if is_short and not (item.get("is_national") or kind in ("fact", "item")):
            continue
        for line in SOURCES[kind](known, code, item):
            if line.is_national or not is_short:
                yield line
