"""次にすること: what pages shared by rooms show of the tasks that stand in notes, and of what one
is asked to read. `cases.panels` imports this module, and so registers it."""

from __future__ import annotations

import datetime
import uuid
from collections import Counter
from collections.abc import Collection
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from agencies.enums import Permission
from agencies.home import day_words
from agencies.models import Membership
from cases import enums
from cases.gate import reads_cases
from cases.models import Case, NoteTask, ReadRequest
from cases.titles import titles_for
from config.lib.eras import local_day, today
from config.lib.prepared import prepared
from config.lib.registry import NamedTask, OpenEnd, OpenWork, Todo, registry

AHEAD = datetime.timedelta(days=7)
LIMIT = 50
STEP = "record__note__next_step"


def todo_steps(membership: Membership) -> list[Todo]:
    """Next steps that wait for me, due within a week, late or without a day. Two queries."""
    if not (reads_cases(membership) and membership.may(Permission.WRITE_RECORDS)):
        return []
    rows = list(_near_steps(membership))
    titles = titles_for(membership, {row[1] for row in rows})
    return [
        Todo(
            "step",
            titles[case],
            reverse("record_detail", args=[key]),
            _("開く"),
            detail=_("次に　%(step)s") % {"step": step},
            due_on=due_on,
            section="due" if due_on else "waiting",
            record_id=key,
        )
        for key, case, step, due_on in rows
    ]


@prepared
def _near_steps(membership: Membership) -> QuerySet[NoteTask, Any]:
    return (
        NoteTask.objects.standing_with(membership)
        .waiting_for(membership)
        .open()
        .filter(Q(due_on=None) | Q(due_on__lte=today() + AHEAD))
        .by_day()
        .values_list("record_id", "record__case_id", STEP, "due_on")[:LIMIT]
    )


def requests_for(membership: Membership) -> QuerySet[ReadRequest]:
    """What waits for me to be read: mine, and in turn where those before have answered, or left."""
    before = (
        ReadRequest.objects.filter(
            batch=OuterRef("batch"), order__lt=OuterRef("order"), record=OuterRef("record")
        )
        .waiting()
        .filter(Q(membership__until__isnull=True) | Q(membership__until__gte=today()))
    )
    return (
        ReadRequest.objects.standing_with(membership)
        .waiting()
        .filter(membership_id=membership.pk)
        .exclude(Q(order__gt=0) & Exists(before))
    )


def todo_requests(membership: Membership) -> list[Todo]:
    """Records I am asked to look at: no name and no word of them. One query."""
    if not reads_cases(membership):
        return []
    words = {
        enums.RequestKind.MENTION: (_("あなたへのお知らせがある記録"), _("見る")),
        enums.RequestKind.CIRCULATION: (_("供覧が回ってきています"), _("見て確認する")),
    }
    return [
        Todo(
            "read_request",
            words[enums.RequestKind(kind)][0],
            reverse("record_detail", args=[key]),
            words[enums.RequestKind(kind)][1],
            detail=_("%(name)sさんから") % {"name": sender},
            when=day_words(local_day(at), today()),
        )
        for key, kind, sender, at in _asked(membership)
    ]


@prepared
def _asked(membership: Membership) -> QuerySet[ReadRequest, Any]:
    waiting = requests_for(membership).order_by("sent_at", "id")
    return waiting.values_list("record_id", "kind", "by__user__display_name", "sent_at")[:LIMIT]


def deadlines(membership: Membership, case: Case) -> list[Todo]:
    """Next steps of the case with a day, of every agency whose note one reads. One query."""
    return [
        Todo("step", step, reverse("record_detail", args=[key]), "", due_on=due_on, record_id=key)
        for key, step, due_on in _due(membership, case)
    ]


@prepared
def _due(membership: Membership, case: Case) -> QuerySet[NoteTask, Any]:
    return (
        NoteTask.objects.standing_with(membership)
        .open()
        .filter(record__case_id=case.pk, due_on__isnull=False)
        .by_day()
        .values_list("record_id", STEP, "due_on")[:LIMIT]
    )


def open_work(membership: Membership, case: Case) -> list[OpenWork]:
    """Next steps not done, by agency. One query."""
    rows = (
        NoteTask.objects.standing_with(membership)
        .open()
        .filter(record__case_id=case.pk)
        .by_day()
        .values_list("agency_id", "record_id", STEP, "due_on")
    )
    return [OpenWork(*row) for row in rows]


def open_ends(membership: Membership, case: Case) -> list[OpenEnd]:
    """Next steps that nobody will do once the case is closed. One query."""
    tasks = NoteTask.objects.standing_with(membership).open().filter(record__case_id=case.pk)
    found = Counter(tasks.values_list("agency__name", flat=True)[:LIMIT])
    url = f"{reverse('case_timeline', args=[case.pk])}?steps=on"
    return [
        OpenEnd(
            _("%(agency)sの「次にすること」が%(n)s件、済んでいません。")
            % {"agency": agency, "n": number},
            url,
            _("見る"),
            stays=_("済んでいない「次にすること」%(n)s件") % {"n": number},
            whose=agency,
        )
        for agency, number in sorted(found.items())
    ]


def tasks_in(membership: Membership, cases: Collection[uuid.UUID]) -> list[tuple[uuid.UUID, int]]:
    """How many open next steps of the agency there are in each of these cases. One query."""
    tasks = NoteTask.objects.standing_with(membership).own(membership).open()
    found = tasks.filter(record__case_id__in=cases).values_list("record__case_id")
    return list(found.annotate(number=Count("pk")).order_by())


def steps_of(by: Membership, leaving: Membership) -> list[NamedTask]:
    """Open next steps that wait for a worker of the agency (担当替え). One query."""
    rows = (
        NoteTask.objects.standing_with(by)
        .own(by)
        .open()
        .filter(membership=leaving)
        .order_by(F("due_on").asc(nulls_last=True), "record_id")
        .values_list("record_id", "record__case_id", STEP, "due_on")
    )
    return [NamedTask(*row) for row in rows]


registry.add("todos", todo_requests, queries=1, order=8)
registry.add("todos", todo_steps, queries=2, order=13)
registry.add("case_aside", deadlines, queries=1, order=12)
registry.add("open_work", open_work, queries=1, order=10)
registry.add("case_open_ends", open_ends, queries=1, order=10)
registry.add("tasks_in_cases", tasks_in, queries=1, order=10)
