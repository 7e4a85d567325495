"""Put an item on the agenda, change who takes part, take it back (V5–V7)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from psycopg.types.range import TimestamptzRange

from agencies.enums import AgendaType, Permission
from agencies.models import Agency, ConferenceType, Membership
from agencies.operations import notify
from agencies.permissions import ActionDenied, check_may
from cases.enums import ReferralMode, ReferralState, TeamVia
from cases.models import Case, Person, Record, Referral
from cases.operations import accept_referral, join_team, missing_consents
from cases.permissions import check_is_open
from config.lib.registry import registry
from meetings import enums
from meetings.models import AgendaItem, Sitting
from meetings.operations.common import leave_step, lock_item, save_item, transaction_now
from meetings.operations.sitting import opens_until
from meetings.permissions import LIVE, check_agenda, check_can_run_item, check_is_listed
from plans.enums import EDITABLE, PlanStatus
from plans.models import Plan
from plans.operations import submit_plan
from plans.urgent import awaits_report

NEEDS_PLAN = (AgendaType.PLAN_ADEQUACY, AgendaType.CLOSURE_EVALUATION)


class NotCovered(ActionDenied):
    """V5: no consent for somebody, or nobody who could give one. `field`: what to change."""

    def __init__(self, reason: str, field: str = "persons") -> None:
        super().__init__(reason)
        self.field = field


@transaction.atomic
def propose_item(
    *,
    sitting: Sitting,
    by: Membership,
    conference_type: ConferenceType,
    agenda_type: str,
    case: Case | None = None,
    persons: Sequence[Person] = (),
    plan: Plan | None = None,
    title: str,
    briefing: str,
    participants: Sequence[Agency] = (),
    materials: Sequence[Record | uuid.UUID] = (),
    matter: uuid.UUID | None = None,
) -> AgendaItem:
    """付議. The body decides the basis: under 106条の6 always secrecy, merged bodies too (V7). In a
    sitting that runs it is dealt with there: the consents are checked now (V5), or it opens to
    whoever is appointed and pledges in the room (V6).

    matter: what an item without a case is about, held by a room above (`registry.Matter`)."""
    check_may(by, Permission.WRITE_RECORDS)
    sitting = _held(sitting, by)
    check_agenda(by, sitting, conference_type, agenda_type)
    if case is not None:
        case = Case.objects.visible_to(by).get(pk=case.pk)
        check_is_open(case)
    _check_plan(agenda_type, plan, case, by)
    agencies = _taking_part(participants, conference_type)
    item = AgendaItem(
        sitting=sitting,
        conference_type=conference_type,
        agenda_type=agenda_type,
        case=case,
        title=title,
        person_ids=[p.pk for p in persons],
        plan=plan,
        briefing=briefing,
        proposed_by=by,
        proposing_agency_id=by.agency_id,
    )
    if conference_type.is_secret:
        check_is_listed(by, conference_type)
        item.basis = enums.ItemBasis.SECRECY
        item.material_ids = _laid(by, case, plan, materials)
    else:
        item.basis = enums.ItemBasis.CONSENT
        item.participant_ids = sorted(agencies)
        item.open_period = TimestamptzRange(transaction_now(), None)
        _check_covered(case, persons, agencies)
    if plan is not None and agenda_type == AgendaType.PLAN_ADEQUACY and plan.status in EDITABLE:
        submit_plan(plan=plan, by=by)
    if case is not None and not item.is_secret:
        _join(case, agencies, by)
    item.save(force_insert=True)
    leave_step(item, by, "propose")
    if matter is not None:
        _tie(item, by, matter)
    _take_up(item, by)
    return item


def _held(sitting: Sitting, by: Membership) -> Sitting:
    """As it is now; one that runs does not close before the item stands in it."""
    known = Sitting.objects.visible_to(by).get(pk=sitting.pk)
    if known.state != enums.SittingState.OPEN:
        return known
    held = Sitting.objects.visible_to(by).select_for_update().filter(pk=sitting.pk).first()
    return held or known  # who may not change the sitting is refused by what it may


def _take_up(item: AgendaItem, by: Membership) -> None:
    """緊急: an item of a sitting that runs is noticed with its proposal, and told."""
    if item.sitting.state != enums.SittingState.OPEN:
        return
    changes: dict[str, Any] = {"state": enums.ItemState.NOTICED}
    if item.is_secret:
        changes["open_period"] = opens_until(item.sitting, item)
    save_item(item, by, "take_up", **changes)
    for agency in {*item.participant_ids, item.proposing_agency_id} - {by.agency_id}:
        notify(
            agency=agency,
            kind="item_added",
            key=f"{item.pk}:{item.sitting_id}",
            title=_("開かれている会議に、緊急の議題が加わりました"),
            url=f"/meetings/{item.sitting_id}/live/",
        )


def _tie(item: AgendaItem, by: Membership, matter: uuid.UUID) -> None:
    """The room that holds the matter takes note, in this transaction, or refuses. Never with a case
    or under secrecy: what comes of it is told outside (V6)."""
    if item.case_id is not None or item.is_secret:
        raise ActionDenied(_("この議題は、ケースを付けずに、本人同意の会議にだけ出せます。"))
    if not list(registry.draw("item_tied", item, by, matter)):
        raise ActionDenied(_("議題にするものが、もう見つかりません。"))


def _taking_part(participants: Sequence[Agency], body: ConferenceType) -> set[int]:
    """V5: the secretariat's agency is always among them."""
    chosen = {agency.pk for agency in participants}
    return chosen if body.secretariat_id is None else {*chosen, body.secretariat_id}


def _check_plan(agenda_type: str, plan: Plan | None, case: Case | None, by: Membership) -> None:
    if agenda_type not in NEEDS_PLAN:
        return
    if plan is None or case is None:
        raise ActionDenied(_("この種別の議題では、プランを選んでください。"))
    seen = Plan.objects.visible_to(by).filter(pk=plan.pk, record__case_id=case.pk).first()
    if seen is None:
        raise ActionDenied(_("プランは、このケースのものを選んでください。"))
    wanted = (
        (*EDITABLE, PlanStatus.SUBMITTED)
        if agenda_type == AgendaType.PLAN_ADEQUACY
        else (PlanStatus.IN_FORCE,)
    )
    # 事後報告: the adequacy of a plan begun in urgency is asked while it is in force.
    is_report = agenda_type == AgendaType.PLAN_ADEQUACY and awaits_report(seen)
    if seen.status not in wanted and not is_report:
        raise ActionDenied(
            _("「%(status)s」のプランは、この種別の議題にできません。")
            % {"status": seen.get_status_display()}
        )
    waiting = AgendaItem.objects.visible_to(by).filter(
        plan=seen, state__in=[enums.ItemState.PROPOSED, enums.ItemState.NOTICED]
    )
    if waiting.exists():
        raise ActionDenied(_("このプランは、すでに会議に付議されています。"))


def _check_covered(case: Case | None, persons: Sequence[Person], agencies: Iterable[int]) -> None:
    """V5: persons of the case, living, each with a consent that covers every participant."""
    if case is None:
        if persons:
            raise ActionDenied(_("ケースを選ばずに、人を議題に載せることはできません。"))
        return
    if not persons:
        raise NotCovered(_("議題にする人を選んでください。"))
    dead = [p.shown_name for p in persons if p.is_deceased or p.died_on is not None]
    if dead:
        raise NotCovered(
            _("%(names)sは亡くなっているため、同意による会議の議題にできません。")
            % {"names": "・".join(dead)}
        )
    missing = missing_consents(case=case, persons=[p.pk for p in persons], agencies=agencies)
    if missing:
        raise NotCovered(_missing_sentence(missing, persons), "participants")


def _missing_sentence(missing: list[tuple[uuid.UUID, int]], persons: Sequence[Person]) -> str:
    names = {p.pk: p.shown_name for p in persons}
    agencies = dict(
        Agency.objects.filter(pk__in={a for _p, a in missing}).values_list("pk", "name")
    )
    lines = "、".join(
        _("%(who)sの%(agency)sへの同意") % {"who": names[person], "agency": agencies[agency]}
        for person, agency in sorted(missing, key=lambda pair: (names[pair[0]], pair[1]))
    )
    return _(
        "足りない同意があります：%(lines)s。同意を記録するか、参加機関を減らしてください。"
    ) % {"lines": lines}


def _join(case: Case, agencies: Iterable[int], by: Membership) -> None:
    for agency in agencies:
        if agency != by.agency_id:
            join_team(case=case, agency=agency, via=TeamVia.CONFERENCE)


def _laid(
    by: Membership, case: Case | None, plan: Plan | None, materials: Sequence[Record | uuid.UUID]
) -> list[uuid.UUID]:
    """V6: records the secretary may read, of this case; the plan's own among them."""
    keys = {m.pk if isinstance(m, Record) else m for m in materials}
    if plan is not None:
        keys.add(plan.pk)
    seen = Record.objects.visible_to(by).filter(pk__in=keys, case=case).values_list("pk", flat=True)
    if set(seen) != keys:
        raise ActionDenied(_("資料は、このケースの、あなたが見られる記録から選んでください。"))
    return sorted(keys)


@transaction.atomic
def propose_from_referral(
    *,
    referral: Referral,
    sitting: Sitting,
    by: Membership,
    agenda_type: str,
    title: str,
    briefing: str,
) -> AgendaItem:
    """A sheet that came without consent goes on the agenda of the body it was sent to (V4, V6):
    the secretary sees the sheet, not the case."""
    sheet = Referral.objects.visible_to(by).filter(pk=referral.pk).first()
    if sheet is None or sheet.mode != ReferralMode.SECRECY or sheet.to_conference_type is None:
        raise ActionDenied(_("本人同意なしで事務局に届いたつなぎを選んでください。"))
    body = sheet.to_conference_type
    check_is_listed(by, body)
    sitting = _held(sitting, by)
    check_agenda(by, sitting, body, agenda_type)
    if sheet.state == ReferralState.SENT:
        accept_referral(referral=sheet, by=by)
    item = AgendaItem(
        sitting=sitting,
        conference_type=body,
        agenda_type=agenda_type,
        basis=enums.ItemBasis.SECRECY,
        case_id=sheet.case_id,
        person_ids=sheet.person_ids,
        title=title,
        briefing=briefing,
        proposed_by=by,
        proposing_agency_id=by.agency_id,
    )
    item.save(force_insert=True)
    leave_step(item, by, "propose")
    _take_up(item, by)
    return item


@transaction.atomic
def change_participants(
    *, item: AgendaItem, by: Membership, participants: Sequence[Agency], version: int
) -> None:
    """V5: the check is repeated with each change. The secretariat stays; who left sees nothing."""
    locked = lock_item(item, by, version)
    if locked.is_secret:
        raise ActionDenied(_("守秘の議題は、機関ではなく人を指名します。"))
    check_proposer(locked, by)
    agencies = _taking_part(participants, locked.conference_type)
    persons = _persons(locked, by)
    case = locked.case
    if case is not None:
        _check_covered(case, persons, agencies)
        _join(case, agencies - set(locked.participant_ids), by)
    changes: dict[str, Any] = {"participant_ids": sorted(agencies)}
    stays = {*agencies, locked.proposing_agency_id}
    if locked.presenter is not None and locked.presenter.agency_id not in stays:
        changes["presenter"] = None
    save_item(locked, by, "participants", **changes)


@transaction.atomic
def resume_item(*, item: AgendaItem, by: Membership) -> None:
    """A blocked item returns once the consents cover it again, also one that waits in a cancelled
    sitting for the next."""
    locked = lock_item(item, by)
    check_proposer(locked, by)
    if locked.state != enums.ItemState.BLOCKED:
        raise ActionDenied(_("保留になっている議題ではありません。"))
    if locked.sitting.state not in (*LIVE, enums.SittingState.CANCELLED):
        raise ActionDenied(_("この会議には間に合いません。次の会議に付議してください。"))
    persons = _persons(locked, by)  # first: who may not see them may not see the case either
    _check_covered(locked.case, persons, locked.participant_ids)
    save_item(locked, by, "resume", state=enums.ItemState.PROPOSED)


@transaction.atomic
def withdraw_item(*, item: AgendaItem, by: Membership) -> None:
    """取り下げ, before a decision. The plan stays submitted and may be put on another agenda."""
    locked = lock_item(item, by)
    check_proposer(locked, by)
    if locked.state in (enums.ItemState.DECIDED, enums.ItemState.WITHDRAWN):
        raise ActionDenied(_("この議題は、もう取り下げられません。"))
    save_item(locked, by, "withdraw", state=enums.ItemState.WITHDRAWN)


@transaction.atomic
def attach_earlier(*, item: AgendaItem, by: Membership, earlier: AgendaItem) -> None:
    """V6: an earlier item of the same case in the same body opens to this item's people."""
    locked = lock_item(item, by)
    if not locked.is_secret:
        raise ActionDenied(_("前の議題を付けるのは、守秘の議題だけです。"))
    check_is_listed(by, locked.conference_type)
    if locked.case_id is None:
        raise ActionDenied(_("ケースのない議題には、前の議題を付けられません。"))
    known = AgendaItem.objects.visible_to(by).filter(
        pk=earlier.pk,
        case_id=locked.case_id,
        conference_type_id=locked.conference_type_id,
        basis=enums.ItemBasis.SECRECY,
    )
    if earlier.pk == locked.pk or not known.exists():
        raise ActionDenied(_("付けられるのは、同じ会議の、同じケースの前の議題です。"))
    keys = list(dict.fromkeys([*locked.attached_ids, earlier.pk]))
    save_item(locked, by, "attach", attached_ids=keys)


def check_proposer(item: AgendaItem, by: Membership) -> None:
    """Who proposed the item, or who runs it; under secrecy the secretariat alone."""
    if item.is_secret:
        check_is_listed(by, item.conference_type)
    elif item.proposing_agency_id != by.agency_id:
        check_can_run_item(by, item)


def _persons(item: AgendaItem, by: Membership) -> list[Person]:
    found = {p.pk: p for p in Person.objects.visible_to(by).filter(pk__in=item.person_ids)}
    if len(found) != len(item.person_ids):
        raise ActionDenied(_("議題の人のうち、あなたの機関から見えない人がいます。"))
    return [found[key] for key in item.person_ids]
