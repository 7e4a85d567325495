"""What the five offices do in the year: their rules, and every day on which somebody moves, calls
or cancels a sitting. The year is R8 (2026-04-01 to 2027-03-31), with three runs of holidays.

A notice is sent by the office of a body with a 定例の決まり on the day its rule says, elsewhere on
the days told here (`model.Model.acts_of`).
"""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

from reports.year import days as d

Date = datetime.date
FIRST, LAST = Date(2026, 4, 1), Date(2027, 3, 31)


@dataclasses.dataclass(frozen=True)
class Act:
    """One thing an office does on a day. body: the first of the bodies that sit together; on: the
    day of the sitting meant; without one its month."""

    day: Date
    city: str
    body: str
    verb: str
    on: Date | None = None
    month: Date | None = None
    more: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Steps:
    """Working days before a sitting on which something is told; none: not here."""

    call: int | None = None
    agenda: int | None = None
    notice: int | None = None
    pack: int | None = None


# City -> its own closing days, written into a copy of its profile.
CLOSED: dict[str, tuple[Date, ...]] = {
    "kusatsu": (Date(2026, 8, 13), Date(2026, 8, 14)),
    "gifu": (Date(2026, 8, 12), Date(2026, 10, 14)),
    "nagaokakyo": (Date(2026, 6, 11),),
    "kurume": (),
    "katori": (Date(2026, 10, 28),),
}
RULES = {
    "first and third Monday": d.nth_weekday("FREQ=MONTHLY;BYDAY=1MO,3MO", 0, 1, 3),
    "second Tuesday": d.nth_weekday("FREQ=MONTHLY;BYDAY=2TU", 1, 2),
    "third Wednesday": d.nth_weekday("FREQ=MONTHLY;BYDAY=3WE", 2, 3),
    "second Thursday": d.nth_weekday("FREQ=MONTHLY;BYDAY=2TH", 3, 2),
    "every Wednesday": d.weekly("FREQ=WEEKLY;BYDAY=WE", 2),
    "29th, every second month": d.day_of_month(
        "FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=29", 29, every=2
    ),
}


def _on(text: str) -> Date:
    """「6/18」 of the year that begins in April 2026."""
    month, day = map(int, text.split("/"))
    return Date(2026 if month >= 4 else 2027, month, day)


def _series(
    day: str, city: str, body: str, rule: str, since: str, off: str, *steps: int | None
) -> Act:
    more = {"rule": rule, "since": _on(since), "on_day_off": off, "steps": Steps(*steps)}
    return Act(_on(day), city, body, "series", more=more)


def _act(day: str, city: str, body: str, verb: str, on: str, **more: Any) -> Act:
    return Act(_on(day), city, body, verb, _on(on), more=more)


PLAN, SUPPORT, MERGED = "plan-conference", "support-conference", "juso-kaigi"

_KUSATSU = [
    _series("4/1", "kusatsu", PLAN, "first and third Monday", "4/1", "next", 10, 7, 5, 2),
    # Told on Thursday for Friday.
    _act("5/20", "kusatsu", SUPPORT, "call", "5/22"),
    _act("5/20", "kusatsu", SUPPORT, "notice", "5/22"),
    # Moved before the notice, to a later day: its deadlines follow.
    _act("6/2", "kusatsu", PLAN, "date", "6/15", to=_on("6/18")),
    # Moved after the notice, with an item on the agenda.
    _act("6/24", "kusatsu", PLAN, "propose", "7/6", title="集いの場", guests=["hokatsu"]),
    _act("7/2", "kusatsu", PLAN, "move", "7/6", to=_on("7/9")),
    # Cancelled after the notice: the item waits for the next one.
    _act("8/25", "kusatsu", PLAN, "propose", "9/7", title="見守りの輪", guests=["hokatsu"]),
    _act("9/3", "kusatsu", PLAN, "cancel", "9/7", reason="台風のため"),
    _act("11/4", "kusatsu", PLAN, "cancel", "11/16"),
    # Another rule from January: two months lose one of two sittings, what is left moves.
    _series("12/1", "kusatsu", PLAN, "second Tuesday", "1/1", "previous", 10, 7, 5, 2),
]
_GIFU = [
    _series("4/1", "gifu", MERGED, "every Wednesday", "4/2", "skip", None, 3, 2, 1),
    _act("7/1", "gifu", MERGED, "call", "7/3"),
    _act("7/1", "gifu", MERGED, "notice", "7/3"),
    _act("9/8", "gifu", MERGED, "move", "9/9", to=_on("9/11")),
    _act("11/4", "gifu", MERGED, "date", "11/25", to=_on("11/26")),
    _act("12/22", "gifu", MERGED, "cancel", "12/23", reason="大雪のため"),
    # Back to the day it had: what was told of that day is not told again.
    _act("2/12", "gifu", MERGED, "date", "2/17", to=_on("2/18")),
    _act("2/15", "gifu", MERGED, "date", "2/18", to=_on("2/17")),
]
_NAGAOKAKYO = [
    *(
        Act(_on(day), "nagaokakyo", PLAN, "date", None, _on(to).replace(day=1), {"to": _on(to)})
        for day, to in (
            ("4/2", "4/16"), ("4/20", "5/14"), ("5/15", "6/12"), ("6/15", "7/9"),
            ("7/15", "8/13"), ("8/17", "9/10"),
        )
    ),
    *(
        _act(day, "nagaokakyo", PLAN, "notice", on)
        for day, on in (
            ("4/9", "4/16"), ("5/8", "5/14"), ("6/5", "6/12"), ("7/2", "7/9"), ("9/3", "9/10"),
        )
    ),
    _act("8/6", "nagaokakyo", PLAN, "propose", "8/13", title="移動の足", guests=["hokatsu-kita"]),
    _act("8/7", "nagaokakyo", PLAN, "notice", "8/13"),
    _act("8/12", "nagaokakyo", PLAN, "cancel", "8/13", reason="大雨のため"),
    _series("9/15", "nagaokakyo", PLAN, "second Thursday", "10/1", "previous", 15, 10, 7, 3),
    _act("11/2", "nagaokakyo", PLAN, "propose", "11/12", title="空き家", guests=["hokatsu-kita"]),
]  # fmt: skip
_KURUME = [
    *(
        _act(day, "kurume", PLAN, "notice", on)
        for day, on in (
            ("4/15", "4/22"), ("5/20", "5/27"), ("6/17", "6/24"), ("7/14", "7/22"),
            ("8/19", "8/26"), ("9/16", "9/24"), ("10/21", "10/28"), ("11/17", "11/25"),
        )
    ),
    _act("7/8", "kurume", PLAN, "propose", "7/22", title="居場所", guests=["hokatsu", "aso"]),
    _act("7/17", "kurume", PLAN, "cancel", "7/22", reason="台風のため"),
    _act("10/23", "kurume", PLAN, "move", "10/28", to=_on("11/4")),
    # December's is called and stays; January's and February's take the new days.
    _act("12/1", "kurume", PLAN, "notice", "12/23"),
    _series("12/2", "kurume", PLAN, "third Wednesday", "12/10", "next", 12, 8, 6, 2),
]  # fmt: skip
_KATORI = [
    Act(_on("4/8"), "katori", PLAN, "date", None, _on("4/1"), {"to": _on("4/24")}),
    _act("4/17", "katori", PLAN, "notice", "4/24"),
    Act(_on("5/20"), "katori", PLAN, "date", None, _on("6/1"), {"to": _on("6/26")}),
    _act("6/19", "katori", PLAN, "notice", "6/26"),
    _act("6/3", "katori", SUPPORT, "call", "6/10"),
    _act("6/5", "katori", SUPPORT, "cancel", "6/10"),
    # 12/29 lies in 年末年始 and stays in December; February has no 29th.
    _series("7/1", "katori", PLAN, "29th, every second month", "8/1", "next", 10, 7, 5, 2),
    _act("10/26", "katori", PLAN, "move", "10/29", to=_on("10/30")),
]
SCRIPT = [*_KUSATSU, *_GIFU, *_NAGAOKAKYO, *_KURUME, *_KATORI]
# Sittings whose office forgets the notice: told that it is due, and nothing after it.
FORGOTTEN = {("kusatsu", _on("10/5")), ("gifu", _on("1/20"))}
