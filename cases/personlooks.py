"""本人に渡す閲覧記録 (V10): the lines of the paper, with whoever may not be named left unnamed.

The database says which looks are about the person and what stands in the way of telling each
(`kasane.person_looks`). On paper stands no member of staff; an agency that the person's own consent
does not name stays unnamed, with its role and its reason: they would tell of somebody else.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from agencies.enums import Action, Purpose
from agencies.models import AccessLog, Membership
from cases.enums import GrantBasis
from config.lib.eras import format_datetime_short, format_long, today

PRINTED = 1000
PLAIN, SECRECY = "case", "secrecy"


@dataclass(frozen=True)
class Look:
    """A line of the log that is about a person."""

    line: int
    source: str
    agency_id: int | None
    is_named: bool


@dataclass(frozen=True)
class PaperLine:
    """A look as the person reads it."""

    when: str
    who: str
    action: str
    purpose: str
    basis: str


def looks_at(person_id: uuid.UUID) -> list[Look]:
    """The looks the reader may tell or decide about. One query."""
    with connection.cursor() as cursor:
        cursor.execute("select * from kasane.person_looks(%s) order by line desc", [person_id])
        return [Look(*row) for row in cursor.fetchall()]


def paper_lines(by: Membership, looks: Iterable[Look]) -> tuple[list[PaperLine], bool]:
    """The newest lines in words, and whether older ones were left out. Two queries."""
    told = {look.line: look for look in looks}
    rows = AccessLog.objects.visible_to(by).filter(pk__in=list(told)).order_by("-pk")
    found = list(rows[: PRINTED + 1])
    members = Membership.objects.with_names().in_bulk({row.membership_id for row in found})
    lines = [_line(row, told[row.pk], members) for row in found[:PRINTED]]
    return lines, len(found) > PRINTED


def _line(row: AccessLog, look: Look, members: dict[uuid.UUID, Membership]) -> PaperLine:
    when, action = format_datetime_short(row.at), str(Action(row.action).label)
    if look.source == SECRECY:
        basis = _("社会福祉法106条の6")
        return PaperLine(when, _("支援会議の構成員"), action, str(_purpose(row)), basis)
    who = members.get(row.membership_id) if row.membership_id else None
    if who is None or not look.is_named:
        return PaperLine(when, _("ほかの支援機関"), action, str(_purpose(row)), "")
    basis = str(GrantBasis(row.basis).label) if row.basis in GrantBasis.values else ""
    return PaperLine(when, f"{who.agency_name}　{who.role_name}", action, str(_purpose(row)), basis)


def _purpose(row: AccessLog) -> object:
    return Purpose(row.purpose).label if row.purpose in Purpose.values else ""


def sheet(name: str, issuer: str) -> dict[str, Any]:
    """The head of the paper (base_print.html)."""
    return {
        "title": _("閲覧記録　%(name)s") % {"name": name},
        "basis": _("本人への開示"),
        "handling": _("取扱注意"),
        "serial": "",
        "secret": False,
        "landscape": False,
        "issued_on": format_long(today()),
        "issuer": issuer,
    }
