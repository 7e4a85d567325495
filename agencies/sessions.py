"""Sessions whose key is in the browser's cookie alone: the table knows only its hash.

Who reads the table learns no key; who writes into it opens nothing, because acting asks
`kasane.session`, which the application's login cannot write (docs/decisions/0007).
"""

from __future__ import annotations

import hashlib
from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.models import Session
from django.utils import timezone


def stored_key(key: str) -> str:
    """What the table calls the session of this cookie (forty characters)."""
    return hashlib.sha256(key.encode()).hexdigest()[:40]


def device_name(agent: str) -> str:
    """What a person recognises a device by: system and browser, without versions or any more."""
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    browser = next((name for mark, name in _BROWSERS if mark in agent), "")
    return "・".join(filter(None, [system, browser]))


# The first that fits: iPhones call themselves Macs, Edge calls itself Chrome, Chrome Safari.
_SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("CrOS", "Chromebook"),
    ("Windows", "Windows"), ("Macintosh", "Mac"), ("Linux", "Linux"),
)  # fmt: skip
_BROWSERS = (
    ("Edg", "Edge"), ("Firefox", "Firefox"), ("FxiOS", "Firefox"), ("Chrome", "Chrome"),
    ("CriOS", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip


class SessionStore(DatabaseStore):
    """The engine named in the settings."""

    # Set where a page asks by itself: being asked does not prolong the session.
    is_quiet = False

    def save(self, must_create: bool = False) -> None:
        if must_create or not self.is_quiet:
            super().save(must_create=must_create)

    def _get_session_from_db(self) -> Session | None:
        found = Session.objects.filter(
            session_key=stored_key(self.session_key or ""), expire_date__gt=timezone.now()
        ).first()
        if found is None:
            self._session_key = None
        return found

    def exists(self, session_key: str) -> bool:
        return Session.objects.filter(session_key=stored_key(session_key)).exists()

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        instance = super().create_model_instance(data)
        instance.session_key = stored_key(instance.session_key)
        return instance

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key:
            Session.objects.filter(session_key=stored_key(key)).delete()
