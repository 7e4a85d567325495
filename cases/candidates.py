"""What of a household could go on an agenda: つなぎ taken on, 緊急度 高, a risk sheet that is red.

Whether it stands on one already the room of the meetings says; this room does not know of any.
Nothing here is asked of what a sitting under secrecy lays open (V6).
"""

from __future__ import annotations

import datetime
from typing import Any, Final

from django.contrib.postgres.functions import TransactionNow
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from agencies.enums import AgendaType, Permission
from agencies.models import Membership
from cases import enums
from cases.gate import reads_cases, working_scope
from cases.lists import begun
from cases.models import Case, Referral, RiskAssessment
from cases.models.case import CaseQuerySet
from cases.models.records import ContentQuerySet
from cases.riskpage import newer, newest_first
from cases.risksheets import sheets
from config.lib.eras import format_short, local_day
from config.lib.prepared import prepared
from config.lib.registry import Candidate, registry

LIMIT: Final = 100  # of each reason
# A sheet taken on long ago is somebody's daily work by now.
TAKEN_ON: Final = datetime.timedelta(days=180)
URGENT: Final = (AgendaType.URGENT, AgendaType.INFORMATION_SHARING, AgendaType.WATCHING)
NEW: Final = (AgendaType.INFORMATION_SHARING, AgendaType.PLAN_ADEQUACY)


def among_own(membership: Membership, case: str) -> Q:
    """Begins with the cases my agency holds: what is asked for is rare among the city's."""
    return begun(membership, case, is_filtered=True)


def may_propose(membership: Membership) -> bool:
    """Whether this role puts anything on an agenda."""
    return reads_cases(membership) and membership.may(Permission.WRITE_RECORDS)


def worked_on(membership: Membership) -> CaseQuerySet:
    """Running cases my agency is at work on; an emergency is no way to look around (V8)."""
    found: CaseQuerySet = (
        Case.objects.for_lists(membership).open().filter(working_scope(membership, "pk"))
    )
    return found


def referrals(membership: Membership) -> list[Candidate]:
    """Sheets with consent that my agency took on, the last first. One query."""
    if not may_propose(membership):
        return []
    return [
        Candidate(
            "referral",
            _("%(sender)sからのつなぎを受理（%(day)s）")
            % {"sender": sender, "day": format_short(local_day(at))},
            reverse("referral_detail", args=[pk]),
            NEW,
            case_id=case_id,
            weight=40,
            until_planned=True,
            record_ids=(pk,),
        )
        for pk, case_id, sender, at in _taken_on(membership)
    ]


@prepared
def _taken_on(membership: Membership) -> QuerySet[Referral, Any]:
    taken = Referral.objects.visible_to(membership).filter(
        Exists(worked_on(membership).filter(pk=OuterRef("case_id"))),
        to_agency_id=membership.agency_id,
        mode=enums.ReferralMode.CONSENT,
        state=enums.ReferralState.ACCEPTED,
        answered_at__gte=TransactionNow() - TAKEN_ON,
    )
    rows = taken.order_by("-answered_at", "id")
    return rows.values_list("pk", "case_id", "from_agency__name", "answered_at")[:LIMIT]


def urgent_cases(membership: Membership) -> list[Candidate]:
    """緊急度 高, the last first. One query."""
    if not may_propose(membership):
        return []
    return [
        Candidate(
            "urgent",
            _("緊急度が「%(urgency)s」") % {"urgency": enums.Urgency.HIGH.label},
            reverse("case_detail", args=[pk]),
            (*URGENT, AgendaType.PLAN_ADEQUACY),
            case_id=pk,
            weight=8,
            until_planned=True,
        )
        for pk in _urgent(membership)
    ]


@prepared
def _urgent(membership: Membership) -> QuerySet[Case, Any]:
    cases = worked_on(membership).filter(among_own(membership, "pk"), urgency=enums.Urgency.HIGH)
    return cases.order_by("-opened_at", "id").values_list("pk", flat=True)[:LIMIT]


def red_risks(membership: Membership) -> list[Candidate]:
    """Risk sheets that hold and are red, decided by a group or not yet, the last first. One
    query."""
    if not may_propose(membership):
        return []
    known = sheets(membership.municipality)
    red = tuple(
        (sheet.code, level.code)
        for sheet in known.values()
        for level in (*sheet.levels, *sheet.former)
        if level.is_red
    )
    return [
        Candidate(
            "risk",
            _("リスク確認「%(sheet)s」が%(level)s（%(day)s%(how)s）")
            % {
                "sheet": known[risk.sheet].name,
                "level": known[risk.sheet].level(risk.level).name,
                "day": format_short(risk.decided_on or risk.assessed_on),
                "how": _("判断") if risk.decided_on else _("確認・判断はまだ"),
            },
            reverse("risk_detail", args=[risk.pk]),
            URGENT,
            case_id=risk.record.case_id,
            weight=2 if not risk.decided_level else 4,
            record_ids=(risk.pk,),
        )
        for risk in (_red(membership, red) if red else ())
    ]


@prepared
def _red(
    membership: Membership, red: tuple[tuple[str, str], ...]
) -> QuerySet[RiskAssessment, RiskAssessment]:
    is_red = Q()
    for sheet, level in red:
        holds = Q(decided_level=level) | Q(decided_level="", computed_level=level)
        is_red |= Q(sheet=sheet) & holds
    seen: ContentQuerySet = RiskAssessment.objects.standing_with(membership).filter(
        Exists(worked_on(membership).filter(pk=OuterRef("record__case_id"))),
        among_own(membership, "record__case_id"),
        is_red,
        ~Exists(newer(membership)),
        record__kind=enums.RecordKind.RISK,
    )
    return newest_first(seen)[:LIMIT]


registry.add("agenda_candidates", red_risks, queries=1, order=10)
registry.add("agenda_candidates", urgent_cases, queries=1, order=20)
registry.add("agenda_candidates", referrals, queries=1, order=60)
