"""定足数 of a body, where its rules have one."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("agencies", "0020_closing_days")]

    operations = [
        migrations.AddField(
            model_name="conferencetype",
            name="quorum",
            field=models.PositiveSmallIntegerField(blank=True, null=True),
        ),
    ]
