"""When a consent ends: titles and due dates of the closed agency's open tasks go to the responsible
agency, and nothing else (V3)."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction

from agencies.models import Notice
from cases.models import Consent, LeftWork
from cases.operations import give_back, narrow_consent, withdraw_consent
from cases.operations.consent import terms_of
from cases.recertifying import line_of
from plans.models import Plan
from tests import world as w
from tests.cases.pages import get, page, post, text
from tests.plans import situations as sit

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def s():
    scene = sit.scene()
    sit.in_force(scene)
    return scene


def consent_of(s, person):
    with w.act(s.city.coordinator):
        return Consent.objects.get(person=person, withdrawn_at__isnull=True)


def test_the_confirmation_counts_the_open_tasks(s):
    given = consent_of(s, s.persons[0])
    shown = text(get(s.city.coordinator, f"/consents/{given.pk}/withdraw/"))
    assert "進行中の仕事 1件の担当もいなくなります。" in shown
    assert "題と期限だけが主担当機関に伝わります" in shown


def test_withdrawal_leaves_title_and_due_date(s):
    given = consent_of(s, s.persons[0])
    answer = post(s.city.coordinator, f"/consents/{given.pk}/withdraw/", {"reason": "希望"})
    assert answer.status_code == 302
    shown = text(page(s.city.coordinator, s.case))
    assert "担当のいなくなった仕事" in shown
    assert "家計相談" in shown
    assert s.city.agencies["disability"].name in shown
    for who, found in (("coordinator", 1), ("disability", 0), ("elderly", 0), ("privacy", 0)):
        by = s.city.members[who]
        with w.act(by):
            assert LeftWork._base_manager.count() == found, who
            assert LeftWork.objects.visible_to(by).count() == found, who
    with w.act(s.city.coordinator):
        row = LeftWork.objects.get()
        assert (row.title, row.due_on) == ("家計相談", sit.today() + 30 * sit.DAY)
        told = Notice.objects.visible_to(s.city.coordinator).filter(kind="left_work")
        assert told.count() == 1
        assert "家計相談" not in told.get().title
    with w.act(s.city.disability):
        assert not Plan.objects.exists()


def test_a_narrowing_that_takes_the_plan_leaves_its_tasks_too(s):
    given = consent_of(s, s.persons[0])
    with w.act(s.city.coordinator):
        former = terms_of(given, s.city.coordinator)
        narrower = [c for c in former.categories if c != "plan"]
        fewer = former.__class__(**{**vars(former), "categories": narrower})
        narrow_consent(consent=given, by=s.city.coordinator, terms=fewer)
        assert LeftWork.objects.count() == 1


def test_nothing_is_left_where_nothing_closes(s):
    given = consent_of(s, s.persons[0])
    with w.act(s.city.coordinator):
        former = terms_of(given, s.city.coordinator)
        fewer = former.__class__(
            **{**vars(former), "categories": [c for c in former.categories if c != "money"]}
        )
        narrow_consent(consent=given, by=s.city.coordinator, terms=fewer)
        assert not LeftWork.objects.exists()


def test_nobody_writes_into_another_agencys_hands(s):
    given = consent_of(s, s.persons[0])
    with w.act(s.city.coordinator):
        withdraw_consent(consent=given, by=s.city.coordinator, reason="希望")
    refused = pytest.raises(DatabaseError, match="row-level security")
    with refused, transaction.atomic(), w.act(s.city.coordinator):
        LeftWork(
            case=s.case,
            consent=given,
            from_agency=s.city.agencies["disability"],
            to_agency=s.city.agencies["elderly"],
            title="x",
            by=s.city.coordinator,
        ).save(force_insert=True)


def test_what_is_given_back_leaves_its_tasks_too(s):
    agency = s.city.agencies["disability"]
    manager = w.make_member(agency, "agency_manager")
    with w.act(manager):
        (line,) = [line for line in [line_of(manager, s.case)] if line.is_busy]
        assert "続いている仕事1件" in line.work
        give_back(case=s.case, by=manager)
        assert not Plan.objects.exists()
    with w.act(s.city.coordinator):
        assert [row.title for row in LeftWork.objects.all()] == ["家計相談"]
