"""What 担当替え, the handover sheet and 年度の確認 know of plans: tasks that name a worker, what is
agreed, how many tasks go on."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Mapping

from django.db.models import Count, Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from agencies.models import Membership
from cases.models import Case
from config.lib.eras import format_short
from config.lib.registry import Link, NamedTask, SheetLine, SheetPart, registry
from plans import enums
from plans.models import Goal, Plan, SupportItem
from plans.queries import plan_title


def _own_tasks(membership: Membership) -> QuerySet[SupportItem]:
    standing = Plan.objects.standing_with(membership).in_force().filter(pk=OuterRef("plan_id"))
    return SupportItem.objects.filter(
        Exists(standing), agency_id=membership.agency_id, status=enums.ItemStatus.OPEN
    )


# What stands between people in 担当者, and what may follow a name.
_BETWEEN = re.compile(r"[、，,・/／;；:：（）()「」\[\]\n]+")
_POLITE = r"(?:さん|様|氏)?"


def _names(name: str) -> re.Pattern[str] | None:
    """This person in what stands between two separators: the whole name, with or without gaps; a
    full name also with a word after it. 林 is not found in 小林."""
    bare = re.sub(r"[ \u3000]", "", name)
    if not bare:
        return None
    tight = r"[ \u3000]*".join(map(re.escape, bare))
    after = r"(?:[ \u3000]+[^ \u3000].*)?" if bare != name.strip() else ""
    return re.compile(rf"[ \u3000]*(?P<name>{tight}){_POLITE}{after}[ \u3000]*")


def _found(person: re.Pattern[str], worker: str) -> tuple[int, int] | None:
    """Where the person stands in 担当者."""
    start = 0
    for gap in [*_BETWEEN.finditer(worker), None]:
        part = worker[start : gap.start() if gap else None]
        if match := person.fullmatch(part):
            return start + match.start("name"), start + match.end("name")
        start = gap.end() if gap else start
    return None


def tasks_naming(membership: Membership, name: str) -> list[NamedTask]:
    """Open tasks of the agency in whose 担当者 this person stands. One query."""
    person = _names(name)
    if person is None:
        return []
    rows = (
        _own_tasks(membership)
        .exclude(worker="")
        .order_by("until", "id")
        .values_list("id", "plan__record__case_id", "content", "until", "worker")
    )
    return [NamedTask(*row[:4]) for row in rows if _found(person, row[4])]


def give_tasks(membership: Membership, name: str, names: Mapping[uuid.UUID, str]) -> int:
    """Write the next worker's name in the place of this one's; who stands beside stays. Returns
    how many are done."""
    person = _names(name)
    rows = []
    for row in _own_tasks(membership).filter(pk__in=names):
        if person is not None and (place := _found(person, row.worker)):
            row.worker = row.worker[: place[0]] + names[row.pk] + row.worker[place[1] :]
            rows.append(row)
    return SupportItem.objects.bulk_update(rows, ["worker"])


def tasks_in(membership: Membership, cases: Collection[uuid.UUID]) -> list[tuple[uuid.UUID, int]]:
    """How many open tasks of the agency there are in each of these cases. One query."""
    tasks = _own_tasks(membership).filter(plan__record__case_id__in=cases)
    found = tasks.values_list("plan__record__case_id").annotate(number=Count("id")).order_by()
    return list(found)


def sheet(membership: Membership, case: Case) -> list[SheetPart]:
    """What is agreed in plans in force, and the open tasks of every agency. Three queries."""
    plans = list(
        Plan.objects.standing_with(membership)
        .in_force()
        .filter(record__case_id=case.pk)
        .order_by("starts_on", "record_id")
    )
    if not plans:
        return []
    keys = [plan.pk for plan in plans]
    agreed = []
    for plan in plans:
        until = _("%(day)sまで") % {"day": format_short(plan.ends_on)}
        review = _("次のモニタリング %(day)s") % {"day": format_short(plan.review_on)}
        agreed.append(SheetLine(f"{plan_title(plan)}　{plan.aim}", until, review))
        agreed.append(SheetLine(plan.wishes, "", _("本人・世帯の意向")))
    goals = Goal.objects.filter(plan__in=keys).order_by("plan_id", "order")
    agreed += [
        SheetLine(goal.text, _("%(day)sまで") % {"day": format_short(goal.target_on)}, _("目標"))
        for goal in goals
    ]
    tasks = SupportItem.objects.filter(plan__in=keys, status=enums.ItemStatus.OPEN)
    lines = tuple(
        SheetLine(
            task.content,
            _("%(day)sまで") % {"day": format_short(task.until)},
            "　".join(part for part in (task.agency.name, task.worker, task.frequency) if part),
        )
        for task in tasks.select_related("agency").order_by("until", "id")
    )
    return [
        SheetPart(_("決まっていること（プラン）"), tuple(agreed), tuple(keys)),
        SheetPart(_("済んでいない役割分担"), lines),
    ]


def drafts(by: Membership, worker: Membership) -> list[Link]:
    """Plans the worker wrote that are not in force yet: any writer of the agency goes on. One
    query."""
    plans = Plan.objects.standing_with(by).filter(
        record__author=worker, status__in=enums.EDITABLE, record__author_agency=by.agency_id
    )
    return [
        Link(
            _("書きかけのプラン　%(plan)s（%(state)s）")
            % {"plan": plan_title(plan), "state": plan.get_status_display()},
            reverse("plan_detail", args=[plan.pk]),
        )
        for plan in plans.order_by("record_id")
    ]


registry.add("handover_others", drafts, queries=1, order=20)
registry.add("handover_tasks", tasks_naming, queries=1, order=20)
registry.add("handover_give", give_tasks, queries=2, order=20)
registry.add("tasks_in_cases", tasks_in, queries=1, order=20)
registry.add("handover_sheet", sheet, queries=3, order=20)
