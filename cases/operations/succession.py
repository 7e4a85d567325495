"""Successor agencies (V18): all cases of an agency whose contract ends, by 移管, in one act.

It is the same 移管 as ever, case by case: it opens nothing that no consent opens. A case whose
consents name the former agency alone stays, until its persons have been asked again.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection, transaction
from django.utils.translation import gettext as _

from agencies.models import Agency, Membership
from agencies.operations import notify
from agencies.permissions import ActionDenied
from cases.models import Case, Person, Transfer
from cases.operations.transfer import accept_transfer, not_covered, transfer_case
from cases.permissions import check_can_hand_over
from cases.shields import is_closed_case
from config.lib.ids import new_id


@dataclass(frozen=True)
class Succession:
    """The cases an agency is responsible for, as they stand towards a successor."""

    ready: list[Case]
    missing: list[tuple[Case, str]]  # whom to ask again, in words
    waiting: int  # proposed already, to whomever


def succession_to(by: Membership, successor: Agency) -> Succession:
    """Three queries, and two for each case."""
    proposed = Transfer.objects.visible_to(by).waiting().values_list("case_id", flat=True)
    waiting = set(proposed.filter(from_agency_id=by.agency_id))
    cases = (
        Case.objects.visible_to(by)
        .active()
        .filter(responsible_agency_id=by.agency_id)
        .exclude(pk__in=waiting)
        .order_by("opened_at", "id")
    )
    ready, missing = [], []
    for case in cases:
        words = _missing_words(by, case, successor)
        if words:
            missing.append((case, words))
        else:
            ready.append(case)
    return Succession(ready, missing, len(waiting))


def _missing_words(by: Membership, case: Case, successor: Agency) -> str:
    if is_closed_case(case.pk):
        return _("支援措置があり、名簿の人が移管します。")
    if case.rests_at is not None:
        return _("記入を止めています。統合を取り消すか、終結します。")
    if not Person.objects.visible_to(by).living().filter(case=case).exists():
        return _("存命の世帯員がいません。終結します。")
    uncovered = not_covered(case=case, agency=successor, by=by)
    names = [person.shown_name for person in uncovered.persons]
    if uncovered.has_others:
        names.append(_("ほかの機関が加えた人"))
    return "・".join(names)


@transaction.atomic
def propose_succession(*, by: Membership, successor: Agency, reason: str) -> int:
    """Propose 移管 of every case whose consents reach the successor. Returns how many."""
    check_can_hand_over(by)
    ready = succession_to(by, successor).ready
    if not ready:
        raise ActionDenied(_("いま移管を依頼できるケースはありません。"))
    for case in ready:
        transfer_case(case=case, by=by, to_agency=successor, reason=reason, is_told=False)
    notify(
        agency=successor,
        kind="succession",
        key=str(new_id()),
        title=_("移管の依頼が%(n)s件まとめて届いています") % {"n": len(ready)},
        url="/succession/waiting/",
    )
    return len(ready)


def proposed_to(by: Membership) -> tuple[list[Transfer], int]:
    """What waits for my agency and can be accepted, and how many cannot any more."""
    found = (
        Transfer.objects.visible_to(by)
        .waiting()
        .filter(to_agency_id=by.agency_id)
        .select_related("from_agency")
        .order_by("from_agency__name", "sent_at", "id")
    )
    rows = list(found)
    ready = [row for row in rows if not _is_blocked(row)]
    return ready, len(rows) - len(ready)


def _is_blocked(transfer: Transfer) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("select kasane.not_transferable(%s)", [transfer.pk])
        return bool(cursor.fetchone()[0])


@transaction.atomic
def accept_succession(*, by: Membership, former: Agency) -> int:
    """Accept all that one agency proposed and that can be accepted: all of it or nothing."""
    check_can_hand_over(by)
    ready = [row for row in proposed_to(by)[0] if row.from_agency_id == former.pk]
    if not ready:
        raise ActionDenied(_("いま受け入れられる移管の依頼はありません。"))
    for transfer in ready:
        accept_transfer(transfer=transfer, by=by)
    return len(ready)
