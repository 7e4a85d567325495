"""V13: where a person is has versions of its own, which nothing slips past (as in 0003)."""

from django.db import migrations

CONTACT = """
CREATE CONSTRAINT TRIGGER keep_version AFTER INSERT OR UPDATE ON public.cases_contact
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION kasane.keep_version('cases_historicalcontact', 'person_id');
CREATE TRIGGER stamp_version BEFORE INSERT ON public.cases_historicalcontact
    FOR EACH ROW EXECUTE FUNCTION kasane.stamp_version();
"""

UNDO = """
DROP TRIGGER keep_version ON public.cases_contact;
DROP TRIGGER stamp_version ON public.cases_historicalcontact;
"""


class Migration(migrations.Migration):
    dependencies = [("reports", "0003_trail"), ("cases", "0010_shield_gate")]

    operations = [migrations.RunSQL(CONTACT, UNDO)]
