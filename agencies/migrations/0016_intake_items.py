"""What a city's 相談受付・申込票 asks besides the national items."""

import django.db.models.deletion
from django.db import migrations, models

from config.lib.rowsecurity import Open


class Migration(migrations.Migration):
    dependencies = [
        ("agencies", "0015_quiet_act"),
    ]

    operations = [
        migrations.CreateModel(
            name="IntakeItem",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("order", models.PositiveSmallIntegerField(default=0)),
                ("ended_on", models.DateField(blank=True, null=True)),
                ("code", models.CharField(max_length=60)),
                ("label", models.CharField(max_length=300)),
                ("kind", models.CharField(max_length=10)),
                ("options", models.JSONField(default=list)),
                ("only", models.CharField(blank=True, max_length=20)),
                ("category", models.CharField(blank=True, max_length=20)),
                (
                    "municipality",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.municipality",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("municipality", "code"), name="intake_item_once"
                    )
                ],
            },
        ),
        # The city's profile: written by `load_city` alone.
        Open("agencies_intakeitem", verbs="SELECT"),
    ]
