"""Verify the sealed access log: row by row, batch by batch, head by head (docs/decisions/0006).

Hashes are computed here and not by the database: whoever may alter rows may alter its functions.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from django.db import connections

from agencies.sealing import KeptHead, kept_head
from config.lib import seals

# In this order, after the version: as the migration that seals says it.
COLUMNS = (
    "id", "transaction_id", "at", "membership_id", "user_id", "agency_id", "municipality_id",
    "action", "purpose", "basis", "what", "case_id", "record_ids", "item_id", "author_agency_id",
    "was_allowed",
)  # fmt: skip
ROW = f"record_send(ROW(1, {', '.join(f'l.{name}' for name in COLUMNS)}))"
HEAD = """number, era, cluster, top_id, from_transaction, until_transaction, first_id, last_id,
    count, sealed_at, root, previous, head, signature, public_key, ids, leaves"""
# Where `id` and `transaction_id` stand in a row's bytes: count; (type, length, value) each.
ID, TRANSACTION = slice(24, 32), slice(40, 48)
NAMES = (f"sealed{number}" for number in itertools.count())
MOST = 100  # findings named one by one for a batch
FETCHED = 5_000
LARGEST = 2**63 - 1


@dataclass
class Report:
    """What a run found; `findings` empty = the log is as it was sealed."""

    rows: int = 0
    batches: int = 0
    unsealed: int = 0
    heads_kept: int = 0
    last_head: str = ""
    is_signature_trusted: bool = False
    findings: list[dict[str, Any]] = field(default_factory=list)

    def add(self, kind: str, **facts: Any) -> None:
        self.findings.append({"kind": kind, **facts})


@dataclass
class Batch:
    """A seal with the rows it says it holds."""

    kept: KeptHead
    ids: list[int]
    leaves: bytes
    is_start: bool

    @property
    def head(self) -> seals.Head:
        return self.kept.head

    def stored(self) -> dict[int, bytes]:
        size = seals.HASH
        return {key: self.leaves[i * size : (i + 1) * size] for i, key in enumerate(self.ids)}


Row = tuple[int, int, bytes]


def verify(*, using: str, heads: Path | None = None, trusted: Iterable[bytes] = ()) -> Report:
    """Verify every sealed row over a login that reads them all (the owner's).

    heads:   the file kept outside (KASANE_SEAL_FILE); without it a cut tail cannot be seen.
    trusted: public keys known from elsewhere; without them signatures prove only one hand.
    """
    report = Report()
    with _snapshot(using) as connection:
        known = _check_heads(connection, report, list(trusted))
        if heads is not None:
            _check_file(heads, known, report, list(trusted))
        _check_rows(connection, report)
    return report


def _snapshot(using: str) -> psycopg.Connection[Any]:
    """A connection of its own that sees one state of the log from beginning to end."""
    django = connections[using]
    connection = psycopg.connect(**django.get_connection_params())
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    return connection


def _batches(connection: psycopg.Connection[Any]) -> Iterator[Batch]:
    era = 0
    with connection.cursor(next(NAMES), binary=True) as cursor:
        cursor.itersize = 50
        cursor.execute(f"SELECT {HEAD} FROM agencies_logseal ORDER BY number")  # noqa: S608 - HEAD is ours
        for row in cursor:
            kept = kept_head(row[:15])
            yield Batch(kept, row[15], bytes(row[16]), kept.head.era != era)
            era = kept.head.era


# --- heads -----------------------------------------------------------------------------------


def _check_heads(
    connection: psycopg.Connection[Any], report: Report, trusted: list[bytes]
) -> dict[int, bytes]:
    """The chain: nothing missing, each head of its own batch, each signed. Number -> head."""
    known: dict[int, bytes] = {}
    before: seals.Head | None = None
    before_digest, keys = seals.FIRST, set(trusted)
    for batch in _batches(connection):
        head, kept = batch.head, batch.kept
        expected = before.number + 1 if before else 1
        if head.number != expected:
            report.add("batch_removed", batch=expected, until=head.number - 1)
        elif head.previous != before_digest or head.from_transaction != (
            0 if batch.is_start else before.until_transaction if before else 0
        ):
            report.add("chain_broken", batch=head.number)
        if head.digest != kept.digest or seals.merkle_root(batch.leaves) != head.root:
            report.add("seal_altered", batch=head.number)
        if not _is_signed(kept, keys):
            report.add("head_forged", batch=head.number)
        known[head.number] = kept.digest
        before, before_digest = head, kept.digest
    report.batches = len(known)
    report.last_head = before_digest.hex() if known else ""
    report.is_signature_trusted = bool(trusted)
    return known


def _is_signed(kept: KeptHead, trusted: set[bytes]) -> bool:
    if trusted and kept.public_key not in trusted:
        return False
    return seals.is_signed(kept.public_key, kept.digest, kept.signature)


def _check_file(file: Path, known: dict[int, bytes], report: Report, trusted: list[bytes]) -> None:
    """Every head that was kept outside stands in the database as it was."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        report.add("heads_unreadable", reason=error.strerror)
        return
    cut: list[int] = []
    for place, line in enumerate(lines, start=1):
        try:
            facts = json.loads(line)
            number, digest = int(facts["number"]), bytes.fromhex(facts["head"])
            public, signature = (bytes.fromhex(facts[n]) for n in ("public_key", "signature"))
        except (ValueError, KeyError, TypeError):
            if place < len(lines):  # a crash may break off the last line
                report.add("heads_line_unreadable", line=place)
            continue
        report.heads_kept += 1
        if (trusted and public not in trusted) or not seals.is_signed(public, digest, signature):
            report.add("kept_head_forged", line=place, batch=number)
        elif number not in known:
            cut.append(number)
        elif known[number] != digest:
            report.add("head_differs_from_kept", batch=number)
    newest = max(known, default=0)
    for number in cut:
        if number < newest:
            report.add("batch_removed", batch=number, until=number)
    tail = [number for number in cut if number > newest]
    if tail:
        report.add("tail_cut", batch=min(tail), until=max(tail))


# --- rows ------------------------------------------------------------------------------------


class Walk:
    """Rows in the order in which they were sealed, taken a batch at a time."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def before(self, transaction: int) -> list[Row]:
        """The next rows of earlier transactions than this one."""
        found, row = [], self._next
        while row is not None and row[1] < transaction:
            found.append(row)
            row = next(self._rows, None)
        self._next = row
        return found

    def count_rest(self) -> int:
        return (self._next is not None) + sum(1 for _ in self._rows)


def _check_rows(connection: psycopg.Connection[Any], report: Report) -> None:
    """Walk batches and rows side by side. A row of a time that is sealed stands in a batch."""
    before: Batch | None = None
    last_id, ends = 0, _ends(connection)
    walk: Walk | None = None
    for batch in _batches(connection):
        head = batch.head
        if walk is None or batch.is_start:
            start = _rows(connection, *_start_rows(batch, before, last_id))
            _compare(batch, list(start), report)
            bounds = [head.top_id, ends.get(head.era, LARGEST)]
            walk = Walk(_rows(connection, "l.id > %s AND l.id <= %s", bounds))
            _name_strays(walk.before(head.until_transaction), report)
        else:
            _name_strays(walk.before(head.from_transaction), report)
            _compare(batch, walk.before(head.until_transaction), report)
        last_id, before = max(last_id, head.last_id), batch
    walk = walk or Walk(_rows(connection, "true", []))
    report.unsealed = walk.count_rest()


def _ends(connection: psycopg.Connection[Any]) -> dict[int, int]:
    """The last row of each era but the running one: what came later belongs to the next."""
    found = connection.execute(
        "SELECT era, max(last_id) FROM agencies_logseal"
        " WHERE era < (SELECT max(era) FROM agencies_logseal) GROUP BY era"
    )
    return dict(found.fetchall())


def _start_rows(start: Batch, before: Batch | None, last_id: int) -> tuple[str, list[Any]]:
    """What the first batch of an era holds: all there was, but what earlier eras had sealed."""
    if before is None:
        return "l.id <= %s", [start.head.top_id]
    return (
        "l.id <= %s AND NOT (l.id <= %s OR (l.transaction_id < %s AND l.id <= %s))",
        [start.head.top_id, before.head.top_id, before.head.until_transaction, last_id],
    )


def _rows(connection: psycopg.Connection[Any], where: str, values: list[Any]) -> Iterator[Row]:
    with connection.cursor(next(NAMES), binary=True) as cursor:
        cursor.itersize = FETCHED
        cursor.execute(
            f"SELECT l.id, l.transaction_id, {ROW} FROM agencies_accesslog AS l"  # noqa: S608 - ROW is ours
            f" WHERE {where} ORDER BY l.transaction_id, l.id",
            values,
        )
        while found := cursor.fetchmany(FETCHED):
            yield from found


def _compare(batch: Batch, found: list[Row], report: Report) -> None:
    """A batch as sealed and as it is: the same leaves in the same order, or which rows differ."""
    report.rows += len(found)
    if batch.is_start:
        found.sort()
    leaf = seals.leaf
    if b"".join([leaf(row) for _key, _transaction, row in found]) == batch.leaves:
        return
    stored, actual = batch.stored(), {key: row for key, _transaction, row in found}
    removed = [key for key in batch.ids if key not in actual]
    inserted = [key for key in actual if key not in stored]
    altered = [k for k, row in actual.items() if k in stored and leaf(row) != stored[k]]
    moved = _moved([*altered, *inserted], {k: stored[k] for k in [*altered, *removed]}, actual)
    named = [
        *({"kind": "reordered", "id": now, "was": was} for now, was in moved.items()),
        *({"kind": "altered", "id": key} for key in altered if key not in moved),
        *({"kind": "removed", "id": k} for k in removed if k not in moved.values()),
        *({"kind": "inserted", "id": key} for key in inserted if key not in moved),
    ]
    report.findings += [{**finding, "batch": batch.head.number} for finding in named[:MOST]]
    if len(named) > MOST or not named:
        report.add("batch_differs", batch=batch.head.number, more=max(0, len(named) - MOST))


def _moved(suspects: list[int], free: dict[int, bytes], actual: dict[int, bytes]) -> dict[int, int]:
    """Rows that are as they were sealed, but in another's place: id now -> id then."""
    if len(suspects) > MOST or len(free) > MOST:
        return {}
    transactions = {actual[key][TRANSACTION] for key in suspects}
    found = {}
    for now, was in itertools.product(suspects, free):
        if now == was:
            continue
        row = bytearray(actual[now])
        row[ID] = was.to_bytes(8, "big", signed=True)
        for transaction in transactions:
            row[TRANSACTION] = transaction
            if seals.leaf(bytes(row)) == free[was]:
                found[now] = was
    return found


def _name_strays(strays: list[Row], report: Report) -> None:
    """Rows of a time that is sealed, in no batch."""
    report.rows += len(strays)
    for key, _transaction, _row in strays[:MOST]:
        report.add("inserted", id=key, batch=None)
    if len(strays) > MOST:
        report.add("rows_in_no_batch", more=len(strays) - MOST)
