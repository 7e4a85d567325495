"""Sign in and out, and what a user may act as."""

from __future__ import annotations

import datetime

from django.conf import settings
from django.contrib.auth.hashers import identify_hasher
from django.db import connection
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from agencies.enums import Action, Purpose
from agencies.hashers import ProofHasher
from agencies.models import Membership, RoleName, SignInAttempt, User
from agencies.trail import log_access
from config.lib.acting import act, ask_with_secret
from config.lib.prepared import prepared

MANY = 100


def usable_memberships(user: User) -> list[Membership]:
    """The memberships a user may act in today, with agency, city and the city's role names.

    One query. Ended or unconfirmed ones are not in it (V11, V14).
    """
    return list(_usable(user))


@prepared
def _usable(user: User) -> QuerySet[Membership]:
    local_name = RoleName.objects.filter(
        municipality=OuterRef("agency__municipality"),
        role=OuterRef("role_id"),
        ended_on__isnull=True,
    ).values("name")[:1]
    return (
        Membership.objects.for_user(user)
        .active()
        .with_names()
        .annotate(local_role_name=Coalesce(Subquery(local_name), "role__name"))
        .order_by("since", "id")
    )


def is_locked_out(*, username: str, address: str | None) -> bool:
    """Too many failures of this name, or from this address, in fifteen minutes."""
    with connection.cursor() as cursor:
        cursor.execute("select kasane.is_locked_out(%s, %s)", [username, address])
        (answer,) = cursor.fetchone()
    return bool(answer)


def open_session(
    *, user: User, password: str, secret: str, address: str | None, device: str = ""
) -> str:
    """Let the browser that holds `secret` act as the user's memberships, as the database finds the
    password right; for the throttle and the trail. `open`; `half`: a second factor is to be given
    or made first; `refused`: locked in the meantime."""
    hasher = identify_hasher(user.password)
    assert isinstance(hasher, ProofHasher)  # noqa: S101 - PASSWORD_HASHERS holds nothing else
    proof = hasher.proof(password, user.password)
    outcome = _try_to_open(user.username, proof, secret, address, device)
    if outcome == "open":
        enter_session(user=user, secret=secret)
    return outcome


def enter_session(*, user: User, secret: str) -> None:
    """The session has just opened: act in it, and leave the line of the sign-in."""
    for first in usable_memberships(user)[:1]:
        act(secret, first.pk)
        log_access(first, Action.SIGN_IN, what="signin", purpose=Purpose.ADMINISTRATION)


def wrong_codes(*, user: User, before: datetime.datetime) -> list[datetime.datetime]:
    """When a second factor was tried in vain since the last time it was given, up to `before`: the
    holder's own typing of just now is none of it. One query."""
    tries = SignInAttempt.objects.filter(username=user.username, is_second=True, at__lt=before)
    found: list[datetime.datetime] = []
    for at, was_successful in tries.order_by("-at").values_list("at", "was_successful")[:MANY]:
        if was_successful:
            break
        found.append(at)
    return found


def _try_to_open(
    username: str, proof: bytes, secret: str, address: str | None, device: str = ""
) -> str:
    must_have_factor = settings.KASANE_SECOND_FACTOR == "required"
    ((found,),) = ask_with_secret(
        "select kasane.open_session(%s, %s, %s, %s, %s, %s)",
        [username, proof, secret, address, device, must_have_factor],
    )
    return str(found)


def end_session(*, secret: str) -> None:
    """The session of this secret acts no more."""
    ask_with_secret("select kasane.end_session(%s)", [secret])


def record_failed_sign_in(*, username: str, address: str | None) -> None:
    """A failed sign-in. The name typed stands in the throttle's table, not in the log (V10)."""
    _try_to_open(username[:150], b"", "", address)
    log_access(
        None,
        Action.SIGN_IN_FAILED,
        what="signin",
        purpose=Purpose.ADMINISTRATION,
        was_allowed=False,
    )
