"""Filling tables of millions of rows: keys, indexes and triggers away, and back as they were.

Foreign keys and indexes are dropped before and made again after, which checks every row at once;
what the triggers do for a row at a time is done by whoever fills, for all rows together.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

FOREIGN = """
SELECT c.conrelid::regclass::text, quote_ident(c.conname), pg_get_constraintdef(c.oid)
FROM pg_constraint AS c
WHERE c.contype = 'f' AND (c.conrelid::regclass::text = ANY (%(tables)s)
                           OR c.confrelid::regclass::text = ANY (%(tables)s))
ORDER BY 1, 2
"""
UNIQUE = """
SELECT c.conrelid::regclass::text, quote_ident(c.conname), pg_get_constraintdef(c.oid)
FROM pg_constraint AS c
WHERE c.contype IN ('p', 'u', 'x') AND c.conrelid::regclass::text = ANY (%(tables)s)
ORDER BY c.contype, 1, 2
"""
INDEXES = """
SELECT i.indexrelid::regclass::text, i.indrelid::regclass::text, pg_get_indexdef(i.indexrelid)
FROM pg_index AS i
WHERE i.indrelid::regclass::text = ANY (%(tables)s)
  AND NOT EXISTS (SELECT FROM pg_constraint AS c WHERE c.conindid = i.indexrelid
                  AND c.contype IN ('p', 'u', 'x'))
ORDER BY 2, 1
"""
TRIGGERED = """
SELECT DISTINCT t.tgrelid::regclass::text FROM pg_trigger AS t
WHERE NOT t.tgisinternal AND t.tgrelid::regclass::text = ANY (%(tables)s) ORDER BY 1
"""
# Of this transaction alone: sorting for indexes in memory, hash joins of a million households.
SETTINGS = (
    "SET LOCAL maintenance_work_mem = '1GB'", "SET LOCAL work_mem = '256MB'",
    "SET LOCAL synchronous_commit = off", "SET LOCAL jit = off", "SET LOCAL temp_buffers = '256MB'",
)  # fmt: skip


def prepare(cursor: Any) -> None:
    """Before the transaction's first temporary table."""
    for setting in SETTINGS:
        cursor.execute(setting)


class Bare:
    """Tables without keys and indexes, until `keyed` gives them back."""

    def __init__(self, cursor: Any, tables: tuple[str, ...]) -> None:
        self.cursor = cursor
        values = {"tables": list(tables)}
        self.foreign = _all(cursor, FOREIGN, values)
        self.unique = _all(cursor, UNIQUE, values)
        self.indexes = _all(cursor, INDEXES, values)
        for table, name, _definition in self.foreign:
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        for table, name, _definition in self.unique:
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        for name, _table, _definition in self.indexes:
            cursor.execute(f"DROP INDEX {name}")

    def keyed(self, *tables: str) -> None:
        """Unique keys and indexes again, of these tables or of all that still lack them."""
        for kind in (self.unique, self.indexes):
            for one in [*kind]:
                table = one[0] if kind is self.unique else one[1]
                if tables and table not in tables:
                    continue
                if kind is self.unique:
                    self.cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {one[1]} {one[2]}")
                else:
                    self.cursor.execute(one[2])
                kind.remove(one)
        for table in tables:
            self.cursor.execute(f"ANALYZE {table}")

    def joined(self) -> None:
        """Foreign keys again: each checks all rows."""
        for table, name, definition in self.foreign:
            self.cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")


@contextmanager
def bare(cursor: Any, tables: tuple[str, ...]) -> Iterator[Bare]:
    """Within a transaction: a failure leaves everything as it was."""
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    triggered = [table for (table,) in _all(cursor, TRIGGERED, {"tables": list(tables)})]
    rest = Bare(cursor, tables)
    for table in triggered:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    yield rest
    rest.keyed()
    rest.joined()
    for table in triggered:
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def _all(cursor: Any, sql: str, values: dict[str, Any]) -> list[Any]:
    cursor.execute(sql, values)
    return list(cursor.fetchall())
