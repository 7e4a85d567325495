"""Stopping leaves nothing behind and loses nothing; lent servers have the two logins."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from config.lib.services.embedded import ADDRESSES

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 90

# One program in four characters. It notes its number in a file when it lives.
CHARACTER = """
import os, signal, subprocess, sys, time
from pathlib import Path

kind, folder = sys.argv[1], Path(sys.argv[2])
if kind == "leaver":
    subprocess.Popen([sys.executable, __file__, "left", str(folder)], start_new_session=True)
elif kind == "mortal":
    while not (folder / "die").exists():
        time.sleep(0.02)
    print("out of paper")
    sys.exit(7)
else:
    if kind != "polite":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    (folder / f"{kind}.draft").write_text(str(os.getpid()))
    (folder / f"{kind}.draft").rename(folder / kind)
time.sleep(60)
"""
SUPERVISED = """
import os, sys
from config.lib.services.__main__ import parent_watch
from config.lib.services.console import Console
from config.lib.services.errors import ServiceError
from config.lib.services.programs import Program
from config.lib.services.supervisor import StopAsked, Supervisor

character, folder = sys.argv[1:3]
try:
    with Supervisor(Console()) as supervisor:
        if "parent" in sys.argv:
            supervisor.stop_when_unwanted(parent_watch())
        for name in ("polite", "deaf", "leaver", "mortal"):
            command = [sys.executable, character, name, folder]
            supervisor.start(Program(name=name, command=command, env=os.environ, stop_seconds=0.5))
        supervisor.watch()
except ServiceError as error:
    print(error, flush=True)
    sys.exit(1)
except StopAsked:
    sys.exit(0)
"""


def environment(**more: str) -> dict[str, str]:
    """The test's own, without services somebody else lent us."""
    own = {name: value for name, value in os.environ.items() if name not in ADDRESSES}
    return {**own, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "", **more}


def alive(pid: int) -> bool:
    """Running, not merely waiting to be buried."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


@contextmanager
def supervised(
    folder: Path, *, under_make: bool = False
) -> Iterator[tuple[subprocess.Popen, list]]:
    """Start the script above; give the process and the numbers of its three descendants."""
    for name, text in {"character.py": CHARACTER, "supervised.py": SUPERVISED}.items():
        (folder / name).write_text(text)
    parts = [folder / "supervised.py", folder / "character.py", folder]
    command = [sys.executable, *(str(part) for part in parts)]
    if under_make:
        (folder / "Makefile").write_text(f"run:\n\t@exec {' '.join(command)} parent\n")
        command = ["make", "--no-print-directory", "-C", str(folder), "run"]
    # A hangup ignored by whoever runs the suite (nohup) would be ignored below as well.
    command = ["env", "--default-signal=HUP", *command]
    process = subprocess.Popen(
        command, env=environment(), stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    notes = [folder / name for name in ("polite", "deaf", "left")]
    try:
        wait_for(lambda: all(note.exists() for note in notes), "programs start")
        yield process, [int(note.read_text()) for note in notes]
    finally:
        for pid in [process.pid, *(int(n.read_text()) for n in notes if n.exists())]:
            if alive(pid):
                os.kill(pid, signal.SIGKILL)
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stop_signal_ends_every_descendant(tmp_path: Path, number: signal.Signals) -> None:
    with supervised(tmp_path) as (process, pids):
        started = time.monotonic()
        process.send_signal(number)
        assert process.wait(PATIENCE) == 0
        assert time.monotonic() - started < 10
        assert [pid for pid in pids if alive(pid)] == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_signal_to_make_alone_ends_every_descendant(tmp_path: Path, number: signal.Signals) -> None:
    with supervised(tmp_path, under_make=True) as (process, pids):
        process.send_signal(number)
        process.wait(PATIENCE)
        wait_for(lambda: not any(alive(pid) for pid in pids), "programs end")


def test_program_that_dies_stops_the_others_with_a_sentence(tmp_path: Path) -> None:
    with supervised(tmp_path) as (process, pids):
        (tmp_path / "die").touch()
        output, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 1
        assert "mortal が終わってしまった（終了コード 7）" in output
        assert "out of paper" in output
        assert [pid for pid in pids if alive(pid)] == []


def test_killed_supervisor_takes_its_polite_programs_along(tmp_path: Path) -> None:
    with supervised(tmp_path) as (process, pids):
        process.kill()
        wait_for(lambda: not alive(pids[0]), "the polite program ends")


# --- The embedded servers -----------------------------------------------------------------------

FACTS = """
import json, os, psycopg, redis
from config.lib.services.errors import ServiceError
from config.lib.services.roles import prepare_roles_from_urls
top, owner, app = (os.environ[f"DATABASE_{name}URL"] for name in ("SUPERUSER_", "OWNER_", ""))
answer = {}
with psycopg.connect(top, autocommit=True) as c:
    for name, *flags in c.execute(
        "select rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb from pg_roles"
        " where rolname like 'kasane%'"):
        answer[name] = flags
    prepare_roles_from_urls(top, owner, app)
    answer["again"] = c.execute(
        "select rolcreatedb from pg_roles where rolname = 'kasane_owner'").fetchone()[0]
    c.execute("grant kasane_owner to kasane_app")
    try:
        prepare_roles_from_urls(top, owner, app)
    except ServiceError as error:
        answer["member"] = str(error)
    c.execute("revoke kasane_owner from kasane_app")
with psycopg.connect(owner) as c:
    c.execute("create table owned (id int)")
with psycopg.connect(app) as c:
    for word, statement in {"create": "create table mine (id int)", "read": "table owned",
                            "become": "set role kasane_owner"}.items():
        try:
            with c.transaction():
                c.execute(statement)
            answer[word] = "allowed"
        except psycopg.errors.InsufficientPrivilege:
            answer[word] = "refused"
answer["ping"] = redis.from_url(os.environ["REDIS_URL"]).ping()
answer["folder"] = os.environ["DATABASE_URL"].rpartition("=")[2]
print(json.dumps(answer))
raise SystemExit(5)
"""


def test_lent_services_have_the_two_roles_and_vanish_with_the_command() -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "config.lib.services", "with", "--", sys.executable, "-c", FACTS],
        env=environment(),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
        check=False,
    )
    assert finished.returncode == 5, finished.stderr
    answer = json.loads(finished.stdout.splitlines()[-1])
    assert answer["kasane_owner"] == [False, False, False, True]
    assert answer["kasane_app"] == [False, False, False, False]
    assert answer["again"] is False, "only a test's owner may create databases"
    assert "kasane_owner" in answer["member"]
    assert [answer[word] for word in ("create", "read", "become")] == ["refused"] * 3
    assert answer["ping"] is True
    assert not Path(answer["folder"]).exists()


HELD = """
import sys, time
from pathlib import Path
import psycopg
from config.lib.services.console import Console
from config.lib.services.embedded import cluster_of, socket_folder, start_embedded
from config.lib.services.errors import ServiceError
from config.lib.services.home import load_secrets, open_home
from config.lib.services.product import listen
from config.lib.services.supervisor import StopAsked, Supervisor
home = open_home(Path(sys.argv[1]))
try:
    with Supervisor(Console()) as supervisor, socket_folder() as sockets:
        cluster = cluster_of(home, sockets)
        addresses = start_embedded(supervisor, home, cluster, load_secrets(home))
        with psycopg.connect(addresses["DATABASE_OWNER_URL"]) as connection:
            connection.execute("create table if not exists kept (word text)")
            connection.execute("insert into kept values ('x')")
            count = connection.execute("select count(*) from kept").fetchone()[0]
        home.note(sockets, addresses)
        print("rows", count, sockets, flush=True)
        supervisor.watch()
except StopAsked:
    home.close()
"""


def test_data_outlives_a_stop_and_a_kill(tmp_path: Path) -> None:
    """The temporary folder is closed to everybody else, so as root this walks the descriptor."""
    tmp_path.chmod(0o700)
    folders = []
    for count, number in enumerate([signal.SIGINT, signal.SIGKILL, signal.SIGTERM], start=1):
        process = subprocess.Popen(
            [sys.executable, "-c", HELD, str(tmp_path / "home")],
            env=environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        try:
            said = next(line for line in process.stdout if line.startswith("rows"))
        finally:
            process.send_signal(number)
            process.communicate(timeout=PATIENCE)
        assert said.split()[1] == str(count)
        folders.append(Path(said.split()[2]))
    assert [folder for folder in folders if folder.exists()] == [], "the next run tidies up"
