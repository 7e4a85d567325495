"""添付: put files into a record of one's own agency. What they are has been checked before."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.files.base import File
from django.db import transaction

from agencies.enums import Action
from agencies.models import Membership
from agencies.trail import log_access
from cases.models import Attachment, AttachmentContent, Record
from cases.permissions import check_can_correct
from config.lib.uploads import check_upload


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that may be attached: its cleaned name, what it is by its content."""

    name: str
    media_type: str
    file: File

    @classmethod
    def check(cls, file: File, *, not_my_number: bool = False) -> NewFile:
        """Raises ValidationError with one sentence, as `check_upload` does."""
        found = check_upload(file, not_my_number=not_my_number)
        return cls(found.name, found.media_type, file)


@transaction.atomic
def attach_files(*, record: Record, by: Membership, files: Sequence[NewFile]) -> None:
    """Add files to a record. One that stands there already is not added again."""
    if not files:
        return
    check_can_correct(by, record)
    for new in files:
        new.file.seek(0)
        _attach(record, by, new, new.file.read())
    log_access(by, Action.WRITE, what="attach", case_id=record.case_id, record_ids=[record.pk])


def _attach(record: Record, by: Membership, new: NewFile, data: bytes) -> None:
    row = Attachment(
        record=record,
        name=new.name,
        media_type=new.media_type,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        author=by,
    )
    Attachment.objects.bulk_create([row], ignore_conflicts=True)
    if Attachment.objects.filter(pk=row.pk).exists():
        AttachmentContent(attachment=row, data=data).save(force_insert=True)
