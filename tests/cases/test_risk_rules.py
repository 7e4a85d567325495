"""Risk sheets as data: the rule, item by item, against what was published (domain.md §5.4)."""

from __future__ import annotations

import pytest

from cases.risksheets import NOTHING, find, sheets

# The published rules, said here a second time: which numbered question alone gives which level.
PUBLISHED = {
    # 危害リスク確認シート: a ○ in ①–③ is red; none there but one in ④ or ⑤ is yellow; ⑥–⑧ are
    # factors that make it more complicated, and give no level.
    "elder": {
        "1": "red", "2": "red", "3": "red", "4": "yellow", "5": "yellow",
        "6": NOTHING, "7": NOTHING, "8": NOTHING,
    },
    # 障害者虐待リスクアセスメントシート: ①–③ 最重度, ④⑤ 重度, ⑥ 中度, ⑦ 軽度.
    "disability": {
        "1": "gravest", "2": "gravest", "3": "gravest", "4": "grave", "5": "grave",
        "6": "middle", "7": "light",
    },
    # 緊急度アセスメントシート: ①–③ AA, ④ A, the rest below.
    "child": {
        "1": "aa", "2": "aa", "3": "aa", "4": "a", "5": "b", "6": "b", "7": "b", "8": "b",
    },
}  # fmt: skip
GRAVITY = {
    "elder": ["red", "yellow", NOTHING],
    "disability": ["gravest", "grave", "middle", "light", NOTHING],
    "child": ["aa", "a", "b", NOTHING],
}
RED = {"elder": {"red"}, "disability": {"gravest"}, "child": {"aa", "a"}}
ITEMS = [
    (sheet.code, group.number, item.code)
    for sheet in sheets(None).values()
    for group in sheet.groups
    for item in group.items
]


def yes(*codes):
    return {code: {"answer": "yes"} for code in codes}


def test_the_sheets_have_the_published_groups_and_levels():
    assert set(sheets(None)) == set(PUBLISHED)
    for sheet in sheets(None).values():
        assert [group.number for group in sheet.groups] == list(PUBLISHED[sheet.code])
        assert [level.code for level in sheet.choices] == GRAVITY[sheet.code]
        assert {level.code for level in sheet.levels if level.is_red} == RED[sheet.code]
        assert sheet.source


def test_no_code_is_used_twice():
    codes = [code for _sheet, _group, code in ITEMS]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(("sheet", "group", "code"), ITEMS)
def test_each_item_alone_gives_the_published_level(sheet, group, code):
    found = find(sheets(None)[sheet], yes(code))
    assert found.level.code == PUBLISHED[sheet][group]
    named = next(item.text for item in sheets(None)[sheet].items if item.code == code)
    if found.level.code != NOTHING:
        assert named in found.reason
        assert found.level.name in found.reason


@pytest.mark.parametrize("sheet", list(PUBLISHED))
def test_of_two_the_graver_wins_in_whatever_order(sheet):
    """Every pair of groups."""
    order = GRAVITY[sheet]
    first = {group.number: group.items[0].code for group in sheets(None)[sheet].groups}
    for one, code in first.items():
        for other, another in first.items():
            levels = (PUBLISHED[sheet][one], PUBLISHED[sheet][other])
            expected = min(levels, key=order.index)
            assert find(sheets(None)[sheet], yes(code, another)).level.code == expected


@pytest.mark.parametrize("sheet", list(PUBLISHED))
@pytest.mark.parametrize("answer", ["no", "unknown"])
def test_neither_no_nor_unknown_reaches_a_level(sheet, answer):
    form = sheets(None)[sheet]
    found = find(form, {item.code: {"answer": answer} for item in form.items})
    assert found.level.code == NOTHING
    assert len(found.unknown) == (len(form.items) if answer == "unknown" else 0)


@pytest.mark.parametrize("sheet", list(PUBLISHED))
def test_what_is_unknown_and_could_raise_the_level_is_said(sheet):
    """Not treated as a no: it stays on the list, for as long as it could make things worse."""
    form = sheets(None)[sheet]
    grave = [item for group in form.groups[:3] for item in group.items]
    milder = form.groups[3].items[0].code
    found = find(form, {grave[0].code: {"answer": "unknown"}, **yes(milder)})
    assert grave[0].text in found.could_rise
    assert grave[1].text in found.could_rise  # not answered at all
    assert find(form, yes(grave[0].code)).could_rise == ()


def test_nothing_answered_is_no_level_and_everything_is_open():
    form = sheets(None)["elder"]
    found = find(form, {})
    assert found.level.code == NOTHING
    assert len(found.open) == len(form.items)
    assert found.unknown == ()
    assert found.counts.unanswered == len(form.items)
    assert "ため、該当なし" in found.reason
