"""A question is put together once (decision 0014).

Putting a queryset together and turning it into SQL takes two to four times as long as PostgreSQL
takes to answer it, and for the same role it is the same SQL every time. A function marked
`@prepared` is called once for each role and day with stand-ins in the place of who asks and about
what; its SQL is kept, with the places in which the stand-ins' keys stood. Every later call fills
the places and asks: the rows, the gate within the question and the policies beneath it are the
same. The suite puts every prepared question together anew at each call and compares
(`KASANE_CHECK_PREPARED`).

Its arguments are who asks, rows, keys and lists of keys; anything else (a day, a number) is part
of the question. Such a function does nothing but return a queryset: no query, no branch on
anything but the role, no clock but `today()`, and of its subjects nothing but keys. A subject's own
UUID in place of the stand-in's is refused as the question is put together; a number or a text
read off a subject is found by the suite's comparison alone.
"""

from __future__ import annotations

import copy
import functools
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar, cast

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import connections, models
from django.db.models.sql.compiler import SQLCompiler

from config.lib.eras import today

Asked = TypeVar("Asked", bound=models.QuerySet[Any])

# Keys of the stand-ins: of no row, and told apart from each other in any question.
_FIRST = 2_000_000_011


_anew: ContextVar[bool] = ContextVar("kasane.anew", default=False)


class NotPreparable(Exception):
    """The function does more than return a question with keys in it."""


class _Text:
    """One compiled question: its SQL, its values, and in which places which key belongs."""

    def __init__(self, sql: str, params: Sequence[Any], keys: list[Any]) -> None:
        self.sql = sql
        self.params = list(params)
        self.places = [
            (place, keys.index(value))
            for place, value in enumerate(self.params)
            if type(value) in (int, uuid.UUID, list) and value in keys
        ]

    def filled(self, keys: list[Any]) -> tuple[str, tuple[Any, ...]]:
        params = self.params[:]
        for place, key in self.places:
            params[place] = keys[key]
        return self.sql, tuple(params)


class _Known:
    """A queryset put together with stand-ins, compiled as rows, as a count and as any row."""

    def __init__(self, asked: models.QuerySet[Any], using: str, keys: list[Any]) -> None:
        self.asked, self.using, self.keys = asked, using, keys
        self.compiler = asked.query.get_compiler(using)
        sql, params = self.compiler.as_sql()
        self.rows = _Text(sql, params, keys)
        self._texts: dict[str, _Text] = {}

    def text(self, kind: str) -> _Text:
        if kind not in self._texts:
            query = self.asked.query
            query = query.exists() if kind == "any" else query.clone()
            if kind == "count" and not query.is_sliced:
                query.clear_ordering(force=True)
            sql, params = query.get_compiler(self.using).as_sql()
            counted = f"SELECT COUNT(*) FROM ({sql}) AS counted"  # noqa: S608 - compiled text
            self._texts[kind] = _Text(counted if kind == "count" else sql, params, self.keys)
        return self._texts[kind]


class _Query:
    """In the place of a queryset's query: knows its SQL, and answers what a list of rows asks."""

    combinator = None
    is_sliced = True  # nothing is filtered or sorted any more

    def __init__(self, known: _Known, keys: list[Any]) -> None:
        self.known, self.keys = known, keys
        self.select_related = known.asked.query.select_related
        self.values_select = known.asked.query.values_select
        self.extra_select = known.asked.query.extra_select
        self.annotation_select = known.asked.query.annotation_select
        self.distinct = known.asked.query.distinct
        self.selected = getattr(known.asked.query, "selected", None)

    def get_compiler(self, using: str | None = None, **_kwargs: Any) -> SQLCompiler:
        compiler = copy.copy(self.known.compiler)
        compiler.connection = connections[using or self.known.using]
        told = self.known.rows.filled(self.keys)
        compiler.as_sql = lambda *_args, **_kwargs: told
        return compiler

    def get_count(self, using: str) -> int:
        return int(self._one("count", using) or 0)

    def has_results(self, using: str) -> bool:
        return self._one("any", using) is not None

    def _one(self, kind: str, using: str) -> Any:
        with connections[using].cursor() as cursor:
            cursor.execute(*self.known.text(kind).filled(self.keys))
            row = cursor.fetchone()
        return row[0] if row else None


def prepared(ask: Callable[..., Asked]) -> Callable[..., Asked]:
    """Put the question together once for each role and day. What comes back can be gone through,
    counted and asked whether there is any; it cannot be narrowed further."""
    kept: dict[Any, _Known | None] = {}

    @functools.wraps(ask)
    def asked(*subjects: Any) -> Asked:
        if _anew.get():
            return ask(*subjects)
        day = today()
        role = (day, *(_role(subject) for subject in subjects))
        if role in kept:
            known = kept[role]
        else:
            for old in [one for one in list(kept) if one[0] != day]:
                kept.pop(old, None)
            known = kept[role] = _put_together(ask, subjects)
        keys = [key for subject in subjects for key in _keys(subject)]
        if settings.KASANE_CHECK_PREPARED:
            _compare(ask, subjects, known, keys)
        if known is None:
            return ask(*subjects).none()
        of: Any = known.asked
        query: Any = _Query(known, keys)
        found = of.__class__(model=of.model, query=query, using=of._db)
        found._iterable_class = of._iterable_class
        found._fields = of._fields
        found._prefetch_related_lookups = of._prefetch_related_lookups
        return cast("Asked", found)

    return asked


@contextmanager
def anew() -> Iterator[None]:
    """Every question is put together each time: for who changes what a question is (bench_gate)."""
    token = _anew.set(True)
    try:
        yield
    finally:
        _anew.reset(token)


def _role(subject: Any) -> Any:
    """What of a subject changes the question itself: of who asks, the role and the city."""
    if hasattr(subject, "may"):
        role = subject.role
        city = subject.agency.municipality_id if subject.agency_id else None
        return (subject.system_name, city, subject.role_id, tuple(role.permissions) if role else ())
    # The class as a lazy object tells it, not the lazy object's own.
    return subject.__class__ if _has_key(subject) else subject


def _has_key(subject: Any) -> bool:
    return isinstance(subject, models.Model | uuid.UUID | list)


def _keys(subject: Any) -> list[Any]:
    if hasattr(subject, "may"):
        return [subject.pk, subject.agency_id, subject.user_id]
    if not _has_key(subject):
        return []
    return [subject.pk] if isinstance(subject, models.Model) else [subject]


def _stand_in(subject: Any, number: int) -> Any:
    """Something with keys of nobody, and nothing else to be read."""
    if hasattr(subject, "may"):
        stands = copy.copy(subject)
        stands._state = copy.copy(subject._state)
        stands._state.fields_cache = dict(subject._state.fields_cache)
        for place, name in enumerate(("pk", "agency_id", "user_id")):
            value = getattr(subject, name)
            if value is not None:
                # Set past the descriptor, which would forget the agency the rules ask for.
                stands.__dict__["id" if name == "pk" else name] = _key(value, number + place)
        return stands
    if isinstance(subject, models.Model):
        key = _key(subject.pk, number)
        return subject._meta.model.from_db(None, [subject._meta.pk.attname], [key])
    return _key(subject, number) if _has_key(subject) else subject


def _key(value: Any, number: int) -> Any:
    if isinstance(value, list):
        return [uuid.UUID(int=number)]
    return uuid.UUID(int=number) if isinstance(value, uuid.UUID) else _FIRST + number


def _put_together(ask: Callable[..., Any], subjects: tuple[Any, ...]) -> _Known | None:
    numbers = [10 * place + 1 for place in range(len(subjects))]
    stands = [_stand_in(one, number) for one, number in zip(subjects, numbers, strict=True)]
    keys = [key for one in stands for key in _keys(one)]
    with _asking_nothing():
        asked = ask(*stands)
        try:
            known = _Known(asked, asked.db, keys)
        except EmptyResultSet:
            return None
    along: Any = asked
    if any(not isinstance(lookup, str) for lookup in along._prefetch_related_lookups):
        message = f"{ask.__qualname__} fetches along what is a queryset of its own"
        raise NotPreparable(message)
    real = {key for one in subjects for key in _keys(one) if type(key) is uuid.UUID}
    if real & {value for value in known.rows.params if type(value) is uuid.UUID}:
        message = f"{ask.__qualname__} reads more of its subjects than their keys"
        raise NotPreparable(message)
    return known


@contextmanager
def _asking_nothing() -> Iterator[None]:
    def refuse(*_args: Any) -> Any:
        message = "a prepared question asks another one while it is put together"
        raise NotPreparable(message)

    with connections["default"].execute_wrapper(refuse):
        yield


def _compare(
    ask: Callable[..., Any], subjects: tuple[Any, ...], known: _Known | None, keys: list[Any]
) -> None:
    """The suite's: put together anew, it must be the same question."""
    again = ask(*subjects)
    try:
        fresh = again.query.get_compiler(again.db).as_sql()
    except EmptyResultSet:
        fresh = None
    ready = known.rows.filled(keys) if known else None
    if fresh is not None:
        fresh = fresh[0], tuple(fresh[1])
    if ready != fresh:
        message = f"{ask.__qualname__}: prepared {ready}, put together anew {fresh}"
        raise NotPreparable(message)
