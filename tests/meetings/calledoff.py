"""Cancelled sittings, and what was told of them."""

from __future__ import annotations

import datetime
from contextlib import contextmanager

from django.db import connection
from django.test import Client
from django.urls import reverse

from agencies.models import Notice
from meetings.models import Sitting
from meetings.operations import (
    cancel_sitting,
)
from tests import world as w
from tests.meetings import situations as s
from tests.owner import as_owner
from tests.signing import sign_in

WHY = "台風のため"
DAY = datetime.timedelta(days=1)


def client(member):
    return sign_in(Client(), member)


def page(member, name, *keys):
    return client(member).get(reverse(name, args=keys)).content.decode()


def cancelled(city, sitting, by=None, reason=WHY):
    by = by or city.head
    with w.act(by):
        cancel_sitting(
            sitting=Sitting.objects.prefetch_related("conference_types").get(pk=sitting.pk),
            by=by, reason=reason,
        )  # fmt: skip


def told(member, kind="sitting_cancelled"):
    """Notices of this kind that this membership reads: (is it for the person alone, title)."""
    with w.act(member):
        rows = Notice.objects.visible_to(member).filter(kind=kind)
        return [(row.membership_id is not None, row.title) for row in rows]


def fresh(city, sitting):
    with w.act(city.coordinator):
        return Sitting.objects.get(pk=sitting.pk)


def both(city, days=3):
    """A noticed joint sitting: disability takes part in an item, child is appointed and pledged
    to a sealed one; a joint sitting a month later."""
    sitting = s.make_sitting(city, "plan", "support", days=days)
    following = s.make_sitting(city, "plan", "support", days=days + 30)
    house = s.consented_household(city, "disability")
    item = s.consented_item(city, house, "disability", sitting=sitting)
    secret = s.secret_item(city, sitting=sitting)
    s.appointed(city, secret, city.child)
    s.noticed(city, sitting)
    return sitting, following, item, secret


@contextmanager
def unguarded(table):
    """Time passes, or passed before there was a rule: the owner writes past the table's guards."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield cursor
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def where(city, item, by=None):
    row = s.fresh(city, item, by)
    return row.sitting_id, row.state
