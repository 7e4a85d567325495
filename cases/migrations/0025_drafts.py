"""下書き: whoever typed it alone, as long as the case is open to them; closed beneath a shield."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import config.lib.ids
from config.lib.rowsecurity import Gate, actor
from config.lib.shieldsecurity import NOBODY, Shield, closed

ME, AGENCY = actor("membership_id"), actor("agency_id")

MINE = f"""cases_draft.membership_id = {ME} AND {AGENCY} IS NOT NULL
    AND (cases_draft.case_id IS NULL OR EXISTS (
        SELECT 1 FROM cases_case AS c WHERE c.id = cases_draft.case_id OFFSET 0))"""

FUNCTIONS = """
-- Untouched for so long: gone, whoever typed them. Names no row, shows no word.
CREATE FUNCTION kasane.forget_drafts(age interval) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    gone integer;
BEGIN
    IF (kasane.actor()).system_name IS DISTINCT FROM 'retention' OR age < interval '1 day' THEN
        RAISE EXCEPTION 'nothing to forget' USING ERRCODE = 'insufficient_privilege';
    END IF;
    DELETE FROM public.cases_draft AS d WHERE d.saved_at < now() - age;
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END
$$;
"""


def grant_functions(apps, schema_editor):
    role = schema_editor.quote_name(settings.KASANE_APP_ROLE)
    name = "kasane.forget_drafts(interval)"
    schema_editor.execute(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
    schema_editor.execute(f"GRANT EXECUTE ON FUNCTION {name} TO {role}")


class Migration(migrations.Migration):
    dependencies = [
        ("agencies", "0015_quiet_act"),
        ("cases", "0024_note_contact"),
    ]

    operations = [
        migrations.CreateModel(
            name="Draft",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=config.lib.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("page", models.CharField(max_length=200)),
                ("title", models.CharField(max_length=60)),
                ("typed", models.JSONField()),
                ("saved_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "case",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="cases.case",
                    ),
                ),
                (
                    "membership",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.membership",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["membership", "-saved_at"], name="draft_of_membership")
                ],
            },
        ),
        Gate(
            "cases_draft",
            read=MINE,
            insert=MINE,
            update="true",  # these columns change nothing of whose it is
            delete="true",
            columns=("typed", "saved_at"),
        ),
        Shield("cases_draft", when=closed("cases_draft.case_id", "cases_draft.id", NOBODY, "true")),
        migrations.RunSQL(FUNCTIONS, "DROP FUNCTION kasane.forget_drafts(interval)"),
        migrations.RunPython(grant_functions, migrations.RunPython.noop),
    ]
