"""V18: an agency has ended and some of its cases stay, because not everybody consented to a
successor. The office is told the numbers, and asks an agency that consents reach to take one over."""

from django.conf import settings
from django.db import migrations

FUNCTIONS = """
-- For the office and the privacy officer: numbers and agencies, no name (as V15 says of two
-- agencies in one household). `ready`: to whom every living person's consent reaches.
CREATE FUNCTION kasane.orphaned_cases()
RETURNS TABLE (case_id uuid, number text, former integer, helpers integer[], ready integer[],
               is_waiting boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.id, c.number::text, c.responsible_agency_id,
        ARRAY(SELECT DISTINCT g.group_id FROM public.cases_casegrant AS g
              WHERE g.content_object_id = c.id AND g.basis = 'consent'
                AND g.group_id <> c.responsible_agency_id
                AND g.revoked_at IS NULL AND g.period @> now()),
        ARRAY(SELECT n.group_id FROM public.agencies_agency AS n
              WHERE n.municipality_id = c.municipality_id AND NOT n.is_type
                AND (n.ended_on IS NULL OR n.ended_on >= (now() AT TIME ZONE 'Asia/Tokyo')::date)
                AND EXISTS (SELECT 1 FROM public.cases_person AS p WHERE p.case_id = c.id
                            AND NOT p.is_deceased AND p.died_on IS NULL)
                AND NOT EXISTS (SELECT 1 FROM kasane.not_covered(c.id, n.group_id))),
        EXISTS (SELECT 1 FROM public.cases_transfer AS t
                WHERE t.case_id = c.id AND t.state = 'sent')
    FROM kasane.actor() AS who
    JOIN public.agencies_agency AS a
      ON a.municipality_id IN (who.office_city_id, who.privacy_city_id)
     AND a.ended_on < (now() AT TIME ZONE 'Asia/Tokyo')::date
    JOIN public.cases_case AS c ON c.responsible_agency_id = a.group_id AND c.status = 'active'
    ORDER BY c.number
$$;
-- 移管 in the place of an agency that has ended, by the office: everything else as in send_transfer.
CREATE FUNCTION kasane.send_orphaned(key uuid, case_key uuid, agency integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who kasane.acting := kasane.actor();
BEGIN
    PERFORM 1 FROM public.cases_case AS c WHERE c.id = case_key FOR UPDATE;
    IF who.office_city_id IS NULL OR NOT kasane.may_write() OR who.is_confirmed IS NOT TRUE
       OR NOT EXISTS (SELECT 1 FROM kasane.orphaned_cases() AS o
                      WHERE o.case_id = case_key AND agency = ANY (o.ready) AND NOT o.is_waiting)
    THEN
        RAISE EXCEPTION 'this case is not transferred' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO public.cases_transfer (
        id, case_id, from_agency_id, to_agency_id, sent_by_id, sent_at, reason, person_ids,
        known_ids, state, answer_reason)
    SELECT key, c.id, c.responsible_agency_id, agency, who.membership_id, clock_timestamp(),
           '主担当機関が終わったため（事務局からの依頼）',
           ARRAY(SELECT p.id FROM public.cases_person AS p WHERE p.case_id = c.id
                 AND NOT p.is_deceased AND p.died_on IS NULL ORDER BY p.label),
           '{}', 'sent', ''
    FROM public.cases_case AS c WHERE c.id = case_key;
END
$$;
"""

UNDO = """
DROP FUNCTION kasane.send_orphaned(uuid, uuid, integer);
DROP FUNCTION kasane.orphaned_cases();
"""


def grant_functions(apps, schema_editor):
    role = schema_editor.quote_name(settings.KASANE_APP_ROLE)
    for name in ("orphaned_cases()", "send_orphaned(uuid, uuid, integer)"):
        schema_editor.execute(f"REVOKE ALL ON FUNCTION kasane.{name} FROM PUBLIC")
        schema_editor.execute(f"GRANT EXECUTE ON FUNCTION kasane.{name} TO {role}")


class Migration(migrations.Migration):
    dependencies = [("cases", "0019_shield_rescue")]

    operations = [
        migrations.RunSQL(FUNCTIONS, UNDO),
        migrations.RunPython(grant_functions, migrations.RunPython.noop),
    ]
