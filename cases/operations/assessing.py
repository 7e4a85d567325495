"""Write what to mind when meeting somebody; fill in a risk sheet; a group decides on its level."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.enums import Action, Permission
from agencies.models import Membership
from agencies.operations import notify
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases import enums, risksheets
from cases.models import Case, CautionNote, Person, RiskAssessment
from cases.operations.records import (
    WrittenBefore,
    corrected,
    moment_of,
    next_version,
    write_record,
)
from cases.permissions import check_can_correct, check_can_correct_risk
from cases.questions import Answers, checked
from cases.shields import is_closed_case, list_mates


@transaction.atomic
def write_caution(
    *,
    case: Case,
    by: Membership,
    kind: str,
    text: str,
    persons: Sequence[Person | uuid.UUID] = (),
    noted_on: datetime.date | None = None,
    audience: str = enums.Audience.TEAM,
    form_key: uuid.UUID | None = None,
) -> CautionNote:
    """One line about these persons, or the household; its kind decides the category. The same
    `form_key` writes it once."""
    try:
        record = write_record(
            case=case,
            by=by,
            kind=enums.RecordKind.CAUTION,
            category=enums.CAUTION_CATEGORY[kind],
            persons=persons,
            audience=audience,
            happened_at=moment_of(noted_on),
            form_key=form_key,
        )
    except WrittenBefore as before:
        return CautionNote.objects.visible_to(by).get(pk=before.record_id)
    caution = CautionNote(
        record=record, kind=kind, text=text, noted_on=noted_on or timezone.localdate()
    )
    caution.save(force_insert=True)
    return caution


@transaction.atomic
def change_caution(
    *,
    caution: CautionNote,
    by: Membership,
    version: int,
    reason: str,
    text: str,
    noted_on: datetime.date,
) -> CautionNote:
    """Correct the words or the day with a reason; the version before stays (V13). Raises
    StaleVersion when somebody else saved first."""
    _check_runs(caution, by)
    locked: CautionNote = corrected(CautionNote, caution.pk, by, version, reason)
    locked.text, locked.noted_on = text, noted_on
    locked.save()
    _log(by, "change_caution", locked)
    return locked


@transaction.atomic
def end_caution(
    *, caution: CautionNote, by: Membership, version: int, on: datetime.date, reason: str
) -> CautionNote:
    """It no longer holds: the line leaves the top of the page and stays in the history."""
    _check_runs(caution, by)
    locked: CautionNote = next_version(CautionNote, caution.pk, by, version)
    if not reason:
        raise ActionDenied(_("終わった理由を入れてください。"))
    if on < locked.noted_on:
        raise ActionDenied(_("終わった日は、分かった日からあとの日付を入れてください。"))
    locked.ended_on, locked.end_reason = on, reason
    locked.save()
    _log(by, "end_caution", locked)
    return locked


def _check_runs(caution: CautionNote, by: Membership) -> None:
    check_can_correct(by, caution.record)
    if caution.ended_on is not None:
        raise ActionDenied(
            _("この注意は、すでに終わっています。続いているときは、新しく書きます。")
        )


@dataclass(frozen=True)
class RiskFacts:
    """A sheet filled in: `answers` by code of its questions."""

    sheet: str
    answers: Answers
    assessed_on: datetime.date
    text: str = ""
    strengths: str = ""


@dataclass(frozen=True)
class RiskDecision:
    """What a group decided: the level, on which day, who took part; why, if not the rule's."""

    level: str
    on: datetime.date
    deciders: str
    reason: str = ""


@transaction.atomic
def assess_risk(
    *,
    case: Case,
    by: Membership,
    person: Person,
    facts: RiskFacts,
    audience: str = enums.Audience.TEAM,
    form_key: uuid.UUID | None = None,
) -> RiskAssessment:
    """A risk sheet of one person, with the level its rule gives. It replaces the former one of the
    same person and sheet, which stays. Red is told to the agency's manager at once."""
    sheet = risksheets.sheets(case.municipality).get(facts.sheet)
    if sheet is None:
        raise ActionDenied(_("シートを選んでください。"))
    answers, level = _found(sheet, facts)
    try:
        record = write_record(
            case=case,
            by=by,
            kind=enums.RecordKind.RISK,
            category=enums.Category.SAFETY,
            persons=[person],
            audience=audience,
            happened_at=moment_of(facts.assessed_on),
            form_key=form_key,
        )
    except WrittenBefore as before:
        return RiskAssessment.objects.visible_to(by).get(pk=before.record_id)
    risk = RiskAssessment(
        record=record,
        sheet=sheet.code,
        answers=answers,
        assessed_on=facts.assessed_on,
        computed_level=level.code,
        text=facts.text,
        strengths=facts.strengths,
    )
    risk.save(force_insert=True)
    if level.is_red:
        _tell_managers(by, risk, "computed", _("リスク確認がレッドになりました"))
    return risk


def _found(
    sheet: risksheets.RiskSheet, facts: RiskFacts
) -> tuple[dict[str, dict[str, str]], risksheets.RiskLevel]:
    """The answers as stored, and the level the rule gives to them."""
    answers = checked(facts.answers, (item.code for item in sheet.items))
    if not answers:
        raise ActionDenied(
            _("項目に、ひとつは答えてください。分からないことは「不明」と答えます。")
        )
    return answers, risksheets.find(sheet, answers).level


@transaction.atomic
def change_risk(
    *, risk: RiskAssessment, by: Membership, version: int, reason: str, facts: RiskFacts
) -> RiskAssessment:
    """Correct the answers of a sheet no group has decided on, with a reason; the rule is asked
    again, the version before stays (V13). The managers are told when it becomes red, and when it
    is so no longer. Raises StaleVersion when somebody else saved first."""
    check_can_correct_risk(by, risk)
    sheet = risksheets.sheets(risk.record.case.municipality)[risk.sheet]
    answers, level = _found(sheet, facts)
    locked: RiskAssessment = corrected(RiskAssessment, risk.pk, by, version, reason)
    was_red = sheet.level(locked.computed_level).is_red
    locked.answers, locked.computed_level = answers, level.code
    locked.assessed_on = facts.assessed_on
    locked.text, locked.strengths = facts.text, facts.strengths
    locked.save()
    _log(by, "change_risk", locked)
    if level.is_red and not was_red:
        _tell_managers(by, locked, "computed", _("リスク確認がレッドになりました"))
    elif was_red and not level.is_red:
        title = _("リスク確認が直され、レッドではなくなりました")
        _tell_managers(by, locked, "computed", title)
    return locked


@transaction.atomic
def decide_risk(
    *, risk: RiskAssessment, by: Membership, version: int, decision: RiskDecision
) -> RiskAssessment:
    """A group's judgement, which may depart from the rule with a reason. Decided again, the former
    decision stays as a version. Raises StaleVersion when somebody else saved first."""
    check_can_correct(by, risk.record)
    sheet = risksheets.sheets(risk.record.case.municipality)[risk.sheet]
    if decision.level not in {level.code for level in sheet.choices}:
        raise ActionDenied(_("判断した段階を選んでください。"))
    if not decision.deciders:
        raise ActionDenied(_("判断に加わった人を入れてください。一人では決めません。"))
    if decision.level != risk.computed_level and not decision.reason:
        raise ActionDenied(_("シートの規則と違う段階にするときは、理由を入れてください。"))
    if decision.on < risk.assessed_on:
        raise ActionDenied(_("判断した日は、確かめた日からあとの日付を入れてください。"))
    locked: RiskAssessment = next_version(RiskAssessment, risk.pk, by, version)
    locked.decided_level, locked.decided_on = decision.level, decision.on
    locked.deciders, locked.override_reason = decision.deciders, decision.reason
    locked.save()
    _log(by, "decide_risk", locked)
    if sheet.level(decision.level).is_red:
        _tell_managers(by, locked, "decided", _("リスク確認が、レッドと判断されました"))
    return locked


def _tell_managers(by: Membership, risk: RiskAssessment, event: str, title: str) -> None:
    """The agency's head and managers, without a name or a case: who may read cases, and beneath a
    shield who stands on its list. That there is a sheet would tell the others (V9)."""
    asked = [Permission.CONFIRM_MEMBERSHIP, Permission.READ_CASES]
    managers = Membership.objects.active().filter(
        agency_id=by.agency_id, role__permissions__contains=asked
    )
    case_id = risk.record.case_id
    if is_closed_case(case_id):
        return
    if mates := list_mates(by, case_id):
        managers = managers.filter(pk__in=mates)
    for manager in managers.order_by("pk"):
        notify(
            agency=by.agency_id or 0,
            membership=manager,
            kind="risk_red",
            key=f"{risk.pk}:{event}:{risk.version}",
            title=title,
            url=f"/risk/{risk.pk}/",
        )


def _log(by: Membership, what: str, row: CautionNote | RiskAssessment) -> None:
    log_access(by, Action.WRITE, what=what, case_id=row.record.case_id, record_ids=[row.pk])
