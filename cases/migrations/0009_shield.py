"""Where a person is moves into a table of its own, and so do the words of a closing: a shield (V9)
closes rows, not columns. The policies follow in 0010."""

import django.db.models.deletion
import django.utils.timezone
import simple_history.models
from django.conf import settings
from django.db import migrations, models

import config.lib.ids

MOVE = """
INSERT INTO cases_contact (person_id, phone, phone_digits, address, school, workplace, whereabouts)
SELECT p.id, p.phone, p.phone_digits, p.address, '', '', '' FROM cases_person AS p
WHERE p.phone <> '' OR p.address <> '';

-- Versions: only those that changed where the person is (V13).
INSERT INTO cases_historicalcontact (
    person_id, phone, phone_digits, address, school, workplace, whereabouts,
    history_date, history_change_reason, history_type, history_user_id)
SELECT v.id, v.phone, v.phone_digits, v.address, '', '', '', v.history_date,
       v.history_change_reason,
       CASE WHEN v.earlier IS NULL THEN '+' ELSE '~' END, v.history_user_id
FROM (
    SELECT h.*, lag(ROW(h.phone, h.address)) OVER w AS before,
           lag(h.history_id) OVER w AS earlier
    FROM cases_historicalperson AS h
    WINDOW w AS (PARTITION BY h.id ORDER BY h.history_id)
) AS v
WHERE (v.earlier IS NULL AND (v.phone <> '' OR v.address <> ''))
   OR (v.earlier IS NOT NULL AND v.before IS DISTINCT FROM ROW(v.phone, v.address))
ORDER BY v.history_id;

INSERT INTO cases_closing (case_id, reason, follow_up)
SELECT c.id, c.closed_reason, c.follow_up FROM cases_case AS c WHERE c.status = 'closed';

-- The columns cannot go while checks of the new rows wait for the end of the transaction.
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("agencies", "0009_shield_permissions"),
        ("cases", "0008_emergency"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Closing",
            fields=[
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="closing",
                        serialize=False,
                        to="cases.case",
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("follow_up", models.CharField(blank=True, max_length=100)),
            ],
        ),
        migrations.CreateModel(
            name="Contact",
            fields=[
                (
                    "person",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="contact",
                        serialize=False,
                        to="cases.person",
                    ),
                ),
                ("phone", models.CharField(blank=True, max_length=40, verbose_name="電話番号")),
                ("phone_digits", models.CharField(blank=True, max_length=20)),
                ("address", models.CharField(blank=True, max_length=600, verbose_name="住所")),
                ("school", models.CharField(blank=True, max_length=200, verbose_name="学校")),
                ("workplace", models.CharField(blank=True, max_length=200, verbose_name="勤務先")),
                (
                    "whereabouts",
                    models.CharField(
                        blank=True, max_length=300, verbose_name="ほかに居所が分かること"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="HistoricalContact",
            fields=[
                ("phone", models.CharField(blank=True, max_length=40, verbose_name="電話番号")),
                ("phone_digits", models.CharField(blank=True, max_length=20)),
                ("address", models.CharField(blank=True, max_length=600, verbose_name="住所")),
                ("school", models.CharField(blank=True, max_length=200, verbose_name="学校")),
                ("workplace", models.CharField(blank=True, max_length=200, verbose_name="勤務先")),
                (
                    "whereabouts",
                    models.CharField(
                        blank=True, max_length=300, verbose_name="ほかに居所が分かること"
                    ),
                ),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
            ],
            options={
                "verbose_name": "historical contact",
                "verbose_name_plural": "historical contacts",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="Shield",
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
                    "ground",
                    models.CharField(
                        choices=[
                            ("resident_records", "住民基本台帳の支援措置（DV等）の決定"),
                            ("protection_order", "保護命令（配偶者暴力防止法）"),
                            ("abuse", "虐待からの保護（児童・高齢者・障害者）"),
                            ("stalking", "ストーカー等の被害"),
                            ("request", "本人の申し出（居所を知られたくない）"),
                        ],
                        max_length=20,
                    ),
                ),
                ("expires_on", models.DateField()),
                ("proposed_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                ("lift_proposed_at", models.DateTimeField(blank=True, null=True)),
                ("lift_reason", models.CharField(blank=True, max_length=200)),
                ("lifted_at", models.DateTimeField(blank=True, null=True)),
                ("form_key", models.UUIDField(unique=True)),
            ],
        ),
        migrations.CreateModel(
            name="ShieldHold",
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
                ("kind", models.CharField(max_length=40)),
                ("row_id", models.UUIDField()),
                (
                    "decision",
                    models.CharField(
                        choices=[
                            ("waiting", "確認待ち"),
                            ("released", "開いた"),
                            ("kept", "名簿の人だけ"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="ShieldMember",
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
                ("added_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(
                condition=models.Q(("phone_digits", ""), _negated=True),
                fields=["phone_digits"],
                name="contact_phone",
            ),
        ),
        migrations.AddField(
            model_name="historicalcontact",
            name="history_user",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="historicalcontact",
            name="person",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="cases.person",
            ),
        ),
        migrations.AddField(
            model_name="shield",
            name="case",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="shields", to="cases.case"
            ),
        ),
        migrations.AddField(
            model_name="shield",
            name="confirmed_user",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="shield",
            name="confirmer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="agencies.membership",
            ),
        ),
        migrations.AddField(
            model_name="shield",
            name="lift_proposed_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="agencies.membership",
            ),
        ),
        migrations.AddField(
            model_name="shield",
            name="lift_proposed_user",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="shield",
            name="lifted_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="agencies.membership",
            ),
        ),
        migrations.AddField(
            model_name="shield",
            name="lifted_user",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="shield",
            name="person",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="shields",
                to="cases.person",
            ),
        ),
        migrations.AddField(
            model_name="shield",
            name="proposed_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="agencies.membership",
            ),
        ),
        migrations.AddField(
            model_name="shield",
            name="proposed_user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="shieldhold",
            name="by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="agencies.membership",
            ),
        ),
        migrations.AddField(
            model_name="shieldhold",
            name="decided_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="agencies.membership",
            ),
        ),
        migrations.AddField(
            model_name="shieldhold",
            name="shield",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="holds", to="cases.shield"
            ),
        ),
        migrations.AddField(
            model_name="shieldmember",
            name="added_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="agencies.membership",
            ),
        ),
        migrations.AddField(
            model_name="shieldmember",
            name="membership",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="agencies.membership",
            ),
        ),
        migrations.AddField(
            model_name="shieldmember",
            name="shield",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="members",
                to="cases.shield",
            ),
        ),
        migrations.AddIndex(
            model_name="shield",
            index=models.Index(fields=["case"], name="shield_case"),
        ),
        migrations.AddConstraint(
            model_name="shield",
            constraint=models.UniqueConstraint(
                condition=models.Q(("lifted_at__isnull", True)),
                fields=("person",),
                name="shield_one_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="shield",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("confirmed_at__isnull", True), ("confirmed_user__isnull", True)),
                    models.Q(
                        ("confirmed_at__isnull", False),
                        ("confirmed_user__isnull", False),
                        models.Q(("confirmed_user", models.F("proposed_user")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="shield_set_by_two",
            ),
        ),
        migrations.AddConstraint(
            model_name="shield",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("lift_proposed_at__isnull", True),
                        ("lift_proposed_by__isnull", True),
                        ("lift_proposed_user__isnull", True),
                        ("lift_reason", ""),
                    ),
                    models.Q(
                        ("confirmed_at__isnull", False),
                        ("lift_proposed_at__isnull", False),
                        ("lift_proposed_by__isnull", False),
                        ("lift_proposed_user__isnull", False),
                        models.Q(("lift_reason", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="shield_lift_proposed_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="shield",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("lifted_at__isnull", True),
                        ("lifted_by__isnull", True),
                        ("lifted_user__isnull", True),
                    ),
                    models.Q(
                        ("lifted_at__isnull", False),
                        ("lifted_by__isnull", False),
                        ("lifted_user__isnull", False),
                        models.Q(
                            ("confirmed_at__isnull", True),
                            models.Q(
                                ("lift_proposed_at__isnull", False),
                                models.Q(
                                    ("lifted_user", models.F("lift_proposed_user")), _negated=True
                                ),
                            ),
                            _connector="OR",
                        ),
                    ),
                    _connector="OR",
                ),
                name="shield_lifted_by_two",
            ),
        ),
        migrations.AddConstraint(
            model_name="shieldhold",
            constraint=models.UniqueConstraint(
                fields=("row_id", "shield"), name="shield_hold_once"
            ),
        ),
        migrations.AddIndex(
            model_name="shieldmember",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", True)),
                fields=["membership"],
                name="shield_member_gate",
            ),
        ),
        migrations.AddConstraint(
            model_name="shieldmember",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True)),
                fields=("shield", "membership"),
                name="shield_member_once",
            ),
        ),
        migrations.RunSQL(MOVE, migrations.RunSQL.noop),
        migrations.RemoveIndex(
            model_name="person",
            name="person_phone",
        ),
        migrations.RemoveField(
            model_name="case",
            name="closed_reason",
        ),
        migrations.RemoveField(
            model_name="case",
            name="follow_up",
        ),
        migrations.RemoveField(
            model_name="historicalperson",
            name="address",
        ),
        migrations.RemoveField(
            model_name="historicalperson",
            name="phone",
        ),
        migrations.RemoveField(
            model_name="historicalperson",
            name="phone_digits",
        ),
        migrations.RemoveField(
            model_name="person",
            name="address",
        ),
        migrations.RemoveField(
            model_name="person",
            name="phone",
        ),
        migrations.RemoveField(
            model_name="person",
            name="phone_digits",
        ),
    ]
