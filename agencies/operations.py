"""The verbs of the agencies room: sign in and out, switch, confirm, notify, put into the outbox."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from celery import current_app
from django.contrib.auth.hashers import identify_hasher
from django.db import IntegrityError, connection, transaction
from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from kombu.exceptions import OperationalError

from agencies.enums import Action, Permission, Purpose
from agencies.hashers import ProofHasher
from agencies.models import (
    Agency,
    Job,
    Membership,
    Notice,
    Role,
    RoleName,
    User,
)
from agencies.permissions import ActionDenied, check_may
from agencies.trail import log_access
from config.lib.acting import act, server_bound


def usable_memberships(user: User) -> list[Membership]:
    """The memberships a user may act in today, with agency, city and the city's role names.

    One query. Ended or unconfirmed ones are not in it (V11, V14).
    """
    local_name = RoleName.objects.filter(
        municipality=OuterRef("agency__municipality"),
        role=OuterRef("role_id"),
        ended_on__isnull=True,
    ).values("name")[:1]
    found = (
        Membership.objects.for_user(user)
        .active()
        .with_names()
        .annotate(local_role_name=Coalesce(Subquery(local_name), "role__name"))
        .order_by("since", "id")
    )
    return list(found)


# --- sign-in ---------------------------------------------------------------------------------


def is_locked_out(*, username: str, address: str | None) -> bool:
    """Too many failures of this name, or from this address, in fifteen minutes."""
    with connection.cursor() as cursor:
        cursor.execute("select kasane.is_locked_out(%s, %s)", [username, address])
        (answer,) = cursor.fetchone()
    return bool(answer)


def open_session(*, user: User, password: str, secret: str, address: str | None) -> bool:
    """Let the browser that holds `secret` act as the user's memberships, as the database finds the
    password right; for the throttle and the trail. False: locked in the meantime."""
    hasher = identify_hasher(user.password)
    assert isinstance(hasher, ProofHasher)  # noqa: S101 - PASSWORD_HASHERS holds nothing else
    proof = hasher.proof(password, user.password)
    if not _try_to_open(user.username, proof, secret, address):
        return False
    for first in usable_memberships(user)[:1]:
        act(secret, first.pk)
        log_access(first, Action.SIGN_IN, what="signin", purpose=Purpose.ADMINISTRATION)
    return True


def _try_to_open(username: str, proof: bytes, secret: str, address: str | None) -> bool:
    # Bound by the server: the secret must not stand in the statement (config.lib.acting).
    with server_bound() as cursor:
        cursor.execute(
            "select kasane.open_session(%s, %s, %s, %s)", [username, proof, secret, address]
        )
        row = cursor.fetchone()
    return bool(row and row[0])


def end_session(*, secret: str) -> None:
    """The session of this secret acts no more."""
    with server_bound() as cursor:
        cursor.execute("select kasane.end_session(%s)", [secret])


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


# --- memberships -----------------------------------------------------------------------------


@transaction.atomic
def create_membership(
    *,
    user: User,
    agency: Agency,
    role: Role,
    by: Membership,
    since: datetime.date | None = None,
    until: datetime.date | None = None,
) -> Membership:
    """A membership that works only after the agency's own manager has confirmed it (V11)."""
    check_may(by, Permission.MANAGE_ACCOUNTS)
    if by.user_id == user.pk:
        raise ActionDenied("自分の所属を自分で作ることはできません。")
    membership = Membership.objects.create(
        user=user, agency=agency, role=role, since=since or timezone.localdate(), until=until
    )
    log_access(by, Action.WRITE, what="create_membership", purpose=Purpose.ADMINISTRATION)
    return membership


@transaction.atomic
def confirm_membership(*, membership: Membership, by: Membership) -> None:
    """The agency's manager confirms; from now on the membership works (V11)."""
    check_may(by, Permission.CONFIRM_MEMBERSHIP)
    if by.agency_id != membership.agency_id or by.user_id == membership.user_id:
        raise ActionDenied("所属の確認は、その機関の別の責任者が行います。")
    Membership.objects.filter(pk=membership.pk, confirmed_at__isnull=True).update(
        confirmed_at=timezone.now(), confirmed_by=by
    )
    log_access(by, Action.WRITE, what="confirm_membership", purpose=Purpose.ADMINISTRATION)


@transaction.atomic
def end_membership(*, membership: Membership, by: Membership, on: datetime.date) -> None:
    """The last day of a membership; the next request after it sees nothing (V14)."""
    check_may(by, Permission.MANAGE_ACCOUNTS)
    if by.user_id == membership.user_id:
        raise ActionDenied("自分の所属を自分で変えることはできません。")
    Membership.objects.filter(pk=membership.pk).update(until=on)
    log_access(by, Action.WRITE, what="end_membership", purpose=Purpose.ADMINISTRATION)


# --- outbox and notices ----------------------------------------------------------------------


def file_job(
    name: str,
    *,
    key: str,
    args: dict[str, Any] | None = None,
    due_at: datetime.datetime | None = None,
) -> bool:
    """Put a job into the outbox, once per (name, key). True if it is new."""
    try:
        with transaction.atomic():
            Job.objects.create(name=name, key=key, args=args or {}, due_at=due_at or timezone.now())
    except IntegrityError:
        return False
    ring()
    return True


def ring() -> None:
    """Ring the worker's bell after commit. A lost bell costs seconds: the sweep finds the row."""

    def send() -> None:
        try:
            current_app.send_task("agencies.tasks.sweep", retry=False, ignore_result=True)
        except (OperationalError, OSError):
            return

    transaction.on_commit(send)


def notify(
    *,
    agency: Agency | int,
    kind: str,
    title: str,
    url: str = "",
    key: str = "",
    membership: Membership | None = None,
) -> None:
    """Leave a notice, once per kind and key when a key is given. No names, no text (V8, V15)."""
    row = Notice(
        agency_id=agency.pk if isinstance(agency, Agency) else agency,
        membership=membership,
        kind=kind,
        title=title,
        url=url,
        key=key,
    )
    Notice.objects.bulk_create([row], ignore_conflicts=True)


def mark_notices_read(*, by: Membership, ids: list[uuid.UUID]) -> None:
    """The reader has seen these notices."""
    Notice.objects.visible_to(by).filter(Q(pk__in=ids), read_at__isnull=True).update(
        read_at=timezone.now()
    )
