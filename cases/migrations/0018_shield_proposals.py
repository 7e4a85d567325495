"""V9: a proposal nobody confirms stands in nobody's way. Several may wait side by side; only what
two people have set is one for a person. A proposal lapses after 30 days, or when another that was
made beside it came into force."""

from django.db import migrations, models

GUARD = """
CREATE FUNCTION kasane.guard_shield_proposal() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (kasane.actor()).membership_id IS NULL THEN
        RETURN NEW;  -- the owner: guard_shield has seen to that
    END IF;
    IF TG_OP = 'INSERT' THEN
        NEW.proposed_at := clock_timestamp();
        IF EXISTS (SELECT 1 FROM public.cases_shield AS s WHERE s.person_id = NEW.person_id
                   AND s.confirmed_at IS NOT NULL AND s.lifted_at IS NULL) THEN
            RAISE EXCEPTION 'one shield a person' USING ERRCODE = 'unique_violation';
        END IF;
    ELSIF OLD.confirmed_at IS NULL AND NEW.confirmed_at IS NOT NULL
      AND (OLD.proposed_at < now() - interval '30 days'
           OR EXISTS (SELECT 1 FROM public.cases_shield AS s
                      WHERE s.person_id = OLD.person_id AND s.id <> OLD.id
                        AND s.confirmed_at > OLD.proposed_at)) THEN
        RAISE EXCEPTION 'the proposal has lapsed' USING ERRCODE = 'unique_violation';
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION kasane.guard_shield_proposal() FROM PUBLIC;
CREATE TRIGGER guard_shield_proposal BEFORE INSERT OR UPDATE ON public.cases_shield
    FOR EACH ROW EXECUTE FUNCTION kasane.guard_shield_proposal();
"""

UNDO = """
DROP TRIGGER guard_shield_proposal ON public.cases_shield;
DROP FUNCTION kasane.guard_shield_proposal();
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0017_recertification")]

    operations = [
        migrations.RemoveConstraint("shield", "shield_one_open"),
        migrations.AddConstraint(
            "shield",
            models.UniqueConstraint(
                condition=models.Q(confirmed_at__isnull=False, lifted_at__isnull=True),
                fields=("person",),
                name="shield_one_in_force",
            ),
        ),
        migrations.RunSQL(GUARD, UNDO),
    ]
