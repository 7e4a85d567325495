"""The outbox of the year: the jobs of every day, each filed and done once, and none left over."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Mapping
from typing import Any

from reports.year.days import Office, each_day
from reports.year.model import Word
from reports.year.running import Product
from reports.year.script import CLOSED

# Name -> what its key looks like; once a day, of the machine or of each city.
OF_THE_DAY = ("block_uncovered_items", "put_off_items", "forget_drafts")
OF_THE_CITY = "make_sittings"
# On its working days.
OF_THE_OFFICE = "plan_reminders"
# 年度の確認: a city's round opens with April, is asked for again after two weeks, is late with May.
ROUND = {"open": (4, 1), "remind": (4, 15), "late": (5, 1)}
ALL = "select name, key, done_at is not null, attempts from agencies_job order by name, key"
ROUNDS = """
    select m.code, split_part(j.key, '/', 3), (j.done_at at time zone 'Asia/Tokyo')::date
    from agencies_job as j join agencies_municipality as m on j.key like m.id || '/%'
    where j.name = 'recertify' and j.done_at is not null"""
# Counting every city's year anew takes four fifths of a night and tells nothing of sittings: it is
# done on the first of each month, and on other days stands in the outbox as done.
LEAVE_OUT = """
    insert into agencies_job (id, name, key, args, due_at, attempts, done_at, error)
    select gen_random_uuid(), 'recount_year', m.id || '/' || y.counted || '/' || n.day::date, '{}',
        n.day, 1, n.day, ''
    from agencies_municipality as m
    cross join generate_series(%s::timestamp, %s::timestamp, interval '1 day') as n(day)
    cross join generate_series(2025, 2026) as y(counted)
    where extract(day from n.day) <> 1
    returning 1"""


def leave_out_counting(product: Product, first: datetime.date, last: datetime.date) -> None:
    product.ask(LEAVE_OUT, first, last)


def expected(
    first: datetime.date, last: datetime.date, offices: Mapping[str, Office]
) -> Counter[Word]:
    found: Counter[Word] = Counter()
    for day in each_day(first, last):
        found.update(Word("", "", "", f"job {name}", "", str(day)) for name in OF_THE_DAY)
        found.update(Word(city, "", "", f"job {OF_THE_CITY}", "", str(day)) for city in CLOSED)
        found.update(
            Word(city, "", "", f"job {OF_THE_OFFICE}", "", str(day))
            for city in CLOSED
            if offices[city].works(day)
        )
        for stage, date in ROUND.items():
            if (day.month, day.day) == date:
                found.update(
                    Word(city, "", stage, "job recertify", "", str(day)) for city in CLOSED
                )
    return found


def happened(product: Product) -> Counter[Word]:
    """Those that are done, by the day in their key."""
    found: Counter[Word] = Counter()
    for name, key, is_done, _attempts in product.ask(ALL):
        city, _colon, day = key.rpartition(":")
        if is_done and (
            name in (OF_THE_CITY, OF_THE_OFFICE) or (name in OF_THE_DAY and len(day) == 10)
        ):
            found[Word(city, "", "", f"job {name}", "", day)] += 1
    for city, stage, day in product.ask(ROUNDS):
        found[Word(city, "", stage, "job recertify", "", str(day))] += 1
    return found


def left(product: Product) -> list[str]:
    """Jobs of any name that failed or still wait."""
    return [f"{name} {key}" for name, key, is_done, _attempts in product.ask(ALL) if not is_done]


def tried_again(product: Product) -> dict[str, Any]:
    """Of each name how many jobs were begun more than once and then done."""
    return dict(Counter(name for name, _key, _is_done, tries in product.ask(ALL) if tries > 1))
