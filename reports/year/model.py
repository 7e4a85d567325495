"""What must happen in the year: the offices' acts on a plain calendar of their own.

Written from decision 0016 and the words of `meetings/README.md`, day by day and with none of the
product's code: sittings three months ahead, each once; what is told before one, once for each day
it was planned for, on working days alone; who hears of a moved or cancelled one.
"""

from __future__ import annotations

import dataclasses
import datetime
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from reports.year import days as d
from reports.year.bodies import Body, Series, bodies_of
from reports.year.script import CLOSED, FORGOTTEN, RULES, SCRIPT, Act, Steps

Date = datetime.date


class Word(NamedTuple):
    """One thing that happens: where, about the sitting of which day (「2026-08」 where it has
    none), what, to whom, on which day."""

    city: str
    body: str
    about: str
    kind: str
    who: str
    day: str

    def said(self) -> str:
        return " ".join(part or "-" for part in self)


@dataclasses.dataclass
class Item:
    title: str
    proposer: str
    guests: list[str]
    is_noticed: bool = False


@dataclasses.dataclass
class Sat:
    """One sitting."""

    body: Body
    month: Date
    on: Date | None
    made_on: Date
    series: Series | None = None
    is_ad_hoc: bool = False
    state: str = "planned"  # undated, planned, noticed, cancelled
    items: list[Item] = dataclasses.field(default_factory=list)
    told: set[tuple[str, Date]] = dataclasses.field(default_factory=set)

    @property
    def about(self) -> str:
        return str(self.on or f"{self.month:%Y-%m}")


class City:
    """One city's calendar, and what was told there."""

    def __init__(self, profile: dict[str, Any], closed: Iterable[Date]) -> None:
        self.code = str(profile["city"]["code"])
        self.office = d.Office(frozenset(closed))
        self.bodies = list(bodies_of(profile["conferences"]))
        self.sittings: list[Sat] = []
        self.words: Counter[Word] = Counter()
        self.invited: list[tuple[Sat, str, Date]] = []

    # --- a day ------------------------------------------------------------------------------

    def bell(self, day: Date) -> None:
        """The beat rings and the worker has done everything."""
        for body in self.bodies:
            self._make(body, day)
        self._put_off(day)
        if not self.office.works(day):
            return
        for sitting in self.sittings:
            for kind in due(sitting, self.office, day):
                assert sitting.on is not None  # noqa: S101 - nothing is due without a day
                sitting.told.add((kind, sitting.on))
                self._tell(sitting, kind, self._who(sitting, kind), day)

    def acts_of(self, day: Date, script: Iterable[Act]) -> list[Act]:
        """What the office does today: its script, and the notices its rules ask for."""
        found = [act for act in script if act.city == self.code and act.day == day]
        if not self.office.works(day):
            assert not found, found  # noqa: S101 - nobody is at work
            return []
        busy = {(act.body, act.on) for act in found}
        for sitting in self.sittings:
            on, series = sitting.on, sitting.series
            if sitting.state != "planned" or on is None or on < day or series is None:
                continue
            if series.steps.notice is None or self.office.earlier(on, series.steps.notice) > day:
                continue
            first = sitting.body.codes[0]
            if (self.code, on) not in FORGOTTEN and (first, on) not in busy:
                found.append(Act(day, self.code, first, "notice", on))
        return found

    def do(self, act: Act) -> None:
        """An office's act, and what everybody is told of it."""
        if act.verb == "series":
            self._set_series(self._body(act.body), act)
            return
        if act.verb == "call":
            body = self._alone(act.body)
            assert act.on is not None  # noqa: S101 - it moves to a day
            month = act.on.replace(day=1)
            self.sittings.append(Sat(body, month, act.on, act.day, is_ad_hoc=True))
            return
        sitting = self._find(act)
        if act.verb == "notice":
            sitting.state = "noticed"
            for item in sitting.items:
                if not item.is_noticed:
                    self.invited += [(sitting, guest, act.day) for guest in item.guests]
                item.is_noticed = True
        elif act.verb == "propose":
            # The coordinator of all these cities works at the host's.
            (host,) = sitting.body.offices
            # V5: the secretariat takes part in everything.
            item = Item(act.more["title"], host, [host, *act.more["guests"]])
            sitting.items.append(item)
        elif act.verb in ("date", "move"):
            was, sitting.on = sitting.on, act.more["to"]
            sitting.state = "planned" if sitting.state == "undated" else sitting.state
            if was is not None:
                self._tell(sitting, "moved", self._asked(sitting), act.day)
        elif act.verb == "cancel":
            self._cancel(sitting, act.day)
        else:
            raise ValueError(act.verb)

    # --- sittings ---------------------------------------------------------------------------

    def _make(self, body: Body, day: Date) -> None:
        """Three months ahead, by the series, before the first of them by the profile."""
        last = d.months_later(day, 3)
        for number, one in enumerate(body.series):
            for slot, on in self._held(one, max(day, one.since), min(last, one.ends or last)):
                self._make_one(body, (number, slot), on, one, day)
        begins = min((one.since for one in body.series), default=last + d.ONE)
        last = min(last, begins - d.ONE)
        if body.rule is None or last < day:
            return
        if not body.rule.has_day:
            for first in body.rule.days(day, day.replace(day=1), last):
                self._make_one(body, (-1, f"{first:%Y-%m}"), None, None, day, first)
            return
        profile = Series(body.rule, Date(2021, d.APRIL, 1), "next", Steps())
        for slot, on in self._held(profile, day, last):
            self._make_one(body, (-1, slot), on, None, day)

    def _held(self, series: Series, first: Date, last: Date) -> list[tuple[str, Date]]:
        """The days a rule names and those on which it sits then, between the two."""
        around = datetime.timedelta(days=20)
        found: dict[Date, str] = {}
        for named in series.rule.days(series.since, first - around, last + around):
            on = self.office.held(named, series.on_day_off)
            if on is not None and first <= on <= last:
                found.setdefault(on, str(named))
        return [(slot, on) for on, slot in sorted(found.items())]

    def _make_one(
        self,
        body: Body,
        key: tuple[int, str],
        on: Date | None,
        series: Series | None,
        day: Date,
        month: Date | None = None,
    ) -> Sat | None:
        if key in body.made:
            return None
        body.made.add(key)
        month = month or (on or day).replace(day=1)
        state = "planned" if on else "undated"
        sitting = Sat(body, month, on, day, series, state=state)
        self.sittings.append(sitting)
        return sitting

    def _set_series(self, body: Body, act: Act) -> None:
        """Another rule: what is not noticed takes the new days of its month, in order; what has
        none, and nothing on its agenda, is cancelled; the rest of three months is made."""
        new = Series(
            RULES[act.more["rule"]], act.more["since"], act.more["on_day_off"], act.more["steps"]
        )
        if body.series:
            body.series[-1].ends = new.since - d.ONE
        number = len(body.series)
        body.series.append(new)
        ahead = max(d.months_later(act.day, 3), new.since)
        old = [
            one
            for one in self.sittings
            if one.body is body
            and not one.is_ad_hoc
            and one.state != "cancelled"
            and one.month >= new.since.replace(day=1)
            and (one.on is None or one.on >= new.since)
        ]
        until = d.months_later(max([ahead, *(one.month for one in old)]).replace(day=1), 1) - d.ONE
        wanted = self._held(new, new.since, until)
        for month in sorted({one.month for one in old} | {on.replace(day=1) for _, on in wanted}):
            there = sorted(
                (one for one in old if one.month == month), key=lambda s: s.on or Date.max
            )
            here = [pair for pair in wanted if pair[1].replace(day=1) == month]
            for sitting, pair in zip_longest(there, here):
                if sitting is None:
                    slot, on = pair
                    if Date.fromisoformat(slot) <= ahead:
                        self._make_one(body, (number, slot), on, new, act.day)
                elif pair is not None:
                    body.made.add((number, pair[0]))
                    self._take(sitting, new, pair[1], act.day)
                elif sitting.state != "noticed" and not sitting.items:
                    self._cancel(sitting, act.day)

    def _take(self, sitting: Sat, series: Series, on: Date, day: Date) -> None:
        sitting.series = series
        if sitting.state == "noticed":
            return
        was, sitting.on, sitting.state = sitting.on, on, "planned"
        if was is not None and was != on:
            self._tell(sitting, "moved", self._asked(sitting), day)

    def _cancel(self, sitting: Sat, day: Date) -> None:
        sitting.state = "cancelled"
        everybody = self._asked(sitting) | sitting.body.standing
        self._tell(sitting, "cancelled", everybody, day)

    def _put_off(self, day: Date) -> None:
        """What waits in cancelled sittings goes to the next regular one of its body."""
        for sitting in self.sittings:
            if sitting.state != "cancelled" or not sitting.items:
                continue
            after = sitting.on or sitting.month
            coming = [
                one
                for one in self.sittings
                if one.body is sitting.body
                and one.state != "cancelled"
                and ((one.on or one.month) > after)
                and ((one.on or one.month) >= day)
            ]
            if coming:
                first = min(coming, key=lambda s: (s.is_ad_hoc, s.on or s.month))
                for item in sitting.items:
                    item.is_noticed = False
                first.items += sitting.items
                sitting.items = []

    # --- who is told ------------------------------------------------------------------------

    def _asked(self, sitting: Sat) -> set[str]:
        found = set(sitting.body.offices)
        for item in sitting.items:
            found |= {item.proposer, *(item.guests if item.is_noticed else [])}
        return found

    def _who(self, sitting: Sat, kind: str) -> Iterable[str]:
        if kind == "call":
            return sitting.body.offices | sitting.body.standing
        return self._asked(sitting) if kind == "eve" else sitting.body.offices

    def _tell(self, sitting: Sat, kind: str, who: Iterable[str], day: Date) -> None:
        for agency in who:
            word = Word(self.code, sitting.body.name, sitting.about, kind, agency, str(day))
            self.words[word] += 1

    def _body(self, code: str) -> Body:
        return next(body for body in self.bodies if body.codes[0] == code)

    def _alone(self, code: str) -> Body:
        """The body as it sits when it is called by itself."""
        return next(body for body in self.bodies if body.codes == (code,))

    def _find(self, act: Act) -> Sat:
        (found,) = [
            one
            for one in self.sittings
            if act.body in one.body.codes
            and one.state != "cancelled"
            and (one.on == act.on if act.on else one.on is None and one.month == act.month)
        ]
        return found

    def held(self) -> Iterator[Word]:
        """The sittings themselves, with what became of them and the day each was made; where the
        items lie; who was invited (an invitation names no day: its sitting's counts)."""
        for one, guest, day in self.invited:
            yield Word(self.code, one.body.name, one.about, "invited", guest, str(day))
        for one in self.sittings:
            name = (self.code, one.body.name, one.about)
            yield Word(*name, "sitting", one.state, str(one.made_on))
            for item in one.items:
                yield Word(*name, "item", item.title, "")


def due(sitting: Sat, office: d.Office, day: Date) -> list[str]:
    """What is told of a sitting today and was not told of this day before."""
    on, steps = sitting.on, sitting.series.steps if sitting.series else Steps()
    if on is None or day > on or sitting.state not in ("planned", "noticed"):
        return []
    is_called = sitting.state == "noticed"

    def is_on(step: int | None) -> bool:
        return step is not None and office.earlier(on, step) <= day

    wanted = {
        "call": not is_called and is_on(steps.call) and steps.agenda is not None
        and not is_on(steps.agenda),
        "agenda": not is_called and is_on(steps.agenda),
        "notice": not is_called and is_on(steps.notice),
        "pack": is_called and is_on(steps.pack),
        "eve": is_called and is_on(1) and day < on,
    }  # fmt: skip
    return [kind for kind, holds in wanted.items() if holds and (kind, on) not in sitting.told]


class Model:
    """All the cities."""

    def __init__(self, profiles: Path) -> None:
        found = [tomllib.loads(file.read_text()) for file in sorted(profiles.glob("*.toml"))]
        self.cities = [City(profile, CLOSED[profile["city"]["code"]]) for profile in found]

    def bell(self, day: Date) -> None:
        for city in self.cities:
            city.bell(day)

    def act(self, day: Date) -> list[Act]:
        """Do what the offices do today; says what."""
        acts = [(city, act) for city in self.cities for act in city.acts_of(day, SCRIPT)]
        for city, act in acts:
            city.do(act)
        return [act for _city, act in acts]

    def expected(self) -> Counter[Word]:
        words: Counter[Word] = Counter()
        for city in self.cities:
            words += city.words
            words.update(city.held())
        return words
