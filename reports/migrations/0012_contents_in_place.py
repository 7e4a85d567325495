"""What stands in a record stays there, in the rooms above (cases 0033)."""

from django.db import migrations

# What of a content never changes: its record, and on whose plan, match or issue it hangs.
CONTENTS = {
    "plans_plan": ("plan", "record_id"),
    "plans_monitoring": ("monitoring", "record_id", "plan_id"),
    "plans_evaluation": ("evaluation", "record_id", "plan_id"),
    "outreach_visit": ("visit", "record_id"),
    "participation_match": ("match", "record_id", "person_id"),
    "participation_followup": ("follow_up", "record_id", "match_id"),
    "community_issuesource": ("community_issue", "record_id", "issue_id"),
}


def in_place(table):
    kind, *columns = CONTENTS[table]
    kept = ", ".join(f"'{name}'" for name in columns)
    return migrations.RunSQL(
        f"""
        CREATE TRIGGER content_of_kind AFTER INSERT ON public.{table}
            FOR EACH ROW EXECUTE FUNCTION kasane.content_of_kind('{kind}');
        CREATE TRIGGER keep_columns BEFORE UPDATE ON public.{table}
            FOR EACH ROW EXECUTE FUNCTION kasane.keep_columns({kept});
        """,
        f"DROP TRIGGER content_of_kind ON public.{table};"
        f"DROP TRIGGER keep_columns ON public.{table};",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0011_versions_of_rows"),
        ("cases", "0033_contents_in_place"),
        ("plans", "0006_lists"),
        ("outreach", "0004_shield"),
        ("participation", "0003_shield"),
        ("community", "0003_shield"),
    ]

    operations = [
        *map(in_place, CONTENTS),
        migrations.RunSQL(
            """
            CREATE TRIGGER keep_columns BEFORE UPDATE ON public.plans_goal
                FOR EACH ROW EXECUTE FUNCTION kasane.keep_columns('id', 'plan_id');
            """,
            "DROP TRIGGER keep_columns ON public.plans_goal;",
        ),
    ]
