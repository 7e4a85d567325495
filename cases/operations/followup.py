"""What follows from a note: its next step is done, others are asked to read it; phrases."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.enums import Action, Permission
from agencies.models import Membership
from agencies.permissions import ActionDenied, check_may
from agencies.trail import log_access
from cases import enums
from cases.models import Note, NoteTask, NoteTemplate, ReadRequest, Record
from cases.permissions import check_can_finish, check_can_keep_templates


def set_task(
    *,
    note: Note,
    by: Membership,
    due_on: datetime.date | None,
    who: Membership | None,
    is_new: bool = False,
) -> NoteTask | None:
    """The next step of a note as a task of its agency; None where there is no step, and under a
    carry-out, which is no agency's work (V6). Called inside the operation that writes the note."""
    if note.record.carry_out_id is not None:
        return None
    if who is not None and who.agency_id != note.record.author_agency_id:
        raise ActionDenied(_("次にすることを頼めるのは、自分の機関の人だけです。"))
    task = NoteTask.objects.filter(pk=note.pk).first()
    if task is None:
        if not note.next_step:
            return None
        task = NoteTask(record_id=note.pk, agency_id=note.record.author_agency_id)
        task.membership, task.due_on = who, due_on
        task.save(force_insert=True)
        return task
    task.membership, task.due_on = who, due_on
    if is_new:
        task.done_at = task.done_by = None
    task.save(update_fields=["membership", "due_on", "done_at", "done_by"])
    return task


@transaction.atomic
def change_task(
    *, note: Note, by: Membership, due_on: datetime.date | None, who: Membership | None
) -> None:
    """Another day or another person; no word of the note changes."""
    check_can_finish(by, note.record)
    set_task(note=note, by=by, due_on=due_on, who=who)


@transaction.atomic
def finish_task(*, task: NoteTask, by: Membership, is_done: bool) -> None:
    """済み, or not after all; by whom it waits for. Said twice it stands as it is."""
    check_can_finish(by, task.record, task)
    locked = NoteTask.objects.visible_to(by).select_for_update(of=("self",)).get(pk=task.pk)
    if (locked.done_at is not None) == is_done:
        return
    locked.done_at = timezone.now() if is_done else None
    locked.done_by = by if is_done else None
    locked.save(update_fields=["done_at", "done_by"])
    log_access(
        by,
        Action.WRITE,
        what="finish_task",
        case_id=task.record.case_id,
        record_ids=[task.pk],
    )


@transaction.atomic
def ask_to_read(
    *,
    record: Record,
    by: Membership,
    people: Sequence[Membership],
    kind: str,
    in_turn: bool = False,
    batch: uuid.UUID,
) -> None:
    """Show a record to people who may read it (`cases.reading.readers`): the caller has offered no
    others, and whoever is named without being able to read learns nothing by it. The same `batch`
    asks once."""
    check_may(by, Permission.WRITE_RECORDS)
    if kind == enums.RequestKind.CIRCULATION and any(m.agency_id != by.agency_id for m in people):
        raise ActionDenied(_("供覧に回せるのは、自分の機関の人だけです。"))
    rows = [
        ReadRequest(
            record=record,
            batch=batch,
            kind=kind,
            order=number if in_turn else 0,
            membership=person,
            by=by,
            agency_id=by.agency_id,
        )
        for number, person in enumerate(people, 1)
    ]
    ReadRequest.objects.bulk_create(rows, ignore_conflicts=True)
    log_access(by, Action.WRITE, what="ask_to_read", case_id=record.case_id, record_ids=[record.pk])


@transaction.atomic
def confirm_read(*, record: Record, by: Membership) -> None:
    """確認: of all that waits for me about this record. Said twice it stands as it is."""
    mine = ReadRequest.objects.visible_to(by).filter(
        record=record, membership_id=by.pk, confirmed_at__isnull=True, ended_at__isnull=True
    )
    if mine.update(confirmed_at=timezone.now()):
        log_access(
            by, Action.WRITE, what="confirm_read", case_id=record.case_id, record_ids=[record.pk]
        )


@transaction.atomic
def end_requests(*, record: Record, batch: uuid.UUID, by: Membership) -> None:
    """とりやめる: what nobody has answered yet waits no more; by who asked, or where they left
    by a colleague."""
    check_may(by, Permission.WRITE_RECORDS)
    rows = ReadRequest.objects.visible_to(by).sent_by(by).waiting()
    rows.filter(record=record, batch=batch).update(ended_at=timezone.now())
    log_access(
        by, Action.WRITE, what="end_requests", case_id=record.case_id, record_ids=[record.pk]
    )


@transaction.atomic
def keep_template(
    *, by: Membership, name: str, text: str, template: NoteTemplate | None = None
) -> NoteTemplate:
    """定型文 of the agency, new or changed, by its manager."""
    check_can_keep_templates(by)
    row = template or NoteTemplate(agency_id=by.agency_id)
    row.name, row.text = name, text
    if template is None:
        row.save(force_insert=True)
    else:
        row.save(update_fields=["name", "text"])
    log_access(by, Action.WRITE, what="keep_template")
    return row


@transaction.atomic
def end_template(*, by: Membership, template: NoteTemplate) -> None:
    """It is offered no more; notes written with it stay as they are."""
    check_can_keep_templates(by)
    NoteTemplate.objects.visible_to(by).filter(pk=template.pk).update(ended_at=timezone.now())
    log_access(by, Action.WRITE, what="end_template")
