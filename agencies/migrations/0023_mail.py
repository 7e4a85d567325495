"""通知メール: one's own address; who has new notices is answered to the scheduler alone."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import config.lib.ids
from config.lib.rowsecurity import Gate, actor, quote, system

MINE = f"agencies_mailaddress.user_id = {actor('user_id')}"

# The number alone: what a notice says, and whose it is, stays where it is.
DUE = """
CREATE FUNCTION kasane.mails_due(users bigint[])
RETURNS TABLE (user_id bigint, address varchar, city_id bigint, new bigint, unread bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    today date := (now() AT TIME ZONE 'Asia/Tokyo')::date;
BEGIN
    IF (kasane.actor()).system_name IS DISTINCT FROM 'scheduler' THEN
        RETURN;
    END IF;
    RETURN QUERY
        SELECT d.user_id, d.address, min(a.municipality_id),
               count(DISTINCT n.id) FILTER (WHERE n.created_at > d.told_at),
               count(DISTINCT n.id)
        FROM public.agencies_mailaddress AS d
        JOIN public.agencies_user AS u ON u.id = d.user_id AND u.is_active
        JOIN public.agencies_membership AS m ON m.user_id = u.id AND m.confirmed_at IS NOT NULL
            AND m.since <= today AND (m.until IS NULL OR m.until >= today)
        JOIN public.agencies_role AS r ON r.key = m.role_id
        JOIN public.agencies_agency AS a ON a.group_id = m.agency_id
            AND (a.ended_on IS NULL OR a.ended_on >= today)
        JOIN public.agencies_notice AS n ON n.read_at IS NULL AND (n.membership_id = m.id
            OR (n.membership_id IS NULL AND n.agency_id = m.agency_id AND r.key <> 'guest'
                AND 'cases.read' = ANY (r.permissions)))
        WHERE users IS NULL OR d.user_id = ANY (users)
        GROUP BY d.user_id, d.address
        HAVING count(*) FILTER (WHERE n.created_at > d.told_at) > 0;
END
$$;
"""


def grant_function(apps, schema_editor):
    role = quote(settings.KASANE_APP_ROLE)
    schema_editor.execute("REVOKE ALL ON FUNCTION kasane.mails_due(bigint[]) FROM PUBLIC")
    schema_editor.execute(f"GRANT EXECUTE ON FUNCTION kasane.mails_due(bigint[]) TO {role}")


class Migration(migrations.Migration):
    dependencies = [("agencies", "0022_decisions")]

    operations = [
        migrations.CreateModel(
            name="MailAddress",
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
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="mail_address",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("address", models.EmailField(max_length=254, verbose_name="メールアドレス")),
                ("told_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.RunSQL(DUE, "DROP FUNCTION kasane.mails_due(bigint[])"),
        migrations.RunPython(grant_function, migrations.RunPython.noop),
        Gate(
            "agencies_mailaddress",
            read=f"{MINE} OR {system('scheduler')}",
            insert=MINE,
            update="true",
            delete=MINE,
            columns=("address", "told_at"),
        ),
    ]
