"""Every address of the product, asked of the resolver: its name, its arguments, its methods."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.converters import IntConverter, SlugConverter, StringConverter, UUIDConverter

NOBODYS = uuid.UUID("01900000-0000-7000-8000-000000000001")
MADE_UP: dict[type, Any] = {
    UUIDConverter: NOBODYS,
    IntConverter: 2026,
    StringConverter: "x",
    SlugConverter: "x",
}


# Arguments that name no row; a feed's word stands nowhere (tests/meetings/test_feed.py).
WORDS = {"year", "step", "word"}


@dataclass(frozen=True)
class Address:
    """A route. `keys` are the arguments that name a row, `fixed` the rest, filled in."""

    name: str
    keys: tuple[str, ...]
    fixed: tuple[tuple[str, Any], ...]
    methods: frozenset[str]

    @property
    def rows(self) -> tuple[str, ...]:
        """The arguments that name a row, numbers included (an agency, an indicator)."""
        return (*self.keys, *(name for name, _filled in self.fixed if name not in WORDS))

    def url(self, **keys: Any) -> str:
        """The address of these rows; an argument that is left out names nothing."""
        given = dict.fromkeys(self.keys, NOBODYS) | dict(self.fixed) | keys
        return reverse(self.name, kwargs=given)


def addresses() -> Iterator[Address]:
    """All of them."""

    def walk(resolver: URLResolver) -> Iterator[URLPattern]:
        for entry in resolver.url_patterns:
            if isinstance(entry, URLResolver):
                yield from walk(entry)
            else:
                yield entry

    for pattern in walk(get_resolver()):
        found = pattern.pattern.converters
        keys = tuple(n for n, c in found.items() if isinstance(c, UUIDConverter))
        fixed = tuple((n, MADE_UP[type(c)]) for n, c in found.items() if n not in keys)
        yield Address(str(pattern.name), keys, fixed, methods_of(pattern.callback))


def methods_of(view: Any) -> frozenset[str]:
    """What a view's `require_…` decorator lets through, read off the decorator itself."""
    while view is not None:
        names = view.__code__.co_freevars
        if "request_method_list" in names:
            cell = view.__closure__[names.index("request_method_list")]
            return frozenset(cell.cell_contents)
        view = getattr(view, "__wrapped__", None)
    raise LookupError("a view says which methods it serves")
