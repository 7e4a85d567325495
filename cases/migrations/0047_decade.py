"""「70代」 stays what was said: of an age, that the decade alone is known."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0046_confirmed_day")]

    operations = [
        migrations.AddField(
            model_name=name,
            name="is_decade",
            field=models.BooleanField(default=False, db_default=False),
        )
        for name in ("consultationperson", "historicalperson", "person")
    ]
