"""議事録: written while the sitting runs, completed from it, approved version by version."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.deciding import Act, columns_of, route_of
from agencies.enums import DecisionKind
from agencies.models import Membership
from agencies.permissions import ActionDenied
from cases.operations.case import StaleVersion
from meetings.models import AgendaItem, MinutesStep, MinutesVersion
from meetings.operations.common import lock_item, trace
from meetings.permissions import check_can_approve_minutes, check_can_write_minutes, is_open_now


def versions_of(by: Membership, item: AgendaItem) -> list[MinutesVersion]:
    """All of them, the newest first. One query."""
    found = MinutesVersion.objects.visible_to(by).filter(item=item)
    return list(found.select_related("by__user", "by__agency").order_by("-number"))


def newest_of(by: Membership, item: AgendaItem) -> MinutesVersion | None:
    found = MinutesVersion.objects.visible_to(by).filter(item=item)
    return found.select_related("by__user").order_by("-number").first()


def approval_of(by: Membership, item: AgendaItem) -> list[MinutesStep]:
    """Every line of every version's approval, in order. One query."""
    found = MinutesStep.objects.visible_to(by).filter(item=item)
    return list(found.select_related("by__user", "absent__user").order_by("at", "pk"))


def why_needed(
    item: AgendaItem, newest: MinutesVersion | None, steps: Sequence[MinutesStep]
) -> str:
    """Why a change says its reason, in one sentence; empty where it need not."""
    if newest and any(step.is_final and step.number == newest.number for step in steps):
        return _(
            "承認された議事録を直すときは、理由を書いてください。直した版は、もう一度承認します。"
        )
    if item.is_secret and item.sitting.state == "closed" and not is_open_now(item):
        return _("構成員の閲覧は終わっています。このあと書くときは、理由を書いてください。")
    return ""


@transaction.atomic
def write_minutes(
    *, item: AgendaItem, by: Membership, text: str, based_on: int, reason: str = ""
) -> MinutesVersion:
    """The next version, written on version `based_on` (0: none yet). StaleVersion when somebody
    else wrote one meanwhile. The same words again leave none."""
    locked = lock_item(item, by)
    check_can_write_minutes(by, locked)
    newest = newest_of(by, locked)
    if (newest.number if newest else 0) != based_on:
        raise StaleVersion
    if not text.strip():
        raise ActionDenied(_("議事録を書いてください。"))
    if newest and newest.text == text:
        return newest
    needed = why_needed(locked, newest, approval_of(by, locked))
    if needed and not reason.strip():
        raise ActionDenied(needed)
    made = MinutesVersion(
        item=locked, number=based_on + 1, text=text, reason=reason.strip() if needed else "", by=by
    )
    made.save(force_insert=True)
    trace(locked, by, "write_minutes")
    return made


@transaction.atomic
def approve_minutes(*, item: AgendaItem, by: Membership, number: int, act: Act) -> MinutesStep:
    """A line of the approval of version `number`; the last one approves it. StaleVersion when
    another version stands meanwhile."""
    locked = lock_item(item, by)
    check_can_approve_minutes(by, locked)
    newest = newest_of(by, locked)
    if newest is None:
        raise ActionDenied(_("議事録がまだ書かれていません。"))
    if newest.number != number:
        raise StaleVersion
    steps = [step for step in approval_of(by, locked) if step.number == number]
    if any(step.is_final for step in steps):
        raise ActionDenied(_("第%(n)s版は、すでに承認されています。") % {"n": number})
    route = route_of(by.municipality, DecisionKind.MINUTES)
    values = columns_of(act, by=by, route=route, steps=steps, drafter=newest.by)
    step = MinutesStep(item=locked, number=number, **values)
    step.save(force_insert=True)
    trace(locked, by, "approve_minutes")
    return step


@transaction.atomic
def see_proxy(*, item: AgendaItem, by: Membership) -> int:
    """後閲: I have seen what was decided in my place. Gives how many lines."""
    waiting = MinutesStep.objects.visible_to(by).filter(item=item, absent=by, seen_at=None)
    seen: int = waiting.update(seen_at=timezone.now())
    if seen:
        trace(item, by, "see_proxy")
    return seen
