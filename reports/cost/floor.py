"""How far a page is above its floor: the same statements, an empty view, plain formatting.

The floor of a request is the statements it sent, with their values, sent again to the same
connection as prepared statements and read to the end; a view that answers a given text, through
Django's own handler; and that text, of the same number of bytes, put together from the rows read.
Page and floor take turns, and both are taken back.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from django.core.handlers.exception import convert_exception_to_response
from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.test.client import ClientHandler

from agencies.models import Membership
from config.lib import acting
from config.lib.acting import ask_with_secret
from reports.cost.desk import Ask, Who, asks, desks
from reports.cost.measure import (
    ASKED_BY_HAND,
    Different,
    as_default,
    keep_sessions,
    login,
    on_owner,
    signed_in,
    taken_back,
)

WARM = 4
AIM_MS, AIM_P50, AIM_P95, AIM_FLAT = 150, 2.0, 3.0, 1.5


@dataclass
class Statement:
    """What was sent; `brings_secret`: who acts, which is asked apart (config.lib.acting)."""

    sql: str
    params: Any
    many: bool = False
    brings_secret: bool = False


@dataclass
class Measured:
    """One request's times, page and floor in turn."""

    ask: Ask
    page: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)
    sql: list[float] = field(default_factory=list)
    queries: int = 0
    bytes: int = 0


class _Empty(ClientHandler):
    """No middleware, one view, which answers what it was given."""

    body = b""

    def load_middleware(self, is_async: bool = False) -> None:
        def view(_request: HttpRequest) -> HttpResponse:
            return HttpResponse(self.body)

        self._middleware_chain = convert_exception_to_response(view)


@contextmanager
def at_desks(owner: str) -> Iterator[tuple[dict[Who, Client], dict[Who, Membership]]]:
    """The three signed in, over the application's login, in the database of `owner`."""
    people = desks(owner)
    name = connections[owner].settings_dict["NAME"]
    application = login(connections["default"].settings_dict, name)
    owners = login(connections[owner].settings_dict, name)
    asked = override_settings(**ASKED_BY_HAND)
    asked.enable()
    try:
        with as_default(owners):
            clients: dict[Who, Client] = {}
            for who, member in people.items():
                clients[who] = signed_in(member)
        with as_default(application):
            yield clients, people
    finally:
        ours = ", ".join(str(member.user_id) for member in people.values())
        on_owner(owner, f"DELETE FROM kasane.session WHERE user_id IN ({ours})")  # noqa: S608 - keys
        asked.disable()
        application.close()
        owners.close()


def measure_desk(owner: str, *, rounds: int, say: Callable[[str], Any]) -> dict[str, Any]:
    """Every page of the desk, of every request `rounds` times, in turn with its floor."""
    with at_desks(owner) as (clients, people):

        def text(who: Who, url: str) -> str:
            with taken_back():
                return str(clients[who].get(url).content.decode())

        keep_sessions(owner)
        wanted = asks(owner, people, text)
        pages: dict[str, list[Measured]] = defaultdict(list)
        for ask in wanted:
            pages[ask.page].append(Measured(ask))
        found = {}
        for name, requests in pages.items():
            keep_sessions(owner)
            _measure(clients, requests, rounds)
            found[name] = _summary(requests)
            one = found[name]
            say(f"{name} {one['p50_ms']} {one['p95_ms']} {one['over_floor']}")
    return found


def _measure(clients: dict[Who, Client], requests: list[Measured], rounds: int) -> None:
    told: dict[int, list[Statement]] = {}
    for number, one in enumerate(requests):
        for _ in range(WARM):
            told[number] = _page(clients, one, keep=False)
    gc.collect()
    for _ in range(rounds):
        for number, one in enumerate(requests):
            _page(clients, one, keep=True)
            _floor(one, told[number])


def _page(clients: dict[Who, Client], one: Measured, *, keep: bool) -> list[Statement]:
    told: list[Statement] = []

    def noted(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        told.append(Statement(sql, params, many))
        return execute(sql, params, many, context)

    def noted_secret(sql: str, params: Any, *, using: str = "default") -> Any:
        told.append(Statement(sql, params, brings_secret=True))
        return ask_with_secret(sql, params, using=using)

    with (
        taken_back(),
        mock.patch.object(acting, "ask_with_secret", noted_secret),
        connections["default"].execute_wrapper(noted),
    ):
        started = time.perf_counter()
        response = one.ask.ask(clients[one.ask.who])
        spent = (time.perf_counter() - started) * 1000
    if response.status_code != one.ask.status:
        raise Different(f"{one.ask.page} of {one.ask.who}: {one.ask.url} {response.status_code}")
    if keep:
        one.page.append(spent)
    one.queries, one.bytes = len(told), len(response.content)
    return told


def _floor(one: Measured, told: list[Statement]) -> None:
    client = Client()
    handler = client.handler = _Empty()
    handler.load_middleware()
    with taken_back(), connections["default"].connection.cursor() as cursor:
        started = time.perf_counter()
        rows: list[tuple[Any, ...]] = []
        for statement in told:
            if statement.brings_secret:
                ask_with_secret(statement.sql, statement.params)
            elif statement.many:
                cursor.executemany(statement.sql, statement.params)
            else:
                cursor.execute(statement.sql, statement.params)
                if cursor.description:
                    rows += cursor.fetchall()
        read = time.perf_counter()
        handler.body = plain(rows, one.bytes)
        client.get("/")
        ended = time.perf_counter()
    one.sql.append((read - started) * 1000)
    one.floor.append((ended - started) * 1000)


def plain(rows: list[tuple[Any, ...]], size: int) -> bytes:
    """A line a row, as text, again and again until there are so many bytes."""
    if not size:
        return b""
    if not rows:
        return b"-" * size
    lines: list[bytes] = []
    long = 0
    while long < size:
        for row in rows:
            line = f"<li>{' '.join([str(value) for value in row])}</li>\n".encode()
            lines.append(line)
            long += len(line)
            if long >= size:
                break
    return b"".join(lines)[:size]


def _summary(requests: list[Measured]) -> dict[str, Any]:
    page = [ms for one in requests for ms in one.page]
    floor = [ms for one in requests for ms in one.floor]
    sql = [ms for one in requests for ms in one.sql]
    by: dict[str, list[float]] = defaultdict(list)
    for one in requests:
        by[one.ask.who] += one.page
    return {
        "p50_ms": round(_part(page, 50), 2),
        "p95_ms": round(_part(page, 95), 2),
        "floor_p50_ms": round(_part(floor, 50), 2),
        "floor_p95_ms": round(_part(floor, 95), 2),
        "sql_p50_ms": round(_part(sql, 50), 2),
        "over_floor": round(_part(page, 50) / _part(floor, 50), 2),
        "over_floor_p95": round(_part(page, 95) / _part(floor, 95), 2),
        "queries": round(statistics.median(one.queries for one in requests)),
        "bytes": round(statistics.median(one.bytes for one in requests)),
        "requests": len(page),
        "by_user_p50_ms": {who: round(_part(ms, 50), 2) for who, ms in by.items()},
    }


def _part(values: list[float], percent: int) -> float:
    """The smallest value that so many of a hundred are at or below."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]
