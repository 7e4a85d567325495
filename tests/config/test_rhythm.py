"""When a conference series is due."""

from datetime import date, timedelta

import jpholiday
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.lib.rhythm import (
    STEPS,
    PlannedSitting,
    Rhythm,
    is_business_day,
    sittings_between,
    to_business_day,
)

WEDNESDAY = 2
FOURTH_WEDNESDAY = Rhythm("monthly_nth_weekday", nth=4, weekday=WEDNESDAY)
DAYS = st.dates(min_value=date(2020, 1, 1), max_value=date(2045, 12, 31))
RHYTHMS = st.one_of(
    st.just(Rhythm("monthly")),
    st.builds(
        Rhythm,
        st.just("monthly_nth_weekday"),
        nth=st.sampled_from([1, 2, 3, 4, 5, -1]),
        weekday=st.integers(0, 6),
    ),
    st.builds(
        Rhythm,
        st.just("every_n_months"),
        months=st.sampled_from(STEPS),
        anchor_month=st.integers(1, 12),
    ),
    st.builds(
        Rhythm,
        st.just("every_n_months"),
        months=st.sampled_from(STEPS),
        anchor_month=st.integers(1, 12),
        nth=st.sampled_from([1, 2, 3, 4, 5, -1]),
        weekday=st.integers(0, 6),
    ),
)


def only_day(rhythm: Rhythm, year: int, month: int) -> date | None:
    first = date(year, month, 1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    [sitting] = sittings_between(rhythm, first, last)
    assert sitting.month_first_day == first
    return sitting.on


@pytest.mark.parametrize(
    ("nth", "weekday", "year", "month", "day"),
    [
        (4, 2, 2026, 11, 25),
        (4, 2, 2026, 12, 23),
        (2, 3, 2027, 2, 12),  # 建国記念の日 is Thursday the 11th
        (4, 1, 2027, 2, 24),  # 天皇誕生日 is Tuesday the 23rd
        (1, 1, 2026, 5, 7),  # Golden Week: 3 (Sunday) to 6 (substitute) May
        (1, 0, 2026, 5, 7),
        (1, 2, 2026, 5, 7),
        (1, 4, 2027, 1, 4),  # 1 January
        (1, 5, 2027, 1, 4),  # Saturday 2 January
        (3, 1, 2026, 9, 15),
        (4, 1, 2026, 9, 24),  # 22 September 2026 is 国民の休日, the 23rd 秋分の日
        (-1, 2, 2026, 12, 28),  # 30 December: the next one would be in January
        (5, 3, 2026, 12, 28),
        (-1, 5, 2026, 10, 30),  # Saturday 31 October moves back to Friday
        (5, 3, 2024, 2, 29),
        (-1, 3, 2028, 2, 24),
        (-1, 1, 2028, 2, 29),
        (4, 6, 2026, 11, 24),  # Sunday the 22nd; Monday the 23rd is 勤労感謝の日
    ],
)
def test_sittings_between_nth_weekday_moves_off_days_off(nth, weekday, year, month, day):
    rhythm = Rhythm("monthly_nth_weekday", nth=nth, weekday=weekday)
    assert only_day(rhythm, year, month) == date(year, month, day)


def test_sittings_between_a_month_without_a_fifth_weekday_has_none():
    rhythm = Rhythm("monthly_nth_weekday", nth=5, weekday=WEDNESDAY)
    year = sittings_between(rhythm, date(2026, 4, 1), date(2027, 3, 31))
    assert [sitting.month_first_day.month for sitting in year] == [4, 7, 9, 12, 3]


def test_sittings_between_monthly_has_no_day():
    assert sittings_between(Rhythm("monthly"), date(2026, 11, 1), date(2027, 1, 31)) == [
        PlannedSitting(date(2026, 11, 1), None),
        PlannedSitting(date(2026, 12, 1), None),
        PlannedSitting(date(2027, 1, 1), None),
    ]


def test_sittings_between_monthly_counts_a_month_that_has_begun():
    due = sittings_between(Rhythm("monthly"), date(2026, 5, 10), date(2026, 6, 1))
    assert [sitting.month_first_day for sitting in due] == [date(2026, 5, 1), date(2026, 6, 1)]


@pytest.mark.parametrize(
    ("months", "anchor", "expected"),
    [
        (2, 4, [4, 6, 8, 10, 12, 2]),
        (2, 5, [5, 7, 9, 11, 1, 3]),
        (3, 4, [4, 7, 10, 1]),
        (3, 6, [6, 9, 12, 3]),
        (6, 3, [9, 3]),
        (12, 2, [2]),
        (1, 4, [4, 5, 6, 7, 8, 9, 10, 11, 12, 1, 2, 3]),
    ],
)
def test_sittings_between_every_n_months_follows_its_anchor(months, anchor, expected):
    rhythm = Rhythm("every_n_months", months=months, anchor_month=anchor)
    due = sittings_between(rhythm, date(2026, 4, 1), date(2027, 3, 31))
    assert [sitting.month_first_day.month for sitting in due] == expected
    assert all(sitting.on is None for sitting in due)


def test_sittings_between_every_second_month_with_a_weekday_has_days():
    rhythm = Rhythm("every_n_months", months=2, nth=2, weekday=3)
    due = sittings_between(rhythm, date(2026, 4, 1), date(2027, 3, 31))
    assert [sitting.on for sitting in due] == [
        date(2026, 4, 9),
        date(2026, 6, 11),
        date(2026, 8, 13),
        date(2026, 10, 8),
        date(2026, 12, 10),
        date(2027, 2, 12),
    ]


@pytest.mark.parametrize("kind", ["per_case", "ad_hoc", ""])
def test_sittings_between_without_a_rhythm_gives_none(kind):
    assert sittings_between(Rhythm(kind), date(2026, 4, 1), date(2027, 3, 31)) == []


def test_sittings_between_end_before_start_gives_none():
    assert sittings_between(Rhythm("monthly"), date(2026, 5, 2), date(2026, 5, 1)) == []


def test_sittings_between_takes_the_moved_day_for_the_range():
    rhythm = Rhythm("monthly_nth_weekday", nth=2, weekday=3)  # 2027-02-11 moves to the 12th
    moved = PlannedSitting(date(2027, 2, 1), date(2027, 2, 12))
    assert sittings_between(rhythm, date(2027, 2, 12), date(2027, 2, 28)) == [moved]
    assert sittings_between(rhythm, date(2027, 2, 1), date(2027, 2, 11)) == []
    back = Rhythm("monthly_nth_weekday", nth=-1, weekday=2)  # 2026-12-30 moves back to the 28th
    assert sittings_between(back, date(2026, 12, 1), date(2026, 12, 28)) == [
        PlannedSitting(date(2026, 12, 1), date(2026, 12, 28))
    ]
    assert sittings_between(back, date(2026, 12, 29), date(2026, 12, 31)) == []


@given(RHYTHMS, DAYS, st.integers(0, 800))
def test_sittings_between_is_ordered_single_and_on_business_days(rhythm, start, length):
    end = start + timedelta(days=length)
    due = sittings_between(rhythm, start, end)
    months = [sitting.month_first_day for sitting in due]
    assert months == sorted(set(months))
    assert due == sittings_between(rhythm, start, end)
    for sitting in due:
        assert sitting.month_first_day.day == 1
        if sitting.on is not None:
            assert start <= sitting.on <= end
            assert sitting.on.replace(day=1) == sitting.month_first_day
            assert sitting.on.weekday() < 5
            assert not jpholiday.is_holiday(sitting.on)


@given(RHYTHMS, DAYS, st.integers(1, 400), st.integers(1, 400))
def test_sittings_between_two_neighbouring_ranges_give_the_whole(rhythm, start, one, other):
    middle, end = start + timedelta(days=one), start + timedelta(days=one + other)
    parts = sittings_between(rhythm, start, middle - timedelta(days=1))
    parts += sittings_between(rhythm, middle, end)
    dated = [sitting for sitting in parts if sitting.on is not None]
    assert len(dated) == len(set(dated))
    assert set(parts) == set(sittings_between(rhythm, start, end))


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "weekly"},
        {"kind": "monthly", "nth": 1, "weekday": 1},
        {"kind": "monthly_nth_weekday"},
        {"kind": "monthly_nth_weekday", "nth": 4},
        {"kind": "monthly_nth_weekday", "weekday": 4},
        {"kind": "monthly_nth_weekday", "nth": 6, "weekday": 4},
        {"kind": "monthly_nth_weekday", "nth": 0, "weekday": 4},
        {"kind": "monthly_nth_weekday", "nth": 1, "weekday": 7},
        {"kind": "monthly_nth_weekday", "nth": 1, "weekday": 1, "months": 2},
        {"kind": "every_n_months"},
        {"kind": "every_n_months", "months": 5},
        {"kind": "every_n_months", "months": 0},
        {"kind": "every_n_months", "months": 2, "anchor_month": 0},
        {"kind": "every_n_months", "months": 2, "anchor_month": 13},
        {"kind": "ad_hoc", "months": 2},
    ],
)
def test_rhythm_that_does_not_fit_together_is_refused(fields):
    with pytest.raises(ValueError, match=r"must|needs|belongs|together|unknown|no weekday"):
        Rhythm(**fields)


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 12, 28), True),
        (date(2026, 12, 29), False),
        (date(2026, 12, 31), False),
        (date(2027, 1, 1), False),
        (date(2029, 1, 2), False),
        (date(2029, 1, 3), False),
        (date(2029, 1, 4), True),
        (date(2026, 5, 6), False),
        (date(2026, 5, 9), False),
        (date(2028, 2, 29), True),
    ],
)
def test_is_business_day(day, works):
    assert is_business_day(day) is works
    assert (to_business_day(day) == day) is works
