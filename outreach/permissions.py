"""Who may log a visit, and on which basis: a case one works on, or a carry-out to oneself (V6)."""

from __future__ import annotations

from django.contrib.postgres.functions import TransactionNow
from django.utils.translation import gettext as _

from agencies.enums import Permission
from agencies.models import Membership
from agencies.permissions import ActionDenied, check_may
from cases.enums import GrantBasis
from cases.models import CarryOut, CarryOutGrant, Case, CaseGrant, Consent
from cases.permissions import can, check_is_open


def check_can_log_visit(by: Membership, case: Case) -> None:
    """Log a visit to a household one sees, while its case is open."""
    check_may(by, Permission.LOG_VISIT)
    check_is_open(case)


def check_can_log_under(by: Membership, carry_out: CarryOut) -> None:
    """Log a visit under a carry-out: only a person it names, until its review date (V6)."""
    check_may(by, Permission.LOG_VISIT)
    named = CarryOutGrant.objects.filter(
        content_object=carry_out,
        membership_id=by.pk,
        revoked_at__isnull=True,
        period__contains=TransactionNow(),
    )
    if not named.exists():
        raise ActionDenied(
            _("この持ち出しにもとづいて記録できるのは、名指しされた人だけです（見直しの日まで）。")
        )


def has_consent(by: Membership, case: Case) -> bool:
    """Whether somebody of the household has a consent in force, as far as `by` can know.

    Until then a visit log stays with the agency whose own intake it rests on (V6).
    """
    taken = Consent.objects.visible_to(by).in_force().filter(case=case)
    held = (
        CaseGrant.objects.visible_to(by)
        .in_force()
        .filter(content_object=case, basis=GrantBasis.CONSENT)
    )
    return taken.exists() or held.exists()


__all__ = ["can", "check_can_log_under", "check_can_log_visit", "has_consent"]
