"""担当替え: the agency of a task in a plan names its next worker (V14); nothing else of it moves."""

from django.conf import settings
from django.db import migrations

OWN_TASK = """
CREATE FUNCTION kasane.keep_task_worker() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.worker IS DISTINCT FROM OLD.worker
       AND NEW.agency_id IS DISTINCT FROM (kasane.actor()).agency_id
       AND NOT pg_has_role(current_user,
                           (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE')
    THEN
        RAISE EXCEPTION 'the worker of a task is named by its agency'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER keep_task_worker BEFORE UPDATE ON plans_supportitem
    FOR EACH ROW EXECUTE FUNCTION kasane.keep_task_worker();
"""


def grant_column(apps, schema_editor):
    # Beside the columns the gate names: its policies stay as they are.
    role = schema_editor.quote_name(settings.KASANE_APP_ROLE)
    schema_editor.execute(f"GRANT UPDATE (worker) ON plans_supportitem TO {role}")


class Migration(migrations.Migration):
    dependencies = [("plans", "0003_shield"), ("agencies", "0007_signed_actor")]

    operations = [
        migrations.RunSQL(OWN_TASK, migrations.RunSQL.noop),
        migrations.RunPython(grant_column, migrations.RunPython.noop),
    ]
