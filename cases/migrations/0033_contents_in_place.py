"""What stands in a record stays in that record, and in one of its kind."""

from django.db import migrations

CONTENTS = {
    "cases_note": "note",
    "cases_issue": "issue",
    "cases_assessmentsection": "assessment",
    "cases_cautionnote": "caution",
    "cases_riskassessment": "risk",
    "cases_tie": "tie",
}

KEPT = """
-- After the row: what the gate refuses is refused by the gate, with the same words as ever (V15).
CREATE FUNCTION kasane.content_of_kind() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM public.cases_record AS r
                   WHERE r.id = NEW.record_id AND r.kind = TG_ARGV[0]) THEN
        RAISE EXCEPTION '% stands in a record of the kind %', TG_TABLE_NAME, TG_ARGV[0]
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION kasane.content_of_kind() FROM PUBLIC;
"""


def of_kind(table, kind):
    return (
        f"CREATE TRIGGER content_of_kind AFTER INSERT ON public.{table}"
        f" FOR EACH ROW EXECUTE FUNCTION kasane.content_of_kind('{kind}');"
    )


def kept(table):
    """A content moved beneath another record would be read by that one's readers (V2, V3)."""
    return (
        f"CREATE TRIGGER keep_columns BEFORE UPDATE ON public.{table}"
        " FOR EACH ROW EXECUTE FUNCTION kasane.keep_columns('record_id');"
    )


# A tie keeps its record since 0028, a task by the columns that may change.
MOVED = [table for table in CONTENTS if table != "cases_tie"]
KINDS = {**CONTENTS, "cases_notetask": "note"}


def dropped(name, tables):
    return "".join(f"DROP TRIGGER {name} ON public.{table};" for table in tables)


class Migration(migrations.Migration):
    dependencies = [("cases", "0032_lists")]

    operations = [
        migrations.RunSQL(KEPT, "DROP FUNCTION kasane.content_of_kind();"),
        migrations.RunSQL(
            "".join(of_kind(table, kind) for table, kind in KINDS.items()),
            dropped("content_of_kind", KINDS),
        ),
        migrations.RunSQL("".join(map(kept, MOVED)), dropped("keep_columns", MOVED)),
    ]
