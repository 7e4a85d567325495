"""日時を直す: yesterday's call typed as today's, a visit, the day of a risk sheet; each with a
reason, and what was said before stands in 直したところ. One worker who goes out; names invented."""

from __future__ import annotations

import datetime

import pytest

from tests.browser.visitor import Visitor
from tests.browser.work import Call, Someone, in_days, take_consultation, today

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

CALL = Call(
    mode="本人同意なし",
    route="本人 電話・メール",
    complaint="ごみを出せなくなったとの電話。",
    persons=(Someone("見本沼 恵", "みほんぬま めぐみ", "S22.2.2", "世帯主", "女性"),),
    primary="経済的困窮",
)
NOTE, VISIT = "電話で、片づけを手伝ってほしいと話された。", "玄関先で長女と立ち話をした。"
HEAD = "頭のけが（血腫・骨折）"
SLIP = "きのうのことだった"


def long(days: int) -> str:
    """The day so many days from today, as the history says it."""
    day = today() + datetime.timedelta(days=days)
    return f"令和{day.year - 2018}年{day.month}月{day.day}日"


def test_a_day_typed_wrongly_is_put_right_with_a_reason(visitor: Visitor) -> None:
    visitor.sign_in("kusatsu.outreach")
    take_consultation(visitor, CALL)
    case = visitor.remember()

    visitor.press("記録を書く")
    visitor.choose("方法", "電話")
    visitor.fill("内容", NOTE)
    visitor.press("記録を保存する")
    open_entry(visitor, NOTE)
    for typed, sentence in (("令和8年2月30日", "日"), (in_days(1), "今日までの日付")):
        visitor.fill("日付", typed)
        visitor.press_in_vain("直して保存する", "入力を確かめてください")
        visitor.is_told("日付", sentence)
        visitor.has_typed("日付", typed)
    corrects(visitor, "日付", "直して保存する")
    visitor.reads(f"直した理由：{SLIP}")
    visitor.press("直したところ", at=NOTE)
    visitor.reads("日時", long(0), long(-1), SLIP)
    visitor.finds_it_usable()

    visitor.come_back(case)
    visitor.press("訪問を記録")
    visitor.choose("会えましたか", "家族と会えた")
    visitor.fill("ようす・話したこと", VISIT)
    visitor.press("訪問記録を保存する")
    open_entry(visitor, VISIT)
    corrects(visitor, "日付", "直して保存する")
    visitor.press("直したところ", at=VISIT)
    visitor.reads("日時", long(0), long(-1), SLIP)
    visitor.finds_it_usable()

    visitor.come_back(case)
    visitor.press("リスクを確かめる")
    visitor.choose("だれについて", "見本沼 恵")
    visitor.choose("シート", "高齢者")
    visitor.press("シートを開く")
    group = visitor.page.get_by_role("group", name=HEAD, exact=True)
    group.get_by_role("radio", name="○", exact=True).check()
    visitor.press("保存して段階を見る")
    visitor.press("書きまちがいを直す")
    corrects(visitor, "確かめた日", "直して段階を見る")
    visitor.reads("訂正あり", long(-1))
    visitor.press("直したところ")
    visitor.reads("確かめた日", long(0), long(-1), SLIP)


def open_entry(at: Visitor, words: str) -> None:
    """From これまで, by its title."""
    entry = at.page.locator("li.entry").filter(has_text=words)
    with at.page.expect_navigation(wait_until="load"):
        entry.locator("h3 a").click()


def corrects(at: Visitor, label: str, button: str) -> None:
    """Yesterday, which without a reason is refused, and nothing typed is lost."""
    at.fill(label, in_days(-1))
    at.press_in_vain(button, "入力を確かめてください")
    at.is_told("直した理由", "直した理由を入れてください。")
    at.has_typed(label, in_days(-1))
    at.finds_it_usable()
    at.fill("直した理由", SLIP)
    at.press(button)
