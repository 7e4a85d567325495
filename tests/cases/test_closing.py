"""終結: what still runs and what closes is shown first; then the case is read only (V2)."""

from __future__ import annotations

import pytest

from agencies.models import Notice
from agencies.permissions import ActionDenied
from cases.models import Case
from cases.operations import close_case, write_note
from tests import world as w
from tests.cases.pages import get, note, page, post, referred, text
from tests.meetings import situations as m
from tests.plans import situations as p

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]

ANSWERS = {"kind": "settled", "reason": "生活が落ち着いた", "follow_up": "民生委員"}


@pytest.fixture
def city():
    return w.city()


def close(member, case, **changed):
    return post(member, f"/cases/{case.pk}/close/", {**ANSWERS, **changed})


def test_page_names_who_loses_how_many_records(city):
    case, mother, son, _consent = referred(city)
    note(city.elderly, case, "母のこと", [mother])
    note(city.elderly, case, "息子のこと", [son])
    note(city.elderly, case, "内々のこと", [mother], audience="agency")
    shown = text(get(city.elderly, f"/cases/{case.pk}/close/"))
    assert "架空disabilityセンターは、いま読める 1件の記録が見られなくなります。" in shown
    assert "終結は取り消せません" in shown


def test_close_ends_grants_tells_the_others_and_stays_readable(city):
    case, mother, _son, _consent = referred(city)
    note(city.elderly, case, "母のこと", [mother])
    assert close(city.elderly, case).status_code == 302
    shown = text(page(city.elderly, case))
    for words in ("このケースは終結しています", "生活が落ち着いた", "民生委員", "課題が解決した"):
        assert words in shown
    assert "終結する" not in shown
    assert "移管する" not in shown
    assert page(city.disability, case).status_code == 404
    with w.act(city.disability):
        assert Notice.objects.visible_to(city.disability).filter(kind="case_closed").count() == 1
    with w.act(city.elderly), pytest.raises(ActionDenied, match="終結しているため"):
        write_note(case=Case.objects.get(), by=city.elderly, text="あと", method="phone")
    assert close(city.elderly, case).status_code == 403


@pytest.mark.parametrize("name", ["disability", "elderly2", "livelihood", "privacy", "coordinator"])
def test_who_may_close(city, name):
    case, *_rest = referred(city)
    wanted = {"disability": 403, "elderly2": 200, "livelihood": 404, "privacy": 403}
    found = get(city.members[name], f"/cases/{case.pk}/close/").status_code
    assert found == wanted.get(name, 404)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"kind": ""}, "終結の理由を選んでください。"),
        ({"reason": ""}, "くわしい理由"),
        ({"reason": "あ" * 201}, "200文字以内"),
    ],
)
def test_bad_answer_gets_a_sentence_and_closes_nothing(city, changed, words):
    case, *_rest = referred(city)
    response = close(city.elderly, case, **changed)
    shown = text(response, 422)
    assert words in shown
    assert "民生委員" in shown
    with w.act(city.elderly):
        assert Case.objects.get().status == "active"


def test_plan_in_force_is_ended_first(city):
    scene = p.scene(city)
    p.in_force(scene)
    shown = text(get(city.coordinator, f"/cases/{scene.case.pk}/close/"))
    assert "先に終えるものがあります" in shown
    assert "「実施中」です" in shown
    assert '<form class="confirm' not in shown
    with w.act(city.coordinator), pytest.raises(ActionDenied, match="先に終えるもの"):
        close_case(case=scene.case, by=city.coordinator, reason="終結")


def test_item_on_an_agenda_stops_it_and_a_sealed_one_is_never_told(city):
    house = m.consented_household(city, "disability")
    item = m.consented_item(city, house, "disability")
    shown = text(get(city.elderly, f"/cases/{item.case_id}/close/"))
    assert "会議の議題にのっています" in shown
    w.list_secretary(city, city.coordinator)
    sealed = m.secret_item(city)
    shown = text(get(city.elderly, f"/cases/{sealed.case_id}/close/"))
    assert "守秘の世帯" not in shown
    assert "議題" not in shown
    assert close(city.elderly, Case(pk=sealed.case_id)).status_code == 302
