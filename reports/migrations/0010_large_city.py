"""What was asked of the whole city's rows is asked of one case's.

Whom a consent reaches: the lines of all consents were joined first, and then one case's taken from
them. Every answer, every sheet and every joining cost 66 ms in a city of 20,000 households, and
fifty times that in one of a million; now 5. Whether two persons share a telephone number: all
numbers of the city were gathered for every person written. What both say is unchanged (whoever is
under a shield takes no part: that stands in the last condition).
"""

from django.db import migrations

REACH = """
CREATE OR REPLACE VIEW kasane.consent_reach AS
SELECT c.id AS consent_id, c.case_id, c.person_id, c.categories, c.covers_household, c.period,
       c.taken_by_agency_id, n.agency_id
FROM public.cases_consent AS c
{named}
JOIN public.cases_person AS p ON p.id = c.person_id
JOIN public.cases_case AS k ON k.id = c.case_id
JOIN public.agencies_municipality AS m ON m.id = k.municipality_id
WHERE c.answer = 'given' AND c.withdrawn_at IS NULL
  AND NOT EXISTS (
    SELECT 1 FROM public.cases_consentline AS e
    WHERE e.consent_id = c.id AND e.is_exception AND e.agency_id = n.agency_id)
  AND (c.method = 'proxy' OR COALESCE(
        extract(year FROM age(c.given_on, p.birth_on)),
        extract(year FROM c.given_on) - p.birth_year, m.consent_age) >= m.consent_age)
  AND (p.died_on IS NULL OR c.given_on <= p.died_on)
"""
BY_CONSENT = """
CROSS JOIN LATERAL (
    SELECT l.agency_id FROM public.cases_consentline AS l
    WHERE l.consent_id = c.id AND l.agency_id IS NOT NULL AND NOT l.is_exception
    UNION
    SELECT s.agency_id FROM public.cases_consentline AS l
    JOIN public.agencies_standingmember AS s ON s.conference_type_id = l.conference_type_id
    WHERE l.consent_id = c.id AND s.agency_id IS NOT NULL AND s.ended_on IS NULL
      AND NOT s.is_by_item AND (s.since IS NULL OR s.since <= c.given_on)
) AS n
"""
ALL_LINES = """
JOIN (
    SELECT l.consent_id, l.agency_id FROM public.cases_consentline AS l
    WHERE l.agency_id IS NOT NULL AND NOT l.is_exception
    UNION
    SELECT l.consent_id, s.agency_id
    FROM public.cases_consentline AS l
    JOIN public.cases_consent AS o ON o.id = l.consent_id
    JOIN public.agencies_standingmember AS s ON s.conference_type_id = l.conference_type_id
    WHERE s.agency_id IS NOT NULL AND s.ended_on IS NULL AND NOT s.is_by_item
      AND (s.since IS NULL OR s.since <= o.given_on)
) AS n ON n.consent_id = c.id
"""

# A person of another agency's case with the same kana, and the same birth date or number (V15).
DUPLICATES = """
CREATE OR REPLACE FUNCTION kasane.note_duplicates(person_key uuid)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    {phones}    INSERT INTO public.cases_duplicatehint (
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
    JOIN public.cases_person AS q ON q.case_id <> p.case_id
     AND p.kana_folded <> '' AND q.kana_folded = p.kana_folded
     AND (p.birth_on = q.birth_on
          OR {shared}
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
ONE_BY_ONE = {
    "{phones}": "",
    "{shared}": """EXISTS (
            SELECT 1 FROM public.cases_contact AS a
            JOIN public.cases_contact AS b ON b.phone_digits = a.phone_digits
            WHERE a.person_id = p.id AND b.person_id = q.id AND a.phone_digits <> ''))""",
}
ALL_NUMBERS = {
    "{phones}": """WITH phones AS (
        SELECT c.person_id, c.phone_digits FROM public.cases_contact AS c
        WHERE c.phone_digits <> '' AND NOT EXISTS (SELECT 1 FROM public.cases_shield AS s
            WHERE s.person_id = c.person_id AND s.confirmed_at IS NOT NULL AND s.lifted_at IS NULL)
    )
    """,
    "{shared}": """EXISTS (
            SELECT 1 FROM phones AS a JOIN phones AS b ON b.phone_digits = a.phone_digits
            WHERE a.person_id = p.id AND b.person_id = q.id))""",
}


def _told(parts: dict[str, str]) -> str:
    sql = DUPLICATES
    for name, part in parts.items():
        sql = sql.replace(name, part)
    return sql


class Migration(migrations.Migration):
    dependencies = [("reports", "0009_assessing_versions"), ("cases", "0032_lists")]

    operations = [
        migrations.RunSQL(
            REACH.replace("{named}", BY_CONSENT), REACH.replace("{named}", ALL_LINES)
        ),
        migrations.RunSQL(_told(ONE_BY_ONE), _told(ALL_NUMBERS)),
    ]
