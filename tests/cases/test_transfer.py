"""移管: with consents that cover the new agency, accepted by it, leaving behind the rest (V2)."""

from __future__ import annotations

import contextlib
import uuid

import pytest
from django.db import DatabaseError, connection, transaction

from agencies.models import Notice
from agencies.permissions import ActionDenied
from cases.models import Case, Person, Record, SupportTeam, Transfer
from cases.operations import (
    accept_transfer,
    add_person,
    cancel_transfer,
    return_transfer,
    transfer_case,
    withdraw_consent,
)
from cases.operations.case import PersonFacts
from tests import world as w
from tests.cases.pages import get, note, page, post, text, two

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]


@pytest.fixture
def city():
    return w.city()


@pytest.fixture
def house(city):
    """Mother and son both consent to disability; the mother also to the agency that has them."""
    case, (mother, son) = w.household(city.elderly, *two())
    both = (city.agencies["disability"], city.agencies["elderly"])
    first = w.consent(city.elderly, mother, *both, household_tick=True)
    w.consent(city.elderly, son, both[0], categories=["basic", "money"])
    return case, mother, son, first


def sent(city, case, to="disability"):
    with w.act(city.elderly):
        return transfer_case(
            case=case, by=city.elderly, to_agency=city.agencies[to], reason="障害の支援が中心に"
        )


def moved(city, case):
    transfer = sent(city, case)
    with w.act(city.disability):
        accept_transfer(transfer=transfer, by=city.disability)
    return transfer


def test_accepting_moves_responsibility_and_leaves_behind_what_no_consent_covers(city, house):
    case, mother, son, _consent = house
    covered = note(city.elderly, case, "母のこと", [mother])
    whole = note(city.elderly, case, "世帯のこと")
    uncovered = note(city.elderly, case, "息子の経過", [son])
    inner = note(city.elderly, case, "内々", [mother], audience="agency")
    assert page(city.disability, case).status_code == 404
    moved(city, case)
    rows = Record.objects.filter
    with w.act(city.disability):
        assert Case.objects.get().responsible_agency_id == city.disability.agency_id
        assert Person.objects.visible_to(city.disability).count() == 2
        seen = set(Record.objects.visible_to(city.disability).values_list("pk", flat=True))
        assert seen == {covered, whole}
    for key in (covered, whole, uncovered, inner):
        with w.act(city.elderly):
            assert rows(pk=key).exists()  # its own records stay with who wrote them
    assert text(page(city.disability, case)).count("主担当を移管しました") == 1
    assert get(city.elderly, f"/cases/{case.pk}/close/").status_code == 403
    assert get(city.disability, f"/cases/{case.pk}/close/").status_code == 200


def test_former_agency_keeps_its_place_only_where_a_consent_names_it(city, house):
    case, mother, _son, _consent = house
    moved(city, case)
    later = note(city.disability, case, "その後", [mother])
    with w.act(city.elderly):
        assert Record.objects.visible_to(city.elderly).filter(pk=later).exists()
    other, (person,) = w.household(city.elderly, two()[0])
    w.consent(city.elderly, person, city.agencies["disability"])
    moved(city, other)
    hidden = note(city.disability, other, "その後", [person])
    with w.act(city.elderly):
        assert not Record.objects.visible_to(city.elderly).filter(pk=hidden).exists()
        assert Case.objects.visible_to(city.elderly).filter(pk=other.pk).exists()
    with w.act(city.disability):
        team = SupportTeam.objects.filter(case=other, left_at__isnull=True)
        assert [t.agency_id for t in team] == [city.disability.agency_id]


def test_every_living_person_has_to_be_covered_in_basic_information(city, house):
    case, *_rest = house
    with w.act(city.elderly), pytest.raises(ActionDenied, match="別姓田 次郎さん"):
        transfer_case(case=case, by=city.elderly, to_agency=city.agencies["child"], reason="x")
    shown = text(
        post(
            city.elderly,
            f"/cases/{case.pk}/transfer/",
            {
                "form_key": str(uuid.uuid4()),
                "to_agency": str(city.agencies["child"].pk),
                "reason": "こどもの支援",
                "step": "check",
            },
        ),
        422,
    )
    assert "架空野 花さん・別姓田 次郎さんの、架空childセンターへの同意" in shown
    assert "こどもの支援" in shown


def test_pages_show_what_goes_and_what_stays_then_the_other_agency_answers(city, house):
    case, mother, son, _consent = house
    note(city.elderly, case, "母のこと", [mother])
    note(city.elderly, case, "息子の経過", [son])
    data = {
        "form_key": str(uuid.uuid4()),
        "to_agency": str(city.agencies["disability"].pk),
        "reason": "障害の支援が中心に",
    }
    url = f"/cases/{case.pk}/transfer/"
    shown = text(post(city.elderly, url, {**data, "step": "check"}))
    assert "支援経過 1件" in shown
    assert "同意が及ばないため、渡らない記録" in shown
    first = post(city.elderly, url, {**data, "step": "send"})
    assert first.status_code == 302
    with w.act(city.elderly):
        assert Transfer.objects.count() == 1
    assert "返事待ち" in text(page(city.elderly, case))
    assert "移管の依頼が届いています" in text(get(city.disability, "/"))
    detail = first.url
    assert "受け入れる" in text(get(city.disability, detail))
    for name, status in (("elderly2", 200), ("livelihood", 404), ("privacy", 403)):
        assert get(city.members[name], detail).status_code == status
    assert post(city.elderly, f"{detail}accept/", {}).status_code == 403
    assert post(city.disability, f"{detail}accept/", {}).status_code == 302
    assert post(city.disability, f"{detail}accept/", {}).status_code == 403
    assert "主担当を移管しました" in text(page(city.disability, case))


def test_return_needs_a_reason_and_closes_it_for_the_receiver(city, house):
    case, *_rest = house
    transfer = sent(city, case)
    detail = f"/transfers/{transfer.pk}/"
    assert "返却の理由を書いてください。" in text(
        post(city.disability, f"{detail}return/", {}), 422
    )
    with w.act(city.disability):
        return_transfer(transfer=transfer, by=city.disability, reason="体制がない")
    assert get(city.disability, detail).status_code == 404
    assert "体制がない" in text(get(city.elderly, detail))
    with w.act(city.elderly):
        assert Notice.objects.visible_to(city.elderly).filter(kind="transfer").exists()
        assert Case.objects.get().responsible_agency_id == city.elderly.agency_id


def test_withdrawal_closes_a_waiting_transfer_and_cancel_takes_it_back(city, house):
    case, _mother, _son, given = house
    transfer = sent(city, case)
    assert w.sees(city.disability, Rows(Transfer, transfer.pk))
    with w.act(city.elderly):
        withdraw_consent(consent=given, by=city.elderly, reason="本人の希望")
    assert not w.sees(city.disability, Rows(Transfer, transfer.pk))
    assert get(city.disability, f"/transfers/{transfer.pk}/").status_code == 404
    with w.act(city.elderly):
        cancel_transfer(transfer=transfer, by=city.elderly)
        assert Transfer.objects.get().state == "cancelled"


def test_person_added_meanwhile_without_consent_stops_it(city, house):
    case, *_rest = house
    transfer = sent(city, case)
    with w.act(city.elderly):
        add_person(case=case, by=city.elderly, facts=PersonFacts(name="架空野 孫"))
    with w.act(city.disability), pytest.raises(ActionDenied, match="世帯員が加わったか"):
        accept_transfer(transfer=transfer, by=city.disability)


SQL = {
    "update cases_case set responsible_agency_id = %(mine)s": "disability",
    "insert into cases_transfer select * from cases_transfer": "disability",
    "update cases_transfer set state = 'accepted'": "disability",
    "select kasane.answer_transfer(%(key)s, 'accepted', '')": "elderly",
    "select kasane.send_transfer(gen_random_uuid(), %(case)s, %(child)s, 'x')": "elderly",
    "select kasane.not_covered(%(case)s, %(mine)s)": "disability",
}


@pytest.mark.parametrize("sql", SQL)
def test_the_applications_login_moves_nothing_by_itself(city, house, sql):
    case, *_rest = house
    transfer = sent(city, case)
    by = city.members[SQL[sql]]
    facts = {"mine": by.agency_id, "key": transfer.pk, "case": case.pk}
    facts["child"] = city.agencies["child"].pk
    with w.act(by), connection.cursor() as cursor:
        changed = 0
        with contextlib.suppress(DatabaseError), transaction.atomic():
            cursor.execute(sql, facts)
            changed = cursor.rowcount
        assert changed == 0
        cursor.execute("select count(*) from cases_case where responsible_agency_id = %(mine)s",
                       {"mine": city.disability.agency_id})  # fmt: skip
        assert cursor.fetchone() == (0,)


class Rows:
    """Rows by key for `sees`, whoever asks."""

    def __init__(self, model, *keys):
        self.model, self.keys = model, keys

    def values_list(self, *_names, **_more):
        return self.keys
