"""V13: cautions and risk sheets have versions, which nothing slips past (as in 0003)."""

from django.db import migrations

VERSIONED = (
    ("cases_cautionnote", "cases_historicalcautionnote"),
    ("cases_riskassessment", "cases_historicalriskassessment"),
)


def kept(table, history):
    return migrations.RunSQL(
        f"""
        CREATE CONSTRAINT TRIGGER keep_version AFTER INSERT OR UPDATE ON public.{table}
            DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION kasane.keep_version('{history}', 'record_id');
        CREATE TRIGGER stamp_version BEFORE INSERT ON public.{history}
            FOR EACH ROW EXECUTE FUNCTION kasane.stamp_version();
        """,
        f"""
        DROP TRIGGER keep_version ON public.{table};
        DROP TRIGGER stamp_version ON public.{history};
        """,
    )


class Migration(migrations.Migration):
    dependencies = [("reports", "0008_tie_versions"), ("cases", "0030_assessing_gate")]

    operations = [kept(*names) for names in VERSIONED]
