"""Plans are records: their tables ask whether the record is visible (V2, V3, V6)."""

from django.conf import settings
from django.db import migrations

from config.lib.rowsecurity import Gate, actor, system

AGENCY = actor("agency_id")


def of_record(table):
    return f"EXISTS (SELECT 1 FROM cases_record AS r WHERE r.id = {table}.record_id)"


def in_record(table):
    return (
        f"EXISTS (SELECT 1 FROM cases_record AS r WHERE r.id = {table}.record_id"
        f" AND r.author_agency_id = {AGENCY})"
    )


def of_plan(table, key="plan_id"):
    return f"EXISTS (SELECT 1 FROM plans_plan AS p WHERE p.record_id = {table}.{key})"


def in_plan(table):
    """Goals and role table are written by the agency that writes the plan."""
    return (
        f"EXISTS (SELECT 1 FROM plans_plan AS p JOIN cases_record AS r ON r.id = p.record_id"
        f" WHERE p.record_id = {table}.plan_id AND r.author_agency_id = {AGENCY})"
    )


FIGURES = system("statistics")
DATES = system("scheduler")

# A plan is decided by a conference or an agency that did not write it: whoever reads it may be
# the one to change its state; plans.operations says who, plans_planstep who it was.
PLAN = f"{FIGURES} OR {DATES} OR {of_record('plans_plan')}"

# The scheduler reminds: it needs the author's agency and the city's days, and no record.
REVIEW = """
CREATE FUNCTION kasane.plans_to_review(day date)
RETURNS TABLE (plan_id uuid, review_on date, agency_id integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT p.record_id, p.review_on, r.author_agency_id
    FROM public.plans_plan AS p
    JOIN public.cases_record AS r ON r.id = p.record_id
    JOIN public.agencies_agency AS a ON a.group_id = r.author_agency_id
    JOIN public.agencies_municipality AS m ON m.id = a.municipality_id
    WHERE (kasane.actor()).system_name = 'scheduler' AND p.status = 'in_force'
      AND p.review_on - COALESCE(m.reminder_days, 14)::integer <= day
$$;
"""

# Who of the role table reads the plan, and how many tasks each has: for the warning before a
# conference and for the notices after it, which go to nobody who may not read the plan (V15).
# Answered to who reads the plan by the same rule, and to whoever has taken a step of it.
# `agency_reads` belongs to the owner alone: the application's login cannot ask it.
REACH = """
CREATE FUNCTION kasane.agency_reads(record_key uuid, agency integer) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (
        SELECT 1 FROM public.cases_record AS r
        WHERE r.id = record_key AND r.carry_out_id IS NULL AND (
            r.author_agency_id = agency
            OR (r.audience = 'team' AND r.is_household AND EXISTS (
                SELECT 1 FROM public.cases_casegrant AS g
                WHERE g.group_id = agency AND g.content_object_id = r.case_id
                  AND g.covers_household AND r.category = ANY (g.categories)
                  AND g.revoked_at IS NULL AND g.period @> now()))
            OR (r.audience = 'team' AND NOT r.is_household AND r.person_ids <@ ARRAY(
                SELECT g.person_id FROM public.cases_casegrant AS g
                WHERE g.group_id = agency AND g.content_object_id = r.case_id
                  AND g.person_id IS NOT NULL AND r.category = ANY (g.categories)
                  AND g.revoked_at IS NULL AND g.period @> now()))))
$$;
CREATE FUNCTION kasane.plan_reach(plan_key uuid)
RETURNS TABLE (agency_id integer, tasks integer, reads boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT i.agency_id, count(*)::integer, kasane.agency_reads(plan_key, i.agency_id)
    FROM public.plans_supportitem AS i
    WHERE i.plan_id = plan_key AND (
        kasane.agency_reads(plan_key, (kasane.actor()).agency_id)
        OR EXISTS (SELECT 1 FROM public.plans_planstep AS s
            WHERE s.plan_id = plan_key AND s.by_id = (kasane.actor()).membership_id))
    GROUP BY i.agency_id
$$;
"""
UNDO = """
DROP FUNCTION kasane.plan_reach(uuid);
DROP FUNCTION kasane.agency_reads(uuid, integer);
DROP FUNCTION kasane.plans_to_review(date);
"""


def grant_functions(apps, schema_editor):
    role = schema_editor.quote_name(settings.KASANE_APP_ROLE)
    schema_editor.execute("REVOKE ALL ON FUNCTION kasane.agency_reads(uuid, integer) FROM PUBLIC")
    for function in ("kasane.plans_to_review(date)", "kasane.plan_reach(uuid)"):
        schema_editor.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        schema_editor.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {role}")


class Migration(migrations.Migration):
    dependencies = [("plans", "0001_initial"), ("cases", "0002_gate")]

    operations = [
        migrations.RunSQL(REVIEW + REACH, UNDO),
        migrations.RunPython(grant_functions, migrations.RunPython.noop),
        Gate(
            "plans_plan",
            read=PLAN,
            insert=in_record("plans_plan"),
            update=of_record("plans_plan"),
        ),
        Gate(
            "plans_historicalplan",
            read=of_plan("plans_historicalplan", "record_id"),
            insert=of_plan("plans_historicalplan", "record_id"),
        ),
        Gate(
            "plans_goal",
            read=f"{FIGURES} OR {of_plan('plans_goal')}",
            insert=in_plan("plans_goal"),
            update=in_plan("plans_goal"),
            delete=in_plan("plans_goal"),
        ),
        # Whoever reads the plan may be the agency of a line that says it is done.
        Gate(
            "plans_supportitem",
            read=f"{FIGURES} OR {of_plan('plans_supportitem')}",
            insert=in_plan("plans_supportitem"),
            update=of_plan("plans_supportitem"),
            delete=in_plan("plans_supportitem"),
            columns=("status", "done_on"),
        ),
        Gate(
            "plans_planstep",
            read=f"{FIGURES} OR {of_plan('plans_planstep')}",
            insert=f"plans_planstep.by_id = {actor('membership_id')}"
            f" AND {of_plan('plans_planstep')}",
        ),
        *(
            Gate(
                table,
                read=f"{FIGURES} OR {of_record(table)}",
                insert=in_record(table),
                update=in_record(table),
            )
            for table in ("plans_monitoring", "plans_evaluation")
        ),
    ]
