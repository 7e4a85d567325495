"""V17: what consents open of a case, told to whoever sees the consents whole (V3)."""

from django.conf import settings
from django.db import migrations

# To whom a consent is open, from when until when, is part of the consent. The store's own policy
# tells it to who took the consent; here it is told to the responsible agency and to the office
# handling the case as well. `joining`: as if that agency were at work on the case, to be shown
# before it is: it enters the team, the one rule is asked (`wanted_grants`), and it never was.
TOLD = """
CREATE FUNCTION kasane.told_grants(case_key uuid, joining integer DEFAULT NULL)
RETURNS TABLE (
    id uuid, group_id integer, person_id uuid, categories text[], covers_household boolean,
    consent_id uuid, granted_by integer, granted_at timestamptz, period tstzrange)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me kasane.acting := kasane.actor();
    is_whole boolean := EXISTS (
        SELECT 1 FROM public.cases_case AS c
        WHERE c.id = case_key AND c.responsible_agency_id = me.agency_id
    ) OR (me.office_city_id IS NOT NULL AND EXISTS (
        SELECT 1 FROM public.cases_casegrant AS g
        WHERE g.group_id = me.agency_id AND g.content_object_id = case_key
          AND g.basis = 'consent' AND g.revoked_at IS NULL AND g.period @> now()));
    found kasane.wanted_grants[];
BEGIN
    IF joining IS NULL THEN
        RETURN QUERY
        SELECT g.id, g.group_id, g.person_id, g.categories::text[], g.covers_household,
               g.consent_id, g.granted_by_agency_id, g.granted_at, g.period
        FROM public.cases_casegrant AS g
        WHERE g.content_object_id = case_key AND g.basis = 'consent' AND g.revoked_at IS NULL
          AND g.period @> now() AND (is_whole OR g.granted_by_agency_id = me.agency_id)
        ORDER BY g.person_id, g.group_id;
        RETURN;
    END IF;
    BEGIN
        INSERT INTO public.cases_supportteam (id, case_id, agency_id, via, joined_at)
        SELECT gen_random_uuid(), c.id, a.group_id, 'referral', now()
        FROM public.cases_case AS c JOIN public.agencies_agency AS a
          ON a.group_id = joining AND a.municipality_id = c.municipality_id
        WHERE c.id = case_key
        ON CONFLICT DO NOTHING;
        found := ARRAY(SELECT w FROM kasane.wanted_grants AS w
            WHERE w.case_id = case_key AND w.group_id = joining AND w.basis = 'consent'
              AND w.period @> now());
        RAISE EXCEPTION 'it never was' USING ERRCODE = 'KA000';
    EXCEPTION WHEN SQLSTATE 'KA000' THEN NULL;
    END;
    RETURN QUERY
    SELECT gen_random_uuid(), w.group_id, w.person_id, w.categories, w.covers_household,
           w.consent_id, w.granted_by, now(), w.period
    FROM unnest(found) AS w
    WHERE is_whole OR w.granted_by = me.agency_id
    ORDER BY w.person_id, w.group_id;
END
$$;
"""


def grant_functions(apps, schema_editor):
    role = schema_editor.quote_name(settings.KASANE_APP_ROLE)
    name = "kasane.told_grants(uuid, integer)"
    schema_editor.execute(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
    schema_editor.execute(f"GRANT EXECUTE ON FUNCTION {name} TO {role}")


class Migration(migrations.Migration):
    dependencies = [("cases", "0012_case_workers")]

    operations = [
        migrations.RunSQL(TOLD, "DROP FUNCTION kasane.told_grants(uuid, integer)"),
        migrations.RunPython(grant_functions, migrations.RunPython.noop),
    ]
