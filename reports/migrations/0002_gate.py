"""Figures of a city are read in the city and written by the `statistics` membership alone."""

from django.db import migrations

from config.lib.rowsecurity import Gate, actor, system

CITY = actor("municipality_id")
FIGURES = system("statistics")


class Migration(migrations.Migration):
    dependencies = [("reports", "0001_initial"), ("agencies", "0003_roles")]

    operations = [
        Gate(
            "reports_figure",
            read=f"reports_figure.municipality_id = {CITY} OR {FIGURES}",
            insert=FIGURES,
            update=FIGURES,
            delete=FIGURES,
        ),
        Gate(
            "reports_indicatorvalue",
            read=f"reports_indicatorvalue.municipality_id = {CITY} OR {FIGURES}",
            insert=f"reports_indicatorvalue.municipality_id = {CITY}",
            update=f"reports_indicatorvalue.municipality_id = {CITY}",
        ),
    ]
