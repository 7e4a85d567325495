"""The places that keep somebody out, and a switch at each: policies, doors, checks, refusals."""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

import psycopg

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("agencies", "cases", "plans", "meetings", "outreach", "participation", "community",
         "reports")  # fmt: skip
DOORS = ("visible_to", "standing_with", "for_lists", "for_desk")
EVERYTHING = {
    "Q": "~__import__('django').db.models.Q(pk__in=())",  # an empty Q vanishes beside an OR
    "Rule": "__import__('config').lib.condition.Rule('true')",
    "bool": "True",
}


@dataclass(frozen=True)
class Mutant:
    """One place made weaker: by a statement on the database, or by its switch."""

    name: str
    statement: str = ""
    mend: tuple[str, ...] = ()
    table: str = ""
    verb: str = ""
    is_permissive: bool = True

    @property
    def kind(self) -> str:
        return self.name.partition(":")[0]


# --- policies ---------------------------------------------------------------------------------

POLICIES = """
SELECT tablename, policyname, permissive, cmd, qual, with_check, roles FROM pg_policies
WHERE schemaname = 'public' AND %s::name = ANY (roles) ORDER BY 1, 2
"""


def policies(owner: str, role: str) -> Iterator[Mutant]:
    with psycopg.connect(owner) as db:
        rows = db.execute(POLICIES, [role]).fetchall()
    for table, policy, permissive, cmd, qual, check, roles in rows:
        place = f'{policy} ON public."{table}"'
        changes = {"drop": f"DROP POLICY {place}"}
        if qual not in (None, "true") and permissive == "PERMISSIVE":  # else the same as none
            changes["using"] = f"ALTER POLICY {place} USING (true)"
        if check not in (None, "true"):
            changes["check"] = f"ALTER POLICY {place} WITH CHECK (true)"
        again = f"CREATE POLICY {place} AS {permissive} FOR {cmd} TO {', '.join(roles)}"
        again += f" USING ({qual})" if qual else ""
        again += f" WITH CHECK ({check})" if check else ""
        mend = (f"DROP POLICY IF EXISTS {place}", again)
        for what, statement in changes.items():
            name = f"policy:{table}.{policy}:{what}"
            yield Mutant(name, statement, mend, table, cmd, permissive == "PERMISSIVE")


# --- doors, checks and refusals ----------------------------------------------------------------


class Switches(ast.NodeTransformer):
    """Puts a switch at every place of a file, and beside it a note that a test came there: through
    a door, out of a check with an error, to a refusal. (Whoever a check lets pass does not notice
    that it is gone.)"""

    def __init__(self, path: str) -> None:
        self.path = path
        self.names: list[str] = []
        self.within: list[str] = []
        self.refusals = 0

    def name(self, kind: str, place: str) -> str:
        self.names.append(f"{kind}:{self.path}:{place}")
        return repr(self.names[-1])

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        self.within.append(node.name)
        self.generic_visit(node)
        self.within.pop()
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        before, self.refusals = self.refusals, 0
        self.within.append(node.name)
        self.generic_visit(node)
        self.within.pop()
        self.refusals = before
        doc = node.body[:1] if _is_doc(node.body[0]) else []
        body = node.body[len(doc) :]
        returns = ast.unparse(node.returns) if node.returns else ""
        if not body:
            return node  # a signature alone
        if node.name in DOORS:
            name = self.name("door", ".".join([*self.within[-1:], node.name]))
            body = [*_parsed(f"if _is_broken({name}): return self.all()\n_reached({name})"), *body]
        elif self.path.endswith("gate.py") and returns in EVERYTHING:
            name = self.name("door", node.name)
            instead = EVERYTHING[returns]
            body = [*_parsed(f"if _is_broken({name}): return {instead}\n_reached({name})"), *body]
        elif node.name.startswith("check_") and returns == "None":  # raises its answer
            name = self.name("check", node.name)
            watched = _parsed(f"try: pass\nexcept Exception:\n _reached({name})\n raise")
            assert isinstance(watched[0], ast.Try)  # noqa: S101 - parsed from text
            watched[0].body = body
            body = [*_parsed(f"if _is_broken({name}): return None"), *watched]
        node.body = [*doc, *body]
        return node

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        if not (isinstance(node.exc, ast.Call) and ast.unparse(node.exc.func) == "ActionDenied"):
            return node
        self.refusals += 1
        name = self.name("refusal", f"{'.'.join(self.within)}.{self.refusals}")
        (switch,) = _parsed(f"if not _is_broken({name}): _reached({name})")
        assert isinstance(switch, ast.If)  # noqa: S101 - parsed from text
        switch.body.append(node)
        return switch


def _is_doc(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _parsed(text: str) -> list[ast.stmt]:
    return ast.parse(text).body


def switched(path: str) -> tuple[ast.Module, list[str]]:
    """The file with its switches, and their names."""
    switches = Switches(path)
    tree = switches.visit(ast.parse((ROOT / path).read_text(), path))
    return ast.fix_missing_locations(tree), switches.names


def sources() -> Iterator[str]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if "migrations" not in path.parts and "proof" not in path.parts:
                yield str(path.relative_to(ROOT))


def in_python() -> Iterator[Mutant]:
    for path in sources():
        for name in switched(path)[1]:
            yield Mutant(name)


class Loader(SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType:
        tree, _names = switched(str(Path(self.path).relative_to(ROOT)))
        code: CodeType = compile(tree, self.path, "exec", dont_inherit=True)
        return code


class Finder:
    """Finds the rooms' modules, with their switches."""

    def __init__(self) -> None:
        self.paths = {str(ROOT / path) for path in sources()}

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target)
        if spec and spec.origin in self.paths:
            spec.loader = Loader(name, spec.origin)
            return spec
        return None


broken = ""


def break_place(name: str) -> None:
    """From now on this place keeps nobody out; the empty name mends."""
    global broken
    broken = name


def install(reached: Callable[[str], None]) -> None:
    """Before any module of the rooms is imported."""
    vars(builtins).update(_is_broken=lambda name: name == broken, _reached=reached)
    sys.meta_path.insert(0, Finder())
