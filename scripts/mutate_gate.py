"""Breaks the gate in one place at a time and asks whether the suite notices.

Every policy of the database is opened or removed, every `visible_to` and scope of the ORM shows
everything, every permission check lets everybody pass, every single refusal is taken out. A mutant
that no test fails for is a survivor: it is printed, and the exit code is 1.

    scripts/mutate_gate.py --list                     # how many there are
    scripts/mutate_gate.py --only policy:cases_       # by the beginning of their names
    scripts/mutate_gate.py --sample 40 --seed 2       # some of them
    scripts/mutate_gate.py --state mutants.jsonl      # goes on where it stopped

First the proof is asked, on a drawn world; then the tests, in one process that has learnt which of
them come to which place (`reached.json` beside the state; learnt again for a test file that
changed, and wholly when it is removed). `DATABASE_URL` and `DATABASE_OWNER_URL` name a migrated
database that nobody is connected to.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
from pathlib import Path
from typing import Any

import psycopg
from mutants import places, trying, world
from mutants.places import ROOT, Mutant

sys.path.insert(0, str(ROOT))
# Cases of a drawn world, and what is asked there: a few shields are seen in the larger one alone.
WORLDS = {22: ("policy", "door"), 70: ("policy", "door")}
# Broken places that nothing can show, each with what stands behind them.
EQUIVALENT: dict[str, str] = {}


def main() -> int:
    chosen = arguments()
    owner = os.environ["DATABASE_OWNER_URL"]
    base = str(psycopg.conninfo.conninfo_to_dict(owner)["dbname"])
    role = str(psycopg.conninfo.conninfo_to_dict(os.environ["DATABASE_URL"])["user"])
    os.environ.update(DJANGO_SETTINGS_MODULE="config.settings.test", KASANE_TEST_TEMPLATE=base)
    mutants = [*places.policies(owner, role), *places.in_python()]
    mutants = [m for m in mutants if any(m.name.startswith(o) for o in chosen.only)]
    if chosen.sample:
        rng = random.Random(chosen.seed)  # noqa: S311 - a sample, no secret
        mutants = rng.sample(mutants, min(chosen.sample, len(mutants)))
    if chosen.list:
        say(*(m.name for m in mutants), f"{len(mutants)} mutants")
        return 0
    before = known(chosen.state)

    def told(mutant: Mutant, noticed: str, tests: int) -> None:
        before[mutant.name] = {"name": mutant.name, "noticed_by": noticed, "tests": tests}
        say(f"{mutant.name} {noticed or f'SURVIVED {tests} tests'}")
        with chosen.state.open("a") as state:
            state.write(json.dumps(before[mutant.name]) + "\n")

    runner = trying.Trying([], chosen.state.with_name("reached.json"), owner, told)
    places.install(runner.reached)
    left = [m for m in mutants if m.name not in before and m.name not in EQUIVALENT]
    for cases, kinds in WORLDS.items():
        asked = [m for m in left if m.name not in before and m.kind in kinds]
        asked = [m for m in asked if world.is_asked(m)]
        if asked:
            with world.a_world(base, cases, role) as notices:
                for mutant in asked:
                    if notices(mutant):
                        told(mutant, "proof", 0)
    runner.noticed = {one["noticed_by"] for one in before.values()}
    runner.mutants = [m for m in left if m.name not in before]
    if runner.mutants and not chosen.quick:
        trying.run(runner, chosen.tests)
    ran = [before[m.name] for m in mutants if m.name in before]
    survivors = [one["name"] for one in ran if not one["noticed_by"]]
    same = sum(m.name in EQUIVALENT for m in mutants)
    say(f"{len(mutants)} mutants, {len(ran)} tried, {same} equivalent, {len(survivors)} survived",
        *survivors)  # fmt: skip
    return 1 if survivors else 0


def say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def known(state: Path) -> dict[str, dict[str, Any]]:
    """What earlier runs found out; who survived is tried again."""
    lines = state.read_text().splitlines() if state.exists() else []
    return {line["name"]: line for line in map(json.loads, lines) if line["noticed_by"]}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--list", action="store_true", help="name them and stop")
    parser.add_argument("--only", nargs="*", default=[""], help="beginnings of names")
    parser.add_argument("--quick", action="store_true", help="the proof alone, no test is started")
    parser.add_argument("--tests", nargs="*", default=["tests"], help="only these")
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--state", type=Path, default=ROOT / ".kasane" / "mutants.jsonl")
    found = parser.parse_args()
    found.state.parent.mkdir(parents=True, exist_ok=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
