"""A visit under a carry-out that became a record of the team once the person consented (V6)."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("outreach", "0002_gate")]

    operations = [
        migrations.AddField(
            "visit",
            "opened_as",
            models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="outreach.visit",
            ),
        ),
    ]
