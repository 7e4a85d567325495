"""What the tests of this room's pages share: signing in, and a household told in two persons."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from django.test import Client

from agencies.models import Membership
from cases.models import Case, Consent, Person
from cases.operations import accept_referral, refer, write_note
from cases.operations.case import PersonFacts
from tests import world as w
from tests.signing import sign_in


def client(member: Membership) -> Client:
    return sign_in(Client(), member)


def get(member: Membership, url: str) -> Any:
    return client(member).get(url)


def post(member: Membership, url: str, data: dict[str, Any]) -> Any:
    return client(member).post(url, data)


def send(member: Membership, url: str, data: dict[str, Any]) -> Any:
    """Open the form and send it with its hidden fields, as a browser does."""
    browser = client(member)
    form = browser.get(url).context["form"]
    hidden = {field.name: field.value() for field in form.hidden_fields()}
    return browser.post(url, {**hidden, **data})


def page(member: Membership, case: Case) -> Any:
    return get(member, f"/cases/{case.pk}/")


def text(response: Any, status: int = 200) -> str:
    assert response.status_code == status, response.status_code
    return response.content.decode()


def note(
    by: Membership,
    case: Case,
    words: str,
    persons: tuple[Person, ...] | list[Person] = (),
    **more: Any,
) -> uuid.UUID:
    with w.act(by):
        return write_note(
            case=case, by=by, text=words, method="visit", persons=persons, **more
        ).record_id


def two() -> tuple[PersonFacts, PersonFacts]:
    return (
        PersonFacts(
            name="架空野 花",
            name_kana="かくうの はな",
            relation="head",
            birth_on=datetime.date(1947, 5, 1),
        ),
        PersonFacts(name="別姓田 次郎", name_kana="べっせいだ じろう", relation="child"),
    )


def referred(city: w.World, **terms: Any) -> tuple[Case, Person, Person, Consent]:
    """Mother consents to disability, which has accepted; the son has not been asked."""
    case, (mother, son) = w.household(city.elderly, *two())
    given = w.consent(city.elderly, mother, city.agencies["disability"], **terms)
    with w.act(city.elderly):
        referral = refer(
            case=case,
            by=city.elderly,
            mode="consent",
            reason="お願いします",
            summary="母のこと",
            persons=[mother],
            to_agency=city.agencies["disability"],
        )
    with w.act(city.disability):
        accept_referral(referral=referral, by=city.disability)
    return case, mother, son, given
