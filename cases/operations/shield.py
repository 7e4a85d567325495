"""支援措置 (V9): propose, confirm, lift, keep the list, and say what of what waits is opened.

The database holds the order of steps and the two people (migration 0010); here stand the sentences.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.enums import Action
from agencies.models import Membership
from agencies.operations import notify
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases import enums
from cases.models import HouseholdLink, Person, Shield, ShieldHold, ShieldMember
from cases.permissions import (
    can,
    check_can_change_list,
    check_can_confirm_lift,
    check_can_confirm_shield,
    check_can_propose_lift,
    check_can_propose_shield,
    check_can_take_back,
)
from cases.shields import found_in_hold, shielded_among

REMIND = "shield_reminder"
SOON = datetime.timedelta(days=30)


def _log(by: Membership, what: str, shield: Shield, rows: Iterable[uuid.UUID] = ()) -> None:
    log_access(
        by,
        Action.WRITE,
        what=what,
        case_id=shield.case_id,
        record_ids=[shield.pk, *rows],
        basis="shield",
    )


def _tell(member: Membership, title: str, shield: Shield, key: str = "") -> None:
    """To one person, without a name (V15)."""
    notify(
        agency=member.agency_id or 0,
        membership=member,
        kind="shield",
        key=key or f"{shield.pk}/{uuid.uuid4()}",
        title=title,
        url=f"/shields/{shield.pk}/",
    )


def _locked(shield: Shield, by: Membership) -> Shield:
    return Shield.objects.visible_to(by).select_for_update(of=("self",)).get(pk=shield.pk)


@transaction.atomic
def propose_shield(
    *,
    person: Person,
    by: Membership,
    ground: str,
    expires_on: datetime.date,
    confirmer: Membership,
    members: Iterable[Membership] = (),
    form_key: uuid.UUID | None = None,
) -> Shield:
    """Propose: who proposes, who is asked to confirm and these members form the list. Nothing is
    hidden before somebody else has confirmed. The other rows of the same person (同じ人だった) are
    proposed with theirs: a shield works row by row."""
    check_can_propose_shield(by, person)
    key = form_key or uuid.uuid4()
    known = Shield.objects.visible_to(by).filter(form_key=key).first()
    if known is not None:
        return known
    if confirmer.user_id == by.user_id:
        raise ActionDenied(_("確認は、提案する人とは別の人が行います。"))
    listed = [m for m in members if m.pk not in (by.pk, confirmer.pk)]
    shield = _proposed(person, by, ground, expires_on, confirmer, listed, key)
    for other in _same_people(person, by):
        _proposed(other, by, ground, expires_on, confirmer, listed, _key_beside(key, other.pk))
    _tell(confirmer, _("支援措置の確認を頼まれています"), shield)
    return shield


def _proposed(
    person: Person,
    by: Membership,
    ground: str,
    expires_on: datetime.date,
    confirmer: Membership,
    listed: Iterable[Membership],
    key: uuid.UUID,
) -> Shield:
    shield = Shield(
        case_id=person.case_id,
        person=person,
        ground=ground,
        expires_on=expires_on,
        proposed_by=by,
        proposed_user=by.user,
        confirmer=confirmer,
        form_key=key,
    )
    try:
        with transaction.atomic():
            shield.save(force_insert=True)
    except IntegrityError:
        raise ActionDenied(_("この人の支援措置は、すでに働いています。")) from None
    for member in listed:
        ShieldMember(shield=shield, membership=member, added_by=by).save(force_insert=True)
    _log(by, "propose_shield", shield)
    return shield


def _same_people(person: Person, by: Membership) -> list[Person]:
    """The other rows of the same person, as far as `by` knows of them and may propose."""
    links = HouseholdLink.objects.visible_to(by).standing()
    pairs = links.filter(kind=enums.LinkKind.SAME, from_person__case=person.case_id)
    found, count = {person.pk}, 0
    known = list(pairs.values_list("from_person_id", "to_person_id"))
    while count < len(found):
        count = len(found)
        found = found.union(*(pair for pair in known if found & set(pair)))
    found -= {person.pk} | shielded_among(found)
    rows = Person.objects.visible_to(by).filter(pk__in=found).select_related("case").in_order()
    return [row for row in rows if can(check_can_propose_shield, by, row)]


def _key_beside(key: uuid.UUID, person: uuid.UUID) -> uuid.UUID:
    """Of the shield that is proposed for another row of the person with the one of `key`."""
    return uuid.uuid5(key, str(person))


def _beside(shield: Shield, by: Membership) -> list[Shield]:
    """What was proposed in the same step for other rows of the person, and waits still."""
    rows = Shield.objects.visible_to(by).filter(case_id=shield.case_id).exclude(pk=shield.pk)
    waiting = [row for row in rows.order_by("proposed_at") if row.is_waiting]
    first = next(
        (x for x in waiting if shield.form_key == _key_beside(x.form_key, shield.person_id)), shield
    )
    return [
        x for x in waiting if x == first or x.form_key == _key_beside(first.form_key, x.person_id)
    ]


@transaction.atomic
def confirm_shield(*, shield: Shield, by: Membership) -> Shield:
    """Confirm: from now on everything is closed to all but the list; of the same person's other
    rows too, for whom it was proposed in the same step."""
    locked = _confirmed(shield, by)
    for other in _beside(locked, by):
        if can(check_can_confirm_shield, by, other):
            _confirmed(other, by)
    for place in ShieldMember.objects.visible_to(by).standing().filter(shield=locked):
        if place.membership_id != by.pk:
            _tell(place.membership, _("支援措置の名簿に載っています"), locked)
    return locked


def _confirmed(shield: Shield, by: Membership) -> Shield:
    locked = _locked(shield, by)
    check_can_confirm_shield(by, locked)
    locked.confirmed_at, locked.confirmed_user_id = timezone.now(), by.user_id
    try:
        with transaction.atomic():
            locked.save(update_fields=["confirmed_at", "confirmed_user"])
    except IntegrityError:  # proposed side by side: the other one was confirmed first
        raise ActionDenied(
            _("この人には、この提案のあとに働き始めた支援措置があります。この提案は取り下げます。")
        ) from None
    _log(by, "confirm_shield", locked)
    return locked


@transaction.atomic
def take_back_shield(*, shield: Shield, by: Membership) -> None:
    """A proposal not yet confirmed is taken back, by the one or the other."""
    locked = _locked(shield, by)
    check_can_take_back(by, locked)
    _lift(locked, by)
    _log(by, "take_back_shield", locked)


@transaction.atomic
def propose_lift(*, shield: Shield, by: Membership, reason: str) -> None:
    """Propose to lift: nothing opens before another list member has confirmed."""
    locked = _locked(shield, by)
    check_can_propose_lift(by, locked)
    locked.lift_proposed_at, locked.lift_proposed_by = timezone.now(), by
    locked.lift_proposed_user_id, locked.lift_reason = by.user_id, reason
    locked.save(update_fields=LIFT_FIELDS)
    for place in ShieldMember.objects.visible_to(by).standing().filter(shield=locked):
        if place.membership_id != by.pk:
            _tell(place.membership, _("支援措置の解除の確認を頼まれています"), locked)
    _log(by, "propose_lift", locked)


LIFT_FIELDS = ["lift_proposed_at", "lift_proposed_by", "lift_proposed_user", "lift_reason"]


@transaction.atomic
def cancel_lift(*, shield: Shield, by: Membership) -> None:
    """The shield stays: a proposal to lift it is dropped by any list member."""
    locked = _locked(shield, by)
    if not locked.is_in_force or locked.lift_proposed_at is None:
        raise ActionDenied(_("解除の提案はありません。"))
    locked.lift_proposed_at = locked.lift_proposed_by = locked.lift_proposed_user = None
    locked.lift_reason = ""
    locked.save(update_fields=LIFT_FIELDS)
    _log(by, "cancel_lift", locked)


@transaction.atomic
def lift_shield(*, shield: Shield, by: Membership) -> None:
    """Lift: what was closed by it opens again as the other rules say."""
    locked = _locked(shield, by)
    check_can_confirm_lift(by, locked)
    _lift(locked, by)
    _log(by, "lift_shield", locked)


def _lift(shield: Shield, by: Membership) -> None:
    shield.lifted_at, shield.lifted_by, shield.lifted_user_id = timezone.now(), by, by.user_id
    shield.save(update_fields=["lifted_at", "lifted_by", "lifted_user"])


@transaction.atomic
def extend_shield(*, shield: Shield, by: Membership, expires_on: datetime.date) -> None:
    """A new date to look again. The date reminds; it never lifts."""
    locked = _locked(shield, by)
    check_can_change_list(by, locked)
    locked.expires_on = expires_on
    locked.save(update_fields=["expires_on"])
    _log(by, "extend_shield", locked)


@transaction.atomic
def add_to_list(*, shield: Shield, by: Membership, member: Membership) -> None:
    """One more on the list; by who stands on it."""
    locked = _locked(shield, by)
    check_can_change_list(by, locked)
    places = ShieldMember.objects.visible_to(by).standing().filter(shield=locked)
    if not places.filter(membership=member).exists():
        ShieldMember(shield=locked, membership=member, added_by=by).save(force_insert=True)
        _tell(member, _("支援措置の名簿に載っています"), locked)
    _log(by, "add_to_shield_list", locked, [member.pk])


@transaction.atomic
def end_place(*, place: ShieldMember, by: Membership) -> None:
    """Off the list, from now on. Two users always stay: nobody could lift the shield any more."""
    check_can_change_list(by, place.shield)
    places = ShieldMember.objects.visible_to(by).standing().filter(shield=place.shield)
    others = places.exclude(pk=place.pk).filter(membership__in=Membership.objects.active())
    if len(set(others.values_list("membership__user", flat=True))) < 2:
        raise ActionDenied(
            _("名簿には、いつも二人以上が必要です。先に、ほかの人を名簿に加えてください。")
        )
    place.ended_at = timezone.now()
    place.save(update_fields=["ended_at"])
    _log(by, "end_shield_place", place.shield, [place.membership_id])


@transaction.atomic
def decide_hold(*, hold: ShieldHold, by: Membership, decision: str) -> None:
    """After reading: open it to those who may read it by the other rules, or keep it."""
    locked = ShieldHold.objects.visible_to(by).select_related("shield").get(pk=hold.pk)
    check_can_change_list(by, locked.shield)
    if decision == enums.HoldDecision.RELEASED and (found := found_in_hold(locked.pk)):
        raise ActionDenied(
            _("隠している情報（%(what)s）と同じことばが書かれているので、開けません。")
            % {"what": "・".join(found)}
        )
    locked.decision, locked.decided_by, locked.decided_at = decision, by, timezone.now()
    locked.save(update_fields=["decision", "decided_by", "decided_at"])
    _log(by, f"shield_{decision}", locked.shield, [locked.row_id])


def expiring_shields() -> list[tuple[uuid.UUID, datetime.date]]:
    """Shields whose date comes within a month or has passed, for the scheduler. One query."""
    found = Shield.objects.in_force().filter(expires_on__lte=timezone.localdate() + SOON)
    return list(found.values_list("pk", "expires_on"))


def remind_of_shield(shield_id: uuid.UUID) -> None:
    """Tell each on the list, once for a date. As the scheduler. Nothing is lifted."""
    shield = Shield.objects.in_force().filter(pk=shield_id).first()
    if shield is None:
        return
    places = ShieldMember.objects.standing().filter(shield=shield).select_related("membership")
    for place in places:
        _tell(
            place.membership,
            _("支援措置の見直しの期限が近づいています"),
            shield,
            f"{shield.pk}/{shield.expires_on}/{place.membership_id}",
        )
