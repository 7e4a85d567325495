"""What pages shared by rooms show of 担当者: on the case, on 今日の仕事, on a membership.

`cases.panels` imports this module, and so registers it.
"""

from __future__ import annotations

import datetime

from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.enums import Permission
from agencies.models import Membership
from cases.models import Case, CaseWorker
from cases.permissions import can, check_can_hand_over
from config.lib.prepared import prepared
from config.lib.registry import Link, NavItem, Panel, Todo, registry

AHEAD = datetime.timedelta(days=60)


@prepared
def _standing(membership: Membership, case: Case) -> QuerySet[CaseWorker]:
    return (
        CaseWorker.objects.visible_to(membership)
        .standing()
        .filter(case=case)
        .select_related("agency", "membership__user")
        .order_by("since", "id")
    )


def workers(membership: Membership, case: Case) -> Panel:
    """担当者 on the case page: my agency's; for the responsible agency its partners' too. One
    query."""
    rows = _standing(membership, case)
    lines = [
        {"name": str(row.membership.user), "agency": row.agency.name, "own": row.agency_id}
        for row in rows
    ]
    has_own = any(line["own"] == membership.agency_id for line in lines)
    context = {
        "lines": lines,
        "has_own": has_own,
        "sheet_url": reverse("case_handover_print", args=[case.pk]),
    }
    return Panel("cases/panels/workers.html", context)


def todo_handover(membership: Membership) -> list[Todo]:
    """Workers whose membership ends soon or has ended, with cases still in their charge. One
    query."""
    if not can(check_can_hand_over, membership):
        return []
    today = timezone.localdate()
    rows = (
        CaseWorker.objects.to_hand_over(membership)
        .filter(Q(membership__until__lte=today + AHEAD) | Q(membership__user__is_active=False))
        .values("membership_id", "membership__until", "membership__user__display_name")
        .annotate(cases=Count("id"))
        .order_by("membership__until", "membership_id")
    )
    return [
        Todo(
            "handover",
            _("%(name)sの担当ケース%(n)s件を引き継ぐ")
            % {"name": row["membership__user__display_name"], "n": row["cases"]},
            reverse("handover_new", args=[row["membership_id"]]),
            _("担当替えをする"),
            due_on=row["membership__until"],
            section="due" if (row["membership__until"] or today) <= today else "waiting",
        )
        for row in rows
    ]


def actions(by: Membership, membership: Membership) -> list[Link]:
    """Buttons of a membership's page, for its agency's manager."""
    if membership.confirmed_at is None or not can(check_can_hand_over, by, membership):
        return []
    return [Link(_("担当替え"), reverse("handover_new", args=[membership.pk]))]


registry.add("case_aside", workers, queries=1, order=5)
registry.add("todos", todo_handover, queries=1, order=19)
registry.add("membership_actions", actions, queries=0)
registry.nav(
    NavItem("handover", gettext_lazy("担当替え"), "handover_list", 4, Permission.CONFIRM_MEMBERSHIP)
)
