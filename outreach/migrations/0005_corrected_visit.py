"""A visit is corrected as a note is: by a new version with a reason, which the database says
(cases 0031); its versions are read by who reads the visit, and a shield closes them (V9, V13)."""

from importlib import import_module

import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models

from config.lib.rowsecurity import Gate
from config.lib.shieldsecurity import ShieldText, versions

said = import_module("cases.migrations.0035_said_by_whom").said

WORDS = ("met_whom", "place", "companions", "text", "next_step", "correction_reason")
SEEN = (
    "EXISTS (SELECT 1 FROM outreach_visit AS v"
    " WHERE v.record_id = outreach_historicalvisit.record_id OFFSET 0)"
)
AGAIN = """
DROP TRIGGER shield_written ON public.outreach_visit;
DELETE FROM kasane.shield_texts WHERE table_name = 'outreach_visit';
"""
CORRECTED = """
CREATE TRIGGER needs_reason BEFORE UPDATE ON public.outreach_visit
    FOR EACH ROW EXECUTE FUNCTION kasane.needs_reason(
        'method', 'result', 'met_whom', 'place', 'companions', 'minutes_spent', 'stage', 'text',
        'next_on', 'next_step');
"""
# What stands was its first version: else the first correction would be all there is (V13).
FIRST = """
INSERT INTO public.outreach_historicalvisit (
    record_id, method, result, met_whom, place, companions, minutes_spent, stage, text, next_on,
    next_step, form_key, opened_as_id, correction_reason, version, history_date, history_type,
    history_user_id)
SELECT v.record_id, v.method, v.result, v.met_whom, v.place, v.companions, v.minutes_spent,
    v.stage, v.text, v.next_on, v.next_step, v.form_key, v.opened_as_id, v.correction_reason,
    v.version, r.written_at, '+', m.user_id
FROM public.outreach_visit AS v
JOIN public.cases_record AS r ON r.id = v.record_id
JOIN public.agencies_membership AS m ON m.id = r.author_id;
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0039_corrected"),
        ("outreach", "0004_shield"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="visit",
            name="correction_reason",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=200, verbose_name="直した理由"
            ),
        ),
        migrations.AddField(
            model_name="visit",
            name="version",
            field=models.PositiveIntegerField(db_default=1, default=1),
        ),
        migrations.CreateModel(
            name="HistoricalVisit",
            fields=[
                (
                    "method",
                    models.CharField(
                        choices=[
                            ("visit", "訪問"),
                            ("phone", "電話"),
                            ("letter", "手紙"),
                            ("accompany", "同行"),
                            ("other", "その他"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "result",
                    models.CharField(
                        choices=[
                            ("absent", "不在・会えなかった"),
                            ("met_person", "本人と会えた"),
                            ("met_family", "家族と会えた"),
                            ("met_others", "近隣・関係者と会えた"),
                        ],
                        max_length=20,
                    ),
                ),
                ("met_whom", models.CharField(blank=True, max_length=300, verbose_name="会えた人")),
                ("place", models.CharField(blank=True, max_length=300)),
                ("companions", models.CharField(blank=True, max_length=300, verbose_name="同行者")),
                (
                    "minutes_spent",
                    models.PositiveSmallIntegerField(
                        blank=True, null=True, verbose_name="所要時間（分）"
                    ),
                ),
                (
                    "stage",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "記入しない"),
                            ("no_contact", "まだ会えない"),
                            ("door", "玄関先で話せる"),
                            ("talking", "会話が続く"),
                            ("trust", "困りごとを話せる"),
                            ("linked", "支援につながった"),
                        ],
                        max_length=20,
                    ),
                ),
                ("text", models.TextField(blank=True)),
                ("next_on", models.DateField(blank=True, null=True, verbose_name="次の予定日")),
                ("next_step", models.CharField(blank=True, max_length=600)),
                ("form_key", models.UUIDField(db_index=True)),
                (
                    "correction_reason",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        max_length=200,
                        verbose_name="直した理由",
                    ),
                ),
                ("version", models.PositiveIntegerField(db_default=1, default=1)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "opened_as",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="outreach.visit",
                    ),
                ),
                (
                    "record",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="cases.record",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical visit",
                "verbose_name_plural": "historical visits",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        Gate("outreach_historicalvisit", read=SEEN, insert=SEEN),
        versions("outreach_historicalvisit"),
        migrations.RunSQL(AGAIN, migrations.RunSQL.noop),
        ShieldText("outreach_visit", *WORDS),
        ShieldText("outreach_historicalvisit", *WORDS, is_version=True),
        migrations.RunSQL(CORRECTED, "DROP TRIGGER needs_reason ON public.outreach_visit"),
        migrations.RunSQL(said("outreach_visit"), migrations.RunSQL.noop),
        migrations.RunSQL(FIRST, migrations.RunSQL.noop),
    ]
