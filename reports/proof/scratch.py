"""A database of its own for a proof: created, migrated and dropped by the owner's login."""

from __future__ import annotations

import copy
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, OperationalError, connections

from config.lib.acting import holding, put_key


class NoScratch(Exception):
    """The owner's login may not create databases here (it need not, in production)."""


@contextmanager
def scratch(template: str = "") -> Iterator[tuple[str, str]]:
    """Aliases of the owner's and the application's connection to a new database, migrated or
    copied from one that is (and that nobody is connected to)."""
    name = f"kasane_proof_{secrets.token_hex(6)}"
    owner = connections["owner"]
    try:
        with owner._nodb_cursor() as cursor:
            cursor.execute(
                f'CREATE DATABASE "{name}" TEMPLATE "{template or "template0"}" ENCODING \'UTF8\''
            )
    except DatabaseError as error:
        raise NoScratch(str(error)) from error
    aliases = {"proof_owner": "owner", "proof_app": "default"}
    try:
        for alias, of in aliases.items():
            connections.databases[alias] = {
                **copy.deepcopy(connections.databases[of]), "NAME": name, "CONN_MAX_AGE": 0,
            }  # fmt: skip
        with connections["proof_owner"].cursor() as cursor:
            role = owner.ops.quote_name(settings.KASANE_APP_ROLE)
            login = owner.ops.quote_name(connections["default"].settings_dict["USER"])
            cursor.execute(f'GRANT CONNECT ON DATABASE "{name}" TO {role}, {login}')
            cursor.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
        if not template:
            call_command("migrate", database="proof_owner", verbosity=0, interactive=False)
        with holding(put_key(secrets.token_hex(32), "owner", using="proof_owner")):
            yield "proof_owner", "proof_app"
    finally:
        for alias in aliases:
            if alias in connections.databases:
                connections[alias].close()
                del connections[alias]
                del connections.databases[alias]
        with owner._nodb_cursor() as cursor:
            _drop(cursor, name)


def _drop(cursor: Any, name: str) -> None:
    """A plain DROP makes a vacuum step aside, which FORCE may not end: it is a superuser's."""
    try:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
    except OperationalError:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
