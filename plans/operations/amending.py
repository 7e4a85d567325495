"""役割分担 changed by the conference that has the plan before it, line by line.

For the meetings room, inside its transaction: it says whose sitting is at work on the plan. What
was before and after stands in the step, that nobody alters.
"""

from __future__ import annotations

import hashlib
import uuid

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from agencies.models import Agency, Membership
from agencies.permissions import ActionDenied
from cases.operations.case import StaleVersion
from config.lib.eras import format_short
from plans.models import Plan, SupportItem
from plans.operations.drafting import ItemFacts, lock_plan, trace
from plans.transitions import apply_step

LIMIT = 8  # lines of a role table, as in the form of a plan


def mark_of_line(line: SupportItem) -> str:
    """What a line said when it was shown: another mark, and somebody else has changed it."""
    said = (line.content, line.agency_id, line.worker, line.frequency, line.until, line.goal_id)
    return hashlib.sha256(repr(said).encode()).hexdigest()[:20]


@transaction.atomic
def amend_role(
    *,
    plan: Plan,
    by: Membership,
    facts: ItemFacts | None,
    key: uuid.UUID,
    line: uuid.UUID | None = None,
    seen: str = "",
) -> str:
    """A line anew (`line`: the one it replaces), added, or, without `facts`, taken out. The same
    `key` writes it once. Gives what changed in words. StaleVersion when the line is no longer what
    was `seen`."""
    plan = lock_plan(plan, by)
    lines = SupportItem.objects.visible_to(by).filter(plan=plan)
    if facts is not None and lines.filter(pk=key).exists():
        return ""
    old = lines.select_related("agency").filter(pk=line).first() if line else None
    if line and (old is None or mark_of_line(old) != seen):
        raise StaleVersion
    words = _words(old, facts)
    if not words:
        return ""
    if old is None and lines.count() >= LIMIT:
        raise ActionDenied(_("役割は%(n)s件までです。") % {"n": LIMIT})
    if facts is None and lines.count() == 1:
        raise ActionDenied(_("役割がなくなってしまいます。ほかの役割を加えてから消してください。"))
    order = old.order if old else (lines.aggregate(last=Max("order"))["last"] or 0) + 1
    if old is not None:
        old.delete()
    if facts is not None:
        _write(plan, key, order, facts)
    apply_step(plan=plan, name="amend", by=by, note=words)
    trace(plan, by, "amend_role")
    return words


def _write(plan: Plan, key: uuid.UUID, order: int, facts: ItemFacts) -> None:
    goals = list(plan.goals.order_by("order"))
    SupportItem(
        id=key,
        plan=plan,
        order=order,
        content=facts.content,
        goal=goals[facts.goal] if facts.goal is not None else None,
        agency_id=facts.agency.pk if isinstance(facts.agency, Agency) else facts.agency,
        worker=facts.worker,
        frequency=facts.frequency,
        until=facts.until,
    ).save(force_insert=True)


def _words(old: SupportItem | None, facts: ItemFacts | None) -> str:
    """「家計相談（架空センター、R9.3.31まで）→ …」; empty where nothing changes."""
    before = after = ""
    if old is not None:
        before = _said(old.content, old.agency.name, old)
    if facts is not None:
        key = facts.agency.pk if isinstance(facts.agency, Agency) else facts.agency
        after = _said(facts.content, Agency.objects.get(pk=key).name, facts)
    if before == after:
        return ""
    if not before:
        return _("役割を加えた：%(after)s") % {"after": after}
    if not after:
        return _("役割を消した：%(before)s") % {"before": before}
    return _("役割を直した：%(before)s → %(after)s") % {"before": before, "after": after}


def _said(content: str, agency: str, line: SupportItem | ItemFacts) -> str:
    who = f"{agency}　{line.worker}" if line.worker else agency
    often = f"{line.frequency}、" if line.frequency else ""
    return _("%(content)s（%(who)s、%(often)s%(day)sまで）") % {
        "content": content,
        "who": who,
        "often": often,
        "day": format_short(line.until),
    }
