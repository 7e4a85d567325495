"""決裁の順, and whether who drafts may decide, where the city's rules say so."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("agencies", "0021_quorum")]

    operations = [
        migrations.AddField(
            model_name="municipality",
            name="decisions",
            field=models.JSONField(
                blank=True, db_default=models.Value([], models.JSONField()), default=list
            ),
        ),
        migrations.AddField(
            model_name="municipality",
            name="is_own_draft_refused",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
