"""What a conference is asked about and what it decided stands: a plan's text, goals and role table
change while it is 案 or 差戻し alone; afterwards a new plan takes its place (再プラン). A monitoring
and an evaluation are written once; a later one says otherwise."""

from django.conf import settings
from django.db import migrations

STANDS = """
CREATE FUNCTION kasane.plan_stands() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    name text;
BEGIN
    IF OLD.status IN ('draft', 'returned')
       OR pg_has_role(session_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE')
    THEN
        RETURN NEW;  -- the latter: migrations and proofs
    END IF;
    FOREACH name IN ARRAY TG_ARGV LOOP
        IF to_jsonb(NEW) -> name IS DISTINCT FROM to_jsonb(OLD) -> name THEN
            RAISE EXCEPTION 'the text of a plan laid before a conference stands'
                USING ERRCODE = 'check_violation';
        END IF;
    END LOOP;
    RETURN NEW;
END
$$;
CREATE FUNCTION kasane.plan_part_stands() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part jsonb := to_jsonb(CASE WHEN TG_OP = 'INSERT' THEN NEW ELSE OLD END);
    name text;
    is_changed boolean := TG_OP <> 'UPDATE';
BEGIN
    IF pg_has_role(session_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
        RETURN COALESCE(NEW, OLD);  -- migrations and proofs
    END IF;
    IF TG_OP = 'UPDATE' THEN
        FOREACH name IN ARRAY TG_ARGV LOOP
            is_changed := is_changed
                OR to_jsonb(NEW) -> name IS DISTINCT FROM to_jsonb(OLD) -> name;
        END LOOP;
    END IF;
    IF is_changed AND NOT EXISTS (
        SELECT 1 FROM public.plans_plan AS p
        WHERE p.record_id = (part ->> 'plan_id')::uuid AND p.status IN ('draft', 'returned')) THEN
        RAISE EXCEPTION 'the parts of a plan laid before a conference stand'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN COALESCE(NEW, OLD);
END
$$;
CREATE TRIGGER plan_stands BEFORE UPDATE ON public.plans_plan
    FOR EACH ROW EXECUTE FUNCTION kasane.plan_stands(
        'programme', 'sequence', 'former_id', 'wishes', 'problems', 'aim', 'links_outreach',
        'links_participation', 'starts_on', 'ends_on', 'signed_on', 'signature_note');
CREATE TRIGGER plan_part_stands BEFORE INSERT OR UPDATE OR DELETE ON public.plans_goal
    FOR EACH ROW EXECUTE FUNCTION kasane.plan_part_stands('plan_id', 'order', 'text', 'target_on');
CREATE TRIGGER plan_part_stands BEFORE INSERT OR UPDATE OR DELETE ON public.plans_supportitem
    FOR EACH ROW EXECUTE FUNCTION kasane.plan_part_stands(
        'plan_id', 'order', 'goal_id', 'content', 'agency_id', 'frequency', 'until');
"""
GOES = """
DROP TRIGGER plan_stands ON public.plans_plan;
DROP TRIGGER plan_part_stands ON public.plans_goal;
DROP TRIGGER plan_part_stands ON public.plans_supportitem;
DROP FUNCTION kasane.plan_stands();
DROP FUNCTION kasane.plan_part_stands();
"""
ONCE = ("plans_monitoring", "plans_evaluation")


def written_once(apps, schema_editor):
    role = schema_editor.quote_name(settings.KASANE_APP_ROLE)
    for table in ONCE:
        schema_editor.execute(f"REVOKE UPDATE ON {table} FROM {role}")
        schema_editor.execute(f"DROP POLICY gate_change ON {table}")


class Migration(migrations.Migration):
    dependencies = [("plans", "0007_whose_words")]

    operations = [
        migrations.RunSQL(STANDS, GOES),
        migrations.RunPython(written_once),
    ]
