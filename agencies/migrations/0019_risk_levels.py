"""A city's own levels of risk sheets."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("agencies", "0018_assessment_items")]

    operations = [
        migrations.AddField(
            model_name="municipality",
            name="risk_levels",
            field=models.JSONField(
                blank=True,
                db_default=models.Value([], models.JSONField()),
                default=list,
            ),
        ),
    ]
