"""Write records: every room writes its own text into an envelope made here."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.enums import Action, Permission
from agencies.models import Membership
from agencies.permissions import ActionDenied, check_may
from agencies.trail import log_access
from cases import enums
from cases.models import AssessmentSection, CarryOut, Case, Issue, Note, Person, Record
from cases.models.records import Content
from cases.operations.access import sync_grants
from cases.operations.attachments import NewFile, attach_files
from cases.operations.case import StaleVersion, check_who_stands
from cases.operations.followup import set_task
from cases.permissions import (
    check_at_work,
    check_can_correct,
    check_can_solve,
    check_runs_on,
)
from cases.questions import Answers, asked_in, catalogue, checked
from config.lib.eras import today
from config.lib.fiscal import from_day_to_instant


class WrittenBefore(Exception):
    """The same form was sent a moment ago (a double click, a resend): its record stands."""

    def __init__(self, record_id: uuid.UUID) -> None:
        super().__init__(record_id)
        self.record_id = record_id


def write_record(
    *,
    case: Case,
    by: Membership,
    kind: str,
    category: str,
    persons: Sequence[Person | uuid.UUID] = (),
    audience: str = enums.Audience.TEAM,
    happened_at: datetime.datetime | None = None,
    carry_out: CarryOut | None = None,
    form_key: uuid.UUID | None = None,
) -> Record:
    """The envelope of a new record: about these persons, or 世帯全体 when none is named.

    Called inside the caller's transaction, before the content row. Under a carry-out the record
    belongs to the carry-out's people and to nobody else (V6). Raises WrittenBefore when its author
    has written a record of this kind into this case with the same `form_key`.
    """
    check_may(by, Permission.WRITE_RECORDS)
    if carry_out is None:
        (check_runs_on if kind in enums.RUNS_ON else check_at_work)(by, case)
        check_who_stands(by, persons)
    ids = sorted({p.pk if isinstance(p, Person) else p for p in persons})
    record = Record(
        case=case,
        kind=kind,
        category=category,
        audience=enums.Audience.AGENCY if carry_out else audience,
        person_ids=ids,
        is_household=not ids,
        carry_out=carry_out,
        author_agency_id=by.agency_id,
        author=by,
        happened_at=happened_at or timezone.now(),
        form_key=form_key,
    )
    _save_once(record)
    if carry_out is None:
        sync_grants(case)
    log_access(
        by,
        Action.WRITE,
        what=f"write_{kind}",
        case_id=case.pk,
        record_ids=[record.pk],
        basis="106-6" if carry_out else "",
    )
    return record


def _save_once(record: Record) -> None:
    """The database decides: of two submits at the same moment, the second waits and is told."""
    try:
        with transaction.atomic():
            record.save(force_insert=True)
    except IntegrityError:
        once = ("author_id", "case_id", "kind", "form_key")
        earlier = Record.objects.filter(
            form_key__isnull=False, **{name: getattr(record, name) for name in once}
        ).first()
        if earlier is None:
            raise
        raise WrittenBefore(earlier.pk) from None


@transaction.atomic
def write_note(
    *,
    case: Case,
    by: Membership,
    text: str,
    method: str,
    category: str = enums.Category.PROGRESS,
    persons: Sequence[Person | uuid.UUID] = (),
    audience: str = enums.Audience.TEAM,
    happened_at: datetime.datetime | None = None,
    with_whom: str = "",
    place: str = "",
    result: str = "",
    minutes: int | None = None,
    next_step: str = "",
    next_due_on: datetime.date | None = None,
    next_for: Membership | None = None,
    carry_out: CarryOut | None = None,
    files: Sequence[NewFile] = (),
    form_key: uuid.UUID | None = None,
) -> Note:
    """支援経過記録, with files; its next step is a task of the agency, for `next_for` or anybody of
    it. The same `form_key` writes it once."""
    try:
        record = write_record(
            case=case,
            by=by,
            kind=enums.RecordKind.NOTE,
            category=category,
            persons=persons,
            audience=audience,
            happened_at=happened_at,
            carry_out=carry_out,
            form_key=form_key,
        )
    except WrittenBefore as before:
        return Note.objects.visible_to(by).get(pk=before.record_id)
    note = Note(
        record=record,
        happened_at=record.happened_at,
        text=text,
        method=method,
        with_whom=with_whom,
        place=place,
        result=result,
        minutes=minutes,
        next_step=next_step,
    )
    note.save(force_insert=True)
    set_task(note=note, by=by, due_on=next_due_on, who=next_for)
    attach_files(record=record, by=by, files=files)
    return note


@transaction.atomic
def change_note(
    *,
    note: Note,
    by: Membership,
    version: int,
    reason: str,
    text: str,
    method: str,
    happened_at: datetime.datetime | None = None,
    with_whom: str = "",
    place: str = "",
    result: str = "",
    minutes: int | None = None,
    next_step: str = "",
    next_due_on: datetime.date | None = None,
    next_for: Membership | None = None,
) -> Note:
    """Correct a note's words and when it was (None: as it stands): a new version with a reason, the
    one before stays (V13). Whom it is about, its category and its audience never change. A next
    step said anew is to be done anew. Raises StaleVersion when somebody else saved first."""
    check_can_correct(by, note.record)
    locked: Note = corrected(Note, note.pk, by, version, reason)
    say_moment(locked, happened_at)
    is_new_step = next_step != locked.next_step
    locked.text, locked.method, locked.with_whom = text, method, with_whom
    locked.place, locked.next_step = place, next_step
    locked.result, locked.minutes = result, minutes
    locked.save()
    set_task(note=locked, by=by, due_on=next_due_on, who=next_for, is_new=is_new_step)
    log_access(
        by, Action.WRITE, what="change_note", case_id=note.record.case_id, record_ids=[note.pk]
    )
    return locked


def corrected(
    model: type[Content], key: uuid.UUID, by: Membership, version: int, reason: str
) -> Any:
    """As `next_version`, with the reason for which what was final is said otherwise."""
    if not reason.strip():
        raise ActionDenied(_("記録を直すときは、直した理由を書いてください。"))
    row = next_version(model, key, by, version)
    row.correction_reason = reason.strip()
    return row


def say_moment(row: Any, happened_at: datetime.datetime | None) -> None:
    """Say when it was, where that is to be corrected; the envelope follows as the row is saved."""
    if happened_at is None:
        return
    if happened_at > timezone.now():
        raise ActionDenied(_("日時は、いままでの日時を入れてください。"))
    row.happened_at = happened_at


def moment_of(day: datetime.date | None) -> datetime.datetime | None:
    """When it was, of what was confirmed on a day: None, the present moment, for today or no day;
    else that day without a time (midnight in Tokyo). A correction follows by itself
    (`kasane.record_follows_day`)."""
    if day is None or day >= today():
        return None
    return from_day_to_instant(day)


def next_version(model: type[Content], key: uuid.UUID, by: Membership, version: int) -> Any:
    """Lock the row that was read, and set it one version on; it is saved by the caller.
    StaleVersion when it is no longer that one."""
    rows = model.objects.visible_to(by).filter(pk=key, version=version)
    row = rows.select_for_update(of=("self",)).first()
    if row is None:
        raise StaleVersion
    row.version = version + 1
    return row


@transaction.atomic
def add_issue(
    *,
    case: Case,
    by: Membership,
    issue_type: str,
    person: Person | None = None,
    is_primary: bool = False,
    status: str = enums.IssueStatus.CONFIRMED,
    noted_on: datetime.date | None = None,
    note: str = "",
    suspected_name: str = "",
    audience: str = enums.Audience.TEAM,
    form_key: uuid.UUID | None = None,
) -> Issue:
    """課題 of a person, or of the household; its type decides the category. The same `form_key`
    adds it once. A new ◎ makes the agency's earlier one of the case a ○. Who is suspected of
    harming the person stands in 司法・安全 alone."""
    if suspected_name and (issue_type != enums.IssueType.ABUSE or person is None):
        raise ActionDenied(_("疑いのある人は、だれかの「DV・虐待」の課題にだけ書けます。"))
    try:
        record = write_record(
            case=case,
            by=by,
            kind=enums.RecordKind.ISSUE,
            category=enums.issue_category(issue_type),
            persons=[person] if person else [],
            audience=audience,
            form_key=form_key,
        )
    except WrittenBefore as before:
        return Issue.objects.visible_to(by).get(pk=before.record_id)
    if is_primary:
        _clear_primary(case, by)
    issue = Issue(
        record=record,
        issue_type=issue_type,
        is_primary=is_primary,
        status=status,
        noted_on=noted_on or timezone.localdate(),
        note=note,
        suspected_name=suspected_name,
    )
    issue.save(force_insert=True)
    return issue


def _clear_primary(case: Case, by: Membership) -> None:
    """Each agency says which issue is the most serious one; another's ◎ is its own finding."""
    earlier = (
        Issue.objects.visible_to(by)
        .for_case(case)
        .filter(record__author_agency_id=by.agency_id, is_primary=True, solved_on__isnull=True)
    )
    for issue in earlier:
        issue.is_primary = False
        issue.save()


@transaction.atomic
def solve_issue(*, issue: Issue, by: Membership, on: datetime.date) -> None:
    """解消: the issue stays, with the day it was solved."""
    record = issue.record
    check_can_solve(by, record)
    if issue.solved_on is not None:
        raise ActionDenied(_("この課題は、すでに解消になっています。"))
    issue.status, issue.solved_on = enums.IssueStatus.SOLVED, on
    issue.save()
    log_access(by, Action.WRITE, what="solve_issue", case_id=record.case_id, record_ids=[record.pk])


@transaction.atomic
def assess(
    *,
    case: Case,
    by: Membership,
    category: str,
    situation: str,
    strengths: str = "",
    answers: Answers | None = None,
    persons: Sequence[Person | uuid.UUID] = (),
    assessed_on: datetime.date | None = None,
    audience: str = enums.Audience.TEAM,
    form_key: uuid.UUID | None = None,
) -> AssessmentSection:
    """One section of the assessment of the whole household: one category, one envelope. Answers
    are one person's or the household's. The same `form_key` writes it once."""
    given = _answered(case, category, answers or {})
    if given and len(persons) > 1:
        raise ActionDenied(_("項目への答えは、一人ずつ（または世帯全体）書きます。"))
    try:
        record = write_record(
            case=case,
            by=by,
            kind=enums.RecordKind.ASSESSMENT,
            category=category,
            persons=persons,
            audience=audience,
            happened_at=moment_of(assessed_on),
            form_key=form_key,
        )
    except WrittenBefore as before:
        return AssessmentSection.objects.visible_to(by).get(pk=before.record_id)
    section = AssessmentSection(
        record=record,
        situation=situation,
        strengths=strengths,
        answers=given,
        assessed_on=assessed_on or timezone.localdate(),
    )
    section.save(force_insert=True)
    return section


def _answered(
    case: Case, category: str, answers: Answers, before: Answers | None = None
) -> dict[str, dict[str, str]]:
    """The answers as stored: of questions of this field alone. One query, none without answers."""
    if not answers:
        return {}
    known = catalogue(case.municipality)
    return checked(answers, (q.code for q in asked_in(known, category, before or {})))


@transaction.atomic
def change_assessment(
    *,
    section: AssessmentSection,
    by: Membership,
    version: int,
    reason: str,
    situation: str,
    strengths: str,
    assessed_on: datetime.date,
    answers: Answers | None = None,
) -> AssessmentSection:
    """Correct a section's words, and its answers where any are given (None leaves them), with a
    reason; the version before stays (V13). Whom it is about and its category never change. Raises
    StaleVersion when somebody else saved first."""
    check_can_correct(by, section.record)
    record = section.record
    if answers and len(record.person_ids) > 1:
        raise ActionDenied(_("項目への答えは、一人ずつ（または世帯全体）書きます。"))
    locked: AssessmentSection = corrected(AssessmentSection, section.pk, by, version, reason)
    locked.situation, locked.strengths = situation, strengths
    if answers is not None:
        locked.answers = _answered(record.case, record.category, answers, section.answers)
    locked.assessed_on = assessed_on
    locked.save()
    log_access(
        by,
        Action.WRITE,
        what="change_assessment",
        case_id=section.record.case_id,
        record_ids=[section.pk],
    )
    return locked
