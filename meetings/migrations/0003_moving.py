"""A sitting is moved after its notice: what is sealed follows, whoever moves it."""

from django.conf import settings
from django.db import migrations

# V6: an item closes a number of days after its sitting (guard_item, 0002). Who moves the sitting
# need not see its sealed items, so the database moves their end.
WINDOWS = """
CREATE FUNCTION kasane.move_windows() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE public.meetings_agendaitem AS i
    -- Moved so far back that it would close before it opened: it was open for a second.
    SET open_period = tstzrange(LEAST(lower(i.open_period), w.until - interval '1 second'), w.until)
    FROM public.agencies_conferencetype AS t
    CROSS JOIN LATERAL (SELECT (NEW.on + 1 + COALESCE(t.closes_after_days, 7))::timestamp
                               AT TIME ZONE 'Asia/Tokyo' AS until) AS w
    WHERE t.id = i.conference_type_id AND i.sitting_id = NEW.id
      AND i.basis = 'secrecy' AND i.open_period IS NOT NULL;
    RETURN NULL;
END
$$;
CREATE TRIGGER move_windows AFTER UPDATE OF "on" ON public.meetings_sitting
    FOR EACH ROW WHEN (NEW."on" IS NOT NULL AND NEW."on" IS DISTINCT FROM OLD."on")
    EXECUTE FUNCTION kasane.move_windows();
"""

# Who was asked to come: the agencies of items with consent, and the appointed, each once. Answered
# to the scheduler alone: whoever moves the sitting must not learn that somebody is appointed.
ASKED = """
CREATE FUNCTION kasane.asked_to_sitting(sitting_key uuid)
RETURNS TABLE (agency_id integer, membership_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT a.id, NULL::uuid
    FROM public.meetings_agendaitem AS i
    CROSS JOIN unnest(CASE i.state WHEN 'noticed' THEN i.participant_ids ELSE '{}' END
                      || i.proposing_agency_id) AS a(id)
    WHERE (kasane.actor()).system_name = 'scheduler' AND i.sitting_id = sitting_key
      AND i.basis = 'consent' AND i.state <> 'withdrawn'
    UNION
    SELECT m.agency_id, m.id
    FROM public.meetings_itemgrant AS g
    JOIN public.meetings_agendaitem AS i ON i.id = g.content_object_id
    JOIN public.agencies_membership AS m ON m.id = g.membership_id
    WHERE (kasane.actor()).system_name = 'scheduler' AND i.sitting_id = sitting_key
      AND i.state <> 'withdrawn' AND g.revoked_at IS NULL
$$;
"""

UNDO = """
DROP FUNCTION kasane.asked_to_sitting(uuid);
DROP TRIGGER move_windows ON public.meetings_sitting;
DROP FUNCTION kasane.move_windows();
"""


def grant_functions(apps, schema_editor):
    role = schema_editor.quote_name(settings.KASANE_APP_ROLE)
    for function in ("kasane.move_windows()", "kasane.asked_to_sitting(uuid)"):
        schema_editor.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    schema_editor.execute(f"GRANT EXECUTE ON FUNCTION kasane.asked_to_sitting(uuid) TO {role}")


class Migration(migrations.Migration):
    dependencies = [("meetings", "0002_gate")]

    operations = [
        migrations.RunSQL(WINDOWS + ASKED, UNDO),
        migrations.RunPython(grant_functions, migrations.RunPython.noop),
    ]
