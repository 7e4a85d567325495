"""`manage.py bench_gate`: what the gate costs, page by page, in a large city of its own.

A copy of a migrated database (`--template`, which nobody may be connected to) is filled, measured
and dropped. Every page is asked with the gate and without it in turn, and must be the same.
"""

from __future__ import annotations

import json
import os
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from reports.cost.city import build
from reports.cost.measure import Different, both_sides, measure
from reports.cost.screens import screens
from reports.proof.scratch import NoScratch, scratch

AIM = 1.2


class Command(BaseCommand):
    help = "Measure pages with the gate on and off; fails when a page is not the same."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--cases", type=int, default=100_000)
        parser.add_argument("--rounds", type=int, default=8, help="of on, off, off, on")
        parser.add_argument("--only", default="", help="names of screens, by comma")
        parser.add_argument("--template", default="", help="a migrated database nobody uses")
        parser.add_argument("--json", action="store_true", help="as JSON instead of a table")

    def handle(self, *args: Any, **options: Any) -> None:
        for alias in ("owner", "default"):
            connections[alias].close()
        try:
            with scratch(template=options["template"]) as (owner, _app):
                found = self.compare(owner, options)
        except NoScratch as error:
            raise CommandError(f"no scratch database: {error}") from error
        except Different as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            json.dumps(found, ensure_ascii=False) if options["json"] else table(found)
        )

    def compare(self, owner: str, options: dict[str, Any]) -> dict[str, Any]:
        load, started = os.getloadavg()[0], time.monotonic()
        city = build(owner, options["cases"])
        built = time.monotonic() - started
        chosen = set(filter(None, options["only"].split(",")))
        with both_sides(owner, city) as sides:
            found = {}
            for screen in screens(owner, city):
                if not chosen or screen.name in chosen:
                    found[screen.name] = measure(sides, owner, screen, options["rounds"])
                    self.stderr.write(f"{screen.name} {found[screen.name]['ratio']}")
        over = [name for name, one in found.items() if one["ratio"] > AIM]
        return {
            "cases": options["cases"],
            "rounds": options["rounds"],
            "aim": AIM,
            "over_aim": over,
            "build_seconds": round(built, 1),
            "seconds": round(time.monotonic() - started, 1),
            "load": [round(load, 2), round(os.getloadavg()[0], 2)],
            "screens": found,
        }


def table(found: dict[str, Any]) -> str:
    """The same for people."""
    lines = [f"{'screen':24}{'on ms':>9}{'off ms':>9}{'ratio':>8}{'queries':>9}{'sql ratio':>11}"]
    lines += [
        f"{name:24}{one['on_ms']:9.1f}{one['off_ms']:9.1f}{one['ratio']:8.2f}"
        f"{one['queries']:9}{one['sql']['ratio']:11.2f}"
        for name, one in found["screens"].items()
    ]
    return "\n".join(lines)
