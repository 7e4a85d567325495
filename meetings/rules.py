"""A series' rule (RFC 5545) as a form asks for it, and as people say it: 毎月第4水曜日."""

from __future__ import annotations

import dataclasses
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib.rhythm import WEEKDAYS, monthly_rule, parts_of, weekly_rule

WEEKLY: Final = {"w1": 1, "w2": 2}
MONTHLY: Final = {"m1": 1, "m2": 2, "m3": 3, "m4": 4, "m6": 6, "m12": 12}
EVERY: Final = (
    ("m1", gettext_lazy("毎月")),
    ("m2", gettext_lazy("2か月ごと")),
    ("m3", gettext_lazy("3か月ごと")),
    ("m4", gettext_lazy("4か月ごと")),
    ("m6", gettext_lazy("半年ごと")),
    ("m12", gettext_lazy("年1回")),
    ("w1", gettext_lazy("毎週")),
    ("w2", gettext_lazy("隔週")),
)
BY_WEEKDAY, BY_DAY, OPEN = "weekday", "day", "open"
NTHS: Final = (
    ("1", gettext_lazy("第1")),
    ("2", gettext_lazy("第2")),
    ("3", gettext_lazy("第3")),
    ("4", gettext_lazy("第4")),
    ("5", gettext_lazy("第5（ある月だけ）")),
    ("-1", gettext_lazy("最終")),
)
# The offices are closed on the other two.
DAYS: Final = (
    ("0", gettext_lazy("月曜日")),
    ("1", gettext_lazy("火曜日")),
    ("2", gettext_lazy("水曜日")),
    ("3", gettext_lazy("木曜日")),
    ("4", gettext_lazy("金曜日")),
)


@dataclasses.dataclass(frozen=True)
class Asked:
    """A rule in the form's words. every: of EVERY; by: BY_WEEKDAY, BY_DAY or OPEN (日程未定)."""

    every: str
    by: str
    nths: tuple[str, ...] = ()
    weekday: str = ""
    day: int | None = None

    @property
    def rule(self) -> str:
        """As RFC 5545."""
        if self.every in WEEKLY:
            return weekly_rule(weeks=WEEKLY[self.every], weekday=int(self.weekday))
        months = MONTHLY[self.every]
        if self.by == BY_WEEKDAY:
            nths = [int(nth) for nth in self.nths]
            return monthly_rule(months=months, nths=nths, weekday=int(self.weekday))
        return monthly_rule(months=months, day=self.day if self.by == BY_DAY else None)


def asked_of(rule: str) -> Asked | None:
    """The form's words for a rule; None for one that the form cannot say."""
    parts = parts_of(rule)
    step, days = int(parts.get("INTERVAL", "1")), parts.get("BYDAY", "")
    names = {"MONTHLY": MONTHLY, "WEEKLY": WEEKLY}.get(parts["FREQ"], {})
    every = next((name for name, steps in names.items() if steps == step), "")
    named = [(day[:-2], day[-2:]) for day in days.split(",") if day]
    weekday = str(WEEKDAYS.index(named[0][1])) if named else ""
    nths = tuple(nth for nth, _day in named if nth)
    by = BY_WEEKDAY if named else BY_DAY if "BYMONTHDAY" in parts else OPEN
    number = parts.get("BYMONTHDAY", "")
    day = int(number) if number.isdigit() else None
    found = Asked(every, by, nths, weekday, day) if every else None
    try:
        return found if found is not None and found.rule == rule else None
    except ValueError:
        return None


def rule_words(rule: str) -> str:
    """「毎月第4水曜日」「2か月ごと（日はそのつど決めます）」; another kind as it stands."""
    asked = asked_of(rule)
    if asked is None:
        return rule
    every = str(dict(EVERY)[asked.every])
    if asked.by == OPEN:
        return _("%(every)s（日はそのつど決めます）") % {"every": every}
    if asked.by == BY_DAY:
        return _("%(every)s%(day)s日") % {"every": every, "day": asked.day}
    nths = "・".join(str(dict(NTHS)[nth]).split("（")[0] for nth in asked.nths)
    return f"{every}{nths}{dict(DAYS)[asked.weekday]}"
