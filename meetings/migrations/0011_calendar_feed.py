"""カレンダーの購読: which sittings a calendar program is told of, by the word in a feed's address
alone (nobody acts) or for whoever acts; and how often a sitting changed since it was made."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Now

import config.lib.ids
from config.lib.rowsecurity import Gate, actor

MINE = f"""meetings_calendarfeed.membership_id = {actor("membership_id")}
    AND {actor("agency_id")} IS NOT NULL"""

TODAY = "(now() AT TIME ZONE 'Asia/Tokyo')::date"


CHANGES = """
CREATE FUNCTION kasane.count_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.sequence := OLD.sequence;
    NEW.changed_at := OLD.changed_at;
    IF (NEW.on, NEW.starts_at, NEW.ends_at, NEW.place,
        NEW.state = 'cancelled', NEW.state IN ('undated', 'planned')) IS DISTINCT FROM
       (OLD.on, OLD.starts_at, OLD.ends_at, OLD.place,
        OLD.state = 'cancelled', OLD.state IN ('undated', 'planned')) THEN
        NEW.sequence := OLD.sequence + 1;
        NEW.changed_at := now();
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER count_change BEFORE UPDATE ON public.meetings_sitting
    FOR EACH ROW EXECUTE FUNCTION kasane.count_change();
"""

# Days and rooms alone: it reads no item, no appointment and no list (V6). A row without a sitting
# says that the address holds and there is nothing to tell; no row, that it does not.
FEED = f"""
CREATE FUNCTION kasane.sittings_told(address_hash bytea) RETURNS TABLE (
    id uuid, bodies text, held_on date, starts_at time, ends_at time, place text, state text,
    sequence integer, changed_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := (kasane.actor()).membership_id;
    home integer;
    city bigint;
    own bigint[];
BEGIN
    IF address_hash IS NOT NULL THEN
        SELECT f.membership_id INTO me FROM public.meetings_calendarfeed AS f
        WHERE f.digest = address_hash;
    END IF;
    -- It works today, as `kasane.act` asks, and reads cases: no guest's does.
    SELECT m.agency_id, a.municipality_id INTO home, city
    FROM public.agencies_membership AS m
    JOIN public.agencies_role AS r ON r.key = m.role_id
    JOIN public.agencies_agency AS a ON a.group_id = m.agency_id
    JOIN public.agencies_user AS u ON u.id = m.user_id
    WHERE m.id = me AND u.is_active AND 'cases.read' = ANY (r.permissions)
      AND m.confirmed_at IS NOT NULL AND m.since <= {TODAY}
      AND (m.until IS NULL OR m.until >= {TODAY})
      AND (a.ended_on IS NULL OR a.ended_on >= {TODAY});
    IF NOT FOUND THEN
        RETURN;
    END IF;
    own := ARRAY(
        SELECT t.id FROM public.agencies_conferencetype AS t
        WHERE t.municipality_id = city AND (t.ended_on IS NULL OR t.ended_on > {TODAY})
          AND (home IN (t.host_id, t.secretariat_id) OR EXISTS (
            SELECT 1 FROM public.agencies_standingmember AS s
            WHERE s.conference_type_id = t.id AND s.agency_id = home AND NOT s.is_by_item
              AND (s.ended_on IS NULL OR s.ended_on > {TODAY}))));
    RETURN QUERY
    SELECT s.id, string_agg(t.name, '・' ORDER BY t."order", t.id), s.on, s.starts_at, s.ends_at,
           s.place::text, s.state::text, s.sequence, s.changed_at
    FROM public.meetings_sitting AS s
    JOIN public.meetings_sitting_conference_types AS l ON l.sitting_id = s.id
    JOIN public.agencies_conferencetype AS t ON t.id = l.conferencetype_id
    WHERE s.municipality_id = city AND s.on >= {TODAY} - 60
    GROUP BY s.id
    HAVING own = '{{}}' OR array_agg(t.id) && own
    ORDER BY s.on, s.starts_at, s.id;
    IF NOT FOUND THEN
        RETURN NEXT;
    END IF;
END
$$;
"""
UNDO = """
DROP FUNCTION kasane.sittings_told(bytea);
DROP TRIGGER count_change ON public.meetings_sitting;
DROP FUNCTION kasane.count_change();
"""


def grant(apps, schema_editor):
    role = schema_editor.quote_name(settings.KASANE_APP_ROLE)
    name = "kasane.sittings_told(bytea)"
    schema_editor.execute(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
    schema_editor.execute(f"GRANT EXECUTE ON FUNCTION {name} TO {role}")


class Migration(migrations.Migration):
    dependencies = [("agencies", "0020_closing_days"), ("meetings", "0010_cancelling")]

    operations = [
        migrations.AddField(
            model_name="sitting",
            name="changed_at",
            field=models.DateTimeField(
                db_default=Now(), default=django.utils.timezone.now, editable=False
            ),
        ),
        migrations.AddField(
            model_name="sitting",
            name="sequence",
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.CreateModel(
            name="CalendarFeed",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=config.lib.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("digest", models.BinaryField(null=True, unique=True)),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "membership",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.membership",
                    ),
                ),
            ],
        ),
        Gate(
            "meetings_calendarfeed",
            read=MINE,
            insert=MINE,
            update="true",  # of what one reads; whose it is, no change can touch
            columns=("digest", "made_at"),
        ),
        migrations.RunSQL(CHANGES + FEED, UNDO),
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]
