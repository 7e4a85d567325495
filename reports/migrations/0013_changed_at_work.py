"""V2, as cases 0036: what an agency wrote in the rooms above it changes at work alone. A plan is
decided by others, too: its words are held by plans 0007."""

from importlib import import_module

from django.db import migrations

from config.lib.rowsecurity import Narrow

at_work = import_module("cases.migrations.0036_changed_at_work").at_work
CONTENTS = (
    "plans_monitoring",
    "plans_evaluation",
    "outreach_visit",
    "participation_match",
    "participation_followup",
    "community_issuesource",
)


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0012_contents_in_place"),
        ("cases", "0036_changed_at_work"),
    ]

    operations = [Narrow(table, "at_work", update=at_work(table)) for table in CONTENTS]
