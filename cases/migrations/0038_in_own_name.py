"""Who withdrew, closed or answered says so in their own name (V10), as with 済み (0035)."""

from django.db import migrations

NAMED = {
    "cases_consent": "withdrawn_by_id",
    "cases_case": "closed_by_id",
    "cases_referral": "answered_by_id",
}

FUNCTION = """
CREATE FUNCTION kasane.in_own_name() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    named uuid := (to_jsonb(NEW) ->> TG_ARGV[0])::uuid;
BEGIN
    IF named IS NOT NULL AND named IS DISTINCT FROM (to_jsonb(OLD) ->> TG_ARGV[0])::uuid
       AND named IS DISTINCT FROM (kasane.actor()).membership_id
       AND NOT pg_has_role(current_user, (SELECT c.relowner FROM pg_class AS c
                                          WHERE c.oid = TG_RELID), 'MEMBER') THEN
        RAISE EXCEPTION '% is whoever says so', TG_ARGV[0]
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
"""


def named(table):
    return (
        f"CREATE TRIGGER in_own_name BEFORE UPDATE ON public.{table}"
        f" FOR EACH ROW EXECUTE FUNCTION kasane.in_own_name('{NAMED[table]}');"
    )


class Migration(migrations.Migration):
    dependencies = [("cases", "0037_nothing_later")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION kasane.in_own_name();"),
        migrations.RunSQL(
            "".join(map(named, NAMED)),
            "".join(f"DROP TRIGGER in_own_name ON public.{table};" for table in NAMED),
        ),
    ]
