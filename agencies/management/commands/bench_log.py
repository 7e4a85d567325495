"""`manage.py bench_log`: what the sealed log costs, in a database of its own. Prints JSON.

Rows a second from several writers, with and without a sealer beside them; milliseconds a page;
seconds to verify. The database is a copy of the migrated one (`--template`) and is dropped.
"""

from __future__ import annotations

import json
import secrets
import statistics
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandParser
from django.db import connections
from django.test import override_settings

from agencies.enums import SystemName
from agencies.models import Membership
from agencies.sealing import seal_log
from agencies.verification import verify
from config.lib import seals
from config.lib.acting import holding, own_key, put_key

LINE = """SELECT kasane.log_access(NULL, 'open', 'consultation', 'responsible', 'case_detail',
    %s::uuid, ARRAY[%s::uuid], NULL, true) FROM generate_series(1, %s)"""
# As many lines as there is time for, without the function that looks up who acts.
FILL = """INSERT INTO agencies_accesslog (at, membership_id, user_id, agency_id, municipality_id,
        action, purpose, basis, what, case_id, record_ids, was_allowed)
    SELECT clock_timestamp(), %s, 1, 1, 1, 'open', 'consultation', 'responsible', 'case_detail',
        gen_random_uuid(), ARRAY[gen_random_uuid(), gen_random_uuid()], true
    FROM generate_series(1, %s)"""


class Command(BaseCommand):
    help = "Measure writing, sealing and verifying the access log in a scratch database."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--writers", type=int, default=8)
        parser.add_argument("--seconds", type=float, default=5.0)
        parser.add_argument("--per-commit", type=int, default=20)
        parser.add_argument("--rows", type=int, default=1_000_000, help="to verify")
        parser.add_argument("--template", help="a migrated database nobody is connected to")

    def handle(self, *args: Any, **options: Any) -> None:
        owner = connections["owner"]
        name = f"kasane_bench_{uuid.uuid4().hex[:12]}"
        template = options["template"] or owner.settings_dict["NAME"]
        for alias in ("owner", "default"):
            connections[alias].close()
        with owner._nodb_cursor() as cursor:
            cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        try:
            for alias in ("owner", "default"):
                connections[alias].settings_dict["NAME"] = name
            with holding(put_key(secrets.token_hex(32), "owner", using="owner")):
                self.stdout.write(json.dumps(self.measure(options)))
        finally:
            for alias in ("owner", "default"):
                connections[alias].close()
            with owner._nodb_cursor() as cursor:
                cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')

    def measure(self, options: dict[str, Any]) -> dict[str, Any]:
        by = Membership.objects.get(system_name=SystemName.SCHEDULER)
        with tempfile.TemporaryDirectory() as folder:
            keys = {"KASANE_SEAL_KEY": seals.make_key()}
            with override_settings(**keys, KASANE_SEAL_FILE=f"{folder}/heads.jsonl"):
                page_ms = self.page(by)
                alone = self.write(by, options)
                sealed = self.write(by, options, beside=lambda: seal_log(by=by))
                single = self.write(by, {**options, "per_commit": 1})
                rows = self.fill(by, options["rows"])
                started = time.monotonic()
                seal_log(by=by)
                sealing = time.monotonic() - started
                started = time.monotonic()
                report = verify(using="owner", heads=Path(folder, "heads.jsonl"))
                verifying = time.monotonic() - started
        return {
            "page_ms": page_ms,
            "writers": options["writers"],
            "rows_per_second": round(alone),
            "rows_per_second_while_sealing": round(sealed),
            "rows_per_second_commit_each": round(single),
            "rows": rows,
            "seal_seconds": round(sealing, 2),
            "verified_rows": report.rows,
            "batches": report.batches,
            "findings": len(report.findings),
            "verify_seconds": round(verifying, 2),
            "verify_seconds_per_million": round(verifying * 1e6 / max(report.rows, 1), 2),
        }

    def page(self, by: Membership) -> float:
        """The median of one line's milliseconds within a request's transaction."""
        times = []
        with session() as writer:
            act(writer, by)
            for _ in range(500):
                started = time.perf_counter()
                writer.execute(LINE, [uuid.uuid4(), uuid.uuid4(), 1])
                times.append(time.perf_counter() - started)
            writer.rollback()
        return round(statistics.median(times) * 1000, 3)

    def write(
        self, by: Membership, options: dict[str, Any], beside: Callable[[], int] | None = None
    ) -> float:
        """Rows a second of all writers, each with transactions of its own."""
        end, counts = time.monotonic() + options["seconds"], []
        per = options["per_commit"]

        def run() -> None:
            count = 0
            with session() as writer:
                while time.monotonic() < end:
                    act(writer, by)
                    writer.execute(LINE, [uuid.uuid4(), uuid.uuid4(), per])
                    writer.commit()
                    count += per
            counts.append(count)

        threads = [threading.Thread(target=run) for _ in range(options["writers"])]
        for thread in threads:
            thread.start()
        while beside and time.monotonic() < end:
            beside()
            time.sleep(0.5)
        for thread in threads:
            thread.join()
        return sum(counts) / options["seconds"]

    def fill(self, by: Membership, rows: int) -> int:
        """The rows that are missing, in transactions of forty."""
        with connections["owner"].cursor() as cursor:
            cursor.execute("SELECT count(*) FROM agencies_accesslog")
            missing: int = rows - cursor.fetchone()[0]
            for _ in range(0, missing, 40):
                cursor.execute(FILL, [by.pk, 40])
            cursor.execute("ANALYZE agencies_accesslog")
        return rows


def session() -> psycopg.Connection[Any]:
    return psycopg.connect(**connections["default"].get_connection_params())


def act(writer: psycopg.Connection[Any], by: Membership) -> None:
    writer.execute("SELECT kasane.act(%s, %s)", [own_key(), by.pk])
