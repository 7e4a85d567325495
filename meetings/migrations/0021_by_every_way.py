"""What was found by attacking 次第 and the running sitting: no move is refused because of something
sealed; who runs a sitting decides in it, nobody else by no statement; an interest that was declared
stays declared while the sitting runs; a column holds what its form lets in (three code points for
each character, config.lib.text)."""

from importlib import import_module

from django.db import migrations, models

OWNER = import_module("meetings.migrations.0016_agenda").OWNER

# V6, V15: the ends of sealed items move with the day (move_windows, 0003) before their hours do:
# the other way round an item that began would be found to stay open too long, and an earlier day
# and hour be refused just because it is there. Triggers fire in the order of their names.
ORDER = """
DROP TRIGGER {old} ON public.meetings_sitting;
CREATE TRIGGER {new} AFTER UPDATE OF "on", starts_at ON public.meetings_sitting
    FOR EACH ROW WHEN (NEW."on" IS DISTINCT FROM OLD."on"
        OR NEW.starts_at IS DISTINCT FROM OLD.starts_at)
    EXECUTE FUNCTION kasane.ask_anew();
"""

OFFICE = """COALESCE(mine IN (t.secretariat_id, t.host_id), false) OR EXISTS (
    SELECT 1 FROM public.agencies_secretariatmember AS l
    WHERE l.conference_type_id = t.id AND l.membership_id = me
      AND l.fiscal_year = kasane.fiscal_year()
      AND l.pledged_at IS NOT NULL AND l.ended_at IS NULL)"""

GUARDS = f"""
-- The policy lets who proposed an item change it; it is begun and decided by who runs its sitting,
-- while that runs (sealed, until it closes), under their own name, once.
CREATE FUNCTION kasane.guard_decision() RETURNS trigger
LANGUAGE plpgsql SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := (kasane.actor()).membership_id;
    mine integer := (kasane.actor()).agency_id;
BEGIN
    IF {OWNER} THEN
        RETURN NULL;
    END IF;
    IF OLD.state = 'decided'
       OR (NEW.state = 'decided' AND NEW.decided_by_id IS DISTINCT FROM me)
       OR NOT EXISTS (
        SELECT 1 FROM public.agencies_conferencetype AS t
        JOIN public.meetings_sitting AS s ON s.id = NEW.sitting_id
        WHERE t.id = NEW.conference_type_id AND ({OFFICE})
          AND (s.state = 'open' OR (NEW.basis = 'secrecy' AND s.state = 'closed'))) THEN
        RAISE EXCEPTION 'decided by who runs the sitting, once'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER guard_decision AFTER UPDATE ON public.meetings_agendaitem
    FOR EACH ROW WHEN (
        (NEW.state = 'decided') IS DISTINCT FROM (OLD.state = 'decided')
        OR (NEW.decision, NEW.decided_at, NEW.decided_by_id, NEW.begun_at)
            IS DISTINCT FROM (OLD.decision, OLD.decided_at, OLD.decided_by_id, OLD.begun_at))
    EXECUTE FUNCTION kasane.guard_decision();

-- 利害関係: declared by oneself; once the sitting runs, the office alone says otherwise.
CREATE FUNCTION kasane.guard_interest() RETURNS trigger
LANGUAGE plpgsql SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := (kasane.actor()).membership_id;
    mine integer := (kasane.actor()).agency_id;
    item uuid;
BEGIN
    IF {OWNER} THEN
        RETURN NULL;
    END IF;
    item := (to_jsonb(NEW) ->> TG_ARGV[0])::uuid;
    IF NOT EXISTS (
        SELECT 1 FROM public.meetings_agendaitem AS i
        JOIN public.agencies_conferencetype AS t ON t.id = i.conference_type_id
        JOIN public.meetings_sitting AS s ON s.id = i.sitting_id
        WHERE i.id = item
          AND (s.state IN ('undated', 'planned', 'noticed') OR ({OFFICE}))) THEN
        RAISE EXCEPTION 'an interest is declared before the sitting'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER guard_interest AFTER UPDATE OF has_conflict ON public.meetings_itemattendance
    FOR EACH ROW WHEN (NEW.agency_id IS NOT NULL AND NEW.has_conflict <> OLD.has_conflict)
    EXECUTE FUNCTION kasane.guard_interest('item_id');
CREATE TRIGGER guard_interest AFTER UPDATE OF has_conflict ON public.meetings_itemgrant
    FOR EACH ROW WHEN (NEW.has_conflict <> OLD.has_conflict)
    EXECUTE FUNCTION kasane.guard_interest('content_object_id');
REVOKE ALL ON FUNCTION kasane.guard_decision() FROM PUBLIC;
REVOKE ALL ON FUNCTION kasane.guard_interest() FROM PUBLIC;
"""

UNDO = """
DROP TRIGGER guard_interest ON public.meetings_itemgrant;
DROP TRIGGER guard_interest ON public.meetings_itemattendance;
DROP TRIGGER guard_decision ON public.meetings_agendaitem;
DROP FUNCTION kasane.guard_interest();
DROP FUNCTION kasane.guard_decision();
"""


class Migration(migrations.Migration):
    dependencies = [("meetings", "0020_amending")]

    operations = [
        migrations.RunSQL(
            ORDER.format(old="ask_anew", new="then_ask_anew"),
            ORDER.format(old="then_ask_anew", new="ask_anew"),
        ),
        migrations.RunSQL(GUARDS, UNDO),
        migrations.AlterField(
            model_name="agendaitem",
            name="title",
            field=models.CharField(max_length=600),
        ),
        migrations.AlterField(  # 「氏名（所属）」 of somebody on paper
            model_name="itemattendance",
            name="name",
            field=models.CharField(blank=True, max_length=610),
        ),
        migrations.AlterField(
            model_name="itemattendance",
            name="organisation",
            field=models.CharField(blank=True, db_default="", default="", max_length=300),
        ),
        migrations.AlterField(
            model_name="itemattendance",
            name="remark",
            field=models.CharField(blank=True, db_default="", default="", max_length=600),
        ),
        migrations.AlterField(
            model_name="itemperson",
            name="name",
            field=models.CharField(max_length=300, verbose_name="氏名"),
        ),
        migrations.AlterField(
            model_name="itemperson",
            name="organisation",
            field=models.CharField(max_length=300, verbose_name="所属・立場"),
        ),
        migrations.AlterField(
            model_name="informationrequest",
            name="about",
            field=models.CharField(max_length=600, verbose_name="だれについて"),
        ),
        migrations.AlterField(
            model_name="informationrequest",
            name="addressee",
            field=models.CharField(max_length=600, verbose_name="宛先"),
        ),
        migrations.AlterField(
            model_name="papercopy",
            name="holder",
            field=models.CharField(max_length=700),
        ),
        migrations.AlterField(
            model_name="series",
            name="place",
            field=models.CharField(blank=True, max_length=300, verbose_name="場所"),
        ),
        migrations.AlterField(
            model_name="sitting",
            name="cancel_reason",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=600, verbose_name="中止の理由"
            ),
        ),
        migrations.AlterField(
            model_name="sitting",
            name="place",
            field=models.CharField(blank=True, max_length=300),
        ),
    ]
