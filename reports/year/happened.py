"""What the database says happened, in the words of `reports.year.model`: asked in SQL, of the
tables themselves, as somebody who sees every row."""

from __future__ import annotations

import datetime
import re
import uuid
from collections import Counter
from collections.abc import Iterator

from config.lib.eras import TOKYO
from reports.year.model import Word
from reports.year.running import Product

BODIES = """
    (select string_agg(t.code, '+' order by t."order", t.id)
     from meetings_sitting_conference_types as l
     join agencies_conferencetype as t on t.id = l.conferencetype_id where l.sitting_id = s.id)"""
SITTINGS = f"""
    select m.code, {BODIES}, s."on", s.month, s.state, s.id from meetings_sitting as s
    join agencies_municipality as m on m.id = s.municipality_id"""  # noqa: S608 - our own words
ITEMS = f"""
    select m.code, {BODIES}, s."on", s.month, i.title from meetings_agendaitem as i
    join meetings_sitting as s on s.id = i.sitting_id
    join agencies_municipality as m on m.id = s.municipality_id"""  # noqa: S608 - our own words
NOTICES = f"""
    select m.code, coalesce({BODIES}, ''), n.title, n.kind, s.id, a.code,
        (n.created_at at time zone 'Asia/Tokyo')::date
    from agencies_notice as n
    join agencies_agency as a on a.group_id = n.agency_id
    join agencies_municipality as m on m.id = a.municipality_id
    left join meetings_sitting as s on n.url = '/meetings/' || s.id || '/'"""  # noqa: S608 - our own words
DAY = re.compile(r"令和(\d+|元)年(\d+)月(?:(\d+)日)?")


def _about(on: datetime.date | None, month: datetime.date) -> str:
    return str(on or f"{month:%Y-%m}")


def told_of(title: str) -> str:
    """The day, or month, that a notice names."""
    found = DAY.search(title)
    if found is None:
        return ""
    era, month, day = found.groups()
    year = 2018 + (1 if era == "元" else int(era))
    return f"{year}-{int(month):02}" + (f"-{int(day):02}" if day else "")


def made_on(key: uuid.UUID) -> datetime.date:
    """The day a row was made: its key begins with the milliseconds since 1970 (UUID, version 7)."""
    return datetime.datetime.fromtimestamp((key.int >> 80) / 1000, TOKYO).date()


def sittings(product: Product) -> Iterator[Word]:
    for city, body, on, month, state, key in product.ask(SITTINGS):
        yield Word(city, body, _about(on, month), "sitting", state, str(made_on(key)))
    for city, body, on, month, title in product.ask(ITEMS):
        yield Word(city, body, _about(on, month), "item", title, "")


def notices(product: Product) -> Iterator[Word]:
    """Every notice there is. An invitation says no day; its sitting does."""
    days = {key: _about(on, month) for *_, on, month, _s, key in product.ask(SITTINGS)}
    for city, body, title, kind, sitting, agency, day in product.ask(NOTICES):
        name = kind.removeprefix("sitting_")
        if name == "notice" and not told_of(title):
            yield Word(city, body, days[sitting], "invited", agency, str(day))
        else:
            yield Word(city, body, told_of(title), name, agency, str(day))


def words(product: Product) -> Counter[Word]:
    return Counter([*sittings(product), *notices(product)])
