"""Numbered prints of an item's papers, and their return (要回収)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.enums import Permission
from agencies.models import Agency, Membership
from agencies.permissions import ActionDenied, check_may
from meetings import enums
from meetings.models import AgendaItem, ItemGrant, ItemPerson, PaperCopy
from meetings.operations.common import trace
from meetings.permissions import check_can_run_item, check_is_listed
from meetings.shielded import kept_items


@dataclass(frozen=True)
class Recipient:
    """Whose copy: an appointed person, one on paper, an agency, or (none of them) who prints it."""

    holder: str
    grant: ItemGrant | None = None
    person: ItemPerson | None = None
    agency: Agency | None = None


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
    if paper not in enums.Paper.values:
        raise ActionDenied(_("印刷する資料を選んでください。"))
    if not recipients:
        raise ActionDenied(_("だれの分を印刷するか選んでください。"))
    wanted = [(known, recipient) for recipient in recipients]
    return _numbered(wanted, by, paper, form_key, is_to_be_returned)


@transaction.atomic
def print_pack(
    *,
    by: Membership,
    wanted: Sequence[tuple[AgendaItem, Recipient]],
    form_key: uuid.UUID,
    is_to_be_returned: bool = True,
) -> list[PaperCopy]:
    """資料: of each item one copy for each of its recipients, in the order asked for.

    A sealed item as in `print_copies`; one with consent for one's own agency, and by its office for
    each agency that takes part. The same form twice is refused and names the numbers."""
    if not wanted:
        raise ActionDenied(_("印刷する議題がありません。"))
    keys = {item.pk for item, _recipient in wanted}
    known = AgendaItem.objects.visible_to(by).filter(pk__in=keys)
    items = {item.pk: item for item in known.select_related("conference_type")}
    if set(items) != keys:
        raise ActionDenied(
            _("議題の中に、もう見られないものがあります。画面を開き直してください。")
        )
    pairs = [(items[item.pk], recipient) for item, recipient in wanted]
    for item, recipient in pairs:
        _check_may_print(by, item, recipient)
    return _numbered(pairs, by, enums.Paper.MATERIALS, form_key, is_to_be_returned)


def _check_may_print(by: Membership, item: AgendaItem, recipient: Recipient) -> None:
    agency = recipient.agency
    if item.is_secret:
        own = recipient.grant is not None and recipient.grant.membership_id == by.pk
        if not own:
            check_is_listed(by, item.conference_type)
        return
    if agency is None or recipient.grant or recipient.person:
        raise ActionDenied(_("本人同意の議題の資料は、参加する機関に宛てて印刷します。"))
    if agency.pk == by.agency_id:
        return
    check_can_run_item(by, item)
    if agency.pk not in {*item.participant_ids, item.proposing_agency_id}:
        raise ActionDenied(
            _("「%(agency)s」は、この議題に参加しません。") % {"agency": agency.name}
        )


def _numbered(
    wanted: Sequence[tuple[AgendaItem, Recipient]],
    by: Membership,
    paper: str,
    form_key: uuid.UUID,
    is_to_be_returned: bool,
) -> list[PaperCopy]:
    check_may(by, Permission.READ_CASES)
    items = {item.pk: item for item, _recipient in wanted}
    kept = kept_items(by, items.values())
    for item, recipient in wanted:
        if item.pk in kept and not _is_own(by, item, recipient):
            raise ActionDenied(
                _(
                    "「%(title)s」は支援措置の名簿の人だけが読めるため、ほかの人の分は印刷できません。"
                    "名簿の人が、自分の分を印刷します。"
                )
                % {"title": item.title}
            )
    for key in sorted(items):
        _one_after_another(key)
    copies = PaperCopy.objects.visible_to(by).filter(item__in=items)
    done = list(copies.filter(form_key=form_key).order_by("number"))
    if done:
        numbers = dict.fromkeys(str(copy.number) for copy in done)
        raise ActionDenied(
            _(
                "通番%(numbers)sは、すでに印刷しました。もう一度印刷するときは、"
                "この画面を開き直してください（新しい通番が付きます）。"
            )
            % {"numbers": "・".join(numbers)}
        )
    found = copies.values("item").annotate(last=Max("number")).values_list("item", "last")
    last = dict(found)
    made = []
    for item, recipient in wanted:
        last[item.pk] = last.get(item.pk, 0) + 1
        copy = PaperCopy(
            item=item,
            number=last[item.pk],
            paper=paper,
            grant=recipient.grant,
            person=recipient.person,
            agency=recipient.agency,
            holder=recipient.holder,
            by=by,
            form_key=form_key,
            is_to_be_returned=is_to_be_returned,
        )
        copy.save(force_insert=True)
        made.append(copy)
    for item in items.values():
        trace(item, by, "print_copies")
    return made


def _is_own(by: Membership, item: AgendaItem, recipient: Recipient) -> bool:
    if recipient.person is not None:
        return False
    if recipient.grant is not None:
        return recipient.grant.membership_id == by.pk
    return item.is_secret or (recipient.agency is not None and recipient.agency.pk == by.agency_id)


def _one_after_another(item: uuid.UUID) -> None:
    """Two who print at once count one after the other (the appointed may not lock the item)."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [str(item)])


@transaction.atomic
def return_copy(*, copy: PaperCopy, by: Membership) -> None:
    """回収: the secretariat, or with consent the office, has it back."""
    locked = (
        PaperCopy.objects.visible_to(by)
        .select_for_update(of=("self",))
        .select_related("item__conference_type")
        .get(pk=copy.pk)
    )
    check_can_run_item(by, locked.item)
    if not locked.is_to_be_returned:
        raise ActionDenied(_("この資料は、回収しないものとして印刷しました。"))
    if locked.returned_at is not None:
        raise ActionDenied(_("通番%(n)sは、すでに回収済みです。") % {"n": locked.number})
    locked.returned_at, locked.returned_to = timezone.now(), by
    locked.save(update_fields=["returned_at", "returned_to"])
    trace(locked.item, by, "return_copy")
