"""Figures of a city are read by its roles that read reports and written by the `statistics`
membership alone; values typed in are written by the roles that enter them."""

from django.db import migrations

from config.lib.rowsecurity import Gate, actor, system

CITY = actor("municipality_id")
FIGURES = system("statistics")


def may(permission):
    """The role in use has the permission; asked once a query."""
    return f"""EXISTS (SELECT 1 FROM agencies_membership AS m
        JOIN agencies_role AS r ON r.key = m.role_id
        WHERE m.id = {actor("membership_id")} AND '{permission}' = ANY (r.permissions))"""


ENTER = (
    f"reports_indicatorvalue.municipality_id = {CITY} AND {may('reports.enter')}"
    f" AND reports_indicatorvalue.entered_by_id = {actor('membership_id')}"
)


class Migration(migrations.Migration):
    dependencies = [("reports", "0001_initial"), ("agencies", "0003_roles")]

    operations = [
        Gate(
            "reports_figure",
            read=f"(reports_figure.municipality_id = {CITY} AND {may('reports.read')})"
            f" OR {FIGURES}",
            insert=FIGURES,
            update=FIGURES,
            delete=FIGURES,
        ),
        Gate(
            "reports_indicatorvalue",
            read=f"(reports_indicatorvalue.municipality_id = {CITY} AND {may('reports.read')})"
            f" OR {FIGURES}",
            insert=ENTER,
            update=ENTER,
        ),
    ]
