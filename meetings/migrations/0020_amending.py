"""修正: the conference that has a plan before it changes its role table, line by line (a line is
taken out and written anew; what it said stands in the plan's steps)."""

from importlib import import_module

from django.conf import settings
from django.db import migrations

from config.lib.rowsecurity import quote

gate = import_module("meetings.migrations.0002_gate")
stands = import_module("plans.migrations.0008_decided_stands")

# Asked with the reader's own eyes: of an item they do not see, they know nothing.
AMENDS = f"""
CREATE FUNCTION kasane.amends_plan(plan_key uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me kasane.acting := kasane.actor();
BEGIN
    RETURN EXISTS (
        SELECT 1 FROM public.meetings_agendaitem AS i
        JOIN public.meetings_sitting AS s ON s.id = i.sitting_id
        JOIN public.plans_plan AS p ON p.record_id = i.plan_id
        JOIN public.agencies_conferencetype AS t ON t.id = i.conference_type_id
        WHERE i.plan_id = plan_key AND p.status = 'submitted' AND i.state = 'noticed'
          AND i.agenda_type = 'plan_adequacy'
          AND (s.state = 'open' OR (i.basis = 'secrecy' AND s.state = 'closed'
               AND i.open_period @> now()))
          AND ((i.basis = 'consent' AND me.agency_id IN (t.secretariat_id, t.host_id))
               OR EXISTS (SELECT 1 FROM public.agencies_secretariatmember AS m
                   WHERE m.conference_type_id = t.id AND m.membership_id = me.membership_id
                     AND m.fiscal_year = {gate.YEAR} AND m.pledged_at IS NOT NULL
                     AND m.ended_at IS NULL)));
END
$$;
CREATE POLICY gate_amend_add ON public.plans_supportitem FOR INSERT TO @role
    WITH CHECK (kasane.amends_plan(plans_supportitem.plan_id));
CREATE POLICY gate_amend_take ON public.plans_supportitem FOR DELETE TO @role
    USING (kasane.amends_plan(plans_supportitem.plan_id));
"""
GOES = """
DROP POLICY gate_amend_take ON public.plans_supportitem;
DROP POLICY gate_amend_add ON public.plans_supportitem;
DROP FUNCTION kasane.amends_plan(uuid);
"""

# 0008 of plans, and one more who may: it lets nobody change a line where it stands.
PART = "CREATE FUNCTION kasane.plan_part_stands()"
STANDS = PART + stands.STANDS.split(PART)[1].split("CREATE TRIGGER")[0]
STANDS = STANDS.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
OPEN = STANDS.replace(
    "IF is_changed AND NOT EXISTS (",
    "IF is_changed AND NOT (TG_TABLE_NAME = 'plans_supportitem' AND TG_OP <> 'UPDATE'\n"
    "        AND kasane.amends_plan((part ->> 'plan_id')::uuid)) AND NOT EXISTS (",
)


def let_amend(apps, schema_editor):
    role = quote(settings.KASANE_APP_ROLE)
    for statement in AMENDS.replace("@role", role).split("CREATE POLICY"):
        sql = statement if "FUNCTION" in statement else f"CREATE POLICY{statement}"
        schema_editor.execute(sql)
    schema_editor.execute("REVOKE ALL ON FUNCTION kasane.amends_plan(uuid) FROM PUBLIC")
    schema_editor.execute(f"GRANT EXECUTE ON FUNCTION kasane.amends_plan(uuid) TO {role}")


def forbid(apps, schema_editor):
    schema_editor.execute(GOES)


class Migration(migrations.Migration):
    dependencies = [("meetings", "0018_minutes"), ("plans", "0012_reminders")]

    operations = [
        migrations.RunPython(let_amend, forbid),
        migrations.RunSQL(OPEN, STANDS),
    ]
