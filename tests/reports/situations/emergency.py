"""A household is opened in an emergency."""

from __future__ import annotations

from django.utils import timezone
from psycopg.types.range import TimestamptzRange

from agencies.models import Agency
from cases.disclosures import emergency_grounds
from cases.models import (
    Emergency,
)
from cases.operations import (
    end_emergency,
    open_emergency,
)
from cases.operations.emergency import EmergencyFacts
from tests import world as w

from .vocabulary import Situation, owner, step


@step(r"(?P<by>\w+) opens the case in an emergency(?P<how> hours ago| ended by elderly| refused)?")
def _emergency(s: Situation, by: str, how: str | None) -> None:
    with w.act(s.who(by)):
        agency = Agency.objects.select_related("of_type").get(pk=s.who(by).agency_id)
        facts = EmergencyFacts(
            danger="life",
            ground=emergency_grounds(agency, timezone.localdate())[0],
            reason="電話の向こうで倒れた音がした",
            number=s.case.number,
        )
        row = open_emergency(by=s.who(by), facts=facts)
    assert row is not None
    s.keep("emergency", "cases_emergency", row)
    if how == " ended by elderly":
        with w.act(s.who("elderly")):
            end_emergency(emergency=row, by=s.who("elderly"))
    elif how == " refused":
        owner("UPDATE cases_emergency SET refused_at = now() WHERE id = %s", row.pk)
    elif how == " hours ago":
        owner(
            "UPDATE cases_emergency SET opened_at = opened_at - interval '5 hours', period ="
            " tstzrange(lower(period) - interval '5 hours', upper(period) - interval '5 hours')"
            " WHERE id = %s",
            row.pk,
        )


@step(r"(?P<by>\w+) prolongs the emergency")
def _prolong_emergency(s: Situation, by: str) -> None:
    with w.act(s.who(by)):
        Emergency.objects.filter(pk=s.rows["emergency"].pk).update(
            period=TimestamptzRange(timezone.now(), None)
        )
