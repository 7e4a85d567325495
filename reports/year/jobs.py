"""The outbox of the year: the jobs of every day, each filed and done once, and none left over."""

from __future__ import annotations

import datetime
from collections import Counter
from typing import Any

from reports.year.days import each_day
from reports.year.model import Word
from reports.year.running import Product
from reports.year.script import CLOSED

# Name -> what its key looks like; once a day, of the machine or of each city.
OF_THE_DAY = ("block_uncovered_items", "put_off_items", "forget_drafts")
OF_THE_CITY = "make_sittings"
ALL = "select name, key, done_at is not null, attempts from agencies_job order by name, key"


def expected(first: datetime.date, last: datetime.date) -> Counter[Word]:
    found: Counter[Word] = Counter()
    for day in each_day(first, last):
        found.update(Word("", "", "", f"job {name}", "", str(day)) for name in OF_THE_DAY)
        found.update(Word(city, "", "", f"job {OF_THE_CITY}", "", str(day)) for city in CLOSED)
    return found


def happened(product: Product) -> Counter[Word]:
    """Those that are done, by the day in their key."""
    found: Counter[Word] = Counter()
    for name, key, is_done, _attempts in product.ask(ALL):
        city, _colon, day = key.rpartition(":")
        if is_done and (name == OF_THE_CITY or (name in OF_THE_DAY and len(day) == 10)):
            found[Word(city, "", "", f"job {name}", "", day)] += 1
    return found


def left(product: Product) -> list[str]:
    """Jobs of any name that failed or still wait."""
    return [f"{name} {key}" for name, key, is_done, _attempts in product.ask(ALL) if not is_done]


def tried_again(product: Product) -> dict[str, Any]:
    """Of each name how many jobs were begun more than once and then done."""
    return dict(Counter(name for name, _key, _is_done, tries in product.ask(ALL) if tries > 1))
