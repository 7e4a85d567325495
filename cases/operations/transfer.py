"""移管: propose, accept, return, take back (V2). The database checks it all again and moves it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils.translation import gettext as _

from agencies.enums import Action, Permission
from agencies.models import Agency, Membership
from agencies.operations import notify
from agencies.permissions import ActionDenied, check_may
from agencies.trail import log_access
from cases import enums
from cases.models import Case, Person, Transfer
from cases.operations.access import sync_grants, take_charge
from cases.permissions import check_can_answer_transfer, check_can_transfer

STATES = enums.TransferState


@dataclass(frozen=True)
class Uncovered:
    """Who lacks a consent that covers the new agency: those in view, and whether there are more."""

    persons: list[Person]
    has_others: bool

    def __bool__(self) -> bool:
        return bool(self.persons) or self.has_others


def not_covered(*, case: Case, agency: Agency, by: Membership) -> Uncovered:
    """The living persons whose consent in force does not reach the agency in 基本情報."""
    with connection.cursor() as cursor:
        cursor.execute("select kasane.transfer_missing(%s, %s)", [case.pk, agency.pk])
        keys = [key for (key,) in cursor.fetchall()]
    seen = Person.objects.visible_to(by).filter(case=case, pk__in=keys).in_order()
    persons = list(seen)
    return Uncovered(persons, has_others=len(persons) < len(keys))


@transaction.atomic
def transfer_case(
    *,
    case: Case,
    by: Membership,
    to_agency: Agency,
    reason: str,
    form_key: uuid.UUID | None = None,
    is_told: bool = True,
) -> Transfer:
    """Propose it. Every living person's consent has to reach the new agency. The same `form_key`
    proposes once."""
    key = form_key or uuid.uuid4()
    known = Transfer.objects.visible_to(by).filter(pk=key).first()
    if known is not None:
        return known
    check_can_transfer(by, case)
    if to_agency.pk == case.responsible_agency_id:
        raise ActionDenied(_("主担当機関自身へは移管できません。"))
    if not Person.objects.visible_to(by).living().filter(case=case).exists():
        raise ActionDenied(_("移管できる世帯員がいません。支援が終わっているときは、終結します。"))
    missing = not_covered(case=case, agency=to_agency, by=by)
    if missing:
        raise ActionDenied(missing_words(missing, to_agency))
    with connection.cursor() as cursor:
        cursor.execute(
            "select kasane.send_transfer(%s, %s, %s, %s)", [key, case.pk, to_agency.pk, reason]
        )
    transfer = Transfer.objects.visible_to(by).get(pk=key)
    if is_told:
        _tell(to_agency.pk, transfer, _("移管の依頼が届いています"))
    log_access(by, Action.WRITE, what="transfer_case", case_id=case.pk, basis="responsible")
    return transfer


def missing_words(missing: Uncovered, agency: Agency) -> str:
    """Who is missing, and what to do."""
    names = [p.shown_name for p in missing.persons]
    if missing.has_others:
        names.append(_("ほかの機関が加えた人"))
    return _(
        "%(names)sの、%(agency)sへの同意（基本情報を含むもの）がありません。先に同意を記録してください。"
    ) % {"names": "・".join(names), "agency": agency.name}


@transaction.atomic
def accept_transfer(*, transfer: Transfer, by: Membership) -> Transfer:
    """The responsibility moves; what no consent covers stays behind."""
    locked = _answered(transfer, by, STATES.ACCEPTED, "")
    sync_grants(locked.case_id)  # what rooms above do when the grants of a case have changed
    take_charge(case=locked.case_id, by=by)
    _tell(locked.from_agency_id, locked, _("移管が受け入れられました"))
    log_access(by, Action.WRITE, what="accept_transfer", case_id=locked.case_id, basis="consent")
    return locked


@transaction.atomic
def return_transfer(*, transfer: Transfer, by: Membership, reason: str) -> None:
    """The other agency says no, and why."""
    locked = _answered(transfer, by, STATES.RETURNED, reason)
    _tell(locked.from_agency_id, locked, _("移管の依頼が返却されました"))
    log_access(by, Action.WRITE, what="return_transfer", case_id=locked.case_id, basis="consent")


@transaction.atomic
def cancel_transfer(*, transfer: Transfer, by: Membership) -> None:
    """The sender takes it back while it waits."""
    locked = _answered(transfer, by, STATES.CANCELLED, "")
    log_access(by, Action.WRITE, what="cancel_transfer", case_id=locked.case_id)


def _answered(transfer: Transfer, by: Membership, state: str, reason: str) -> Transfer:
    check_may(by, Permission.WRITE_RECORDS)
    locked = Transfer.objects.visible_to(by).get(pk=transfer.pk)
    check_can_answer_transfer(by, locked, is_sender=state == STATES.CANCELLED)
    with connection.cursor() as cursor:
        cursor.execute("select kasane.not_transferable(%s)", [locked.pk])
        if state == STATES.ACCEPTED and cursor.fetchone()[0]:
            raise ActionDenied(
                _("世帯員が加わったか、同意が変わったため、いまは受け入れられません。")
            )
        # One function for all answers: the row may not be readable afterwards.
        cursor.execute("select kasane.answer_transfer(%s, %s, %s)", [locked.pk, str(state), reason])
    return locked


def _tell(agency: int, transfer: Transfer, title: str) -> None:
    notify(
        agency=agency,
        kind="transfer",
        key=f"{transfer.pk}:{agency}",
        title=title,
        url=f"/transfers/{transfer.pk}/",
    )
