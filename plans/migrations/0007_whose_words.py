"""Whoever reads a plan may be the one to decide on it: its words stay its author's (V2)."""

from django.db import migrations

GUARDS = """
CREATE FUNCTION kasane.guard_plan() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me kasane.acting := kasane.actor();
    -- What a decision, a review and an end say: by whoever takes that step.
    steps text[] := ARRAY['status', 'decided_at', 'decided_by_id', 'decided_in', 'ended_at',
        'review_on', 'lead_agency_after_id', 'version'];
BEGIN
    IF pg_has_role(current_user, (SELECT c.relowner FROM pg_class AS c WHERE c.oid = TG_RELID),
                   'MEMBER') THEN
        RETURN NEW;
    END IF;
    IF NEW.decided_by_id IS DISTINCT FROM OLD.decided_by_id AND NEW.decided_by_id IS NOT NULL
       AND NEW.decided_by_id IS DISTINCT FROM me.membership_id THEN
        RAISE EXCEPTION 'decided by whoever says so' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF to_jsonb(NEW) - steps <> to_jsonb(OLD) - steps AND NOT EXISTS (
        SELECT 1 FROM public.cases_record AS r
        WHERE r.id = OLD.record_id AND r.author_agency_id = me.agency_id) THEN
        RAISE EXCEPTION 'the words of a plan are its author''s'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guard_plan BEFORE UPDATE ON public.plans_plan
    FOR EACH ROW EXECUTE FUNCTION kasane.guard_plan();

-- A line of the role table: its agency, or the plan's author's.
CREATE FUNCTION kasane.guard_task() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    mine integer := (kasane.actor()).agency_id;
BEGIN
    IF (NEW.status IS DISTINCT FROM OLD.status OR NEW.done_on IS DISTINCT FROM OLD.done_on)
       AND NEW.agency_id IS DISTINCT FROM mine
       AND NOT EXISTS (SELECT 1 FROM public.cases_record AS r
                       WHERE r.id = NEW.plan_id AND r.author_agency_id = mine)
       AND NOT pg_has_role(current_user, (SELECT c.relowner FROM pg_class AS c
                                          WHERE c.oid = TG_RELID), 'MEMBER') THEN
        RAISE EXCEPTION 'a task is done by its agency' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guard_task BEFORE UPDATE ON public.plans_supportitem
    FOR EACH ROW EXECUTE FUNCTION kasane.guard_task();
"""
UNGUARDED = """
DROP TRIGGER guard_plan ON public.plans_plan;
DROP FUNCTION kasane.guard_plan();
DROP TRIGGER guard_task ON public.plans_supportitem;
DROP FUNCTION kasane.guard_task();
"""


class Migration(migrations.Migration):
    dependencies = [("plans", "0006_lists"), ("cases", "0036_changed_at_work")]

    operations = [migrations.RunSQL(GUARDS, UNGUARDED)]
