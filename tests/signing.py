"""Sign a test client in as a membership, the way the sign-in page does."""

from __future__ import annotations

import hashlib
import time

from django.db import connection
from django.test import Client

from agencies.middleware import SESSION_KEY, STARTED_KEY
from agencies.models import Membership
from tests.owner import as_owner


def sign_in(client: Client, member: Membership) -> Client:
    """A fresh session of this user, acting in this membership."""
    client.force_login(member.user)
    session = client.session
    session[STARTED_KEY] = time.time()
    session[SESSION_KEY] = str(member.pk)
    session.save()
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(
            "insert into kasane.session (token, kind, user_id) values (%s, 'person', %s)"
            " on conflict (token) do update set user_id = excluded.user_id",
            [hashlib.sha256(session.session_key.encode()).digest(), member.user_id],
        )
    return client
