"""What a page has asked it need not ask again.

For the length of a GET, which writes nothing but the log: whether one is at work on a case is asked
eleven times by a case page's buttons. Whatever writes (any other method, a rehearsal within a
savepoint) asks anew each time.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_memory: ContextVar[dict[Any, Any] | None] = ContextVar("kasane.memory", default=None)


@contextmanager
def remembering() -> Iterator[None]:
    """Answers of `remembered` functions hold until the end of the block."""
    token = _memory.set({})
    try:
        yield
    finally:
        _memory.reset(token)


@contextmanager
def forgetting() -> Iterator[None]:
    """Within, everything is asked anew, and nothing of it is kept."""
    token = _memory.set(None)
    try:
        yield
    finally:
        _memory.reset(token)


def forget() -> None:
    """Somebody else acts from now on."""
    memory = _memory.get()
    if memory is not None:
        memory.clear()


def remembered(ask: Callable[P, R]) -> Callable[P, R]:
    """Ask once for the same arguments (rows by their key) while the request remembers."""

    @functools.wraps(ask)
    def asked(*args: P.args, **kwargs: P.kwargs) -> R:
        memory = _memory.get()
        if memory is None:
            return ask(*args, **kwargs)
        key = (ask, *args, *kwargs.items())
        if key not in memory:
            memory[key] = ask(*args, **kwargs)
        answer: R = memory[key]
        return answer

    return asked
