"""関わり方の注意 and リスク確認 are corrected as a note is: by a new version with a reason (0031). A
sheet a group has decided on stands; a new one replaces it."""

from importlib import import_module

from django.db import migrations, models

from config.lib.shieldsecurity import ShieldText

WORDS = {
    "cases_cautionnote": ("text", "end_reason", "correction_reason"),
    "cases_riskassessment": (
        "answers", "text", "strengths", "deciders", "override_reason", "correction_reason",
    ),
}  # fmt: skip
HISTORY = {
    "cases_cautionnote": "cases_historicalcautionnote",
    "cases_riskassessment": "cases_historicalriskassessment",
}

said = import_module("cases.migrations.0035_said_by_whom").said

CORRECTED = """
CREATE TRIGGER needs_reason BEFORE UPDATE ON public.cases_cautionnote
    FOR EACH ROW EXECUTE FUNCTION kasane.needs_reason('kind', 'text', 'noted_on');
CREATE TRIGGER needs_reason BEFORE UPDATE ON public.cases_riskassessment
    FOR EACH ROW EXECUTE FUNCTION kasane.needs_reason(
        'sheet', 'answers', 'assessed_on', 'computed_level', 'text', 'strengths');
CREATE FUNCTION kasane.decided_risk_stands() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF OLD.decided_level <> ''
       AND (NEW.decided_level = ''
            OR ROW(NEW.sheet, NEW.answers, NEW.assessed_on, NEW.computed_level, NEW.text,
                   NEW.strengths)
               IS DISTINCT FROM ROW(OLD.sheet, OLD.answers, OLD.assessed_on, OLD.computed_level,
                   OLD.text, OLD.strengths)) THEN
        RAISE EXCEPTION 'a sheet that a group has decided on stands'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER decided_risk_stands BEFORE UPDATE ON public.cases_riskassessment
    FOR EACH ROW EXECUTE FUNCTION kasane.decided_risk_stands();
"""
UNCORRECTED = """
DROP TRIGGER needs_reason ON public.cases_cautionnote;
DROP TRIGGER needs_reason ON public.cases_riskassessment;
DROP TRIGGER decided_risk_stands ON public.cases_riskassessment;
DROP FUNCTION kasane.decided_risk_stands();
"""


def reason(model):
    return migrations.AddField(
        model_name=model,
        name="correction_reason",
        field=models.CharField(
            blank=True, db_default="", default="", max_length=200, verbose_name="直した理由"
        ),
    )


def text_again(table, columns, *, is_version):
    """The reason of a correction is a word about the case like the others."""
    return [
        migrations.RunSQL(
            f"DROP TRIGGER IF EXISTS shield_written ON public.{table};"
            f" DELETE FROM kasane.shield_texts WHERE table_name = '{table}'",
            migrations.RunSQL.noop,
        ),
        ShieldText(table, *columns, is_version=is_version),
    ]


class Migration(migrations.Migration):
    dependencies = [("cases", "0038_in_own_name")]

    operations = [
        *map(reason, ("cautionnote", "historicalcautionnote")),
        *map(reason, ("riskassessment", "historicalriskassessment")),
        *(
            operation
            for table, columns in WORDS.items()
            for operation in (
                *text_again(table, columns, is_version=False),
                *text_again(HISTORY[table], columns, is_version=True),
            )
        ),
        migrations.RunSQL(CORRECTED, UNCORRECTED),
        *(migrations.RunSQL(said(table), migrations.RunSQL.noop) for table in WORDS),
    ]
