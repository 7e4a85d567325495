"""Sheets go from agency to agency, with consent, without, or as a notification."""

from __future__ import annotations

import uuid
from typing import Any

from django.utils import timezone

from agencies.models import LegalBasis, Membership
from cases.models import Recertification
from cases.operations import (
    DisclosureFacts,
    accept_referral,
    end_unconfirmed,
    give_back,
    keep_cases,
    record_disclosure,
    refer,
    return_referral,
)
from tests import world as w

from .vocabulary import Situation, owner, step


@step(r"(?P<by>\w+) refers (?P<names>[\w, ]+) to (?P<to>\w+)")
def _refer(s: Situation, by: str, names: str, to: str) -> None:
    _send(s, by, mode="consent", persons=s.people(names), to_agency=s.city.agencies[to])


@step(r"(?P<by>\w+) notifies (?P<to>\w+) about (?P<names>[\w, ]+)")
def _notify(s: Situation, by: str, to: str, names: str) -> None:
    _send(
        s,
        by,
        mode="notification",
        persons=s.people(names),
        to_agency=s.city.agencies[to],
        legal_ground="児童福祉法第25条",
    )


@step(r"(?P<by>\w+) sends a sheet without consent to (?P<kind>\w+)")
def _secrecy(s: Situation, by: str, kind: str) -> None:
    to = s.city.conferences[kind]
    _send(s, by, mode="secrecy", persons=list(s.persons.values())[:1], to_conference_type=to)


def _send(s: Situation, by: str, **more: Any) -> None:
    with w.act(s.who(by)):
        sheet = refer(case=s.case, by=s.who(by), reason="依頼", summary="概要", **more)
    s.keep("sheet", "cases_referral", sheet)
    entered = "SELECT id FROM cases_disclosure WHERE referral_id = %s"
    s.things["entry of the sheet"] = ("cases_disclosure", lambda: owner(entered, sheet.pk)[0][0])


@step(r"(?P<by>\w+) enters what it gave about (?P<names>[\w, ]+)")
def _disclose(s: Situation, by: str, names: str) -> None:
    facts = DisclosureFacts(
        kind="provided",
        on=timezone.localdate(),
        recipient="架空病院",
        ground=LegalBasis.objects.get(code="body-life"),
        purpose="救急搬送のため",
        persons=s.people(names),
        categories=["health"],
    )
    with w.act(s.who(by)):
        entry = record_disclosure(case=s.case, by=s.who(by), facts=facts, form_key=uuid.uuid4())
    s.keep("entry", "cases_disclosure", entry)


@step(r"(?P<by>\w+) accepts")
def _accept(s: Situation, by: str) -> None:
    with w.act(s.who(by)):
        accept_referral(referral=s.rows["sheet"], by=s.who(by))
    rows = owner(
        "SELECT id FROM cases_supportteam WHERE case_id = %s AND agency_id = %s",
        s.case.pk,
        s.who(by).agency_id,
    )
    if rows:
        s.things[f"team entry of {by}"] = ("cases_supportteam", rows[0][0])


@step(r"(?P<by>\w+) returns the sheet")
def _return(s: Situation, by: str) -> None:
    with w.act(s.who(by)):
        return_referral(referral=s.rows["sheet"], by=s.who(by), reason="対象外のため")


def _manager(s: Situation, agency: str) -> Membership:
    """The agency's manager, who answers in 年度の確認."""
    return w.make_member(s.city.agencies[agency], "agency_manager")


@step(r"(?P<agency>\w+) has worked on the case since two years ago")
def _since(s: Situation, agency: str) -> None:
    owner(
        "UPDATE cases_supportteam SET joined_at = joined_at - interval '2 years'"
        " WHERE agency_id = %s",
        s.city.agencies[agency].pk,
    )


@step(r"the manager of (?P<agency>\w+) says the case is still needed")
def _keep(s: Situation, agency: str) -> None:
    by = _manager(s, agency)
    with w.act(by):
        keep_cases(by=by, cases=[s.case.pk])
        s.keep("answer", "cases_recertification", Recertification.objects.get(case=s.case))


@step(r"the manager of (?P<agency>\w+) gives the case back")
def _give_back(s: Situation, agency: str) -> None:
    by = _manager(s, agency)
    with w.act(by):
        give_back(case=s.case, by=by)
        s.keep("answer", "cases_recertification", Recertification.objects.get(case=s.case))


@step(r"(?P<by>\w+) ends what (?P<agency>\w+) has not confirmed")
def _end(s: Situation, by: str, agency: str) -> None:
    with w.act(s.who(by)):
        end_unconfirmed(case=s.case, agency=s.city.agencies[agency], by=s.who(by))
