"""The proof of the gate: three independent answers for thousands of (membership, row) pairs."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from reports.proof.load import load
from reports.proof.scratch import NoScratch, scratch
from reports.proof.verify import Outcome, verify
from reports.proof.worlds import generate


class Command(BaseCommand):
    help = "Compare model, ORM and database; prints JSON, exits 1 on any difference."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--pairs", type=int, default=20_000)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--cases", type=int, default=60, help="of a generated world")
        parser.add_argument("--world", choices=["existing", "generated"], default="generated")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        kind, outcome = options["world"], Outcome()
        if kind == "generated":
            try:
                self.generated(outcome, **options)
            except NoScratch as error:
                self.stderr.write(f"no scratch database ({error}): the existing rows are verified")
                kind = "existing"
        if kind == "existing":
            outcome = self.compare("owner", "default", options["pairs"], options["seed"])
        self.stdout.write(json.dumps(summary(outcome, kind, time.monotonic() - started)))
        if outcome.differences:
            self.explain(outcome)
            sys.exit(1)

    def generated(
        self, outcome: Outcome, *, pairs: int, seed: int, cases: int, **_options: Any
    ) -> None:
        """One world after the other, each from the next seed, until there were so many pairs. Ends
        with the world in which something differs: its rows are the ones to look at."""
        while outcome.pairs < pairs and not outcome.differences:
            with scratch() as (owner, app):
                generate(owner, seed=seed, cases=cases)
                outcome.add(self.compare(owner, app, pairs - outcome.pairs, seed))
            seed += 1

    def compare(self, owner: str, app: str, pairs: int, seed: int) -> Outcome:
        return verify(owner=owner, app=app, pairs=pairs, seed=seed, world=load(owner))

    def explain(self, outcome: Outcome) -> None:
        """The first differences, with what is needed to find the row again."""
        for d in outcome.differences[:20]:
            self.stderr.write(
                f"{d.kind} {d.layer}: {d.table} {d.key} membership {d.membership} "
                f"model {d.rule}: {d.reason}"
            )


def summary(outcome: Outcome, kind: str, seconds: float) -> dict[str, Any]:
    """What the run found, ready for JSON."""
    return {
        "world": kind,
        "pairs": outcome.pairs,
        "compared": outcome.compared,
        "visible": outcome.visible,
        "leaks": outcome.count("leak"),
        "wrongly_denied": outcome.count("denied"),
        "seconds": round(seconds, 1),
        "by_rule": {
            rule: {"visible": counts["visible"], "denied": counts["denied"]}
            for rule, counts in sorted(outcome.by_rule.items(), key=lambda kv: int(kv[0][1:]))
        },
        "by_table": {
            table: {"visible": counts["visible"], "denied": counts["denied"]}
            for table, counts in sorted(outcome.by_table.items())
        },
    }
