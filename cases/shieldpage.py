"""支援措置 in words: the state of a shield, its list, and what waits to be read by the list (V9).

What waits is shown by its own room, through `shield_rows`: it gives for some of the holds what
stands in the row (of this room: cases.shieldrows).
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.enums import Permission
from agencies.models import Membership
from cases import enums
from cases.caselines import file_lines
from cases.models import Person, Shield, ShieldHold, ShieldMember
from cases.operations.shieldrescue import check_may_rescue, stranded_shields
from cases.permissions import can
from cases.shields import found_in_hold
from cases.told import told_grants
from config.lib.condition import among
from config.lib.eras import format_datetime, format_long, format_short
from config.lib.prepared import prepared
from config.lib.registry import ShieldRow, Todo, registry

SHOWN = 50
LIMIT = 50


@dataclass(frozen=True)
class HoldLine:
    """What waits: from whom, its words, what of the hidden stands in it."""

    key: uuid.UUID
    row: ShieldRow
    decision: str
    state: str
    found: str
    files: Sequence[object] = field(default=())


def who_sees(membership: Membership, person: Person) -> QuerySet[Membership]:
    """Who may be named, as far as the asker may know it: people reading cases, of the agencies that
    see the person. That there is a shield is shown to those alone (V9). Two queries."""
    agencies = {membership.agency_id, person.author_agency_id} | {
        grant.group_id
        for grant in told_grants(person.case_id)
        if grant.person_id == person.pk and enums.Category.BASIC in grant.categories
    }
    return (
        Membership.objects.active()
        .with_names()
        .filter(
            agency_id__in=agencies,
            agency__municipality=membership.municipality,
            role__permissions__contains=[Permission.READ_CASES],
            user__is_active=True,
        )
        .exclude(user=membership.user)
        .order_by("agency__name", "user__display_name", "id")
    )


def may_confirm(members: QuerySet[Membership]) -> list[Membership]:
    return list(members.filter(role__permissions__contains=[Permission.SHIELD]))


def facts_of(shield: Shield) -> list[dict[str, str]]:
    """The head of the page."""
    facts = [
        {"term": _("根拠"), "value": str(shield.get_ground_display())},
        {"term": _("見直しの期限"), "value": format_long(shield.expires_on)},
        {
            "term": _("提案"),
            "value": f"{format_datetime(shield.proposed_at)}　{shield.proposed_user}",
        },
    ]
    if shield.confirmed_at is not None:
        who = f"{format_datetime(shield.confirmed_at)}　{shield.confirmed_user}"
        facts.append({"term": _("確認"), "value": who})
    elif shield.is_waiting:
        facts.append(
            {"term": _("確認"), "value": _("%(who)sの確認待ち") % {"who": shield.confirmer.user}}
        )
    if shield.lift_proposed_at is not None:
        who = f"{format_datetime(shield.lift_proposed_at)}　{shield.lift_proposed_user}"
        facts.append({"term": _("解除の提案"), "value": f"{who}\n{shield.lift_reason}"})
    if shield.lifted_at is not None:
        label = _("解除") if shield.confirmed_at else _("取り下げ")
        who = f"{format_datetime(shield.lifted_at)}　{shield.lifted_user}"
        facts.append({"term": label, "value": who})
    return facts


def places_of(membership: Membership, shield: Shield) -> list[ShieldMember]:
    places = ShieldMember.objects.visible_to(membership).standing().filter(shield=shield)
    return list(
        places.select_related("membership__user", "membership__agency").order_by("added_at", "id")
    )


def holds_of(membership: Membership, shield: Shield, *, decided: bool) -> list[HoldLine]:
    """What waits, oldest first; or what has been decided, newest first."""
    holds = ShieldHold.objects.visible_to(membership).filter(shield=shield)
    if decided:
        holds = holds.exclude(decision=enums.HoldDecision.WAITING).order_by("-decided_at", "-at")
    else:
        holds = holds.filter(decision=enums.HoldDecision.WAITING).order_by("at", "id")
    shown = list(holds[:SHOWN])
    rows: dict[uuid.UUID, ShieldRow] = {}
    for found in registry.draw("shield_rows", membership, shield.case, shown):
        rows.setdefault(found.row_id, found)
    files = file_lines(membership, [hold.row_id for hold in shown])
    return [
        HoldLine(
            hold.pk,
            rows[hold.row_id],
            hold.decision,
            str(hold.get_decision_display()),
            "・".join(found_in_hold(hold.pk)),
            files.get(hold.row_id, ()),
        )
        for hold in shown
        if hold.row_id in rows
    ]


# --- 今日の仕事 ---------------------------------------------------------------------------------


def todo_shields(membership: Membership) -> list[Todo]:
    """What the lists I stand on ask of me. Two queries."""
    if not membership.may(Permission.READ_CASES):
        return []
    shields = list(_standing(membership))
    waiting: dict[uuid.UUID, int] = defaultdict(int)
    if shields:
        for key in _held(membership, [shield.pk for shield in shields]):
            waiting[key] += 1
    return [todo for shield in shields for todo in _todos(membership, shield, waiting[shield.pk])]


@prepared
def _held(membership: Membership, shields: list[uuid.UUID]) -> QuerySet[ShieldHold, uuid.UUID]:
    holds = ShieldHold.objects.visible_to(membership).waiting().filter(among("shield_id", shields))
    return holds.values_list("shield_id", flat=True)[:500]


@prepared
def _standing(membership: Membership) -> QuerySet[Shield]:
    return (
        Shield.objects.visible_to(membership)
        .filter(lifted_at__isnull=True)
        .select_related("person", "case")
        .order_by("expires_on", "id")[:LIMIT]
    )


def _todos(membership: Membership, shield: Shield, waiting: int) -> list[Todo]:
    url = reverse("shield_detail", args=[shield.pk])
    about = shield.case.number
    found = []
    if shield.is_waiting and shield.confirmer_id == membership.pk and not shield.has_lapsed:
        found.append(
            Todo(
                "shield", _("支援措置の確認を頼まれています"), url, _("見て確認する"), detail=about
            )
        )
    if shield.lift_proposed_at and shield.lift_proposed_user_id != membership.user_id:
        found.append(
            Todo(
                "shield", _("支援措置の解除の確認を頼まれています"), url, _("見て確認する"),
                detail=about,
            )
        )  # fmt: skip
    if waiting:
        found.append(
            Todo(
                "shield",
                _("支援措置のため、確認を待つ記録が%(n)s件あります") % {"n": waiting},
                reverse("shield_holds", args=[shield.pk]),
                _("読んで確認する"),
                detail=about,
            )
        )
    if shield.is_in_force and (shield.expires_on - timezone.localdate()).days <= 30:
        found.append(
            Todo(
                "shield", _("支援措置の期限が近づいています"), url, _("見直す"), detail=about,
                due_on=shield.expires_on, section="due",
            )
        )  # fmt: skip
    return found


def short_state(shield: Shield) -> str:
    """「働いています」「確認待ち」「解除」."""
    if shield.is_in_force:
        return _("働いています")
    if shield.is_waiting:
        return _("確認されないまま30日を過ぎました") if shield.has_lapsed else _("確認待ち")
    return _("%(day)sに終わりました") % {
        "day": format_short(shield.lifted_at) if shield.lifted_at else ""
    }


def todo_stranded(membership: Membership) -> list[Todo]:
    """Lists with nobody on them, for who can name new people. One query."""
    if not can(check_may_rescue, membership):
        return []
    number = len(stranded_shields())
    if not number:
        return []
    title = _("名簿に人がいない支援措置が%(n)s件あります") % {"n": number}
    return [Todo("shield", title, reverse("shield_stranded"), _("立て直す"), section="due")]


registry.add("todos", todo_stranded, queries=1, order=6)
registry.add("todos", todo_shields, queries=2, order=12)
