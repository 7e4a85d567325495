"""V17: why a membership sees a case or a record, or why not, from the model over all rows."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from reports.proof.facts import TOKYO, Case, Membership
from reports.proof.model import decide
from reports.proof.rights import Decision
from reports.proof.world import World


class Unknown(Exception):
    """What was asked about does not exist; the message says what, in words."""


def find_membership(world: World, username: str, membership: str = "") -> Membership:
    """The user's membership asked for, or the first that is in its period today."""
    mine = sorted(
        (m for m in world.memberships.values() if m.username == username and not m.system_name),
        key=lambda m: (m.since, m.id),
    )
    if not mine:
        raise Unknown(f"利用者「{username}」はいません。")
    if membership:
        found = [m for m in mine if str(m.id) == membership]
        if not found:
            raise Unknown(f"利用者「{username}」に、所属「{membership}」はありません。")
        return found[0]
    active = [
        m for m in mine
        if m.confirmed_at and m.since <= world.today and (not m.until or m.until >= world.today)
    ]  # fmt: skip
    return (active or mine)[0]


def find_case(world: World, number: str) -> Case:
    for case in world.rows.get("cases_case", {}).values():
        if case.number == number:
            return case
    raise Unknown(f"ケース番号「{number}」のケースはありません。")


def find_record(world: World, case: Case, record: str) -> Any:
    try:
        row = world.get("cases_record", uuid.UUID(record))
    except ValueError:
        row = None
    if row is None or row.case_id != case.id:
        raise Unknown(f"このケースに、記録「{record}」はありません。")
    return row


def explain(world: World, member: Membership, case: Case, row: Any) -> dict[str, Any]:
    """The decision with the grants it shows itself in, ready for JSON."""
    answer = decide(world, member, row)
    return {
        "visible": answer.visible,
        "rule": answer.rule,
        "grant": [str(key) for key in _grants(world, member, case, answer)],
        "basis": answer.basis,
        "consents": [str(key) for key in answer.consents],
        "persons": [world.get("cases_person", key).label for key in answer.persons],
        "categories": list(answer.categories),
        "from": _day(answer.since),
        "until": _until(answer.until),
        "reason": _sentence(answer),
    }


def _grants(world: World, member: Membership, case: Case, answer: Decision) -> list[uuid.UUID]:
    """The rows of the store that stand for this answer."""
    if not answer.visible:
        return []
    return [
        g.id for g in world.rows.get("cases_casegrant", {}).values()
        if g.content_object_id == case.id and g.group_id == member.agency_id
        and g.revoked_at is None and g.period.holds(world.now) and g.basis == answer.basis
        and (g.consent_id is None or g.consent_id in answer.consents)
    ]  # fmt: skip


def _day(instant: datetime.datetime | None) -> str | None:
    return instant.astimezone(TOKYO).date().isoformat() if instant else None


def _until(instant: datetime.datetime | None) -> str | None:
    """The last day that is still open."""
    return _day(instant - datetime.timedelta(microseconds=1)) if instant else None


def _sentence(answer: Decision) -> str:
    if not answer.visible:
        return f"見えません。{answer.reason}"
    until = _until(answer.until)
    return f"見えます。{answer.reason}" + (f"{until}まで。" if until else "")
