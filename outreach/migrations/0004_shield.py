"""The free text of a visit is its record's: a shield closes it with the record (V9)."""

from django.db import migrations

from config.lib.shieldsecurity import ShieldText


class Migration(migrations.Migration):
    dependencies = [("outreach", "0003_opened_visit"), ("cases", "0010_shield_gate")]

    operations = [
        ShieldText("outreach_visit", "met_whom", "place", "companions", "text", "next_step"),
    ]  # fmt: skip
