"""A condition the ORM takes as it stands: SQL over columns of the row asked about.

The gate's rules are asked some sixty times a page, most inside one another. Built from querysets
they cost more time in Python than in the database; as text they also read like the policies they
are held against.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from string import Formatter
from typing import Any, Literal, Self, cast

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, F, Field, Func, Model, Q
from django.db.models.expressions import Col
from django.db.models.sql.compiler import SQLCompiler
from django.db.models.sql.query import Query

KEYS = ("pk", "id")


@dataclass(frozen=True)
class Rule:
    """`sql`, in which `{name}` stands for a constant, or for a column named where it is asked.

    Braces and `%` have no other place in the text.
    """

    sql: str
    constants: Mapping[str, Any] = field(default_factory=dict)

    def __or__(self, other: Rule) -> Rule:
        if NEVER in (self, other):
            return other if self == NEVER else self
        return Rule(f"({self.sql}) OR ({other.sql})", _both(self.constants, other.constants))

    def __and__(self, other: Rule) -> Rule:
        if NEVER in (self, other):
            return NEVER
        return Rule(f"({self.sql}) AND ({other.sql})", _both(self.constants, other.constants))

    def __invert__(self) -> Rule:
        return Rule(f"NOT ({self.sql})", self.constants)

    def within(self, whole: str, row: str, columns: Mapping[str, str], **constants: Any) -> Rule:
        """A larger rule, that asks this one of a row it names: `whole` with `{rule}` in this one's
        place. columns: this one's terms by the row's columns in the database."""
        if self == NEVER:
            return NEVER
        own = {name: f"{row}.{column}" for name, column in columns.items()}
        text = "".join(
            text + ("" if name is None else own.get(name, f"{{{name}}}"))
            for text, name in _parsed(self.sql)
        )
        return Rule(whole.replace("{rule}", text), _both(self.constants, constants))

    def asked(self, columns: Mapping[str, str], way: str = "") -> Q:
        """Of the row a queryset reads: `columns` by the ORM's names. way: to the row they are of,
        as `record__`."""
        if self == NEVER:
            return Q(pk__in=[])  # which the ORM does not even ask
        return Q(Condition(self, {name: way + column for name, column in columns.items()}))


NEVER = Rule("false")


def among(
    column: str,
    keys: Iterable[uuid.UUID] | Iterable[int],
    kind: Literal["uuid", "integer"] = "uuid",
) -> Q:
    """Whether a column's key is one of these: one value however many they are, so that the
    statement is the same one and keeps its plan."""
    rule = Rule(f"{{column}} = ANY ({{keys}}::{kind}[])", {"keys": list(keys)})
    return rule.asked({"column": column})


class Condition(Func):
    """A rule of a queryset's row. Columns it does not name may be told, too."""

    output_field = BooleanField()
    # What the ORM would otherwise ask of every part, every time.
    contains_aggregate = False
    contains_over_clause = False
    contains_column_references = True

    def __init__(self, rule: Rule, columns: Mapping[str, str]) -> None:
        super().__init__()
        self.rule = rule
        self.columns = {name: columns[name] for name in _terms(rule.sql) - rule.constants.keys()}
        self.places: dict[str, tuple[int, str]] = {}

    def resolve_expression(
        self,
        query: Query | None = None,
        allow_joins: bool = True,
        reuse: set[str] | None = None,
        summarize: bool = False,
        for_save: bool = False,
    ) -> Self:
        """The way to a row is looked up once, for all its columns."""
        if self.source_expressions:
            return self  # asked again as part of a sub-select
        found: Self = self.copy()
        found.is_summary, found.places = summarize, {}
        rows: dict[str, int] = {}
        # What is no key first: the ORM leaves out the join to a row asked for its key alone.
        for name, column in sorted(self.columns.items(), key=_is_key):
            way, _line, last = column.rpartition("__")
            if way not in rows:
                told = F(column).resolve_expression(query, allow_joins, reuse, summarize, for_save)
                assert isinstance(told, Col)  # noqa: S101 - a column, by this name
                found.source_expressions.append(told)
                found.places[name] = len(found.source_expressions) - 1, str(told.target.column)
                if not _is_key((name, column)):
                    rows[way] = found.places[name][0]
            else:
                row = found.cols()[rows[way]]
                found.places[name] = rows[way], _column(row.target.model, last)
        return found

    def cols(self) -> list[Col]:
        """One column of each row there is a way to."""
        return cast("list[Col]", self.source_expressions)

    def as_sql(  # type: ignore[override] # Func's further arguments are for plain functions
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, list[Any]]:
        quoted = compiler.quote_name_unless_alias
        rows = [quoted(row.alias) + "." if row.alias else "" for row in self.cols()]
        sql, params = [], list[Any]()
        for text, name in _parsed(self.rule.sql):
            sql.append(text)
            if name in self.places:
                number, column = self.places[name]
                sql.append(rows[number] + quoted(column))
            elif name is not None:
                sql.append("%s")
                params.append(self.rule.constants[name])
        return f"({''.join(sql)})", params


def _both(ones: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    """Raises ValueError: one name for two values would quietly change what a rule says."""
    for name in ones.keys() & others.keys():
        if ones[name] != others[name]:
            raise ValueError(f"{name} stands for {ones[name]!r} and for {others[name]!r}")
    return {**ones, **others}


@cache
def _parsed(sql: str) -> tuple[tuple[str, str | None], ...]:
    return tuple((text, name) for text, name, _spec, _conversion in Formatter().parse(sql))


@cache
def _terms(sql: str) -> frozenset[str]:
    return frozenset(name for _text, name in _parsed(sql) if name is not None)


def _is_key(term: tuple[str, str]) -> bool:
    return term[1].rpartition("__")[2] in KEYS


@cache
def _column(model: type[Model], name: str) -> str:
    column = model._meta.pk if name == "pk" else model._meta.get_field(name)
    assert isinstance(column, Field)  # noqa: S101 - a column, by this name
    return str(column.column)
