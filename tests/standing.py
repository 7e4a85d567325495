"""Whose row it is: one city in which somebody stands in each relation to a row of every kind.

own: their agency's, or theirs to keep. shared: somebody else's, and open to them. closed: it was
open or running, and is over. foreign: the same, and nothing to them. A set says who asks, and the
keys of the rows by relation; `tests/relations.py` says what is answered.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from agencies.models import Membership
from cases.models import (
    Consultation,
    Emergency,
    HouseholdLink,
    Shield,
    ShieldHold,
    ShieldMember,
    SupportTeam,
    Transfer,
)
from cases.operations import (
    accept_referral,
    cancel_transfer,
    change_household,
    confirm_shield,
    end_emergency,
    end_template,
    finish_consultation,
    keep_template,
    lift_shield,
    propose_lift,
    propose_shield,
    refer,
    review_emergency,
    undo_household_change,
    write_note,
)
from plans.models import Plan
from plans.operations import (
    decide_plan,
    end_plan,
    record_conference_result,
    submit_plan,
)
from tests import houses as h
from tests import twoworlds
from tests import world as w
from tests.houses import House
from tests.outreach.conftest import carry_out, visit
from tests.owner import as_owner
from tests.plans import situations as plans

Keys = dict[str, Any]


@dataclass
class Standing:
    """Who asks, and the keys of the rows by what they are to that person."""

    asker: Membership
    own: Keys = field(default_factory=dict)
    shared: Keys = field(default_factory=dict)
    closed: Keys = field(default_factory=dict)
    foreign: Keys = field(default_factory=dict)


# --- cases ------------------------------------------------------------------------------------


def worker(scene: twoworlds.Scene, twin: House) -> Standing:
    """A consultation worker and all that stands in a case."""
    own, shared, closed = scene.own, scene.shared, scene.closed
    assert own
    assert shared
    assert closed
    h.paper(shared)
    h.consulted(closed)
    with w.act(scene.member):
        told = Consultation.objects.get(pk=closed.keys["consultation_id"])
        finish_consultation(consultation=told, by=scene.member, screening="info_only")
    for house in (own, closed, twin):
        h.drafted(house)
    for house in (own, shared):
        house.keep("point_id", h.directory_line(house.by))
    closed.keep("point_id", h.directory_line(closed.by, has_ended=True))
    for house in (own, shared, closed, twin):
        house.keys["agency_id"] = scene.city.agencies["livelihood"].pk
    return Standing(scene.member, own.keys, shared.keys, closed.keys, twin.keys)


def phrases(city: w.World, manager: Membership) -> Standing:
    """定型文: in use, given up; another agency's."""
    found = Standing(manager)
    other = w.make_member(city.agencies["child"], "agency_manager")
    for kind, by in (("own", manager), ("closed", manager), ("foreign", other)):
        with w.act(by):
            row = keep_template(by=by, name="訪問", text="訪問した。")
            if kind == "closed":
                end_template(by=by, template=row)
        setattr(found, kind, {"template_id": row.pk})
    return found


def case_of(city: w.World, by: str, *helpers: str) -> House:
    """A household of this agency, with these agencies at work on it."""
    house = h.home(city.members[by], city)
    h.let_in(house, *helpers)
    return house


def referrals(city: w.World, twin: House) -> dict[str, Standing]:
    """A sheet: sent, received and waiting, received and answered."""
    found = Standing(city.disability, foreign=twin.keys)
    for kind, by, to in (
        ("own", city.disability, "child"),
        ("shared", city.child, "disability"),
        ("closed", city.child, "disability"),
    ):
        house = h.home(by, city)
        w.consent(by, house.persons[0], city.agencies[to])
        with w.act(by):
            sheet = refer(
                case=house.case, by=by, mode="consent", reason="お願いします", summary="概要",
                persons=house.persons[:1], to_agency=city.agencies[to],
            )  # fmt: skip
        house.keep("referral_id", sheet)
        if kind == "closed":
            with w.act(city.disability):
                accept_referral(referral=sheet, by=city.disability)
        setattr(found, kind, house.keys)
    return {"sheets": found}


def transfers(city: w.World, twin: House) -> dict[str, Standing]:
    """A transfer: sent, received and waiting, taken back."""
    found = Standing(city.disability, foreign=twin.keys)
    for kind, by, to in (
        ("own", "disability", "child"),
        ("shared", "child", "disability"),
        ("closed", "disability", "child"),
    ):
        house = case_of(city, by, to)
        h.sent_away(house, to)
        if kind == "closed":
            with w.act(house.by):
                row = Transfer.objects.get(pk=house.keys["transfer_id"])
                cancel_transfer(transfer=row, by=house.by)
        setattr(found, kind, house.keys)
    return {"transfers": found}


def moves(city: w.World, twin: House) -> dict[str, Standing]:
    """A paper for another municipality, prepared and gone: of one's agency, of another that one
    helps; received and the case closed, come back."""
    waiting, gone = (Standing(city.disability, foreign=twin.keys) for _ in range(2))
    for found in (waiting, gone):
        for kind, by, helper in (
            ("own", "disability", "child"),
            ("shared", "child", "disability"),
            ("closed", "disability", "child"),
        ):
            house = case_of(city, by, helper)
            h.moving(house)
            if found is gone or kind == "closed":
                h.moved(house, "" if kind != "closed" else "returned")
            if found is waiting and kind == "closed":
                h.closed(house)
            setattr(found, kind, house.keys)
    return {"moves": waiting, "gone": gone}


def running(city: w.World, twin: House) -> dict[str, Standing]:
    """A plan in force: written by one's agency, helped with, and one that has ended."""
    found = Standing(city.disability, foreign=twin.keys)
    for kind, by, helper in (
        ("own", "disability", "child"),
        ("shared", "child", "disability"),
        ("closed", "disability", "child"),
    ):
        house = case_of(city, by, helper, "coordinator")
        plan = _in_force(house, helper)
        if kind == "closed":
            with w.act(house.by):
                end_plan(
                    plan=plan, by=house.by, outcome="close",
                    lead_agency_after=city.agencies[by],
                )  # fmt: skip
        setattr(found, kind, house.keys)
    return {"running": found}


def _in_force(house: House, helper: str) -> Plan:
    h.planned(house, helper)
    plan = _submitted(house)
    head = house.city.head
    with w.act(head):
        record_conference_result(
            plan=plan, by=head, decision="adequate", conference_name="重層的支援会議", note=""
        )
    with w.act(house.by):
        return Plan.objects.get(pk=plan.pk)


def _submitted(house: House) -> Plan:
    with w.act(house.by):
        plan = Plan.objects.get(pk=house.keys["plan_id"])
        return submit_plan(plan=plan, by=house.by)


def decided(city: w.World) -> dict[str, Standing]:
    """Where the office decides: a plan of its own, another agency's, one in force already."""
    city.city.decided_by, city.city.decision_agency_code = "agency", "coordinator"
    with as_owner():
        city.city.save()
    city.members["head"] = Membership.objects.with_names().get(pk=city.head.pk)
    found = Standing(city.head)
    for kind, by, *helpers in (
        ("own", "coordinator", "child"), ("shared", "child", "livelihood", "coordinator"),
        ("closed", "coordinator", "child"), ("foreign", "far_elderly", "far_outreach"),
    ):  # fmt: skip
        house = case_of(city, by, *helpers)
        if kind == "foreign":
            h.planned(house, *helpers)
        else:
            plan = _in_force(house, helpers[0])
        if kind == "closed":
            with w.act(city.head):
                decide_plan(plan=plan, by=city.head)
        setattr(found, kind, house.keys)
    return {"head": found}


def late(city: w.World, twin: House) -> dict[str, Standing]:
    """年度の確認, a month after it was due: an agency that helps with one's own case and has not
    answered, one's own that helps with another's, and a closed case (V14)."""
    opened = timezone.localdate().replace(day=1) - 32 * plans.DAY
    city.city.recertify_month = opened.month
    with as_owner():
        city.city.save()
    found = Standing(city.disability, foreign=twin.keys)
    for kind, by, helper in (
        ("own", "disability", "child"), ("shared", "child", "disability"),
        ("closed", "disability", "child"),
    ):  # fmt: skip
        house = case_of(city, by, helper)
        house.keys["agency_id"] = city.agencies["child"].pk
        with as_owner():
            long_ago = timezone.now() - 800 * plans.DAY
            SupportTeam.objects.filter(case=house.case).update(joined_at=long_ago)
        if kind == "closed":
            h.closed(house)
        setattr(found, kind, house.keys)
    return {"late": found}


def links(city: w.World) -> dict[str, Standing]:
    """The son has moved out: from one's own case, from a shared one, and not, after all."""
    found = Standing(city.disability)
    for kind, by in (
        ("own", "disability"), ("shared", "child"), ("closed", "disability"),
        ("foreign", "far_elderly"),
    ):  # fmt: skip
        house = h.home(city.members[by], city)
        if kind == "shared":
            h.let_in(house, "disability")
        with w.act(house.by):
            change_household(
                case=house.case, by=house.by, kind="split", on=timezone.localdate(),
                persons={house.persons[1]: None},
            )  # fmt: skip
            links = HouseholdLink.objects.select_related("from_person__case", "to_person__case")
            link = house.keep("link_id", links.get(from_person=house.persons[1]))
            if kind == "closed":
                undo_household_change(link=link, by=house.by)
        setattr(found, kind, house.keys)
    return {"links": found}


def shields(city: w.World) -> dict[str, Standing]:
    """支援措置: of one's own case, with one on the list, and lifted. Foreign is the nearest there
    is: a shield in a case that is open to the asker, who is not on its list."""
    names = ("elderly", "disability")
    second = {name: w.make_member(city.agencies[name], "consultation_worker") for name in names}
    third = w.make_member(city.agencies["disability"], "consultation_worker")
    force, waiting = Standing(city.disability), Standing(second["disability"])
    for standing, is_confirmed in ((force, True), (waiting, False)):
        for kind, by, listed in (
            ("own", "disability", [third]), ("shared", "elderly", [standing.asker]),
            ("closed", "disability", []), ("foreign", "elderly", []),
        ):  # fmt: skip
            house = h.home(city.members[by], city)
            if by == "elderly":
                h.let_in(house, "disability")
            _shielded(house, second[by], listed, is_confirmed or kind == "closed")
            if kind == "closed":
                _lifted(house, second[by])
            setattr(standing, kind, house.keys)
    return {"shields": force, "proposals": waiting}


def _shielded(house: House, second: Membership, listed: list[Membership], confirm: bool) -> None:
    by = house.by
    with w.act(by):
        write_note(case=house.case, by=by, text="訪ねた", method="visit", persons=house.persons[:1])
        shield = propose_shield(
            person=house.persons[0], by=by, ground="abuse", confirmer=second, members=listed,
            expires_on=timezone.localdate() + 365 * plans.DAY,
        )  # fmt: skip
        house.keep("shield_id", shield)
        place = ShieldMember.objects.filter(shield=shield, membership=second)[0]
        house.keys["shield_place"] = place.pk
    if confirm:
        with w.act(second):
            confirm_shield(shield=shield, by=second)
    with w.act(by):
        for hold in ShieldHold.objects.filter(shield=shield)[:1]:
            house.keep("hold_id", hold)


def _lifted(house: House, second: Membership) -> None:
    with w.act(house.by):
        shield = Shield.objects.get(pk=house.keys["shield_id"])
        propose_lift(shield=shield, by=house.by, reason="終わった")
    with w.act(second):
        lift_shield(shield=Shield.objects.get(pk=shield.pk), by=second)


def emergencies(city: w.World) -> dict[str, Standing]:
    """緊急閲覧: opened by oneself, opened in one's agency's case, over; elsewhere."""
    found = Standing(city.disability)
    for kind, by, opener in (
        ("own", "livelihood", "disability"), ("shared", "disability", "child"),
        ("closed", "livelihood", "disability"), ("foreign", "far_elderly", "elderly"),
    ):  # fmt: skip
        house = h.home(city.members[by], city)
        h.urgent(house, city.members[opener])
        if kind == "closed":
            _reviewed(house)
        setattr(found, kind, house.keys)
    return {"emergencies": found}


def _reviewed(house: House) -> None:
    officer = house.city.privacy
    with w.act(house.by):
        end_emergency(emergency=_emergency(house), by=house.by)
    with w.act(officer):
        review_emergency(
            emergency=_emergency(house), by=officer, finding="justified", review="必要だった"
        )


def _emergency(house: House) -> Emergency:
    return Emergency.objects.get(pk=house.keys["emergency_id"])


def visits(city: w.World, twin: House) -> dict[str, Standing]:
    """What an outreach worker wrote in a case of its own, a shared and a closed one."""
    found = Standing(city.outreach, foreign=twin.keys)
    for kind, by, helper in (
        ("own", "outreach", "child"), ("shared", "child", "outreach"),
        ("closed", "outreach", "child"),
    ):  # fmt: skip
        house = case_of(city, by, helper)
        h.visited(house, city.outreach)
        if kind == "closed":
            h.closed(house)
        setattr(found, kind, house.keys)
    return {"visits": found, "unopened": _unopened(city)}


def _unopened(city: w.World) -> Standing:
    """A visit under a carry-out, once there is a consent, before there is one, a closed case."""
    found = Standing(city.outreach)
    for kind, by, guest in (
        ("own", "child", "outreach"), ("shared", "child", "outreach"),
        ("closed", "child", "outreach"), ("foreign", "far_elderly", "far_outreach"),
    ):  # fmt: skip
        house, visitor = h.home(city.members[by], city), city.members[guest]
        out = carry_out(city.secretary, house.case, visitor)
        house.keys["visit"] = visit(visitor, under=out, text="灯りがついた").record_id
        if kind != "shared":
            h.let_in(house, guest)
        if kind == "closed":
            h.closed(house)
        setattr(found, kind, house.keys)
    return found


def matches(city: w.World, twin: House) -> dict[str, Standing]:
    """A match of one's own, one made by somebody else in a shared case, and one that is over."""
    found = Standing(city.participation, foreign=twin.keys)
    for kind, by, helpers in (
        ("own", "participation", ["child"]),
        ("shared", "child", ["participation", "far_participation"]),
        ("closed", "participation", ["child"]),
    ):
        house = case_of(city, by, *helpers)
        house.keys["resource_id"] = twin.keys["resource_id"]
        h.placed(house, city.members["far_participation" if kind == "shared" else by])
        if kind == "closed":
            h.closed(house)
        setattr(found, kind, house.keys)
    return {"matches": found}
