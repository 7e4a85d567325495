"""open_visit_to_team: after the person's consent, beside the sealed visit (V6)."""

from __future__ import annotations

import pytest

from agencies.models import AccessLog
from agencies.permissions import ActionDenied
from cases.models import Record
from cases.operations import accept_referral, refer
from outreach.models import Visit
from outreach.operations import open_visit_to_team
from tests import world as w
from tests.cases.pages import get, page, post, text
from tests.outreach.conftest import carry_out, sees, visit

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]


@pytest.fixture
def sealed(city):
    """A visit of the outreach worker under a carry-out, of a household of the elderly agency."""
    case, (mother, son) = w.household(city.elderly)
    under = carry_out(city.coordinator, case, city.outreach, city.disability)
    row = visit(city.outreach, under=under, persons=[mother], text="灯りがついた")
    return case, mother, son, under, row


def let_in(city, case, mother):
    w.consent(city.elderly, mother, city.agencies["outreach"], city.agencies["elderly"])
    with w.act(city.elderly):
        sheet = refer(
            case=case, by=city.elderly, mode="consent", reason="訪問を", summary="母",
            persons=[mother], to_agency=city.agencies["outreach"],
        )  # fmt: skip
    with w.act(city.outreach):
        accept_referral(referral=sheet, by=city.outreach)


def refused(by, row, words):
    with w.act(by), pytest.raises(ActionDenied, match=words):
        open_visit_to_team(visit=row, by=by)


def test_before_consent_nothing_opens(city, sealed):
    case, _mother, _son, under, row = sealed
    refused(city.outreach, row, "支援チームに入ってから")
    refused(city.disability, row, "訪問を記録する")
    assert "支援チームの記録にする" not in text(
        get(city.outreach, f"/carry-outs/{under.pk}/visits/new/")
    )
    assert post(city.outreach, f"/visits/{row.pk}/open/", {}).status_code == 403
    assert post(city.elderly, f"/visits/{row.pk}/open/", {}).status_code == 403
    assert "灯りがついた" not in text(page(city.elderly, case))


def test_after_consent_a_record_of_the_team_stands_beside_the_sealed_one(city, sealed):
    case, mother, _son, under, row = sealed
    let_in(city, case, mother)
    shown = text(get(city.outreach, f"/carry-outs/{under.pk}/visits/new/"))
    assert f"/visits/{row.pk}/open/" in shown
    assert post(city.outreach, f"/visits/{row.pk}/open/", {}).status_code == 302
    assert post(city.outreach, f"/visits/{row.pk}/open/", {}).status_code == 403
    with w.act(city.outreach):
        opened = Visit.objects.get(record__carry_out__isnull=True)
        before = Record.objects.get(pk=row.pk)
        assert Visit.objects.get(pk=row.pk).opened_as_id == opened.pk
        assert opened.record.happened_at == before.happened_at
        assert AccessLog.objects.filter(what="open_visit_to_team", basis="106-6").count() == 1
    assert "灯りがついた" in text(page(city.elderly, case))
    assert sees(city.elderly, Visit, opened.pk)
    assert not sees(city.elderly, Visit, row.pk)
    assert sees(city.disability, Visit, row.pk)
    assert not sees(city.disability, Visit, opened.pk)


def test_every_person_the_visit_names_has_to_consent(city, sealed):
    case, mother, son, under, _row = sealed
    both = visit(city.outreach, under=under, persons=[mother, son])
    let_in(city, case, mother)
    refused(city.outreach, both, "同意がまだ")


def test_a_visit_of_ones_own_intake_is_opened_by_no_carry_out(city):
    case, (mother, _son) = w.household(city.outreach)
    row = visit(city.outreach, case=case, persons=[mother])
    refused(city.outreach, row, "持ち出しにもとづく自機関の訪問")


def test_a_sealed_visit_is_read_and_stands_in_no_list(city, sealed):
    *_household, row = sealed
    by = city.outreach
    with w.act(by):
        for rows in (Visit.objects, Record.objects):
            assert rows.visible_to(by).filter(pk=row.pk).exists()
            assert not rows.standing_with(by).filter(pk=row.pk).exists()
