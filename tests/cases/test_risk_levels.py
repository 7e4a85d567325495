"""A city's own levels of a risk sheet, and what on a sheet is our reading of its source."""

from __future__ import annotations

import pytest
from django.utils import timezone

from agencies.loading import load_profile
from agencies.profile import read_profile
from cases.models import Case
from cases.operations import RiskDecision, decide_risk
from cases.risksheets import find, sheets
from tests import world as w
from tests.cases.assessed import sheet
from tests.cases.pages import get, referred, text
from tests.owner import as_owner

pytestmark = [pytest.mark.django_db(databases=["default", "owner"]), pytest.mark.database]

CITY = """
[city]
code = "{code}"
name = "架空市"
prefecture = "架空県"
project_name = "事業"
"""
OWN = """
[[risk_levels]]
sheet = "child"
code = "urgent"
name = "すぐ"
meaning = "その日のうちに会う"
any_of = ["1", "2", "3", "4", "5"]
red = true
source = "架空市こども虐待対応の手引き（令和8年）12ページ"
[[risk_levels]]
sheet = "child"
code = "watch"
name = "見守り"
meaning = "学校と一緒に見守る"
any_of = ["6", "7"]
source = "架空市こども虐待対応の手引き（令和8年）12ページ"
"""
ENDED = OWN.replace('any_of = ["6", "7"]', "ended = true")


@pytest.fixture
def city():
    return w.city()


def loaded(city, words, tmp_path):
    path = tmp_path / "city.toml"
    path.write_text(CITY.format(code=city.city.code) + words, encoding="utf-8")
    with as_owner():
        load_profile(read_profile(path))
    city.city.refresh_from_db()
    for name, member in city.members.items():
        city.members[name] = type(member).objects.with_names().get(pk=member.pk)


def yes(*codes):
    return {code: {"answer": "yes"} for code in codes}


def test_a_citys_profile_replaces_the_levels_of_a_sheet(city, tmp_path):
    case, _mother, son, _given = referred(city)
    before = sheet(city.elderly, case, son, "child-5-denies", code="child")
    assert before.computed_level == "b"
    loaded(city, OWN, tmp_path)
    with w.act(city.elderly):
        case = Case.objects.get(pk=case.pk)
    now = sheet(city.elderly, case, son, "child-5-denies", code="child")
    assert now.computed_level == "urgent"
    shown = text(get(city.elderly, f"/risk/{now.pk}/"))
    for words in ("すぐ", "その日のうちに会う", "市の規則（架空市こども虐待対応の手引き"):
        assert words in shown
    # What was found by the rule of that day stays what it was.
    assert "緊急度B〜D" in text(get(city.elderly, f"/risk/{before.pk}/"))
    # The sheets the profile does not name, and other cities, stay as they are.
    known = sheets(city.city)
    assert find(known["elder"], yes("elder-4-fear")).level.code == "yellow"
    assert find(sheets(w.city("other").city)["child"], yes("child-6-fear")).level.code == "b"
    assert find(known["child"], yes("child-6-fear")).level.code == "watch"
    assert find(known["child"], yes("child-8-money")).level.code == "none"


def test_a_level_used_no_longer_is_read_and_not_chosen(city, tmp_path):
    loaded(city, OWN, tmp_path)
    case, _mother, son, _given = referred(city)
    risk = sheet(city.elderly, case, son, "child-6-fear", code="child")
    told = RiskDecision("watch", timezone.localdate(), "個別ケース検討会議")
    with w.act(city.elderly):
        decide_risk(risk=risk, by=city.elderly, version=1, decision=told)
    loaded(city, ENDED, tmp_path)
    assert "見守り" in text(get(city.elderly, f"/risk/{risk.pk}/"))
    assert 'value="watch"' not in text(get(city.elderly, f"/risk/{risk.pk}/decide/"))


def test_out_of_the_profile_the_published_levels_hold_again(city, tmp_path):
    loaded(city, OWN, tmp_path)
    loaded(city, "", tmp_path)
    assert [level.code for level in sheets(city.city)["child"].levels] == ["aa", "a", "b"]


def test_a_level_that_is_our_reading_says_so_on_screen_and_on_paper(city):
    case, _mother, son, _given = referred(city)
    risk = sheet(city.elderly, case, son, "disability-7-house", code="disability")
    for url in (f"/risk/{risk.pk}/", f"/risk/{risk.pk}/print/"):
        shown = text(get(city.elderly, url))
        assert "読み替え" in shown
    notes = {code: known.notes for code, known in sheets(None).items()}
    assert notes["elder"] == []
    assert [len(found) for found in notes.values()] == [0, 1, 1]


def test_the_sheets_follow_the_citys_word_for_shogai(city):
    with as_owner():
        city.city.wording_shogai = "障がい"
        city.city.save()
    known = sheets(city.city)["disability"]
    assert known.name.startswith("障がい者")
    assert "障害" not in "".join(item.text for item in known.items)
