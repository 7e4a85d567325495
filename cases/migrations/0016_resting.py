"""記入停止 (V18), held by the database: a case that rests takes no new person, record, file or sheet.
What runs already is written to its end (monitoring, evaluation, follow-up), and what was carried
out of a sitting goes on (V6: its people may not learn that the case rests). Answers of its persons,
a shield and 終結 are not held up. In an emergency the household is found where it is now (V8)."""

from django.db import migrations

from config.lib.rowsecurity import Narrow


def rests(case):
    return f"EXISTS (SELECT 1 FROM cases_case AS c WHERE c.id = {case} AND c.rests_at IS NOT NULL)"


EMERGENCY = """
CREATE OR REPLACE FUNCTION kasane.open_emergency(
    key uuid, case_number text, kana text, born date, danger text, ground bigint, because text)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who kasane.acting := kasane.actor();
    found uuid[];
    is_closed boolean;
BEGIN
    IF who.agency_id IS NULL OR NOT kasane.may('cases.open_emergency')
       OR length(btrim(because)) < 10 OR danger NOT IN ('life', 'body', 'property') THEN
        RAISE EXCEPTION 'no emergency' USING ERRCODE = 'insufficient_privilege';
    END IF;
    found := ARRAY(
        SELECT DISTINCT c.id FROM public.cases_case AS c
        LEFT JOIN public.cases_person AS p ON p.case_id = c.id
        WHERE c.municipality_id = who.municipality_id AND c.status = 'active'
          AND CASE WHEN case_number <> '' THEN c.number = case_number
              ELSE kana <> '' AND p.kana_folded = kana AND p.birth_on = born END);
    -- A household that changed is found where it is now (V18).
    IF case_number = '' AND cardinality(found) > 1 THEN
        found := ARRAY(
            SELECT DISTINCT c.id FROM public.cases_case AS c
            JOIN public.cases_person AS p ON p.case_id = c.id
            WHERE c.id = ANY (found) AND c.rests_at IS NULL
              AND p.kana_folded = kana AND p.birth_on = born AND p.left_on IS NULL);
    END IF;
    IF cardinality(found) <> 1 THEN
        RETURN CASE WHEN cardinality(found) = 0 THEN 'none' ELSE 'several' END;
    END IF;
    -- A shield is never opened: the attempt is refused, and told like any other (V9).
    is_closed := case_number = '' AND EXISTS (
        SELECT 1 FROM public.cases_person AS p
        WHERE p.case_id = found[1] AND p.kana_folded = kana AND p.birth_on = born
          AND p.id = ANY (kasane.shielded_against_me()));
    INSERT INTO public.cases_emergency (
        id, permission_id, user_id, content_object_id, municipality_id, membership_id,
        responsible_agency_id, danger, ground_id, reason, opened_at, period, refused_at, finding,
        review)
    SELECT key, p.id, who.user_id, c.id, c.municipality_id, who.membership_id,
           c.responsible_agency_id, danger, ground, btrim(because), now(),
           tstzrange(now(), now() + interval '4 hours'),
           CASE WHEN is_closed THEN now() END, '', ''
    FROM public.cases_case AS c, public.auth_permission AS p
    JOIN public.django_content_type AS t ON t.id = p.content_type_id
    WHERE c.id = found[1] AND t.app_label = 'cases' AND t.model = 'emergency'
      AND p.codename = 'view_emergency';
    -- Told at once, without a name or a number: the responsible agency and the privacy officer.
    INSERT INTO public.agencies_notice (
        id, agency_id, membership_id, kind, key, title, url, created_at)
    SELECT gen_random_uuid(), told.agency_id, told.membership_id, 'emergency', key::text,
           CASE WHEN is_closed THEN '緊急閲覧が試みられ、開きませんでした'
                ELSE '緊急閲覧がありました' END,
           '/emergencies/' || key || '/', now()
    FROM (
        SELECT c.responsible_agency_id AS agency_id, NULL::uuid AS membership_id
        FROM public.cases_case AS c WHERE c.id = found[1]
        UNION ALL
        SELECT m.agency_id, m.id FROM public.agencies_membership AS m
        JOIN public.agencies_agency AS a ON a.group_id = m.agency_id
        JOIN public.agencies_role AS r ON r.key = m.role_id
        WHERE a.municipality_id = who.municipality_id AND m.confirmed_at IS NOT NULL
          AND 'agencies.review_access' = ANY (r.permissions)
          AND (m.until IS NULL OR m.until >= (now() AT TIME ZONE 'Asia/Tokyo')::date)
    ) AS told;
    RETURN CASE WHEN is_closed THEN 'none' ELSE 'open' END;
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0015_households")]

    operations = [
        Narrow("cases_person", "rests", insert=f"NOT {rests('cases_person.case_id')}"),
        Narrow(
            "cases_record",
            "rests",
            insert="cases_record.carry_out_id IS NOT NULL"
            " OR cases_record.kind IN ('monitoring', 'evaluation', 'follow_up')"
            f" OR NOT {rests('cases_record.case_id')}",
        ),
        Narrow("cases_referral", "rests", insert=f"NOT {rests('cases_referral.case_id')}"),
        Narrow(
            "cases_attachment",
            "rests",
            insert="NOT EXISTS (SELECT 1 FROM cases_record AS r JOIN cases_case AS c"
            " ON c.id = r.case_id WHERE r.id = cases_attachment.record_id"
            " AND c.rests_at IS NOT NULL)",
        ),
        migrations.RunSQL(EMERGENCY, migrations.RunSQL.noop),
    ]
