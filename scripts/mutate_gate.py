"""Breaks the gate in one place at a time and asks whether the suite notices.

Every policy of the database is opened or removed, every `visible_to` and scope of the ORM shows
everything, every permission check lets everybody pass, every single refusal is taken out. A mutant
that no test fails for is a survivor: it is printed with what was tried, and the exit code is 1.

    scripts/mutate_gate.py --list                     # how many there are
    scripts/mutate_gate.py --only policy:cases_       # by the beginning of their names
    scripts/mutate_gate.py --sample 40 --seed 2       # some of them
    scripts/mutate_gate.py --state mutants.jsonl      # goes on where it stopped

`DATABASE_URL` and `DATABASE_OWNER_URL` name a migrated database that nobody is connected to.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeGuard
from unittest import mock

import django
import psycopg

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
ROOMS = ("agencies", "cases", "plans", "meetings", "outreach", "participation", "community",
         "reports")  # fmt: skip
# What a mutant is tried against after its own room's tests.
ACROSS = (
    "tests/attacks", "tests/test_access_table.py", "tests/reports/test_policies.py",
    "tests/reports/test_visibility_cases.py", "tests/test_two_worlds.py",
)  # fmt: skip
# Tables on which a scope that shows everything is seen.
SCOPED = frozenset({
    "cases_case", "cases_person", "cases_record", "cases_contact", "cases_consent",
    "cases_supportteam", "cases_consultation", "meetings_agendaitem", "meetings_sitting",
})  # fmt: skip
SHIELDS = ("tests/cases/test_shield.py", "tests/test_shield_outputs.py")
DOORS = ("visible_to", "standing_with", "for_lists", "for_desk")
LONGEST = 900  # seconds; a mutant that makes a test hang is noticed too


@dataclass(frozen=True)
class Mutant:
    """One place made weaker: statements for the copied database, or a changed file."""

    name: str
    tests: tuple[str, ...]
    statement: str = ""
    reads: str = ""  # the table whose rows are read by this policy
    writes: str = ""  # verb and table of a write policy
    path: str = ""
    source: str = field(default="", repr=False)


# --- policies ---------------------------------------------------------------------------------

POLICIES = """
SELECT tablename, policyname, permissive, cmd, qual, with_check FROM pg_policies
WHERE schemaname = 'public' AND %s::name = ANY (roles) ORDER BY 1, 2
"""


def policies(owner: str, role: str) -> Iterator[Mutant]:
    with psycopg.connect(owner) as db:
        rows = db.execute(POLICIES, [role]).fetchall()
    for table, policy, permissive, cmd, qual, check in rows:
        room = table.partition("_")[0]
        shields = SHIELDS if policy.startswith("shield") else ()
        tests = (*shields, *ACROSS[:1], f"tests/{room}", *ACROSS[1:])
        place = f'{policy} ON public."{table}"'
        changes = {"drop": f"DROP POLICY {place}"}
        if qual not in (None, "true"):
            changes["using"] = f"ALTER POLICY {place} USING (true)"
        if check not in (None, "true"):
            changes["check"] = f"ALTER POLICY {place} WITH CHECK (true)"
        if permissive == "RESTRICTIVE":
            changes.pop("using", None)  # the same as none
        for what, statement in changes.items():
            yield Mutant(
                f"policy:{table}.{policy}:{what}",
                tests,
                statement,
                table if cmd == "SELECT" else "",
                "" if cmd == "SELECT" or permissive == "RESTRICTIVE" else f"{cmd} {table}",
            )


# --- doors, checks and refusals ----------------------------------------------------------------


def sources() -> Iterator[tuple[str, str]]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if "migrations" not in path.parts and "proof" not in path.parts:
                yield str(path.relative_to(ROOT)), path.read_text()


def in_python() -> Iterator[Mutant]:
    for path, source in sources():
        tree = ast.parse(source)
        room = path.partition("/")[0]
        tests = (f"tests/{room}", *ACROSS)
        for kind, name, node, instead in places(path, tree):
            yield Mutant(
                f"{kind}:{path}:{name}",
                tests,
                path=path,
                source=replaced(source, node, instead),
            )


def places(path: str, tree: ast.Module) -> Iterator[tuple[str, str, list[ast.stmt], str]]:
    """(kind, name, statements, what stands in their place)."""
    of_class = {
        child: node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
        for child in ast.walk(node)
    }  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            body = [s for s in node.body if not _is_doc(s)]
            returns = ast.unparse(node.returns) if node.returns else ""
            if not body:
                continue  # a signature alone
            if node.name in DOORS:
                yield "door", f"{of_class[node]}.{node.name}", body, "return self.all()"
            elif path.endswith("gate.py") and returns in ("Q", "bool"):
                everything = "return Q()" if returns == "Q" else "return True"
                yield "door", node.name, body, everything
            elif node.name.startswith("check_"):
                yield "check", node.name, body, "return None"
        elif _is_refusal(node):
            yield "refusal", str(node.lineno), [node], "pass"


def _is_refusal(node: ast.AST) -> TypeGuard[ast.Raise]:
    return (
        isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and ast.unparse(node.exc.func) == "ActionDenied"
    )


def _is_doc(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def replaced(source: str, nodes: list[ast.stmt], instead: str) -> str:
    lines = source.splitlines(keepends=True)
    first, last = nodes[0], nodes[-1]
    assert last.end_lineno is not None  # noqa: S101 - parsed from text
    lines[first.lineno - 1 : last.end_lineno] = [" " * first.col_offset + instead + "\n"]
    return "".join(lines)


# --- the proof, without starting anew for every policy ------------------------------------------


@contextmanager
def a_world(template: str, cases: int, role: str) -> Iterator[Callable[[Mutant], bool]]:
    """A drawn world, in which a read policy is broken, the three answers are compared on its table
    and the policy is mended again: what tests/reports/test_proof.py does, in seconds."""
    django.setup()
    from django.db import connections

    from reports.proof.load import load
    from reports.proof.scratch import scratch
    from reports.proof.verify import verify
    from reports.proof.worlds import generate
    from reports.proof.writing import Written, try_writing

    with scratch(template=template) as (using, app):
        generate(using, seed=7, cases=cases)
        world = load(using)

        def differs(tables: frozenset[str]) -> bool:
            found = verify(owner=using, app=app, pairs=2500, seed=3, world=world, tables=tables)
            return bool(found.differences)

        as_it_is: dict[str, Written] = {}

        def writes(table: str) -> Written:
            return try_writing(using, app, role, world.memberships, [table])

        def notices(mutant: Mutant) -> bool:
            table = mutant.writes.rpartition(" ")[2]
            if table and table not in as_it_is:
                as_it_is[table] = writes(table)
            if mutant.path:
                with door_open(mutant) as tables:
                    return bool(tables) and differs(tables)
            with connections[using].cursor() as cursor:
                mend = mending(cursor, mutant)
                cursor.execute(mutant.statement)
            try:
                if table:
                    return writes(table) != as_it_is[table]
                return differs(frozenset([mutant.reads]))
            finally:
                with connections[using].cursor() as cursor:
                    for statement in mend:
                        cursor.execute(statement)

        yield notices


@contextmanager
def door_open(mutant: Mutant) -> Iterator[frozenset[str]]:
    """The door of a model that the proof asks, or a scope of a `gate.py`, everywhere it is known
    by name, shows everything. Yields the tables to compare; none if the proof does not ask."""
    from django.db.models import Q

    from reports.proof.verify import doors

    name = mutant.name.rpartition(":")[2]
    owner, _dot, method = name.rpartition(".")
    with ExitStack() as stack:
        if owner:
            of_table = {t: type(model._default_manager.all()) for t, model in doors().items()}
            classes = {
                cls
                for one in of_table.values()
                for cls in one.__mro__
                if cls.__name__ == owner and method in vars(cls) and method == "visible_to"
                if cls.__module__.replace(".", "/") + ".py" == mutant.path
            }
            for cls in classes:
                stack.enter_context(mock.patch.object(cls, method, lambda self, _by: self.all()))
            yield frozenset(t for t, one in of_table.items() if classes & set(one.__mro__))
            return
        gate = sys.modules[mutant.path.removesuffix(".py").replace("/", ".")]
        function = getattr(gate, name, None)
        if function is None:
            yield frozenset()
            return
        result: Any = True if function.__annotations__["return"] == "bool" else Q()
        for module in list(sys.modules.values()):
            for known_as, value in list(vars(module).items()):
                if value is function:
                    everything = lambda *_a, **_k: result  # noqa: E731
                    stack.enter_context(mock.patch.object(module, known_as, everything))
        yield SCOPED


def mending(cursor: Any, mutant: Mutant) -> list[str]:
    """The policy as it was."""
    _kind, _colon, place = mutant.name.partition(":")
    table, _dot, policy = place.rpartition(":")[0].partition(".")
    cursor.execute(
        "SELECT permissive, cmd, roles, qual, with_check FROM pg_policies"
        " WHERE tablename = %s AND policyname = %s",
        [table, policy],
    )
    permissive, cmd, roles, qual, check = cursor.fetchone()
    using = f" USING ({qual})" if qual else ""
    using += f" WITH CHECK ({check})" if check else ""
    where = f'{policy} ON public."{table}"'
    return [
        f"DROP POLICY IF EXISTS {where}",
        f"CREATE POLICY {where} AS {permissive} FOR {cmd} TO {', '.join(roles)}{using}",
    ]


# --- trying -----------------------------------------------------------------------------------


def noticed_by(mutant: Mutant, owner: str) -> tuple[str, list[str]]:
    """The tests that failed, or nothing; and all that was tried."""
    base = psycopg.conninfo.conninfo_to_dict(owner)["dbname"]
    copy = f"{base}_mutant"
    tried: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder, "tree") if mutant.path else ROOT
        if mutant.path:
            leave = shutil.ignore_patterns(".git", ".venv", ".tools", ".kasane", "__pycache__")
            shutil.copytree(ROOT, tree, ignore=leave, symlinks=True)
            (tree / ".venv").symlink_to((ROOT / ".venv").resolve())
            (tree / mutant.path).write_text(mutant.source)
        try:
            copied(owner, str(base), copy, mutant.statement)
            for tests in mutant.tests:
                if not (tree / tests.partition("::")[0]).exists():
                    continue
                tried.append(tests)
                if not passes(tree, copy, tests):
                    return tests, tried
        finally:
            dropped(owner, copy)
    return "", tried


def copied(owner: str, base: str, copy: str, statement: str) -> None:
    dropped(owner, copy)
    with psycopg.connect(owner, dbname="postgres", autocommit=True) as db:
        db.execute(f'CREATE DATABASE "{copy}" TEMPLATE "{base}"')
    with psycopg.connect(owner, dbname=copy) as db:
        if statement:
            db.execute(statement)


def dropped(owner: str, name: str) -> None:
    with psycopg.connect(owner, dbname="postgres", autocommit=True) as db:
        db.execute(f'DROP DATABASE IF EXISTS "{name}"')


def passes(tree: Path, template: str, tests: str) -> bool:
    """Whether these tests notice nothing. What cannot even be collected is noticed."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:randomly", "--no-header",
               "-p", "no:cacheprovider", "--show-capture=no", "--tb=no", tests]  # fmt: skip
    environment = {**os.environ, "KASANE_TEST_TEMPLATE": template}
    try:
        done = subprocess.run(  # noqa: S603 - our own tests
            command, cwd=tree, env=environment, timeout=LONGEST, capture_output=True, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode in (0, 5)


def main() -> int:
    chosen = arguments()
    owner = os.environ["DATABASE_OWNER_URL"]
    role = psycopg.conninfo.conninfo_to_dict(os.environ["DATABASE_URL"])["user"]
    mutants = [*policies(owner, str(role)), *in_python()]
    mutants = [m for m in mutants if any(m.name.startswith(o) for o in chosen.only)]
    if chosen.sample:
        rng = random.Random(chosen.seed)  # noqa: S311 - a sample, no secret
        mutants = rng.sample(mutants, min(chosen.sample, len(mutants)))
    if chosen.list:
        say(*(m.name for m in mutants), f"{len(mutants)} mutants")
        return 0
    before = known(chosen.state)
    waiting = [m for m in mutants if m.name not in before]
    with ExitStack() as stack:
        proof: Callable[[Mutant], bool] | None = None
        if any(asks_proof(m) for m in waiting):
            base = psycopg.conninfo.conninfo_to_dict(owner)["dbname"]
            proof = stack.enter_context(a_world(str(base), chosen.cases, str(role)))
        for number, mutant in enumerate(waiting, 1):
            started = time.monotonic()
            if proof and asks_proof(mutant) and proof(mutant):
                noticed, tried = "proof", ["proof"]
            elif chosen.quick:
                continue
            else:
                noticed, tried = noticed_by(mutant, owner)
            before[mutant.name] = {
                "name": mutant.name, "noticed_by": noticed, "tried": tried,
                "seconds": round(time.monotonic() - started),
            }  # fmt: skip
            say(f"{number}/{len(waiting)} {mutant.name} {noticed or 'SURVIVED: '}"
                f"{'' if noticed else ', '.join(tried)}")  # fmt: skip
            with chosen.state.open("a") as state:
                state.write(json.dumps(before[mutant.name]) + "\n")
    ran = [before[m.name] for m in mutants if m.name in before]
    survivors = [one["name"] for one in ran if not one["noticed_by"]]
    say(f"{len(mutants)} mutants, {len(ran)} tried, {len(survivors)} survived", *survivors)
    return 1 if survivors else 0


def asks_proof(mutant: Mutant) -> bool:
    return bool(mutant.reads or mutant.writes) or mutant.name.startswith("door:")


def say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def known(state: Path) -> dict[str, dict[str, Any]]:
    """What earlier runs found out."""
    if not state.exists():
        return {}
    return {line["name"]: line for line in map(json.loads, state.read_text().splitlines())}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--list", action="store_true", help="name them and stop")
    parser.add_argument("--only", nargs="*", default=[""], help="beginnings of names")
    parser.add_argument("--quick", action="store_true", help="the proof alone, no test is started")
    parser.add_argument("--cases", type=int, default=22, help="of the drawn world")
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--state", type=Path, default=ROOT / ".kasane" / "mutants.jsonl")
    found = parser.parse_args()
    found.state.parent.mkdir(parents=True, exist_ok=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
