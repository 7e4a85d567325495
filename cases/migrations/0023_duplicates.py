"""V15: the office sees which two agencies may be serving one household, asks both to seek consent,
and says what became of it. Numbers and agencies; no name, and neither is told of the other."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

FUNCTIONS = """
-- Hints nobody has settled, as long as two agencies are responsible: by who is so today.
CREATE FUNCTION kasane.open_duplicates()
RETURNS TABLE (id uuid, first_case uuid, first_number text, first_agency integer,
               second_case uuid, second_number text, second_agency integer,
               noted_at timestamptz, asked_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT h.id, c.id, c.number::text, c.responsible_agency_id,
           d.id, d.number::text, d.responsible_agency_id, h.noted_at, h.asked_at
    FROM kasane.actor() AS who
    JOIN public.cases_duplicatehint AS h ON h.municipality_id = who.office_city_id
    JOIN public.cases_case AS c ON c.number = h.first_number
    JOIN public.cases_case AS d ON d.number = h.second_number
    WHERE h.settled_at IS NULL AND c.status = 'active' AND d.status = 'active'
      AND c.responsible_agency_id <> d.responsible_agency_id
    ORDER BY h.noted_at DESC, h.id
$$;
CREATE FUNCTION kasane.ask_duplicate(key uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE public.cases_duplicatehint AS h SET asked_at = now()
    FROM kasane.open_duplicates() AS o WHERE o.id = h.id AND h.id = key AND h.asked_at IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'nothing to ask' USING ERRCODE = 'insufficient_privilege';
    END IF;
END
$$;
CREATE FUNCTION kasane.settle_duplicate(key uuid, how text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who kasane.acting := kasane.actor();
BEGIN
    UPDATE public.cases_duplicatehint AS h
    SET settled_at = now(), settled_by_id = who.membership_id, outcome = how
    FROM kasane.open_duplicates() AS o WHERE o.id = h.id AND h.id = key AND how <> '';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'nothing to settle' USING ERRCODE = 'insufficient_privilege';
    END IF;
END
$$;
"""

UNDO = """
DROP FUNCTION kasane.settle_duplicate(uuid, text);
DROP FUNCTION kasane.ask_duplicate(uuid);
DROP FUNCTION kasane.open_duplicates();
"""
NAMES = ("open_duplicates()", "ask_duplicate(uuid)", "settle_duplicate(uuid, text)")


def grant_functions(apps, schema_editor):
    role = schema_editor.quote_name(settings.KASANE_APP_ROLE)
    for name in NAMES:
        schema_editor.execute(f"REVOKE ALL ON FUNCTION kasane.{name} FROM PUBLIC")
        schema_editor.execute(f"GRANT EXECUTE ON FUNCTION kasane.{name} TO {role}")


class Migration(migrations.Migration):
    dependencies = [
        ("agencies", "0014_wrong_codes"),
        ("cases", "0022_lists"),
    ]

    operations = [
        migrations.AddField(
            model_name="duplicatehint",
            name="asked_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="duplicatehint",
            name="outcome",
            field=models.CharField(
                blank=True,
                choices=[
                    ("together", "両機関で支えることになった"),
                    ("separate", "別の世帯だった"),
                    ("apart", "同じ世帯だが、同意は得られなかった"),
                ],
                db_default="",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="duplicatehint",
            name="settled_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="agencies.membership",
            ),
        ),
        migrations.AddConstraint(
            model_name="duplicatehint",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("outcome", ""), ("settled_at__isnull", True), ("settled_by__isnull", True)
                    ),
                    models.Q(
                        ("settled_at__isnull", False),
                        ("settled_by__isnull", False),
                        models.Q(("outcome", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="duplicate_settled_whole",
            ),
        ),
        migrations.RunSQL(FUNCTIONS, UNDO),
        migrations.RunPython(grant_functions, migrations.RunPython.noop),
    ]
