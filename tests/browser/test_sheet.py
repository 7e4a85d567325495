"""久留米: what a call left open is seen on the sheet, written where it belongs and counted; the
caller without a name turns out to be the daughter."""

from __future__ import annotations

import pytest

from tests.browser.visitor import NARROW, WIDE, Visitor
from tests.browser.work import Call, Someone, take_consultation

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

CALL = Call(
    mode="本人同意あり",
    route="本人 電話・メール",
    complaint="家賃が払えず、出ていくように言われた。名前は言いたくない。",
    persons=(
        Someone("", "", "", "世帯主", "女性"),
        Someone("例崎 花", "れいざき はな", "平成2年3月3日", "子", "女性"),
    ),
    primary="ひきこもり",
)


def test_the_sheet_shows_what_is_not_known_and_leads_to_where_it_is_written(
    visitor: Visitor,
) -> None:
    visitor.sign_in("kurume.livelihood")
    take_consultation(visitor, CALL)
    case = visitor.remember()
    visitor.press("インテーク・アセスメントシート")
    visitor.stands_at("インテーク・アセスメントシート")
    visitor.reads("まだ書かれていないもの", "自機関の様式を使うとき")
    for size in (NARROW, WIDE):
        visitor.fits(size)
    visitor.is_accessible()
    visitor.press("書く （住居）")
    visitor.select("住居", "借家・アパート")
    visitor.press("保存してシートにもどる")
    visitor.stands_at("インテーク・アセスメントシート")
    visitor.come_back(f"{case}sheet/?only=national")
    visitor.reads("借家・アパート")
    visitor.press("書く （紹介元の機関）")
    visitor.select("紹介元の機関", "医療機関")
    visitor.press("書き足す")
    visitor.reads("受付票に書き足しました。", "医療機関")
    visitor.come_back(f"{case}same-person/")
    visitor.choose("はじめに書いた人（名前が分からなかったなど）", "Aさん（氏名不明）")
    visitor.choose("分かった人（これからはこの人として書く）", "B 例崎 花さん")
    visitor.fits(NARROW)
    visitor.is_accessible()
    visitor.press("同じ人として記録する")
    visitor.reads("例崎 花さん（はじめはA）", "Bと同じ人")
    visitor.fits(NARROW)
    visitor.is_accessible()
