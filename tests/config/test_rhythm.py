"""When a conference series is due."""

from datetime import date, timedelta

import jpholiday
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.lib.rhythm import (
    ANCHOR,
    NEXT,
    ON_DAY_OFF,
    PREVIOUS,
    SKIP,
    OpenDays,
    Recurrence,
    UnknownRule,
    monthly_rule,
    occurrences,
    weekly_rule,
)

OPEN = OpenDays()
WEDNESDAY = 2
FOURTH_WEDNESDAY = monthly_rule(nths=[4], weekday=WEDNESDAY)
DAYS = st.dates(min_value=date(2021, 5, 1), max_value=date(2045, 12, 31))
NTHS = st.lists(st.sampled_from([1, 2, 3, 4, 5, -1]), min_size=1, max_size=3, unique=True)
RULES = st.one_of(
    st.builds(
        lambda months, nths, weekday: monthly_rule(months=months, nths=nths, weekday=weekday),
        st.integers(1, 12),
        NTHS,
        st.integers(0, 6),
    ),
    st.builds(
        lambda months, day: monthly_rule(months=months, day=day),
        st.integers(1, 12),
        st.integers(1, 28),
    ),
    st.builds(
        lambda weeks, weekday: weekly_rule(weeks=weeks, weekday=weekday),
        st.integers(1, 8),
        st.integers(0, 6),
    ),
)
OFFICES = st.builds(lambda days: OpenDays(frozenset(days)), st.lists(DAYS, max_size=20))


def on(rule: str, start: date, end: date, way: str = NEXT, office: OpenDays = OPEN) -> list[date]:
    return [
        one.on
        for one in occurrences(Recurrence(rule, way), start, end, office)
        if one.on is not None
    ]


def test_rules_are_those_of_rfc_5545():
    assert FOURTH_WEDNESDAY == "FREQ=MONTHLY;BYDAY=4WE"
    assert monthly_rule(months=2) == "FREQ=MONTHLY;INTERVAL=2"
    assert monthly_rule(nths=[2, 4], weekday=3) == "FREQ=MONTHLY;BYDAY=2TH,4TH"
    assert monthly_rule(day=15) == "FREQ=MONTHLY;BYMONTHDAY=15"
    assert weekly_rule(weeks=2, weekday=0) == "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO"


@pytest.mark.parametrize(
    ("rule", "month", "day"),
    [
        ("FREQ=MONTHLY;BYDAY=4WE", date(2026, 11, 1), date(2026, 11, 25)),
        ("FREQ=MONTHLY;BYDAY=4WE", date(2026, 12, 1), date(2026, 12, 23)),
        ("FREQ=MONTHLY;BYDAY=2TH", date(2027, 2, 1), date(2027, 2, 12)),  # the 11th: 建国記念の日
        ("FREQ=MONTHLY;BYDAY=1TU", date(2026, 11, 1), date(2026, 11, 4)),  # the 3rd: 文化の日
        ("FREQ=MONTHLY;BYDAY=-1TH", date(2026, 12, 1), date(2026, 12, 28)),  # 31st: 年末年始
        ("FREQ=MONTHLY;BYDAY=1FR", date(2027, 1, 1), date(2027, 1, 4)),  # the 1st
        ("FREQ=MONTHLY;BYMONTHDAY=29", date(2026, 4, 1), date(2026, 4, 30)),  # 昭和の日
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", date(2026, 5, 1), date(2026, 5, 29)),
    ],
)
def test_the_day_of_a_month(rule, month, day):
    last = (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    assert on(rule, month, last) == [day]


@pytest.mark.parametrize(
    ("way", "days"),
    [
        (NEXT, [date(2027, 5, 6)]),  # 3rd to 5th: 憲法記念日, みどりの日, こどもの日
        (PREVIOUS, [date(2027, 5, 6)]),  # nothing open before it in May: the 1st is a Saturday
        (SKIP, []),
    ],
)
def test_what_a_day_off_means(way, days):
    assert on("FREQ=MONTHLY;BYDAY=1MO", date(2027, 5, 1), date(2027, 5, 31), way) == days


def test_the_day_before_a_day_off():
    [day] = on("FREQ=MONTHLY;BYDAY=2TH", date(2027, 2, 1), date(2027, 2, 28), PREVIOUS)
    assert day == date(2027, 2, 10)


def test_a_closing_day_of_the_city_is_a_day_off():
    office = OpenDays(frozenset({date(2026, 11, 25), date(2026, 11, 26)}))
    november = (date(2026, 11, 1), date(2026, 11, 30))
    assert on(FOURTH_WEDNESDAY, *november, NEXT, office) == [date(2026, 11, 27)]
    assert on(FOURTH_WEDNESDAY, *november, PREVIOUS, office) == [date(2026, 11, 24)]
    assert on(FOURTH_WEDNESDAY, *november, SKIP, office) == []


def test_months_without_a_fifth_weekday_have_none():
    days = on("FREQ=MONTHLY;BYDAY=5WE", date(2026, 4, 1), date(2027, 3, 31))
    assert [day.month for day in days] == [4, 7, 9, 12, 3]


def test_a_rule_without_a_day_gives_months_even_one_begun():
    found = occurrences(Recurrence("FREQ=MONTHLY"), date(2026, 11, 22), date(2027, 1, 2), OPEN)
    assert [(one.slot, one.on) for one in found] == [
        (date(2026, 11, 1), None),
        (date(2026, 12, 1), None),
        (date(2027, 1, 1), None),
    ]


def test_every_second_month_counts_from_april_or_from_the_series_own_beginning():
    year = (date(2026, 4, 1), date(2027, 3, 31))
    every = occurrences(Recurrence("FREQ=MONTHLY;INTERVAL=2"), *year, OPEN)
    assert [one.slot.month for one in every] == [4, 6, 8, 10, 12, 2]
    since = Recurrence("FREQ=MONTHLY;INTERVAL=2", NEXT, date(2026, 5, 20))
    assert [one.slot.month for one in occurrences(since, *year, OPEN)] == [5, 7, 9, 11, 1, 3]


def test_nothing_before_the_anchor_and_nothing_backwards():
    early = Recurrence(FOURTH_WEDNESDAY, NEXT, date(2026, 12, 24))
    assert occurrences(early, date(2026, 12, 1), date(2026, 12, 31), OPEN) == []
    assert occurrences(early, date(2027, 2, 1), date(2027, 1, 1), OPEN) == []
    assert on(FOURTH_WEDNESDAY, ANCHOR - timedelta(days=60), ANCHOR) == []


def test_two_days_of_a_rule_that_fall_on_one_day_are_one_sitting():
    closed = OpenDays(frozenset(date(2026, 6, day) for day in range(9, 16)))
    found = on("FREQ=MONTHLY;BYMONTHDAY=9,15", date(2026, 6, 1), date(2026, 6, 30), NEXT, closed)
    assert found == [date(2026, 6, 16)]


@pytest.mark.parametrize(
    "rule",
    [
        "", "FREQ=DAILY", "FREQ=HOURLY;BYDAY=MO", "FREQ=WEEKLY", "FREQ=YEARLY", "MONTHLY",
        "FREQ=MONTHLY;COUNT=3", "FREQ=MONTHLY;UNTIL=20300101", "FREQ=MONTHLY;BYHOUR=9",
        "FREQ=MONTHLY;BYDAY=XX", "FREQ=MONTHLY;BYDAY=", "FREQ=MONTHLY;FREQ=WEEKLY",
        "FREQ=MONTHLY;INTERVAL=0", "FREQ=MONTHLY;INTERVAL=99", "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=MONTHLY;BYMONTHDAY=32", "FREQ=MONTHLY\nRRULE:FREQ=DAILY", "毎月第4水曜",
        "FREQ=MONTHLY;;BYDAY=1MO",
        "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=MONTHLY;BYMONTHDAY=1,x",
    ],
)  # fmt: skip
def test_any_other_text_is_refused(rule):
    with pytest.raises(UnknownRule):
        Recurrence(rule)


def test_a_way_that_is_none_is_refused():
    with pytest.raises(ValueError, match="days off"):
        Recurrence(FOURTH_WEDNESDAY, "somehow")


@given(
    rule=RULES, way=st.sampled_from(ON_DAY_OFF), start=DAYS, long=st.integers(0, 400), at=OFFICES
)
def test_sittings_lie_on_open_days_within_the_range_in_order_once(rule, way, start, long, at):
    end = start + timedelta(days=long)
    days = on(rule, start, end, way, at)
    assert days == sorted(set(days))
    assert all(start <= day <= end and at.is_open(day) for day in days)
    assert not any(jpholiday.is_holiday(day) or day.weekday() > 4 for day in days)


@given(rule=RULES, way=st.sampled_from(ON_DAY_OFF), start=DAYS, cut=st.integers(0, 200))
def test_a_range_in_two_parts_gives_what_the_whole_gives(rule, way, start, cut):
    end = start + timedelta(days=200)
    middle = start + timedelta(days=cut)
    whole = occurrences(Recurrence(rule, way), start, end, OPEN)
    first = occurrences(Recurrence(rule, way), start, middle, OPEN)
    second = occurrences(Recurrence(rule, way), middle + timedelta(days=1), end, OPEN)
    assert first + second == whole


@given(rule=RULES, start=DAYS)
def test_a_sitting_stays_in_the_month_of_its_rule(rule, start):
    for one in occurrences(Recurrence(rule), start, start + timedelta(days=100), OPEN):
        assert one.on is not None
        assert (one.on.year, one.on.month) == (one.slot.year, one.slot.month)


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 11, 20), True),
        (date(2026, 11, 21), False),
        (date(2026, 11, 23), False),  # 勤労感謝の日
        (date(2026, 12, 28), True),
        (date(2026, 12, 29), False),
        (date(2027, 1, 3), False),
        (date(2027, 1, 4), True),
        (date(2026, 9, 22), False),  # 国民の休日 between 敬老の日 and 秋分の日
    ],
)
def test_open_days(day, works):
    assert OPEN.is_open(day) is works
    assert (OPEN.next(day) == day) is works
    assert (OPEN.previous(day) == day) is works


@pytest.mark.parametrize(
    ("day", "number", "before"),
    [
        (date(2026, 11, 25), 0, date(2026, 11, 25)),
        (date(2026, 11, 25), 1, date(2026, 11, 24)),
        (date(2026, 11, 25), 2, date(2026, 11, 20)),  # over a weekend and 勤労感謝の日
        (date(2027, 1, 5), 3, date(2026, 12, 25)),  # over 年末年始 and a weekend
        (date(2026, 11, 23), 0, date(2026, 11, 20)),
    ],
)
def test_so_many_open_days_before(day, number, before):
    assert OPEN.before(day, number) == before


@given(day=DAYS, number=st.integers(0, 40), at=OFFICES)
def test_between_a_deadline_and_the_day_lie_as_many_open_days_as_said(day, number, at):
    found = at.before(day, number)
    assert at.is_open(found)
    open_between = [
        one
        for one in (found + timedelta(days=step) for step in range(1, (day - found).days + 1))
        if at.is_open(one)
    ]
    assert len(open_between) == number


def test_an_office_that_is_always_closed_is_told_at_once():
    closed = OpenDays(frozenset(date(2026, 1, 1) + timedelta(days=n) for n in range(900)))
    with pytest.raises(ValueError, match="no open day"):
        closed.next(date(2026, 1, 5))
