"""A time of day is read as people type it, and refused with one sentence."""

from __future__ import annotations

import datetime

import pytest
from django.core.exceptions import ValidationError

from config.lib.clock import ClockField


@pytest.mark.parametrize(
    ("typed", "hour", "minute"),
    [
        ("14:30", 14, 30), ("１４：３０", 14, 30), ("14時30分", 14, 30), ("14時", 14, 0),
        ("9時5分", 9, 5), ("14時半", 14, 30), ("午後2時", 14, 0), ("午後 2:30", 14, 30),
        ("午前9時半", 9, 30), ("午後12時", 12, 0), ("午前0時", 0, 0), ("0:00", 0, 0),
    ],
)  # fmt: skip
def test_a_time_as_people_type_it(typed, hour, minute):
    assert ClockField(label="時刻").clean(typed) == datetime.time(hour, minute)


@pytest.mark.parametrize(
    "typed", ["25:99", "24:00", "14", "午後14時", "14:3", "2時60分", "昼ごろ", "14時:30"]
)
def test_what_is_no_time_gets_one_sentence(typed):
    with pytest.raises(ValidationError, match="開始時刻は14:30のように入れてください。"):
        ClockField(label="開始時刻").clean(typed)


def test_nothing_is_no_time():
    assert ClockField(required=False).clean("　") is None
