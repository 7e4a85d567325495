"""V11: who says who may do what has just proved who they are (docs/decisions/0009): memberships,
guests and the secretariat's list."""

from django.db import migrations

GUARD = """
CREATE FUNCTION kasane.guard_confirmed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who kasane.acting := kasane.actor();
BEGIN
    -- Where nobody acts, the owner writes. A guest's membership follows the days of its sitting.
    IF who.membership_id IS NOT NULL AND who.is_confirmed IS NOT TRUE
       AND NOT (TG_OP = 'UPDATE' AND to_jsonb(NEW) ->> 'role_id' = 'guest')
    THEN
        RAISE EXCEPTION 'not confirmed lately' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION kasane.guard_confirmed() FROM PUBLIC;
CREATE TRIGGER guard_confirmed BEFORE INSERT OR UPDATE ON public.agencies_membership
    FOR EACH ROW EXECUTE FUNCTION kasane.guard_confirmed();
CREATE TRIGGER guard_confirmed BEFORE INSERT OR UPDATE ON public.agencies_secretariatmember
    FOR EACH ROW EXECUTE FUNCTION kasane.guard_confirmed();
"""

UNDO = """
DROP TRIGGER guard_confirmed ON public.agencies_secretariatmember;
DROP TRIGGER guard_confirmed ON public.agencies_membership;
DROP FUNCTION kasane.guard_confirmed();
"""


class Migration(migrations.Migration):
    dependencies = [("agencies", "0012_recertify_month")]

    operations = [migrations.RunSQL(GUARD, UNDO)]
