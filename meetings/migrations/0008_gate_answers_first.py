"""An item is put on an agenda by who works on its case; the gate answers before the guard, which
knows what consents say (V3, V15)."""

from django.db import migrations

from config.lib.rowsecurity import Narrow, actor

# Under secrecy by the listed alone, who may see no more than the sheet (V4, V6).
AT_WORK = f"""meetings_agendaitem.basis = 'secrecy' OR meetings_agendaitem.case_id IS NULL
    OR EXISTS (SELECT 1 FROM cases_casegrant AS g
        WHERE g.content_object_id = meetings_agendaitem.case_id
          AND g.group_id = {actor("agency_id")} AND g.basis <> 'own_records'
          AND g.revoked_at IS NULL AND range_contains_elem(g.period, now()))"""


def guard(moment):
    return f"""
    DROP TRIGGER guard_item ON public.meetings_agendaitem;
    CREATE TRIGGER guard_item {moment} INSERT OR UPDATE ON public.meetings_agendaitem
        FOR EACH ROW EXECUTE FUNCTION kasane.guard_item();
    """


class Migration(migrations.Migration):
    dependencies = [("meetings", "0007_one_case"), ("cases", "0037_nothing_later")]

    operations = [
        migrations.RunSQL(guard("AFTER"), guard("BEFORE")),
        Narrow("meetings_agendaitem", "at_work", insert=AT_WORK),
    ]
