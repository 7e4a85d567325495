"""このケースの扱い: what the responsible agency does with the case as a whole, and what it did.

終結, 移管 and 閲覧記録 on the case page; the lines of これまで that are no record; to-dos.
"""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from agencies.enums import Permission
from agencies.models import Membership
from cases import enums
from cases.gate import reads_cases
from cases.models import Case, Closing, Referral, Transfer
from cases.moveoutpage import links as move_out_links
from cases.permissions import (
    can,
    check_can_change_household,
    check_can_close,
    check_can_transfer,
)
from config.lib.eras import format_short
from config.lib.prepared import prepared
from config.lib.registry import Link, OpenEnd, Panel, TimelineEntry, Todo, registry

LIMIT = 50


def is_responsible(membership: Membership, case: Case) -> bool:
    return reads_cases(membership) and membership.agency_id == case.responsible_agency_id


def handling(membership: Membership, case: Case) -> Panel | None:
    """終結, 移管, 転出, 閲覧記録, for the responsible agency. Six queries."""
    if not is_responsible(membership, case):
        return None
    links = []
    waiting = next(iter(_waiting(membership, case)), None)
    if waiting is not None:
        label = _("%(agency)sへの移管（返事待ち）") % {"agency": waiting.to_agency.name}
        links.append(Link(label, reverse("transfer_detail", args=[waiting.pk])))
    elif can(check_can_transfer, membership, case):
        links.append(Link(_("ほかの機関へ移管する"), reverse("transfer_new", args=[case.pk])))
    links += move_out_links(membership, case)
    if can(check_can_change_household, membership, case):
        links.append(Link(_("世帯の変更"), reverse("household_change", args=[case.pk])))
    if can(check_can_close, membership, case):
        links.append(Link(_("終結する"), reverse("case_close", args=[case.pk])))
    if membership.may(Permission.WRITE_RECORDS):
        links.append(Link(_("外部への提供を記録する"), reverse("disclosure_new", args=[case.pk])))
    links.append(Link(_("閲覧記録"), reverse("case_looks", args=[case.pk])))
    return Panel("cases/panels/handling.html", {"links": links})


@prepared
def _moved(membership: Membership, case: Case) -> QuerySet[Transfer]:
    moved = Transfer.objects.visible_to(membership).filter(case=case)
    accepted = moved.filter(state=enums.TransferState.ACCEPTED)
    return accepted.select_related("from_agency", "to_agency")


def events(membership: Membership, case: Case) -> list[TimelineEntry]:
    """終結 and 移管 in これまで: lines that are no record. Two queries.

    The responsible agency reads when and why it closed; who only keeps its own records learns
    nothing later (V2)."""
    found = [
        TimelineEntry(
            transfer.pk,
            transfer.answered_at or transfer.sent_at,
            _("主担当を移管しました"),
            agency=transfer.to_agency.name,
            text=_("%(old)sから%(new)sへ")
            % {"old": transfer.from_agency.name, "new": transfer.to_agency.name},
            url=reverse("transfer_detail", args=[transfer.pk]),
        )
        for transfer in _moved(membership, case)
    ]
    if case.closed_at is not None and is_responsible(membership, case):
        words = [str(case.get_closed_kind_display())]
        for closing in Closing.objects.visible_to(membership).filter(case=case):
            words.append(closing.reason)
            if closing.follow_up:
                words.append(_("そのあと見守るところ：%(who)s") % {"who": closing.follow_up})
        found.append(
            TimelineEntry(
                case.pk,
                case.closed_at,
                str(enums.CaseStatus.CLOSED.label),
                agency=case.responsible_agency.name,
                text="\n".join(w for w in words if w),
            )
        )
    return found


def open_ends(membership: Membership, case: Case) -> list[OpenEnd]:
    """Sheets of this case that wait or are at work, and a transfer that waits. Two queries."""
    found = [
        OpenEnd(
            _("%(agency)sへの移管が返事待ちです。取りやめるか、返事を待ちます。")
            % {"agency": transfer.to_agency.name},
            reverse("transfer_detail", args=[transfer.pk]),
            _("移管の依頼を見る"),
            is_first=True,
        )
        for transfer in Transfer.objects.visible_to(membership)
        .waiting()
        .filter(case=case)
        .select_related("to_agency")
    ]
    sheets = Referral.objects.visible_to(membership).filter(
        case=case, mode=enums.ReferralMode.CONSENT, state=enums.ReferralState.SENT
    )
    found += [
        OpenEnd(
            _("%(agency)sへのつなぎが返事待ちです。終結すると、シートは閉じます。")
            % {"agency": sheet.to_agency.name if sheet.to_agency else ""},
            reverse("referral_detail", args=[sheet.pk]),
            _("シートを見る"),
            stays=_("返事待ちのつなぎ　%(agency)sへ")
            % {"agency": sheet.to_agency.name if sheet.to_agency else ""},
            whose=sheet.from_agency.name,
        )
        for sheet in sheets.select_related("from_agency", "to_agency").order_by("sent_at")
    ]
    return found


def todo_transfers(membership: Membership) -> list[Todo]:
    """移管の依頼が届いています. One query."""
    if not (reads_cases(membership) and membership.may(Permission.WRITE_RECORDS)):
        return []
    return [
        Todo(
            "transfer",
            _("移管の依頼が届いています"),
            reverse("transfer_detail", args=[pk]),
            _("見て返事する"),
            detail=sender,
            when=format_short(sent_at),
        )
        for pk, sender, sent_at in _asked_for(membership)
    ]


@prepared
def _asked_for(membership: Membership) -> QuerySet[Transfer, Any]:
    waiting = Transfer.objects.visible_to(membership).waiting()
    return (
        waiting.filter(to_agency_id=membership.agency_id)
        .order_by("sent_at")
        .values_list("pk", "from_agency__name", "sent_at")[:LIMIT]
    )


@prepared
def _waiting(membership: Membership, case: Case) -> QuerySet[Transfer]:
    found = Transfer.objects.visible_to(membership).waiting().filter(case=case)
    return found.select_related("to_agency").order_by("id")[:1]


registry.add("case_aside", handling, queries=6, order=90)
registry.add("case_events", events, queries=2, order=10)
registry.add("case_open_ends", open_ends, queries=2, order=10)
registry.add("todos", todo_transfers, queries=1, order=11)
