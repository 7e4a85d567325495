"""An item is no record: a shield closes it, and with it what hangs on it (V9)."""

from django.db import migrations

from config.lib.shieldsecurity import ShieldText, of_persons


class Migration(migrations.Migration):
    dependencies = [("meetings", "0005_guests"), ("cases", "0010_shield_gate")]

    operations = [
        of_persons("meetings_agendaitem"),
        ShieldText("meetings_agendaitem", "title", "briefing", "opinion", "minutes", "carry_text",
                   "carry_people", row="id", facts="", kind="meetings_agendaitem"),
        ShieldText("meetings_itemattendance", "name", row="item_id", facts="meetings_agendaitem",
                   by="item_id"),
        ShieldText("meetings_itemperson", "name", "organisation", row="item_id",
                   facts="meetings_agendaitem", by="item_id"),
        ShieldText("meetings_informationrequest", "addressee", "about", "asked", "reply",
                   row="item_id", facts="meetings_agendaitem", by="item_id"),
    ]  # fmt: skip
