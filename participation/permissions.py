"""Who may keep the register of resources, match a person, and follow up."""

from __future__ import annotations

from django.utils.translation import gettext as _

from agencies.enums import Permission
from agencies.models import Membership
from agencies.permissions import ActionDenied, check_may
from cases.models import Case
from cases.permissions import check_is_not_closed, check_is_open
from participation.models import Match, Resource


def check_can_keep_register(by: Membership, resource: Resource | None = None) -> None:
    """Add or change a resource: who matches people, in their own city."""
    check_may(by, Permission.MATCH)
    if resource is not None and resource.municipality_id != by.municipality.pk:
        raise ActionDenied(_("ほかの市の社会資源は変えられません。"))


def check_can_match(by: Membership, case: Case) -> None:
    """Match a person of a household one sees, while its case is open."""
    check_may(by, Permission.MATCH)
    check_is_open(case)


def check_can_follow_up(by: Membership, match: Match, case: Case) -> None:
    """Follow up: the agency that matched, to the end, also while the case rests (V18)."""
    check_may(by, Permission.MATCH)
    if match.record.author_agency_id != by.agency_id:
        raise ActionDenied(_("フォローを記録できるのは、つないだ機関です。"))
    check_is_not_closed(case)
