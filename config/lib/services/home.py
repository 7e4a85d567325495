"""The data folder (KASANE_HOME): whose it is, that nobody else uses it, and its secrets.

Nothing in here deletes: a folder that is not understood is left as it is and named.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TextIO

from config.lib.seals import make_key
from config.lib.services.errors import ServiceError, reason

LAYOUT = 1
MARK = "kasane.json"
LOCK = "kasane.lock"
SECRETS = "secrets.json"
RUNNING = "running.json"
CLUSTER = "postgres"
STATIC = "static"
HEADS = "heads.jsonl"
# Half an initdb, or a folder that a hand-run collectstatic made, still counts as ours.
OURS = frozenset({MARK, LOCK, SECRETS, RUNNING, CLUSTER, STATIC, HEADS, "lost+found"})
UNFINISHED = f"{CLUSTER}.unfinished-"


@dataclass(frozen=True)
class Secrets:
    """Made once for this folder; the file is readable by its owner alone."""

    secret_key: str
    owner_password: str
    app_password: str
    worker_key: str
    seal_key: str


@dataclass
class Home:
    """An opened data folder; holding `lock` open keeps every other run out."""

    path: Path
    lock: TextIO
    # The socket folder of a run that was killed before it could tidy up.
    leftover: Path | None = None

    def note(self, sockets: Path, environment: Mapping[str, str]) -> None:
        """Write down how to reach what runs here, for `at` and for whoever tidies up after us."""
        text = json.dumps({"sockets": str(sockets), "environment": dict(environment)}, indent=2)
        write_private(self.path / RUNNING, text + "\n")

    @property
    def cluster(self) -> Path:
        return self.path / CLUSTER

    @property
    def static(self) -> Path:
        return self.path / STATIC

    @property
    def heads(self) -> Path:
        return self.path / HEADS

    def close(self) -> None:
        (self.path / RUNNING).unlink(missing_ok=True)
        self.lock.close()


def open_home(path: Path) -> Home:
    """Take the folder for this run, or say in one sentence why that cannot be."""
    path = Path(os.path.abspath(path.expanduser()))
    _make(path)
    _refuse_foreign(path)
    lock = _take_lock(path)
    try:
        _check_mark(path)
    except BaseException:
        lock.close()
        raise
    return Home(path=path, lock=lock, leftover=_leftover(path))


def _make(path: Path) -> None:
    if path.exists() and not path.is_dir():
        message = f"KASANE_HOME（{path}）はフォルダーではありません。別の場所を指定してください。"
        raise ServiceError(message)
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ServiceError(_unwritable(path, error)) from error


def _refuse_foreign(path: Path) -> None:
    """Somebody's other folder must not fill with our files because of a typing slip."""
    try:
        names = {entry.name for entry in path.iterdir()}
    except OSError as error:
        raise ServiceError(_unwritable(path, error)) from error
    drafts = {name for name in names if name.startswith(UNFINISHED) or name.endswith(".draft")}
    foreign = sorted(names - OURS - drafts)
    if foreign and MARK not in names:
        message = (
            f"KASANE_HOME（{path}）には Kasane のものではないファイル（{foreign[0]} など）が"
            "あります。空のフォルダーか、新しい場所を指定してください。"
        )
        raise ServiceError(message)


def _take_lock(path: Path) -> TextIO:
    try:
        number = os.open(path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ServiceError(_unwritable(path, error)) from error
    lock = os.fdopen(number, "r+", encoding="utf-8", errors="replace")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = lock.read().strip() or "不明"
        lock.close()
        message = (
            f"KASANE_HOME（{path}）は、動いている別の Kasane（プロセス {holder}）が使っています。"
            "そちらを止めるか、別の KASANE_HOME を指定してください。"
        )
        raise ServiceError(message) from error
    try:
        lock.seek(0)
        lock.truncate()
        lock.write(f"{os.getpid()}\n")
        lock.flush()
    except OSError as error:
        lock.close()
        raise ServiceError(_unwritable(path, error)) from error
    return lock


def _check_mark(path: Path) -> None:
    mark = path / MARK
    if not mark.exists():
        write_private(mark, json.dumps({"layout": LAYOUT}) + "\n")
        return
    try:
        layout = json.loads(mark.read_text(encoding="utf-8"))["layout"]
    except OSError as error:
        raise ServiceError(_unwritable(path, error)) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ServiceError(_broken(mark)) from error
    if layout != LAYOUT:
        message = (
            f"KASANE_HOME（{path}）は別の版の Kasane が作ったものです（{layout} ≠ {LAYOUT}）。"
            "その版で開くか、別の KASANE_HOME を指定してください。"
        )
        raise ServiceError(message)


def _random() -> str:
    return secrets.token_urlsafe(32)


def load_secrets(home: Home) -> Secrets:
    """Read the folder's secrets, or make them when the folder is new."""
    file = home.path / SECRETS
    if not file.exists():
        if (home.cluster / "PG_VERSION").exists():
            message = (
                f"データはありますが、鍵のファイル {file} がありません。"
                "控えから戻すか、別の KASANE_HOME を指定してください。"
            )
            raise ServiceError(message)
        made = Secrets(
            secret_key=secrets.token_urlsafe(64),
            owner_password=_random(),
            app_password=_random(),
            worker_key=_random(),
            seal_key=make_key(),
        )
        write_private(file, json.dumps(asdict(made), indent=2) + "\n")
        return made
    try:
        if file.stat().st_mode & 0o077:
            file.chmod(0o600)
        stored = json.loads(file.read_text(encoding="utf-8"))
        # A folder from before the log was sealed, or the worker had a key.
        late = {"seal_key": make_key, "worker_key": _random}
        made_now = {name: make() for name, make in late.items() if name not in stored}
        known = {**stored, **made_now}
        values = {field.name: str(known[field.name]) for field in fields(Secrets)}
    except OSError as error:
        raise ServiceError(_unwritable(file, error)) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ServiceError(_broken(file)) from error
    if not all(values.values()):
        raise ServiceError(_broken(file))
    if made_now:
        write_private(file, json.dumps(values, indent=2) + "\n")
    return Secrets(**values)


def running_environment(path: Path) -> dict[str, str]:
    """What a command needs to reach the product that runs in this folder."""
    try:
        with (path / LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        try:
            noted = json.loads((path / RUNNING).read_text(encoding="utf-8"))
            return {str(name): str(value) for name, value in noted["environment"].items()}
        except (OSError, ValueError, KeyError):
            pass
    except OSError:
        pass
    message = f"KASANE_HOME（{path}）で動いている Kasane がありません。先に make run してください。"
    raise ServiceError(message)


def _leftover(path: Path) -> Path | None:
    """We hold the lock, so whoever wrote this note was killed."""
    try:
        return Path(json.loads((path / RUNNING).read_text(encoding="utf-8"))["sockets"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_private(file: Path, text: str) -> None:
    """Write a file whole or not at all (a crash leaves the old one), mode 0600."""
    draft = file.with_name(f"{file.name}.draft")
    try:
        number = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(number, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(file)
    except OSError as error:
        raise ServiceError(_unwritable(file, error)) from error


def _unwritable(path: Path, error: OSError) -> str:
    return (
        f"データの置き場 {path} に書き込めません（{reason(error)}）。"
        "KASANE_HOME で書き込める場所を指定してください。"
    )


def _broken(file: Path) -> str:
    return f"{file} が壊れています。控えから戻すか、別の KASANE_HOME を指定してください。"
