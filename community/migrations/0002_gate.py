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
    dependencies = [("community", "0001_initial"), ("cases", "0002_gate")]

    operations = [
        Gate(
            "community_place",
            read=f"community_place.municipality_id = {actor('municipality_id')} OR {FIGURES}",
            insert=f"community_place.municipality_id = {actor('municipality_id')}",
            update=f"community_place.municipality_id = {actor('municipality_id')}",
        ),
        Gate(
            "community_placeevent",
            read=f"community_placeevent.municipality_id = {actor('municipality_id')} OR {FIGURES}",
            insert=f"community_placeevent.municipality_id = {actor('municipality_id')}",
            update=f"community_placeevent.municipality_id = {actor('municipality_id')}",
        ),
        Gate(
            "community_communityissue",
            read=f"community_communityissue.municipality_id = {actor('municipality_id')} OR {FIGURES}",
            insert=f"community_communityissue.municipality_id = {actor('municipality_id')}",
            update=f"community_communityissue.municipality_id = {actor('municipality_id')}",
        ),
        # Append-only: what happened to an issue is never rewritten.
        Gate(
            "community_issuestep",
            read=f"community_issuestep.municipality_id = {actor('municipality_id')} OR {FIGURES}",
            insert=f"community_issuestep.municipality_id = {actor('municipality_id')}",
        ),
        *(
            Gate(
                table,
                read=f"{FIGURES} OR {of_record(table)}",
                insert=in_record(table),
                update=in_record(table),
            )
            for table in ("community_issuesource",)
        ),
    ]
