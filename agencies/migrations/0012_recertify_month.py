"""V14: the month in which agencies are asked whether they still need what is open to them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("agencies", "0011_memberships")]

    operations = [
        migrations.AddField(
            "municipality",
            "recertify_month",
            models.PositiveSmallIntegerField(db_default=4, default=4),
        )
    ]
