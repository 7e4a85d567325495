"""Who may record the life of the community: places, what happened there, and its issues."""

from __future__ import annotations

from django.utils.translation import gettext as _

from agencies.enums import Permission
from agencies.models import Membership
from agencies.permissions import ActionDenied, check_may
from cases.models import Case
from cases.permissions import check_is_open
from community.models import CommunityIssue, Place


def check_can_record(by: Membership, row: Place | CommunityIssue | None = None) -> None:
    """Record something of one's own city."""
    check_may(by, Permission.COMMUNITY)
    if row is not None and row.municipality_id != by.municipality.pk:
        raise ActionDenied(_("ほかの市の記録は変えられません。"))


def check_can_raise_from(by: Membership, case: Case) -> None:
    """Raise an issue from a household one sees, while its case is open."""
    check_may(by, Permission.COMMUNITY)
    check_may(by, Permission.WRITE_RECORDS)
    check_is_open(case)
