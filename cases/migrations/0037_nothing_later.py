"""Who keeps only its own records learns nothing of consents given since (V2, V3); and the gate
answers before whatever reads what the writer may not (V15)."""

from django.db import migrations

DOORS = """
CREATE OR REPLACE FUNCTION kasane.missing_consents(
    case_key uuid, persons uuid[], agencies integer[]
) RETURNS TABLE (person_id uuid, agency_id integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT p.id, a.id FROM unnest(persons) AS p(id) CROSS JOIN unnest(agencies) AS a(id)
    WHERE NOT EXISTS (
        SELECT 1 FROM kasane.consent_reach AS r
        WHERE r.case_id = case_key AND r.person_id = p.id AND r.agency_id = a.id
          AND r.period @> now())
       OR NOT EXISTS (
        SELECT 1 FROM public.cases_casegrant AS g
        WHERE g.group_id = (kasane.actor()).agency_id AND g.content_object_id = case_key
          {at_work}AND g.revoked_at IS NULL AND g.period @> now())
$$;
CREATE OR REPLACE FUNCTION kasane.consents_until(case_key uuid, persons uuid[], agency integer)
RETURNS timestamp with time zone
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT min(upper(r.period)) FROM kasane.consent_reach AS r
    WHERE r.case_id = case_key AND r.person_id = ANY (persons) AND r.agency_id = agency
      AND r.period @> now()
      AND EXISTS (
        SELECT 1 FROM public.cases_casegrant AS g
        WHERE g.group_id = (kasane.actor()).agency_id AND g.content_object_id = case_key
          {at_work}AND g.revoked_at IS NULL AND g.period @> now())
$$;
CREATE OR REPLACE FUNCTION kasane.next_label(case_key uuid) RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(*)::integer FROM public.cases_person AS p
    WHERE p.case_id = case_key AND EXISTS (
        SELECT 1 FROM public.cases_casegrant AS g
        WHERE g.group_id = (kasane.actor()).agency_id AND g.content_object_id = case_key
          {at_work}AND g.revoked_at IS NULL AND g.period @> now())
$$;
"""
NARROWER = DOORS.format(at_work="AND g.basis <> 'own_records' ")
BEFORE = DOORS.format(at_work="")


def persons(moment):
    """It reads persons of cases its writer may not see: before the gate its word would be theirs,
    whoever writes. Whoever may write hears it as before."""
    return "".join(
        f"""
        DROP TRIGGER persons_of_case ON public.{table};
        CREATE TRIGGER persons_of_case {moment} INSERT ON public.{table}
            FOR EACH ROW EXECUTE FUNCTION kasane.persons_of_case();
        """
        for table in ("cases_record", "cases_referral")
    )


class Migration(migrations.Migration):
    dependencies = [("cases", "0036_changed_at_work")]

    operations = [
        migrations.RunSQL(NARROWER, BEFORE),
        migrations.RunSQL(persons("AFTER"), persons("BEFORE")),
    ]
