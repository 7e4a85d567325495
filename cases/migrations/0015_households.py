"""世帯の変更 (V18): who left a household, which person of one case is which of another, and that a
case rests. No policy of another table changes: a link opens nothing."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

import config.lib.ids
from config.lib.rowsecurity import Gate, actor, system

AGENCY = actor("agency_id")
ME = actor("membership_id")

# V9: who is under a shield, proposed or in force, is not carried into another case; told to the
# agency responsible for the case, which a second proposal tells the same.
FUNCTIONS = """
CREATE FUNCTION kasane.open_shields(case_key uuid) RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT COALESCE(array_agg(s.person_id), '{}')
    FROM public.cases_shield AS s JOIN public.cases_case AS c ON c.id = s.case_id
    WHERE s.case_id = case_key AND s.lifted_at IS NULL
      AND c.responsible_agency_id = (kasane.actor()).agency_id
$$;
"""


def works(person):
    """SQL: I work on the case of the person and may see them."""
    return f"""EXISTS (SELECT 1 FROM cases_person AS p
        JOIN cases_casegrant AS g ON g.content_object_id = p.case_id
        WHERE p.id = cases_householdlink.{person} AND g.group_id = {AGENCY}
          AND g.basis <> 'own_records' AND g.revoked_at IS NULL AND g.period @> now())"""


def responsible(person, also=""):
    """SQL: my agency is responsible for the case of the person."""
    return f"""EXISTS (SELECT 1 FROM cases_person AS p JOIN cases_case AS c ON c.id = p.case_id
        WHERE p.id = cases_householdlink.{person} AND c.responsible_agency_id = {AGENCY} {also})"""


UNSHIELDED = (
    "AND c.status = 'active' AND c.rests_at IS NULL AND NOT p.id = ANY (kasane.open_shields(c.id))"
)


def grant_functions(apps, schema_editor):
    role = schema_editor.quote_name(settings.KASANE_APP_ROLE)
    schema_editor.execute("REVOKE ALL ON FUNCTION kasane.open_shields(uuid) FROM PUBLIC")
    schema_editor.execute(f"GRANT EXECUTE ON FUNCTION kasane.open_shields(uuid) TO {role}")


class Migration(migrations.Migration):
    dependencies = [("agencies", "0011_memberships"), ("cases", "0014_shield_of_neighbours")]

    operations = [
        migrations.AddField(
            model_name="case", name="rests_at", field=models.DateTimeField(blank=True, null=True)
        ),
        migrations.AddField(
            model_name="historicalperson",
            name="left_on",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="person", name="left_on", field=models.DateField(blank=True, null=True)
        ),
        migrations.CreateModel(
            name="HouseholdLink",
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
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("split", "世帯から分かれた"),
                            ("joined", "別の世帯に移った"),
                            ("merged", "統合した"),
                        ],
                        max_length=10,
                    ),
                ),
                ("on", models.DateField()),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("independent", "別居・独立"),
                            ("marriage", "結婚・離婚"),
                            ("facility", "施設・グループホームに入った"),
                            ("care", "介護や子育てのため"),
                            ("papers", "住民票の世帯分離・世帯合併"),
                            ("other", "その他"),
                        ],
                        max_length=20,
                    ),
                ),
                ("had_left_on", models.DateField(blank=True, null=True)),
                ("written_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("form_key", models.UUIDField()),
                ("undone_at", models.DateTimeField(blank=True, null=True)),
                *(
                    (
                        name,
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=to,
                            **more,
                        ),
                    )
                    for name, to, more in (
                        ("author", "agencies.membership", {}),
                        ("author_agency", "agencies.agency", {}),
                        ("from_person", "cases.person", {}),
                        ("to_person", "cases.person", {}),
                        ("undone_by", "agencies.membership", {"blank": True, "null": True}),
                    )
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("author", "form_key", "from_person"),
                        name="household_link_form_once",
                    ),
                    models.CheckConstraint(
                        condition=~Q(from_person=F("to_person")), name="household_link_of_two"
                    ),
                    models.CheckConstraint(
                        condition=Q(undone_at__isnull=True, undone_by__isnull=True)
                        | Q(undone_at__isnull=False, undone_by__isnull=False),
                        name="household_link_undone_whole",
                    ),
                ]
            },
        ),
        migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop),
        migrations.RunPython(grant_functions, migrations.RunPython.noop),
        Gate(
            "cases_householdlink",
            # One household is counted once, a person too (docs/figures.md).
            read=f"{system('statistics')} OR cases_householdlink.author_agency_id = {AGENCY}"
            f" OR ({works('from_person_id')} AND {works('to_person_id')})",
            # Both cases are the writer's, and open; nobody under a shield (V9).
            insert=f"cases_householdlink.author_agency_id = {AGENCY}"
            f" AND cases_householdlink.author_id = {ME}"
            " AND cases_householdlink.undone_at IS NULL"
            f" AND {responsible('from_person_id', UNSHIELDED)}"
            f" AND {responsible('to_person_id', UNSHIELDED)}",
            # Undone by who is responsible for both; nobody makes it good again.
            update=f"cases_householdlink.undone_at IS NOT NULL"
            f" AND cases_householdlink.undone_by_id = {ME}"
            f" AND {responsible('from_person_id')} AND {responsible('to_person_id')}",
            columns=("undone_at", "undone_by_id"),
        ),
    ]
