"""V13: visits have versions, which nothing slips past (as in 0003)."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("reports", "0013_changed_at_work"), ("outreach", "0005_corrected_visit")]

    operations = [
        migrations.RunSQL(
            """
            CREATE CONSTRAINT TRIGGER keep_version AFTER INSERT OR UPDATE ON public.outreach_visit
                DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
                EXECUTE FUNCTION kasane.keep_version('outreach_historicalvisit', 'record_id');
            CREATE TRIGGER stamp_version BEFORE INSERT ON public.outreach_historicalvisit
                FOR EACH ROW EXECUTE FUNCTION kasane.stamp_version();
            CREATE TRIGGER version_of_its_row AFTER INSERT ON public.outreach_historicalvisit
                FOR EACH ROW
                EXECUTE FUNCTION kasane.version_of_its_row('outreach_visit', 'record_id');
            """,
            """
            DROP TRIGGER version_of_its_row ON public.outreach_historicalvisit;
            DROP TRIGGER keep_version ON public.outreach_visit;
            DROP TRIGGER stamp_version ON public.outreach_historicalvisit;
            """,
        )
    ]
