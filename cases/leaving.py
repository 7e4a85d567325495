"""What a worker leaves behind: cases, named tasks, and what the manager has to know (V14).

Nothing under secrecy: appointments and carry-outs are a person's own and end with the membership;
their sitting's secretariat knows of them, not the agency (V6).
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from agencies.models import Membership
from cases.models import Case, CaseWorker, Consultation
from cases.operations.handover import tasks_naming, without_worker
from cases.titles import titles_for
from config.lib.eras import format_short
from config.lib.registry import Link, registry


@dataclass(frozen=True)
class Line:
    """A row of 担当替え: a case or a task, and the name of its field."""

    field: str
    case_id: uuid.UUID
    title: str
    detail: str
    when: str
    url: str


@dataclass(frozen=True)
class Leaving:
    """Everything on the page."""

    cases: list[Line]
    tasks: list[Line]
    others: list[Link]  # what waits for the agency as a whole, to be looked at


def leaving_of(by: Membership, worker: Membership) -> Leaving:
    """What is in this worker's charge. Six queries and those of the rooms above."""
    charge = CaseWorker.objects.to_hand_over(by).filter(membership=worker)
    cases = Case.objects.visible_to(by).filter(pk__in=charge.values("case_id"))
    tasks = tasks_naming(by, worker)
    titles = titles_for(by, {task.case_id for task in tasks})
    return Leaving(
        cases=_case_lines(by, cases),
        tasks=[
            Line(
                f"task_{task.key}",
                task.case_id,
                task.title,
                titles[task.case_id],
                _("%(day)sまで") % {"day": format_short(task.due_on)} if task.due_on else "",
                reverse("case_detail", args=[task.case_id]),
            )
            for task in tasks
        ],
        others=_others(by, worker),
    )


def unassigned(by: Membership) -> Leaving:
    """Running cases that nobody of the agency looks after."""
    return Leaving(cases=_case_lines(by, without_worker(by)), tasks=[], others=[])


def _case_lines(by: Membership, cases: QuerySet[Case]) -> list[Line]:
    rows = list(cases.select_related("responsible_agency").order_by("opened_at", "id"))
    titles = titles_for(by, [case.pk for case in rows])
    return [
        Line(
            f"case_{case.pk}",
            case.pk,
            titles[case.pk],
            case.number,
            _("主担当") if case.responsible_agency_id == by.agency_id else _("連携"),
            reverse("case_detail", args=[case.pk]),
        )
        for case in rows
    ]


def _others(by: Membership, worker: Membership) -> list[Link]:
    """Open consultations the worker took, and what the rooms above know."""
    taken = Consultation.objects.visible_to(by).open().filter(taken_by=worker).count()
    found = []
    if taken:
        text = _("受付のままの相談　%(n)s件（機関の全員が続けられます）") % {"n": taken}
        found.append(Link(text, reverse("consultation_list")))
    return [*found, *registry.draw("handover_others", by, worker)]
