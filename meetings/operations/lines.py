"""While a sitting runs: begin an item, write 議事メモ line by line, keep a decision half typed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.models import Membership
from agencies.permissions import ActionDenied
from config.lib.mynumber import find_my_numbers
from config.lib.text import clean_text
from meetings.models import AgendaItem, ItemDraft, MinuteLine
from meetings.operations.agenda import covered
from meetings.operations.common import leave_step, lock_item, trace
from meetings.permissions import check_can_decide, check_can_run_item, check_still_open

LINE_LIMIT = 4_000  # characters of one line
DRAFT_LIMIT = 50_000  # of a decision half typed

Typed = Sequence[tuple[str, str]]


@transaction.atomic
def begin_item(*, item: AgendaItem, by: Membership) -> AgendaItem:
    """The sitting comes to this item: the screens of whoever sees it follow. Once begun it stays
    so; a decision that somebody types meanwhile is not disturbed (no new version)."""
    locked = lock_item(item, by)
    check_can_decide(by, locked)
    if locked.begun_at is None:
        locked.begun_at = timezone.now()
        with covered(locked):
            locked.save(update_fields=["begun_at"])
        leave_step(locked, by, "begin")
    return locked


@transaction.atomic
def write_line(*, item: AgendaItem, by: Membership, key: uuid.UUID, text: str) -> MinuteLine | None:
    """A line of 議事メモ under its key, written or written on; nothing typed yet is no line.

    Several people write at once: no line waits for another, and the item is not locked. Raises
    ActionDenied for another's line and where the sitting does not run, ValidationError with one
    sentence for words that are too long or hold a My Number (V16)."""
    known, text = _open_item(item, by), clean_text(text)
    if len(text) > LINE_LIMIT:
        raise ValidationError(
            _("一つのメモは%(n)s字までです。いくつかに分けてください。") % {"n": LINE_LIMIT}
        )
    if find_my_numbers(text):
        raise ValidationError(
            _("マイナンバー（個人番号）とみられる12桁の数字があります。消してください。")
        )
    line = MinuteLine.objects.visible_to(by).filter(pk=key).first()
    if line is None:
        if not text.strip():
            return None
        try:
            with transaction.atomic():
                line = MinuteLine(id=key, item=known, by=by, text=text)
                line.save(force_insert=True)
            trace(known, by, "write_line")
            return line
        except IntegrityError:  # sent twice at once; or the key is one of another page's
            line = MinuteLine.objects.visible_to(by).filter(pk=key).first()
    if line is None:
        raise ActionDenied(_("このメモを保存できませんでした。画面を開き直してください。"))
    if line.by_id != by.pk or line.item_id != known.pk:
        raise ActionDenied(_("ほかの人が書いたメモは直せません。自分のメモを書き足してください。"))
    if line.text != text:
        line.text, line.version = text, line.version + 1
        line.save(update_fields=["text", "version"])
    return line


@transaction.atomic
def keep_item_draft(*, item: AgendaItem, by: Membership, typed: Typed) -> ItemDraft | None:
    """What was typed of a decision so far, in the place of what was kept before. Raises
    ActionDenied where nothing can be decided, ValidationError as `write_line` does."""
    known = _open_item(item, by)
    check_can_decide(by, known)
    typed = [(name, value.replace("\x00", "")) for name, value in typed]  # what no column takes
    if sum(len(value) for _name, value in typed) > DRAFT_LIMIT:
        raise ValidationError(_("長すぎるため、下書きを保存できません。"))
    if any(find_my_numbers(value) for _name, value in typed):
        raise ValidationError(
            _("マイナンバー（個人番号）とみられる12桁の数字があります。消してください。")
        )
    mine = ItemDraft.objects.visible_to(by).filter(item=known)
    if not any(value.strip() for _name, value in typed):
        mine.delete()
        return None
    # In one statement: two pages of one writer may send at the same instant.
    ItemDraft.objects.bulk_create(
        [ItemDraft(item=known, by=by, typed=typed, saved_at=timezone.now())],
        update_conflicts=True,
        unique_fields=["item", "by"],
        update_fields=["typed", "saved_at"],
    )
    return mine.get()


def joined_lines(item: AgendaItem, by: Membership) -> str:
    """議事メモ one under the other: the first words of the minutes. One query."""
    lines = MinuteLine.objects.visible_to(by).filter(item=item).exclude(text="")
    return "\n".join(lines.order_by("at", "pk").values_list("text", flat=True))


def _open_item(item: AgendaItem, by: Membership) -> AgendaItem:
    known = (
        AgendaItem.objects.visible_to(by)
        .select_related("sitting", "conference_type")
        .filter(pk=item.pk)
        .first()
    )
    if known is None:
        raise ActionDenied(_("この議題は、もう見られません。"))
    check_can_run_item(by, known)
    check_still_open(known)
    return known
