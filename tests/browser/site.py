"""The real product for the browser: own database, gunicorn, Celery worker and beat.

Nothing here reaches into the product: the database is made as an operator makes it, the rest is
what `make run` starts. Each process leads a group of its own, and the group is what is stopped.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from config.lib.seals import make_key

ROOT = Path(__file__).resolve().parents[2]
CITIES = ("kusatsu", "kurume")
PASSWORD = "kasane-browser"
READY_SECONDS = 120

# One process: the profiles, the people, the static files, and the bell that beat rings every five
# minutes, so that no journey waits for the clock.
PREPARE = """
import sys
import django
django.setup()
from django.core.management import call_command
for city in sys.argv[1:]:
    call_command("load_city", city, verbosity=0)
call_command("load_demo", *sys.argv[1:], people=True)
call_command("install_worker_key")
call_command("collectstatic", interactive=False, verbosity=0)
from config.celery import app
app.send_task("agencies.tasks.file_due_jobs", ignore_result=True)
"""


@dataclass
class Site:
    """Where it answers, what it runs, and where its output is kept."""

    url: str
    folder: Path
    env: dict[str, str]
    children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, *command: str, descriptors: tuple[int, ...] = ()) -> None:
        """Start one process as the leader of a group; if we die, it is told to stop."""
        with (self.folder / f"{name}.log").open("wb") as log:
            self.children[name] = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", *command],
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=descriptors,
                start_new_session=True,
            )

    def wait_until_ready(self) -> None:
        """Until /readyz answers; a process that ends before is shown with its last words."""
        for _ in range(READY_SECONDS * 10):
            for name, child in self.children.items():
                assert child.poll() is None, f"{name} has ended:\n{self.said(name)}"
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:  # noqa: S310
                    assert answer.status == 200
                    return
            except (OSError, urllib.error.URLError):
                time.sleep(0.1)
        raise AssertionError(f"not ready after {READY_SECONDS} s:\n{self.said('web')}")

    def said(self, name: str) -> str:
        """The end of a process's output."""
        return (self.folder / f"{name}.log").read_text(errors="replace")[-4000:]

    def stop(self) -> None:
        """Ask each group to stop, insist after five seconds, and bury it."""
        for child in self.children.values():
            _signal(child, signal.SIGTERM)
        patience = time.monotonic() + 5
        for child in self.children.values():
            with suppress(subprocess.TimeoutExpired):
                child.wait(max(0.1, patience - time.monotonic()))
            _signal(child, signal.SIGKILL)
            child.wait()


def _signal(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    try:
        os.killpg(child.pid, number)
    except ProcessLookupError:
        return


@contextmanager
def running(folder: Path) -> Iterator[Site]:
    """A site with people and no household yet, until the block ends."""
    with database() as name, socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        site = Site(f"http://127.0.0.1:{port}", folder, environment(folder, name, port))
        try:
            _prepare(site)
            _start(site, listener)
            site.wait_until_ready()
            yield site
        finally:
            site.stop()


def _prepare(site: Site) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PREPARE, *CITIES],
        cwd=ROOT,
        env=site.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _start(site: Site, listener: socket.socket) -> None:
    number = listener.fileno()
    gunicorn = [sys.executable, "-m", "gunicorn", "config.wsgi:application"]
    gunicorn += ["--bind", f"fd://{number}", "--workers", "1", "--threads", "4"]
    gunicorn += ["--graceful-timeout", "2", "--log-level", "warning"]
    if _knows_control_socket():
        gunicorn.append("--no-control-socket")
    celery = [sys.executable, "-m", "celery", "--quiet", "-A", "config.celery"]
    worker = [*celery, "worker", "--pool", "solo", "--concurrency", "1", "--loglevel", "WARNING"]
    worker += ["--without-gossip", "--without-mingle"]
    beat = [*celery, "beat", "--loglevel", "WARNING", "--pidfile", ""]
    beat += ["--schedule", str(site.folder / "beat")]
    site.start("web", *gunicorn, descriptors=(number,))
    site.start("worker", *worker)
    site.start("beat", *beat)


def _knows_control_socket() -> bool:
    from gunicorn.config import Config

    return "control_socket" in Config().settings


def environment(folder: Path, database_name: str, port: int) -> dict[str, str]:
    """Ours without libpq's own variables, and the addresses of this site alone."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {
        **own,
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
        "DATABASE_URL": with_database(os.environ["DATABASE_URL"], database_name),
        "DATABASE_OWNER_URL": with_database(os.environ["DATABASE_OWNER_URL"], database_name),
        "REDIS_URL": with_number(os.environ["REDIS_URL"], queue_number(port)),
        "KASANE_DEMO_PASSWORD": PASSWORD,
        "KASANE_WORKER_KEY": "the-browser-suite-and-nobody-else-holds-this-key",
        "KASANE_SEAL_KEY": make_key(),
        "KASANE_SEAL_FILE": str(folder / "heads.jsonl"),
        "KASANE_STATIC_ROOT": str(folder / "static"),
        "PYTHONUNBUFFERED": "1",
        # As root, Celery would warn at each start; a real installation is not root.
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
    }


def queue_number(port: int) -> int:
    """A Redis database of its own: another site's worker would take this one's bells. Under xdist
    each worker has a site, and neighbours never share a number."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return 1 + port % 7 * 2 + int(worker) % 2


def with_database(url: str, name: str) -> str:
    """The address of another database on the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{quote(name)}"))


def with_number(url: str, number: int) -> str:
    """The address of another database of the same Redis (`redis://…/0`, `unix:///path?db=0`)."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        query = {**dict(parse_qsl(parts.query)), "db": str(number)}
        return f"unix://{parts.path}?{urlencode(query)}"  # urlunsplit would drop the slashes
    return urlunsplit(parts._replace(path=f"/{number}"))


@contextmanager
def database() -> Iterator[str]:
    """A database of its own: a copy of the migrated template where there is one."""
    owner = os.environ["DATABASE_OWNER_URL"]
    role = unquote(urlsplit(os.environ["DATABASE_URL"]).username or "")
    template = os.environ.get("KASANE_TEST_TEMPLATE", "")
    name = f"browser_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(with_database(owner, "postgres"), autocommit=True) as server:
        server.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} ENCODING 'UTF8'").format(
                sql.Identifier(name), sql.Identifier(template or "template0")
            )
        )
    try:
        with psycopg.connect(with_database(owner, name), autocommit=True) as own:
            own.execute(
                sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(
                    sql.Identifier(name), sql.Identifier(role)
                )
            )
            own.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(sql.Identifier(role)))
        if not template:
            _migrate(name)
        yield name
    finally:
        with psycopg.connect(with_database(owner, "postgres"), autocommit=True) as server:
            server.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )


def _migrate(name: str) -> None:
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
        "DATABASE_URL": with_database(os.environ["DATABASE_URL"], name),
        "DATABASE_OWNER_URL": with_database(os.environ["DATABASE_OWNER_URL"], name),
    }
    command = [sys.executable, "manage.py", "migrate", "--database", "owner", "--verbosity", "0"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
