"""Answers in the assessment, what to mind when meeting somebody, risk sheets."""

import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0028_ties"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="assessmentsection",
            name="answers",
            field=models.JSONField(
                blank=True,
                db_default=models.Value({}, models.JSONField()),
                default=dict,
                verbose_name="項目への答え",
            ),
        ),
        migrations.AddField(
            model_name="historicalassessmentsection",
            name="answers",
            field=models.JSONField(
                blank=True,
                db_default=models.Value({}, models.JSONField()),
                default=dict,
                verbose_name="項目への答え",
            ),
        ),
        migrations.AlterField(
            model_name="assessmentsection",
            name="situation",
            field=models.TextField(blank=True, verbose_name="状況"),
        ),
        migrations.AlterField(
            model_name="historicalassessmentsection",
            name="situation",
            field=models.TextField(blank=True, verbose_name="状況"),
        ),
        migrations.AlterField(
            model_name="record",
            name="kind",
            field=models.CharField(
                choices=[
                    ("note", "支援経過記録"),
                    ("issue", "課題"),
                    ("assessment", "アセスメント"),
                    ("caution", "関わり方の注意"),
                    ("risk", "リスク確認"),
                    ("plan", "支援プラン"),
                    ("monitoring", "モニタリング"),
                    ("evaluation", "評価"),
                    ("visit", "訪問記録"),
                    ("match", "参加支援"),
                    ("follow_up", "参加後のフォロー"),
                    ("community_issue", "地域課題"),
                    ("tie", "つながり"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddIndex(
            model_name="record",
            index=models.Index(
                condition=models.Q(("kind", "risk")), fields=["case"], name="record_risk_case"
            ),
        ),
        migrations.CreateModel(
            name="CautionNote",
            fields=[
                (
                    "record",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        serialize=False,
                        to="cases.record",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("visit_safety", "訪問時の安全"),
                            ("avoid", "避けるべき関わり方"),
                            ("exploitation", "経済的搾取の疑い"),
                            ("effective", "効果的だった関わり方"),
                        ],
                        max_length=20,
                    ),
                ),
                ("text", models.CharField(max_length=240, verbose_name="内容")),
                ("noted_on", models.DateField(verbose_name="分かった日")),
                ("ended_on", models.DateField(blank=True, null=True, verbose_name="終わった日")),
                (
                    "end_reason",
                    models.CharField(blank=True, max_length=400, verbose_name="終わった理由"),
                ),
                ("version", models.PositiveIntegerField(default=1)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("end_reason", ""), ("ended_on__isnull", True)),
                            models.Q(
                                ("ended_on__gte", models.F("noted_on")),
                                ("ended_on__isnull", False),
                                models.Q(("end_reason", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="caution_ended_whole",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="HistoricalCautionNote",
            fields=[
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("visit_safety", "訪問時の安全"),
                            ("avoid", "避けるべき関わり方"),
                            ("exploitation", "経済的搾取の疑い"),
                            ("effective", "効果的だった関わり方"),
                        ],
                        max_length=20,
                    ),
                ),
                ("text", models.CharField(max_length=240, verbose_name="内容")),
                ("noted_on", models.DateField(verbose_name="分かった日")),
                ("ended_on", models.DateField(blank=True, null=True, verbose_name="終わった日")),
                (
                    "end_reason",
                    models.CharField(blank=True, max_length=400, verbose_name="終わった理由"),
                ),
                ("version", models.PositiveIntegerField(default=1)),
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
                "verbose_name": "historical caution note",
                "verbose_name_plural": "historical caution notes",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalRiskAssessment",
            fields=[
                ("sheet", models.CharField(max_length=20)),
                ("answers", models.JSONField(default=dict)),
                ("assessed_on", models.DateField(verbose_name="確かめた日")),
                ("computed_level", models.CharField(max_length=20)),
                ("text", models.TextField(blank=True, verbose_name="見立て")),
                ("strengths", models.TextField(blank=True, verbose_name="強み・よい点")),
                ("decided_level", models.CharField(blank=True, max_length=20, verbose_name="判断")),
                ("decided_on", models.DateField(blank=True, null=True, verbose_name="判断した日")),
                (
                    "deciders",
                    models.CharField(blank=True, max_length=600, verbose_name="加わった人"),
                ),
                (
                    "override_reason",
                    models.CharField(blank=True, max_length=600, verbose_name="変えた理由"),
                ),
                ("version", models.PositiveIntegerField(default=1)),
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
                "verbose_name": "historical risk assessment",
                "verbose_name_plural": "historical risk assessments",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="RiskAssessment",
            fields=[
                (
                    "record",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        serialize=False,
                        to="cases.record",
                    ),
                ),
                ("sheet", models.CharField(max_length=20)),
                ("answers", models.JSONField(default=dict)),
                ("assessed_on", models.DateField(verbose_name="確かめた日")),
                ("computed_level", models.CharField(max_length=20)),
                ("text", models.TextField(blank=True, verbose_name="見立て")),
                ("strengths", models.TextField(blank=True, verbose_name="強み・よい点")),
                ("decided_level", models.CharField(blank=True, max_length=20, verbose_name="判断")),
                ("decided_on", models.DateField(blank=True, null=True, verbose_name="判断した日")),
                (
                    "deciders",
                    models.CharField(blank=True, max_length=600, verbose_name="加わった人"),
                ),
                (
                    "override_reason",
                    models.CharField(blank=True, max_length=600, verbose_name="変えた理由"),
                ),
                ("version", models.PositiveIntegerField(default=1)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("decided_level", ""),
                                ("decided_on__isnull", True),
                                ("deciders", ""),
                            ),
                            models.Q(
                                models.Q(("decided_level", ""), _negated=True),
                                ("decided_on__isnull", False),
                                models.Q(("deciders", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="risk_decided_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decided_level__in", ["", models.F("computed_level")]),
                            models.Q(("override_reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="risk_override_has_reason",
                    ),
                ],
            },
        ),
    ]
