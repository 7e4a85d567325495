"""終結: what still runs, what it takes away, and the verb (V2)."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.enums import Action
from agencies.models import Agency, Membership
from agencies.operations import notify
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases import enums
from cases.models import Case, Closing, SupportTeam
from cases.operations.access import sync_grants
from cases.permissions import check_can_close
from cases.reach import open_to_others, records_in_view
from config.lib.registry import OpenEnd, registry


@dataclass(frozen=True)
class ClosingLoss:
    """What one agency stops seeing when the case is closed."""

    agency_id: int
    agency: str
    records: int


def open_ends(by: Membership, case: Case) -> list[OpenEnd]:
    """What every room says still runs, as far as `by` may see; first what has to end before."""
    found: list[OpenEnd] = [*registry.draw("case_open_ends", by, case)]
    return sorted(found, key=lambda end: not end.is_first)


def losses_of_closing(case: Case, by: Membership) -> list[ClosingLoss]:
    """Per agency, how many records close, as far as `by` sees them. Three queries."""
    reach = open_to_others(case)
    names = Agency.objects.filter(pk__in=reach).order_by("name").values_list("pk", "name")
    records = records_in_view(by, case)
    return [
        ClosingLoss(
            key,
            name,
            sum(1 for r in records if r.author_agency_id != key and reach[key].opens(r)),
        )
        for key, name in names
    ]


@transaction.atomic
def close_case(
    *,
    case: Case,
    by: Membership,
    reason: str,
    kind: str = enums.ClosingKind.OTHER,
    follow_up: str = "",
) -> None:
    """終結: every grant ends except the responsible agency's and own records (V2). What still runs
    in a plan or on an agenda is ended first."""
    locked = Case.objects.visible_to(by).select_for_update(of=("self",)).get(pk=case.pk)
    check_can_close(by, locked)
    first = [end.text for end in open_ends(by, locked) if end.is_first]
    if first:
        raise ActionDenied(_("先に終えるものがあります。%(what)s") % {"what": first[0]})
    told = list(open_to_others(locked))
    Closing(case=locked, reason=reason, follow_up=follow_up).save(force_insert=True)
    Case.objects.filter(pk=locked.pk).update(
        status=enums.CaseStatus.CLOSED,
        closed_at=timezone.now(),
        closed_by=by,
        closed_kind=kind,
    )
    SupportTeam.objects.filter(case=locked, left_at__isnull=True).exclude(
        agency_id=locked.responsible_agency_id
    ).update(left_at=timezone.now())
    sync_grants(locked)
    for agency in told:
        notify(
            agency=agency,
            kind="case_closed",
            key=str(locked.pk),
            title=_("終結により、見られなくなったケースがあります"),
        )
    case.refresh_from_db()
    log_access(by, Action.WRITE, what="close_case", case_id=case.pk, basis="responsible")
