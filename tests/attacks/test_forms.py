"""Every choice and hidden key of every form, sent with somebody else's row (V15).

The forms are found by opening every address that has one; what they offer, by asking them. A forged
value meets a sentence beside its field or a page that is not there, and no row changes.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.forms import BaseForm, BaseFormSet, UUIDField
from django.test import Client
from django.test.utils import CaptureQueriesContext

from config.lib.forms import IdempotencyKey
from config.lib.registry import registry
from tests import houses, twoworlds
from tests import world as w
from tests.addresses import addresses
from tests.meetings.situations import make_sitting
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.database]

ROOMS = {"cases", "plans", "meetings", "outreach", "participation", "community", "reports"}
TURNS = 2
WRITES = re.compile(r"^\s*(INSERT INTO|UPDATE|DELETE FROM)\s+\"(?!django_session)", re.IGNORECASE)


@pytest.fixture(autouse=True)
def _no_navigation(monkeypatch):
    """The same lines on every page; no form depends on them."""
    monkeypatch.setattr(registry, "navigation", [])


def forms_in(answer: Any) -> Iterator[BaseForm]:
    """Every form a page was rendered with, alone, in a set, or inside what it shows."""
    seen: set[int] = set()
    values = [v for layer in answer.context or () for d in layer.dicts for v in d.values()]
    for value in [*values, *(v for x in values for v in _inside(x))]:
        for form in value.forms if issubclass(type(value), BaseFormSet) else [value]:
            if issubclass(type(form), BaseForm) and id(form) not in seen:
                seen.add(id(form))
                yield form


def _inside(value: Any) -> list[Any]:
    """Asked of the type alone: what is lazy stays so."""
    held = getattr(value, "__dict__", {}) if type(value).__module__.split(".")[0] in ROOMS else {}
    return [v for v in held.values() if issubclass(type(v), BaseForm | BaseFormSet)]


class Strangers:
    """Rows of a household one has nothing to do with, and of another city."""

    def __init__(self, foreign: houses.House) -> None:
        other = w.city()
        case, persons = w.household(other.elderly)
        self.keys = [str(foreign.keys[k]) for k in ("person_id", "case_id", "note", "plan_id")]
        self.keys += [str(persons[0].pk), str(case.pk), str(other.elderly.pk)]
        self.keys += [str(foreign.by.pk)]
        numbers = [other.agencies["elderly"].pk, other.conferences["support"].pk]
        self.numbers = [str(number) for number in numbers]

    def value(self, field: Any, turn: int) -> str:
        """Something of the kind this field offers, but not offered: nobody's to choose here."""
        offered = [str(value) for value, _label in _flat(field.choices)] if _chooses(field) else []
        if any(value.isdigit() for value in offered):
            found = [*self.numbers, "999999"]
        elif not offered or any(re.fullmatch(r"[0-9a-f-]{36}", value) for value in offered):
            found = self.keys
        else:
            found = [*self.keys, "x"]
        found = [value for value in found if value not in offered]
        return found[turn % len(found)]


def _chooses(field: Any) -> bool:
    return hasattr(field, "choices")


def _flat(choices: Any) -> Iterator[tuple[Any, Any]]:
    for value, label in choices:
        if isinstance(label, list | tuple):
            yield from label
        else:
            yield value, label


def forged(form: BaseForm, strangers: Strangers, turn: int) -> dict[str, str]:
    """The form's own hidden fields, and a stranger's row in every choice and key."""
    data = {field.html_name: field.value() for field in form.hidden_fields()}
    for name, field in form.fields.items():
        is_key = isinstance(field, UUIDField) and not isinstance(field, IdempotencyKey)
        if _chooses(field) or is_key:
            data[form.add_prefix(name)] = strangers.value(field, turn)
    return {name: value for name, value in data.items() if value is not None}


def faults(
    client: Client, name: str, url: str, strangers: Strangers, turns: int
) -> Iterator[tuple[Any, ...]]:
    """What a page's forms take that they should not."""
    for turn in range(turns):
        page = client.get(url)
        shown = list(forms_in(page)) if page.status_code == 200 else []
        data: dict[str, str] = {"form_key": str(uuid.uuid4())}
        for form in shown:
            data |= forged(form, strangers, turn)
        chosen = {
            form.add_prefix(n) for form in shown for n, f in form.fields.items() if _chooses(f)
        }
        if not chosen:
            return
        with transaction.atomic(), CaptureQueriesContext(connection) as queries:
            answer = client.post(url, data)
            transaction.set_rollback(True)
        wrote = [q["sql"][:80] for q in queries.captured_queries if WRITES.match(q["sql"])]
        if answer.status_code not in {403, 404, 422} or wrote:
            yield name, "taken", answer.status_code, data, wrote
        if answer.status_code == 422:
            said = {
                form.add_prefix(n): " ".join(map(str, errors))
                for form in forms_in(answer)
                for n, errors in form.errors.items()
            }
            # Of several forms on a page the one that was sent comes back, the others as they were.
            sent = [form for form in forms_in(answer) if form.is_bound]
            if not sent:
                yield name, "no form", answer.status_code, data
            again = {form.add_prefix(n) for form in sent for n in form.fields}
            for field in sorted(chosen & again):
                if not said.get(field, "").endswith("。") and field in data:
                    yield name, field, "no sentence", data[field]


def test_no_form_takes_anothers_row():
    """A consultation worker's forms about a case of their own; other roles and cases of others in
    tests/prove."""
    wrong, asked = taken("disability", is_shared_too=False)
    assert wrong == []
    assert asked > 20


def taken(
    role: str, *, is_shared_too: bool, turns: int = TURNS
) -> tuple[list[tuple[Any, ...]], int]:
    """What the role's forms take that they should not, and how many addresses have a form."""
    with twoworlds.silence():
        scene = twoworlds.known(role)
        foreign = houses.home(scene.city.far_elderly, scene.city, is_known_to_office=False)
        houses.written(foreign)
        houses.planned(foreign)
        strangers = Strangers(foreign)
        client = sign_in(Client(), scene.member)
        wrong, asked = [], set()
        for address in addresses():
            if not {"GET", "POST"} <= address.methods or address.name in {"signin", "case_search"}:
                continue
            for house in (scene.own, scene.shared if is_shared_too else None):
                if house is None or (not address.keys and house is scene.shared):
                    continue
                keys = {name: house.key(address.name, name) for name in address.keys}
                if None not in keys.values():
                    url = address.url(**keys)
                    wrong += list(faults(client, address.name, url, strangers, turns))
                    asked.add(address.name)
    return wrong, len(asked)


def test_no_form_of_a_sealed_item_takes_anothers_row():
    """The secretary's forms: people, papers, decisions, carry-outs."""
    with twoworlds.silence():
        city = w.city()
        houses.staff(city)
        house = houses.home(city.elderly, city)
        houses.sealed(house, make_sitting(city, "support", days=1), "outreach")
        foreign = houses.home(city.far_elderly, city)
        houses.written(foreign)
        houses.planned(foreign)
        strangers = Strangers(foreign)
        client = sign_in(Client(), city.secretary)
        wrong = []
        for address in addresses():
            keys = {name: house.key(address.name, name) for name in address.keys}
            if {"GET", "POST"} <= address.methods and keys and None not in keys.values():
                url = address.url(**keys)
                wrong += list(faults(client, address.name, url, strangers, TURNS))
    assert wrong == []


@pytest.mark.parametrize("query", ["case", "plan", "referral"])
def test_a_key_in_the_query_is_asked_of_the_gate(query):
    """付議 and the choice of a case name rows in the address: another's is not there."""
    city = w.city()
    houses.staff(city)
    foreign = houses.home(city.far_elderly, city)
    houses.let_in(foreign, "far_outreach")
    houses.planned(foreign)
    make_sitting(city, "plan", days=1)
    key = foreign.keys[{"case": "case_id", "plan": "plan_id", "referral": "referral_id"}[query]]
    client = sign_in(Client(), city.coordinator)
    hidden = client.get("/meetings/items/new/", {query: key})
    nothing = client.get("/meetings/items/new/", {query: uuid.uuid4()})
    assert hidden.status_code == nothing.status_code == 404
