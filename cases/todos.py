"""What the cases room brings to 今日の仕事 and to the navigation: sheets that wait, answers,
consents that end, carry-outs, emergencies. Every function states its queries.
`cases.panels` imports this module, and so registers it."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from django.contrib.postgres.functions import TransactionNow
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.enums import Permission
from agencies.home import day_words
from agencies.models import Membership
from cases import enums
from cases.gate import in_force, reads_cases
from cases.models import CarryOut, CarryOutGrant, Consent, Emergency, Referral
from cases.titles import titles_for
from config.lib.eras import format_short, local_day, today
from config.lib.fiscal import instant_to_until_day
from config.lib.prepared import prepared
from config.lib.registry import NavItem, Todo, registry

SOON = datetime.timedelta(days=30)
ANSWERED = datetime.timedelta(days=14)
LIMIT = 50


def waiting_referrals(membership: Membership) -> QuerySet[Referral]:
    """Sheets sent to my agency, or to a secretariat I am listed on, that wait for an answer."""
    return Referral.objects.visible_to(membership).for_receiver(membership).waiting()


def todo_referrals(membership: Membership) -> list[Todo]:
    """つなぎが届いています. One query."""
    if not (reads_cases(membership) and membership.may(Permission.WRITE_RECORDS)):
        return []
    return [
        Todo(
            "referral",
            _("つなぎが届いています"),
            reverse("referral_detail", args=[pk]),
            _("見て返事する"),
            detail=f"{sender}　{enums.ReferralMode(mode).label}",
            when=format_short(sent_at),
        )
        for pk, sender, mode, sent_at in _waiting_sheets(membership)
    ]


@prepared
def _waiting_sheets(membership: Membership) -> QuerySet[Referral, Any]:
    waiting = waiting_referrals(membership).order_by("sent_at")
    return waiting.values_list("pk", "from_agency__name", "mode", "sent_at")[:LIMIT]


def todo_answers(membership: Membership) -> list[Todo]:
    """What others answered to my agency's sheets within two weeks, and about which household. A
    returned one waits for what is done instead, until another sheet of the case is sent. Two
    queries."""
    if not reads_cases(membership):
        return []
    rows = list(_answered(membership))
    titles = titles_for(membership, {row[1] for row in rows})
    return [
        Todo(
            "referral_answer",
            _("つなぎが返却されました。理由を見て、つなぎ直すか相談します。")
            if is_open
            else _("つなぎが返却されました")
            if state == enums.ReferralState.RETURNED
            else _("つなぎが受理されました"),
            reverse("referral_detail", args=[pk]),
            _("理由を見る") if is_open else _("見る"),
            detail="　".join(name for name in (titles[case_id], agency or conference) if name),
            when=day_words(local_day(at), today()) if at else "",
            section="waiting" if is_open else "changed",
            record_id=case_id,
        )
        for pk, case_id, state, agency, conference, at, is_open in rows
    ]


@prepared
def _answered(membership: Membership) -> QuerySet[Referral, Any]:
    sent_since = (
        Referral.objects.visible_to(membership)
        .filter(
            from_agency_id=membership.agency_id,
            case_id=OuterRef("case_id"),
            sent_at__gt=OuterRef("answered_at"),
        )
        .exclude(pk=OuterRef("pk"))
    )
    return (
        Referral.objects.visible_to(membership)
        .filter(
            from_agency_id=membership.agency_id,
            state__in=[enums.ReferralState.ACCEPTED, enums.ReferralState.RETURNED],
            answered_at__gte=TransactionNow() - ANSWERED,
        )
        .annotate(is_open=Q(state=enums.ReferralState.RETURNED) & ~Exists(sent_since))
        .order_by("-answered_at")
        .values_list(
            "pk",
            "case_id",
            "state",
            "to_agency__name",
            "to_conference_type__name",
            "answered_at",
            "is_open",
        )[:LIMIT]
    )


def todo_consents(membership: Membership) -> list[Todo]:
    """Consents my agency took that end within 30 days or have ended within the last 30; the
    responsible agency has its notice (`remind_of_end`). One query."""
    if not membership.may(Permission.RECORD_CONSENT):
        return []
    now = timezone.now()
    return [
        Todo(
            "consent_ends",
            (
                _("%(name)sの同意の期限が近づいています")
                if c.period.upper > now
                else _("%(name)sの同意の期限が切れました")
            )
            % {"name": c.person.shown_name},
            reverse("consent_detail", args=[c.pk]),
            _("同意を確かめる"),
            due_on=instant_to_until_day(c.period.upper),
            section="due",
            record_id=c.pk,
        )
        for c in _near_their_end(membership)
    ]


@prepared
def _near_their_end(membership: Membership) -> QuerySet[Consent]:
    return (
        Consent.objects.visible_to(membership)
        .filter(
            taken_by_agency_id=membership.agency_id,
            answer=enums.ConsentAnswer.GIVEN,
            withdrawn_at__isnull=True,
            ends_at__range=(TransactionNow() - SOON, TransactionNow() + SOON),
            case__status=enums.CaseStatus.ACTIVE,
        )
        .select_related("person")
        .order_by("ends_at", "-recorded_at", "id")[:LIMIT]
    )


def todo_carry_outs(membership: Membership) -> list[Todo]:
    """What was carried out to this very person and is still open (V6). One query."""
    if not reads_cases(membership):
        return []
    return [
        Todo(
            "carry_out",
            _("あなたへの持ち出しがあります（守秘）"),
            reverse("carry_out_detail", args=[row.pk]),
            _("見る"),
            detail=_("支援会議（106条の6）"),
            due_on=row.review_on,
            section="side",
        )
        for row in _carried(membership)
    ]


@prepared
def _carried(membership: Membership) -> QuerySet[CarryOut]:
    mine = in_force(CarryOutGrant.objects.all()).filter(
        membership_id=membership.pk, content_object=OuterRef("pk")
    )
    seen = CarryOut.objects.visible_to(membership).filter(Exists(mine))
    return seen.order_by("review_on")[:LIMIT]


def todo_emergencies(membership: Membership) -> list[Todo]:
    """緊急閲覧: until it is reviewed, for the privacy officer; for the agency responsible, to look
    at. One query."""
    may_review = membership.may(Permission.REVIEW_ACCESS)
    if not may_review and not reads_cases(membership):
        return []
    return [
        Todo(
            "emergency",
            _("緊急閲覧を点検する") if may_review else _("緊急閲覧がありました（点検待ち）"),
            reverse("emergency_detail", args=[pk]),
            _("点検する") if may_review else _("見る"),
            when=format_short(at),
            section="due" if may_review else "changed",
        )
        for pk, at in _unreviewed(membership)
    ]


@prepared
def _unreviewed(membership: Membership) -> QuerySet[Emergency, Any]:
    seen = Emergency.objects.visible_to(membership).unreviewed()
    others = seen.exclude(user_id=membership.user_id or 0)
    return others.order_by("opened_at").values_list("pk", "opened_at")[:LIMIT]


def count_referrals(membership: Membership) -> tuple[int, bool]:
    """How many sheets wait for this membership, for the navigation. One query."""
    if not membership.may(Permission.WRITE_RECORDS):
        return 0, False
    return len(_waiting_keys(membership)), False


@prepared
def _waiting_keys(membership: Membership) -> QuerySet[Referral, uuid.UUID]:
    return waiting_referrals(membership).values_list("pk", flat=True)[:LIMIT]


registry.add("todos", todo_referrals, queries=1, order=10)
registry.add("todos", todo_consents, queries=1, order=20)
registry.add("todos", todo_answers, queries=2, order=30)
registry.add("todos", todo_emergencies, queries=1, order=5)
registry.add("todos", todo_carry_outs, queries=1, order=15)
registry.nav(
    NavItem(
        "referrals",
        gettext_lazy("つなぎ"),
        "referral_list",
        1,
        Permission.READ_CASES,
        count_referrals,
    )
)
