"""`manage.py simulate_year`: a year of five cities in minutes, and what of it is missing, double
or on a day off.

It starts a product of its own in a temporary folder, with a clock that is moved from day to day;
the configured database is not touched. Exit code 1 when something is wrong.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.lib.services.errors import ServiceError
from config.lib.services.supervisor import StopAsked
from reports.year.play import is_right, play


class Command(BaseCommand):
    help = "五つの市の一年を、時計を進めながら実際に動かし、抜け・重複・閉庁日を数えます。"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--faults", action="store_true", help="kill and restart at random")
        parser.add_argument("--months", type=int, default=12, help="of the year, from April on")
        parser.add_argument("--seed", type=int, default=1, help="of the faults")
        parser.add_argument("--json", action="store_true", help="on one line")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["months"] <= 12:
            raise CommandError("--months は1から12までにしてください。")
        try:
            found = play(
                months=options["months"],
                with_faults=options["faults"],
                seed=options["seed"],
                say=self.stderr.write if options["verbosity"] > 0 else lambda _line: None,
            )
        except ServiceError as error:
            raise CommandError(str(error)) from error
        except (StopAsked, KeyboardInterrupt):
            sys.exit(130)
        indent = None if options["json"] else 1
        self.stdout.write(json.dumps(found, ensure_ascii=False, indent=indent))
        if not is_right(found):
            sys.exit(1)
