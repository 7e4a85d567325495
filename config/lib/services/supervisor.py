"""Start programs as children, show their output, and end every one of them.

One thread, one loop: pipes, signals and deaths all wake the same `select`. Each program leads a
session of its own, so the terminal's Ctrl-C reaches us alone and we decide the order of stopping.
The process is a child subreaper: what a program leaves behind becomes our child and is ended too.
If we are killed outright, the kernel sends each program its stop signal.
"""

from __future__ import annotations

import os
import selectors
import signal
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

from config.lib.services.console import Console
from config.lib.services.errors import ServiceError
from config.lib.services.programs import (
    Child,
    Output,
    Program,
    adopt_orphans,
    bury_adopted,
    launch,
    own_children,
    signal_group,
    signal_one,
)

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopAsked(BaseException):
    """Ctrl-C, a polite kill, or the terminal closed: unwind to the place that stops everything."""


class Supervisor:
    def __init__(self, console: Console) -> None:
        self.console = console
        self._children: list[Child] = []
        self._selector = selectors.DefaultSelector()
        self._stop_since: float | None = None
        self._hurry = False
        self._still_wanted: Callable[[], bool] = lambda: True

    def __enter__(self) -> Self:
        adopt_orphans()
        reader, writer = os.pipe()
        for end in (reader, writer):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        self._selector.register(reader, selectors.EVENT_READ)
        for number in STOP_SIGNALS:
            # `nohup make run` asks to outlive its terminal; a script's `&` (which ignores
            # SIGINT) does not ask to be unstoppable.
            if not (number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN):
                signal.signal(number, self._on_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop_all()

    def stop_when_unwanted(self, still_wanted: Callable[[], bool]) -> None:
        """Ask `still_wanted` twice a second; False counts as Ctrl-C."""
        self._still_wanted = still_wanted

    def start(self, program: Program) -> Child:
        child = launch(program)
        process = child.process
        self._children.append(child)
        if process.stdout is not None:
            os.set_blocking(process.stdout.fileno(), False)
            self._selector.register(process.stdout, selectors.EVENT_READ, child)
        return child

    def run(self, program: Program) -> Child:
        """Run one step to its end; its failure is ours."""
        child = self.start(program)
        while child.process.poll() is None:
            self._turn(0.5, ending=child)
        self._forget(child)
        if child.process.returncode != 0:
            if program.output is Output.KEPT:
                for line in child.tail:
                    self.console.line(program.name, line)
            raise ServiceError(
                f"{program.name} が失敗しました（終了コード {child.process.returncode}）。"
            )
        return child

    def run_command(self, program: Program) -> int:
        """Run somebody's command to its end and hand its exit code back."""
        child = self.start(program)
        while child.process.poll() is None:
            self._turn(0.5, ending=child)
        self._forget(child)
        code = child.process.returncode
        return code if code >= 0 else 128 - code

    def wait_until(self, probe: Callable[[], bool], *, seconds: float, what: str) -> None:
        deadline = time.monotonic() + seconds
        while not probe():
            if time.monotonic() > deadline:
                raise ServiceError(f"{what}が {seconds:.0f} 秒待っても使えるようになりません。")
            self._turn(0.05)

    def watch(self) -> None:
        """Until somebody asks to stop or a program ends by itself."""
        while True:
            self._turn(0.5)

    def _turn(self, seconds: float, ending: Child | None = None) -> None:
        """Wait for something to happen; raise when it means the end."""
        self._pump(seconds)
        if self._stop_since is None and not self._still_wanted():
            self._stop_since = time.monotonic()
        if self._stop_since is not None:
            raise StopAsked
        for child in self._children:
            code = child.process.poll()
            if code is not None and child is not ending:
                self._drain(child)
                raise ServiceError(
                    f"{child.program.name} が終わってしまった（終了コード {code}）ため、"
                    f"すべて止めます。{child.complaint()}"
                )

    def _pump(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            if isinstance(key.data, Child):
                self._read(key.data)
            else:
                os.read(key.fd, 4096)
        bury_adopted({child.process.pid for child in self._children})

    def _read(self, child: Child) -> bool:
        """Take what is there; False when there is nothing (yet, or any more)."""
        stream = child.process.stdout
        if stream is None or stream.closed:
            return False
        try:
            data = os.read(stream.fileno(), 65536)
        except BlockingIOError:
            return False
        *lines, child.buffer = (child.buffer + data).split(b"\n")
        if not data:
            self._selector.unregister(stream)
            stream.close()
            lines, child.buffer = [child.buffer] if child.buffer else [], b""
        for line in lines:
            text = line.decode("utf-8", "replace").rstrip()
            child.tail.append(text)
            if child.program.output is Output.PREFIXED:
                self.console.line(child.program.name, text)
        return bool(data)

    def _drain(self, child: Child) -> None:
        while self._read(child):
            pass

    def _forget(self, child: Child) -> None:
        """The leader is gone; whatever is left of its group goes too."""
        self._drain(child)
        signal_group(child.process.pid, signal.SIGKILL)
        stream = child.process.stdout
        if stream is not None and not stream.closed:
            self._selector.unregister(stream)
            stream.close()
        self._children.remove(child)

    def _on_stop(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._stop_since is None:
            self._stop_since = now
        elif now - self._stop_since > 1:
            self._hurry = True

    def stop_all(self) -> None:
        """Polite first, then not; those who talk to the databases before the databases."""
        self._stop_since = self._stop_since or time.monotonic()
        self._stop([child for child in self._children if not child.program.stops_last])
        self._stop(list(self._children))
        deadline = time.monotonic() + 1
        while (strays := own_children()) and time.monotonic() < deadline:
            for pid in strays:
                signal_group(pid, signal.SIGKILL)
                signal_one(pid, signal.SIGKILL)
            self._pump(0.05)

    def _stop(self, children: list[Child]) -> None:
        started = time.monotonic()
        for child in children:
            if child.process.poll() is None:
                signal_one(child.process.pid, child.program.stop_signal)
        while alive := [child for child in children if child.process.poll() is None]:
            passed = time.monotonic() - started
            for child in alive:
                if self._hurry or passed > child.program.stop_seconds:
                    signal_group(child.process.pid, signal.SIGKILL)
            self._pump(0.05)
        for child in children:
            self._forget(child)
