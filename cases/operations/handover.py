"""担当替え: who looks after which case of an agency, handed from one worker to others (V14).

All of it or nothing: hundreds of cases in April are one transaction. No grant changes: they are the
agency's.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet, Value
from django.db.models.functions import Coalesce, NullIf
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.enums import Action, Permission, Purpose
from agencies.models import Membership
from agencies.models.people import MembershipQuerySet
from agencies.operations import notify
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases.gate import working_scope
from cases.models import Case, CaseWorker, NoteTask
from cases.nextsteps import steps_of
from cases.permissions import check_can_hand_over
from config.lib.ids import new_id
from config.lib.prepared import prepared
from config.lib.registry import NamedTask, registry


class StaleHandover(ActionDenied):
    """Somebody handed some of it over, closed or left it meanwhile: nothing was changed."""


def successors(by: Membership, leaving: Membership | None = None) -> list[Membership]:
    """Who may look after a case of the agency: working today, reading and writing cases."""
    return list(_successors(by, leaving))


@prepared
def colleague_names(by: Membership) -> QuerySet[Membership, Any]:
    """Key and name of whoever else of the agency could be given what is to be done: a very large
    one has a thousand workers, and a page needs nothing else of them."""
    # As `str(user)` says it.
    named = Coalesce(NullIf("user__display_name", Value("")), "user__username")
    others = _working(by).exclude(pk=by.pk)
    return others.order_by("user__display_name", "id").values_list("pk", named)


def colleague(by: Membership, key: str) -> Membership:
    """One of `colleague_names`."""
    return _working(by).get(pk=key)


def _working(by: Membership) -> MembershipQuerySet:
    return Membership.objects.active().filter(
        agency_id=by.agency_id,
        role__permissions__contains=[Permission.READ_CASES, Permission.WRITE_RECORDS],
        user__is_active=True,
    )


@prepared
def _successors(by: Membership, leaving: Membership | None) -> QuerySet[Membership]:
    found = _working(by)
    if leaving is not None:
        found = found.exclude(pk=leaving.pk)
    return found.with_names().order_by("user__display_name", "id")


def without_worker(by: Membership) -> QuerySet[Case]:
    """Running cases the agency works on that nobody looks after."""
    charge = CaseWorker.objects.visible_to(by).standing().filter(agency_id=by.agency_id)
    return (
        Case.objects.visible_to(by)
        .active()
        .filter(
            working_scope(by, "pk"),
            ~Exists(charge.filter(case=OuterRef("pk"))),
        )
    )


def tasks_naming(by: Membership, leaving: Membership) -> list[NamedTask]:
    """Open tasks of the agency in which the worker is named: next steps of notes, and those of the
    rooms that have tasks."""
    return [*steps_of(by, leaving), *registry.draw("handover_tasks", by, str(leaving.user))]


@transaction.atomic
def hand_over(
    *,
    by: Membership,
    leaving: Membership | None,
    cases: Mapping[uuid.UUID, Membership],
    tasks: Mapping[uuid.UUID, Membership],
) -> int:
    """Give each case and task to its successor; `leaving` None: cases nobody looked after. Returns
    how many cases moved. Raises StaleHandover."""
    check_can_hand_over(by, leaving)
    allowed = {m.pk for m in successors(by, leaving)}
    if not {m.pk for m in [*cases.values(), *tasks.values()]} <= allowed:
        raise ActionDenied(_("引き継げるのは、いまこの機関で働いている人です。"))
    _end_charge(by, leaving, cases)
    rows = [
        CaseWorker(case_id=case, agency_id=by.agency_id, membership=new, named_by=by)
        for case, new in cases.items()
    ]
    try:
        with transaction.atomic():
            CaseWorker.objects.bulk_create(rows)
    except IntegrityError:  # somebody took one of them at this very moment
        raise StaleHandover(stale_words()) from None
    _give_tasks(by, leaving, tasks)
    for case in cases:
        log_access(by, Action.WRITE, what="hand_over", purpose=Purpose.ADMINISTRATION, case_id=case)
    _tell(cases)
    return len(rows)


def _end_charge(by: Membership, leaving: Membership | None, cases: Mapping[uuid.UUID, Any]) -> None:
    if leaving is None:
        if without_worker(by).filter(pk__in=cases).count() != len(cases):
            raise StaleHandover(stale_words())
        return
    held = CaseWorker.objects.to_hand_over(by).filter(membership=leaving, case_id__in=cases)
    keys = list(held.select_for_update(of=("self",)).values_list("pk", flat=True))
    ended = CaseWorker.objects.filter(pk__in=keys).update(ended_at=timezone.now())
    if ended != len(cases):
        raise StaleHandover(stale_words())


def _give_tasks(
    by: Membership, leaving: Membership | None, tasks: Mapping[uuid.UUID, Membership]
) -> None:
    if leaving is None or not tasks:
        return
    open_now = {task.key for task in tasks_naming(by, leaving)}
    if not open_now.issuperset(tasks):
        raise StaleHandover(stale_words())
    given = 0
    for step in steps_of(by, leaving):
        if step.key in tasks:
            rows = NoteTask.objects.visible_to(by).filter(pk=step.key)
            given += rows.update(membership=tasks[step.key])
    names = {key: str(new.user) for key, new in tasks.items()}
    given += sum(registry.draw("handover_give", by, str(leaving.user), names))
    if given != len(tasks):
        raise StaleHandover(stale_words())


def stale_words() -> str:
    """What to do when the page is older than the cases."""
    return _(
        "開いているあいだに、担当が変わったか終わったものがあります。何も変えていません。"
        "一覧を確かめて、もう一度選んでください。"
    )


def _tell(cases: Mapping[uuid.UUID, Membership]) -> None:
    """One notice for each successor, with a figure and no name."""
    run = new_id()
    by_key = {m.pk: m for m in cases.values()}
    for key, number in Counter(m.pk for m in cases.values()).items():
        notify(
            agency=by_key[key].agency_id or 0,
            membership=by_key[key],
            kind="handover",
            key=f"{run}:{key}",
            title=_("担当替えで、ケース%(n)s件を引き継ぎました") % {"n": number},
            url="/cases/?mine=worker",
        )
