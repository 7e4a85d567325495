"""The office reads 重複の気づき a page at a time, those about which nobody has been asked first; what
waits for a secretariat has an index."""

from django.conf import settings
from django.db import migrations, models
from django.db.models.lookups import IsNull

WAS = """
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
"""
IS = """
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    city constant bigint := (kasane.actor()).office_city_id;
BEGIN
    RETURN QUERY
    SELECT h.id, c.id, c.number::text, c.responsible_agency_id::integer,
           d.id, d.number::text, d.responsible_agency_id::integer, h.noted_at, h.asked_at
    FROM public.cases_duplicatehint AS h
    JOIN public.cases_case AS c ON c.number = h.first_number
    JOIN public.cases_case AS d ON d.number = h.second_number
    WHERE h.municipality_id = city AND h.settled_at IS NULL
      AND (one IS NULL OR h.id = one)
      AND c.status = 'active' AND d.status = 'active'
      AND c.responsible_agency_id <> d.responsible_agency_id
    ORDER BY (h.asked_at IS NOT NULL), h.noted_at DESC, h.id LIMIT most;
END
$$;
"""
TABLE = """
RETURNS TABLE (id uuid, first_case uuid, first_number text, first_agency integer,
               second_case uuid, second_number text, second_agency integer,
               noted_at timestamptz, asked_at timestamptz)
"""
ANSWERED = """
CREATE OR REPLACE FUNCTION kasane.ask_duplicate(key uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE public.cases_duplicatehint AS h SET asked_at = now()
    FROM kasane.open_duplicates({which}) AS o
    WHERE o.id = h.id AND h.id = key AND h.asked_at IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'nothing to ask' USING ERRCODE = 'insufficient_privilege';
    END IF;
END
$$;
CREATE OR REPLACE FUNCTION kasane.settle_duplicate(key uuid, how text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who kasane.acting := kasane.actor();
BEGIN
    UPDATE public.cases_duplicatehint AS h
    SET settled_at = now(), settled_by_id = who.membership_id, outcome = how
    FROM kasane.open_duplicates({which}) AS o WHERE o.id = h.id AND h.id = key AND how <> '';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'nothing to settle' USING ERRCODE = 'insufficient_privilege';
    END IF;
END
$$;
"""
FUNCTIONS = (
    "DROP FUNCTION kasane.open_duplicates();"
    "-- Hints nobody has settled, as long as two agencies are responsible: by who is so today.\n"
    "-- So many (NULL: all), those not asked about first; or the one.\n"
    f"CREATE FUNCTION kasane.open_duplicates(most integer, one uuid) {TABLE} {IS}"
    + ANSWERED.format(which="1, key")
)
UNDO = (
    "DROP FUNCTION kasane.open_duplicates(integer, uuid);"
    f"CREATE FUNCTION kasane.open_duplicates() {TABLE} {WAS}" + ANSWERED.format(which="")
)


def granted(name):
    def grant(apps, schema_editor):
        role = schema_editor.quote_name(settings.KASANE_APP_ROLE)
        schema_editor.execute(f"REVOKE ALL ON FUNCTION kasane.{name} FROM PUBLIC")
        schema_editor.execute(f"GRANT EXECUTE ON FUNCTION kasane.{name} TO {role}")

    return grant


class Migration(migrations.Migration):
    dependencies = [("cases", "0048_found_fast")]

    operations = [
        migrations.RunPython(migrations.RunPython.noop, granted("open_duplicates()")),
        migrations.RunSQL(FUNCTIONS, UNDO),
        migrations.RunPython(granted("open_duplicates(integer, uuid)"), migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="duplicatehint",
            index=models.Index(
                models.F("municipality"),
                IsNull(models.F("asked_at"), False),
                models.F("noted_at").desc(),
                models.F("id"),
                condition=models.Q(settled_at__isnull=True),
                name="duplicate_open",
            ),
        ),
        migrations.AddIndex(
            model_name="referral",
            index=models.Index(
                fields=["state", "to_conference_type"],
                condition=models.Q(to_conference_type__isnull=False),
                name="referral_to_conference",
            ),
        ),
    ]
