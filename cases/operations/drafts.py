"""Keep a draft, throw it away, and forget those nobody has gone on with."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.enums import Action
from agencies.models import Membership
from agencies.permissions import or_denied
from agencies.trail import log_access
from cases.models import Draft
from config.lib.mynumber import find_my_numbers

KEPT: Final = datetime.timedelta(days=30)
MOST_CHARACTERS: Final = 100_000

MY_NUMBER: Final = gettext_lazy(
    "マイナンバー（個人番号）とみられる12桁の数字がある欄は、下書きに保存していません。"
    "その数字を消してください。"
)
# Of a case that is no longer open to whoever writes nothing is kept.
CLOSED: Final = gettext_lazy("この画面のケースは、いまは書けないため、下書きを保存できません。")

Typed = Sequence[tuple[str, str]]
# What every form carries along: alone it is nothing anybody has written.
CARRIED: Final = frozenset({"form_key", "version"})


@dataclass(frozen=True)
class Kept:
    """When a draft was kept, None where there was nothing to keep; and the sentence about what of
    it was not."""

    at: datetime.datetime | None
    refused: str


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
) -> Kept:
    """Keep what was typed, in the place of what was kept under this key before. Nothing typed, or
    all of it taken back, is no draft.

    is_declared: twelve digits in it are declared to be no My Number; else a field that holds one is
    kept empty, and why is said (V16). Raises ValidationError with one sentence for more than any
    form takes, ActionDenied where the case is not open. That it was kept is no look at anybody's
    data: the log hears of it when it is read again (V10).
    """
    if sum(len(value) for _name, value in typed) > MOST_CHARACTERS:
        raise ValidationError(_("長すぎるため、下書きを保存できません。いくつかに分けてください。"))
    if all(name in CARRIED for name, _value in typed):
        discard_draft(by=by, key=key)
        return Kept(None, "")
    # No column takes a NUL. Neither the number nor what of it was kept while it was being typed.
    typed = [(name.replace("\x00", ""), value.replace("\x00", "")) for name, value in typed]
    words = [(name, "" if not is_declared and find_my_numbers(value) else value)
             for name, value in typed]  # fmt: skip
    refused = MY_NUMBER if words != list(typed) else ""
    now = timezone.now()
    kept = Draft.objects.visible_to(by).filter(pk=key, page=page, case=case_id)
    if not kept.update(typed=words, saved_at=now):
        draft = Draft(
            id=key,
            membership=by,
            case_id=case_id,
            page=page,
            title=title,
            typed=words,
            saved_at=now,
        )
        with or_denied(str(CLOSED)):
            draft.save(force_insert=True)
    return Kept(now, str(refused))


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
