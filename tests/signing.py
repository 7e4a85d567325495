"""Sign a test client in as a membership, the way the sign-in page does."""

from __future__ import annotations

import time

from django.test import Client

from agencies.middleware import SESSION_KEY, STARTED_KEY
from agencies.models import Membership


def sign_in(client: Client, member: Membership) -> Client:
    """A fresh session of this user, acting in this membership."""
    client.force_login(member.user)
    session = client.session
    session[STARTED_KEY] = time.time()
    session[SESSION_KEY] = str(member.pk)
    session.save()
    return client
