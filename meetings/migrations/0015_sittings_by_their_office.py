"""A sitting is made, moved and cancelled by who runs its bodies, in its own city and in our time;
one that was held stays where it was (V6: its sealed items would open again)."""

import datetime
from importlib import import_module

from django.conf import settings
from django.db import migrations, models

from config.lib.rowsecurity import Narrow

FIRST, LAST = datetime.date(1873, 1, 1), datetime.date(2099, 12, 31)

gate = import_module("meetings.migrations.0002_gate")

# The policy of 0002 lets in whoever runs some body of the city. Which bodies sit is asked in
# functions, because a policy of the sitting that read the link would recurse. Bodies that sit
# together count as one.
RUNS = f"""
CREATE FUNCTION kasane.runs_body(body_key bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me kasane.acting := kasane.actor();
BEGIN
    RETURN COALESCE(me.system_name = 'scheduler', false) OR EXISTS (
        SELECT 1 FROM public.agencies_conferencetype AS lead
        JOIN public.agencies_conferencetype AS t
            ON t.id = lead.id OR t.joint_with_id = lead.id OR lead.joint_with_id = t.id
            OR t.joint_with_id = lead.joint_with_id
        WHERE lead.id = body_key AND (
            me.agency_id IN (t.host_id, t.secretariat_id) OR EXISTS (
                SELECT 1 FROM public.agencies_secretariatmember AS s
                WHERE s.conference_type_id = t.id AND s.membership_id = me.membership_id
                  AND s.fiscal_year = {gate.YEAR} AND s.pledged_at IS NOT NULL
                  AND s.ended_at IS NULL)));
END
$$;
CREATE FUNCTION kasane.runs_sitting(sitting_key uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN EXISTS (
        SELECT 1 FROM public.meetings_sitting_conference_types AS l
        WHERE l.sitting_id = sitting_key AND kasane.runs_body(l.conferencetype_id));
END
$$;
-- Which bodies sit is said once, with the sitting, by who runs them: else what is put off could be
-- led into a sitting that somebody made up, or into another city's.
CREATE FUNCTION kasane.may_sit(sitting_key uuid, body_key bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN kasane.runs_body(body_key)
        AND NOT EXISTS (SELECT 1 FROM public.meetings_sitting_conference_types AS l
            WHERE l.sitting_id = sitting_key)
        AND EXISTS (SELECT 1 FROM public.meetings_sitting AS s
            JOIN public.agencies_conferencetype AS t ON t.municipality_id = s.municipality_id
            WHERE s.id = sitting_key AND t.id = body_key);
END
$$;
"""
NEW_SITTING = """EXISTS (SELECT 1 FROM agencies_conferencetype AS t
    WHERE t.municipality_id = meetings_sitting.municipality_id AND kasane.runs_body(t.id))"""
NEW_LINK = """kasane.may_sit(meetings_sitting_conference_types.sitting_id,
    meetings_sitting_conference_types.conferencetype_id)"""

# V15: what names a sitting may be hidden from who writes it: a key that is rewritten would be
# refused because of just that. V6: of a sitting that was held, a later day would open its sealed
# items again, and another state take them elsewhere.
GUARDS = """
CREATE TRIGGER keep_columns BEFORE UPDATE ON public.meetings_sitting
    FOR EACH ROW EXECUTE FUNCTION kasane.keep_columns('id', 'municipality_id');
CREATE FUNCTION kasane.guard_held() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.on IS DISTINCT FROM OLD.on OR NEW.state NOT IN (OLD.state, 'closed') THEN
        RAISE EXCEPTION 'what was held stays' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guard_held BEFORE UPDATE ON public.meetings_sitting
    FOR EACH ROW WHEN (OLD.state IN ('open', 'closed')) EXECUTE FUNCTION kasane.guard_held();
"""
UNDO = """
DROP TRIGGER guard_held ON public.meetings_sitting;
DROP FUNCTION kasane.guard_held();
DROP TRIGGER keep_columns ON public.meetings_sitting;
DROP FUNCTION kasane.may_sit(uuid, bigint);
DROP FUNCTION kasane.runs_sitting(uuid);
DROP FUNCTION kasane.runs_body(bigint);
"""


# The basis follows from the body when an item is proposed. A body whose bases a new profile takes
# away keeps what is sealed: else to move or to cancel its sitting would be refused because of it.
ITEM = gate.GUARDS.split("CREATE TRIGGER")[0].replace("CREATE", "CREATE OR REPLACE")
ASKED = "IF (NEW.basis = 'secrecy') IS DISTINCT"
ITEM_ONCE = ITEM.replace(ASKED, f"IF TG_OP = 'INSERT' AND {ASKED[3:]}")


def grant_functions(apps, schema_editor):
    role = schema_editor.quote_name(settings.KASANE_APP_ROLE)
    asked = ("runs_body(bigint)", "runs_sitting(uuid)", "may_sit(uuid, bigint)")
    for function in (*asked, "guard_held()"):
        schema_editor.execute(f"REVOKE ALL ON FUNCTION kasane.{function} FROM PUBLIC")
    for function in asked:
        schema_editor.execute(f"GRANT EXECUTE ON FUNCTION kasane.{function} TO {role}")


class Migration(migrations.Migration):
    dependencies = [("meetings", "0014_live")]

    operations = [
        # Days are counted from it in triggers, over what is sealed: one that no reckoning bears
        # would be refused where something sealed is there, and taken where nothing is (V15).
        migrations.AddConstraint(
            model_name="sitting",
            constraint=models.CheckConstraint(
                name="sitting_in_our_time",
                condition=models.Q(month__range=(FIRST, LAST))
                & (models.Q(on=None) | models.Q(on__range=(FIRST, LAST))),
            ),
        ),
        migrations.RunSQL(RUNS + GUARDS + ITEM_ONCE, migrations.RunSQL.noop),
        migrations.RunPython(grant_functions, migrations.RunPython.noop),
        Narrow(
            "meetings_sitting",
            "office",
            insert=NEW_SITTING,
            update="kasane.runs_sitting(meetings_sitting.id)",
        ),
        Narrow("meetings_sitting_conference_types", "office", insert=NEW_LINK),
        migrations.RunSQL(migrations.RunSQL.noop, ITEM + UNDO),
    ]
