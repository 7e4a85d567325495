"""期限切れ, for an agency and for who runs conferences: as far as consents reach (V3)."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from agencies.models import AccessLog
from tests import world as w
from tests.owner import as_owner
from tests.plans import situations as s
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db(databases=["default", "owner"]), pytest.mark.database]


@pytest.fixture
def scene():
    return s.scene()


def shown(member, **asked):
    return sign_in(Client(), member).get(reverse("late_list"), asked)


def late_plan(scene):
    """A plan in force: one task, the review and the period are over, another task is not."""
    by = scene.city.coordinator
    return s.in_force(
        scene,
        facts=s.facts(
            starts_on=s.today() - 90 * s.DAY,
            ends_on=s.today() - s.DAY,
            review_on=s.today() - 12 * s.DAY,
        ),
        items=[s.item(scene.city.disability, days=-3), s.item(by, "進行の管理", days=5)],
    )


def test_the_office_sees_all_that_is_late_and_the_longest_first(scene):
    late_plan(scene)
    page = shown(scene.city.coordinator)
    assert [row["late"] for row in page.context["tasks"]] == ["3日超過"]
    assert [row["late"] for row in page.context["reviews"]] == ["12日超過"]
    assert [row["late"] for row in page.context["ended"]] == ["1日超過"]
    assert "進行の管理" not in page.content.decode()
    assert "架空disabilityセンター" in page.context["tasks"][0]["who"]


def test_an_agency_sees_its_own_first_and_may_ask_for_others(scene):
    plan = late_plan(scene)
    page = shown(scene.city.disability)
    assert len(page.context["tasks"]) == 1
    assert page.context["reviews"] == page.context["ended"] == []
    author = str(scene.city.coordinator.agency_id)
    other = shown(scene.city.disability, agency=author)
    assert other.context["tasks"] == []
    assert len(other.context["reviews"]) == 1
    assert len(shown(scene.city.disability, agency="x").context["reviews"]) == 1
    with as_owner():
        looks = AccessLog.objects.filter(what="late_list", membership=scene.city.disability)
        assert [plan.pk] in [row.record_ids for row in looks]


def test_who_no_consent_names_sees_nothing(scene):
    late_plan(scene)
    page = shown(scene.city.child, agency="")
    assert page.context["tasks"] == page.context["reviews"] == page.context["ended"] == []


def test_what_is_done_or_over_is_not_late(scene):
    s.ended(scene, "close")
    assert shown(scene.city.coordinator).context["reviews"] == []
    with w.act(scene.city.coordinator):
        assert not shown(scene.city.coordinator).context["has_more"]
