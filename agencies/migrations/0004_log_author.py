"""A line of the access log says whose records were shown (V10): the gate decides by it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("agencies", "0003_roles")]

    operations = [
        migrations.AddField("accesslog", "author_agency_id", models.IntegerField(null=True)),
    ]
