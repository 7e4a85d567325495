"""The one way to say how a table is gated: a migration operation that forces row security.

`Gate(table, read=…)` enables and forces row-level security, writes the policies of the
application's login and grants it just the verbs named. A condition is SQL over the table's own
columns; always qualify them with the table's name: an unqualified column binds to the inner table
of a sub-select and opens everything. Conditions ask `(select kasane.actor())` who is acting.
`EXISTS (SELECT 1 FROM whole WHERE whole.key = part.key OFFSET 0)`: without the last two words
PostgreSQL plans it twice, and its wholes again twice. `range_contains_elem(period, now())`, not
`period @> now()`; functions in PL/pgSQL, not in SQL (decision 0012).

The owner's login (migrations and proofs) has a policy of its own, because FORCE binds it too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState


def actor(field: str) -> str:
    """SQL for one fact about who is acting, evaluated once per query."""
    return f"(select (kasane.actor()).{field})"


def system(*names: str) -> str:
    """SQL that is true for the named system memberships (V1: each clause names who may)."""
    listed = ", ".join(f"'{name}'" for name in names)
    return f"{actor('system_name')} IN ({listed})"


@dataclass(frozen=True)
class Declared:
    """What a migration said about a table; the suite compares it with the catalogue."""

    table: str
    read: str
    verbs: tuple[str, ...]


DECLARED: dict[str, Declared] = {}


def quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class Statements(Operation):
    """A migration operation that is SQL alone: row security is not part of Django's model state."""

    reversible = True
    reduces_to_sql = False

    def forwards(self) -> list[str]:
        """The SQL, in order."""
        raise NotImplementedError

    def backwards(self) -> list[str]:
        """What takes it back, in order."""
        raise NotImplementedError

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        pass

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        for statement in self.forwards():
            schema_editor.execute(statement, params=None)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        for statement in self.backwards():
            schema_editor.execute(statement, params=None)


class Gate(Statements):
    """Force row security on `table`.

    read:    condition a row must meet to be seen (SELECT).
    insert:  condition of a new row; None = the application cannot insert.
    update:  condition of the row after a change (it must be readable before); None = no update.
    delete:  condition of a row that may be removed; None = no delete.
    columns: if given, the only columns an UPDATE may touch.
    """

    def __init__(
        self,
        table: str,
        *,
        read: str,
        insert: str | None = None,
        update: str | None = None,
        delete: str | None = None,
        columns: tuple[str, ...] = (),
    ) -> None:
        self.table, self.read, self.insert = table, read, insert
        self.update, self.delete, self.columns = update, delete, columns
        verbs = ["select"]
        verbs += [v for v in ("insert", "update", "delete") if getattr(self, v) is not None]
        DECLARED[table] = Declared(table, read, tuple(verbs))

    def backwards(self) -> list[str]:
        table, role = quote(self.table), quote(settings.KASANE_APP_ROLE)
        names = ("read", "insert", "change", "remove", "owner")
        dropped = [f"DROP POLICY IF EXISTS gate_{name} ON {table}" for name in names]
        return [*dropped, f"REVOKE ALL ON {table} FROM {role}"]

    def forwards(self) -> list[str]:
        table, role = quote(self.table), quote(settings.KASANE_APP_ROLE)
        sql = [
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
            f"REVOKE ALL ON {table} FROM PUBLIC",
            f"REVOKE ALL ON {table} FROM {role}",
            f"DROP POLICY IF EXISTS gate_owner ON {table}",
            f"CREATE POLICY gate_owner ON {table} TO CURRENT_USER USING (true) WITH CHECK (true)",
            f"DROP POLICY IF EXISTS gate_read ON {table}",
            f"CREATE POLICY gate_read ON {table} FOR SELECT TO {role} USING ({self.read})",
            f"GRANT SELECT ON {table} TO {role}",
            f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}",
        ]
        if self.insert is not None:
            sql += [
                f"DROP POLICY IF EXISTS gate_insert ON {table}",
                f"CREATE POLICY gate_insert ON {table} FOR INSERT TO {role} "
                f"WITH CHECK ({self.insert})",
                f"GRANT INSERT ON {table} TO {role}",
            ]
        if self.update is not None:
            which = f" ({', '.join(map(quote, self.columns))})" if self.columns else ""
            sql += [
                f"DROP POLICY IF EXISTS gate_change ON {table}",
                f"CREATE POLICY gate_change ON {table} FOR UPDATE TO {role} "
                f"USING ({self.read}) WITH CHECK ({self.update})",
                f"GRANT UPDATE{which} ON {table} TO {role}",
            ]
        if self.delete is not None:
            sql += [
                f"DROP POLICY IF EXISTS gate_remove ON {table}",
                # A DELETE that names no column is not held by the read policy: say it again.
                f"CREATE POLICY gate_remove ON {table} FOR DELETE TO {role} "
                f"USING (({self.read}) AND ({self.delete}))",
                f"GRANT DELETE ON {table} TO {role}",
            ]
        return sql

    def describe(self) -> str:
        return f"Force row security on {self.table}"

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        kwargs = {"read": self.read, "insert": self.insert, "update": self.update}
        return "Gate", [self.table], {**kwargs, "delete": self.delete, "columns": self.columns}


class Widen(Statements):
    """One more reason for which rows of a table already gated are read, given by a room above.

    Example: the people appointed to an agenda item read the records laid before it (V6).
    """

    def __init__(self, table: str, name: str, *, read: str, update: bool = False) -> None:
        self.table, self.name, self.read, self.update = table, name, read, update

    def forwards(self) -> list[str]:
        table, role = quote(self.table), quote(settings.KASANE_APP_ROLE)
        sql = [
            f"CREATE POLICY gate_{self.name} ON {table} FOR SELECT TO {role} USING ({self.read})"
        ]
        if self.update:
            sql.append(
                f"CREATE POLICY gate_{self.name}_change ON {table} FOR UPDATE TO {role} "
                f"USING ({self.read}) WITH CHECK (true)"
            )
        return sql

    def backwards(self) -> list[str]:
        table = quote(self.table)
        names = (f"gate_{self.name}", f"gate_{self.name}_change")
        return [f"DROP POLICY IF EXISTS {name} ON {table}" for name in names]

    def describe(self) -> str:
        return f"Widen row security on {self.table}: {self.name}"


class Narrow(Statements):
    """One more condition of new rows, or of rows after a change, of a table already gated, whatever
    lets them in.

    Examples: a case that rests takes no new record (V18); who works on a case no more changes
    nothing of it (V2).
    """

    def __init__(
        self, table: str, name: str, *, insert: str | None = None, update: str | None = None
    ) -> None:
        self.table, self.name, self.insert, self.update = table, name, insert, update

    def forwards(self) -> list[str]:
        table, role = quote(self.table), quote(settings.KASANE_APP_ROLE)
        to = f"ON {table} AS RESTRICTIVE"
        sql = []
        if self.insert is not None:
            sql.append(
                f"CREATE POLICY narrow_{self.name} {to} FOR INSERT TO {role}"
                f" WITH CHECK ({self.insert})"
            )
        if self.update is not None:
            sql.append(
                f"CREATE POLICY narrow_{self.name}_change {to} FOR UPDATE TO {role}"
                f" USING (true) WITH CHECK ({self.update})"
            )
        return sql

    def backwards(self) -> list[str]:
        return [
            f"DROP POLICY IF EXISTS {name} ON {quote(self.table)}"
            for name in (f"narrow_{self.name}", f"narrow_{self.name}_change")
        ]

    def describe(self) -> str:
        return f"Narrow what is written to {self.table}: {self.name}"


class Rewrite(Statements):
    """Replace what a regular expression finds in the text of any policy, as PostgreSQL keeps it.

    forth, back: a pattern and what stands in its place, of the change and of its undoing.
    """

    def __init__(self, forth: tuple[str, str], back: tuple[str, str]) -> None:
        self.forth, self.back = forth, back

    def forwards(self) -> list[str]:
        return [_rewritten(*self.forth)]

    def backwards(self) -> list[str]:
        return [_rewritten(*self.back)]

    def describe(self) -> str:
        return f"Rewrite {self.forth[0]} in policies"


def _rewritten(pattern: str, replacement: str) -> str:
    return f"""
DO $do$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT p.tablename, p.policyname,
               regexp_replace(p.qual, $re${pattern}$re$, $re${replacement}$re$, 'g') AS qual,
               regexp_replace(p.with_check, $re${pattern}$re$, $re${replacement}$re$, 'g')
                   AS with_check
        FROM pg_policies AS p
        WHERE p.schemaname = 'public'
          AND (p.qual ~ $re${pattern}$re$ OR p.with_check ~ $re${pattern}$re$)
    LOOP
        EXECUTE format('ALTER POLICY %I ON public.%I', one.policyname, one.tablename)
            || COALESCE(' USING (' || one.qual || ')', '')
            || COALESCE(' WITH CHECK (' || one.with_check || ')', '');
    END LOOP;
END
$do$
"""


class Open(Statements):
    """Tables that hold nothing about a case: the application's login gets the verbs named."""

    def __init__(self, *tables: str, verbs: str = "SELECT, INSERT, UPDATE, DELETE") -> None:
        self.tables, self.verbs = tables, verbs

    def forwards(self) -> list[str]:
        role = quote(settings.KASANE_APP_ROLE)
        sql = []
        for table in map(quote, self.tables):
            sql += [
                f"REVOKE ALL ON {table} FROM {role}",
                f"GRANT {self.verbs} ON {table} TO {role}",
            ]
        return [*sql, f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}"]

    def backwards(self) -> list[str]:
        role = quote(settings.KASANE_APP_ROLE)
        return [f"REVOKE ALL ON {quote(table)} FROM {role}" for table in self.tables]

    def describe(self) -> str:
        return f"Open {', '.join(self.tables)} to the application"
