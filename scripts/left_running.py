"""Print every process that belongs to the product of one data folder: `left_running.py HOME …`.

Ours are told by KASANE_HOME in their environment; the servers, which get none of it, by the folder
they work in and the socket folder they name (the second argument). `.ci/run` asks before a stop
(there must be many) and after it (none).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def belongs(process: Path, home: str) -> bool:
    """Whatever its parent is by now."""
    try:
        if f"KASANE_HOME={home}".encode() in (process / "environ").read_bytes().split(b"\0"):
            return True
        return os.path.realpath(process / "cwd").startswith(home + os.sep)
    except OSError:
        return False


def serves(process: Path, sockets: str) -> bool:
    try:
        return bool(sockets) and sockets.encode() in (process / "cmdline").read_bytes()
    except OSError:
        return False


def ancestors() -> set[int]:
    """We and those who started us carry the same environment."""
    found, pid = set(), os.getpid()
    while pid > 1:
        found.add(pid)
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return found


def main(home: str, sockets: str = "") -> int:
    ours = ancestors()
    for process in sorted(Path("/proc").glob("[0-9]*"), key=lambda path: int(path.name)):
        if int(process.name) in ours or not (belongs(process, home) or serves(process, sockets)):
            continue
        try:
            command = (
                (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            )
        except OSError:
            continue
        sys.stdout.write(f"{process.name} {command[:120]}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
