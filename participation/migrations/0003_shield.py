"""The free text of a match is its record's: a shield closes it with the record (V9)."""

from django.db import migrations

from config.lib.shieldsecurity import ShieldText


class Migration(migrations.Migration):
    dependencies = [("participation", "0002_gate"), ("cases", "0010_shield_gate")]

    operations = [
        ShieldText("participation_match", "activity", "consideration"),
        ShieldText("participation_followup", "text"),
    ]  # fmt: skip
