"""Who is acting (`kasane.actor`), the access log's only door, and the first policies."""

from django.conf import settings
from django.db import migrations

from config.lib.rowsecurity import Gate, Open, actor, system

# security definer: the policies' own question must not depend on what the asker may read.
ACTOR = """
CREATE SCHEMA IF NOT EXISTS kasane;
CREATE TYPE kasane.acting AS (
    membership_id uuid,      -- null: nobody acts, nothing is seen (V1)
    user_id bigint,
    agency_id integer,       -- only for roles that read cases (V11)
    home_agency_id integer,  -- the agency, whatever the role
    municipality_id bigint,
    system_name text,
    privacy_city_id bigint,  -- the city whose access this membership reviews
    office_city_id bigint    -- the city whose duplicate hints it receives (V15)
);
CREATE FUNCTION kasane.actor() RETURNS kasane.acting
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT m.id, m.user_id,
           CASE WHEN 'cases.read' = ANY (r.permissions) THEN m.agency_id END,
           m.agency_id, a.municipality_id, m.system_name,
           CASE WHEN 'agencies.review_access' = ANY (r.permissions) THEN a.municipality_id END,
           CASE WHEN 'cases.office_hints' = ANY (r.permissions) THEN a.municipality_id END
    FROM public.agencies_membership AS m
    LEFT JOIN public.agencies_role AS r ON r.key = m.role_id
    LEFT JOIN public.agencies_agency AS a ON a.group_id = m.agency_id
    LEFT JOIN public.agencies_user AS u ON u.id = m.user_id
    WHERE m.id = NULLIF(current_setting('kasane.actor', true), '')::uuid
      AND m.confirmed_at IS NOT NULL
      AND (m.user_id IS NULL OR u.is_active)
      AND m.since <= (now() AT TIME ZONE 'Asia/Tokyo')::date
      AND (m.until IS NULL OR m.until >= (now() AT TIME ZONE 'Asia/Tokyo')::date)
      AND (a.ended_on IS NULL OR a.ended_on >= (now() AT TIME ZONE 'Asia/Tokyo')::date)
$$;
"""

# The log's only door: the row says who acts, not who is said to act, except where nobody does yet
# (sign-in) or a membership has just ended.
LOG = """
CREATE FUNCTION kasane.log_access(
    membership uuid, action text, purpose text, basis text, what text,
    case_key uuid, record_keys uuid[], item_key uuid, allowed boolean
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- Who acts says who; where nobody does yet, only a sign-in or sign-out may name itself.
    who uuid := COALESCE((kasane.actor()).membership_id, CASE
        WHEN action IN ('sign_in', 'sign_in_failed', 'sign_out', 'deny', 'switch')
        THEN membership END);
BEGIN
    INSERT INTO public.agencies_accesslog (
        at, membership_id, user_id, agency_id, municipality_id,
        action, purpose, basis, what, case_id, record_ids, item_id, was_allowed
    )
    SELECT clock_timestamp(), who, m.user_id, m.agency_id, a.municipality_id,
           action, purpose, basis, what, case_key, COALESCE(record_keys, '{}'), item_key, allowed
    FROM (SELECT 1) AS one
    LEFT JOIN public.agencies_membership AS m ON m.id = who
    LEFT JOIN public.agencies_agency AS a ON a.group_id = m.agency_id;
END
$$;
CREATE FUNCTION kasane.refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON public.agencies_accesslog
    FOR EACH STATEMENT EXECUTE FUNCTION kasane.refuse_change();
"""

UNDO = """
DROP TRIGGER append_only ON public.agencies_accesslog;
DROP FUNCTION kasane.log_access(uuid, text, text, text, text, uuid, uuid[], uuid, boolean);
DROP FUNCTION kasane.refuse_change();
DROP FUNCTION kasane.actor();
DROP TYPE kasane.acting;
"""


def grant_functions(apps, schema_editor):
    role = schema_editor.quote_name(settings.KASANE_APP_ROLE)
    for statement in (
        f"GRANT USAGE ON SCHEMA kasane TO {role}",
        "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA kasane FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION kasane.actor() TO {role}",
        "GRANT EXECUTE ON FUNCTION kasane.log_access"
        f"(uuid, text, text, text, text, uuid, uuid[], uuid, boolean) TO {role}",
        # Django's own tables whose migrations may run later or earlier than this one.
        f"GRANT SELECT ON django_migrations TO {role}",
    ):
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [
        ("agencies", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("sessions", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(ACTOR + LOG, UNDO),
        migrations.RunPython(grant_functions, migrations.RunPython.noop),
        Open("django_content_type", "auth_permission", verbs="SELECT"),
        Open("auth_group", "django_session"),
        Open("agencies_municipality", "agencies_planperiod", "agencies_programme"),
        Open("agencies_programme_agencies", "agencies_rolename", "agencies_conferencetype"),
        Open("agencies_standingmember", "agencies_intakecriterion", "agencies_routinghint"),
        Open("agencies_committee", "agencies_indicator", "agencies_legalbasis"),
        Open("agencies_agency", "agencies_membership", verbs="SELECT, INSERT, UPDATE"),
        Open("agencies_user", verbs="SELECT, INSERT, UPDATE"),
        Open("agencies_user_groups", "agencies_user_user_permissions", verbs="SELECT"),
        Open("agencies_role", verbs="SELECT"),
        Open("agencies_secretariatmember", verbs="SELECT, INSERT, UPDATE"),
        Open("agencies_signinattempt", verbs="SELECT, INSERT, DELETE"),
        Gate(
            "agencies_accesslog",
            read=f"agencies_accesslog.membership_id = {actor('membership_id')}"
            f" OR agencies_accesslog.municipality_id = {actor('privacy_city_id')}",
        ),
        # What has to happen: ids only; anybody files a job, the workers alone read them.
        Gate(
            "agencies_job",
            read=system("scheduler"),
            insert="true",
            update="true",
            columns=("due_at", "attempts", "done_at", "failed_at", "error"),
        ),
        Gate(
            "agencies_notice",
            read=f"agencies_notice.membership_id = {actor('membership_id')}"
            " OR (agencies_notice.membership_id IS NULL"
            f" AND agencies_notice.agency_id = {actor('home_agency_id')})",
            # Within the city (or by the scheduler), and to a page of our own.
            insert="(agencies_notice.url = '' OR agencies_notice.url LIKE '/%') AND ("
            f"{system('scheduler')} OR EXISTS (SELECT 1 FROM agencies_agency AS a"
            " WHERE a.group_id = agencies_notice.agency_id"
            f" AND a.municipality_id = {actor('municipality_id')}))",
            update="true",
            columns=("read_at",),
        ),
    ]
