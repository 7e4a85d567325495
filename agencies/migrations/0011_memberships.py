"""V11: a membership is confirmed or refused once by its agency's own manager, and never extended.

Every agency has a manager now (`agency_manager`): until here only the office's head could confirm.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

MANAGER = (
    "agency_manager",
    "機関の管理者",
    [
        "cases.read",
        "cases.take_consultation",
        "cases.write_records",
        "cases.record_consent",
        "cases.refer",
        "plans.draft",
        "meetings.read_items",
        "agencies.confirm_membership",
    ],
)

ROLE_KEYS = [
    ("consultation_worker", "相談員"),
    ("coordinator", "多機関協働コーディネーター"),
    ("office_head", "推進室長"),
    ("agency_manager", "機関の管理者"),
    ("outreach_worker", "アウトリーチ支援員"),
    ("participation_worker", "参加支援員"),
    ("community_worker", "地域づくり担当"),
    ("city_administrator", "市の事業担当（評価・報告）"),
    ("privacy_officer", "個人情報保護担当"),
    ("system_administrator", "システム管理者"),
    ("guest", "会議のゲスト"),
]

# As in 0007; and: refused like confirmed, in one's own city, ended and never extended.
GUARD = """
CREATE OR REPLACE FUNCTION kasane.guard_membership() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who kasane.acting := kasane.actor();
    is_open boolean;
BEGIN
    IF pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
        RETURN NEW;
    END IF;
    IF NEW.user_id IS NOT DISTINCT FROM (who).user_id THEN
        RAISE EXCEPTION 'nobody changes a membership of their own'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NOT EXISTS (
        SELECT 1 FROM public.agencies_agency AS a
        WHERE a.group_id = NEW.agency_id AND a.municipality_id = (who).municipality_id)
    THEN
        RAISE EXCEPTION 'a membership is of one''s own city'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.confirmed_at IS NULL AND NEW.confirmed_by_id IS NULL AND NEW.refused_at IS NULL
           AND kasane.may('agencies.manage_accounts')
        THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'a membership is made by the administrator, unconfirmed'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    is_open := OLD.confirmed_at IS NULL AND OLD.refused_at IS NULL
        AND NEW.agency_id = (who).home_agency_id AND kasane.may('agencies.confirm_membership')
        -- Whoever makes memberships, in whatever membership of theirs, confirms none.
        AND NOT EXISTS (SELECT 1 FROM public.agencies_membership AS m
            JOIN public.agencies_role AS r ON r.key = m.role_id
            WHERE m.user_id = (who).user_id AND m.confirmed_at IS NOT NULL
              AND (m.until IS NULL OR m.until >= (now() AT TIME ZONE 'Asia/Tokyo')::date)
              AND 'agencies.manage_accounts' = ANY (r.permissions));
    IF (NEW.confirmed_at, NEW.confirmed_by_id) IS DISTINCT FROM
       (OLD.confirmed_at, OLD.confirmed_by_id)
       AND (is_open AND NEW.confirmed_by_id = (who).membership_id) IS NOT TRUE
    THEN
        RAISE EXCEPTION 'a membership is confirmed once, by its agency''s manager'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF (NEW.refused_at, NEW.refused_by_id, NEW.refusal_reason) IS DISTINCT FROM
       (OLD.refused_at, OLD.refused_by_id, OLD.refusal_reason)
       AND (is_open AND NEW.refused_by_id = (who).membership_id) IS NOT TRUE
    THEN
        RAISE EXCEPTION 'a membership is refused once, by its agency''s manager'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    -- A longer period would work without the manager's confirmation.
    IF NEW.until IS DISTINCT FROM OLD.until
       AND (kasane.may('agencies.manage_accounts') AND NEW.until IS NOT NULL
            AND NEW.until < COALESCE(OLD.until, 'infinity')) IS NOT TRUE
    THEN
        RAISE EXCEPTION 'a membership is ended by the administrator, never extended'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
"""


def give(apps, schema_editor):
    using = schema_editor.connection.alias
    key, name, permissions = MANAGER
    roles = apps.get_model("agencies", "Role").objects.using(using)
    # Whoever consults people may have to act in an emergency (V8, 0008).
    worker = roles.get(key="consultation_worker").permissions
    extra = [p for p in worker if p not in permissions]
    roles.update_or_create(key=key, defaults={"name": name, "permissions": [*permissions, *extra]})
    role = schema_editor.quote_name(settings.KASANE_APP_ROLE)
    schema_editor.execute(
        f"GRANT UPDATE (refused_at, refused_by_id, refusal_reason) ON agencies_membership TO {role}"
    )


class Migration(migrations.Migration):
    dependencies = [("agencies", "0010_second_factor")]

    operations = [
        migrations.AlterField(
            "role",
            "key",
            models.CharField(choices=ROLE_KEYS, max_length=40, primary_key=True, serialize=False),
        ),
        migrations.AlterField(
            "rolename", "role", models.CharField(choices=ROLE_KEYS, max_length=40)
        ),
        migrations.AddField(
            "membership", "refused_at", models.DateTimeField(blank=True, null=True)
        ),
        migrations.AddField(
            "membership",
            "refused_by",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="agencies.membership",
            ),
        ),
        migrations.AddField(
            "membership",
            "refusal_reason",
            models.CharField(blank=True, db_default="", default="", max_length=200),
        ),
        migrations.RemoveConstraint("membership", "membership_once"),
        migrations.AddConstraint(
            "membership",
            models.UniqueConstraint(
                condition=Q(refused_at__isnull=True),
                fields=("user", "agency", "role", "since"),
                name="membership_once",
            ),
        ),
        migrations.AddConstraint(
            "membership",
            models.CheckConstraint(
                condition=Q(refused_at__isnull=True, refused_by__isnull=True, refusal_reason="")
                | (
                    Q(refused_at__isnull=False, refused_by__isnull=False, confirmed_at__isnull=True)
                    & ~Q(refusal_reason="")
                ),
                name="membership_refused_whole",
            ),
        ),
        migrations.RunSQL(GUARD, migrations.RunSQL.noop),
        migrations.RunPython(give, migrations.RunPython.noop),
    ]
