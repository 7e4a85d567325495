"""Folding of names for search."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from config.lib.kana import (
    VARIANT_GROUPS,
    fold,
    fold_address,
    fold_given,
    is_kana,
)

KANA = st.text(
    alphabet=[chr(code) for code in (*range(0x3041, 0x3097), *range(0x30A1, 0x30FF))], max_size=20
)


@pytest.mark.parametrize(
    "spellings",
    [
        ["ハマダ", "はまだ", "ﾊﾏﾀﾞ", "ハマタ", "はま た", "ハマ・ダ", "ハマ\u30bf\u3099"],
        ["ショウ", "シヨウ", "しょう", "ｼｮｳ", "しょー", "ショオ", "しょ", "ｼｮｰ"],
        ["オオノ", "オーノ", "おうの", "おおの", "オ-ノ", "オ−ノ", "オ〜ノ"],
        ["だいとう", "ダイト", "ダイトー", "たいとう", "だいとお"],
        ["ゆうこ", "ユーコ", "ゆこ"],
        ["けいこ", "ケーコ", "けえこ"],
        ["にいがた", "ニーガタ"],
        ["おかあさん", "オカーサン"],
        ["はっとり", "ハツトリ"],
        ["ぱぴぷぺぽ", "バビブベボ", "はひふへほ"],
        ["高橋", "髙橋", "髙𣘺"],
        ["崎", "﨑", "嵜"],
        ["渡辺", "渡邉", "渡邊", "渡邊\U000e0100", "渡\u3000辺"],
        ["斎藤", "齋藤", "齊藤", "斉藤"],
        ["浜", "濵", "濱"],
        ["中島", "中嶋", "中嶌"],
        ["吉田", "𠮷田"],
        ["神田", "神\ufe00田", "神田"],
        ["佐々木", "佐佐木"],
        ["金子みすゞ", "金子みすず"],
        ["Smith", "ＳＭＩＴＨ", "smith", "Smíth"],
        ["ヴィー", "ウイ"],
        ["葛\U000e0100城", "葛城"],
        ["１２３", "123"],
        ["ジョン・スミス", "じょんすみす", "ｼﾞｮﾝ･ｽﾐｽ"],
    ],
)
def test_fold_spellings_of_one_name_are_the_same(spellings):
    assert {fold(spelling) for spelling in spellings} == {fold(spellings[0])}
    assert fold(spellings[0])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ハマダ", "ハマノ"),
        ("かき", "かけ"),
        ("いのうえ", "いのう"),
        ("大坂", "大阪"),
        ("高橋", "高梨"),
        ("", "あ"),
    ],
)
def test_fold_different_names_stay_apart(one, other):
    assert fold(one) != fold(other)


@given(st.text(max_size=40))
@example("あ々-")
@example("e\ufe00\u0301")
@example("a \u0301")
@example("İ")
@example("か゛")
def test_fold_twice_changes_nothing(text):
    assert fold(fold(text)) == fold(text)


@given(KANA)
def test_fold_of_kana_twice_changes_nothing(text):
    assert fold(fold(text)) == fold(text)


@given(KANA)
def test_fold_is_the_same_for_hiragana_and_katakana(text):
    katakana = "".join(chr(ord(c) + 0x60) if "ぁ" <= c <= "ゖ" else c for c in text)
    hiragana = "".join(chr(ord(c) - 0x60) if "ァ" <= c <= "ヶ" else c for c in text)
    assert fold(hiragana) == fold(katakana) == fold(text)


@given(st.text(alphabet=[chr(code) for code in range(0x21, 0x7F)], max_size=20))
def test_fold_does_not_see_the_width_of_latin(text):
    assert fold("".join(chr(ord(char) + 0xFEE0) for char in text)) == fold(text)


@given(st.text(alphabet=[chr(code) for code in range(0xFF66, 0xFFA0)], max_size=20))
def test_fold_does_not_see_the_width_of_katakana(text):
    assert fold(unicodedata.normalize("NFKC", text)) == fold(text)


@given(st.text(max_size=40))
def test_fold_does_not_see_the_normal_form(text):
    assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text))


def test_fold_long_text_takes_linear_work():
    assert fold("あ" + "々" * 100_000) == "あ"
    assert fold("佐" + "々" * 3) == "佐" * 4


def test_variant_groups_are_disjoint_and_many():
    groups = VARIANT_GROUPS.split()
    characters = "".join(groups)
    assert len(groups) >= 60
    assert len(set(characters)) == len(characters)
    for group in groups:
        assert len({fold(char) for char in group}) == 1


@pytest.mark.parametrize(
    "text",
    [
        "やまだ",
        "ヤマダ",
        "ﾔﾏﾀﾞ",
        "やまだ はなこ",
        "やまだ　はなこ",
        "ジョン・スミス",
        "オーノ",
        "ヴ",
    ],
)
def test_is_kana_accepts_furigana(text):
    assert is_kana(text)


@pytest.mark.parametrize(
    "text", ["", " ", "ー", "・", "山田", "yamada", "やまだ1", "やまだ\n", "<b>", "やまだ、"]
)
def test_is_kana_refuses_other_text(text):
    assert not is_kana(text)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("架空野 花子", "花子"),
        ("架空野　花子", "花子"),
        ("かくうの ハナコ", "はなこ"),
        ("架空野花子", ""),
        ("", ""),
    ],
)
def test_fold_given_takes_what_stands_behind_the_gap(name, given):
    assert fold_given(name) == given


@pytest.mark.parametrize(
    "text",
    [
        "架空町2-3-4",
        "架空町２－３－４",
        "架空町２丁目３番４号",
        "架空町二丁目３番地４",
        "架空町 2丁目 3の4",
        "架空町2ー3ー4",
    ],
)
def test_fold_address_knows_one_place_in_every_spelling(text):
    assert fold_address(text) == "架空町2-3-4"


def test_fold_address_keeps_places_apart():
    kept = {fold_address(text) for text in ("架空町2-3-4", "架空町2-34", "架空町23-4", "架空町2-3")}
    assert len(kept) == 4
