"""支援措置 (V9) as migrations say it: which rows a shield closes, and which columns are free text.

`Shield(table, …)` writes RESTRICTIVE policies: whatever other policies let through, a row a shield
closes stays closed. `ShieldText(table, …)` makes the database notice a text as it is written, and
lets it read the text when a shield is set. The functions stand in cases' migration 0010.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings

from config.lib.rowsecurity import Statements, quote

CASES = "(SELECT kasane.shielded_cases())::uuid[]"
NOBODY = "'{}'::uuid[]"


def closed(case: str, row: str, persons: str, household: str) -> str:
    """SQL: a shield closes the row. The function is asked in cases with a shield alone."""
    return (
        f"COALESCE({case} = ANY ({CASES}), false)"
        f" AND kasane.shield_closes({case}, {row}, {persons}, {household})"
    )


class Shield(Statements):
    """`when` (SQL over the table's own columns, always qualified) closes a row to who acts.

    reads_only: for tables that are never changed (versions), or whose change asks for the same.
    """

    def __init__(self, table: str, *, when: str, reads_only: bool = False) -> None:
        self.table, self.when, self.reads_only = table, when, reads_only

    def forwards(self) -> list[str]:
        table, role = quote(self.table), quote(settings.KASANE_APP_ROLE)
        to = f"ON {table} AS RESTRICTIVE"
        passes = f"NOT ({self.when})"
        sql = [f"CREATE POLICY shield_read {to} FOR SELECT TO {role} USING ({passes})"]
        if not self.reads_only:
            # A change that reads no column is not held by the read policy: say it again.
            sql += [
                f"CREATE POLICY shield_change {to} FOR UPDATE TO {role}"
                f" USING ({passes}) WITH CHECK (true)",
                f"CREATE POLICY shield_remove {to} FOR DELETE TO {role} USING ({passes})",
            ]
        return sql

    def backwards(self) -> list[str]:
        return [
            f"DROP POLICY IF EXISTS shield_{name} ON {quote(self.table)}"
            for name in ("read", "change", "remove")
        ]

    def describe(self) -> str:
        return f"Shield {self.table}"

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return "Shield", [self.table], {"when": self.when, "reads_only": self.reads_only}


class ShieldText(Statements):
    """The free text of a table: `row` is the column with the key of the row it is closed with.

    facts: the table (and here, by which column) that says of which case and about whom; empty =
    this table itself. kind: the table of the row, where it is not `facts`. A version is read when
    a shield is set; it is never written by itself.
    """

    def __init__(
        self, table: str, *columns: str, row: str = "record_id", facts: str = "cases_record",
        by: str = "record_id", kind: str = "", by_hold_alone: bool = False,
        is_version: bool = False,
    ) -> None:  # fmt: skip
        self.table, self.columns, self.row, self.facts, self.by = table, columns, row, facts, by
        self.kind, self.by_hold_alone = kind or facts or table, by_hold_alone
        self.is_version = is_version

    def forwards(self) -> list[str]:
        columns = "{" + ",".join(self.columns) + "}"
        alone = "true" if self.by_hold_alone else "false"
        arguments = ", ".join(
            f"'{value}'" for value in (columns, self.row, self.facts, self.by, self.kind, alone)
        )
        sql = [
            "INSERT INTO kasane.shield_texts (table_name, columns, row_column, facts, by_column,"
            " kind, by_hold_alone, is_version)"
            f" VALUES ('{self.table}', {arguments}, {str(self.is_version).lower()})"
        ]
        if not self.is_version:
            sql.append(
                f"CREATE TRIGGER shield_written AFTER INSERT OR UPDATE ON {quote(self.table)}"
                f" FOR EACH ROW EXECUTE FUNCTION kasane.shield_written({arguments})"
            )
        return sql

    def backwards(self) -> list[str]:
        return [
            f"DROP TRIGGER IF EXISTS shield_written ON {quote(self.table)}",
            f"DELETE FROM kasane.shield_texts WHERE table_name = '{self.table}'",
        ]

    def describe(self) -> str:
        return f"Free text of {self.table}"

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return "ShieldText", [self.table, *self.columns], {
            "row": self.row, "facts": self.facts, "by": self.by, "kind": self.kind,
            "by_hold_alone": self.by_hold_alone, "is_version": self.is_version,
        }  # fmt: skip


def shielded(
    table: str, *, row: str = "id", persons: str = NOBODY, household: str = "false"
) -> Shield:
    """A row that carries its own case."""
    named = persons if persons == NOBODY else f"{table}.{persons}"
    return Shield(table, when=closed(f"{table}.case_id", f"{table}.{row}", named, household))


def of_persons(table: str) -> Shield:
    """A row that names persons, or nobody: then it is the household's."""
    return shielded(table, persons="person_ids", household=f"cardinality({table}.person_ids) = 0")


def versions(table: str) -> Shield:
    """V13: versions of a record's text."""
    return Shield(
        table,
        when=f"EXISTS (SELECT 1 FROM cases_record AS r WHERE r.id = {table}.record_id"
        f" AND r.case_id = ANY ({CASES}) AND kasane.shield_closes_versions("
        "r.case_id, r.id, r.person_ids, r.is_household,"
        f" {table}.history_date))",
        reads_only=True,
    )
