"""Conferences: with consent (V5), under secrecy (V6), merged (V7), and what is carried out of them.

The second part of the model.
"""

from __future__ import annotations

import datetime

from reports.proof.facts import (
    Appointment,
    CalendarFeed,
    CarryOut,
    CarryOutPerson,
    Item,
    ItemDraft,
    Membership,
    Record,
    Sitting,
)
from reports.proof.rights import (
    NO_CASES,
    Decision,
    is_guest,
    is_secretary,
    no,
    reads_cases,
    reads_items,
    rights,
    sealed,
    yes,
)
from reports.proof.shields import stopped_by_shield
from reports.proof.world import World


def see_item(world: World, m: Membership, row: Item) -> Decision:
    if not reads_items(m):
        return NO_CASES
    if not sealed(world, row):
        return see_consented(world, m, row) if reads_cases(m) else NO_CASES
    rule = "V7" if len(world.conference_types[row.conference_type_id].bases) > 1 else "V6"
    if reads_cases(m) and is_secretary(world, m, row.conference_type_id):
        return yes(rule, "この会議の事務局の名簿にあります。", "106-6")
    # Earlier items of the same case in the same body open with the one they are attached to.
    later = [
        item for item in world.of("attached", row.id)
        if item.case_id == row.case_id and item.conference_type_id == row.conference_type_id
    ]  # fmt: skip
    for item in (row, *later):
        if appointed(world, m, item) and is_open(world, item):
            until = item.open_period.until if item.open_period else None
            return yes(rule, "この議題に指名され、守秘を確認しました。", "106-6", until=until)
    return no(rule, "この議題に指名されていないか、開いている期間ではありません。")


def see_consented(world: World, m: Membership, row: Item) -> Decision:
    """V5: who proposed it; the participants, unless a check has closed the item, and as long as
    every person's consent covers them (V3: an expired one has closed by itself)."""
    if row.proposing_agency_id == m.agency_id:
        return yes("V5", "所属の機関が付議した議題です。", "own_records")
    if m.agency_id not in row.participant_ids:
        return no("V5", "参加機関ではありません。")
    if row.state == "blocked" or row.open_period is None or not row.open_period.holds(world.now):
        return no("V5", "議題が開いていません。")
    if row.case_id is not None:
        mine = rights(world, m.agency_id or 0, row.case_id)
        covered = {consent.person_id for consent in mine.consents}
        if not row.person_ids or not set(row.person_ids) <= covered:
            return no("V5", "すべての人の同意が、所属の機関に及んではいません。")
    return yes("V5", "参加機関です。", "consent", until=row.open_period.until)


def appointed(world: World, m: Membership, item: Item) -> bool:
    """V6: to this item of this sitting, and pledged for it: where an item was put off from, a
    pledge counts no more."""
    return any(
        a.membership_id == m.id
        and a.pledged_at is not None
        and a.revoked_at is None
        and a.sitting_id == item.sitting_id
        for a in world.of("Appointment", item.id)
    )


def is_open(world: World, item: Item) -> bool:
    """V6: from the notice until a set number of days after the sitting; nothing is open of one
    that was cancelled, until the next one it waits for is noticed."""
    if item.open_period is None or not item.open_period.holds(world.now):
        return False
    sitting = world.get("meetings_sitting", item.sitting_id)
    if sitting.state == "cancelled":
        return False
    days = world.conference_types[item.conference_type_id].closes_after_days
    if sitting.noticed_at is None or sitting.noticed_at > world.now:
        return False
    return days is None or world.today <= sitting.on + datetime.timedelta(days=days)


def laid_open(world: World, m: Membership, record: Record, item: Item) -> bool:
    """What is laid before a sealed item is read by whoever sees the item. An agency lays only
    its own agency-only records."""
    return (
        item.case_id == record.case_id
        and sealed(world, item)
        and (record.audience == "team" or record.author_agency_id == item.proposing_agency_id)
        and see_item(world, m, item).visible
        and stopped_by_shield(world, m, item) is None
    )


def see_appointment(world: World, m: Membership, row: Appointment) -> Decision:
    if row.membership_id == m.id:
        return yes("V6", "自分への指名です。", "106-6")
    if is_secretary(world, m, row.conference_type_id):
        return yes("V6", "この会議の事務局の名簿にあります。", "106-6")
    return no("V6", "指名は、本人と事務局だけが見ます。")


def carried_out(world: World, m: Membership, row: CarryOut) -> Decision:
    """The named people until the review date; not their agencies (V6)."""
    for person in world.of("CarryOutPerson", row.id):
        if person.membership_id == m.id and person.revoked_at is None:
            if person.period.holds(world.now) and world.today <= row.review_on:
                until = person.period.until
                return yes("V6", "支援会議が決めた持ち出しの相手です。", "106-6", until=until)
            return no("V6", "持ち出しの見直し日を過ぎています。")
    return no("V6", "持ち出しの相手として名前がありません。")


def see_carry_out(world: World, m: Membership, row: CarryOut) -> Decision:
    if not reads_cases(m):
        return NO_CASES
    if row.decided_by_id == m.id:
        return yes("V6", "自分が記録した持ち出しの決定です。", "106-6")
    return carried_out(world, m, row)


def see_carry_out_person(world: World, m: Membership, row: CarryOutPerson) -> Decision:
    if m.id in (row.membership_id, row.granted_by_id):
        return yes("V6", "自分への、または自分が記録した持ち出しです。", "106-6")
    return no("V6", "持ち出しは、名前のある人と決めた人だけが見ます。")


def see_sitting(world: World, m: Membership, row: Sitting) -> Decision:
    """A day and a room; no case stands on it."""
    same = row.municipality_id == m.municipality_id
    if is_guest(m) and not any(
        a.membership_id == m.id and a.revoked_at is None for a in world.of("Asked", row.id)
    ):
        return no("V6", "ゲストが見るのは、指名された会議の日程だけです。")
    return yes("V6", "市の会議の日程です。") if same else no("V1", "ほかの市の会議です。")


def see_item_draft(world: World, m: Membership, row: ItemDraft) -> Decision:
    """One's own, as long as one sees the item."""
    if row.by_id != m.id:
        return no("V6", "ほかの人が書きかけた決定です。")
    item = world.get("meetings_agendaitem", row.item_id)
    return stopped_by_shield(world, m, item) or see_item(world, m, item)


def see_feed(world: World, m: Membership, row: CalendarFeed) -> Decision:
    """Its address opens days and rooms; whose it is, is that membership's alone."""
    if not reads_cases(m):
        return NO_CASES
    return (
        yes("V6", "自分の購読です。")
        if row.membership_id == m.id
        else no("V6", "ほかの人の購読です。")
    )
