"""Numbered prints of a sealed item's papers, and their return (要回収)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.enums import Permission
from agencies.models import Membership
from agencies.permissions import ActionDenied, check_may
from meetings import enums
from meetings.models import AgendaItem, ItemGrant, ItemPerson, PaperCopy
from meetings.operations.common import trace
from meetings.permissions import check_is_listed


@dataclass(frozen=True)
class Recipient:
    """Whose copy: an appointed person, one on paper, or (neither) who prints it."""

    holder: str
    grant: ItemGrant | None = None
    person: ItemPerson | None = None


@transaction.atomic
def print_copies(
    *,
    item: AgendaItem,
    by: Membership,
    paper: str,
    recipients: Sequence[Recipient],
    form_key: uuid.UUID,
    is_to_be_returned: bool = True,
) -> list[PaperCopy]:
    """One number for each recipient and each print: a second print has its own.

    Numbers count within the item (V6). The same form twice is refused and names the numbers."""
    known = AgendaItem.objects.visible_to(by).filter(pk=item.pk).first()
    if known is None or not known.is_secret:
        raise ActionDenied(_("通番を付けて印刷するのは、守秘の議題の資料だけです。"))
    check_may(by, Permission.READ_CASES)
    if paper not in enums.Paper.values:
        raise ActionDenied(_("印刷する資料を選んでください。"))
    if not recipients:
        raise ActionDenied(_("だれの分を印刷するか選んでください。"))
    _one_after_another(item.pk)
    copies = PaperCopy.objects.visible_to(by).filter(item=known)
    done = list(copies.filter(form_key=form_key).order_by("number"))
    if done:
        raise ActionDenied(
            _(
                "通番%(numbers)sは、すでに印刷しました。もう一度印刷するときは、"
                "この画面を開き直してください（新しい通番が付きます）。"
            )
            % {"numbers": "・".join(str(copy.number) for copy in done)}
        )
    last = copies.aggregate(last=Max("number"))["last"] or 0
    made = []
    for number, recipient in enumerate(recipients, start=last + 1):
        copy = PaperCopy(
            item=known,
            number=number,
            paper=paper,
            grant=recipient.grant,
            person=recipient.person,
            holder=recipient.holder,
            by=by,
            form_key=form_key,
            is_to_be_returned=is_to_be_returned,
        )
        copy.save(force_insert=True)
        made.append(copy)
    trace(known, by, "print_copies")
    return made


def _one_after_another(item: uuid.UUID) -> None:
    """Two who print at once count one after the other (the appointed may not lock the item)."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [str(item)])


@transaction.atomic
def return_copy(*, copy: PaperCopy, by: Membership) -> None:
    """回収: the secretariat has it back."""
    locked = (
        PaperCopy.objects.visible_to(by)
        .select_for_update(of=("self",))
        .select_related("item__conference_type")
        .get(pk=copy.pk)
    )
    check_is_listed(by, locked.item.conference_type)
    if not locked.is_to_be_returned:
        raise ActionDenied(_("この資料は、回収しないものとして印刷しました。"))
    if locked.returned_at is not None:
        raise ActionDenied(_("通番%(n)sは、すでに回収済みです。") % {"n": locked.number})
    locked.returned_at, locked.returned_to = timezone.now(), by
    locked.save(update_fields=["returned_at", "returned_to"])
    trace(locked.item, by, "return_copy")
