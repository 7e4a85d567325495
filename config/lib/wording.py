"""Words for values; and which word a city writes for 障害 (障がい, 障碍), wherever Kasane writes it
itself.

As with a language, the word in use belongs to the request: the middleware says whose city it is,
and a label asks when it is shown. What people wrote, and the names of laws, stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from django.db.models import TextChoices
from django.utils.functional import lazy

SHOGAI: Final = "障害"

_in_use: ContextVar[str] = ContextVar("kasane.wording", default=SHOGAI)


def label_of(choices: type[TextChoices], value: str) -> str:
    """The word for a value; nothing for none, and the value itself where it has no word. In lists
    and timelines, for what `get_…_display()` says on a page about one thing: that asks for the
    words of all values each time, a quarter of what a list of fifty took."""
    try:
        return str(choices(value).label) if value else ""
    except ValueError:
        return value


@contextmanager
def written_as(shogai: str) -> Iterator[None]:
    """Labels shown within are written with this word."""
    token = _in_use.set(shogai)
    try:
        yield
    finally:
        _in_use.reset(token)


def in_words(text: object, shogai: str = "") -> str:
    """The text with 障害 as the city in use writes it, or as it is said here."""
    return str(text).replace(SHOGAI, shogai or _in_use.get())


# A label of that text: the word is asked for each time it is shown.
city_words: Final = lazy(in_words, str)
