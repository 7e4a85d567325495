"""A year, or part of one: the model and the product live through the same days."""

from __future__ import annotations

import dataclasses
import datetime
import time
from collections.abc import Callable
from typing import Any

from config.lib.eras import TOKYO
from config.lib.services.product import ROOT
from reports.year import happened, jobs, script
from reports.year.compare import compare
from reports.year.days import each_day, months_later
from reports.year.faults import Faults
from reports.year.model import Model
from reports.year.running import Office, Product, running

# Of each day: when the first bell rings, and of days with acts when the office has done them.
MORNING, AT_WORK, AFTER = datetime.time(0, 4), datetime.time(10, 0), datetime.time(10, 6)
# Every tenth day ends with a bell of its own: two minutes before its date does.
NIGHT = datetime.time(23, 58)


def play(
    *,
    months: int = 12,
    with_faults: bool = False,
    seed: int = 1,
    say: Callable[[str], Any] = lambda _line: None,
) -> dict[str, Any]:
    """The year's first months. Raises ServiceError where the product cannot be run."""
    began = time.monotonic()
    last = min(script.LAST, _end(months))
    model = Model(ROOT / "agencies" / "profiles")
    start = at(script.FIRST, datetime.time())
    with running(start, script.CLOSED, is_durable=with_faults) as product:
        jobs.leave_out_counting(product, script.FIRST, last)
        product.start_worker()
        product.start_beat()
        if with_faults:
            product.start_worker()
            product.start_beat()
        faults = Faults(product, seed) if with_faults else None
        office = Office(product)
        ready = time.monotonic()
        refused: list[str] = []
        for day in each_day(script.FIRST, last):
            if day.day == 1:
                say(f"{day:%Y-%m}  {time.monotonic() - began:6.1f} s")
            refused += _live(day, model, product, office, faults)
            if day.day % 10 == 0 and day != last:  # what is slow ends on the day after
                product.bell(at(day, NIGHT), faults.draw() if faults else ())
        expected, done = model.expected(), happened.words(product)
        offices = {city.code: city.office for city in model.cities}
        expected += jobs.expected(script.FIRST, last, offices)
        done += jobs.happened(product)
        return {
            "from": str(script.FIRST),
            "to": str(last),
            **compare(expected, done, offices),
            "refused": refused,
            "not_done": jobs.left(product),
            "tried_again": jobs.tried_again(product),
            "faults": dict(sorted(faults.struck.items())) if faults else {},
            "started_anew": product.started_anew,
            "bells": product.bells,
            "seconds": round(time.monotonic() - began, 1),
            "seconds_to_prepare": round(ready - began, 1),
        }


def is_right(found: dict[str, Any]) -> bool:
    """Nothing missing, double, on a day off, refused or left undone."""
    wrong = ("missing", "double", "on_holiday", "refused", "not_done")
    return not any(found[name] for name in wrong)


def _live(
    day: datetime.date, model: Model, product: Product, office: Office, faults: Faults | None
) -> list[str]:
    """One day; what the product refused to the offices."""

    def bell(clock: datetime.time) -> None:
        product.bell(at(day, clock), faults.draw() if faults else ())

    bell(MORNING)
    model.bell(day)
    refused: list[str] = []
    if acts := model.act(day):
        product.clock.move_to(at(day, AT_WORK))
        refused = office.do([_plain(act) for act in acts])
        bell(AFTER)
        model.bell(day)
    return refused


def at(day: datetime.date, clock: datetime.time) -> datetime.datetime:
    return datetime.datetime.combine(day, clock, TOKYO)


def _end(months: int) -> datetime.date:
    return months_later(script.FIRST, months) - datetime.timedelta(days=1)


def _plain(act: script.Act) -> dict[str, Any]:
    """As it travels to the office's process: days as text, a rule as the product reads it."""
    found = dataclasses.asdict(dataclasses.replace(act, more={}))
    more = dict(act.more)
    if "rule" in more:
        more = {**more, "rule": script.RULES[more["rule"]].text}
        more["steps"] = dataclasses.asdict(more["steps"])
    return _as_text({**found, "more": more})


def _as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _as_text(one) for name, one in value.items()}
    return str(value) if isinstance(value, datetime.date) else value
