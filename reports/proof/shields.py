"""支援措置 (V9): what stays closed, whatever the other rules open.

The third part of the model.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from reports.proof.facts import (
    CarryOut,
    Closing,
    Consent,
    Consultation,
    Contact,
    Disclosure,
    Draft,
    Emergency,
    Item,
    LeftWork,
    Membership,
    Part,
    Place,
    Record,
    Referral,
    Shield,
    Transfer,
)
from reports.proof.rights import Decision, no, reads_cases, rights, yes
from reports.proof.world import World

CLOSED = no("V9", "支援措置により、名簿の人が確かめて開くまで、名簿の人だけに見えます。")
HIDDEN = no("V9", "支援措置により、居所が分かる情報は、名簿の人だけに見えます。")


def on_list(world: World, m: Membership, shield: Shield) -> bool:
    return any(
        place.membership_id == m.id and place.ended_at is None
        for place in world.of("Place", shield.id)
    )


def against(world: World, m: Membership, case_id: uuid.UUID | None) -> Iterator[Shield]:
    """The shields of a case in force of whose list the membership is not. Figures and dates count
    what is closed as well (V1)."""
    if m.system_name:
        return
    for shield in world.of("Shield", case_id):
        in_force = shield.confirmed_at is not None and shield.lifted_at is None
        if in_force and not on_list(world, m, shield):
            yield shield


def named(row: Any) -> tuple[bool, tuple[uuid.UUID, ...]]:
    """Whether a row is the household's, or whom it names."""
    match row:
        case Record():
            return row.is_household, row.person_ids
        case Referral() | Transfer() | Item():
            return not row.person_ids, row.person_ids
        case Consent():
            return False, ()  # closed by what the list has said of its words alone
        case _:
            return True, ()


def closes(world: World, shield: Shield, row: Any) -> bool:
    """What the list has said of the row; else whether it names the person or the household."""
    for hold in world.of("Hold", (shield.id, row.id)):
        return bool(hold.decision != "released")
    household, persons = named(row)
    return household or shield.person_id in persons


def stopped_by_shield(world: World, m: Membership, row: Any) -> Decision | None:
    """Asked of every row the other rules open."""
    match row:
        case Contact():
            case_id = world.get("cases_person", row.person_id).case_id
            shields = against(world, m, case_id)
            return HIDDEN if any(s.person_id == row.person_id for s in shields) else None
        case (
            Record()
            | Referral()
            | Transfer()
            | Item()
            | Consent()
            | CarryOut()
            | LeftWork()
            | Consultation()
            | Closing()
            | Draft()
        ):
            shields = against(world, m, row.case_id)
            return CLOSED if any(closes(world, s, row) for s in shields) else None
        case Disclosure() | Emergency():
            case_id, writer = written_in(row)
            is_officer = "agencies.review_access" in m.permissions
            if m.id == writer or (is_officer and row.municipality_id == m.municipality_id):
                return None  # their own words; their duty
            return CLOSED if any(against(world, m, case_id)) else None
        case Part(table="cases_consentscan"):
            # A paper names the person who signed it.
            consent = world.get("cases_consent", row.whole_id)
            for shield in against(world, m, consent.case_id):
                said = [h.decision for h in world.of("Hold", (shield.id, row.id))]
                if said != ["released"] and (said or shield.person_id == consent.person_id):
                    return CLOSED
    return None


def written_in(row: Disclosure | Emergency) -> tuple[uuid.UUID | None, uuid.UUID]:
    """The case of such a row, and whose words it holds."""
    if isinstance(row, Disclosure):
        return row.case_id, row.recorded_by_id
    return row.content_object_id, row.membership_id


def was_closed(world: World, m: Membership, now: Any) -> bool:
    """V13: earlier words of what a shield once held stay with its list, also when it is open."""
    row = world.get("cases_record", now.whole_id) if isinstance(now, Part) else now
    if not isinstance(row, Record | Consent):
        return False
    household, persons = named(row)
    return any(
        household or shield.person_id in persons or world.of("Hold", (shield.id, row.id))
        for shield in against(world, m, row.case_id)
    )


def see_closing(world: World, m: Membership, row: Closing) -> Decision:
    if reads_cases(m) and rights(world, m.agency_id or 0, row.case_id).responsible:
        return yes("V2", "所属の機関が主担当機関です。", "responsible")
    return no("V2", "終結のことばは、主担当機関だけが読みます。")


def see_shield(world: World, m: Membership, row: Shield) -> Decision:
    if reads_cases(m) and on_list(world, m, row):
        return yes("V9", "支援措置の名簿に載っています。", "shield")
    return no("V9", "支援措置の名簿の人だけが見ます。")


def see_place(world: World, m: Membership, row: Place) -> Decision:
    return see_shield(world, m, world.get("cases_shield", row.shield_id))
