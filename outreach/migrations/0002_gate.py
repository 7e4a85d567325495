"""Content tables ask whether their record is visible (V2, V3, V6)."""

from django.db import migrations

from config.lib.rowsecurity import Gate, actor, system

FIGURES = system("statistics")


def of_record(table):
    return f"EXISTS (SELECT 1 FROM cases_record AS r WHERE r.id = {table}.record_id)"


def in_record(table):
    return (
        f"EXISTS (SELECT 1 FROM cases_record AS r WHERE r.id = {table}.record_id"
        f" AND r.author_agency_id = {actor('agency_id')})"
    )


class Migration(migrations.Migration):
    dependencies = [("outreach", "0001_initial"), ("cases", "0002_gate")]

    operations = [
        *(
            Gate(
                table,
                read=f"{FIGURES} OR {of_record(table)}",
                insert=in_record(table),
                update=in_record(table),
            )
            for table in ("outreach_visit",)
        ),
    ]
