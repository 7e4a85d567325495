"""V8: who opens a case in an emergency has just proved who they are (docs/decisions/0009)."""

from django.db import migrations

CONFIRMED = """
CREATE FUNCTION kasane.guard_emergency() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who kasane.acting := kasane.actor();
BEGIN
    -- Where nobody acts, the owner writes: nothing else may insert here.
    IF who.membership_id IS NOT NULL AND who.is_confirmed IS NOT TRUE THEN
        RAISE EXCEPTION 'not confirmed lately' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION kasane.guard_emergency() FROM PUBLIC;
CREATE TRIGGER guard_emergency BEFORE INSERT ON public.cases_emergency
    FOR EACH ROW EXECUTE FUNCTION kasane.guard_emergency();
"""

UNDO = """
DROP TRIGGER guard_emergency ON public.cases_emergency;
DROP FUNCTION kasane.guard_emergency();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("agencies", "0010_second_factor"),
        ("cases", "0010_shield_gate"),
    ]

    operations = [migrations.RunSQL(CONFIRMED, UNDO)]
