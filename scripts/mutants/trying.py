"""The suite in one process: once as it is, to learn which tests come to which place; then, for
every mutant, a child in which its place is broken and only those tests run."""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NoReturn

import psycopg
import pytest
from django.db import connection, connections

from .places import ROOT, Mutant, break_place

LONG, HANGS = 10, 600  # seconds; a mutant that makes a test hang is noticed too
ANYWAY = ("tests/reports/test_policies.py", "tests/attacks/test_sql.py")  # tried for every policy
LEFT_OUT = (
    "tests/browser", "tests/prove", "tests/config",
    # These move the connections to databases of their own.
    "tests/reports/test_proof.py", "tests/reports/test_visibility_cases.py",
    "tests/reports/test_independent_count.py", "tests/agencies/test_seal.py",
    "tests/cases/test_same_moment.py", "tests/meetings/test_once.py",
    "tests/meetings/test_cancelling_at_once.py",
    "tests/reports/test_cost.py", "tests/reports/test_simulated_year.py",
    "tests/attacks/test_versions.py",
)  # fmt: skip
WRITES = re.compile(r'\s*(INSERT|UPDATE|DELETE)(?: INTO| FROM)? "?(\w+)', re.IGNORECASE)

Told = Callable[[Mutant, str, int], None]


class Trying:
    """A plugin of pytest: tries these mutants and tells of each which test noticed it, and of how
    many."""

    def __init__(self, mutants: list[Mutant], map_file: Path, owner: str, told: Told) -> None:
        self.mutants, self.map_file, self.owner, self.told = mutants, map_file, owner, told
        # test file -> what is remembered of it
        self.map: dict[str, Any] = json.loads(map_file.read_text()) if map_file.exists() else {}
        self.noticed: set[str] = set()
        self.places: set[str] = set()
        self.seconds = 0.0
        self.failed = False
        self.items: list[pytest.Item] = []
        self.answers: int | None = None  # in a child: where to say what failed

    def reached(self, name: str) -> None:
        self.places.add(name)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds += report.duration
        self.failed = self.failed or report.failed
        if report.failed and self.answers is not None:
            os.write(self.answers, report.nodeid.encode())
            os._exit(1)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items: dict[str, list[pytest.Item]] = defaultdict(list)
        for item in session.items:
            items[file_of(item)].append(item)
        sizes = {file: size_of(file) for file in items}
        self.items = session.items
        connection.execute_wrappers.append(self._note_write)
        self._learnt(session.items[:1])  # opens what a session shares
        if self.failed:
            raise pytest.UsageError(f"the first test fails: {session.items[0].nodeid}")
        for file, size in sizes.items():
            if self.map.get(file, {}).get("size") != size:
                self.map[file] = {"size": size, "tests": self._learnt(items[file])}
                self.map_file.write_text(json.dumps(self.map))
        of_name = {item.nodeid: item for item in session.items}
        took = [
            (-s, test) for known in self.map.values() for test, (s, _p) in known["tests"].items()
        ]
        shortest = {test.partition("::")[0]: test for _s, test in sorted(took) if test in of_name}
        one_a_file = [of_name[test] for test in shortest.values()]
        if failed := self._noticed_by(Mutant("nothing"), one_a_file):
            raise pytest.UsageError(f"fails though nothing is broken: {failed}")
        for mutant in self.mutants:
            tests = [of_name[name] for name in self._in_order(mutant) if name in of_name]
            noticed = self._noticed_by(mutant, tests)
            self.noticed.add(noticed)
            self.told(mutant, noticed, len(tests))
        return True

    def _followed(self, items: list[pytest.Item]) -> Iterable[tuple[pytest.Item, pytest.Item]]:
        """Each with the one after it; the last with one from as far away as there is, so that
        nothing stays open but what the whole session shares."""
        last = items[-1].path
        far = max(self.items, key=lambda i: (i.path.parent != last.parent, i.path != last))
        return itertools.pairwise([*items, far])

    def _learnt(self, items: list[pytest.Item]) -> dict[str, Any]:
        tests = {}
        for item, following in self._followed(items):
            self.places, self.seconds, self.failed = set(), 0.0, False
            item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
            if not self.failed:  # else it would notice everything
                tests[item.nodeid] = [round(self.seconds, 2), sorted(self.places)]
        return tests

    def _note_write(self, execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        written = WRITES.match(sql) if isinstance(sql, str) else None
        if written:
            verb, table = written.groups()
            self.places.add(f"{verb.upper()} {table}")
        return execute(sql, params, many, context)

    def _in_order(self, mutant: Mutant) -> list[str]:
        """The tests that come to this place: first who has noticed another mutant, then the
        shortest; the long ones last."""
        place = f"{mutant.verb} {mutant.table}" if mutant.statement else mutant.name
        found = [
            (seconds > LONG, test not in self.noticed, seconds, test)
            for file, known in self.map.items()
            for test, (seconds, places) in known["tests"].items()
            if place in places or (mutant.statement and file in ANYWAY)
        ]
        return [test for *_order, test in sorted(found)]

    def _noticed_by(self, mutant: Mutant, items: list[pytest.Item]) -> str:
        if not items:
            return ""
        connections.close_all()
        self._on_owner(mutant.statement)
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            self.answers = writing
            break_place("" if mutant.statement else mutant.name)
            self._run_in_child(items)
        os.close(writing)
        with os.fdopen(reading) as answers:
            said = answers.read()
        _pid, status = os.waitpid(child, 0)
        self._on_owner(*mutant.mend)
        return said or ("a child that ended" if status else "")

    def _run_in_child(self, items: list[pytest.Item]) -> NoReturn:
        """Ends the process at the first test that fails, or after the last one."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        for item, following in self._followed(items):
            signal.alarm(HANGS)  # its signal ends the child
            item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
        os._exit(0)

    def _on_owner(self, *statements: str) -> None:
        name = connections["owner"].settings_dict["NAME"]
        with psycopg.connect(self.owner, dbname=name) as db:
            for statement in filter(None, statements):
                db.execute(statement)


def file_of(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


def size_of(file: str) -> int:
    return (ROOT / file).stat().st_size


def run(trying: Trying, tests: list[str]) -> None:
    left_out = [f"--ignore={path}" for path in LEFT_OUT]
    pytest.main(
        [*tests, *left_out, "-s", "-q", "-p", "no:randomly", "-p", "no:cacheprovider",
         "-p", "no:xdist", "--no-header", "--tb=no", "--show-capture=no"],
        plugins=[trying],
    )  # fmt: skip
