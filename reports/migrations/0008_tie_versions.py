"""V13: a tie has versions of its own, which nothing slips past (as in 0003)."""

from django.db import migrations

TIE = """
CREATE CONSTRAINT TRIGGER keep_version AFTER INSERT OR UPDATE ON public.cases_tie
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION kasane.keep_version('cases_historicaltie', 'record_id');
CREATE TRIGGER stamp_version BEFORE INSERT ON public.cases_historicaltie
    FOR EACH ROW EXECUTE FUNCTION kasane.stamp_version();
"""

UNDO = """
DROP TRIGGER keep_version ON public.cases_tie;
DROP TRIGGER stamp_version ON public.cases_historicaltie;
"""


class Migration(migrations.Migration):
    dependencies = [("reports", "0007_shields_fast"), ("cases", "0028_ties")]

    operations = [migrations.RunSQL(TIE, UNDO)]
