"""What lists walk: waiting consultations of an agency, the consents it took by their end. The list of
cases runs by key, along the agency's grants. Whether one sees a held row of a case keeps its plan:
planned anew, each took four milliseconds."""

from django.db import migrations, models

SEES_ROW = """
CREATE OR REPLACE FUNCTION kasane.sees_row(kind text, row_key uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found boolean;
BEGIN
    {kept}EXECUTE format('SELECT EXISTS (SELECT 1 FROM public.%I AS t WHERE t.%I = $1)', kind,
        CASE kind WHEN 'cases_closing' THEN 'case_id' ELSE 'id' END) INTO found USING row_key;
    RETURN found;
END
$$;
"""
KEPT = """IF kind = 'cases_record' THEN
        RETURN EXISTS (SELECT 1 FROM public.cases_record AS t WHERE t.id = row_key);
    END IF;
    """


class Migration(migrations.Migration):
    dependencies = [
        ("agencies", "0018_assessment_items"),
        ("cases", "0031_note_work"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="consultation",
            index=models.Index(
                fields=["agency", "status", "received_at"], name="consultation_waiting"
            ),
        ),
        migrations.AddIndex(
            model_name="consent",
            index=models.Index(
                models.F("taken_by_agency"),
                models.F("period__endswith"),
                condition=models.Q(("withdrawn_at__isnull", True)),
                name="consent_taken_ends",
            ),
        ),
        migrations.RemoveIndex(model_name="case", name="case_list_order"),
        migrations.RunSQL(SEES_ROW.replace("{kept}", KEPT), SEES_ROW.replace("{kept}", "")),
    ]
