"""中止: a sitting is called off, what is sealed closes at once, and every item that waits in it goes
to its body's next sitting, whoever called it off and whatever they may not know of (V6, V15)."""

from importlib import import_module

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from config.lib.rowsecurity import Narrow

moving = import_module("meetings.migrations.0003_moving")
TODAY = "(now() AT TIME ZONE 'Asia/Tokyo')::date"
LIVE = "('undated', 'planned', 'noticed')"
WAITING = "('proposed', 'noticed', 'blocked')"

# A day and a room, no case: asked as whoever asks, by the same words on the page and by the worker.
NEXT = f"""
-- The body's next sitting that still takes items; one called ad hoc only where no regular one is
-- to come (and in bodies that meet as need arises, which have no other).
CREATE FUNCTION kasane.next_sitting(sitting_key uuid, body_key bigint) RETURNS uuid
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.id
    FROM public.meetings_sitting AS s
    JOIN public.meetings_sitting_conference_types AS l ON l.sitting_id = s.id
    JOIN public.meetings_sitting AS c ON c.id = sitting_key
    WHERE l.conferencetype_id = body_key AND s.state IN {LIVE}
      AND CASE WHEN s.on IS NULL
          THEN s.month > COALESCE(date_trunc('month', c.on)::date, c.month)
              AND s.month >= date_trunc('month', {TODAY})::date
          ELSE s.on > COALESCE(c.on, c.month - 1) AND s.on >= {TODAY} AND s.id <> c.id END
    ORDER BY s.is_ad_hoc, COALESCE(s.on, (s.month + interval '1 month - 1 day')::date), s.id
    LIMIT 1
$$;
"""

GUARDS = f"""
-- A sitting is cancelled once, before it is opened, by who says so, and stays cancelled.
CREATE FUNCTION kasane.guard_sitting() RETURNS trigger
LANGUAGE plpgsql SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF OLD.state = 'cancelled' THEN
        IF OLD.told_at IS NOT NULL OR NEW.told_at IS NULL
           OR (kasane.actor()).system_name IS DISTINCT FROM 'scheduler'
           OR to_jsonb(NEW) - 'told_at' IS DISTINCT FROM to_jsonb(OLD) - 'told_at' THEN
            RAISE EXCEPTION 'a cancelled sitting stays cancelled'
                USING ERRCODE = 'insufficient_privilege';
        END IF;
    ELSIF NEW.state = 'cancelled' AND (
        OLD.state NOT IN {LIVE} OR NEW.cancelled_at IS NULL OR NEW.told_at IS NOT NULL
        OR NEW.cancelled_by_id IS DISTINCT FROM (kasane.actor()).membership_id
        OR (OLD.state = 'noticed' AND NEW.cancel_reason = '')) THEN
        RAISE EXCEPTION 'not cancelled like this' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guard_sitting BEFORE UPDATE ON public.meetings_sitting
    FOR EACH ROW EXECUTE FUNCTION kasane.guard_sitting();

-- V6: who cancels need not see what is sealed, so the database closes it.
CREATE FUNCTION kasane.close_windows() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE public.meetings_agendaitem AS i SET open_period = NULL
    WHERE i.sitting_id = NEW.id AND i.basis = 'secrecy' AND i.open_period IS NOT NULL;
    RETURN NULL;
END
$$;
CREATE TRIGGER close_windows AFTER UPDATE OF state ON public.meetings_sitting
    FOR EACH ROW WHEN (NEW.state = 'cancelled' AND OLD.state <> 'cancelled')
    EXECUTE FUNCTION kasane.close_windows();

-- Nothing is put before a cancelled sitting and nothing opens in it; an item leaves its sitting
-- only for another of its body, and only when it was cancelled. After the gate has answered, as
-- guard_item (0008).
CREATE FUNCTION kasane.guard_put_off() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    held text := (SELECT s.state FROM public.meetings_sitting AS s WHERE s.id = NEW.sitting_id);
BEGIN
    IF held = 'cancelled' AND (
        TG_OP = 'INSERT' OR (NEW.basis = 'secrecy' AND NEW.open_period IS NOT NULL)) THEN
        RAISE EXCEPTION 'the sitting is cancelled' USING ERRCODE = 'check_violation';
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.sitting_id IS DISTINCT FROM OLD.sitting_id AND (
        held NOT IN {LIVE}
        OR NOT EXISTS (SELECT 1 FROM public.meetings_sitting AS s
            WHERE s.id = OLD.sitting_id AND s.state = 'cancelled')
        OR NOT EXISTS (SELECT 1 FROM public.meetings_sitting_conference_types AS l
            WHERE l.sitting_id = NEW.sitting_id
              AND l.conferencetype_id = NEW.conference_type_id)) THEN
        RAISE EXCEPTION 'an item stays in its sitting' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER guard_put_off AFTER INSERT OR UPDATE ON public.meetings_agendaitem
    FOR EACH ROW EXECUTE FUNCTION kasane.guard_put_off();

-- What hangs on an item follows it. V6: the pledge is for the item of that sitting: it is taken
-- anew, the appointment stands. A guest's account lasts as long as the item will.
CREATE FUNCTION kasane.follow_item() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE public.meetings_itemgrant AS g
    SET sitting_id = NEW.sitting_id,
        pledged_at = CASE WHEN g.revoked_at IS NULL THEN NULL ELSE g.pledged_at END
    WHERE g.content_object_id = NEW.id;
    UPDATE public.meetings_itemperson AS p
    SET pledged_on = NULL, registered_at = NULL, registered_by_id = NULL
    WHERE p.item_id = NEW.id AND p.revoked_at IS NULL AND p.pledged_on IS NOT NULL;
    UPDATE public.agencies_membership AS m
    SET until = s.on + COALESCE(t.closes_after_days, 7)
    FROM public.meetings_itemgrant AS g
    JOIN public.agencies_conferencetype AS t ON t.id = g.conference_type_id
    JOIN public.meetings_sitting AS s ON s.id = NEW.sitting_id AND s.on IS NOT NULL
    WHERE g.content_object_id = NEW.id AND g.membership_id = m.id AND m.role_id = 'guest'
      AND g.revoked_at IS NULL;
    RETURN NULL;
END
$$;
CREATE TRIGGER follow_item AFTER UPDATE OF sitting_id ON public.meetings_agendaitem
    FOR EACH ROW WHEN (NEW.sitting_id IS DISTINCT FROM OLD.sitting_id)
    EXECUTE FUNCTION kasane.follow_item();
"""

# As in 0002 and 0004, and: what follows its item to another sitting has no pledge. The columns that
# say where it stands are not the application's to change, nor is a pledge to take back.
PLEDGES = """
CREATE OR REPLACE FUNCTION kasane.guard_appointment() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := (kasane.actor()).membership_id;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.pledged_at IS NOT NULL OR NEW.revoked_at IS NOT NULL
           OR NEW.appointed_by_id IS DISTINCT FROM me
           OR NOT EXISTS (
            SELECT 1 FROM public.meetings_agendaitem AS i
            WHERE i.id = NEW.content_object_id AND i.basis = 'secrecy'
              AND i.conference_type_id = NEW.conference_type_id
              AND i.sitting_id = NEW.sitting_id) THEN
            RAISE EXCEPTION 'no such item' USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN NEW;
    END IF;
    {put_off}
    IF OLD.revoked_at IS NOT NULL
       OR (NEW.pledged_at IS DISTINCT FROM OLD.pledged_at
           AND (OLD.pledged_at IS NOT NULL OR NEW.membership_id IS DISTINCT FROM me)) THEN
        RAISE EXCEPTION 'a pledge is one''s own' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE OR REPLACE FUNCTION kasane.guard_item_person() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    body bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT i.conference_type_id INTO body
        FROM public.meetings_agendaitem AS i WHERE i.id = NEW.item_id;
        IF NOT kasane.is_head(NEW.decided_by_id, body) THEN
            RAISE EXCEPTION 'appointed by the head of the host'
                USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.revoked_at IS NOT NULL
       OR (NEW.pledged_on IS DISTINCT FROM OLD.pledged_on
           AND (OLD.pledged_on IS NOT NULL
                OR NEW.registered_by_id IS DISTINCT FROM (kasane.actor()).membership_id)
           {but}) THEN
        RAISE EXCEPTION 'a pledge is registered once' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
"""
PUT_OFF = """IF NEW.sitting_id IS DISTINCT FROM OLD.sitting_id THEN
        IF NEW.revoked_at IS DISTINCT FROM OLD.revoked_at
           OR (NEW.revoked_at IS NULL AND NEW.pledged_at IS NOT NULL)
           OR NOT EXISTS (
            SELECT 1 FROM public.meetings_agendaitem AS i
            WHERE i.id = NEW.content_object_id AND i.sitting_id = NEW.sitting_id) THEN
            RAISE EXCEPTION 'no such item' USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN NEW;
    END IF;"""
BUT = "AND NOT (NEW.pledged_on IS NULL AND (kasane.actor()).system_name = 'scheduler')"


def pledges(put_off, but):
    return PLEDGES.replace("{put_off}", put_off).replace("{but}", but)


# As in 0003, and: whoever got the notice of an item that was blocked or taken back since believes
# that the sitting is held.
ASKED = """
CREATE OR REPLACE FUNCTION kasane.asked_to_sitting(sitting_key uuid)
RETURNS TABLE (agency_id integer, membership_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH item AS (
        SELECT i.*, i.state = 'noticed' OR i.state IN ('blocked', 'withdrawn') AND EXISTS (
            SELECT 1 FROM public.meetings_itemstep AS n
            WHERE n.item_id = i.id AND n.name = 'notice' AND NOT EXISTS (
                SELECT 1 FROM public.meetings_itemstep AS p
                WHERE p.item_id = i.id AND p.name = 'put_off' AND p.at >= n.at)) AS was_noticed
        FROM public.meetings_agendaitem AS i
        WHERE (kasane.actor()).system_name = 'scheduler' AND i.sitting_id = sitting_key
    )
    SELECT a.id, NULL::uuid
    FROM item AS i
    CROSS JOIN unnest(CASE WHEN i.was_noticed THEN i.participant_ids ELSE '{}' END
                      || i.proposing_agency_id) AS a(id)
    WHERE i.basis = 'consent' AND (i.state <> 'withdrawn' OR i.was_noticed)
    UNION
    SELECT m.agency_id, m.id
    FROM public.meetings_itemgrant AS g
    JOIN item AS i ON i.id = g.content_object_id
    JOIN public.agencies_membership AS m ON m.id = g.membership_id
    WHERE (i.state <> 'withdrawn' OR i.was_noticed) AND g.revoked_at IS NULL
$$;
"""

# For the scheduler alone. What waits in a cancelled sitting, once everybody has been told of it (who
# was asked is read from its items), goes on to the next; V5 is asked again, because a consent may
# have lapsed since. Gives what `block_uncovered_items` gives of the items that a consent no longer
# covers. Sittings are locked before their items, as by every operation.
MOVES = f"""
CREATE FUNCTION kasane.put_off_items()
RETURNS TABLE (
    item_id uuid, sitting_id uuid, secretariat_id integer, proposing_agency_id integer,
    missing integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me uuid := (kasane.actor()).membership_id;
    place record;
    target uuid;
BEGIN
    IF (kasane.actor()).system_name IS DISTINCT FROM 'scheduler' THEN
        RETURN;
    END IF;
    FOR place IN
        SELECT DISTINCT c.id AS sitting, i.conference_type_id AS body
        FROM public.meetings_sitting AS c
        JOIN public.meetings_agendaitem AS i ON i.sitting_id = c.id
        WHERE c.state = 'cancelled' AND (c.told_at IS NOT NULL OR c.cancelled_at IS NULL)
          AND i.state IN {WAITING}
        ORDER BY 1, 2
    LOOP
        target := kasane.next_sitting(place.sitting, place.body);
        PERFORM 1 FROM public.meetings_sitting AS s
        WHERE s.id = target AND s.state IN {LIVE} FOR SHARE;
        CONTINUE WHEN NOT FOUND;
        RETURN QUERY
        WITH waiting AS (
            SELECT i.id,
                CASE WHEN i.basis = 'consent' AND i.case_id IS NOT NULL AND i.state <> 'blocked'
                THEN kasane.uncovered(i.case_id, i.person_ids, i.participant_ids) ELSE 0 END
                AS missing
            FROM public.meetings_agendaitem AS i
            WHERE i.sitting_id = place.sitting AND i.conference_type_id = place.body
              AND i.state IN {WAITING}
            ORDER BY i.id FOR UPDATE OF i
        ), gone AS (
            UPDATE public.meetings_agendaitem AS i
            SET sitting_id = target, version = i.version + 1,
                state = CASE WHEN i.state = 'blocked' OR w.missing > 0
                        THEN 'blocked' ELSE 'proposed' END,
                open_period = CASE i.basis WHEN 'secrecy' THEN NULL ELSE i.open_period END
            FROM waiting AS w WHERE w.id = i.id
            RETURNING i.id, i.state, i.conference_type_id, i.proposing_agency_id, w.missing
        ), steps AS (
            INSERT INTO public.meetings_itemstep (
                id, item_id, name, to_state, by_id, at, put_off_from_id)
            SELECT gen_random_uuid(), g.id, 'put_off', g.state, me, now(),
                place.sitting
            FROM gone AS g
        )
        SELECT g.id, target, t.secretariat_id, g.proposing_agency_id, g.missing
        FROM gone AS g JOIN public.agencies_conferencetype AS t ON t.id = g.conference_type_id
        WHERE g.missing > 0;
    END LOOP;
END
$$;
"""

UNDO = """
DROP FUNCTION kasane.put_off_items();
DROP TRIGGER follow_item ON public.meetings_agendaitem;
DROP TRIGGER guard_put_off ON public.meetings_agendaitem;
DROP TRIGGER close_windows ON public.meetings_sitting;
DROP TRIGGER guard_sitting ON public.meetings_sitting;
DROP FUNCTION kasane.follow_item();
DROP FUNCTION kasane.guard_put_off();
DROP FUNCTION kasane.close_windows();
DROP FUNCTION kasane.guard_sitting();
DROP FUNCTION kasane.next_sitting(uuid, bigint);
"""


def grant_functions(apps, schema_editor):
    role = schema_editor.quote_name(settings.KASANE_APP_ROLE)
    asked = ("next_sitting(uuid, bigint)", "put_off_items()")
    for function in ("guard_sitting()", "close_windows()", "guard_put_off()", "follow_item()",
                     *asked):  # fmt: skip
        schema_editor.execute(f"REVOKE ALL ON FUNCTION kasane.{function} FROM PUBLIC")
    for function in asked:
        schema_editor.execute(f"GRANT EXECUTE ON FUNCTION kasane.{function} TO {role}")


class Migration(migrations.Migration):
    dependencies = [("meetings", "0009_series")]

    operations = [
        migrations.AddField(
            model_name="sitting",
            name="cancelled_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="sitting",
            name="cancelled_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="agencies.membership",
            ),
        ),
        migrations.AddField(
            model_name="sitting",
            name="cancel_reason",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=200, verbose_name="中止の理由"
            ),
        ),
        migrations.AddField(
            model_name="sitting",
            name="told_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="itemstep",
            name="put_off_from",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="put_off",
                to="meetings.sitting",
            ),
        ),
        migrations.AddConstraint(
            model_name="sitting",
            constraint=models.CheckConstraint(
                name="sitting_cancelled_whole",
                condition=models.Q(
                    cancelled_at=None, cancelled_by=None, cancel_reason="", told_at=None
                )
                | models.Q(
                    state="cancelled", cancelled_at__isnull=False, cancelled_by__isnull=False
                ),
            ),
        ),
        migrations.RunSQL(
            NEXT + GUARDS + pledges(PUT_OFF, BUT) + ASKED + MOVES,
            UNDO + moving.ASKED.replace("CREATE", "CREATE OR REPLACE") + pledges("", ""),
        ),
        migrations.RunPython(grant_functions, migrations.RunPython.noop),
        # Where an item came from is said by who puts it off, and nobody else.
        Narrow(
            "meetings_itemstep",
            "put_off",
            insert="meetings_itemstep.put_off_from_id IS NULL"
            " AND meetings_itemstep.name <> 'put_off'",
        ),
    ]
