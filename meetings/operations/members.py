"""出席する人: who is asked besides the agencies, what they answered, and who has a conflict of
interest. Under secrecy people are appointed (appointment.py, named.py); here their secretariat
notes what somebody without an account said. And what an agency, or an appointed person, told the
office by telephone: with the name of who entered it, told to them, and theirs to change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.models import Agency, Membership
from agencies.operations import notify
from agencies.permissions import ActionDenied
from cases.models import Person
from meetings import enums
from meetings.agenda import UNDECIDED, agencies_in
from meetings.models import AgendaItem, ItemAttendance, ItemGrant, ItemPerson, Sitting
from meetings.operations.answering import is_told
from meetings.operations.common import lock_item, trace
from meetings.operations.item import check_proposer
from meetings.permissions import LIVE, can, check_can_run_item

S = enums.SittingState


@dataclass(frozen=True)
class Noted:
    """What is noted of one member: `key` as in `meetings.members`. `answer` is None where nothing
    about it is noted."""

    key: str
    has_conflict: bool
    answer: str | None = None


def check_can_name(by: Membership, item: AgendaItem) -> None:
    """The office or who proposed the item, before it is decided and until the sitting is over."""
    check_proposer(item, by)
    if item.state not in UNDECIDED or item.sitting.state not in (*LIVE, S.OPEN):
        raise ActionDenied(_("この議題は、もう出席する人を変えられません。"))


@transaction.atomic
def name_member(
    *,
    item: AgendaItem,
    by: Membership,
    kind: str,
    person: Person | None = None,
    name: str = "",
    organisation: str = "",
) -> ItemAttendance:
    """Somebody without an agency of their own in the item: 本人 (one of its persons, living, where
    the body lets them), family, somebody asked for this case, a guest."""
    locked = lock_item(item, by)
    if locked.is_secret:
        raise ActionDenied(_("守秘の議題に出る人は、「構成員を指名する」から指名します。"))
    check_can_name(by, locked)
    if kind not in enums.MemberKind.values:
        raise ActionDenied(_("出席する人の種別を選んでください。"))
    if kind == enums.MemberKind.PERSON:
        person, name = _check_person(locked, by, person), ""
    else:
        person = None
        if not name.strip():
            raise ActionDenied(_("出席する人の氏名を入れてください。"))
    same = ItemAttendance.objects.filter(item=locked, removed_at=None, agency=None)
    if same.filter(person=person, name=name.strip(), membership=None).exists():
        raise ActionDenied(_("この人は、すでに出席する人に載っています。"))
    row = ItemAttendance(
        item=locked, person=person, name=name.strip(), kind=kind, organisation=organisation.strip()
    )
    row.save(force_insert=True)
    trace(locked, by, "name_member")
    return row


def _check_person(item: AgendaItem, by: Membership, person: Person | None) -> Person:
    if item.conference_type.may_person_attend is False:
        raise ActionDenied(
            _("「%(body)s」は、本人が出席しない会議です（市の設定）。")
            % {"body": item.conference_type.name}
        )
    known = Person.objects.visible_to(by).filter(pk=person.pk).first() if person else None
    if known is None or known.pk not in item.person_ids:
        raise ActionDenied(_("本人として出席できるのは、この議題の人だけです。"))
    if known.is_deceased or known.died_on is not None:
        raise ActionDenied(_("%(who)sは亡くなっています。") % {"who": known.shown_name})
    return known


@transaction.atomic
def remove_member(*, item: AgendaItem, by: Membership, member: ItemAttendance) -> None:
    """Off the list again; who was there stays."""
    locked = lock_item(item, by)
    check_can_name(by, locked)
    row = ItemAttendance.objects.filter(
        item=locked, pk=member.pk, agency=None, membership=None, removed_at=None
    ).first()
    if row is None:
        raise ActionDenied(_("この人は、もう出席する人に載っていません。"))
    if row.attendance not in ("", enums.Attendance.ABSENT):
        raise ActionDenied(_("出席した人は外せません。"))
    row.removed_at = timezone.now()
    row.save(update_fields=["removed_at"])
    trace(locked, by, "remove_member")


@transaction.atomic
def note_members(*, item: AgendaItem, by: Membership, rows: Sequence[Noted]) -> int:
    """Answers of people by name, until the sitting opens; of agencies and of the appointed, as told
    by telephone, from the notice on; and 利害関係 of anybody, until the item is decided. Gives how
    many changed. Who proposed the item notes people by name alone."""
    sitting = Sitting.objects.visible_to(by).select_for_update().get(pk=item.sitting_id)
    locked = lock_item(item, by)
    check_can_name(by, locked)
    is_office = can(check_can_run_item, by, locked)
    changed = 0
    for row in rows:
        target, values = _target(locked, row, is_office), dict[str, Any]()
        if row.answer is not None:
            values |= _answered(target, by, row.answer)
        if target.has_conflict != row.has_conflict:
            values["has_conflict"] = row.has_conflict
        if "answer" in values and sitting.state not in LIVE:
            raise ActionDenied(_("会議が始まったので、出欠の返事は変えられません。"))
        told = _by_telephone(target) if "answer" in values else None
        if told is not None:
            _check_told(locked, sitting, told, values["answer"])
        if values:
            _write(target, values)
            changed += 1
        if told is not None:
            _tell(locked, told)
    if changed:
        trace(locked, by, "note_members")
    return changed


Target = ItemAttendance | ItemGrant | ItemPerson


def _target(item: AgendaItem, row: Noted, is_office: bool) -> Target:
    kind, _colon, key = row.key.partition(":")
    found: Target | None = None
    if kind == "n":
        found = ItemAttendance.objects.filter(
            item=item, pk=key, agency=None, membership=None, removed_at=None
        ).first()
    elif kind == "p" and item.is_secret:
        found = ItemPerson.objects.filter(item=item, pk=key, guest=None, revoked_at=None).first()
    elif kind == "m" and item.is_secret:
        grants = ItemGrant.objects.filter(content_object=item, membership_id=key)
        found = grants.standing().select_related("membership").first()
    elif kind == "a" and is_office and int(key) in agencies_in(item):
        agency = Agency.objects.get(pk=int(key))
        rows = ItemAttendance.objects.filter(
            item=item, agency=agency, membership=None, removed_at=None
        )
        found = rows.select_related("answered_by").first()
        found = found or ItemAttendance(item=item, agency=agency)
    if found is None:
        raise ActionDenied(_("この議題の出席する人が変わりました。画面を開き直してください。"))
    return found


def _by_telephone(target: Target) -> ItemAttendance | ItemGrant | None:
    """Whoever answers for themself on screen; people by name do not."""
    if isinstance(target, ItemPerson):
        return None
    return target if isinstance(target, ItemGrant) or target.agency_id is not None else None


def _check_told(
    item: AgendaItem, sitting: Sitting, target: ItemAttendance | ItemGrant, answer: str
) -> None:
    """What an agency, or an appointed person, told by telephone: they were asked; what they said
    themselves is taken back by themselves. V6: who has not pledged for the item does not talk about
    it, so there is nothing to be told."""
    if item.state != enums.ItemState.NOTICED or sitting.state != S.NOTICED:
        raise ActionDenied(_("電話で聞いた返事は、開催通知のあと、会議が始まるまで入れられます。"))
    if isinstance(target, ItemGrant):
        own = target.answered_by_id is None
        if target.pledged_at is None:
            raise ActionDenied(_("誓約していない人の返事は、誓約のあとに入れてください。"))
    else:
        own = not is_told(target)
        if target.agency_id == item.conference_type.secretariat_id:
            raise ActionDenied(_("事務局には、出欠をたずねていません。"))
    if not answer and own:
        raise ActionDenied(_("本人や機関が自分でした返事は、消せません。"))


def _tell(item: AgendaItem, target: ItemAttendance | ItemGrant) -> None:
    """Whose answer it is, once a day and without a case: the agency, or the appointed alone (V6). A
    guest has no notices, and finds it on the item."""
    person = target.membership if isinstance(target, ItemGrant) else None
    if person is not None and person.is_guest:
        return
    agency = target.agency_id if isinstance(target, ItemAttendance) else target.membership.agency_id
    assert agency is not None  # noqa: S101 - people by name are not told
    whose = target.pk if person is not None else item.sitting_id
    notify(
        agency=agency,
        membership=person,
        kind="answer_told",
        key=f"{whose}:{timezone.localdate()}",
        title=_("電話で聞いた出欠を、事務局が入れました"),
        url=f"/meetings/{item.sitting_id}/",
    )


def _answered(target: Target, by: Membership, answer: str) -> dict[str, Any]:
    if answer == target.answer:
        return {}
    if answer and answer not in enums.Answer.values:
        raise ActionDenied(_("出欠を選んでください。"))
    values: dict[str, Any] = {
        "answer": answer,
        "answered_at": timezone.now() if answer else None,
    }
    if not isinstance(target, ItemPerson):
        values["answered_by"] = by if answer else None
    return values


def _write(target: Target, values: dict[str, Any]) -> None:
    if isinstance(target, ItemGrant):  # not save(): guardian's reads more than the row
        ItemGrant.objects.filter(pk=target.pk).update(**values)
        return
    for name, value in values.items():
        setattr(target, name, value)
    if target._state.adding:
        target.save(force_insert=True)
    else:
        target.save(update_fields=list(values))
