"""What the agencies room shows on shared pages: 職員と所属 and what waits for a confirmation."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.enums import MembershipState, Permission
from agencies.models import Membership
from config.lib.eras import format_short
from config.lib.registry import NavItem, Todo, registry

LIMIT = 50


def todo_confirmations(membership: Membership) -> list[Todo]:
    """New memberships of the agency that wait for its manager (V11). One query."""
    if not membership.may(Permission.CONFIRM_MEMBERSHIP):
        return []
    rows = (
        Membership.objects.visible_to(membership)
        .in_state(MembershipState.WAITING)
        .exclude(user=membership.user)
        .with_names()
        .order_by("since", "id")[:LIMIT]
    )
    return [
        Todo(
            "membership",
            _("新しい所属が、確認を待っています"),
            reverse("membership_detail", args=[row.pk]),
            _("確認する"),
            detail=f"{row.user}　{row.role_name}",
            when=_("%(day)sから") % {"day": format_short(row.since)},
        )
        for row in rows
    ]


for _permission in (
    Permission.MANAGE_ACCOUNTS,
    Permission.CONFIRM_MEMBERSHIP,
    Permission.REVIEW_ACCESS,
):
    registry.nav(
        NavItem(
            f"members:{_permission}",
            gettext_lazy("職員と所属"),
            "membership_list",
            4,
            _permission,
        )
    )
registry.nav(
    NavItem("directory", gettext_lazy("だれに聞くか"), "directory", 3, Permission.READ_CASES)
)
registry.add("todos", todo_confirmations, queries=1, order=18)
