"""だれに聞くか: the city's own list, read by everybody of the city."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import config.lib.ids
from config.lib.rowsecurity import Gate, actor

CITY, ME, HOME = actor("municipality_id"), actor("membership_id"), actor("home_agency_id")
OURS = f"agencies_contactpoint.municipality_id = {CITY}"

# The office all of the city's; an agency's manager the agency's own.
KEPT = f"""agencies_contactpoint.written_by_id = {ME} AND {OURS}
    AND ((SELECT kasane.may('cases.office_hints'))
        OR (agencies_contactpoint.agency_id = {HOME}
            AND (SELECT kasane.may('agencies.confirm_membership'))))
    AND (agencies_contactpoint.agency_id IS NULL OR EXISTS (
        SELECT 1 FROM agencies_agency AS a WHERE a.group_id = agencies_contactpoint.agency_id
          AND a.municipality_id = agencies_contactpoint.municipality_id))"""


class Migration(migrations.Migration):
    dependencies = [
        ("agencies", "0016_intake_items"),
    ]

    operations = [
        migrations.CreateModel(
            name="ContactPoint",
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
                    "section",
                    models.CharField(blank=True, max_length=100, verbose_name="課・機関の名前"),
                ),
                ("name", models.CharField(max_length=100, verbose_name="窓口・担当")),
                ("is_helpdesk", models.BooleanField(default=False, verbose_name="ヘルプデスク")),
                (
                    "themes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        size=None,
                        verbose_name="相談のテーマ",
                    ),
                ),
                (
                    "areas",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="受け持つ地域",
                    ),
                ),
                ("phone", models.CharField(blank=True, max_length=60, verbose_name="電話番号")),
                ("hours", models.CharField(blank=True, max_length=100, verbose_name="受付時間")),
                ("note", models.CharField(blank=True, max_length=200, verbose_name="ひとこと")),
                ("ended_on", models.DateField(blank=True, null=True)),
                ("written_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("form_key", models.UUIDField(unique=True)),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "agency",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.agency",
                    ),
                ),
                (
                    "municipality",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.municipality",
                    ),
                ),
                (
                    "written_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.membership",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("agency__isnull", False), ("section", "")),
                            models.Q(
                                ("agency__isnull", True), models.Q(("section", ""), _negated=True)
                            ),
                            _connector="OR",
                        ),
                        name="contact_point_of_somebody",
                    )
                ],
            },
        ),
        Gate(
            "agencies_contactpoint",
            read=OURS,
            insert=KEPT,
            update=KEPT,  # whose it is never changes: none of these columns
            columns=(
                "name",
                "is_helpdesk",
                "themes",
                "areas",
                "phone",
                "hours",
                "note",
                "ended_on",
                "written_at",
                "written_by_id",
                "version",
            ),
        ),
    ]
