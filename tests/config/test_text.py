"""Cleaning of free text."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.lib.text import clean_line, clean_text, count_graphemes, is_too_long

COMPATIBILITY_KAMI = "\ufa19"  # 神 as registered by some; NFC would make it U+795E


@pytest.mark.parametrize(
    ("typed", "cleaned"),
    [
        ("", ""),
        ("  \n ", ""),
        (
            "一行目\r\n二行目\r三行目\u2028四行目\x0b五行目\x85六",
            "一行目\n二行目\n三行目\n四行目\n五行目\n六",
        ),
        ("　段落の字下げ", "　段落の字下げ"),
        ("\n\n本文\n\n続き\n\n", "本文\n\n続き"),
        ("a\tb", "a\tb"),
        ("末尾の空白  　\n次", "末尾の空白\n次"),
        ("a\x00b\x07c\x1b[31m", "abc[31m"),
        ("abc\u202egpj.exe", "abcgpj.exe"),
        ("\ufeff先頭", "先頭"),
        ("ゼロ\u200b幅", "ゼロ幅"),
        ("壊れ\ud800た", "壊れた"),
        ("か\u3099", "が"),
        ("<script>alert(1)</script> & \"'", "<script>alert(1)</script> & \"'"),
        (COMPATIBILITY_KAMI + "か\u3099", COMPATIBILITY_KAMI + "が"),
        ("髙﨑 １２ ｶﾅ", "髙﨑 １２ ｶﾅ"),
        ("葛\U000e0100城", "葛\U000e0100城"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
    ],
)
def test_clean_text(typed, cleaned):
    assert clean_text(typed) == cleaned


@pytest.mark.parametrize(
    ("typed", "cleaned"),
    [
        ("", ""),
        ("　山田　花子　", "山田　花子"),
        ("山田\r\n花子", "山田 花子"),
        ("山田 \t\n 花子", "山田 花子"),
        ("山田\x00花子", "山田花子"),
        (COMPATIBILITY_KAMI + "谷", COMPATIBILITY_KAMI + "谷"),
        ("<b>山田</b>", "<b>山田</b>"),
    ],
)
def test_clean_line(typed, cleaned):
    assert clean_line(typed) == cleaned


@given(st.text(max_size=60))
def test_cleaning_twice_changes_nothing(text):
    assert clean_text(clean_text(text)) == clean_text(text)
    assert clean_line(clean_line(text)) == clean_line(text)


@given(st.text(max_size=60))
def test_clean_text_can_be_stored(text):
    cleaned = clean_text(text)
    cleaned.encode("utf-8")
    assert "\x00" not in cleaned
    assert "\r" not in cleaned
    assert not {
        unicodedata.category(char) for char in cleaned.replace("\n", "").replace("\t", "")
    } & {
        "Cc",
        "Cs",
    }


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("山田", 2),
        ("葛\U000e0100城", 2),
        ("か\u309a", 1),
        ("𠮷", 1),
        ("👨\u200d👩\u200d👧", 1),
        ("👍\U0001f3fd", 1),
        ("a\r\nb", 3),
        ("\u0301", 1),
    ],
)
def test_count_graphemes(text, count):
    assert count_graphemes(text) == count


def test_is_too_long_counts_as_a_person_does():
    assert not is_too_long("葛\U000e0100" * 100, 100)
    assert is_too_long("葛\U000e0100" * 101, 100)
    assert not is_too_long("あ" * 100, 100)
    assert is_too_long("あ" * 101, 100)


def test_is_too_long_stacked_marks_do_not_slip_through():
    assert is_too_long("a" + "\u0301" * 400, 100)
