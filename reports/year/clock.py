"""The moved clock: a library that the processes of a simulation are started with, and a file that
says by how many seconds their clock is ahead.

The product knows nothing of it. What moves a clock is libfaketime, a tool of the development
environment that no installation has (GPL-2.0; it is loaded beside the programs and never shipped).
It moves the database's clock as well, which no library for Python does, and a year in which
PostgreSQL's now() stood still would prove nothing of the policies.
"""

from __future__ import annotations

import datetime
import shutil
import time
from importlib import util
from pathlib import Path
from typing import Final

from config.lib.eras import TOKYO
from config.lib.services.accounts import Account, hand_over
from config.lib.services.errors import ServiceError

PACKAGE: Final = "libfaketime"
LIBRARY: Final = "vendor/libfaketime/src/libfaketime.so.1"
FILE: Final = "FAKETIME_TIMESTAMP_FILE"


def library() -> Path:
    """What moves a clock. ServiceError where it is not, as in every installation."""
    spec = util.find_spec(PACKAGE)
    found = Path(spec.origin).parent / LIBRARY if spec and spec.origin else None
    if found is None or not found.exists():
        raise ServiceError("時計を動かす道具がありません。開発用の環境で実行してください。")
    return found


class Clock:
    """A clock in a folder that the servers' user can read. It runs on between two moves, and never
    backwards."""

    def __init__(self, folder: Path, account: Account | None) -> None:
        self._library, self._file = folder / "clock.so", folder / "clock"
        shutil.copyfile(library(), self._library)
        self._library.chmod(0o755)
        hand_over(self._library, account)
        self._account, self._ahead = account, 0
        self._write()

    def environment(self) -> dict[str, str]:
        """What a program is started with so that it reads this clock."""
        return {
            "LD_PRELOAD": str(self._library),
            FILE: str(self._file),
            "FAKETIME_NO_CACHE": "1",
            # Waiting for so many seconds is not a matter of the time of day.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DISABLE_SHM": "1",
            "NO_FAKE_STAT": "1",
        }

    def now(self) -> datetime.datetime:
        return datetime.datetime.fromtimestamp(time.time() + self._ahead, TOKYO)

    def move_to(self, moment: datetime.datetime) -> None:
        """From now on it is this moment, or what it already is when that is later."""
        seconds = round(moment.timestamp() - time.time())
        if self._ahead and seconds <= self._ahead:
            return
        self._ahead = seconds
        self._write()

    def _write(self) -> None:
        """Whole or not at all: it is read at every question for the time."""
        draft = self._file.with_name("clock.draft")
        draft.write_text(f"{self._ahead:+d}\n")
        draft.chmod(0o644)
        hand_over(draft, self._account)
        draft.replace(self._file)
