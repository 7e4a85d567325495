"""Lines of the access log as the privacy officer reads them: ids become names of who looked and
numbers of cases; no name and no text of a case is asked for (V11)."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.enums import Action, Purpose
from agencies.models import AccessLog, Membership
from agencies.sealing import KeptHead, read_heads
from cases.enums import GrantBasis
from config.lib.eras import format_datetime, format_datetime_short
from reports.review.places import PLACES

LATE = datetime.timedelta(minutes=10)


@dataclass(frozen=True)
class Line:
    """One look, change or refusal."""

    when: str
    name: str
    agency: str
    action: str
    is_refused: bool
    place: str
    case_number: str
    count: str
    purpose: str
    basis: str


@dataclass(frozen=True)
class Seal:
    """The newest head, ready to be printed and compared by eye."""

    number: int
    when: str
    count: int
    until_id: int
    head: str
    key: str
    signature: str
    is_late: bool


def lines_of(rows: Iterable[AccessLog]) -> list[Line]:
    """Two queries, whatever the number of rows."""
    found = list(rows)
    members = names_of(row.membership_id for row in found)
    numbers = case_numbers(row.case_id for row in found)
    return [_line(row, members, numbers) for row in found]


def _line(
    row: AccessLog, members: dict[uuid.UUID, Membership], numbers: dict[uuid.UUID, str]
) -> Line:
    who = members.get(row.membership_id) if row.membership_id else None
    return Line(
        when=format_datetime_short(row.at),
        name=str(who.user or who.agency_name) if who else _("サインインしていない人"),
        agency=f"{who.agency_name}　{who.role_name}" if who and who.user else "",
        action=str(Action(row.action).label),
        is_refused=not row.was_allowed,
        place=str(PLACES.get(row.what.partition(" ")[0], "")),
        case_number=numbers.get(row.case_id, "") if row.case_id else "",
        count=str(len(row.record_ids) or ""),
        purpose=str(Purpose(row.purpose).label) if row.purpose in Purpose.values else "",
        basis=str(_basis(row.basis)),
    )


def _basis(basis: str) -> object:
    if basis in GrantBasis.values:
        return GrantBasis(basis).label
    return _("106条の6（守秘）") if basis in ("106-6", "secrecy") else ""


def names_of(keys: Iterable[uuid.UUID | None]) -> dict[uuid.UUID, Membership]:
    return Membership.objects.with_names().in_bulk({key for key in keys if key})


def case_numbers(keys: Iterable[uuid.UUID | None]) -> dict[uuid.UUID, str]:
    """Numbers of the city's cases, from a function that tells nothing else of them."""
    wanted = list({key for key in keys if key})
    with connection.cursor() as cursor:
        cursor.execute("select * from kasane.review_numbers(%s)", [wanted])
        return dict(cursor.fetchall())


def newest_seal(by: Membership) -> Seal | None:
    """The last head, and whether lines wait for a seal for longer than they should."""
    found = read_heads(after=None, most=1)
    if not found:
        return None
    kept: KeptHead = found[0]
    at = datetime.datetime.fromtimestamp(kept.head.sealed_at / 1_000_000, datetime.UTC)
    waiting = AccessLog.objects.visible_to(by).filter(at__gt=at, at__lt=timezone.now() - LATE)
    return Seal(
        kept.head.number,
        format_datetime(at),
        kept.head.count,
        kept.head.last_id,
        _in_fours(kept.digest),
        _in_fours(kept.public_key),
        _in_fours(kept.signature),
        waiting.exists(),
    )


def _in_fours(value: bytes) -> str:
    text = value.hex()
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4))
