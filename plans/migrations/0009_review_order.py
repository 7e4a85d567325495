"""Hundreds of plans are due on one day: those shown are found in their order."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("plans", "0008_decided_stands")]

    operations = [
        migrations.RemoveIndex(model_name="plan", name="plan_review_due"),
        migrations.AddIndex(
            model_name="plan",
            index=models.Index(fields=["status", "review_on", "record"], name="plan_review_due"),
        ),
    ]
