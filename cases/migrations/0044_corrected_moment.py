"""When it was is said by the content, corrected like its other words, and taken over by the envelope.

So a moment has what a word has: a reason, a version, its own agency at work on an open case
(0031, 0036, reports 0003, 0011). No condition of any gate reads `happened_at`; lists are ordered by
the envelope's.
"""

from django.db import migrations, models

FOLLOWED = """
-- After the row, so that the gate answers first (V15). Nobody writes the envelope itself.
CREATE FUNCTION kasane.record_follows() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.happened_at = OLD.happened_at THEN
            RETURN NULL;
        END IF;
        IF NEW.happened_at NOT BETWEEN '1868-01-01' AND clock_timestamp() THEN
            RAISE EXCEPTION '% tells of what has happened', TG_TABLE_NAME
                USING ERRCODE = 'check_violation';
        END IF;
        UPDATE public.cases_record AS r SET happened_at = NEW.happened_at
        WHERE r.id = NEW.record_id;
    ELSIF NOT EXISTS (SELECT 1 FROM public.cases_record AS r
                      WHERE r.id = NEW.record_id AND r.happened_at = NEW.happened_at)
          AND NOT pg_has_role(session_user, (SELECT c.relowner FROM pg_class AS c
                                             WHERE c.oid = TG_RELID), 'USAGE') THEN
        RAISE EXCEPTION '% says another moment than its record', TG_TABLE_NAME
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION kasane.record_follows() FROM PUBLIC;
"""
WORDS = ("text", "method", "with_whom", "place", "result", "minutes", "next_step")


def moment(*models_of_it):
    """The column, empty until `filled`."""
    return [
        migrations.AddField(name, "happened_at", models.DateTimeField("日時", null=True))
        for name in models_of_it
    ]


def whole(*models_of_it):
    return [
        migrations.AlterField(name, "happened_at", models.DateTimeField("日時"))
        for name in models_of_it
    ]


def filled(table, history):
    """Until now no moment changed: each version said what the envelope says. That is no correction,
    so no trigger is asked."""
    return migrations.RunSQL(
        f"ALTER TABLE public.{table} DISABLE TRIGGER USER;"
        + "".join(
            f"UPDATE public.{name} AS t SET happened_at = r.happened_at"
            " FROM public.cases_record AS r WHERE r.id = t.record_id;"
            for name in (table, history)
        )
        + f"ALTER TABLE public.{table} ENABLE TRIGGER USER;",
        migrations.RunSQL.noop,
    )


def needs_reason(table, words):
    named = ", ".join(f"'{word}'" for word in words)
    return (
        f"DROP TRIGGER needs_reason ON public.{table};"
        f"CREATE TRIGGER needs_reason BEFORE UPDATE ON public.{table}"
        f" FOR EACH ROW EXECUTE FUNCTION kasane.needs_reason({named});"
    )


def followed(table, words):
    return migrations.RunSQL(
        needs_reason(table, ("happened_at", *words))
        + f"CREATE TRIGGER record_follows AFTER INSERT OR UPDATE ON public.{table}"
        " FOR EACH ROW EXECUTE FUNCTION kasane.record_follows();",
        needs_reason(table, words) + f"DROP TRIGGER record_follows ON public.{table};",
    )


class Migration(migrations.Migration):
    dependencies = [("cases", "0043_same_person")]

    operations = [
        migrations.RunSQL(FOLLOWED, "DROP FUNCTION kasane.record_follows();"),
        *moment("note", "historicalnote"),
        filled("cases_note", "cases_historicalnote"),
        *whole("note", "historicalnote"),
        followed("cases_note", WORDS),
    ]
