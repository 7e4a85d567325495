"""A sitting to come in the demo: its agenda in order, everybody asked, one agency has answered.

Its items are about the area, not about a household: who looks around finds the whole of it without
a consent to be read first.
"""

from __future__ import annotations

import datetime

from django.utils import timezone

from agencies.enums import AgendaType
from agencies.models import Membership
from agencies.opendays import open_days
from config.demo.conference import Conference
from config.lib.acting import acting
from meetings.models import AgendaItem, Sitting
from meetings.operations import (
    Noted,
    Planned,
    Reply,
    allot_times,
    answer_sitting,
    call_ad_hoc,
    name_member,
    note_members,
    propose_item,
    send_notice,
    set_agenda,
)
from meetings.permissions import agenda_types_of

ITEMS = (
    ("livelihood", "夜間・休日に話を聞ける場の不足", 40, ("disability", "child", "elderly")),
    ("elderly", "見本町の移動手段と買い物", 30, ("livelihood", "disability")),
    ("disability", "作業所に通う前の居場所", 30, ("livelihood", "child")),
)


def play_agenda(members: dict[str, Membership], conference: Conference) -> None:
    """An ad hoc sitting of the body that takes plans, a week ahead. Nothing in a city whose
    only body is under 106条の6: there people are appointed, not agencies."""
    body = conference.plan_body()
    if body.is_secret or AgendaType.SOCIAL_RESOURCES not in agenda_types_of(body):
        return
    office = conference.office(body)
    with acting(office.pk):
        sitting = call_ad_hoc(
            by=office,
            conference_types=[body],
            on=open_days(office.municipality).next(
                timezone.localdate() + datetime.timedelta(days=7)
            ),
            starts_at=datetime.time(14, 0),
            ends_at=datetime.time(15, 30),
            place="市役所 会議室",
        )
    items = [_propose(members, sitting, *facts) for facts in ITEMS]
    with acting(office.pk):
        rows = [
            Planned(item.pk, item.version, minutes, None, item.proposed_by_id)
            for item, (_who, _title, minutes, _others) in zip(items, ITEMS, strict=True)
        ]
        set_agenda(sitting=sitting, by=office, rows=rows)
        allot_times(sitting=sitting, by=office)
        row = name_member(
            item=items[1], by=office, kind="invited", name="見本 守", organisation="民生委員"
        )
        send_notice(sitting=sitting, by=office)
        note_members(item=items[1], by=office, rows=[Noted(f"n:{row.pk}", False, "attend")])
    _answer(members["disability"], sitting, items)


def _propose(
    members: dict[str, Membership],
    sitting: Sitting,
    who: str,
    title: str,
    _minutes: int,
    others: tuple[str, ...],
) -> AgendaItem:
    by = members[who]
    with acting(by.pk):
        return propose_item(
            sitting=sitting,
            by=by,
            conference_type=sitting.conference_types.get(),
            agenda_type=AgendaType.SOCIAL_RESOURCES,
            title=title,
            briefing="各機関の相談から見えてきたことを持ち寄り、足りない社会資源を確かめる。",
            participants=[agency for code in others if (agency := members[code].agency)],
        )


def _answer(by: Membership, sitting: Sitting, items: list[AgendaItem]) -> None:
    with acting(by.pk):
        replies = [
            Reply(items[0].pk, "attend", remark="後半から担当が代わります"),
            Reply(items[1].pk, "absent"),
            Reply(items[2].pk, "attend", has_conflict=True),
        ]
        answer_sitting(sitting=sitting, by=by, replies=replies)
