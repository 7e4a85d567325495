"""Reading and showing days in Japanese eras."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.lib import eras
from config.lib.eras import EraDateError, PartialDate, parse_date, parse_partial

DAYS = st.dates(min_value=eras.EARLIEST, max_value=eras.LATEST)


@pytest.mark.parametrize(
    "text",
    [
        "R8.5.1",
        "r8.5.1",
        "R08.05.01",
        "Ｒ８．５．１",
        "Ｒ８．５．１ ",
        "R 8. 5. 1",
        "R8。5。1",
        "R8・5・1",
        "R8/5/1",
        "R8-5-1",
        "R080501",
        "令和8年5月1日",
        "令和８年５月１日",
        "令和 8年 5月 1日",
        "㋿8年5月1日",
        "令8.5.1",
        "令和8.5.1",
        "令和8年5月1日（金）",
        "令和8年5月1日(金曜日)",
        "20260501",
        "２０２６０５０１",
        "2026-05-01",
        "2026-5-1",
        "2026/5/1",
        "2026.5.1",
        "2026年5月1日",
        "西暦2026年5月1日",
        "２０２６ー０５ー０１",
        "2026−05−01",
    ],
)
def test_parse_date_reads_every_way_people_write_a_day(text):
    assert parse_date(text) == date(2026, 5, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("令和元年5月1日", date(2019, 5, 1)),
        ("R元.5.1", date(2019, 5, 1)),
        ("R1.5.1", date(2019, 5, 1)),
        ("平成31年4月30日", date(2019, 4, 30)),
        ("平成元年1月8日", date(1989, 1, 8)),
        ("昭和64年1月7日", date(1989, 1, 7)),
        ("S30.4.1", date(1955, 4, 1)),
        ("昭和元年12月25日", date(1926, 12, 25)),
        ("大正15年12月25日", date(1926, 12, 25)),
        ("T15.12.24", date(1926, 12, 24)),
        ("大正元年7月30日", date(1912, 7, 30)),
        ("明治45年7月30日", date(1912, 7, 30)),
        ("M6.1.1", date(1873, 1, 1)),
        ("明治44年2月3日", date(1911, 2, 3)),
        ("R6.2.29", date(2024, 2, 29)),
        ("2099-12-31", date(2099, 12, 31)),
    ],
)
def test_parse_date_at_the_edges_of_eras(text, expected):
    assert parse_date(text) == expected


@pytest.mark.parametrize(
    ("text", "code", "part"),
    [
        ("", "empty", "日付を入れてください"),
        ("　 \t", "empty", "日付を入れてください"),
        ("あした", "unreadable", "R8.5.1"),
        ("5月1日", "unreadable", "R8.5.1"),
        ("R8.5", "unreadable", "R8.5.1"),
        ("R8.5.1.2", "unreadable", "R8.5.1"),
        ("X8.5.1", "unreadable", "R8.5.1"),
        ("2026-05-01T00:00", "unreadable", "R8.5.1"),
        ("1" * 5000, "unreadable", "R8.5.1"),
        ("令和2026年5月1日", "unreadable", "どちらか"),
        ("8.5.1", "no_era", "元号を付けるか"),
        ("26/5/1", "no_era", "元号を付けるか"),
        ("R8.2.30", "no_such_day", "令和8年2月に30日はありません"),
        ("2026-02-29", "no_such_day", "28日まで"),
        ("R8.13.1", "no_such_day", "13月はありません"),
        ("R8.0.1", "no_such_day", "0月はありません"),
        ("R8.4.0", "no_such_day", "0日はありません"),
        ("20261301", "no_such_day", "13月はありません"),
        ("平成40年5月1日", "era_ended", "平成は31年4月30日までです。令和10年5月1日"),
        ("平成31年5月1日", "era_ended", "令和元年5月1日のように、令和の日付"),
        ("昭和64年1月8日", "era_ended", "昭和は64年1月7日までです。平成元年1月8日"),
        ("S99.1.1", "era_ended", "令和6年1月1日のように、令和の日付"),
        ("T15.12.26", "era_ended", "昭和元年12月26日"),
        ("令和元年4月30日", "era_not_begun", "令和は元年5月1日からです。平成31年4月30日"),
        ("平成元年1月7日", "era_not_begun", "昭和64年1月7日"),
        ("R0.5.1", "era_not_begun", "元年5月1日から"),
        ("M5.12.2", "out_of_range", "1873年"),
        ("1872-12-31", "out_of_range", "1873年"),
        ("2100-01-01", "out_of_range", "2099年"),
        ("0000-01-01", "out_of_range", "2099年"),
        ("99990101", "out_of_range", "2099年"),
        ("R99.1.1", "out_of_range", "2099年"),
        ("令和8年11月24日（水）", "wrong_weekday", "令和8年11月24日は火曜日です"),
    ],
)
def test_parse_date_bad_text_raises_one_message(text, code, part):
    with pytest.raises(EraDateError) as caught:
        parse_date(text)
    message = str(caught.value)
    assert caught.value.code == code
    assert part in message
    assert message.endswith("。")
    assert "\n" not in message
    assert "%(" not in message
    assert isinstance(caught.value, ValueError)


@given(DAYS)
def test_parse_date_reads_what_is_shown(day):
    assert parse_date(eras.format_long(day)) == day
    assert parse_date(eras.format_short(day)) == day
    assert parse_date(eras.format_with_weekday(day)) == day
    assert parse_date(day.isoformat()) == day
    assert parse_date(f"{day:%Y%m%d}") == day


@pytest.mark.parametrize("text", ["11/23", "１１／２３", "11月23日", "11/23（月）"])
def test_a_day_without_its_year_is_the_nearest_on_the_side_asked_for(text):
    day = date(2026, 11, 23)
    assert parse_date(text, up_to=day) == parse_date(text, since=day) == day
    assert parse_date("11/23", up_to=date(2026, 11, 22)) == date(2025, 11, 23)
    assert parse_date("11/23", since=date(2026, 11, 24)) == date(2027, 11, 23)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("11.23", "unreadable"),
        ("8-11", "unreadable"),
        ("2026/11", "unreadable"),
        ("13/1", "no_such_day"),
        ("11/31", "no_such_day"),
        ("2/29", "no_such_day"),
        ("11/23（火）", "wrong_weekday"),
    ],
)
def test_what_may_be_something_else_is_no_day_without_its_year(text, code):
    with pytest.raises(EraDateError) as caught:
        parse_date(text, up_to=date(2026, 11, 23))
    assert caught.value.code == code


def test_without_a_side_the_year_must_be_there():
    for read in (parse_date, parse_partial):
        with pytest.raises(EraDateError):
            read("11/23")


@given(DAYS, st.dates(min_value=date(1874, 1, 1), max_value=date(2098, 12, 31)))
def test_a_day_without_its_year_lies_within_a_year_of_the_day_given(day, on):
    text = f"{day.month}/{day.day}"
    for near, lowest, highest in (({"up_to": on}, -365, 0), ({"since": on}, 0, 365)):
        if (day.month, day.day) == (2, 29):
            continue
        found = parse_date(text, **near)
        assert (found.month, found.day) == (day.month, day.day)
        assert lowest <= (found - on).days <= highest


@given(st.text(max_size=30))
def test_parse_date_any_text_gives_a_day_or_a_message(text):
    try:
        day = parse_date(text)
    except EraDateError:
        return
    assert eras.EARLIEST <= day <= eras.LATEST


@given(st.text(alphabet="元年月日MTSHR明大昭平令和.-/0123456789頃歳代()", max_size=14))
def test_parse_partial_any_text_gives_a_value_or_a_message(text):
    try:
        value = parse_partial(text, on=date(2026, 5, 1))
    except EraDateError:
        return
    assert value.earliest() <= value.latest()


def test_format_shows_long_short_and_weekday():
    day = date(2026, 11, 24)
    assert eras.format_long(day) == "令和8年11月24日"
    assert eras.format_short(day) == "R8.11.24"
    assert eras.format_with_weekday(day) == "令和8年11月24日（火）"
    assert eras.format_long(date(2019, 5, 1)) == "令和元年5月1日"
    assert eras.format_short(date(2019, 5, 1)) == "R1.5.1"
    assert eras.format_long(date(1868, 5, 1)) == "1868年5月1日"
    assert eras.format_short(date(1868, 5, 1)) == "1868.5.1"


def test_format_datetime_uses_the_day_in_tokyo():
    late = datetime(2026, 4, 30, 15, 30, tzinfo=UTC)
    assert eras.format_long(late) == "令和8年5月1日"
    assert eras.format_short(late) == "R8.5.1"
    assert eras.format_datetime(late) == "令和8年5月1日 00:30"
    assert eras.format_datetime_short(late) == "R8.5.1 00:30"
    assert eras.local_day(late) == date(2026, 5, 1)


def test_midnight_is_a_day_of_which_no_time_is_known():
    day = datetime(2026, 4, 30, 15, 0, tzinfo=UTC)
    assert eras.format_datetime(day) == "令和8年5月1日"
    assert eras.format_datetime_short(day) == "R8.5.1"


def test_format_naive_datetime_is_refused():
    naive = datetime(2026, 5, 1)  # noqa: DTZ001
    with pytest.raises(ValueError, match="naive"):
        eras.format_long(naive)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("S30.4.1", PartialDate(1955, 4, 1)),
        ("昭和30年4月1日生まれ", PartialDate(1955, 4, 1)),
        ("19550401", PartialDate(1955, 4, 1)),
        ("昭和30年4月", PartialDate(1955, 4)),
        ("S30.4", PartialDate(1955, 4)),
        ("1955-04", PartialDate(1955, 4)),
        ("1955/4", PartialDate(1955, 4)),
        ("昭和30年", PartialDate(1955)),
        ("昭和３０", PartialDate(1955)),
        ("S30", PartialDate(1955)),
        ("1955", PartialDate(1955)),
        ("1955年生", PartialDate(1955)),
        ("昭和64年", PartialDate(1989)),
        ("平成元年", PartialDate(1989)),
        ("昭和30年頃", PartialDate(1955, estimated=True)),
        ("推定1955年", PartialDate(1955, estimated=True)),
        ("1955年（推定）", PartialDate(1955, estimated=True)),
        ("S30.4ごろ", PartialDate(1955, 4, estimated=True)),
        ("70歳くらい", PartialDate(1956, estimated=True)),
        ("70才", PartialDate(1956, estimated=True)),
        ("推定70歳", PartialDate(1956, estimated=True)),
        ("70代", PartialDate(1951, estimated=True, is_decade=True)),
        ("70歳代", PartialDate(1951, estimated=True, is_decade=True)),
    ],
)
def test_parse_partial_reads_what_is_known(text, expected):
    assert parse_partial(text, on=date(2026, 5, 1)) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        ("頃", "unreadable"),
        ("不詳", "unreadable"),
        ("むかし", "unreadable"),
        ("30", "no_era"),
        ("平成32年", "era_ended"),
        ("平成31年5月", "era_ended"),
        ("令和元年4月", "era_not_begun"),
        ("R0", "era_not_begun"),
        ("S30.13", "no_such_day"),
        ("1800", "out_of_range"),
        ("2200年", "out_of_range"),
        ("150歳", "out_of_range"),
    ],
)
def test_parse_partial_bad_text_raises(text, code):
    with pytest.raises(EraDateError) as caught:
        parse_partial(text)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (PartialDate(1955, 4, 1), "昭和30年4月1日"),
        (PartialDate(1955, 4), "昭和30年4月"),
        (PartialDate(1955), "昭和30年"),
        (PartialDate(1955, estimated=True), "昭和30年頃"),
        (PartialDate(2019), "2019年（平成31年／令和元年）"),
        (PartialDate(1989, 1), "1989年1月（昭和64年1月／平成元年1月）"),
        (PartialDate(2019, 4), "平成31年4月"),
        (PartialDate(2019, 5), "令和元年5月"),
    ],
)
def test_format_partial_shows_what_is_known(value, shown):
    assert eras.format_partial(value) == shown
    assert parse_partial(shown) == value


@given(DAYS, st.integers(1, 3), st.booleans())
def test_parse_partial_reads_what_is_shown(day, parts, estimated):
    value = PartialDate(*(day.year, day.month, day.day)[:parts], estimated=estimated)
    assert parse_partial(eras.format_partial(value)) == value


def test_partial_date_bounds():
    assert PartialDate(2024, 2).latest() == date(2024, 2, 29)
    assert PartialDate(1955).earliest() == date(1955, 1, 1)
    assert PartialDate(1955).latest() == date(1955, 12, 31)
    assert PartialDate(1955).as_date() is None
    assert PartialDate(1955, 4, 1, estimated=True).as_date() is None
    assert PartialDate(1955, 4, 1).as_date() == date(1955, 4, 1)


@pytest.mark.parametrize("parts", [(1955, None, 1), (1955, 13, None), (2026, 2, 29)])
def test_partial_date_impossible_parts_are_refused(parts):
    with pytest.raises(ValueError, match=r"month|day"):
        PartialDate(*parts)


def test_eras_follow_each_other_without_a_gap():
    for earlier, later in zip(eras.ERAS, eras.ERAS[1:], strict=False):
        assert earlier.last is not None
        assert later.first - earlier.last in (timedelta(0), timedelta(days=1))
    assert eras.ERAS[-1].last is None
