"""Both ways of asking: the gate as it is, and no gate with the same rows.

*On* is the application's login. *Off* is the owner's, whom no policy binds here, and every door of
the ORM replaced by a list of keys written down beforehand, as the gate answered: both return the
same rows, and every page is compared byte by byte. Each request is rolled back, so that no look
changes the next page; in turn on, off, off, on within one run.
"""

from __future__ import annotations

import hashlib
import re
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from django.apps import apps
from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import RawSQL
from django.test import Client, override_settings

from agencies.middleware import SESSION_KEY, STARTED_KEY
from agencies.models import AccessLog, Membership
from config.lib.acting import acting
from config.lib.prepared import anew
from reports.cost.city import City
from reports.cost.screens import Screen, Who

# What narrows rows to those of a reader: `visible_to`, and the two that are stricter for lists.
DOORS = ("visible_to", "standing_with", "for_lists")
# More lines of the log than a run writes.
LINES = 20_000
# As the pages are asked here, whatever a city has set: over no network, signed in by hand, and the
# addresses of style sheets without their content's mark.
ASKED_BY_HAND = {
    "ALLOWED_HOSTS": ["testserver"],
    "KASANE_CHECK_PREPARED": False,
    "KASANE_SECOND_FACTOR": "optional",
    "SECURE_SSL_REDIRECT": False,
    "STORAGES": {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    },
}
# What differs between two answers to the same question.
TOKENS = (
    re.compile(rb'(?<=csrfmiddlewaretoken" value=")\w+'),
    re.compile(rb'(?<="X-CSRFToken": ")\w+'),
    re.compile(rb"(?<=nonce=[\"'])[\w+/=-]+"),
    re.compile(rb'(?<=name="form_key" value=")[0-9a-f-]+'),
    re.compile(rb'(?<=name="draft_token" value=")[\w.:=-]+'),
    re.compile(rb"(?<=\d )\d\d:\d\d"),
    re.compile("(?<=日 )\\d\\d:\\d\\d".encode()),
)


class Different(Exception):
    """A page is not the same with and without the gate."""


@dataclass
class Taken:
    """Milliseconds of a page and of its queries, on one side."""

    page: list[float] = field(default_factory=list)
    queries: list[float] = field(default_factory=list)
    count: int = 0


@dataclass
class Sides:
    """The two connections that take the place of `default`, and the people's sessions."""

    on: BaseDatabaseWrapper
    off: BaseDatabaseWrapper
    clients: dict[Who, Client]


@contextmanager
def both_sides(owner: str, city: City) -> Iterator[Sides]:
    """The two logins to the scratch database, and its people signed in, each with a list of all
    the keys each door opens to them."""
    before = connections["default"]
    name = connections[owner].settings_dict["NAME"]
    on = login(before.settings_dict, name)
    off = login(connections[owner].settings_dict, name)
    asked = override_settings(**ASKED_BY_HAND)
    asked.enable()
    try:
        _let_go(owner)
        people: dict[Who, Membership] = {
            "worker": city.worker,
            "coordinator": city.coordinator,
            "administrator": city.administrator,
            "privacy": city.privacy,
        }
        with as_default(off):
            clients = {who: signed_in(member) for who, member in people.items()}
        with as_default(on):
            for member in people.values():
                write_lists(owner, member)
        on_owner(owner, "VACUUM (ANALYZE)")  # as autovacuum keeps a city that lives
        # Kept questions are the gate's: both sides put theirs together each time.
        with anew():
            yield Sides(on, off, clients)
    finally:
        asked.disable()
        on.close()
        off.close()


def login(settings: dict[str, Any], name: str) -> BaseDatabaseWrapper:
    own = {**settings, "NAME": name, "CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": False}
    return type(connections["default"])(own, alias="default")


@contextmanager
def as_default(wrapper: BaseDatabaseWrapper) -> Iterator[None]:
    before = connections["default"]
    connections["default"] = wrapper
    try:
        yield
    finally:
        connections["default"] = before


def _let_go(owner: str) -> None:
    """Without FORCE the owner of the tables is bound by no policy; the application still is."""
    forced = "SELECT oid::regclass::text FROM pg_class WHERE relforcerowsecurity"
    for (table,) in on_owner(owner, forced):
        on_owner(owner, f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    on_owner(owner, "CREATE SCHEMA cost", "GRANT USAGE ON SCHEMA cost TO PUBLIC")


def signed_in(member: Membership) -> Client:
    """A live session of this person, with the secret in the cookie alone (decision 0007)."""
    client = Client()
    client.force_login(member.user)  # type: ignore[arg-type]  # people have one
    session = client.session
    session[STARTED_KEY] = time.time()
    session[SESSION_KEY] = str(member.pk)
    session.save()
    token = hashlib.sha256((session.session_key or "").encode()).digest()
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO kasane.session (token, kind, user_id) VALUES (%s, 'person', %s)",
            [token, member.user_id],
        )
    return client


# --- lists in the place of doors --------------------------------------------------------------


def doors() -> Iterator[tuple[type[models.Model], str]]:
    """Every door of every model."""
    for model in apps.get_models():
        for door in DOORS:
            if hasattr(model._default_manager, door):
                yield model, door


def list_of(model: type[models.Model], door: str) -> str:
    return f'cost."{model._meta.db_table}_{door}"'


def write_lists(owner: str, member: Membership) -> None:
    """What each door opens to this person, as the gate itself says."""
    for model, door in doors():
        table, key = list_of(model, door), model._meta.pk
        kind = "uuid" if "uuid" in str(key.db_type(connections[owner])) else "bigint"
        on_owner(
            owner,
            f"CREATE TABLE IF NOT EXISTS {table}"
            f" (member uuid, id {kind}, PRIMARY KEY (member, id))",
            f"GRANT INSERT ON {table} TO PUBLIC",
        )
        with acting(member.pk), connections["default"].cursor() as cursor:
            rows = getattr(model._default_manager.order_by(), door)(member).values("pk")
            try:
                sql, params = rows.query.sql_with_params()
            except EmptyResultSet:
                continue
            listed = f"INSERT INTO {table} SELECT %s, q.* FROM ({sql}) AS q"  # noqa: S608 - names
            cursor.execute(listed, [member.pk, *params])
    # A page that shows the look it is: the lines that will be written are the reader's own.
    on_owner(
        owner,
        f"INSERT INTO {list_of(AccessLog, 'visible_to')} SELECT '{member.pk}', n + "  # noqa: S608
        f"(SELECT max(id) FROM agencies_accesslog) FROM generate_series(1, {LINES}) AS n",
    )


def on_owner(owner: str, *statements: str) -> list[Any]:
    with connections[owner].cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


@contextmanager
def lists_for_doors() -> Iterator[None]:
    """Every door reads its list instead of asking the gate."""

    def listed(door: str) -> Callable[..., Any]:
        def read(self: Any, membership: Membership) -> Any:
            table = list_of(self.model, door)
            of = f"SELECT id FROM {table} WHERE member = %s"  # noqa: S608 - our own names
            keys = RawSQL(of, [membership.pk])  # noqa: S611 - our own names
            return self.filter(pk__in=keys)

        return read

    with ExitStack() as stack:
        for cls, door in {
            (cls, door)
            for model, door in doors()
            for cls in type(model._default_manager.all()).__mro__
            if door in vars(cls)
        }:
            stack.enter_context(mock.patch.object(cls, door, listed(door)))
        yield


# --- one page after the other -----------------------------------------------------------------


def measure(sides: Sides, owner: str, screen: Screen, rounds: int) -> dict[str, Any]:
    """The medians of one page on both sides, and that it is the same page."""
    on, off = Taken(), Taken()
    keep_sessions(owner)
    client = sides.clients[screen.who]
    with as_default(sides.on):
        with_gate = _ask(client, screen, Taken())
    with lists_for_doors(), as_default(sides.off):
        without = _ask(client, screen, Taken())
    if with_gate != without:
        raise Different(f"{screen.name}: {_first_difference(with_gate, without)}")
    for _ in range(rounds):
        for taken, side in ((on, sides.on), (off, sides.off), (off, sides.off), (on, sides.on)):
            with ExitStack() as stack:
                if taken is off:
                    stack.enter_context(lists_for_doors())
                stack.enter_context(as_default(side))
                _ask(client, screen, taken)
    return {
        **_summary(on.page, off.page),
        "queries": on.count,
        "sql": _summary(on.queries, off.queries),
        "bytes": len(with_gate),
    }


def _ask(client: Client, screen: Screen, taken: Taken) -> bytes:
    """One request, taken back."""
    spent: list[float] = []

    def timed(execute: Callable[..., Any], *args: Any) -> Any:
        begun = time.perf_counter()
        try:
            return execute(*args)
        finally:
            spent.append(time.perf_counter() - begun)

    with taken_back(), connections["default"].execute_wrapper(timed):
        started = time.perf_counter()
        response = screen.ask(client)
        taken.page.append((time.perf_counter() - started) * 1000)
    if response.status_code != 200:
        raise Different(f"{screen.name}: {screen.url} answers {response.status_code}")
    taken.queries.append(sum(spent) * 1000)
    taken.count = len(spent)
    body: bytes = response.content
    for token in TOKENS:
        body = token.sub(b"*", body)
    return body


@contextmanager
def taken_back() -> Iterator[None]:
    """Nothing that is written within stays: no request changes the next."""
    with transaction.atomic():
        # Past the driver, which at a rollback forgets the plans it keeps between requests.
        server = connections["default"].connection.pgconn
        server.exec_(b"SAVEPOINT asked")
        yield
        server.exec_(b"ROLLBACK TO SAVEPOINT asked")
        connections["default"].run_on_commit.clear()


def _summary(on: list[float], off: list[float]) -> dict[str, float]:
    on_ms, off_ms = statistics.median(on), statistics.median(off)
    return {
        "on_ms": round(on_ms, 2),
        "off_ms": round(off_ms, 2),
        "ratio": round(on_ms / off_ms, 3) if off_ms else 1.0,
    }


def _first_difference(one: bytes, other: bytes) -> str:
    here, there = one.decode(), other.decode()
    at = next((n for n, (a, b) in enumerate(zip(here, there, strict=False)) if a != b), 0)
    around = slice(max(at - 80, 0), at + 80)
    return f"with the gate {here[around]!r}, without {there[around]!r}"


def keep_sessions(owner: str) -> None:
    """What a request notes of its session is rolled back with it."""
    on_owner(owner, "UPDATE kasane.session SET seen_at = now() WHERE kind = 'person'")
