"""本人開示 (V10): what stands in the way of telling a person of looks, and what was decided of it.

The privacy officer knows a case by its number and a person by a letter: whose paper it is, the
responsible agency confirms and the officer writes by hand (V11). A decision is a row that stays.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils.translation import gettext as _

from agencies.enums import Action, Permission, Purpose
from agencies.models import Agency, Membership
from agencies.permissions import ActionDenied, check_may
from agencies.trail import log_access
from cases.personlooks import Look
from config.lib.eras import format_datetime_short
from config.lib.ids import new_id
from reports.enums import LookSource
from reports.models import LookDecision


@dataclass(frozen=True)
class Named:
    """A person as the privacy officer knows one: a case number and a letter."""

    key: uuid.UUID
    case_number: str
    letter: str
    agency: str

    @property
    def words(self) -> str:
        return _("%(number)s の%(letter)sさん") % {
            "number": self.case_number,
            "letter": self.letter,
        }


@dataclass(frozen=True)
class Group:
    """Looks that are decided together, with the last decision about any of them."""

    source: str
    agency_id: int | None
    title: str
    count: int
    waiting: int
    decided: str


@dataclass(frozen=True)
class Told:
    """A decision in words."""

    words: str
    about: str
    by: str


def persons_of(case_id: uuid.UUID, number: str) -> list[Named]:
    """The persons of a case of the own city. Two queries."""
    with connection.cursor() as cursor:
        cursor.execute("select * from kasane.review_persons(%s)", [case_id])
        rows = cursor.fetchall()
    names = _agencies(agency for _key, _letter, agency in rows)
    return [Named(key, number, letter, names.get(agency, "")) for key, letter, agency in rows]


def person_of(key: uuid.UUID) -> Named | None:
    """A person of the own city, or nobody. Two queries."""
    with connection.cursor() as cursor:
        cursor.execute("select * from kasane.review_person(%s)", [key])
        row = cursor.fetchone()
    if row is None:
        return None
    number, letter, agency = row
    return Named(key, number, letter, _agencies([agency]).get(agency, ""))


def decisions_about(by: Membership, person_id: uuid.UUID) -> list[LookDecision]:
    """The newest first. One query."""
    rows = LookDecision.objects.visible_to(by).filter(person_id=person_id)
    return list(rows.select_related("agency", "decided_by__user").order_by("-decided_at", "-id"))


def disclosed(looks: Iterable[Look], decisions: list[LookDecision]) -> list[Look]:
    """What reaches the paper: the plain ones, and those whose last decision says so."""
    return [k for k in looks if k.source == LookSource.CASE or _is_told(_last(k, decisions))]


def groups_of(looks: Iterable[Look], decisions: list[LookDecision]) -> list[Group]:
    """What there is to decide, each kind and agency by itself. One query."""
    found: dict[tuple[str, int | None], list[Look]] = {}
    for look in looks:
        if look.source != LookSource.CASE:
            found.setdefault((look.source, look.agency_id), []).append(look)
    names = _agencies(agency for _source, agency in found if agency)
    groups = []
    for (source, agency), lines in sorted(found.items(), key=str):
        title = _title(source, names.get(agency) if agency else None)
        waiting = sum(_last(line, decisions) is None for line in lines)
        newest = next((d for d in decisions if (d.source, d.agency_id) == (source, agency)), None)
        decided = _words(newest) if newest else ""
        groups.append(Group(source, agency, title, len(lines), waiting, decided))
    return groups


def told_of(decisions: Iterable[LookDecision]) -> list[Told]:
    """The decisions in words."""
    return [
        Told(_words(one), _title(one.source, one.agency), str(one.decided_by.user))
        for one in decisions
    ]


def _words(decision: LookDecision) -> str:
    answer = _("開示する") if decision.is_disclosed else _("開示しない")
    return f"{format_datetime_short(decision.decided_at)}　{answer}　{decision.reason}"


def _title(source: str, agency: object) -> str:
    if agency:
        return _("%(agency)sが書いた記録の閲覧") % {"agency": agency}
    return str(LookSource(source).label)


@transaction.atomic
def decide_looks(
    *,
    person_id: uuid.UUID,
    by: Membership,
    source: str,
    agency_id: int | None,
    is_disclosed: bool,
    reason: str,
) -> None:
    """Whether the looks there are of one kind reach the person's paper; the decision stays."""
    check_may(by, Permission.REVIEW_ACCESS)
    if not reason:
        raise ActionDenied(_("決定の理由を書いてください。"))
    with connection.cursor() as cursor:
        cursor.execute(
            "select kasane.decide_looks(%s, %s, %s, %s, %s, %s)",
            [new_id(), person_id, source, agency_id, is_disclosed, reason],
        )
    log_access(
        by, Action.WRITE, what="decide_looks", purpose=Purpose.DISCLOSURE, record_ids=[person_id]
    )


def _last(look: Look, decisions: list[LookDecision]) -> LookDecision | None:
    """The last decision that was about this line."""
    key = (look.source, look.agency_id)
    about = (d for d in decisions if (d.source, d.agency_id) == key and d.until_line >= look.line)
    return next(about, None)


def _is_told(decision: LookDecision | None) -> bool:
    return decision is not None and decision.is_disclosed


def _agencies(keys: Iterable[int]) -> dict[int, str]:
    return dict(Agency.objects.filter(pk__in=set(keys)).values_list("pk", "name"))
