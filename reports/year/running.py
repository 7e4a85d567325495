"""The product as a simulation runs it: its own PostgreSQL and Valkey in a temporary folder, its
own workers and beats, all of them reading one moved clock."""

from __future__ import annotations

import dataclasses
import datetime
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import psycopg

from config.lib.eras import TOKYO
from config.lib.services.console import Console
from config.lib.services.embedded import cluster_of, socket_folder, start_embedded
from config.lib.services.errors import ServiceError
from config.lib.services.home import Home, load_secrets, open_home
from config.lib.services.postgres import Cluster
from config.lib.services.product import ROOT, child_environment
from config.lib.services.programs import Child, Output, Program, signal_group, signal_one
from config.lib.services.supervisor import Supervisor
from config.lib.services.valkey import Valkey
from reports.year.clock import Clock, library

# Settings, addresses and keys of whoever starts us are not ours.
FOREIGN = ("PG", "KASANE_", "DATABASE_", "REDIS_", "DJANGO_", "CELERY_")
QUIET = ("valkey", "db", "initdb")
LINE = re.compile(
    r"\[([-0-9]{10} [:0-9]{8}),\d+: INFO/\S+ Task agencies\.tasks\.file_due_jobs\[([-0-9a-f]+)\] "
    r"(received|succeeded)"
)
MINUTES = datetime.timedelta(minutes=5)


class Aside(Console):
    """Standard output is the figures' alone."""

    def _write(self, text: str, *, error: bool = False) -> None:
        super()._write(text, error=True)


class Movers(Supervisor):
    """Starts every program with the moved clock but Valkey, which is asked for no time; a program
    may be struck down without ending the rest."""

    clock: Clock | None = None
    # With faults a worker or beat that ends by itself (one that starts while the database is away
    # refuses to) is started anew, as by the process manager of a city; else it ends the run.
    replaces: tuple[str, ...] = ()

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self.ended: list[Child] = []

    def _turn(self, seconds: float, ending: Child | None = None) -> None:
        try:
            super()._turn(seconds, ending)
        except ServiceError:
            gone = [
                child
                for child in self._children
                if child.program.name in self.replaces and child.process.poll() is not None
            ]
            if not gone:
                raise
            for child in gone:
                self._forget(child)
            self.ended += gone

    def start(self, program: Program) -> Child:
        if self.clock is not None and program.name != "valkey":
            env = {**program.env, **self.clock.environment()}
            program = dataclasses.replace(program, env=env)
        if program.name in QUIET:
            program = dataclasses.replace(program, output=Output.KEPT)
        return super().start(program)

    def strike(self, child: Child, number: signal.Signals, *, alone: bool = False) -> None:
        """End it as a crash would (or a restart), and forget it."""
        (signal_one if alone else signal_group)(child.process.pid, number)
        child.process.wait(20)
        self._forget(child)

    def named(self, name: str) -> Child:
        return next(child for child in self._children if child.program.name == name)

    def turn(self, seconds: float) -> None:
        self._turn(seconds)


@dataclasses.dataclass
class Product:
    """Everything that runs."""

    supervisor: Movers
    clock: Clock
    cluster: Cluster
    valkey: Valkey
    folder: Path
    env: Mapping[str, str]
    workers: list[Child] = dataclasses.field(default_factory=list)
    beats: list[Child] = dataclasses.field(default_factory=list)
    office: Office | None = None
    logs: list[TextIO] = dataclasses.field(default_factory=list)
    bells: int = 0
    # Of each program that ended by itself and was started anew the last it said.
    started_anew: list[str] = dataclasses.field(default_factory=list)
    _begun: dict[str, datetime.datetime] = dataclasses.field(default_factory=dict)
    _served: datetime.datetime | None = None
    _asking: psycopg.Connection[Any] | None = None

    # --- programs ---------------------------------------------------------------------------

    def start_worker(self) -> None:
        log = self.folder / f"worker-{len(self.logs)}.log"
        log.touch()
        number = len(self.logs)
        command = self._celery(
            "worker", "--loglevel", "INFO", "--concurrency", "1", "--without-gossip",
            "--without-mingle", "--hostname", f"worker-{number}", "--logfile", str(log),
        )  # fmt: skip
        self.logs.append(log.open())
        self.workers.append(self._start("worker", command))

    def start_beat(self) -> None:
        schedule = self.folder / f"beat-{time.monotonic_ns()}"
        command = self._celery(
            "beat", "--loglevel", "WARNING", "--pidfile", "", "--schedule", str(schedule),
            # It looks at the clock ten times a second: that is moved from outside.
            "beat.max_loop_interval=0.1",
        )  # fmt: skip
        self.beats.append(self._start("beat", command))

    def _celery(self, *more: str) -> list[str]:
        return [sys.executable, "-m", "celery", "--quiet", "-A", "config.celery", *more]

    def _start(self, name: str, command: list[str]) -> Child:
        return self.supervisor.start(
            Program(name=name, command=command, env=self.env, cwd=ROOT, output=Output.KEPT)
        )

    def strike_program(self, name: str, number: signal.Signals) -> None:
        """The one program of this name: it alone, so that it may end its own children."""
        self.supervisor.strike(self.supervisor.named(name), number, alone=True)

    # --- time -------------------------------------------------------------------------------

    def bell(self, moment: datetime.datetime, during: Iterable[tuple[float, Any]] = ()) -> None:
        """It is now this moment: the beat rings by itself; wait until a worker has asked every
        room what is due and nothing waits in the outbox. As long as that does not come about, time
        goes on by five minutes. during: what happens meanwhile, and after how many seconds."""
        moment = max(moment, self.clock.now())
        self.clock.move_to(moment)
        moved, began = moment, time.monotonic()
        self.bells += 1
        waiting = sorted(during, key=lambda pair: pair[0])
        while waiting or not self._is_quiet(moment):
            if waiting and time.monotonic() - began >= waiting[0][0]:
                waiting.pop(0)[1]()
            self.supervisor.turn(0.02)
            self._start_anew()
            if time.monotonic() - began > 4:
                began = time.monotonic()
                moved += MINUTES
                self.clock.move_to(moved)
                if moved - moment > MINUTES * 60:
                    raise ServiceError(f"{moment} から、することが終わりません。{self._tails()}")

    def _start_anew(self) -> None:
        while self.supervisor.ended:
            child = self.supervisor.ended.pop()
            self.started_anew.append(_last_words(child))
            if child in self.workers:
                self.workers.remove(child)
                self.start_worker()
            elif child in self.beats:
                self.beats.remove(child)
                self.start_beat()

    def _is_quiet(self, moment: datetime.datetime) -> bool:
        self._read_logs(moment)
        return self._served is not None and self._served >= moment and self._waiting() == 0

    def _read_logs(self, moment: datetime.datetime) -> None:
        """When a worker took the beat's bell, and whether it did what that asks."""
        for log in self.logs:
            for line in log:
                if (found := LINE.match(line)) is None:
                    continue
                at, key, what = found.groups()
                if what == "received":
                    began = datetime.datetime.fromisoformat(at).replace(tzinfo=TOKYO)
                    self._begun[key] = began
                elif (taken := self._begun.get(key)) is not None:
                    self._served = max(taken, self._served or taken)

    def _waiting(self) -> int:
        """Jobs that are due and not done. The database is asked by its own clock."""
        rows = self.ask(
            "select count(*) from agencies_job"
            " where done_at is null and failed_at is null and due_at <= now()"
        )
        return int(rows[0][0])

    def ask(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """As the cluster's superuser, who sees every row."""
        for _try in range(2):
            try:
                if self._asking is None or self._asking.closed:
                    url = self.cluster.superuser_url().replace("/postgres?", "/kasane?")
                    self._asking = psycopg.connect(url, autocommit=True)
                return self._asking.execute(sql, values or None).fetchall()
            except psycopg.OperationalError:
                self._asking = None
        raise ServiceError("データベースが答えません。")

    def _tails(self) -> str:
        return " / ".join(child.complaint() for child in [*self.workers, *self.beats])


class Office:
    """A process that does what the offices do, by the product's own operations."""

    def __init__(self, product: Product) -> None:
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        command = [sys.executable, "-m", "reports.year.office", str(theirs_in), str(theirs_out)]
        self._supervisor = product.supervisor
        self.child = self._supervisor.start(
            Program(
                name="office",
                command=command,
                env=product.env,
                cwd=ROOT,
                descriptors=(theirs_in, theirs_out),
                output=Output.KEPT,
            )
        )
        os.close(theirs_in)
        os.close(theirs_out)
        os.set_blocking(ours_in, False)
        self._in, self._out = ours_in, ours_out

    def do(self, acts: list[dict[str, Any]]) -> list[str]:
        """Let the offices do this; the sentences with which something was refused."""
        os.write(self._out, (json.dumps(acts) + "\n").encode())
        answer = b""
        while not answer.endswith(b"\n"):
            self._supervisor.turn(0.02)
            try:
                answer += os.read(self._in, 65536)
            except BlockingIOError:
                continue
        found: list[str] = json.loads(answer)
        return found


def _last_words(child: Child) -> str:
    """What it complained of, in its log or aloud."""
    said = list(child.tail)
    if "--logfile" in child.program.command:
        file = Path(child.program.command[child.program.command.index("--logfile") + 1])
        said += file.read_text(errors="replace").splitlines()
    grave = [line for line in said if "CRITICAL" in line or "Error" in line]
    return f"{child.program.name}: {(grave or said or ['nothing'])[-1].strip()[:300]}"


@contextmanager
def running(
    start: datetime.datetime,
    closed: Mapping[str, Iterable[datetime.date]],
    *,
    is_durable: bool = False,
) -> Iterator[Product]:
    """A fresh product at this moment with the five cities, their offices' people, and nobody
    else. closed: each city's closing days. is_durable: what is committed outlives a database that
    is killed, as in a city; else it is quicker."""
    library()
    folder = Path(tempfile.mkdtemp(prefix="kasane-year-"))
    try:
        with Movers(Aside()) as supervisor, socket_folder() as sockets:
            home = open_home(folder / "home")
            try:
                cluster = cluster_of(home, sockets, disposable=not is_durable)
                yield _prepared(supervisor, home, cluster, folder, start, closed)
            finally:
                supervisor.stop_all()
                home.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _prepared(
    supervisor: Movers,
    home: Home,
    cluster: Cluster,
    folder: Path,
    start: datetime.datetime,
    closed: Mapping[str, Iterable[datetime.date]],
) -> Product:
    clock = Clock(cluster.sockets, cluster.account)
    supervisor.clock = clock
    clock.move_to(start)
    secrets = load_secrets(home)
    addresses = start_embedded(supervisor, home, cluster, secrets)
    own = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    env = {
        **child_environment(own, addresses, home, secrets),
        "KASANE_WORKER_KEY": secrets.worker_key,
        "KASANE_SEAL_KEY": secrets.seal_key,
    }
    valkey = Valkey(cluster.sockets, cluster.account)
    product = Product(supervisor, clock, cluster, valkey, folder, env)
    profiles = folder / "profiles"
    profiles.mkdir()
    for city, days in closed.items():
        text = (ROOT / "agencies" / "profiles" / f"{city}.toml").read_text(encoding="utf-8")
        told = f"[city]\nclosing_days = [{', '.join(map(str, days))}]\n"
        (profiles / f"{city}.toml").write_text(text.replace("[city]\n", told, 1), "utf-8")
    command = [sys.executable, "-m", "reports.year.prepare", str(profiles)]
    product.supervisor.run(
        Program(name="prepare", command=command, env=env, cwd=ROOT, output=Output.KEPT)
    )
    return product
