"""Shields of a drawn world (V9): proposed, in force, lifted; their lists, and what was decided.

The database's own triggers put both people on the list and hold what names the person.
"""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from agencies.models import Membership
from cases.models import Shield, ShieldHold, ShieldMember
from meetings.models import AgendaItem
from reports.proof.drawing import Draw, Drawn


def draw_shields(draw: Draw, drawn: list[Drawn]) -> None:
    """In every third case, over one or two persons; also by who sees nothing of the case."""
    for one in drawn:
        for person in draw.some(one.persons, 1, 2) if draw.chance(0.35) else []:
            _shield(draw, one, person.pk)
    draw.write()
    _decide(draw, drawn)
    draw.write()


def _shield(draw: Draw, one: Drawn, person_id: uuid.UUID) -> None:
    readers = [m for m in draw.members if m.role_id != "guest"]
    # Mostly people at work on the case: a list of strangers shows nothing to anybody.
    near = [m for m in readers if m.agency_id in one.team]
    pair = draw.rng.sample(near if len(near) > 1 and draw.chance(0.8) else readers, 2)
    state = draw.rng.choice(["proposed", "force", "force", "force", "force", "lifted"])
    later: dict[str, Any] = {}
    if state != "proposed":
        later = {"confirmed_at": draw.now, "confirmed_user_id": pair[1].user_id}
    if state == "lifted":
        later |= {
            "lift_proposed_at": draw.now, "lift_proposed_by": pair[0],
            "lift_proposed_user_id": pair[0].user_id, "lift_reason": "終わった",
            "lifted_at": draw.now, "lifted_by": pair[1], "lifted_user_id": pair[1].user_id,
        }  # fmt: skip
    shield = draw.put(
        Shield(
            id=draw.key(), case=one.case, person_id=person_id, ground="abuse",
            expires_on=draw.today + datetime.timedelta(days=100), proposed_by=pair[0],
            proposed_user=pair[0].user, confirmer=pair[1], form_key=draw.key(), **later,
        )
    )  # fmt: skip
    one.shields.append(shield)


def _decide(draw: Draw, drawn: list[Drawn]) -> None:
    """Some of what waits is opened or kept; some other texts of the case wait; lists change."""
    holds = ShieldHold.objects.using(draw.using)
    for one in drawn:
        for shield in one.shields:
            for hold in holds.filter(shield=shield):
                if draw.chance(0.5):
                    said = draw.rng.choice(["released", "released", "kept"])
                    holds.filter(pk=hold.pk).update(decision=said, decided_by=shield.confirmer)
            known = set(holds.filter(shield=shield).values_list("row_id", flat=True))
            items = AgendaItem.objects.using(draw.using).filter(case=one.case)
            rows: list[tuple[Any, str]] = [(row, "cases_record") for row in one.records]
            rows += [(row, "cases_consent") for row in one.consents]
            rows += [(row, "meetings_agendaitem") for row in items]
            for row, kind in rows:
                if row.pk not in known and draw.chance(0.25):
                    draw.put(
                        ShieldHold(
                            id=draw.key(), shield=shield, kind=kind, row_id=row.pk,
                            decision=draw.rng.choice(["waiting", "released", "kept"]),
                        )
                    )  # fmt: skip
            _change_list(draw, one, shield)


def _change_list(draw: Draw, one: Drawn, shield: Shield) -> None:
    taken = {shield.proposed_by_id, shield.confirmer_id}
    near: list[Membership] = [m for m in draw.members if m.agency_id in one.team]
    for member in draw.some([m for m in near if m.pk not in taken], 0, 3):
        draw.put(
            ShieldMember(
                id=draw.key(), shield=shield, membership=member, added_by=shield.proposed_by,
                ended_at=draw.now if draw.chance(0.3) else None,
            )
        )  # fmt: skip
