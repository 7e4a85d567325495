"""What this room itself says could go on an agenda: sheets that came without consent, and what a
sitting with consent decided to look at again. `candidatepage` puts all rooms' together.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from agencies.enums import AgendaType
from agencies.models import Membership
from cases.candidates import LIMIT, may_propose, worked_on
from cases.enums import ReferralMode, ReferralState
from cases.models import Referral
from config.lib.eras import format_short, local_day, today
from config.lib.registry import Candidate, registry
from meetings import enums
from meetings.models import AgendaItem
from meetings.permissions import listed_types
from plans.queries import review_horizon


def sheets_to_propose(membership: Membership) -> list[Candidate]:
    """Sheets without consent that came to a list I am on and stand on no agenda of its body. Two
    queries, one for who is on no list."""
    if not may_propose(membership):
        return []
    listed = listed_types(membership)
    return [
        Candidate(
            "sheet",
            _("%(sender)sから、本人同意なしのつなぎ（%(day)s）")
            % {"sender": sender, "day": format_short(local_day(at))},
            reverse("referral_detail", args=[pk]),
            (AgendaType.INFORMATION_SHARING, AgendaType.WATCHING, AgendaType.URGENT),
            referral_id=pk,
            weight=6,
            title=_("本人同意なしのつなぎ"),
            record_ids=(pk,),
        )
        for pk, sender, at in (waiting_sheets(membership, listed) if listed else ())
    ]


def waiting_sheets(membership: Membership, listed: set[int]) -> QuerySet[Referral, Any]:
    """Key, sender and moment of each, the oldest first."""
    proposed = AgendaItem.objects.visible_to(membership).filter(
        case_id=OuterRef("case_id"), conference_type_id=OuterRef("to_conference_type_id")
    )
    sheets = Referral.objects.visible_to(membership).filter(
        ~Exists(proposed),
        mode=ReferralMode.SECRECY,
        to_conference_type_id__in=listed,
        state__in=[ReferralState.SENT, ReferralState.ACCEPTED],
    )
    return sheets.order_by("sent_at").values_list("pk", "from_agency__name", "sent_at")[:LIMIT]


def items_to_review(membership: Membership) -> list[Candidate]:
    """Decided items with consent whose day of review is near: 緊急対応 and what was left open
    come back to the body that decided. One query."""
    if not may_propose(membership):
        return []
    found = []
    for pk, case, agenda_type, decision, day in _to_review(membership):
        is_urgent = decision == enums.Decision.EMERGENCY
        words = {"decision": enums.Decision(decision).label, "day": format_short(day)}
        found.append(
            Candidate(
                "emergency_review" if is_urgent else "item_review",
                _("会議で決めた「%(decision)s」の見直しは%(day)s") % words,
                reverse("item_detail", args=[pk]),
                (agenda_type,),
                case_id=case,
                due_on=day,
                weight=5 if is_urgent else 30,
                record_ids=(pk,),
            )
        )
    return found


def _to_review(membership: Membership) -> QuerySet[AgendaItem, Any]:
    seen = AgendaItem.objects.visible_to(membership).filter(basis=enums.ItemBasis.CONSENT)
    later = seen.filter(
        case_id=OuterRef("case_id"),
        agenda_type=OuterRef("agenda_type"),
        proposed_at__gt=OuterRef("decided_at"),
    )
    decided = seen.filter(
        ~Exists(later),
        Exists(worked_on(membership).filter(pk=OuterRef("case_id"))),
        state=enums.ItemState.DECIDED,
        plan__isnull=True,  # a plan says itself when it is reviewed
        next_review_on__lte=review_horizon(membership, today()),
    )
    rows = decided.order_by("next_review_on", "id")
    return rows.values_list("pk", "case_id", "agenda_type", "decision", "next_review_on")[:LIMIT]


registry.add("agenda_candidates", sheets_to_propose, queries=2, order=15)
registry.add("agenda_candidates", items_to_review, queries=1, order=40)
