"""The suite runs as the application's database role, on a database the owner has migrated."""

from __future__ import annotations

import os
import secrets

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections

from config.lib.acting import holding, put_key


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker, worker_id):  # type: ignore[no-untyped-def]
    """Create `test_…` as the owner, migrate it as the owner, use it as the application."""
    suffix = "" if worker_id == "master" else f"_{worker_id}"
    name = f"test_{settings.DATABASES['owner']['NAME']}{suffix}"
    # `make test` migrates once and lets every worker copy that database.
    migrated = os.environ.get("KASANE_TEST_TEMPLATE", "")
    with django_db_blocker.unblock():
        owner, app = connections["owner"], connections["default"]
        with owner._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            source = migrated or "template0"
            cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}" ENCODING \'UTF8\'')
        for connection in (owner, app):
            connection.close()
            connection.settings_dict["NAME"] = name
        with owner.cursor() as cursor:
            role = owner.ops.quote_name(settings.KASANE_APP_ROLE)
            tester = owner.ops.quote_name(app.settings_dict["USER"])
            cursor.execute(f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC')
            cursor.execute(f'GRANT CONNECT ON DATABASE "{name}" TO {role}, {tester}')
            cursor.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
        if not migrated:
            call_command("migrate", database="owner", verbosity=0, interactive=False)
        with holding(put_key(secrets.token_hex(32), "owner", using="owner")):
            yield
        for connection in (owner, app):
            connection.close()


@pytest.fixture(scope="session")
def worker_id(request):  # type: ignore[no-untyped-def]
    """xdist's name of this worker, or master."""
    return getattr(request.config, "workerinput", {}).get("workerid", "master")
