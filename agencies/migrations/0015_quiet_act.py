"""What a page does by itself, like keeping a draft every few seconds, does not prolong the session:
`kasane.act` is told when nobody has pressed anything."""

from django.conf import settings
from django.db import migrations

ACT = """
DROP FUNCTION kasane.act(text, uuid);
CREATE FUNCTION kasane.act(
    secret text, membership uuid, is_quiet boolean DEFAULT false) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    today date := (now() AT TIME ZONE 'Asia/Tokyo')::date;
    live kasane.session;
    facts kasane.acting;
BEGIN
    PERFORM set_config('kasane.actor', '', true);
    SELECT s.* INTO live FROM kasane.session AS s
    WHERE s.token = kasane.hashed(secret) AND s.ended_at IS NULL AND NOT s.is_half
      AND (s.kind = 'worker' OR s.opened_at > now() - interval '12 hours')
      AND (s.kind <> 'person' OR s.seen_at > now() - interval '30 minutes');
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    SELECT m.id, m.user_id,
           CASE WHEN 'cases.read' = ANY (r.permissions) THEN m.agency_id END,
           m.agency_id, a.municipality_id, m.system_name,
           CASE WHEN 'agencies.review_access' = ANY (r.permissions) THEN a.municipality_id END,
           CASE WHEN 'cases.office_hints' = ANY (r.permissions) THEN a.municipality_id END,
           live.kind <> 'person' OR kasane.is_confirmed(live)
    INTO facts
    FROM public.agencies_membership AS m
    LEFT JOIN public.agencies_role AS r ON r.key = m.role_id
    LEFT JOIN public.agencies_agency AS a ON a.group_id = m.agency_id
    LEFT JOIN public.agencies_user AS u ON u.id = m.user_id
    WHERE m.id = membership
      AND CASE live.kind WHEN 'person' THEN m.user_id = live.user_id
                         WHEN 'worker' THEN m.user_id IS NULL
                         ELSE true END
      AND m.confirmed_at IS NOT NULL
      AND (m.user_id IS NULL OR u.is_active)
      AND m.since <= today
      AND (m.until IS NULL OR m.until >= today)
      AND (a.ended_on IS NULL OR a.ended_on >= today);
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF live.kind = 'person' AND NOT is_quiet AND live.seen_at < now() - interval '1 minute' THEN
        -- Another request of the same session may be noting it just now: do not wait for it.
        UPDATE kasane.session AS s SET seen_at = now()
        WHERE s.token IN (SELECT o.token FROM kasane.session AS o
                          WHERE o.token = live.token FOR UPDATE SKIP LOCKED);
    END IF;
    PERFORM set_config('kasane.actor', kasane.signature(facts::text) || facts::text, true);
    RETURN true;
END
$$;
"""


def grant(apps, schema_editor):
    role = schema_editor.quote_name(settings.KASANE_APP_ROLE)
    name = "kasane.act(text, uuid, boolean)"
    schema_editor.execute(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
    schema_editor.execute(f"GRANT EXECUTE ON FUNCTION {name} TO {role}")


class Migration(migrations.Migration):
    dependencies = [("agencies", "0014_wrong_codes")]

    operations = [
        migrations.RunSQL(ACT),
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]
