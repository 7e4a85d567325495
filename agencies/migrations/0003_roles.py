"""Roles and permissions as data with stable keys, the system memberships, and the law in force."""

import datetime

from django.db import migrations
from django.utils import timezone

ROLES = {
    "consultation_worker": (
        "相談員",
        [
            "cases.read",
            "cases.take_consultation",
            "cases.write_records",
            "cases.record_consent",
            "cases.refer",
            "plans.draft",
        ],
    ),
    "coordinator": (
        "多機関協働コーディネーター",
        [
            "cases.read",
            "cases.take_consultation",
            "cases.write_records",
            "cases.record_consent",
            "cases.refer",
            "plans.draft",
            "meetings.run",
            "cases.office_hints",
            "outreach.log_visit",
            "community.record",
            "reports.read",
        ],
    ),
    "office_head": (
        "推進室長",
        [
            "cases.read",
            "cases.write_records",
            "cases.refer",
            "meetings.run",
            "meetings.appoint",
            "plans.decide",
            "cases.office_hints",
            "agencies.confirm_membership",
            "reports.read",
            "community.record",
        ],
    ),
    "outreach_worker": (
        "アウトリーチ支援員",
        [
            "cases.read",
            "cases.take_consultation",
            "cases.write_records",
            "cases.record_consent",
            "cases.refer",
            "plans.draft",
            "outreach.log_visit",
        ],
    ),
    "participation_worker": (
        "参加支援員",
        [
            "cases.read",
            "cases.take_consultation",
            "cases.write_records",
            "cases.record_consent",
            "cases.refer",
            "plans.draft",
            "participation.match",
            "community.record",
        ],
    ),
    "community_worker": (
        "地域づくり担当",
        ["cases.read", "cases.write_records", "cases.refer", "community.record"],
    ),
    "city_administrator": ("市の事業担当（評価・報告）", ["reports.read", "reports.enter"]),
    "privacy_officer": ("個人情報保護担当", ["agencies.review_access"]),
    "system_administrator": ("システム管理者", ["agencies.manage_accounts"]),
}

# 社会福祉法: the wording of the duty is ours, the articles are the act's (domain.md §3.1).
LAW = [
    ("106-4-2-5", "社会福祉法", "第106条の4第2項第5号", "多機関協働事業（本人同意による会議）", ""),
    (
        "106-4-2-6",
        "社会福祉法",
        "第106条の4第2項第6号",
        "支援プランの作成等（本人同意による会議）",
        "",
    ),
    ("guideline", "", "実施要綱", "市の実施要綱（本人同意による会議）", ""),
    (
        "106-6",
        "社会福祉法",
        "第106条の6",
        "支援会議（守秘義務）",
        "支援会議の事務に従事する者・従事していた者は、正当な理由なく、支援会議の事務に関して"
        "知り得た秘密を漏らしてはなりません（第5項）。違反した者は、1年以下の拘禁刑または"
        "100万円以下の罰金に処せられることがあります（第159条）。",
    ),
]


def load(apps, schema_editor):
    using = schema_editor.connection.alias
    role = apps.get_model("agencies", "Role").objects.using(using)
    for key, (name, permissions) in ROLES.items():
        role.update_or_create(key=key, defaults={"name": name, "permissions": permissions})
    membership = apps.get_model("agencies", "Membership").objects.using(using)
    for name in ("scheduler", "statistics", "retention"):
        membership.get_or_create(
            system_name=name,
            defaults={"since": datetime.date(2021, 4, 1), "confirmed_at": timezone.now()},
        )
    basis = apps.get_model("agencies", "LegalBasis").objects.using(using)
    for code, act, article, label, text in LAW:
        basis.get_or_create(
            code=code,
            effective_from=datetime.date(2021, 4, 1),
            defaults={"act": act, "article": article, "label": label, "text": text},
        )


class Migration(migrations.Migration):
    dependencies = [("agencies", "0002_gate")]

    operations = [migrations.RunPython(load, migrations.RunPython.noop)]
