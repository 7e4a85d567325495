"""A rule in words, and the form that reads what it wrote."""

from __future__ import annotations

import pytest

from meetings.rules import Asked, asked_of, rule_words


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("FREQ=MONTHLY;BYDAY=4WE", "毎月第4水曜日"),
        ("FREQ=MONTHLY;BYDAY=2TH,4TH", "毎月第2・第4木曜日"),
        ("FREQ=MONTHLY;BYDAY=-1FR", "毎月最終金曜日"),
        ("FREQ=MONTHLY;INTERVAL=2", "2か月ごと（日はそのつど決めます）"),
        ("FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=15", "2か月ごと15日"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", "隔週月曜日"),
        ("FREQ=MONTHLY;BYDAY=1MO,3TU", "FREQ=MONTHLY;BYDAY=1MO,3TU"),
        ("FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=1", "FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=1"),
    ],
)
def test_a_rule_in_words(rule, words):
    assert rule_words(rule) == words


@pytest.mark.parametrize(
    "asked",
    [
        Asked("m1", "weekday", ("4",), "2"),
        Asked("m3", "weekday", ("2", "-1"), "4"),
        Asked("m2", "day", (), "", 15),
        Asked("m12", "open"),
        Asked("w2", "weekday", (), "0"),
    ],
)
def test_the_form_reads_what_it_wrote(asked):
    assert asked_of(asked.rule) == asked
