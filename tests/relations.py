"""By whose row it is."""

from __future__ import annotations

from tests import houses as h
from tests import standing as cases
from tests import standing_city as city_
from tests import twoworlds
from tests import world as w
from tests.standing import Standing


def standings() -> dict[str, Standing]:
    """Every set by its name, all in one city."""
    scene = twoworlds.known("disability")
    twin = twoworlds.twin(scene, "disability")
    city, other = scene.city, w.city()
    h.staff(other)
    found = {"worker": cases.worker(scene, twin)}
    of = found["worker"]
    manager = w.make_member(city.agencies["disability"], "agency_manager")
    found["manager"] = Standing(manager, of.own, of.shared, of.closed, of.foreign)
    for make in (
        cases.referrals,
        cases.transfers,
        cases.running,
        cases.decided,
        cases.visits,
        cases.matches,
    ):
        found |= make(city, twin)
    for make in (cases.links, cases.shields, cases.emergencies, city_.items, city_.agreed):
        found |= make(city)
    found |= city_.registers(scene, other) | city_.calendar(city, other) | city_.people(city, other)
    return found | city_.officers(scene, other, found["emergencies"])
