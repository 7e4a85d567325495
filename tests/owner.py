"""The two logins a test may need beside the one it runs with."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.db import connection

from config.lib.login import owners_login

# Tests build cities; the application may not: profiles, users and memberships are the owner's
# (decision 0007). What a test itself writes into them stands in `with as_owner():`.
as_owner = owners_login


def own_login() -> psycopg.Connection[Any]:
    """The login of production itself, which cannot become the owner, on this test's database."""
    address = urlsplit(os.environ["DATABASE_URL"])
    return psycopg.connect(
        urlunsplit(address._replace(path=f"/{connection.settings_dict['NAME']}"))
    )
