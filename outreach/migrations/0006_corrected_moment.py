"""When a visit was is corrected like its words (cases 0044)."""

from importlib import import_module

from django.db import migrations

said = import_module("cases.migrations.0044_corrected_moment")

WORDS = (
    "method", "result", "met_whom", "place", "companions", "minutes_spent", "stage", "text",
    "next_on", "next_step",
)  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [
        ("outreach", "0005_corrected_visit"),
        ("cases", "0044_corrected_moment"),
    ]

    operations = [
        *said.moment("visit", "historicalvisit"),
        said.filled("outreach_visit", "outreach_historicalvisit"),
        *said.whole("visit", "historicalvisit"),
        said.followed("outreach_visit", WORDS),
    ]
