"""What joins a case to a 地域課題 is a record's text: a shield closes it with the record (V9). The
issue itself, places and gatherings are the city's and name no case."""

from django.db import migrations

from config.lib.shieldsecurity import ShieldText


class Migration(migrations.Migration):
    dependencies = [("community", "0002_gate"), ("cases", "0010_shield_gate")]

    operations = [
        ShieldText("community_issuesource", "note"),
    ]  # fmt: skip
