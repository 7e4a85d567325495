"""Keep a draft, throw it away, and forget those nobody has gone on with."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from typing import Final

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.enums import Action
from agencies.models import Membership
from agencies.trail import log_access
from cases.models import Draft
from config.lib.mynumber import refuse_my_number

KEPT: Final = datetime.timedelta(days=30)
MOST_CHARACTERS: Final = 100_000

Typed = Sequence[tuple[str, str]]


@transaction.atomic
def save_draft(
    *,
    by: Membership,
    key: uuid.UUID,
    page: str,
    title: str,
    case_id: uuid.UUID | None,
    typed: Typed,
    is_declared: bool = False,
) -> Draft:
    """Keep what was typed, in the place of what was kept under this key before.

    is_declared: twelve digits in it are declared to be no My Number. Raises ValidationError with
    one sentence when the text holds a My Number (V16) or is longer than any form takes. That it
    was kept is no look at anybody's data: the log hears of it when it is read again (V10).
    """
    if sum(len(value) for _name, value in typed) > MOST_CHARACTERS:
        raise ValidationError(_("長すぎるため、下書きを保存できません。いくつかに分けてください。"))
    if not is_declared:
        for _name, value in typed:
            refuse_my_number(value)
    now = timezone.now()
    kept = Draft.objects.visible_to(by).filter(pk=key)
    if kept.update(typed=list(typed), saved_at=now):
        return kept.get()
    draft = Draft(
        id=key, membership=by, case_id=case_id, page=page, title=title, typed=list(typed),
        saved_at=now,
    )  # fmt: skip
    draft.save(force_insert=True)
    return draft


@transaction.atomic
def read_draft(*, by: Membership, key: uuid.UUID) -> Draft:
    """The draft, read to go on with it; Draft.DoesNotExist for anybody else's."""
    draft = Draft.objects.visible_to(by).get(pk=key)
    log_access(by, Action.OPEN, what="draft", case_id=draft.case_id, record_ids=[draft.pk])
    return draft


@transaction.atomic
def discard_draft(*, by: Membership, key: uuid.UUID) -> None:
    """Thrown away, or sent: gone for good. A second time it does nothing."""
    Draft.objects.visible_to(by).filter(pk=key).delete()


def forget_old_drafts() -> int:
    """Drafts untouched for thirty days go, whoever typed them; their number. For the retention
    alone, by a definer function that names no row."""
    with connection.cursor() as cursor:
        cursor.execute("select kasane.forget_drafts(make_interval(days => %s))", [KEPT.days])
        (number,) = cursor.fetchone()
    return int(number)
