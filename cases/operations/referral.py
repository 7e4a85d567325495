"""つなぎ: send a handover sheet, accept it, return it with a reason (V4)."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.enums import Action, Permission
from agencies.models import Agency, ConferenceType, Membership, SecretariatMember
from agencies.operations import notify
from agencies.permissions import ActionDenied, check_may
from agencies.trail import log_access
from cases import enums
from cases.models import Case, Person, Referral
from cases.operations.access import join_team, missing_consents, take_charge
from cases.permissions import check_can_answer, check_can_refer, check_can_report
from config.lib.fiscal import fiscal_year


@transaction.atomic
def refer(
    *,
    case: Case,
    by: Membership,
    mode: str,
    reason: str,
    summary: str,
    persons: Sequence[Person] = (),
    to_agency: Agency | None = None,
    to_conference_type: ConferenceType | None = None,
    criteria: Sequence[str] = (),
    legal_ground: str = "",
    form_key: uuid.UUID | None = None,
) -> Referral:
    """Send a sheet. With consent: every person named must consent to the receiver. Without: to
    the secretariat of a conference type under 106条の6 alone. The same `form_key` sends once."""
    check_can_refer(by, case)
    key = form_key or uuid.uuid4()
    known = Referral.objects.visible_to(by).filter(form_key=key).first()
    if known is not None:
        return known
    if to_agency is not None and to_agency.pk == by.agency_id:
        raise ActionDenied(_("自分の機関へはつなげません。"))
    until = None
    if mode == enums.ReferralMode.CONSENT:
        assert to_agency is not None  # noqa: S101 - the form asks for it
        until = _covered_until(case, persons, to_agency)
    elif mode == enums.ReferralMode.SECRECY and (
        to_conference_type is None or not to_conference_type.is_secret
    ):
        raise ActionDenied(
            _("同意のないケースをつなげるのは、106条の6の支援会議の事務局だけです。")
        )
    referral = Referral(
        case=case,
        mode=mode,
        from_agency_id=by.agency_id,
        sent_by=by,
        to_agency=to_agency,
        to_conference_type=to_conference_type,
        person_ids=[p.pk for p in persons],
        reason=reason,
        summary=summary,
        criteria=list(criteria),
        legal_ground=legal_ground,
        open_until=until,
        form_key=key,
    )
    referral.save(force_insert=True)
    _tell_receiver(referral)
    log_access(by, Action.WRITE, what="refer", case_id=case.pk, basis=mode)
    return referral


def _covered_until(
    case: Case, persons: Sequence[Person], to_agency: Agency
) -> datetime.datetime | None:
    """The earliest end of the consents the sheet rests on; ActionDenied names who lacks one."""
    if not persons:
        raise ActionDenied(_("つなぐ人を選んでください。"))
    missing = {
        key
        for key, _agency in missing_consents(
            case=case, persons=[p.pk for p in persons], agencies=[to_agency.pk]
        )
    }
    names = [p.shown_name for p in persons if p.pk in missing]
    if names:
        raise ActionDenied(
            _("%(names)sの、%(agency)sへの同意が記録されていません。先に同意を記録してください。")
            % {"names": "・".join(names), "agency": to_agency.name}
        )
    with connection.cursor() as cursor:
        cursor.execute(
            "select kasane.consents_until(%s, %s, %s)",
            [case.pk, [p.pk for p in persons], to_agency.pk],
        )
        until: datetime.datetime | None = cursor.fetchone()[0]
    return until


def _tell_receiver(referral: Referral) -> None:
    """The agency; without consent the people on the secretariat's list alone, not their agency."""
    told: list[tuple[int, Membership | None]] = []
    if referral.to_agency_id is not None:
        told.append((referral.to_agency_id, None))
    elif referral.to_conference_type_id is not None:
        listed = SecretariatMember.objects.filter(
            conference_type_id=referral.to_conference_type_id,
            fiscal_year=fiscal_year(timezone.localdate()),
            pledged_at__isnull=False,
            ended_at__isnull=True,
        )
        told += [
            (m.membership.agency_id or 0, m.membership) for m in listed.select_related("membership")
        ]
    for agency, person in told:
        notify(
            agency=agency,
            membership=person,
            kind="referral",
            key=str(referral.pk),
            title=_("つなぎが届いています"),
            url=f"/referrals/{referral.pk}/",
        )


def _answer(referral: Referral, by: Membership, state: str, reason: str) -> Referral:
    locked = Referral.objects.visible_to(by).select_for_update().get(pk=referral.pk)
    check_can_answer(by, locked)
    locked.state, locked.answer_reason = state, reason
    locked.answered_at, locked.answered_by = timezone.now(), by
    return locked


@transaction.atomic
def accept_referral(*, referral: Referral, by: Membership, comment: str = "") -> Referral:
    """受理: the agency joins the support team; the case opens within the consents' scope. Without
    consent nothing opens but the sheet. Responsibility does not move (V2)."""
    check_may(by, Permission.WRITE_RECORDS)
    answered = _answer(referral, by, enums.ReferralState.ACCEPTED, comment)
    answered.save(update_fields=["state", "answer_reason", "answered_at", "answered_by"])
    if answered.mode == enums.ReferralMode.CONSENT and answered.to_agency_id is not None:
        join_team(
            case=Case(pk=answered.case_id),
            agency=answered.to_agency_id,
            via=enums.TeamVia.REFERRAL,
        )
        take_charge(case=answered.case_id, by=by)
    _tell_sender(answered, _("つなぎが受理されました"))
    log_access(
        by, Action.WRITE, what="accept_referral", case_id=answered.case_id, basis=answered.mode
    )
    return answered


@transaction.atomic
def return_referral(*, referral: Referral, by: Membership, reason: str) -> None:
    """返却: the sheet closes and leaves a reason for the sender."""
    check_may(by, Permission.WRITE_RECORDS)
    answered = _answer(referral, by, enums.ReferralState.RETURNED, reason)
    # The receiver may not read the row it has just closed: no RETURNING, no re-reading.
    with connection.cursor() as cursor:
        cursor.execute("select kasane.return_referral(%s, %s)", [answered.pk, reason])
    _tell_sender(answered, _("つなぎが返却されました"))
    log_access(
        by, Action.WRITE, what="return_referral", case_id=answered.case_id, basis=answered.mode
    )


@transaction.atomic
def report_result(*, referral: Referral, by: Membership, text: str) -> Referral:
    """What came of it, back to the sender: once, by who took it on."""
    locked = Referral.objects.visible_to(by).select_for_update().get(pk=referral.pk)
    check_can_report(by, locked)
    if not text.strip():
        raise ActionDenied(_("つなぎの結果を書いてください。"))
    locked.result, locked.resulted_at, locked.resulted_by = text, timezone.now(), by
    locked.save(update_fields=["result", "resulted_at", "resulted_by"])
    _tell_sender(locked, _("つなぎの結果が届きました"), kind="referral_result")
    log_access(by, Action.WRITE, what="report_result", case_id=locked.case_id, basis=locked.mode)
    return locked


def _tell_sender(referral: Referral, title: str, kind: str = "referral_answer") -> None:
    notify(
        agency=referral.from_agency_id,
        kind=kind,
        key=str(referral.pk),
        title=title,
        url=f"/referrals/{referral.pk}/",
    )
