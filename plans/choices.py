"""Which agencies a plan's form offers: those the person already knows of come first."""

from __future__ import annotations

from django.utils.translation import gettext as _

from agencies.models import Membership, agencies_of
from cases.models import Case, ConsentLine, SupportTeam

Group = tuple[str, list[tuple[str, str]]]


def agency_choices(membership: Membership, case: Case) -> list[Group]:
    """Support team and consented agencies, then the others of the city. Three queries."""
    near = set(
        SupportTeam.objects.visible_to(membership)
        .at_work_on(case)
        .values_list("agency_id", flat=True)
    )
    near |= set(
        ConsentLine.objects.visible_to(membership)
        .filter(
            consent__case=case,
            consent__withdrawn_at__isnull=True,
            is_exception=False,
            agency__isnull=False,
        )
        .values_list("agency_id", flat=True)
    )
    first: list[tuple[str, str]] = []
    others: list[tuple[str, str]] = []
    for key, name in agencies_of(membership.municipality).values_list("pk", "name"):
        (first if key in near else others).append((str(key), name))
    groups = [(_("支援チーム・同意のある機関"), first), (_("そのほかの機関"), others)]
    return [group for group in groups if group[1]]
