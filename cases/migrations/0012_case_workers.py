"""担当者 (V14): who of an agency looks after a case; those who took the cases there are."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models
from django.db.models import Q

import config.lib.ids
from config.lib.rowsecurity import Gate, actor

AGENCY = actor("agency_id")

# Named by a worker of the agency, out of the same agency, for a case it works on (V2).
NEW = f"""cases_caseworker.agency_id = {AGENCY}
    AND cases_caseworker.named_by_id = {actor("membership_id")}
    AND cases_caseworker.ended_at IS NULL
    AND EXISTS (SELECT 1 FROM agencies_membership AS m
        WHERE m.id = cases_caseworker.membership_id AND m.agency_id = cases_caseworker.agency_id)
    AND EXISTS (SELECT 1 FROM cases_casegrant AS g
        WHERE g.group_id = {AGENCY} AND g.content_object_id = cases_caseworker.case_id
          AND g.basis <> 'own_records' AND g.revoked_at IS NULL AND g.period @> now())"""

# Who took the case, where it is still that agency's.
TAKEN = """
INSERT INTO cases_caseworker (id, case_id, agency_id, membership_id, since, named_by_id)
SELECT gen_random_uuid(), c.id, c.responsible_agency_id, m.id, c.opened_at, m.id
FROM cases_case AS c JOIN agencies_membership AS m ON m.id = c.opened_by_id
WHERE m.agency_id = c.responsible_agency_id
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0011_emergency_confirmed"), ("agencies", "0011_memberships")]

    operations = [
        migrations.CreateModel(
            name="CaseWorker",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=config.lib.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("since", models.DateTimeField(default=django.utils.timezone.now)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                *(
                    (
                        name,
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name=related,
                            to=to,
                        ),
                    )
                    for name, to, related in (
                        ("case", "cases.case", "workers"),
                        ("agency", "agencies.agency", "+"),
                        ("membership", "agencies.membership", "+"),
                        ("named_by", "agencies.membership", "+"),
                    )
                ),
            ],
            options={
                "indexes": [models.Index(fields=["membership"], name="case_worker_membership")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=Q(ended_at__isnull=True),
                        fields=("case", "agency"),
                        name="case_worker_once",
                    )
                ],
            },
        ),
        Gate(
            "cases_caseworker",
            read=f"cases_caseworker.agency_id = {AGENCY}"
            " OR EXISTS (SELECT 1 FROM cases_case AS c"
            " WHERE c.id = cases_caseworker.case_id"
            f" AND c.responsible_agency_id = {AGENCY})",
            insert=NEW,
            # One's charge ends; nobody takes an ended one up again.
            update=f"cases_caseworker.agency_id = {AGENCY}"
            " AND cases_caseworker.ended_at IS NOT NULL",
            columns=("ended_at",),
        ),
        migrations.RunSQL(TAKEN, migrations.RunSQL.noop),
    ]
