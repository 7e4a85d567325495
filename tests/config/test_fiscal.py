"""年度, ages and the end of a day."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.lib import fiscal

DAYS = st.dates(min_value=date(1900, 1, 1), max_value=date(2099, 12, 30))


@pytest.mark.parametrize(
    ("day", "year"),
    [
        (date(2026, 4, 1), 2026),
        (date(2026, 3, 31), 2025),
        (date(2026, 12, 31), 2026),
        (date(2027, 1, 1), 2026),
        (date(2024, 2, 29), 2023),
        (datetime(2026, 3, 31, 14, 59, tzinfo=UTC), 2025),
        (datetime(2026, 3, 31, 15, 0, tzinfo=UTC), 2026),
    ],
)
def test_fiscal_year_turns_on_the_first_of_april_in_tokyo(day, year):
    assert fiscal.fiscal_year(day) == year


@given(DAYS)
def test_fiscal_range_holds_its_days(day):
    first, last = fiscal.fiscal_range(fiscal.fiscal_year(day))
    assert first <= day <= last
    assert fiscal.fiscal_year(first - timedelta(days=1)) == fiscal.fiscal_year(day) - 1
    assert fiscal.fiscal_year(last + timedelta(days=1)) == fiscal.fiscal_year(day) + 1


@pytest.mark.parametrize(
    ("year", "label"),
    [
        (2026, "令和8年度"),
        (2019, "令和元年度"),
        (2018, "平成30年度"),
        (1989, "平成元年度"),
        (1988, "昭和63年度"),
        (1955, "昭和30年度"),
    ],
)
def test_label_names_the_fiscal_year(year, label):
    assert fiscal.label(year) == label


def test_label_before_the_eras_we_read_is_refused():
    with pytest.raises(ValueError, match="1800"):
        fiscal.label(1800)


@pytest.mark.parametrize(
    ("birth", "day", "age"),
    [
        (date(1961, 4, 1), date(2026, 3, 31), 64),
        (date(1961, 4, 1), date(2026, 4, 1), 65),
        (date(2026, 5, 1), date(2026, 5, 1), 0),
        (date(2025, 5, 1), date(2026, 4, 30), 0),
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
        (date(2008, 2, 29), date(2028, 2, 28), 19),
        (date(2008, 2, 29), date(2028, 2, 29), 20),
    ],
)
def test_age_on_counts_completed_years(birth, day, age):
    assert fiscal.age_on(birth, day) == age


def test_age_on_before_birth_is_refused():
    with pytest.raises(ValueError, match="before"):
        fiscal.age_on(date(2026, 5, 2), date(2026, 5, 1))


@pytest.mark.parametrize(
    ("birth", "age", "day"),
    [
        (date(1961, 4, 1), 65, date(2026, 3, 31)),
        (date(1961, 1, 1), 65, date(2025, 12, 31)),
        (date(2008, 2, 29), 18, date(2026, 2, 28)),
        (date(2008, 2, 29), 20, date(2028, 2, 28)),
        (date(2008, 3, 1), 20, date(2028, 2, 29)),
    ],
)
def test_attains_on_is_the_day_before_the_birthday(birth, age, day):
    assert fiscal.attains_on(birth, age) == day


@given(DAYS, st.integers(1, 110))
def test_age_on_and_attains_on_agree(birth, age):
    attained = fiscal.attains_on(birth, age)
    assert fiscal.age_on(birth, attained + timedelta(days=1)) == age
    assert fiscal.age_on(birth, attained) == age - 1


def test_until_day_to_instant_includes_the_day_in_tokyo():
    assert fiscal.until_day_to_instant(date(2026, 3, 31)) == datetime(
        2026, 3, 31, 15, 0, tzinfo=UTC
    )
    assert fiscal.until_day_to_instant(date(2026, 3, 31)).tzinfo is UTC
    assert fiscal.from_day_to_instant(date(2026, 4, 1)) == datetime(2026, 3, 31, 15, 0, tzinfo=UTC)


@given(DAYS)
def test_until_day_and_back(day):
    until = fiscal.until_day_to_instant(day)
    assert fiscal.instant_to_until_day(until) == day
    assert fiscal.from_day_to_instant(day) < until
    assert until == fiscal.from_day_to_instant(day + timedelta(days=1))


def test_instant_to_until_day_naive_is_refused():
    with pytest.raises(ValueError, match="naive"):
        fiscal.instant_to_until_day(datetime(2026, 5, 1))  # noqa: DTZ001
