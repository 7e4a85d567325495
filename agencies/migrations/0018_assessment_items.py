"""What a city asks in the household assessment besides the national questions."""

import django.db.models.deletion
from django.db import migrations, models

from config.lib.rowsecurity import Open


class Migration(migrations.Migration):
    dependencies = [
        ("agencies", "0017_directory"),
    ]

    operations = [
        migrations.CreateModel(
            name="AssessmentItem",
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
                ("category", models.CharField(max_length=20)),
                ("kind", models.CharField(max_length=20)),
                ("text", models.CharField(max_length=300)),
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
                        fields=("municipality", "code"), name="assessment_item_once"
                    )
                ],
            },
        ),
        # The city's profile: read by everybody of it, written by `load_city` alone.
        Open("agencies_assessmentitem", verbs="SELECT"),
    ]
