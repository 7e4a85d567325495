"""Situations of the outreach room."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.contrib.auth.models import Permission as AuthPermission
from django.utils import timezone
from psycopg.types.range import TimestamptzRange

from cases.models import CarryOut, CarryOutGrant, Case
from outreach.enums import VisitMethod, VisitResult
from outreach.models import Visit
from outreach.operations import VisitFacts, log_visit
from tests import world as w


class Keys:
    """A queryset by keys that does not depend on who evaluates it."""

    def __init__(self, model, *keys):
        self.model, self._keys = model, keys

    def values_list(self, *args, **kwargs):
        return list(self._keys)


def sees(member, model, *keys):
    """Asked of the ORM and of the database; the two must agree."""
    return w.sees(member, Keys(model, *keys))


def carry_out(secretary, case, *members, days=30):
    """A carry-out of `case`, as a sitting under secrecy would decide it."""
    with w.act(secretary):
        row = CarryOut(
            case_id=case.pk,
            text="週1回ようすを見に行く",
            decided_by=secretary,
            review_on=timezone.localdate() + datetime.timedelta(days=days),
        )
        row.save(force_insert=True)
        permission = AuthPermission.objects.get(
            content_type__app_label="cases", codename="view_carryout"
        )
        for member in members:
            CarryOutGrant(
                content_object=row,
                membership=member,
                user=member.user,
                permission=permission,
                granted_by=secretary,
                # A policy's now() is the start of the test's own transaction.
                period=TimestamptzRange(ago(1), ago(-days)),
            ).save(force_insert=True)
    return row


def visit(by, *, case=None, under=None, persons=(), key=None, audience="", **facts):
    """A visit logged by `by`."""
    facts = {"method": VisitMethod.VISIT, "result": VisitResult.ABSENT, **facts}
    with w.act(by):
        return log_visit(
            by=by,
            case=case,
            carry_out=under,
            persons=persons,
            facts=VisitFacts(**facts),
            form_key=key or uuid.uuid4(),
            audience=audience,
        )


def ago(days, hour=10):
    """An instant some days ago."""
    day = timezone.localdate() - datetime.timedelta(days=days)
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time(hour)))


@pytest.fixture
def city():
    return w.city()


@pytest.fixture
def own(city):
    """A household of the outreach agency's own intake, without any consent."""
    return w.household(city.outreach)


__all__ = ["Case", "Visit"]
