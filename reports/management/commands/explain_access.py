"""Why does somebody see a case or a record, or why not (V17)?"""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from reports.proof.explain import Unknown, explain, find_case, find_membership, find_record
from reports.proof.load import load


class Command(BaseCommand):
    help = "Explain in plain Japanese whether a user sees a case or one of its records; JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, help="username")
        parser.add_argument("--case", required=True, help="case number")
        parser.add_argument("--record", default="", help="id of a record of the case")
        parser.add_argument("--membership", default="", help="id; default: the first active one")

    def handle(self, *args: Any, **options: Any) -> None:
        world = load("owner")
        try:
            member = find_membership(world, options["user"], options["membership"])
            case = find_case(world, options["case"])
            row = find_record(world, case, options["record"]) if options["record"] else case
        except Unknown as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps(explain(world, member, case, row), ensure_ascii=False))
