"""People without an account of their own: on paper, or as the guest of one sitting (V6)."""

from __future__ import annotations

import datetime
import secrets
import uuid
from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.models import Membership
from agencies.permissions import ActionDenied
from config.lib.ids import new_id
from meetings.models import AgendaItem, ItemGrant, ItemPerson
from meetings.operations.appointment import (
    Appointing,
    check_can_appoint,
    decided_by,
    grant_item,
    presents_no_more,
)
from meetings.operations.common import lock_item, trace
from meetings.operations.sitting import tell_appointed
from meetings.permissions import check_is_listed

# Read aloud and typed by somebody who has never signed in here: no 0/O, 1/l/I.
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class GuestAccount:
    """A guest's account as it is told once: the password is kept nowhere."""

    person: ItemPerson
    username: str
    password: str


def _check_new(item: AgendaItem, name: str, organisation: str) -> None:
    if not name.strip():
        raise ActionDenied(_("指名する人の氏名を入れてください。"))
    if not organisation.strip():
        raise ActionDenied(_("指名する人の所属・立場（民生委員、医師など）を入れてください。"))
    standing = ItemPerson.objects.filter(item=item, revoked_at__isnull=True)
    if standing.filter(name=name.strip(), organisation=organisation.strip()).exists():
        raise ActionDenied(_("この人は、すでに指名されています。"))


def _person(
    item: AgendaItem,
    by: Membership,
    name: str,
    organisation: str,
    decision: Appointing,
    guest: Membership | None = None,
) -> ItemPerson:
    _check_new(item, name, organisation)
    person = ItemPerson(
        item=item,
        name=name.strip(),
        organisation=organisation.strip(),
        guest=guest,
        appointed_by=by,
        decided_by=decision.head,
        decided_on=decision.on,
    )
    person.save(force_insert=True)
    return person


@transaction.atomic
def appoint_on_paper(
    *,
    item: AgendaItem,
    by: Membership,
    name: str,
    organisation: str,
    appointing: Appointing | None = None,
) -> ItemPerson:
    """指名 by name: on the item's list, attendance and minutes; sees nothing on screen."""
    locked = lock_item(item, by)
    check_can_appoint(by, locked)
    person = _person(locked, by, name, organisation, decided_by(locked, by, appointing))
    trace(locked, by, "appoint_on_paper")
    return person


@transaction.atomic
def register_paper_pledge(*, person: ItemPerson, by: Membership, pledged_on: datetime.date) -> None:
    """The signed 誓約書 came in: which day it was signed, and who registered it."""
    item = lock_item(person.item, by)
    check_is_listed(by, item.conference_type)
    locked = ItemPerson.objects.visible_to(by).select_for_update(of=("self",)).get(pk=person.pk)
    if locked.guest_id is not None:
        raise ActionDenied(_("ゲストの誓約は、本人が画面で行います。"))
    if locked.revoked_at is not None:
        raise ActionDenied(_("この指名は取り消されています。"))
    if locked.pledged_on is not None:
        raise ActionDenied(_("この人の誓約書は、すでに登録されています。"))
    if pledged_on > timezone.localdate():
        raise ActionDenied(_("誓約書の日付は、今日までの日にしてください。"))
    if item.sitting.on is not None and pledged_on > item.sitting.on:
        raise ActionDenied(_("誓約書の日付は、会議の日までの日にしてください。"))
    locked.pledged_on, locked.registered_by = pledged_on, by
    locked.registered_at = timezone.now()
    locked.save(update_fields=["pledged_on", "registered_by", "registered_at"])
    trace(item, by, "register_paper_pledge")


@transaction.atomic
def invite_guest(
    *,
    item: AgendaItem,
    by: Membership,
    name: str,
    organisation: str,
    appointing: Appointing | None = None,
) -> GuestAccount:
    """An account for this sitting alone, until the item closes. The account is nameless: who it is
    stands behind the gate. The head's decision is what confirms it (V11)."""
    locked = lock_item(item, by)
    check_can_appoint(by, locked)
    if locked.sitting.on is None:
        raise ActionDenied(_("会議の日程が決まってから、ゲストのアカウントを作ってください。"))
    decision = decided_by(locked, by, appointing)
    if decision.head.user_id == by.user_id and decision.head.pk != by.pk:
        raise ActionDenied(_("指名を決めた人の所属に切り替えてから、行ってください。"))
    _check_new(locked, name, organisation)
    account, password = f"guest-{secrets.token_hex(4)}", _password()
    key = new_id()
    _ask(
        "select kasane.admit_guest(%s, %s, %s, %s, %s)",
        locked.pk,
        key,
        account,
        make_password(password),
        decision.head.pk,
    )
    guest = Membership.objects.select_related("user").get(pk=key)
    person = _person(locked, by, name, organisation, decision, guest)
    grant_item(locked, by, guest, decision)
    trace(locked, by, "invite_guest")
    return GuestAccount(person, account, password)


@transaction.atomic
def invite_again(
    *, item: AgendaItem, by: Membership, known: ItemPerson, appointing: Appointing | None = None
) -> ItemPerson:
    """A guest of another item of this sitting and body: the same account opens this one too."""
    locked = lock_item(item, by)
    check_can_appoint(by, locked)
    person = next((p for p in guests_of_sitting(locked, by) if p.pk == known.pk), None)
    if person is None or person.guest is None:
        raise ActionDenied(_("この会議でいま使えるゲストではありません。"))
    decision = decided_by(locked, by, appointing)
    again = _person(locked, by, person.name, person.organisation, decision, person.guest)
    grant = grant_item(locked, by, person.guest, decision)
    tell_appointed(grant, opened=False)
    trace(locked, by, "invite_again")
    return again


def guests_of_sitting(item: AgendaItem, by: Membership) -> list[ItemPerson]:
    """Guests of the body's other items of the same sitting who are not on this one."""
    here = ItemPerson.objects.filter(item=item, revoked_at__isnull=True, guest__isnull=False)
    found = (
        ItemPerson.objects.visible_to(by)
        .filter(
            item__sitting_id=item.sitting_id,
            item__conference_type_id=item.conference_type_id,
            revoked_at__isnull=True,
            guest__until__gte=timezone.localdate(),
        )
        .exclude(item=item)
        .exclude(guest__in=here.values("guest"))
        .select_related("guest__user")
        .order_by("name", "appointed_at")
    )
    return list({person.guest_id: person for person in found}.values())


@transaction.atomic
def renew_guest_password(*, person: ItemPerson, by: Membership) -> GuestAccount:
    """The slip was lost: a new password, told once; the old one, and who is signed in, ends."""
    item = lock_item(person.item, by)
    check_can_appoint(by, item)
    locked = ItemPerson.objects.visible_to(by).select_for_update(of=("self",)).get(pk=person.pk)
    if locked.guest_id is None:
        raise ActionDenied(_("この人にはゲストのアカウントがありません。"))
    if locked.revoked_at is not None:
        raise ActionDenied(_("この指名は取り消されています。"))
    password = _password()
    account = _ask("select kasane.renew_guest(%s, %s)", locked.guest_id, make_password(password))
    trace(item, by, "renew_guest_password")
    return GuestAccount(locked, str(account), password)


@transaction.atomic
def revoke_person(*, person: ItemPerson, by: Membership) -> None:
    """取り消し: off the list; a guest's account ends with its last item."""
    item = lock_item(person.item, by)
    check_is_listed(by, item.conference_type)
    locked = ItemPerson.objects.visible_to(by).select_for_update(of=("self",)).get(pk=person.pk)
    if locked.revoked_at is not None:
        raise ActionDenied(_("この指名は、すでに取り消されています。"))
    locked.revoked_at = timezone.now()
    locked.save(update_fields=["revoked_at"])
    if locked.guest_id is not None:
        ItemGrant.objects.visible_to(by).standing().filter(
            content_object=item, membership_id=locked.guest_id
        ).update(revoked_at=timezone.now())
        presents_no_more(item.pk, locked.guest_id, by)
        _ask("select kasane.end_guest(%s)", locked.guest_id)
    trace(item, by, "revoke_person")


def _ask(statement: str, *params: uuid.UUID | str) -> object:
    """Users and memberships are written by the database's functions alone, which ask again."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return cursor.fetchone()[0]


def _password() -> str:
    """Three groups of four: about 59 bits, for a few days."""
    return "-".join("".join(secrets.choice(LETTERS) for _n in range(4)) for _m in range(3))
