"""A policy that asks whether the whole is seen (a note's record, a plan's goal) is planned once.

PostgreSQL plans `EXISTS (SELECT 1 FROM whole WHERE whole.key = part.key)` twice, once to be asked
row by row and once for all rows together, and twice again for every step of the chain: a plan's
task took 18 ms to plan, its execution 0.1. `OFFSET 0` says the same and allows the first alone,
which is the one that is used: the keys of the wholes one sees are never few.
"""

from django.db import migrations

CHAIN = r"EXISTS \( SELECT 1\s+FROM (\w+) (\w+)\s+WHERE \((\2\.\w+ = \w+\.\w+)\)\)"
REWRITE = r"""
DO $do$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT p.tablename, p.policyname,
               regexp_replace(p.qual, '{pattern}', '{replacement}', 'g') AS qual,
               regexp_replace(p.with_check, '{pattern}', '{replacement}', 'g') AS with_check
        FROM pg_policies AS p
        WHERE p.schemaname = 'public' AND (p.qual ~ '{pattern}' OR p.with_check ~ '{pattern}')
    LOOP
        EXECUTE format('ALTER POLICY %I ON public.%I', one.policyname, one.tablename)
            || COALESCE(' USING (' || one.qual || ')', '')
            || COALESCE(' WITH CHECK (' || one.with_check || ')', '');
    END LOOP;
END
$do$
"""
ONCE = REWRITE.replace("{pattern}", CHAIN).replace(
    "{replacement}", r"EXISTS (SELECT 1 FROM \1 \2 WHERE \3 OFFSET 0)"
)
ONCE_AGAIN = r"EXISTS \( SELECT 1\s+FROM (\w+) (\w+)\s+WHERE \((\2\.\w+ = \w+\.\w+)\)\s+OFFSET 0\)"
TWICE = REWRITE.replace("{pattern}", ONCE_AGAIN).replace(
    "{replacement}", r"EXISTS (SELECT 1 FROM \1 \2 WHERE \3)"
)


class Migration(migrations.Migration):
    dependencies = [
        ("agencies", "0011_memberships"),
        ("cases", "0013_told_grants"),
        ("community", "0003_shield"),
        ("meetings", "0006_shield"),
        ("outreach", "0004_shield"),
        ("participation", "0003_shield"),
        ("plans", "0004_task_worker"),
        ("reports", "0004_contact_versions"),
    ]

    operations = [migrations.RunSQL(ONCE, TWICE)]
