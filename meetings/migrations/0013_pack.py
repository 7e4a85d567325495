"""資料: numbered copies of items with consent too, for the agencies that take part (V5)."""

from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

from config.lib.rowsecurity import Gate

gate = import_module("meetings.migrations.0002_gate")
secrecy = import_module("meetings.migrations.0004_secrecy")
AGENCY = gate.AGENCY

OFFICE = f"""EXISTS (SELECT 1 FROM agencies_conferencetype AS t
    WHERE t.id = i.conference_type_id AND {AGENCY} IN (t.secretariat_id, t.host_id))"""

# Of an item under secrecy as in 0004, for no agency. With consent: one's own agency's copy, and by
# the office of the body one for each agency that takes part.
NEW_COPY = f"""({secrecy.NEW_COPY} AND meetings_papercopy.agency_id IS NULL)
    OR (meetings_papercopy.by_id = {gate.ME} AND meetings_papercopy.returned_at IS NULL
        AND meetings_papercopy.grant_id IS NULL AND meetings_papercopy.person_id IS NULL
        AND EXISTS (SELECT 1 FROM meetings_agendaitem AS i
            WHERE i.id = meetings_papercopy.item_id AND i.basis = 'consent'
              AND (meetings_papercopy.agency_id = {AGENCY} OR ({OFFICE} AND (
                meetings_papercopy.agency_id = i.proposing_agency_id
                OR meetings_papercopy.agency_id = ANY (i.participant_ids))))))"""

RETURNED = f"""{secrecy.in_sealed("meetings_papercopy")}
    OR EXISTS (SELECT 1 FROM meetings_agendaitem AS i
        WHERE i.id = meetings_papercopy.item_id AND i.basis = 'consent' AND {OFFICE})"""


class Migration(migrations.Migration):
    dependencies = [("meetings", "0011_calendar_feed")]

    operations = [
        migrations.AddField(
            model_name="papercopy",
            name="agency",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="agencies.agency",
            ),
        ),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        Gate(
            "meetings_papercopy",
            read=gate.of_item("meetings_papercopy"),
            insert=NEW_COPY,
            update=RETURNED,
            columns=("returned_at", "returned_to_id"),
        ),
    ]
