"""V9: a shield closes to another city's people too.

A shield answered its own city alone, so people of another city to whom a consent, a carry-out or a
sitting had opened the case read past it. What four functions say of whom it stands against is
replaced within them.
"""

from django.db import migrations

OWN_CITY = """AND EXISTS (SELECT 1 FROM public.cases_case AS k
        WHERE k.id = s.case_id AND k.municipality_id = me.municipality_id)"""
EVERY_CITY = "AND true"
REPLACE = """
DO $do$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT p.proname, pg_get_functiondef(p.oid) AS definition FROM pg_proc AS p
        WHERE p.pronamespace = 'kasane'::regnamespace AND p.proname IN (
            'shielded_cases', 'shielded_against_me', 'shield_closes', 'shield_closes_versions')
    LOOP
        IF strpos(one.definition, $was${was}$was$) = 0 THEN
            RAISE EXCEPTION 'kasane.% does not say whom a shield answers', one.proname;
        END IF;
        EXECUTE replace(one.definition, $was${was}$was$, $is${becomes}$is$);
    END LOOP;
END
$do$
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0013_told_grants")]

    operations = [
        migrations.RunSQL(
            REPLACE.format(was=OWN_CITY, becomes=EVERY_CITY),
            REPLACE.format(was=EVERY_CITY, becomes=OWN_CITY),
        )
    ]
