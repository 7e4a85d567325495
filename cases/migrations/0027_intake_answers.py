"""相談受付・申込票: the items beyond the head; a shield reads their words with the sheet's (V9)."""

from django.db import migrations, models

from config.lib.shieldsecurity import ShieldText

WORDS = ("visitor_name", "visitor_relation", "visitor_phone", "complaint")
SHEET = {"row": "id", "facts": "", "kind": "cases_consultation"}
BEFORE = ShieldText("cases_consultation", *WORDS, **SHEET)


class Migration(migrations.Migration):
    dependencies = [
        ("agencies", "0016_intake_items"),
        ("cases", "0026_person_search"),
    ]

    operations = [
        migrations.AddField(
            model_name="consultation",
            name="answers",
            field=models.JSONField(
                blank=True, db_default=models.Value({}, models.JSONField()), default=dict
            ),
        ),
        migrations.RunSQL(BEFORE.backwards(), BEFORE.forwards()),
        ShieldText("cases_consultation", *WORDS, "answers", **SHEET),
    ]
