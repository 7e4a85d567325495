"""V9: who is there with somebody under a shield shows the area as well. Confirming the shield took
away every hint about the case; the next word about a child of the household made them anew. (Here,
as 0016.)"""

from importlib import import_module

from django.db import migrations

alike = import_module("reports.migrations.0016_alike")

AS_IT_WAS = alike.by(alike.BY_NAME, alike.OR_ADDRESS)
ALONE = """nobody under a shield takes part (V9).
      AND NOT EXISTS (SELECT 1 FROM public.cases_shield AS s
        WHERE s.person_id IN (p.id, q.id)"""
HOUSE = """no household of somebody under a shield takes part (V9).
      AND NOT EXISTS (SELECT 1 FROM public.cases_shield AS s
        WHERE s.case_id IN (c.id, d.id)"""
MADE_ANEW = """
DELETE FROM public.cases_duplicatehint AS h USING public.cases_case AS c, public.cases_shield AS s
WHERE c.number IN (h.first_number, h.second_number) AND s.case_id = c.id
  AND s.confirmed_at IS NOT NULL AND s.lifted_at IS NULL
"""


class Migration(migrations.Migration):
    dependencies = [("reports", "0016_alike")]

    operations = [
        migrations.RunSQL(AS_IT_WAS.replace(ALONE, HOUSE), AS_IT_WAS),
        migrations.RunSQL(MADE_ANEW, migrations.RunSQL.noop),
    ]
