"""Run docker-compose.yml's own commands, environments and health checks without an engine.

Started by scripts/debian_services.sh, whose PostgreSQL and Redis stand in for the two servers of
the file. What is proved: roles → migrate → web, worker and beat come up with nothing but the
variables the file gives them, in production settings, and every health check says yes.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from config.lib.services.console import Console  # noqa: E402
from config.lib.services.errors import ServiceError  # noqa: E402
from config.lib.services.programs import Program  # noqa: E402
from config.lib.services.supervisor import StopAsked, Supervisor  # noqa: E402

VARIABLE = re.compile(r"\$(?:\$|\{(\w+)(?::([-?])([^}]*))?\})")
STEPS = ("roles", "migrate")
STAYING = ("web", "worker", "beat")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Wiring:
    """The file with its variables filled in and its host names turned into this machine."""

    def __init__(self, values: dict[str, str], folder: Path) -> None:
        self.values = values
        self.places = {
            "@postgres:5432/": f"@127.0.0.1:{values['POSTGRES_PORT']}/",
            "@valkey:6379/": f"@127.0.0.1:{values['REDIS_PORT']}/",
            "0.0.0.0:8000": f"127.0.0.1:{values['WEB_PORT']}",
            "127.0.0.1:8000": f"127.0.0.1:{values['WEB_PORT']}",
            "/seals": str(folder),
            "/tmp": str(folder),  # noqa: S108 - the containers' own, here a private folder
        }
        self.folder = folder
        text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
        self.services: dict[str, Any] = yaml.safe_load(text)["services"]

    def fill(self, text: object) -> str:
        """Compose's own substitution: `${NAME:?}`, `${NAME:-default}`, `$$`."""

        def value(found: re.Match[str]) -> str:
            name, kind, other = found.groups()
            if name is None:
                return "$"
            given = self.values.get(name, "")
            if not given and kind == "?":
                raise ServiceError(f"docker-compose.yml に要る {name} がありません。")
            return given or other or ""

        filled = VARIABLE.sub(value, str(text))
        for before, after in self.places.items():
            filled = filled.replace(before, after)
        return filled

    def command(self, service: str) -> list[str]:
        return [self.fill(part) for part in self.services[service]["command"]]

    def environment(self, service: str) -> dict[str, str]:
        """Only what the file and the image give: nothing of ours leaks in."""
        given = self.services[service]["environment"]
        return {
            "PATH": f"{ROOT}/.venv/bin:/usr/bin:/bin",
            "HOME": "/nonexistent",
            "HOSTNAME": socket.gethostname(),
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "DJANGO_SETTINGS_MODULE": "config.settings.production",
            "KASANE_STATIC_ROOT": str(self.folder / "static"),
            **{name: self.fill(value) for name, value in given.items()},
        }

    def healthy(self, service: str) -> bool:
        kind, *test = [self.fill(part) for part in self.services[service]["healthcheck"]["test"]]
        command = ["sh", "-c", *test] if kind == "CMD-SHELL" else test
        finished = subprocess.run(  # noqa: S603
            command, env=self.environment(service), cwd=ROOT, capture_output=True, check=False
        )
        return finished.returncode == 0


def prove(supervisor: Supervisor, wiring: Wiring) -> None:
    for service in STEPS:
        command, env = wiring.command(service), wiring.environment(service)
        supervisor.run(Program(name=service, command=command, env=env, cwd=ROOT))
    collect = ["python", "manage.py", "collectstatic", "--no-input", "--verbosity", "0"]
    env = wiring.environment("web")
    supervisor.run(Program(name="static", command=collect, env=env, cwd=ROOT))
    for service in STAYING:
        command, env = wiring.command(service), wiring.environment(service)
        supervisor.start(Program(name=service, command=command, env=env, cwd=ROOT))
    for service in STAYING:
        started = time.monotonic()
        supervisor.wait_until(partial(wiring.healthy, service), seconds=60, what=f"{service} ")
        supervisor.console.say(f"{service}: healthy（{time.monotonic() - started:.1f} 秒）")


def main() -> int:
    console = Console()
    values = {
        "KASANE_SECRET_KEY": os.urandom(48).hex(),
        "KASANE_WORKER_KEY": os.urandom(32).hex(),
        "KASANE_HOSTS": "kasane.example.jp",
        "KASANE_SEAL_KEY": os.urandom(32).hex(),
        "KASANE_FACTOR_KEY": os.urandom(32).hex(),
        **os.environ,
        "WEB_PORT": str(free_port()),
    }
    with tempfile.TemporaryDirectory(prefix="kasane-wiring-") as folder:
        try:
            with Supervisor(console) as supervisor:
                prove(supervisor, Wiring(values, Path(folder)))
        except ServiceError as error:
            console.problem(f"kasane: {error}")
            return 1
        except StopAsked:
            return 130
    console.say("docker-compose.yml の配線どおりに動きました。")
    return 0


if __name__ == "__main__":
    sys.exit(main())
