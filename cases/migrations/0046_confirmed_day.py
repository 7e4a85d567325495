"""What was confirmed on a day stands in the lists on that day: an assessment section, a risk sheet, a
caution. The envelope says so at writing; here it follows when the day is corrected, which is a word
like others: with a reason, a version, its own agency at work on an open case (0031, 0039). A day of
which no time is known is its midnight in Tokyo; the day of writing is the moment of writing.
"""

from django.db import migrations

DAYS = {
    "cases_assessmentsection": "assessed_on",
    "cases_riskassessment": "assessed_on",
    "cases_cautionnote": "noted_on",
}
# Nothing has happened before the eras that can be read, and nothing later than now.
MOMENT = """CASE WHEN {day} = (r.written_at AT TIME ZONE 'Asia/Tokyo')::date THEN r.written_at
    ELSE greatest(least({day}::timestamp AT TIME ZONE 'Asia/Tokyo', clock_timestamp()),
                  '1868-01-01'::timestamptz) END"""

FOLLOWED = f"""
-- After the row, so that the gate answers first (V15). Nobody writes the envelope itself.
CREATE FUNCTION kasane.record_follows_day() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    day constant date := (to_jsonb(NEW) ->> TG_ARGV[0])::date;
BEGIN
    UPDATE public.cases_record AS r SET happened_at = {MOMENT.format(day="day")}
    WHERE r.id = NEW.record_id;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION kasane.record_follows_day() FROM PUBLIC;
"""


def followed(table, day):
    return (
        f"CREATE TRIGGER record_follows_day AFTER UPDATE ON public.{table} FOR EACH ROW"
        f" WHEN (OLD.{day} IS DISTINCT FROM NEW.{day})"
        f" EXECUTE FUNCTION kasane.record_follows_day('{day}');"
    )


def said_before(table, day):
    """What was written until now stands on the day it was typed."""
    return (
        f"UPDATE public.cases_record AS r SET happened_at = {MOMENT.format(day=f't.{day}')}"
        f" FROM public.{table} AS t WHERE t.record_id = r.id"
        f" AND t.{day} <> (r.happened_at AT TIME ZONE 'Asia/Tokyo')::date;"
    )


def each(sql):
    return "".join(sql(table, day) for table, day in DAYS.items())


class Migration(migrations.Migration):
    dependencies = [("cases", "0045_taken_stands")]

    operations = [
        migrations.RunSQL(each(said_before), migrations.RunSQL.noop),
        migrations.RunSQL(
            FOLLOWED + each(followed),
            each(lambda table, _day: f"DROP TRIGGER record_follows_day ON public.{table};")
            + "DROP FUNCTION kasane.record_follows_day();",
        ),
    ]
