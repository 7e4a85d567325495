"""What the reports room shows on pages shared by rooms: its line of the navigation and, for whoever
enters indicators, what is still missing this year."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.enums import Permission
from agencies.models import Membership
from config.lib.fiscal import fiscal_year, from_day_to_instant, label
from config.lib.registry import NavItem, Todo, registry
from reports.indicators import TYPED, indicators_of
from reports.models import Figure


def todos(membership: Membership) -> list[Todo]:
    """Indicators without a value this year, and a count that did not happen today. Two queries."""
    if not membership.may(Permission.ENTER_INDICATORS):
        return []
    today = timezone.localdate()
    year = fiscal_year(today)
    url = reverse("report_year", args=[year])
    found = []
    missing = indicators_of(membership.municipality, year).filter(source__in=TYPED)
    number = missing.exclude(values__fiscal_year=year).count()
    if number:
        title = _("評価指標の値が%(n)s件まだ入っていません") % {"n": number}
        detail = _("%(year)sの評価と報告") % {"year": label(year)}
        found.append(Todo("indicators", title, url, _("入力する"), detail=detail))
    counted = Figure.objects.visible_to(membership).filter(
        fiscal_year=year, counted_at__gte=from_day_to_instant(today)
    )
    if not counted.exists():
        title = _("今日の集計がまだ行われていません")
        found.append(Todo("figures", title, url, _("数え直す"), section="side"))
    return found


registry.nav(
    NavItem(
        key="reports",
        label=gettext_lazy("評価と報告"),
        url_name="report_home",
        group=3,
        permission=Permission.READ_REPORTS,
    )
)
registry.nav(
    NavItem(
        key="access_review",
        label=gettext_lazy("閲覧の点検"),
        url_name="access_review",
        group=3,
        permission=Permission.REVIEW_ACCESS,
    )
)
registry.add("todos", todos, queries=2, order=80)
