"""V15: two agencies' cases may be one household where somebody has the same name, written or read,
and the same birth date, telephone or address (here, as 0010)."""

from django.db import migrations

# {same}: whom the name makes comparable, as q; {shared}: what else must be the same.
DUPLICATES = """
CREATE OR REPLACE FUNCTION kasane.note_duplicates(person_key uuid)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    INSERT INTO public.cases_duplicatehint (
        id, municipality_id, first_number, first_agency_id, second_number, second_agency_id,
        noted_at)
    SELECT DISTINCT ON (LEAST(c.number, d.number), GREATEST(c.number, d.number))
           gen_random_uuid(), c.municipality_id,
           LEAST(c.number, d.number),
           CASE WHEN c.number < d.number THEN c.responsible_agency_id
                ELSE d.responsible_agency_id END,
           GREATEST(c.number, d.number),
           CASE WHEN c.number < d.number THEN d.responsible_agency_id
                ELSE c.responsible_agency_id END,
           now()
    FROM public.cases_person AS p
    JOIN public.cases_case AS c ON c.id = p.case_id
    {same}
     AND (p.birth_on = q.birth_on
          OR EXISTS (
            SELECT 1 FROM public.cases_contact AS a
            JOIN public.cases_contact AS b ON {shared}
            WHERE a.person_id = p.id AND b.person_id = q.id))
    JOIN public.cases_case AS d ON d.id = q.case_id
    WHERE p.id = person_key AND d.municipality_id = c.municipality_id
      AND c.status = 'active' AND d.status = 'active'
      AND d.responsible_agency_id <> c.responsible_agency_id
      -- Where somebody is consulted shows the area: nobody under a shield takes part (V9).
      AND NOT EXISTS (SELECT 1 FROM public.cases_shield AS s
        WHERE s.person_id IN (p.id, q.id) AND s.confirmed_at IS NOT NULL AND s.lifted_at IS NULL)
    ON CONFLICT DO NOTHING
$function$
"""
BY_KANA = """JOIN public.cases_person AS q ON q.case_id <> p.case_id
     AND p.kana_folded <> '' AND q.kana_folded = p.kana_folded"""
BY_NAME = """JOIN LATERAL (
        SELECT k.id, k.case_id, k.birth_on FROM public.cases_person AS k
        WHERE p.kana_folded <> '' AND k.kana_folded = p.kana_folded
        UNION
        SELECT k.id, k.case_id, k.birth_on FROM public.cases_person AS k
        WHERE p.name_folded <> '' AND k.name_folded = p.name_folded
    ) AS q ON q.case_id <> p.case_id"""
NUMBER = "b.phone_digits = a.phone_digits AND a.phone_digits <> ''"
OR_ADDRESS = f"({NUMBER}) OR (b.address_folded = a.address_folded AND a.address_folded <> '')"


def by(same, shared):
    return DUPLICATES.replace("{same}", same).replace("{shared}", shared)


class Migration(migrations.Migration):
    dependencies = [("reports", "0015_grants_row_by_row")]

    operations = [migrations.RunSQL(by(BY_NAME, OR_ADDRESS), by(BY_KANA, NUMBER))]
