"""V9: a list whose people have all left. The office's head names two people, the privacy officer
confirms; neither comes onto the list, neither sees what it hides."""

from django.conf import settings
from django.db import migrations

# The owner's alone, like kasane.factor: reached through the functions below.
TABLE = """
CREATE TABLE kasane.shield_rescue (
    id uuid PRIMARY KEY,
    shield_id uuid NOT NULL,
    people uuid[] NOT NULL CHECK (cardinality(people) = 2),
    named_by uuid NOT NULL,
    named_user bigint NOT NULL,
    named_at timestamptz NOT NULL DEFAULT now(),
    confirmed_by uuid,
    confirmed_at timestamptz
);
CREATE UNIQUE INDEX shield_rescue_once ON kasane.shield_rescue (shield_id)
    WHERE confirmed_at IS NULL;
"""

FUNCTIONS = """
-- Shields in force of the actor's city on whose list nobody stands who works today. For the head of
-- the office that runs conferences, and the privacy officer: inside the doors alone.
CREATE VIEW kasane.stranded AS
SELECT s.id, s.case_id, c.number::text AS number, c.municipality_id
FROM public.cases_shield AS s JOIN public.cases_case AS c ON c.id = s.case_id
WHERE s.confirmed_at IS NOT NULL AND s.lifted_at IS NULL
  AND NOT EXISTS (
    SELECT 1 FROM public.cases_shieldmember AS l
    JOIN public.agencies_membership AS m ON m.id = l.membership_id
    JOIN public.agencies_user AS u ON u.id = m.user_id
    JOIN public.agencies_agency AS a ON a.group_id = m.agency_id
    WHERE l.shield_id = s.id AND l.ended_at IS NULL AND m.confirmed_at IS NOT NULL AND u.is_active
      AND (m.until IS NULL OR m.until >= (now() AT TIME ZONE 'Asia/Tokyo')::date)
      AND (a.ended_on IS NULL OR a.ended_on >= (now() AT TIME ZONE 'Asia/Tokyo')::date));
CREATE FUNCTION kasane.is_office_head() RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT (kasane.actor()).office_city_id IS NOT NULL AND kasane.may('meetings.appoint')
$$;
-- Who may be named: at work on the case by their agency, allowed to keep a list, not the actor.
CREATE FUNCTION kasane.may_rescue(case_key uuid, member_key uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT kasane.may_shield(member_key) AND EXISTS (
        SELECT 1 FROM public.agencies_membership AS m
        JOIN public.agencies_user AS u ON u.id = m.user_id AND u.is_active
        JOIN public.cases_casegrant AS g ON g.group_id = m.agency_id
         AND g.content_object_id = case_key AND g.basis <> 'own_records'
         AND g.revoked_at IS NULL AND g.period @> now()
        WHERE m.id = member_key AND m.user_id <> (kasane.actor()).user_id)
$$;

CREATE FUNCTION kasane.stranded_shields()
RETURNS TABLE (shield_id uuid, number text, rescue_id uuid, people uuid[], is_mine boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.id, s.number, r.id, r.people, r.named_user = who.user_id
    FROM kasane.actor() AS who
    JOIN kasane.stranded AS s ON s.municipality_id = who.municipality_id
    LEFT JOIN kasane.shield_rescue AS r ON r.shield_id = s.id AND r.confirmed_at IS NULL
    WHERE kasane.is_office_head() OR who.privacy_city_id IS NOT NULL
    ORDER BY s.number
$$;
CREATE FUNCTION kasane.rescue_candidates(shield_key uuid) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT m.id FROM kasane.stranded AS s
    JOIN public.agencies_membership AS m ON kasane.may_rescue(s.case_id, m.id)
    WHERE s.id = shield_key AND s.municipality_id = (kasane.actor()).municipality_id
      AND kasane.is_office_head()
$$;
CREATE FUNCTION kasane.name_rescue(key uuid, shield_key uuid, members uuid[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who kasane.acting := kasane.actor();
BEGIN
    IF kasane.is_office_head() IS NOT TRUE OR who.is_confirmed IS NOT TRUE OR NOT EXISTS (
        SELECT 1 FROM kasane.stranded AS s
        WHERE s.id = shield_key AND s.municipality_id = who.municipality_id
          AND (SELECT count(DISTINCT m.user_id) = 2 AND bool_and(kasane.may_rescue(s.case_id, m.id))
               FROM public.agencies_membership AS m WHERE m.id = ANY (members)))
    THEN
        RAISE EXCEPTION 'no list to fill' USING ERRCODE = 'insufficient_privilege';
    END IF;
    DELETE FROM kasane.shield_rescue AS r
    WHERE r.shield_id = shield_key AND r.confirmed_at IS NULL;
    INSERT INTO kasane.shield_rescue (id, shield_id, people, named_by, named_user)
    VALUES (key, shield_key, members, who.membership_id, who.user_id);
END
$$;
-- The second person; from now on the two stand on the list.
CREATE FUNCTION kasane.confirm_rescue(key uuid) RETURNS uuid[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who kasane.acting := kasane.actor();
    found kasane.shield_rescue;
BEGIN
    SELECT r.* INTO found FROM kasane.shield_rescue AS r
    JOIN kasane.stranded AS s ON s.id = r.shield_id
    WHERE r.id = key AND r.confirmed_at IS NULL AND s.municipality_id = who.privacy_city_id
      AND who.is_confirmed AND r.named_user <> who.user_id
      AND (SELECT bool_and(kasane.may_rescue(s.case_id, p.id)) FROM unnest(r.people) AS p(id))
    FOR UPDATE OF r;
    IF found.id IS NULL THEN
        RAISE EXCEPTION 'no list to fill' USING ERRCODE = 'insufficient_privilege';
    END IF;
    UPDATE kasane.shield_rescue AS r SET confirmed_by = who.membership_id, confirmed_at = now()
    WHERE r.id = key;
    INSERT INTO public.cases_shieldmember (id, shield_id, membership_id, added_by_id, added_at)
    SELECT gen_random_uuid(), found.shield_id, p.id, found.named_by, now()
    FROM unnest(found.people) AS p(id)
    ON CONFLICT DO NOTHING;
    RETURN found.people;
END
$$;
"""

UNDO = """
DROP FUNCTION kasane.confirm_rescue(uuid);
DROP FUNCTION kasane.name_rescue(uuid, uuid, uuid[]);
DROP FUNCTION kasane.rescue_candidates(uuid);
DROP FUNCTION kasane.stranded_shields();
DROP FUNCTION kasane.may_rescue(uuid, uuid);
DROP FUNCTION kasane.is_office_head();
DROP VIEW kasane.stranded;
DROP TABLE kasane.shield_rescue;
"""

FOR_ALL = (
    "stranded_shields()",
    "rescue_candidates(uuid)",
    "name_rescue(uuid, uuid, uuid[])",
    "confirm_rescue(uuid)",
)


def grant_functions(apps, schema_editor):
    role = schema_editor.quote_name(settings.KASANE_APP_ROLE)
    for name in (*FOR_ALL, "may_rescue(uuid, uuid)", "is_office_head()"):
        schema_editor.execute(f"REVOKE ALL ON FUNCTION kasane.{name} FROM PUBLIC")
    for name in FOR_ALL:
        schema_editor.execute(f"GRANT EXECUTE ON FUNCTION kasane.{name} TO {role}")


class Migration(migrations.Migration):
    dependencies = [("cases", "0018_shield_proposals"), ("agencies", "0014_wrong_codes")]

    operations = [
        migrations.RunSQL(TABLE + FUNCTIONS, UNDO),
        migrations.RunPython(grant_functions, migrations.RunPython.noop),
    ]
