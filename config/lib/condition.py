"""A condition the ORM takes as it stands: SQL over columns of the row asked about.

The gate's rules are asked some twenty times a page, most inside one another. Built from querysets
they cost more time in Python than in the database; as text they also read like the policies they
are held against.
"""

from __future__ import annotations

from string import Formatter
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, Func
from django.db.models.sql.compiler import SQLCompiler


class Condition(Func):
    """`sql`, in which `{name}` stands for a term.

    A term is a column of the row asked about, by the ORM's name for it ("case_id",
    "record__case_id"), or an expression: `Value(…)` for whatever is not a column. A term may stand
    more than once, and not every one need. Braces and `%` have no other place in the text.
    """

    output_field = BooleanField()

    def __init__(self, sql: str, **terms: Any) -> None:
        super().__init__(*terms.values())
        self.sql, self.names = sql, tuple(terms)

    def as_sql(  # type: ignore[override] # Func's further arguments are for plain functions
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, list[Any]]:
        terms = {
            name: compiler.compile(source)
            for name, source in zip(self.names, self.source_expressions, strict=True)
        }
        sql, params = "", list[Any]()
        for text, name, _spec, _conversion in Formatter().parse(self.sql):
            sql += text
            if name is not None:
                column, values = terms[name]
                sql += column
                params += values
        return f"({sql})", params
