"""V2: what an agency wrote it goes on reading, and changes while it works on the case alone."""

from django.db import migrations

from config.lib.rowsecurity import Narrow, actor

CONTENTS = (
    "cases_note",
    "cases_issue",
    "cases_assessmentsection",
    "cases_cautionnote",
    "cases_riskassessment",
    "cases_tie",
)


def at_work(table):
    """Neither after its grants have ended nor in a closed case. A carry-out's record is changed by
    whom it is open to (V6), which the gate asks."""
    return f"""EXISTS (SELECT 1 FROM cases_record AS r WHERE r.id = {table}.record_id
        AND (r.carry_out_id IS NOT NULL OR EXISTS (
            SELECT 1 FROM cases_casegrant AS g JOIN cases_case AS c ON c.id = g.content_object_id
            WHERE g.content_object_id = r.case_id AND g.group_id = {actor("agency_id")}
              AND g.basis <> 'own_records' AND g.revoked_at IS NULL
              AND range_contains_elem(g.period, now()) AND c.status <> 'closed')) OFFSET 0)"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0035_said_by_whom")]

    operations = [
        *(Narrow(table, "at_work", update=at_work(table)) for table in CONTENTS),
        Narrow(
            "cases_notetask",
            "at_work",
            insert=at_work("cases_notetask"),
            update=at_work("cases_notetask"),
        ),
    ]
