"""A note in parts is one text: what is composed is found again, and nothing typed is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.noteparts import WAYS, compose, labelled, moved, split
from config.lib.text import clean_text

WORDS = st.text(min_size=1, max_size=60).map(clean_text).filter(lambda text: text.strip())
HEADINGS = [f"【{heading}】" for way in WAYS.values() for heading in way.values()]


@st.composite
def written(draw):
    way = draw(st.sampled_from(sorted(WAYS)))
    keys = draw(st.lists(st.sampled_from(sorted(WAYS[way])), min_size=1, unique=True))
    plain = WORDS.filter(lambda text: "【" not in text)
    return way, {key: draw(plain) for key in keys}


@given(written())
def test_parts_composed_are_found_again(case):
    way, parts = case
    assert split(compose(way, parts)) == (way, {k: parts[k] for k in WAYS[way] if k in parts})


@given(WORDS)
def test_a_text_is_never_lost_by_splitting(text):
    way, parts = split(text)
    if not way:
        assert parts == {"": text}
    else:
        assert all(words in text for words in parts.values())


@given(written(), st.sampled_from(["", *sorted(WAYS)]))
def test_changing_the_way_of_writing_keeps_every_word(case, to):
    way, parts = case
    found = "\n".join(moved(compose(way, parts), to).values())
    assert all(words in found for words in parts.values())


@pytest.mark.parametrize(
    "text",
    [
        "訪問した。\n【事実】\n通帳を見た",  # something stands before
        "【経過】\n訪問した",  # no heading of ours
        "【要望】\n同行\n【事実】\n訪問",  # not in their order
        "【事実】\n訪問\n【O 客観】\n通帳",  # of two ways
        "【事実】\n一\n【事実】\n二",
    ],
)
def test_other_headings_leave_a_text_free(text):
    assert split(text) == ("", {"": text})
    assert labelled(text) == []


def test_text_that_came_with_the_headings_is_shown_in_parts():
    assert labelled("【事実】通帳は三人が別々。\n【要望】\n同行してほしい") == [
        ("事実", "通帳は三人が別々。"),
        ("要望", "同行してほしい"),
    ]
