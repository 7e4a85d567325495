"""Whose row it is, in conferences and in what is a city's: the second half of tests/standing.py."""

from __future__ import annotations

import copy

from django.test import Client
from django.utils import timezone
from psycopg.types.range import TimestamptzRange

from agencies.models import ConferenceType, Indicator, SecretariatMember
from agencies.operations import add_factor, create_membership, own_factors, remove_factor
from cases.models import CarryOutGrant
from community.models import CommunityIssue, Place
from community.operations import end_place, move_issue
from config.lib.fiscal import fiscal_year
from meetings.models import AgendaItem, InformationRequest, ItemGrant, ItemPerson, PaperCopy
from meetings.operations import (
    CarryOutFacts,
    decide_item,
    end_carry_out,
    end_secretary,
    invite_guest,
    open_sitting,
    record_reply,
    return_copy,
    revoke_appointment,
    revoke_person,
    send_notice,
    take_pledge,
    withdraw_item,
)
from participation.models import Resource
from participation.operations import end_resource
from tests import houses as h
from tests import twoworlds
from tests import world as w
from tests.houses import House
from tests.meetings.situations import make_sitting, opened, past, secret_item
from tests.owner import as_owner
from tests.plans.situations import DAY
from tests.signing import sign_in
from tests.standing import Standing, case_of


def items(city: w.World) -> dict[str, Standing]:
    """An item under secrecy: of the secretary's body, of somebody appointed to it, and over.
    Foreign is one of a body of the same office, on whose list the secretary does not stand."""
    secretary, appointed = Standing(city.secretary), Standing(city.outreach)
    elsewhere = _other_body(city)
    for kind, where in (("own", city), ("closed", city), ("foreign", elsewhere)):
        house = h.home(city.livelihood, where)
        sitting = make_sitting(where, "support")
        h.sealed(house, sitting, "outreach" if kind != "foreign" else "child")
        if kind != "foreign":
            with w.act(city.secretary):
                send_notice(sitting=sitting, by=city.secretary)
            with w.act(city.outreach):
                grant = ItemGrant.objects.get(pk=house.keys["grant_id"])
                take_pledge(grant=grant, by=city.outreach)
        _invited(house)
        if kind == "own":
            with w.act(city.secretary):
                open_sitting(sitting=sitting, by=city.secretary)
        if kind == "closed":
            _over(house)
        house.keys["step"] = "withdraw"
        setattr(secretary, kind, house.keys)
    appointed.shared, appointed.closed = secretary.own, secretary.closed
    appointed.foreign = secretary.foreign
    guests = Standing(
        city.secretary,
        **{
            kind: {"named": getattr(secretary, kind)["guest"]}
            for kind in ("own", "closed", "foreign")
        },
    )
    carried = Standing(city.secretary, foreign=secretary.foreign)
    carried.own, carried.closed = _carried(city), _carried(city, is_over=True)
    return {
        "secretary": secretary, "appointed": appointed, "guests": guests, "carried": carried,
        "visitor": _visitor(secretary),
    }  # fmt: skip


def _visitor(secretary: Standing) -> Standing:
    """The guest of the item that runs, who has pledged; that of another body is foreign."""
    with as_owner():
        guest = ItemPerson.objects.get(pk=secretary.own["guest"]).guest
        grant = ItemGrant.objects.get(membership=guest)
    assert guest is not None
    with w.act(guest):
        take_pledge(grant=grant, by=guest)
    return Standing(guest, shared=secretary.own | {"grant_id": grant.pk}, foreign=secretary.foreign)


def _carried(city: w.World, *, is_over: bool = False) -> dict[str, object]:
    """An item that has decided on a carry-out, and one that has taken it back."""
    by = city.secretary
    case, _persons = w.household(city.elderly)
    item = secret_item(city, case=case, secretary=by)
    opened(city, item.sitting, by)
    review_on = timezone.localdate() + 30 * DAY
    with w.act(by):
        decide_item(
            item=item, by=by, decision="roles", opinion="声をかける", minutes="話し合った",
            carry_out=CarryOutFacts("月2回、声をかける", [city.outreach], review_on),
        )  # fmt: skip
        if is_over:
            end_carry_out(item=AgendaItem.objects.get(pk=item.pk), by=by)
    return {"item_id": item.pk}


def _invited(house: House) -> None:
    by = house.city.secretary
    with w.act(by):
        item = AgendaItem.objects.get(pk=house.keys["item_id"])
        account = invite_guest(item=item, by=by, name="架空 医", organisation="医院")
        house.keys["guest"] = account.person.pk


def _other_body(city: w.World) -> w.World:
    """The same city, seen from another body under secrecy, with its own list."""
    there = copy.copy(city)
    with as_owner():
        office = city.agencies["coordinator"]
        body = ConferenceType.objects.create(
            municipality=city.city, code="watch", name="別の支援会議", bases=["106-6"],
            consent="not_required", host=office, secretariat=office,
            agenda_types=["information_sharing", "watching", "urgent"],
        )  # fmt: skip
    there.conferences = {**city.conferences, "support": body}
    second = w.make_member(office, "coordinator")
    there.members = {**city.members, "secretary": second}
    w.list_secretary(there, second)
    return there


def _over(house: House) -> None:
    """Everything about the item has been done, and its sitting is closed."""
    by, keys = house.city.secretary, house.keys
    with w.act(by):
        letter = InformationRequest.objects.get(pk=keys["letter_id"])
        today = timezone.localdate()
        record_reply(request=letter, by=by, outcome="received", replied_on=today, reply="来ている")
        return_copy(copy=PaperCopy.objects.get(pk=keys["copy_id"]), by=by)
        for name in ("named", "guest"):
            revoke_person(person=ItemPerson.objects.get(pk=keys[name]), by=by)
        item = AgendaItem.objects.get(pk=keys["item_id"])
        withdraw_item(item=item, by=by)
        revoke_appointment(grant=ItemGrant.objects.get(pk=keys["grant_id"]), by=by)
        ended = TimestamptzRange(*past())
        assert CarryOutGrant.objects.filter(content_object_id=keys["carry_out_id"]).update(
            period=ended
        )


def agreed(city: w.World) -> dict[str, Standing]:
    """An item with consent: proposed, taken part in, taken back."""
    found = Standing(city.disability)
    for kind, by, helper in (
        ("own", "disability", "child"), ("shared", "child", "disability"),
        ("closed", "disability", "child"), ("foreign", "far_elderly", "far_outreach"),
    ):  # fmt: skip
        house = case_of(city, by, helper, "coordinator")
        h.agreed(house, helper)
        house.keys["step"] = "withdraw"
        if kind == "closed":
            with w.act(house.by):
                withdraw_item(item=AgendaItem.objects.get(pk=house.keys["item_id"]), by=house.by)
        setattr(found, kind, house.keys)
    return {"party": found}


# --- the city's -------------------------------------------------------------------------------


def registers(scene: twoworlds.Scene, other: w.World) -> dict[str, Standing]:
    """Hosts, places, issues: of one's agency, of another in the city, ended, another city's."""
    city, by = scene.city, scene.city.participation
    found = Standing(by)
    assert scene.register is not None
    found.shared = scene.register.keys
    for kind, where in (("own", city), ("closed", city), ("foreign", other)):
        house = h.home(where.participation, where)
        h.hosted(house, where.participation)
        h.raised(house, where.participation)
        if kind == "closed":
            _ended(house)
        setattr(found, kind, house.keys)
    return {"register": found}


def _ended(house: House) -> None:
    by, on = house.by, timezone.localdate()
    with w.act(by):
        end_resource(resource=Resource.objects.get(pk=house.keys["resource_id"]), by=by, on=on)
        end_place(place=Place.objects.get(pk=house.keys["place_id"]), by=by, on=on)
        issue = CommunityIssue.objects.get(pk=house.keys["issue_id"])
        move_issue(issue=issue, by=by, to="working")
        move_issue(issue=issue, by=by, to="settled")


def calendar(city: w.World, other: w.World) -> dict[str, Standing]:
    """A sitting to come, one that is over, another city's; asked by its secretary."""
    found = Standing(city.secretary)
    for kind, where, days, state in (
        ("own", city, 3, "noticed"), ("closed", city, -3, "closed"),
        ("foreign", other, 3, "noticed"),
    ):  # fmt: skip
        sitting = make_sitting(where, "support", days=days, state=state)
        setattr(found, kind, {"sitting_id": sitting.pk, "step": "notice"})
    rules = Standing(city.secretary, own={"body_id": city.conferences["support"].pk})
    rules.foreign = {"body_id": other.conferences["support"].pk}
    return {"calendar": found, "rules": rules}


def people(city: w.World, other: w.World) -> dict[str, Standing]:
    """Memberships, the secretariat's list, one's own devices."""
    # tests/standing.py's manager of disability is there to confirm.
    agency = city.agencies["elderly"]
    manager = w.make_member(agency, "agency_manager")
    gone = w.make_member(agency, "consultation_worker", until=timezone.localdate() - DAY)
    with w.act(city.sysadmin):
        waiting = [
            create_membership(
                user=city.livelihood.user,
                agency=city.agencies[name], role=city.elderly.role, by=city.sysadmin,
            )
            for name in ("elderly", "disability")
        ]  # fmt: skip
    mine = {"membership_id": city.elderly2.pk}, {"membership_id": gone.pk}
    return {
        "accounts": Standing(
            city.sysadmin, own=mine[0], closed=mine[1],
            foreign={"membership_id": other.elderly.pk},
        ),
        "waiting": Standing(
            manager, own={"membership_id": waiting[0].pk}, closed=mine[1],
            foreign={"membership_id": waiting[1].pk},
        ),
        "staff": Standing(
            manager, own=mine[0], closed=mine[1], foreign={"membership_id": city.child.pk}
        ),
        **_lists(city, other),
        "devices": _devices(city),
    }  # fmt: skip


def _lists(city: w.World, other: w.World) -> dict[str, Standing]:
    """An entry one pledges for, a colleague's, last year's; an entry one has named."""
    own = w.make_member(city.agencies["coordinator"], "coordinator")
    w.list_secretary(city, own, is_pledged=False)
    w.list_secretary(city, own, years_ago=1)
    foreign = {"entry_id": h.listed(other)}
    with w.act(city.head):
        year = fiscal_year(timezone.localdate())
        entries = SecretariatMember.objects.filter(membership=own).order_by("fiscal_year")
        last, this = ({"entry_id": entry.pk} for entry in entries)
        colleague = SecretariatMember.objects.get(membership=city.secretary, fiscal_year=year)
        theirs = {"entry_id": colleague.pk}
    pledge, end = {"step": "pledge"}, {"step": "end"}
    return {
        "pledging": Standing(own, this | pledge, theirs | pledge, last | pledge, foreign | pledge),
        "naming": Standing(city.head, own=this | end, closed=_ended_entry(city) | end,
                           foreign=foreign | end),
    }  # fmt: skip


def _ended_entry(city: w.World) -> dict[str, object]:
    third = w.make_member(city.agencies["coordinator"], "coordinator")
    w.list_secretary(city, third)
    with w.act(city.head):
        entry = SecretariatMember.objects.get(membership=third)
        end_secretary(entry=entry, by=city.head)
    return {"entry_id": entry.pk}


def _devices(city: w.World) -> Standing:
    """One's own second factor, one taken away, and a colleague's."""
    found = Standing(city.elderly2)
    for kind, member in (
        ("own", city.elderly2), ("closed", city.elderly2), ("foreign", city.elderly),
    ):  # fmt: skip
        secret = sign_in(Client(), member).session.session_key or ""
        with w.act(member):
            assert add_factor(
                user=member.user, secret=secret, kind="totp", name=kind, content={"secret": "x"}
            )
            factor = next(f for f in own_factors(secret) if f.name == kind)
            if kind == "closed":
                remove_factor(secret=secret, factor_id=factor.id)
        setattr(found, kind, {"factor_id": factor.id})
    return found


def officers(scene: twoworlds.Scene, other: w.World, seen: Standing) -> dict[str, Standing]:
    """Duties in the whole city: the privacy officer's, the administration's figures."""
    city = scene.city
    assert scene.own
    assert scene.closed
    away = h.home(other.livelihood, other)
    h.urgent(away, other.disability)
    officer = Standing(city.privacy, foreign=away.keys)
    officer.own = {"person_id": scene.own.persons[0].pk}
    officer.own["emergency_id"] = seen.own["emergency_id"]
    officer.closed = {"person_id": scene.closed.persons[0].pk}
    officer.closed["emergency_id"] = seen.closed["emergency_id"]
    figures = Standing(city.admin)
    with as_owner():
        for kind, where in (("own", city), ("foreign", other)):
            row = Indicator.objects.create(
                municipality=where.city, code="chosa", label="割合", unit="%", source="survey",
                direction="up",
            )  # fmt: skip
            setattr(figures, kind, {"indicator_id": row.pk})
    return {"officer": officer, "figures": figures}
