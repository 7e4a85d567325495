"""The verbs of the reports room: recount a year, ask for a recount, type in a value."""

from __future__ import annotations

import datetime
from decimal import Decimal

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from agencies.enums import Action, Purpose, SystemName
from agencies.models import Indicator, Membership, Municipality
from agencies.operations import file_job
from agencies.permissions import ActionDenied
from agencies.tasks import system_membership
from agencies.trail import log_access
from cases.operations.case import StaleVersion
from config.lib.acting import current_actor
from reports.figures import count_year
from reports.models import Figure, IndicatorValue
from reports.permissions import check_can_enter, check_can_recount

RECOUNT = "recount_year"


@transaction.atomic
def recount(*, city: Municipality, year: int) -> int:
    """Count a city's year anew and store it, as `statistics` alone: anybody else would count what
    they may see. Returns how many rows were written."""
    if current_actor() != system_membership(SystemName.STATISTICS).pk:
        raise ActionDenied("figures are counted by the statistics membership")
    # Two counts at once would collide on the unique key: the second waits for the first.
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"recount/{city.pk}/{year}"]
        )
    counts = count_year(city, year)
    Figure.objects.filter(municipality=city, fiscal_year=year).delete()
    now = timezone.now()
    rows = Figure.objects.bulk_create(
        Figure(
            municipality=city,
            fiscal_year=year,
            key=key,
            breakdown=breakdown,
            value=value,
            counted_at=now,
        )
        for (key, breakdown), value in counts.items()
    )
    return len(rows)


@transaction.atomic
def request_recount(*, by: Membership, year: int) -> datetime.datetime:
    """数え直す: filed for the worker, once a second however often the button is pressed.

    Returns the instant after which a count holds what there was when the button was pressed.
    """
    check_can_recount(by)
    city = by.municipality
    second = timezone.now().replace(microsecond=0)
    key = f"{city.pk}/{year}/{second.isoformat()}"
    file_job(RECOUNT, key=key, args={"city": city.pk, "year": year})
    log_access(by, Action.WRITE, what="request_recount", purpose=Purpose.STATISTICS)
    return second


@transaction.atomic
def enter_value(
    *,
    indicator: Indicator,
    year: int,
    by: Membership,
    value: Decimal,
    as_of: datetime.date | None = None,
    note: str = "",
    version: int = 0,
) -> IndicatorValue:
    """Type in an indicator's value of a year. `version` 0: there was none when the form was
    opened. Raises StaleVersion when somebody else saved first."""
    check_can_enter(by, indicator, year)
    rows = IndicatorValue.objects.visible_to(by).filter(indicator=indicator, fiscal_year=year)
    row = rows.select_for_update().first()
    if (row.version if row else 0) != version:
        raise StaleVersion
    row = row or IndicatorValue(
        municipality=by.municipality, indicator=indicator, fiscal_year=year, version=0
    )
    row.value, row.as_of, row.note = value, as_of, note
    row.version, row.entered_by, row.entered_at = version + 1, by, timezone.now()
    try:
        with transaction.atomic():
            row.save(force_insert=version == 0)
    except IntegrityError as error:
        raise StaleVersion from error
    log_access(by, Action.WRITE, what="enter_value", purpose=Purpose.STATISTICS)
    return row
