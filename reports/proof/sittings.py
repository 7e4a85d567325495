"""What is drawn around sittings after everything else: rules, feeds, lines, answers, minutes; who
wants mail; and the 決裁 of plans. New rows come last, so that the draws before them stay."""

from __future__ import annotations

import hashlib

from agencies.models import MailAddress
from meetings.models import (
    AgendaItem,
    CalendarFeed,
    ItemAttendance,
    ItemDraft,
    MinuteLine,
    MinutesStep,
    MinutesVersion,
    Series,
)
from plans.models import Plan, PlanApproval
from reports.proof.drawing import Draw


def draw_sittings(draw: Draw) -> None:
    """One kind after the other, each written before the next is drawn."""
    for part in (_series, _feeds, _run, _answers, _mail, _minutes, _approvals):
        part(draw)
        draw.write()


def _series(draw: Draw) -> None:
    """By which rule each body sits."""
    for body in draw.types.values():
        draw.put(
            Series(
                id=draw.key(), municipality_id=body.municipality_id, conference_type=body,
                since=draw.today, rule="FREQ=MONTHLY;BYDAY=4WE", on_day_off="next",
                made_by=draw.members[0], form_key=draw.key(),
            )
        )  # fmt: skip


def _feeds(draw: Draw) -> None:
    """Of some, running or switched off, whatever their role has become since."""
    for number, member in enumerate(draw.members):
        if number % 2:
            digest = hashlib.sha256(b"%d" % number).digest() if number % 3 else None
            draw.put(CalendarFeed(id=draw.key(), membership=member, digest=digest))


def _run(draw: Draw) -> None:
    """Of some items: what was written while they were talked about, and decisions half typed."""
    members = [m for m in draw.members if m.agency_id is not None]
    for number, item in enumerate(AgendaItem.objects.using(draw.using).order_by("pk")):
        by = members[number % len(members)]
        for writer in {item.proposed_by_id, by.pk}:
            draw.put(MinuteLine(id=draw.key(), item=item, by_id=writer, text="書きとめた。"))
            if number % 2:
                draw.put(
                    ItemDraft(id=draw.key(), item=item, by_id=writer, typed=[["opinion", "案"]])
                )


def _answers(draw: Draw) -> None:
    """What agencies that take part in items with consent have answered, and who is asked by name;
    what the appointed answered stands with their appointment."""
    items = AgendaItem.objects.using(draw.using).filter(basis="consent").order_by("pk")
    for item in items.select_related("proposed_by"):
        for agency in item.participant_ids:
            draw.put(
                ItemAttendance(
                    id=draw.key(), item=item, agency_id=agency, answer="attend",
                    answered_at=draw.now, answered_by=item.proposed_by,
                )
            )  # fmt: skip
        draw.put(
            ItemAttendance(
                id=draw.key(), item=item, name="架空 次郎", kind="invited", organisation="民生委員"
            )
        )


def _mail(draw: Draw) -> None:
    """Of some people, whatever they work as."""
    people = {member.user_id for member in draw.members if member.user_id is not None}
    for number, user in enumerate(sorted(people)):
        if number % 3:
            address = f"person{number}@city.example"
            draw.put(MailAddress(id=draw.key(), user_id=user, address=address))


def _minutes(draw: Draw) -> None:
    """Of some items: versions of the minutes, and what was decided of the newest."""
    members = [m for m in draw.members if m.agency_id is not None]
    for number, item in enumerate(AgendaItem.objects.using(draw.using).order_by("pk")):
        by = members[number % len(members)]
        for version in range(1, number % 3 + 1):
            draw.put(
                MinutesVersion(
                    id=draw.key(), item=item, number=version, text="まとめた。",
                    reason="直した。", by=by,
                )
            )  # fmt: skip
        if number % 3:
            draw.put(
                MinutesStep(
                    id=draw.key(), item=item, number=number % 3, act="decide", by=by, is_final=True
                )
            )


def _approvals(draw: Draw) -> None:
    """Of some plans: a line of their 決裁."""
    members = [m for m in draw.members if m.agency_id is not None]
    for number, plan in enumerate(Plan.objects.using(draw.using).order_by("pk")):
        if number % 2:
            by = members[number % len(members)]
            draw.put(PlanApproval(id=draw.key(), plan=plan, act="decide", by=by, is_final=True))
