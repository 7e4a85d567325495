"""The guest of a sitting, the law as dated articles, and a secretariat list that keeps its history."""

import datetime

from django.db import migrations, models

from config.lib.rowsecurity import Gate, actor, system

READ_ITEMS = "meetings.read_items"
START = datetime.date(2021, 4, 1)
PRISON = datetime.date(2025, 6, 1)  # 拘禁刑 took the place of 懲役

DUTY = (
    "支援会議の事務に従事する者・従事していた者は、正当な理由なく、支援会議の事務に関して"
    "知り得た秘密を漏らしてはなりません（第5項）。"
)
PENALTY = (
    "支援会議の秘密を漏らした者（第106条の6第5項に違反した者）は、1年以下の{}または"
    "100万円以下の罰金に処せられることがあります。"
)
REQUEST = (
    "支援会議は、情報の交換と支援の検討のために必要があると認めるときは、支援関係機関等に対し、"
    "資料または情報の提供、意見の開陳その他必要な協力を求めることができます（第3項）。"
    "求めを受けた支援関係機関等は、これに協力するように努めるものとされています（第4項）。"
)
LAW = [
    ("159", "第159条", "秘密を漏らした者への罰則", PENALTY.format("懲役"), START,
     PRISON - datetime.timedelta(days=1)),
    ("159", "第159条", "秘密を漏らした者への罰則", PENALTY.format("拘禁刑"), PRISON, None),
    ("106-6-3", "第106条の6第3項", "資料・情報の提供の求め", REQUEST, START, None),
]  # fmt: skip


def load(apps, schema_editor):
    using = schema_editor.connection.alias
    roles = apps.get_model("agencies", "Role").objects.using(using)
    roles.update_or_create(
        key="guest", defaults={"name": "会議のゲスト", "permissions": [READ_ITEMS]}
    )
    for role in roles.filter(permissions__contains=["cases.read"]):
        if READ_ITEMS not in role.permissions:
            role.permissions = [*role.permissions, READ_ITEMS]
            role.save(update_fields=["permissions"])
    basis = apps.get_model("agencies", "LegalBasis").objects.using(using)
    # The duty and the penalty are two articles, and only the second has changed.
    basis.filter(code="106-6", effective_from=START).update(text=DUTY)
    for code, article, label, text, since, until in LAW:
        basis.get_or_create(
            code=code,
            effective_from=since,
            defaults={
                "act": "社会福祉法",
                "article": article,
                "label": label,
                "text": text,
                "effective_to": until,
            },
        )


ROLE_KEYS = [
    ("consultation_worker", "相談員"),
    ("coordinator", "多機関協働コーディネーター"),
    ("office_head", "推進室長"),
    ("outreach_worker", "アウトリーチ支援員"),
    ("participation_worker", "参加支援員"),
    ("community_worker", "地域づくり担当"),
    ("city_administrator", "市の事業担当（評価・報告）"),
    ("privacy_officer", "個人情報保護担当"),
    ("system_administrator", "システム管理者"),
    ("guest", "会議のゲスト"),
]

# V6: an agency's notices are not its guest's.
NOTICE = f"""agencies_notice.membership_id = {actor("membership_id")}
    OR (agencies_notice.membership_id IS NULL
        AND agencies_notice.agency_id = {actor("home_agency_id")}
        AND NOT EXISTS (SELECT 1 FROM agencies_membership AS m
            WHERE m.id = {actor("membership_id")} AND m.role_id = 'guest'))"""


class Migration(migrations.Migration):
    dependencies = [("agencies", "0004_log_author")]

    operations = [
        migrations.AlterField(
            "role",
            "key",
            models.CharField(choices=ROLE_KEYS, max_length=40, primary_key=True, serialize=False),
        ),
        migrations.AlterField(
            "rolename", "role", models.CharField(choices=ROLE_KEYS, max_length=40)
        ),
        migrations.RemoveConstraint("secretariatmember", "secretariat_member_once"),
        migrations.AddConstraint(
            "secretariatmember",
            models.UniqueConstraint(
                condition=models.Q(ended_at__isnull=True),
                fields=["conference_type", "membership", "fiscal_year"],
                name="secretariat_member_once",
            ),
        ),
        migrations.RunPython(load, migrations.RunPython.noop),
        Gate(
            "agencies_notice",
            read=NOTICE,
            # Within the city (or by the scheduler), and to a page of our own.
            insert="(agencies_notice.url = '' OR agencies_notice.url LIKE '/%') AND ("
            f"{system('scheduler')} OR EXISTS (SELECT 1 FROM agencies_agency AS a"
            " WHERE a.group_id = agencies_notice.agency_id"
            f" AND a.municipality_id = {actor('municipality_id')}))",
            update="true",
            columns=("read_at",),
        ),
    ]
