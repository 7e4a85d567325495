"""The database wrapper of `ENGINE = "config.lib.database"`."""

from __future__ import annotations

from typing import Any

from django.db.backends.postgresql import base

# Statements a connection keeps planned, the longest unused first to go. The driver's own 100 are
# two pages' worth: a day's mix of pages would plan each anew. One takes about half a megabyte.
PLANS = 250


class DatabaseWrapper(base.DatabaseWrapper):
    """What Django's does, and keeps more plans (decision 0012)."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        connection.prepared_max = PLANS
        return connection
