"""Who may read, recount and type in; the same question disables a button and refuses."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.enums import IndicatorSource, Permission
from agencies.models import Indicator, Membership
from agencies.permissions import ActionDenied, check_may
from config.lib.fiscal import fiscal_year

FIRST_YEAR = 2000


def is_year(year: int) -> bool:
    """A year that can be reported on: not before the notation of profiles, not in the future."""
    return FIRST_YEAR <= year <= fiscal_year(timezone.localdate())


def check_can_recount(by: Membership) -> None:
    """Whoever reads the figures may have them counted anew."""
    check_may(by, Permission.READ_REPORTS)


def check_can_enter(by: Membership, indicator: Indicator, year: int) -> None:
    """A value is typed in where it comes from a survey or elsewhere, for a year that has begun."""
    check_may(by, Permission.ENTER_INDICATORS)
    if indicator.source == IndicatorSource.COMPUTED:
        raise ActionDenied(_("この指標は記録から集計します。入力はできません。"))
    if not is_year(year):
        raise ActionDenied(_("まだ始まっていない年度の値は入力できません。"))


def can_enter(by: Membership, indicator: Indicator, year: int) -> bool:
    """Whether `check_can_enter` lets pass."""
    try:
        check_can_enter(by, indicator, year)
    except ActionDenied:
        return False
    return True
