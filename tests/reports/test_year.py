"""The calendar of its own that a simulated year is held against (`reports.year`): days counted by
hand from the calendar of R8, and what the comparison says of a year that is not right."""

from __future__ import annotations

import datetime
import re
from collections import Counter
from pathlib import Path

import pytest

from reports.year import days as d
from reports.year.compare import compare
from reports.year.happened import told_of
from reports.year.model import Model, Word
from reports.year.play import is_right
from reports.year.script import CLOSED, FIRST, LAST, RULES, SCRIPT

PROFILES = Path(__file__).parents[2] / "agencies" / "profiles"
DAY = datetime.date
OFFICE = d.Office()


def lived(last=LAST):
    model = Model(PROFILES)
    for day in d.each_day(FIRST, last):
        model.bell(day)
        if model.act(day):
            model.bell(day)
    return model


@pytest.fixture(scope="module")
def year():
    return lived().expected()


def days_of(words, city, kind, about=None):
    return sorted({
        w.day for w in words
        if (w.city, w.kind) == (city, kind) and about in (None, w.about)
    })  # fmt: skip


@pytest.mark.parametrize(
    ("named", "way", "held"),
    [
        (DAY(2026, 9, 23), "next", DAY(2026, 9, 24)),  # 秋分の日, a Wednesday
        (DAY(2026, 9, 21), "next", DAY(2026, 9, 24)),  # 敬老の日, 国民の休日, 秋分の日
        (DAY(2026, 5, 4), "next", DAY(2026, 5, 7)),  # みどりの日, こどもの日, 振替休日
        (DAY(2026, 5, 6), "previous", DAY(2026, 5, 1)),
        (DAY(2026, 5, 6), "skip", None),
        (DAY(2026, 12, 29), "next", DAY(2026, 12, 28)),  # 1/4 lies in another month
        (DAY(2027, 1, 1), "previous", DAY(2027, 1, 4)),  # as does 12/28
        (DAY(2027, 2, 11), "previous", DAY(2027, 2, 10)),
        (DAY(2026, 6, 15), "skip", DAY(2026, 6, 15)),
    ],
)
def test_a_day_off_moves_a_sitting(named, way, held):
    assert OFFICE.held(named, way) == held


@pytest.mark.parametrize(
    ("day", "number", "found"),
    [
        (DAY(2027, 1, 6), 5, DAY(2026, 12, 24)),  # 1/5, 1/4, 12/28, 12/25, 12/24
        (DAY(2026, 5, 7), 1, DAY(2026, 5, 1)),
        (DAY(2026, 5, 7), 7, DAY(2026, 4, 22)),
        (DAY(2026, 9, 24), 2, DAY(2026, 9, 17)),
    ],
)
def test_working_days_are_counted_back(day, number, found):
    assert OFFICE.earlier(day, number) == found


def test_a_city_closes_on_days_of_its_own():
    office = d.Office(frozenset(CLOSED["kusatsu"]))
    assert not office.works(DAY(2026, 8, 14))
    assert OFFICE.works(DAY(2026, 8, 14))
    assert office.earlier(DAY(2026, 8, 17), 1) == DAY(2026, 8, 12)


def test_three_months_later_ends_with_the_month():
    assert d.months_later(DAY(2026, 11, 30), 3) == DAY(2027, 2, 28)
    assert d.months_later(DAY(2026, 12, 31), 3) == DAY(2027, 3, 31)


def test_every_second_month_and_a_month_without_the_day():
    assert [day.month for day in d.months(2).days(FIRST, FIRST, LAST)] == [4, 6, 8, 10, 12, 2]
    rule = RULES["29th, every second month"]
    days = rule.days(DAY(2026, 8, 1), DAY(2026, 8, 1), DAY(2027, 4, 30))
    assert days == [DAY(2026, 8, 29), DAY(2026, 10, 29), DAY(2026, 12, 29), DAY(2027, 4, 29)]


def test_the_fourth_wednesdays_of_kurume_in_r8():
    held = [OFFICE.held(day, "next") for day in d.nth_weekday("", 2, 4).days(FIRST, FIRST, LAST)]
    assert [(day.month, day.day) for day in held] == [
        (4, 22), (5, 27), (6, 24), (7, 22), (8, 26), (9, 24), (10, 28), (11, 25), (12, 23),
        (1, 27), (2, 24), (3, 24),
    ]  # fmt: skip


def test_nothing_is_expected_twice_or_on_a_day_off(year):
    assert max(year.values()) == 1
    offices = {city: d.Office(frozenset(closed)) for city, closed in CLOSED.items()}
    assert compare(year, year, offices)["on_holiday"] == []


def test_what_is_told_before_the_sitting_after_golden_week(year):
    told = {
        kind: days_of(year, "kusatsu", kind, "2026-05-07")
        for kind in ("call", "agenda", "notice", "pack", "eve")
    }
    assert told == {
        "call": ["2026-04-17"],
        "agenda": ["2026-04-22"],
        "notice": ["2026-04-24"],
        "pack": ["2026-04-30"],
        "eve": ["2026-05-01"],
    }


def test_a_moved_sitting_is_told_of_once_more_for_its_new_day(year):
    assert days_of(year, "kusatsu", "pack", "2026-07-06") == ["2026-07-02"]
    assert days_of(year, "kusatsu", "pack", "2026-07-09") == ["2026-07-07"]
    assert days_of(year, "kusatsu", "moved", "2026-07-09") == ["2026-07-02"]
    # Away and back again: the deadline of that day is told once.
    assert days_of(year, "gifu", "agenda", "2027-02-17") == ["2027-02-12"]


def test_a_forgotten_notice_is_asked_for_once_and_nothing_follows(year):
    assert days_of(year, "kusatsu", "notice", "2026-10-05") == ["2026-09-28"]
    assert days_of(year, "kusatsu", "pack", "2026-10-05") == []
    assert days_of(year, "kusatsu", "eve", "2026-10-05") == []


def test_the_sittings_of_katori_by_hand(year):
    words = [
        w for w in year if (w.city, w.body, w.kind) == ("katori", "plan-conference", "sitting")
    ]
    # Made three months ahead; the first two by the profile in April, from August by the 29th.
    assert sorted((w.about, w.day) for w in words) == [
        ("2026-04-24", "2026-04-01"), ("2026-06-26", "2026-04-01"), ("2026-08-31", "2026-05-01"),
        ("2026-10-30", "2026-07-01"), ("2026-12-28", "2026-09-28"), ("2027-04-30", "2027-01-30"),
        ("2027-06-29", "2027-03-29"),
    ]  # fmt: skip


def test_an_item_of_a_cancelled_sitting_waits_in_the_next(year):
    items = {w.who: w.about for w in year if w.kind == "item"}
    assert items["見守りの輪"] == "2026-09-24"
    assert items["移動の足"] == "2026-09-10"


def test_every_city_has_a_script_and_closing_days(year):
    assert {act.city for act in SCRIPT} == set(CLOSED) == {w.city for w in year}


def test_the_comparison_says_what_is_wrong(year):
    offices = {city: d.Office(frozenset(closed)) for city, closed in CLOSED.items()}
    eve = next(w for w in year if w.kind == "eve")
    pack = next(w for w in year if w.kind == "pack")
    late = pack._replace(day="2026-05-05")
    twice = next(w for w in year if w.kind == "call")
    found = compare(year, year - Counter([eve, pack]) + Counter([late, twice]), offices)
    assert found["missing"] == sorted([eve.said(), pack.said()])
    assert found["double"] == sorted([late.said(), twice.said()])
    assert found["on_holiday"] == [late.said()]
    right = {**compare(year, year, offices), "refused": [], "not_done": []}
    assert is_right(right)
    assert not is_right({**right, "missing": found["missing"]})


def test_a_sitting_on_a_holiday_is_seen():
    word = Word("katori", "plan-conference", "2026-11-03", "sitting", "planned", "2026-08-03")
    offices = {"katori": OFFICE}
    assert compare(Counter(), Counter([word]), offices)["on_holiday"] == [word.said()]
    gone = word._replace(who="cancelled")
    assert compare(Counter(), Counter([gone]), offices)["on_holiday"] == []


def test_the_day_a_notice_names():
    assert told_of("会議の議題を4/22まで受け付けます　令和8年5月7日（木） 14:00") == "2026-05-07"
    assert told_of("会議が中止になりました　令和8年12月　日程未定") == "2026-12"


@pytest.mark.parametrize("module", ["days", "model", "script", "compare"])
def test_the_expectation_shares_no_code_with_the_product(module):
    text = (PROFILES.parents[1] / "reports" / "year" / f"{module}.py").read_text()
    imports = re.findall(r"^(?:from|import) (\S+)", text, re.MULTILINE)
    ours = [name for name in imports if name.split(".")[0] in ("meetings", "agencies", "config")]
    assert ours == []
