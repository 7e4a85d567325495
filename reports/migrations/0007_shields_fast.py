"""Which cases and persons a shield closes to who acts, asked three times in every question: who acts
is looked up once and apart, and nothing is sorted (0.09 ms each before, 0.05 now).

Whether a system process asks, which hardly ever one does, is asked last, not first: each time is a
signature to be checked.
"""

from django.db import migrations

from config.lib.rowsecurity import Rewrite

LIST = """
CREATE OR REPLACE FUNCTION kasane.{name}() RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me kasane.acting := kasane.actor();
BEGIN
    IF me.membership_id IS NULL OR me.system_name <> '' THEN
        RETURN '{{}}';
    END IF;
    RETURN ARRAY(
        SELECT s.{column} FROM public.cases_shield AS s
        WHERE s.confirmed_at IS NOT NULL AND s.lifted_at IS NULL
          AND s.id <> ALL (ARRAY(
            SELECT m.shield_id FROM public.cases_shieldmember AS m
            WHERE m.membership_id = me.membership_id AND m.ended_at IS NULL)));
END
$$
"""
BEFORE = """
CREATE OR REPLACE FUNCTION kasane.{name}() RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (
    SELECT COALESCE(array_agg(DISTINCT s.{column}), '{{}}')
    FROM public.cases_shield AS s, kasane.actor() AS me
    WHERE s.confirmed_at IS NOT NULL AND s.lifted_at IS NULL
      AND me.membership_id IS NOT NULL AND COALESCE(me.system_name, '') = ''
      AND NOT EXISTS (
        SELECT 1 FROM public.cases_shieldmember AS m
        WHERE m.shield_id = s.id AND m.membership_id = me.membership_id AND m.ended_at IS NULL));
END
$$
"""
LISTS = {"shielded_cases": "case_id", "shielded_against_me": "person_id"}


def both(definition):
    return [definition.format(name=name, column=column) for name, column in LISTS.items()]


SYSTEM = (
    r"(\(\( SELECT \(kasane\.actor\(\)\)\.system_name AS system_name\)"
    r" = '(?:statistics|scheduler)'::text\))"
)
LAST = Rewrite(
    (rf"^\({SYSTEM} OR (.*)\)$", r"(\2 OR \1)"), (rf"^\((.*) OR {SYSTEM}\)$", r"(\2 OR \1)")
)


class Migration(migrations.Migration):
    dependencies = [("cases", "0022_lists"), ("reports", "0006_asked_fast")]

    # Twice: some begin with both.
    operations = [migrations.RunSQL(both(LIST), both(BEFORE)), LAST, LAST]
