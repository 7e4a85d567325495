"""`manage.py bench_desk`: how long the desk's pages take in a made-up city, and how far above
their floor they are.

Measures the city that `make_world` made in the configured database; or, with `--sizes`, cities of
these sizes in scratch databases (copies of `--template`), and what the largest costs against the
smallest.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from reports.cost.city import CODE, NotHere, build
from reports.cost.desk import NoCity
from reports.cost.floor import AIM_FLAT, AIM_MS, AIM_P50, AIM_P95, measure_desk
from reports.cost.measure import Different, on_owner
from reports.proof.scratch import NoScratch, scratch


class Command(BaseCommand):
    help = "Measure the pages of the desk in a made-up city, page and floor in turn."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--rounds", type=int, default=12, help="of every request")
        parser.add_argument("--sizes", type=int, nargs="+", default=[], help="households")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--template", default="", help="a migrated database nobody uses")
        parser.add_argument("--against", type=Path, help="an earlier run's JSON: of another size")
        parser.add_argument("--json", action="store_true", help="as JSON instead of a table")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            runs = self.runs(options)
        except NoScratch as error:
            raise CommandError(f"no scratch database: {error}") from error
        except (NoCity, NotHere, Different) as error:
            raise CommandError(str(error)) from error
        found = runs[-1]
        before = runs[0] if len(runs) > 1 else None
        if options["against"]:
            before = json.loads(options["against"].read_text())
        if before is not None:
            found["against"] = before["households"]
            for name, page in found["pages"].items():
                if name in before["pages"]:
                    page["ratio"] = round(page["p50_ms"] / before["pages"][name]["p50_ms"], 2)
        found["over_aim"] = sorted(name for name, page in found["pages"].items() if is_over(page))
        if len(runs) > 1:
            found["runs"] = runs[:-1]
        self.stdout.write(
            json.dumps(found, ensure_ascii=False) if options["json"] else table(found)
        )

    def runs(self, options: dict[str, Any]) -> list[dict[str, Any]]:
        if not options["sizes"]:
            return [self.run_in("owner", options)]
        found = []
        for alias in ("owner", "default"):
            connections[alias].close()
        for size in options["sizes"]:
            with scratch(template=options["template"]) as (owner, _app):
                build(owner, size, seed=options["seed"])
                found.append(self.run_in(owner, options))
        return found

    def run_in(self, owner: str, options: dict[str, Any]) -> dict[str, Any]:
        load, started = os.getloadavg()[0], time.monotonic()
        pages = measure_desk(owner, rounds=options["rounds"], say=self.stderr.write)
        ((households, notes, version),) = on_owner(owner, SIZE)
        return {
            "households": households,
            "notes": notes,
            "postgresql": version,
            "rounds": options["rounds"],
            "aim": {"p95_ms": AIM_MS, "over_floor": AIM_P50, "over_floor_p95": AIM_P95,
                    "ratio": AIM_FLAT},
            "seconds": round(time.monotonic() - started, 1),
            "load": [round(load, 2), round(os.getloadavg()[0], 2)],
            "pages": pages,
        }  # fmt: skip


# Notes as the statistics count them: counting ten million takes longer than the measuring.
SIZE = f"""
SELECT (SELECT count(*) FROM cases_case AS c JOIN agencies_municipality AS m
        ON m.id = c.municipality_id WHERE m.code = '{CODE}'),
       (SELECT reltuples::bigint FROM pg_class WHERE oid = 'cases_note'::regclass),
       current_setting('server_version')
"""  # noqa: S608 - our own name


def is_over(page: dict[str, Any]) -> bool:
    """Whether the page misses any aim."""
    return bool(
        page["p95_ms"] > AIM_MS
        or page["over_floor"] > AIM_P50
        or page["over_floor_p95"] > AIM_P95
        or page.get("ratio", 1) > AIM_FLAT
    )


def table(found: dict[str, Any]) -> str:
    """The same for people."""
    lines = [f"{'page':16}{'p50 ms':>9}{'p95 ms':>9}{'floor':>8}{'×p50':>7}{'×p95':>7}"
             f"{'queries':>9}{'bytes':>9}{'ratio':>7}"]  # fmt: skip
    lines += [
        f"{name:16}{page['p50_ms']:9.1f}{page['p95_ms']:9.1f}{page['floor_p50_ms']:8.1f}"
        f"{page['over_floor']:7.2f}{page['over_floor_p95']:7.2f}{page['queries']:9}"
        f"{page['bytes']:9}{page.get('ratio', ''):>7}"
        for name, page in found["pages"].items()
    ]
    return "\n".join(lines)
