"""One program as a child process: how it is started, tied to us, signalled and buried."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from config.lib.services.accounts import Account
from config.lib.services.errors import ServiceError, reason

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class Output(Enum):
    """Where a program's lines go."""

    PREFIXED = "prefixed"  # the program's name before each line
    KEPT = "kept"  # shown only when the program fails
    OURS = "ours"  # straight to our own terminal


@dataclass(frozen=True, kw_only=True)
class Program:
    """What to start, and how it likes to be stopped."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    output: Output = Output.PREFIXED
    account: Account | None = None
    descriptors: tuple[int, ...] = ()
    cwd: Path | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 4.5
    stops_last: bool = False  # databases outlive those who talk to them


@dataclass
class Child:
    program: Program
    process: subprocess.Popen[bytes]
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=20))
    buffer: bytes = b""

    def complaint(self) -> str:
        """The last thing it said, for the sentence that reports its end."""
        said = [line for line in self.tail if line.strip()]
        return f"最後の出力: {said[-1].strip()[:300]}" if said else ""


def launch(program: Program) -> Child:
    """Start it as the leader of a session of its own; if we die, the kernel tells it to stop."""
    account, parent = program.account, os.getpid()
    piped = program.output is not Output.OURS

    def tie_to_parent() -> None:
        if _LIBC is not None:
            _LIBC.prctl(PR_SET_PDEATHSIG, int(program.stop_signal), 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

    try:
        process = subprocess.Popen(  # noqa: S603
            list(program.command),
            env=dict(program.env),
            cwd=program.cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if piped else None,
            stderr=subprocess.STDOUT if piped else None,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            pass_fds=program.descriptors,
            start_new_session=True,
            preexec_fn=tie_to_parent,
        )
    except OSError as error:
        message = f"{program.name} を始められません（{reason(error)}）。"
        raise ServiceError(message) from error
    return Child(program=program, process=process)


def adopt_orphans() -> None:
    """What our programs leave behind becomes our child instead of init's."""
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def bury_adopted(ours: set[int]) -> None:
    """Take the exit status of dead orphans; our own programs' is left to their Popen objects."""
    while True:
        try:
            dead = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if dead is None or dead.si_pid in ours:
            return
        os.waitpid(dead.si_pid, os.WNOHANG)


def own_children() -> list[int]:
    """Every process whose parent we are, started or adopted."""
    found: list[int] = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            status = (entry / "stat").read_text(errors="replace")
        except OSError:
            continue
        # pid (name, which may hold anything) state parent …
        if int(status.rpartition(")")[2].split()[1]) == os.getpid():
            found.append(int(entry.name))
    return found


def signal_one(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def signal_group(pid: int, number: signal.Signals) -> None:
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return
