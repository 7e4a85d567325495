"""Case numbers."""

import random
from datetime import UTC, date, datetime

import pytest

from config.lib.numbers import (
    ALPHABET,
    case_number,
    normalise_case_number,
)


@pytest.mark.parametrize(
    ("day", "prefix"),
    [
        (date(2026, 4, 1), "K8-"),
        (date(2027, 3, 31), "K8-"),
        (date(2026, 3, 31), "K7-"),
        (date(2019, 5, 1), "K1-"),
        (date(2030, 4, 1), "K12-"),
        (datetime(2026, 3, 31, 15, 0, tzinfo=UTC), "K8-"),
    ],
)
def test_case_number_begins_with_the_era_year_of_the_fiscal_year(day, prefix):
    number = case_number(day)
    assert number.startswith(prefix)
    assert len(number) == len(prefix) + 5
    assert normalise_case_number(number) == number


def test_case_number_alphabet_has_no_look_alikes():
    assert not set("0O1IL") & set(ALPHABET)
    assert len(set(ALPHABET)) == len(ALPHABET) == 31


def test_case_number_is_random_and_can_be_seeded():
    day = date(2026, 5, 1)
    assert case_number(day, random.Random(1)) == case_number(day, random.Random(1))
    assert len({case_number(day) for _ in range(200)}) > 195
    used = {char for _ in range(500) for char in case_number(day)[3:]}
    assert used == set(ALPHABET)


@pytest.mark.parametrize(
    "text", ["k8-7qf2m", "Ｋ８－７ＱＦ２Ｍ", " K8 7QF2M ", "K8−7QF2M", "K87QF2M"]
)
def test_normalise_case_number_reads_what_is_typed(text):
    assert normalise_case_number(text) == "K8-7QF2M"


@pytest.mark.parametrize(
    "text",
    ["", "K", "K8-", "K8-7QF2", "K8-7QF2MM", "K0-7QF2M", "K8-7QF20", "K8-7QFIL", "8-7QF2M", "山田"],
)
def test_normalise_case_number_refuses_other_text(text):
    assert normalise_case_number(text) is None
