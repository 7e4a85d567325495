"""Seal the access log: batches made by the database, signed here, heads kept outside of it.

The private key is the worker's alone (KASANE_SEAL_KEY) and never enters the database; the heads go
to KASANE_SEAL_FILE, one JSON line each. docs/decisions/0006-sealed-log.md.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from agencies.models import Membership
from config.lib import seals
from config.lib.acting import acting

BATCH = 20_000
LINES = 1_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class KeptHead:
    """A signed head, as it stands in the database or in a line of the file."""

    head: seals.Head
    digest: bytes
    signature: bytes
    public_key: bytes

    @property
    def line(self) -> str:
        """One line of JSON that can be verified by itself."""
        facts = {**vars(self.head), "root": self.head.root.hex()}
        facts |= {"previous": self.head.previous.hex(), "head": self.digest.hex()}
        facts |= {"signature": self.signature.hex(), "public_key": self.public_key.hex()}
        return json.dumps(facts)


def seal_log(*, by: Membership, most: int = BATCH) -> int:
    """Seal everything that may be sealed, then keep the new heads. Returns the rows sealed.

    by: the scheduler.
    """
    key = seals.read_key(settings.KASANE_SEAL_KEY)
    sealed, last = 0, most
    while last >= most:
        with acting(by.pk), connection.cursor() as cursor:
            cursor.execute("select * from kasane.seal_log(%s)", [most])
            row = cursor.fetchone()
            if row is None:
                break
            number, last, digest = row[0], row[1], bytes(row[2])
            cursor.execute(
                "select kasane.sign_seal(%s, %s, %s)",
                [number, seals.sign(key, digest), seals.public_bytes(key)],
            )
        sealed += last
    keep_heads(Path(settings.KASANE_SEAL_FILE), by=by)
    return sealed


def keep_heads(file: Path, *, by: Membership) -> int:
    """Append the heads the file does not have yet; what stands in it is never touched.

    After the commit: a head in the file is one of the database. A crash between the two is made
    good by the next run.
    """
    kept = 0
    number = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(number, "r+b") as stream, acting(by.pk):
        last, is_torn = _end(stream)
        while found := read_heads(after=last, most=LINES):
            text = "".join(f"{head.line}\n" for head in found)
            stream.write(("\n" if is_torn else "").encode() + text.encode())
            is_torn = False
            last, kept = found[-1].head.number, kept + len(found)
        stream.flush()
        os.fsync(stream.fileno())
    return kept


def _end(stream: Any) -> tuple[int, bool]:
    """The last number the file holds; whether its last line was broken off by a crash."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - 8192))
    text = stream.read().decode(errors="replace")
    for line in reversed(text.splitlines()):
        try:
            return int(json.loads(line)["number"]), not text.endswith("\n")
        except (ValueError, KeyError, TypeError):
            continue
    return 0, bool(text) and not text.endswith("\n")


def read_heads(*, after: int | None, most: int) -> list[KeptHead]:
    """Signed heads, as scheduler or privacy officer; after=None: the newest, newest first."""
    with connection.cursor() as cursor:
        cursor.execute("select * from kasane.log_heads(%s, %s)", [after, most])
        return [kept_head(row) for row in cursor.fetchall()]


def kept_head(row: tuple[Any, ...]) -> KeptHead:
    """A row of `kasane.log_heads`."""
    values = [*row[:9], microseconds(row[9]), bytes(row[10]), bytes(row[11])]
    return KeptHead(seals.Head(*values), *(bytes(value or b"") for value in row[12:15]))


def microseconds(instant: datetime) -> int:
    return (instant - EPOCH) // timedelta(microseconds=1)
