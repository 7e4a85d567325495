"""What the person sees: `web | …` lines, own sentences, colour only on a terminal."""

from __future__ import annotations

import os
import sys

COLOURS = (36, 32, 35, 33, 34)
WIDTH = 8


class Console:
    """Writes whole lines; a terminal that went away must not stop the stopping."""

    def __init__(self) -> None:
        self._colourful = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        self._colours: dict[str, int] = {}

    def say(self, sentence: str) -> None:
        self._write(f"{sentence}\n")

    def problem(self, sentence: str) -> None:
        text = f"\x1b[31m{sentence}\x1b[0m" if self._colourful else sentence
        self._write(f"{text}\n", error=True)

    def line(self, name: str, text: str) -> None:
        label = f"{name:<{WIDTH}}|"
        if self._colourful:
            colour = self._colours.setdefault(name, COLOURS[len(self._colours) % len(COLOURS)])
            label = f"\x1b[{colour}m{label}\x1b[0m"
        self._write(f"{label} {text}\n")

    def _write(self, text: str, *, error: bool = False) -> None:
        stream = sys.stderr if error else sys.stdout
        try:
            stream.buffer.write(text.encode(stream.encoding or "utf-8", "replace"))
            stream.buffer.flush()
        except (OSError, ValueError):
            # The terminal is closed (EIO) or the reader of a pipe is gone: go on in silence.
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())
            os.close(null)
