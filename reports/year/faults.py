"""What goes wrong in a year with faults: workers and their processes killed, a beat killed, Valkey
and the database restarted, at random moments after a bell. The same seed gives the same year."""

from __future__ import annotations

import random
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from config.lib.services.programs import Child, signal_one
from reports.year.running import Product

# How often, of a hundred bells.
CHANCES = {"worker": 22, "pool": 10, "beat": 4, "valkey": 5, "database": 4}
# Within what a bell's work takes.
SECONDS = 0.6


class Faults:
    """Gives for each bell what strikes meanwhile, and counts it."""

    def __init__(self, product: Product, seed: int) -> None:
        self._product, self._random = product, random.Random(seed)  # noqa: S311 - no secret
        product.supervisor.replaces = ("worker", "beat")
        self.struck: Counter[str] = Counter()

    def draw(self) -> list[tuple[float, Callable[[], None]]]:
        """(after how many seconds, what)."""
        found: list[tuple[float, Callable[[], None]]] = []
        for name, chance in CHANCES.items():
            if self._random.random() * 100 < chance:
                strike: Callable[[], None] = getattr(self, f"_{name}")
                found.append((self._random.random() * SECONDS, strike))
        return found

    def _worker(self) -> None:
        """The whole worker, as when its machine loses power."""
        self._kill(self._product.workers)
        self._product.start_worker()
        self.struck["worker killed"] += 1

    def _pool(self) -> None:
        """The process that does the job; its parent goes on."""
        if not self._product.workers:
            return
        worker = self._random.choice(self._product.workers)
        for pid in _children(worker.process.pid):
            signal_one(pid, signal.SIGKILL)
        self.struck["worker's process killed"] += 1

    def _beat(self) -> None:
        self._kill(self._product.beats)
        self._product.start_beat()
        self.struck["beat killed"] += 1

    def _kill(self, children: list[Child]) -> None:
        if not children:
            return
        child = self._random.choice(children)
        children.remove(child)
        self._product.supervisor.strike(child, signal.SIGKILL)

    def _valkey(self) -> None:
        """Killed, and with it every bell that was waiting; then a new one."""
        self._product.strike_program("valkey", signal.SIGKILL)
        self._product.valkey.start(self._product.supervisor)
        self.struck["Valkey restarted"] += 1

    def _database(self) -> None:
        """Stopped under everybody's hands, every other time without saying goodbye."""
        how = self._random.choice([signal.SIGINT, signal.SIGQUIT])
        self._product.strike_program("db", how)
        self._product.cluster.start(self._product.supervisor)
        self.struck["database restarted"] += 1


def _children(pid: int) -> list[int]:
    file = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(word) for word in file.read_text().split()] if file.exists() else []
