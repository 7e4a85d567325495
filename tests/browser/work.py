"""Pieces of work that several journeys share, each as it is done on the screen."""

from __future__ import annotations

import datetime
import re
import time
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from tests.browser.visitor import Visitor

CONSULTATION_WORDS = "主訴（相談したいこと・希望）"


def today() -> datetime.date:
    """The day in Japan."""
    return datetime.datetime.now(ZoneInfo("Asia/Tokyo")).date()


def era(day: datetime.date) -> str:
    """A day as people write it: R8.5.1."""
    return f"R{day.year - 2018}.{day.month}.{day.day}"


def in_days(count: int) -> str:
    """The day so many days from today, in the short form."""
    return era(today() + datetime.timedelta(days=count))


@dataclass(frozen=True)
class Someone:
    """A person of the sheet, as far as known."""

    name: str = ""
    kana: str = ""
    birth: str = ""
    relation: str = ""
    sex: str = ""


@dataclass(frozen=True)
class Call:
    """A consultation as it comes in."""

    mode: str
    route: str
    complaint: str
    persons: tuple[Someone, ...]
    primary: str
    applies: tuple[str, ...] = ()
    urgency: str = "中"
    visitor: str = ""
    visitor_relation: str = ""
    criteria: tuple[str, ...] = field(default=())


def write_consultation(at: Visitor, call: Call) -> None:
    """Open the empty sheet and write what is known."""
    at.press("相談を受ける")
    at.choose("本人の同意", call.mode)
    at.choose("相談経路", call.route)
    if call.visitor:
        at.fill("来談者の氏名", call.visitor)
        at.fill("本人との関係", call.visitor_relation)
    if len(call.persons) > 1:
        at.unfold("世帯のほかの人も書く")
    for number, person in enumerate(call.persons, start=1):
        write_person(at, person, f"（{number}人目）" if number > 1 else "")
    at.fill(CONSULTATION_WORDS, call.complaint)
    for problem in call.applies:
        at.mark(problem, "あてはまる")
    at.mark(call.primary, "中心の課題")
    at.choose("緊急度", call.urgency)


def write_person(at: Visitor, person: Someone, suffix: str) -> None:
    """One of the persons of the sheet; from the second on, labels carry a number."""
    at.fill(f"氏名{suffix}", person.name)
    at.fill(f"ふりがな{suffix}", person.kana)
    at.fill(f"生年月日・年齢{suffix}", person.birth)
    if person.relation:
        at.select(f"続柄{suffix}", person.relation)
    if person.sex:
        at.choose(f"性別{suffix}", person.sex)


def take_consultation(at: Visitor, call: Call) -> None:
    """相談を受け付け、ケースにする."""
    write_consultation(at, call)
    at.press("受け付ける")
    at.reads("相談を受け付けました。")
    at.next("ケースにする")
    at.reads("を作りました。")


def record_consent(
    at: Visitor,
    person: str,
    *agencies: str,
    household: bool = False,
    purpose: str = "世帯の支援のための情報共有",
) -> None:
    """From the case page: this person says yes to these agencies, in writing."""
    at.press("同意を記録", at=person)
    at.choose("本人の答え", "同意した")
    at.choose("伝えてよい機関", *agencies)
    if household:
        at.tick("世帯全体についての記録も含む")
    at.fill("目的", purpose)
    at.choose("同意の方法", "書面（署名）")
    at.press("答えを記録する")
    at.reads("の答えを記録しました。")


def refer(at: Visitor, to: str, persons: tuple[str, ...], reason: str, summary: str) -> None:
    """From the case page: つなぐ with consent, looked over once before it leaves. A household of
    one need not be chosen."""
    at.press("つなぐ")
    at.choose("つなぐ先", to)
    if persons:
        at.choose("だれをつなぐか", *persons)
    at.fill("つなぐ理由・期待する役割", reason)
    at.fill("伝える内容", summary)
    at.press("送る内容を確かめる")
    at.reads("機関の外へ出るもの", reason)
    at.press("このシートを送る")


def accept_referral(at: Visitor) -> None:
    """From 今日の仕事: the sheet that waits is read and accepted."""
    at.go_to("今日の仕事")
    at.press("見て返事する")
    at.press("受理する")


def call_sitting(at: Visitor, body: str, days: int = 0) -> None:
    """An ad hoc sitting of this body, so many days from today."""
    at.go_to("会議")
    at.press("臨時の会議を開く")
    at.choose("会議", body)
    at.fill("開催日", in_days(days))
    at.fill("開始時刻", "14:00")
    at.press("会議を作る")
    at.reads("臨時の会議を作りました。")


def sitting_line(body: str, days: int = 0) -> re.Pattern[str]:
    """The line of the ad hoc sitting called so many days from today: others stand beside it."""
    on = today() + datetime.timedelta(days=days)
    day = f"令和{on.year - 2018}年{on.month}月{on.day}日"
    return re.compile(rf"^(?=[\s\S]*{re.escape(body)})(?=[\s\S]*{day})(?=[\s\S]*臨時)")


def propose(at: Visitor, body: str, briefing: str, participants: tuple[str, ...] = ()) -> None:
    """付議: today's ad hoc sitting, where there is a choice; then the sheet of the item."""
    if at.is_asked("どの会議に付議しますか"):
        at.press("この会議に出す", at=sitting_line(body))
    at.fill("事例の概要・論点", briefing)
    if participants:
        at.choose("参加する機関", *participants)
    at.press("付議する")
    at.reads(briefing)


@dataclass(frozen=True)
class Figures:
    """What the year's report says of what a journey adds to."""

    consultations: int
    plans: int


def read_figures(at: Visitor) -> Figures:
    """From the open report."""
    year = at.heading().split()[-1]
    return Figures(
        _number(at.cell("新規相談受付件数", year)), _number(at.cell("多機関協働", "作成"))
    )


def recount(at: Visitor, expected: Figures | None = None) -> Figures:
    """Open this year's report and have it counted anew by the worker."""
    at.go_to("評価と報告")
    at.press("開く", at="今年度")
    at.press("数え直す")
    patience = time.monotonic() + 150
    while at.page.get_by_text("数え直しています").count():
        assert time.monotonic() < patience, "the worker does not count"
        time.sleep(0.5)
        at.press("終わったか見る")
    found = read_figures(at)
    assert expected in (None, found)
    return found


def _number(text: str) -> int:
    return int(re.sub(r"\D", "", text) or 0)
