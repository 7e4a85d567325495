"""A condition the ORM takes as it stands: SQL over columns of the row asked about.

The gate's rules are asked some sixty times a page, most inside one another. Built from querysets
they cost more time in Python than in the database; as text they also read like the policies they
are held against.
"""

from __future__ import annotations

from functools import cache
from string import Formatter
from typing import Any, Self

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, F, Field, Func, Model, Value
from django.db.models.expressions import Col
from django.db.models.sql.compiler import SQLCompiler
from django.db.models.sql.query import Query

KEYS = ("pk", "id")


class Condition(Func):
    """`sql`, in which `{name}` stands for a term.

    A term is a column of the row asked about, by the ORM's name for it ("case_id",
    "record__case_id"), or an expression; `Value(…)` is a constant. A term may stand more than once,
    and not every one need. Braces and `%` have no other place in the text.
    """

    output_field = BooleanField()

    def __init__(self, sql: str, **terms: Any) -> None:
        named = {name for _text, name in _parsed(sql)}
        self.constants = {n: term.value for n, term in terms.items() if isinstance(term, Value)}
        columns = {n: t for n, t in terms.items() if n in named and n not in self.constants}
        super().__init__(*columns.values())
        self.sql, self.names = sql, tuple(columns)

    def resolve_expression(
        self,
        query: Query | None = None,
        allow_joins: bool = True,
        reuse: set[str] | None = None,
        summarize: bool = False,
        for_save: bool = False,
    ) -> Self:
        """The way to a row is looked up once, for all its columns."""
        if all(isinstance(term, Col) for term in self.source_expressions):
            return self  # asked again as part of a sub-select
        found: Self = self.copy()
        found.is_summary = summarize
        rows: dict[str, Any] = {}
        # What is no key first: the ORM leaves out the join to a row asked for its key alone.
        terms = sorted(enumerate(self.source_expressions), key=lambda term: _is_key(term[1]))
        for number, term in terms:
            way, _dash, name = _named(term).rpartition("__")
            row = rows.get(way) if name else None
            if row is not None:
                column: Any = Col(row.alias, _field(row.target.model, name))
            else:
                column = term.resolve_expression(query, allow_joins, reuse, summarize, for_save)
                if name and isinstance(column, Col) and not _is_key(term):
                    rows[way] = column
            found.source_expressions[number] = column
        return found

    def as_sql(  # type: ignore[override] # Func's further arguments are for plain functions
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, list[Any]]:
        terms: dict[str, Any] = {name: ("%s", [v]) for name, v in self.constants.items()}
        for name, source in zip(self.names, self.source_expressions, strict=True):
            terms[name] = compiler.compile(source)
        sql, params = "", list[Any]()
        for text, term in _parsed(self.sql):
            sql += text
            if term is not None:
                column, values = terms[term]
                sql += column
                params += values
        return f"({sql})", params


@cache
def _parsed(sql: str) -> tuple[tuple[str, str | None], ...]:
    return tuple((text, name) for text, name, _spec, _conversion in Formatter().parse(sql))


def _named(term: Any) -> str:
    return str(getattr(term, "name", "")) if isinstance(term, F) else ""


def _is_key(term: Any) -> bool:
    return _named(term).rpartition("__")[2] in KEYS


def _field(model: type[Model], name: str) -> Field[Any, Any]:
    found = model._meta.pk if name == "pk" else model._meta.get_field(name)
    assert isinstance(found, Field)  # noqa: S101 - a column, by this name
    return found
