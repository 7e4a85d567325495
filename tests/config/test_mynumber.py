"""Recognising My Number. Every number here is computed, none is anybody's."""

import re

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from config.lib.mynumber import check_digit, find_my_numbers, refuse_my_number


def with_check_digit(first_eleven: str) -> str:
    """Weights written out as in the ordinance, apart from the code under test."""
    weights = [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]
    remainder = sum(int(d) * w for d, w in zip(first_eleven, weights, strict=True)) % 11
    return first_eleven + str(0 if remainder <= 1 else 11 - remainder)


MADE_UP = with_check_digit("98765432109")
WRONG = MADE_UP[:-1] + str((int(MADE_UP[-1]) + 1) % 10)


def in_fours(number: str, mark: str) -> str:
    return mark.join(re.findall("....", number))


def wide(text: str) -> str:
    return text.translate({ord(str(n)): 0xFF10 + n for n in range(10)})


@given(st.text(alphabet="0123456789", min_size=11, max_size=11))
def test_check_digit_agrees_with_the_ordinance(digits):
    assert check_digit(digits) == int(with_check_digit(digits)[-1])


@pytest.mark.parametrize("digits", ["", "1" * 10, "1" * 12, "1234567890a", "１" * 11])
def test_check_digit_other_text_is_refused(digits):
    with pytest.raises(ValueError, match="eleven"):
        check_digit(digits)


@pytest.mark.parametrize(
    "written",
    [
        MADE_UP,
        wide(MADE_UP),
        in_fours(MADE_UP, " "),
        in_fours(MADE_UP, "\u3000"),
        in_fours(MADE_UP, "-"),
        in_fours(MADE_UP, " - "),
        in_fours(MADE_UP, "－"),
        in_fours(MADE_UP, "ー"),
        in_fours(MADE_UP, "−"),
        in_fours(MADE_UP, "・"),
        in_fours(MADE_UP, "\t"),
        in_fours(wide(MADE_UP), "　"),
        in_fours(MADE_UP, "\u200b"),
        MADE_UP[:4] + "-" + MADE_UP[4:],
        MADE_UP[:4] + "-" + MADE_UP[4:8] + " " + MADE_UP[8:],
        " ".join(MADE_UP),
        "-".join(MADE_UP),
    ],
)
@pytest.mark.parametrize(
    "frame", ["{}", "番号は{}です。", "a{}b", "電話 075-955-0000、{}", "{}\n1"]
)
def test_find_my_numbers_gives_the_span(written, frame):
    text = frame.format(written)
    start = text.index(written)
    assert find_my_numbers(text) == [(start, start + len(written))]
    with pytest.raises(ValidationError) as caught:
        refuse_my_number(text)
    assert caught.value.code == "my_number"
    message = "".join(caught.value.messages)
    assert not re.search(r"\d{4}", message)
    assert "マイナンバー" in message


@pytest.mark.parametrize(
    "text",
    [
        "",
        "相談あり。",
        WRONG,
        in_fours(WRONG, "-"),
        MADE_UP[:-1],
        MADE_UP + "1",
        "1" + MADE_UP,
        MADE_UP[:6] + "\n" + MADE_UP[6:],
        MADE_UP[:6] + "人" + MADE_UP[6:],
        "+" + MADE_UP,
        "＋" + MADE_UP,
        "075-955-9713",
        "090-1234-5678",
        "0120-444-113",
    ],
)
def test_find_my_numbers_leaves_other_digits_alone(text):
    assert find_my_numbers(text) == []
    refuse_my_number(text)


def passing(candidates: list[str]) -> list[str]:
    found = [number for number in candidates if with_check_digit(number[:11]) == number]
    assert found
    return found


def test_find_my_numbers_leaves_date_times_alone():
    minutes = passing([f"20260501{h:02}{m:02}" for h in range(24) for m in range(60)])
    seconds = passing([f"2605011430{s:02}" for s in range(60)])
    for number in [*minutes, *seconds]:
        assert find_my_numbers(number) == []
        assert find_my_numbers(f"写真_{number}.jpg") == []
    assert find_my_numbers(in_fours(minutes[0], " ")) == []


def test_find_my_numbers_impossible_date_times_are_found():
    for shape in ("20261301{:04}", "20260230{:04}", "202605012{:03}", "18000501{:04}"):
        width = 10 ** (12 - len(shape.split("{")[0]))
        numbers = passing([shape.format(n) for n in range(width) if n % 100 >= 70])
        assert all(find_my_numbers(number) for number in numbers)


def test_find_my_numbers_leaves_telephones_alone():
    for number in passing([f"8190123456{n:02}" for n in range(100)]):
        assert find_my_numbers(number) == []
        assert find_my_numbers(f"+{number}") == []
        assert find_my_numbers(f"+{number[:4]}-{number[4:8]}-{number[8:]}") == []
    for number in passing([f"12345678{n:04}" for n in range(100)]):
        after = f"{number[:4]}-{number[4:8]} {number[8:]}"
        assert find_my_numbers(f"03-{after}") == []
        assert find_my_numbers(f"（03）{after}") == []
        assert find_my_numbers(after) == [(0, 14)]
        assert find_my_numbers(f"03-{in_fours(number, '-')}") != []


def test_find_my_numbers_finds_several():
    text = f"{MADE_UP}と{in_fours(MADE_UP, '-')}"
    assert find_my_numbers(text) == [(0, 12), (13, 27)]


@given(st.text(max_size=60))
def test_find_my_numbers_any_text_gives_spans_of_twelve_digits(text):
    for start, end in find_my_numbers(text):
        assert 0 <= start < end <= len(text)


@given(st.text(alphabet="0123456789", min_size=11, max_size=11), st.sampled_from(["-", " "]))
def test_find_my_numbers_in_fours_are_found_unless_a_date_time(digits, mark):
    number = with_check_digit(digits)
    if not number.startswith(("19", "20")):
        assert find_my_numbers(in_fours(number, mark))
