"""閲覧記録 (V10): the responsible agency reads who looked at its case, not what is others'."""

from __future__ import annotations

import uuid

import pytest

from agencies.enums import Action, Purpose
from agencies.models import AccessLog
from agencies.trail import log_access
from tests import world as w
from tests.cases.pages import get, note, page, referred, text

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]


@pytest.fixture
def city():
    return w.city()


def seen_by(member, case):
    with w.act(member):
        door = AccessLog.objects.visible_to(member).filter(case_id=case.pk)
        keys = set(door.values_list("pk", flat=True))
        floor = AccessLog.objects.filter(case_id=case.pk)
        assert keys == set(floor.values_list("pk", flat=True))
        return list(AccessLog.objects.filter(pk__in=keys).order_by("pk"))


def test_a_look_at_records_of_two_agencies_is_a_line_for_each(city):
    case, mother, _son, _consent = referred(city)
    ours = note(city.elderly, case, "母のこと", [mother])
    theirs = note(city.disability, case, "内々", [mother], audience="agency")
    assert page(city.disability, case).status_code == 200
    lines = [r for r in seen_by(city.elderly, case) if r.what == "case_detail"]
    assert [(r.membership_id, set(r.record_ids)) for r in lines] == [
        (city.disability.pk, {mother.pk, ours})
    ]
    inner = [r for r in seen_by(city.privacy, case) if theirs in r.record_ids]
    assert {r.author_agency_id for r in inner} == {city.disability.agency_id}


def test_nothing_under_secrecy_and_nothing_but_looks(city):
    case, *_rest = referred(city)
    hidden = [
        {"action": Action.OPEN, "basis": "106-6"},
        {"action": Action.OPEN, "purpose": Purpose.SUPPORT_CONFERENCE},
        {"action": Action.OPEN, "item_id": uuid.uuid4()},
        {"action": Action.OPEN, "basis": "secrecy"},
        {"action": Action.WRITE},
        {"action": Action.DENY, "was_allowed": False},
    ]
    with w.act(city.disability):
        for number, facts in enumerate(hidden):
            log_access(city.disability, what=f"hidden{number}", case_id=case.pk, **facts)
        log_access(city.disability, Action.OPEN, what="told", case_id=case.pk)
    told = {r.what for r in seen_by(city.elderly, case) if r.membership_id == city.disability.pk}
    assert "told" in told
    assert not any(what.startswith("hidden") for what in told)
    assert not seen_by(city.livelihood, case)
    assert len([r for r in seen_by(city.privacy, case) if r.what.startswith("hidden")]) == 6


def test_page_for_the_responsible_agency(city):
    case, *_rest = referred(city)
    page(city.disability, case)
    shown = text(get(city.elderly, f"/cases/{case.pk}/looks/"))
    assert "架空disabilityセンター" in shown
    assert str(city.disability.user) in shown
    assert f"/cases/{case.pk}/looks/" in text(page(city.elderly, case))
    for name, status in (("elderly2", 200), ("disability", 403), ("livelihood", 404)):
        assert get(city.members[name], f"/cases/{case.pk}/looks/").status_code == status
    assert get(city.privacy, f"/cases/{case.pk}/looks/").status_code == 403


def test_paper_for_the_person_names_agencies_and_no_staff(city):
    case, mother, son, _consent = referred(city)
    page(city.disability, case)
    shown = text(get(city.elderly, f"/cases/{case.pk}/looks/{mother.pk}/print/"))
    assert "架空disabilityセンター" in shown
    assert str(city.disability.user) not in shown
    # The son's basic information was not open to them.
    shown = text(get(city.elderly, f"/cases/{case.pk}/looks/{son.pk}/print/"))
    assert "架空disabilityセンター" not in shown
    assert get(city.elderly, f"/cases/{case.pk}/looks/{case.pk}/print/").status_code == 404
    assert get(city.disability, f"/cases/{case.pk}/looks/{mother.pk}/print/").status_code == 403
    with w.act(city.privacy):
        line = AccessLog.objects.filter(what="looks_print", action=Action.PRINT).latest("id")
    assert line.purpose == Purpose.DISCLOSURE
