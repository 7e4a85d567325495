"""`manage.py make_world`: a large, plausible, wholly made-up city in the configured database."""

from __future__ import annotations

import datetime
import json
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from reports.cost.city import CODE, NotHere, build
from reports.cost.fill import TABLES


class Command(BaseCommand):
    help = "架空の市を、指定した世帯数でつくります。空か見本のデータベースだけで動きます。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--households", type=int, required=True)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--on", type=datetime.date.fromisoformat, help="day the city stands on")
        parser.add_argument("--password", default="", help="of its people; none: nobody signs in")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        households = options["households"]
        if not 100 <= households <= 10_000_000:
            raise CommandError("--households は100以上10,000,000以下にしてください。")
        started = time.monotonic()
        try:
            city = build(
                "owner", households, seed=options["seed"], on=options["on"],
                password=options["password"], say=self._say(options),
            )  # fmt: skip
        except NotHere as error:
            raise CommandError(str(error)) from error
        seconds = time.monotonic() - started
        rows = _rows()
        found = {
            "city": CODE,
            "households": households,
            "seed": options["seed"],
            "seconds": round(seconds, 1),
            "households_per_second": round(households / seconds),
            "rows": sum(rows.values()),
            "rows_per_second": round(sum(rows.values()) / seconds),
            "tables": rows,
            "users": {
                name: member.user.username
                for name, member in vars(city).items()
                if name != "city" and member.user
            },
        }
        self.stdout.write(
            json.dumps(found, ensure_ascii=False, indent=None if options["json"] else 1)
        )

    def _say(self, options: dict[str, Any]) -> Any:
        return self.stderr.write if options["verbosity"] > 0 else lambda _words: None


def _rows() -> dict[str, int]:
    """As the statistics count them after the filling."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            """SELECT relname, reltuples::bigint FROM pg_class
               WHERE oid::regclass::text = ANY (%s) AND reltuples > 0 ORDER BY 1""",
            [list(TABLES)],
        )
        return dict(cursor.fetchall())
