"""The two commands' ground: refusals in one sentence, nothing lost, nothing left running."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from config.lib.services.embedded import ADDRESSES
from config.lib.services.errors import ServiceError
from config.lib.services.home import load_secrets, open_home
from config.lib.services.product import listen

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 30

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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def refused(home: Path, **more: str) -> str:
    """Start the product, expect one sentence, no trace, no output, and hand the sentence back."""
    finished = subprocess.run(
        [sys.executable, "-m", "config.lib.services", "run"],
        env=environment(**{"KASANE_HOME": str(home), "PORT": str(free_port()), **more}),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert finished.returncode == 1, finished
    assert finished.stdout == ""
    lines = finished.stderr.splitlines()
    assert len(lines) == 1, finished.stderr
    assert lines[0].startswith("kasane: ")
    return lines[0]


def contents(folder: Path) -> dict[str, str | None]:
    """Every path below, with what the files hold; our own lock is not data."""
    return {
        str(path.relative_to(folder)): path.read_text() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
        if path.name not in {"kasane.lock", "kasane.json"}
    }


def test_run_on_a_taken_port_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        assert port in refused(home, PORT=port)
    assert not home.exists()


@pytest.mark.parametrize("port", ["eight", "0", "70000", "８０００", "-1"])
def test_listen_on_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(ServiceError, match="PORT"):
        listen("127.0.0.1", port)


def test_run_in_a_home_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    assert "フォルダーではありません" in refused(tmp_path / "file")
    # These hold for root as well, whom no mode bits stop.
    assert "書き込めません" in refused(tmp_path / "file" / "below")
    assert "書き込めません" in refused(Path("/proc/kasane"))
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="mode bits do not stop root")
def test_run_in_a_home_without_write_permission_is_refused(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o500)
    assert "書き込めません" in refused(home)


def test_run_in_somebody_elses_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "holiday.txt").write_text("photos")
    assert "holiday.txt" in refused(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["holiday.txt"]


@pytest.mark.parametrize(
    "files",
    [
        {"base/1/1259": "row"},
        {"PG_VERSION": "18\n"},
        {"PG_VERSION": "18\n", "global/pg_control": ""},
        {"PG_VERSION": "\n", "global/pg_control": "x"},
    ],
)
def test_run_on_a_half_made_cluster_is_refused_and_leaves_it_alone(
    tmp_path: Path, files: dict[str, str]
) -> None:
    for name, text in files.items():
        path = tmp_path / "postgres" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    before = contents(tmp_path)
    assert "作りかけ" in refused(tmp_path)
    assert contents(tmp_path) == before


def test_run_where_the_cluster_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "postgres").write_text("not a folder")
    assert "作りかけ" in refused(tmp_path)
    assert (tmp_path / "postgres").read_text() == "not a folder"


def test_run_on_another_major_version_names_it_and_leaves_it_alone(tmp_path: Path) -> None:
    (tmp_path / "postgres" / "global").mkdir(parents=True)
    (tmp_path / "postgres" / "PG_VERSION").write_text("15\n")
    (tmp_path / "postgres" / "global" / "pg_control").write_text("x")
    before = contents(tmp_path)
    assert "PostgreSQL 15" in refused(tmp_path)
    assert contents(tmp_path) == before


def test_run_with_data_but_without_its_secrets_is_refused(tmp_path: Path) -> None:
    (tmp_path / "postgres" / "global").mkdir(parents=True)
    (tmp_path / "postgres" / "PG_VERSION").write_text("18\n")
    (tmp_path / "postgres" / "global" / "pg_control").write_text("x")
    assert "secrets.json" in refused(tmp_path)
    assert not (tmp_path / "secrets.json").exists()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("kasane.json", "{"),
        ("kasane.json", '{"layout": 99}'),
        ("secrets.json", ""),
        ("secrets.json", '{"secret_key": "x"}'),
    ],
)
def test_run_on_a_damaged_file_is_refused_and_keeps_it(
    tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text)
    refused(tmp_path)
    assert (tmp_path / name).read_text() == text


def test_two_runs_in_one_home_the_second_is_refused(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    try:
        assert str(os.getpid()) in refused(tmp_path / "home")
    finally:
        home.close()


def test_run_with_only_some_addresses_names_the_missing(tmp_path: Path) -> None:
    sentence = refused(tmp_path / "home", DATABASE_URL="postgresql://a:b@localhost/c")
    assert "DATABASE_OWNER_URL" in sentence
    assert "REDIS_URL" in sentence


def test_secrets_are_made_once_and_closed_to_others(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    first = load_secrets(home)
    file = home.path / "secrets.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert home.path.stat().st_mode & 0o777 == 0o700
    file.chmod(0o644)
    assert load_secrets(home) == first
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(set(json.loads(file.read_text()).values())) == 3
    home.close()


# --- Stopping -----------------------------------------------------------------------------------


def alive(pid: int) -> bool:
    """Running, not merely waiting to be buried."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def wait_for(condition: object, what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():  # type: ignore[operator]
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
        print("rows", count, flush=True)
        supervisor.watch()
except StopAsked:
    pass
"""


def test_data_outlives_a_stop_and_a_kill(tmp_path: Path) -> None:
    """The temporary folder is closed to everybody else, so as root this walks the descriptor."""
    tmp_path.chmod(0o700)
    home = tmp_path / "home"
    for count, number in enumerate([signal.SIGINT, signal.SIGKILL, signal.SIGTERM], start=1):
        process = subprocess.Popen(
            [sys.executable, "-c", HELD, str(home)],
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
        assert said == f"rows {count}\n"
