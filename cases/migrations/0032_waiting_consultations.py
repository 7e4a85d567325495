from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("agencies", "0018_assessment_items"),
        ("cases", "0031_note_work"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="consultation",
            index=models.Index(
                fields=["agency", "status", "received_at"], name="consultation_waiting"
            ),
        ),
    ]
