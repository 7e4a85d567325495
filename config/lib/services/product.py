"""`make run`: services, preparation, web, worker and beat under one supervisor."""

from __future__ import annotations

import errno
import socket
import sys
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from config.lib.seals import public_bytes, read_key
from config.lib.services.embedded import (
    ADDRESSES,
    cluster_of,
    given_addresses,
    socket_folder,
    start_embedded,
)
from config.lib.services.errors import ServiceError, reason
from config.lib.services.home import Home, Secrets, load_secrets, open_home
from config.lib.services.programs import Output, Program
from config.lib.services.supervisor import Supervisor

ROOT = Path(__file__).resolve().parents[3]
DEFAULT_PORT = "8000"
# What another terminal needs to reach the running product.
NOTED = (
    *ADDRESSES, "DJANGO_SETTINGS_MODULE", "KASANE_SECRET_KEY", "KASANE_STATIC_ROOT",
    "KASANE_SEAL_PUBLIC", "KASANE_SEAL_FILE",
)  # fmt: skip


def serve(supervisor: Supervisor, environment: Mapping[str, str]) -> None:
    """Everything, until somebody asks to stop. Refusals come before anything is touched."""
    started = time.monotonic()
    addresses = given_addresses(environment)
    address = environment.get("KASANE_BIND") or "127.0.0.1"
    listener = listen(address, environment.get("PORT") or DEFAULT_PORT)
    home = open_home(home_path(environment))
    with listener, socket_folder() as sockets:
        try:
            cluster = cluster_of(home, sockets)
            if addresses is None:
                cluster.check()
            secrets = load_secrets(home)
            supervisor.console.say(f"Kasane を始めます（データの置き場: {home.path}）")
            if addresses is None:
                addresses = start_embedded(supervisor, home, cluster, secrets)
            env = child_environment(environment, addresses, home, secrets)
            home.note(sockets, {name: env[name] for name in NOTED})
            # The worker alone acts as the system memberships, and seals the access log.
            workers_own = {
                **env,
                "KASANE_WORKER_KEY": secrets.worker_key,
                "KASANE_SEAL_KEY": secrets.seal_key,
            }
            _prepare(supervisor, {**env, "KASANE_WORKER_KEY": secrets.worker_key})
            _start_programs(supervisor, env, workers_own, listener, sockets)
            port = listener.getsockname()[1]
            supervisor.wait_until(
                lambda: _is_ready(address, port), seconds=180, what=f"http://localhost:{port}/ "
            )
            _announce(supervisor, env, port, time.monotonic() - started)
            supervisor.watch()
        finally:
            supervisor.stop_all()
            home.close()


def home_path(environment: Mapping[str, str]) -> Path:
    return Path(environment.get("KASANE_HOME") or ROOT / ".kasane")


def listen(address: str, port: str) -> socket.socket:
    """Take the port at once and keep it: between looking and taking, another could."""
    if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise ServiceError(f"PORT（{port}）は 1 から 65535 までの数で指定してください。")
    listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address, int(port)))
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            message = (
                f"ポート {port} はほかのプログラムが使っています。"
                "それを止めるか、PORT=8001 make run のように別の番号を指定してください。"
            )
        else:
            message = f"{address} のポート {port} を使えません（{reason(error)}）。"
        raise ServiceError(message) from error
    return listener


def child_environment(
    environment: Mapping[str, str], addresses: Mapping[str, str], home: Home, secrets: Secrets
) -> dict[str, str]:
    """Ours, the addresses, and none of libpq's own variables, which would bend the addresses."""
    own = {name: value for name, value in environment.items() if not name.startswith("PG")}
    # As root, Celery would print ten lines at each start; a real installation is not root.
    quiet = "ignore:You're running the worker with superuser privileges"
    return {
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
        "KASANE_SECRET_KEY": secrets.secret_key,
        "KASANE_STATIC_ROOT": str(home.static),
        "KASANE_SEAL_PUBLIC": public_bytes(read_key(secrets.seal_key)).hex(),
        "KASANE_SEAL_FILE": str(home.heads),
        **own,
        **addresses,
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": ",".join(filter(None, [own.get("PYTHONWARNINGS"), quiet])),
        "PYTHONPATH": str(ROOT),
    }


def _prepare(supervisor: Supervisor, env: Mapping[str, str]) -> None:
    command = [sys.executable, "-m", "config.lib.services.preparation"]
    supervisor.run(Program(name="setup", command=command, env=env, cwd=ROOT))


def _start_programs(
    supervisor: Supervisor,
    env: Mapping[str, str],
    workers_own: Mapping[str, str],
    listener: socket.socket,
    scratch: Path,
) -> None:
    python, number = sys.executable, listener.fileno()
    celery = [python, "-m", "celery", "--quiet", "-A", "config.celery"]
    web = [
        python, "-m", "gunicorn", "config.wsgi:application", "--bind", f"fd://{number}",
        "--workers", "2", "--threads", "4", "--timeout", "60", "--graceful-timeout", "3",
        "--log-level", "warning", "--no-control-socket", "--preload",
    ]  # fmt: skip
    worker = [*celery, "worker", "--loglevel", "WARNING", "--concurrency", "1"]
    worker += ["--without-gossip", "--without-mingle"]
    beat = [*celery, "beat", "--loglevel", "WARNING", "--pidfile", ""]
    beat += ["--schedule", str(scratch / "beat")]
    supervisor.start(Program(name="web", command=web, env=env, cwd=ROOT, descriptors=(number,)))
    supervisor.start(Program(name="worker", command=worker, env=workers_own, cwd=ROOT))
    supervisor.start(Program(name="beat", command=beat, env=env, cwd=ROOT))


def _is_ready(address: str, port: int) -> bool:
    reachable = "127.0.0.1" if address in ("0.0.0.0", "") else address  # noqa: S104
    connection = HTTPConnection(reachable, port, timeout=5)
    try:
        connection.request("GET", "/readyz", headers={"Host": f"localhost:{port}"})
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _announce(supervisor: Supervisor, env: Mapping[str, str], port: int, seconds: float) -> None:
    say = supervisor.console.say
    command = [sys.executable, str(ROOT / "manage.py"), "demo_signins"]
    say("")
    supervisor.run(Program(name="signins", command=command, env=env, cwd=ROOT, output=Output.OURS))
    say("")
    say(f"Kasane が動いています（{seconds:.0f} 秒）: http://localhost:{port}/")
    say("止めるには Ctrl-C を押してください。")
