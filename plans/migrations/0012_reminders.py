"""What falls due in plans in force, and what nobody has done: whom to tell, asked by the scheduler."""

from django.conf import settings
from django.db import migrations, models

from config.lib.rowsecurity import quote

# Numbers of days stand in plans.operations.reach. Who may not read the plan is told nothing (V15).
REMINDERS = """
CREATE FUNCTION kasane.plan_reminders(city bigint, day date, near integer, late integer, ending integer,
    escalate integer, window_days integer)
RETURNS TABLE (kind text, plan_id uuid, row_key uuid, due date, agency_id integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF (kasane.actor()).system_name IS DISTINCT FROM 'scheduler' THEN
        RETURN;
    END IF;
    RETURN QUERY
    WITH task AS (
        SELECT i.id, i.plan_id, i.until, i.agency_id, r.author_agency_id
        FROM public.plans_supportitem AS i
        JOIN public.plans_plan AS p ON p.record_id = i.plan_id AND p.status = 'in_force'
        JOIN public.cases_record AS r ON r.id = i.plan_id
        WHERE i.status = 'open' AND i.until BETWEEN day - late - window_days AND day + near
    ), plan AS (
        SELECT p.record_id, p.ends_on, p.review_on, r.author_agency_id, c.municipality_id
        FROM public.plans_plan AS p
        JOIN public.cases_record AS r ON r.id = p.record_id
        JOIN public.cases_case AS c ON c.id = r.case_id
        WHERE p.status = 'in_force' AND (p.ends_on BETWEEN day AND day + ending
            OR p.review_on BETWEEN day - escalate - window_days AND day - escalate)
    ), told AS (
        SELECT 'task_due' AS kind, t.plan_id, t.id AS row_key, t.until AS due, t.agency_id
        FROM task AS t WHERE t.until >= day
        UNION
        SELECT 'task_late', t.plan_id, t.id, t.until, w.agency
        FROM task AS t, LATERAL (VALUES (t.agency_id), (t.author_agency_id)) AS w(agency)
        WHERE t.until <= day - late
        UNION
        SELECT 'plan_ending', p.record_id, p.record_id, p.ends_on, p.author_agency_id
        FROM plan AS p WHERE p.ends_on BETWEEN day AND day + ending
        UNION
        SELECT 'review_late', p.record_id, p.record_id, p.review_on, b.secretariat_id
        FROM plan AS p
        JOIN public.agencies_conferencetype AS b ON b.municipality_id = p.municipality_id
            AND b.secretariat_id IS NOT NULL AND b.ended_on IS NULL
        WHERE p.review_on BETWEEN day - escalate - window_days AND day - escalate
    )
    SELECT x.kind, x.plan_id, x.row_key, x.due, x.agency_id
    FROM told AS x
    JOIN public.agencies_agency AS a ON a.group_id = x.agency_id AND a.municipality_id = city
    WHERE NOT EXISTS (
            SELECT 1 FROM public.agencies_notice AS n
            WHERE n.agency_id = x.agency_id AND n.membership_id IS NULL AND n.kind = x.kind
              AND n.key = x.row_key || ':' || x.due AND n.key <> '')
      AND kasane.agency_reads(x.plan_id, x.agency_id);
END
$$;
"""
ARGS = "bigint, date, integer, integer, integer, integer, integer"


def grant_function(apps, schema_editor):
    role = quote(settings.KASANE_APP_ROLE)
    schema_editor.execute(f"REVOKE ALL ON FUNCTION kasane.plan_reminders({ARGS}) FROM PUBLIC")
    schema_editor.execute(f"GRANT EXECUTE ON FUNCTION kasane.plan_reminders({ARGS}) TO {role}")


class Migration(migrations.Migration):
    dependencies = [("plans", "0010_approvals")]

    operations = [
        migrations.AddIndex(
            model_name="supportitem",
            index=models.Index(
                fields=["until"],
                condition=models.Q(status="open"),
                name="support_item_open_until",
            ),
        ),
        migrations.AddIndex(
            model_name="plan",
            index=models.Index(
                fields=["ends_on"], condition=models.Q(status="in_force"), name="plan_ending"
            ),
        ),
        migrations.RunSQL(REMINDERS, f"DROP FUNCTION kasane.plan_reminders({ARGS})"),
        migrations.RunPython(grant_function, migrations.RunPython.noop),
    ]
