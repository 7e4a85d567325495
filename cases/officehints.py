"""What the office is told of cases it may not open, as work on its home page: by number and agency.
`cases.panels` imports this module, and so registers it."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.enums import Permission
from agencies.models import Membership
from cases.operations.duplicates import SHOWN, open_duplicates
from cases.operations.orphans import orphaned_cases
from config.lib.registry import NavItem, Todo, registry


def todo_orphans(membership: Membership) -> list[Todo]:
    """Running cases whose agency has ended (V18). Two queries."""
    if not membership.may(Permission.OFFICE_HINTS):
        return []
    number = sum(1 for row in orphaned_cases(membership) if not row.is_waiting)
    if not number:
        return []
    title = _("主担当機関が終わったケースが%(n)s件あります") % {"n": number}
    return [Todo("orphans", title, reverse("succession_orphaned"), _("見る"), section="due")]


def todo_duplicates(membership: Membership) -> list[Todo]:
    """Pairs of cases about which nobody has been asked yet (V15). Two queries."""
    if not membership.may(Permission.OFFICE_HINTS):
        return []
    number = sum(1 for row in open_duplicates(membership) if row.asked_at is None)
    if not number:
        return []
    counted = _("%(n)s組以上") % {"n": SHOWN} if number > SHOWN else _("%(n)s組") % {"n": number}
    title = _("同じ世帯を、二つの機関が支えているかもしれません（%(n)s）") % {"n": counted}
    return [Todo("duplicates", title, reverse("duplicate_list"), _("見る"), section="due")]


registry.add("todos", todo_orphans, queries=2, order=18)
registry.add("todos", todo_duplicates, queries=2, order=19)
registry.nav(
    NavItem(
        "duplicates",
        gettext_lazy("重複の気づき"),
        "duplicate_list",
        4,
        Permission.OFFICE_HINTS,
    )
)
