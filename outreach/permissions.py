"""Who may log a visit, and on which basis: a case one works on, or a carry-out to oneself (V6)."""

from __future__ import annotations

import uuid

from django.contrib.postgres.functions import TransactionNow
from django.utils.translation import gettext as _

from agencies.enums import Permission
from agencies.models import Membership
from agencies.permissions import ActionDenied, check_may
from cases.enums import GrantBasis
from cases.gate import works_on
from cases.models import CarryOut, CarryOutGrant, Case, CaseGrant, Consent
from cases.permissions import can, check_at_work, check_is_open
from outreach.models import Visit


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


def check_can_correct_visit(by: Membership, visit: Visit) -> None:
    """Correct a visit's words: the agency that wrote it, on the basis on which it was logged."""
    record = visit.record
    check_may(by, Permission.LOG_VISIT)
    if record.author_agency_id != by.agency_id:
        raise ActionDenied(_("記録を直せるのは、書いた機関です。"))
    if record.carry_out_id is not None:
        check_can_log_under(by, CarryOut(pk=record.carry_out_id))
    else:
        check_at_work(by, record.case)


def check_can_open_to_team(by: Membership, visit: Visit) -> None:
    """Make a visit under a carry-out a record of the team: its own author's agency, at work on the
    case, once every person it names has a consent in force that reaches the agency (V6)."""
    record = visit.record
    check_may(by, Permission.LOG_VISIT)
    if record.carry_out_id is None or record.author_agency_id != by.agency_id:
        raise ActionDenied(_("支援チームの記録にできるのは、持ち出しにもとづく自機関の訪問です。"))
    if visit.opened_as_id is not None:
        raise ActionDenied(_("この訪問は、すでに支援チームの記録になっています。"))
    check_can_log_under(by, CarryOut(pk=record.carry_out_id))
    case = Case.objects.visible_to(by).filter(pk=record.case_id).first()
    if case is None or not works_on(by, record.case_id):
        raise ActionDenied(
            _("支援チームに入ってから記録にできます。主担当機関からつなぎを受けてください。")
        )
    check_is_open(case)
    consented = _consented(by, case)
    if not (set(record.person_ids) <= consented if record.person_ids else consented):
        raise ActionDenied(_("本人の同意がまだ記録されていないため、支援チームには開けません。"))


def _consented(by: Membership, case: Case) -> set[uuid.UUID]:
    """Whose consent in force `by` can know of."""
    taken = Consent.objects.visible_to(by).in_force().filter(case=case)
    held = CaseGrant.objects.visible_to(by).in_force().filter(content_object=case)
    return {
        *taken.values_list("person_id", flat=True),
        *held.filter(basis=GrantBasis.CONSENT).values_list("person_id", flat=True),
    }


def has_consent(by: Membership, case: Case) -> bool:
    """Whether somebody of the household has a consent in force, as far as `by` can know.

    Until then a visit log stays with the agency whose own intake it rests on (V6).
    """
    return bool(_consented(by, case))


__all__ = [
    "can",
    "check_can_correct_visit",
    "check_can_log_under",
    "check_can_log_visit",
    "check_can_open_to_team",
    "has_consent",
]
