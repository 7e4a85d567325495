"""Who acts is signed (docs/decisions/0007): with the application's login and any SQL, nobody becomes
somebody else. And the rows that say who may act are not the application's to write."""

from django.conf import settings
from django.db import migrations

from config.lib.rowsecurity import Open

# Owned by the owner alone: the application's login has no privilege on any of them.
TABLES = """
CREATE TABLE kasane.signing_key (key bytea NOT NULL);
INSERT INTO kasane.signing_key
SELECT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
CREATE UNIQUE INDEX signing_key_one ON kasane.signing_key ((true));

-- A live session: what the browser's cookie holds is here as its hash only. A worker's key may act
-- as the system memberships; the owner's own commands (demo, proofs) as anybody.
CREATE TABLE kasane.session (
    token bytea PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('person', 'worker', 'owner')),
    user_id bigint,
    opened_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    CHECK ((kind = 'person') = (user_id IS NOT NULL))
);
CREATE INDEX session_of_user ON kasane.session (user_id) WHERE ended_at IS NULL;
"""

ACTOR = """
CREATE FUNCTION kasane.hashed(secret text) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(convert_to(secret, 'UTF8'))
$$;

-- Good for this transaction of this connection alone. Hashed twice, so that nothing can be appended.
CREATE FUNCTION kasane.signature(facts text) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    secret bytea;
BEGIN
    SELECT k.key INTO STRICT secret FROM kasane.signing_key AS k;
    RETURN encode(sha256(secret || sha256(secret || convert_to(
        concat_ws('|', pg_backend_pid(), extract(epoch FROM now()), facts), 'UTF8'))), 'hex');
END
$$;

-- The one way to act. False, and nobody acts, when the session is not live, the membership not its
-- user's, or does not work today (V11, V14).
CREATE FUNCTION kasane.act(secret text, membership uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    today date := (now() AT TIME ZONE 'Asia/Tokyo')::date;
    live kasane.session;
    facts kasane.acting;
BEGIN
    PERFORM set_config('kasane.actor', '', true);
    SELECT s.* INTO live FROM kasane.session AS s
    WHERE s.token = kasane.hashed(secret) AND s.ended_at IS NULL
      AND (s.kind = 'worker' OR s.opened_at > now() - interval '12 hours')
      AND (s.kind <> 'person' OR s.seen_at > now() - interval '30 minutes');
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    SELECT m.id, m.user_id,
           CASE WHEN 'cases.read' = ANY (r.permissions) THEN m.agency_id END,
           m.agency_id, a.municipality_id, m.system_name,
           CASE WHEN 'agencies.review_access' = ANY (r.permissions) THEN a.municipality_id END,
           CASE WHEN 'cases.office_hints' = ANY (r.permissions) THEN a.municipality_id END
    INTO facts
    FROM public.agencies_membership AS m
    LEFT JOIN public.agencies_role AS r ON r.key = m.role_id
    LEFT JOIN public.agencies_agency AS a ON a.group_id = m.agency_id
    LEFT JOIN public.agencies_user AS u ON u.id = m.user_id
    WHERE m.id = membership
      AND CASE live.kind WHEN 'person' THEN m.user_id = live.user_id
                         WHEN 'worker' THEN m.user_id IS NULL
                         ELSE true END
      AND m.confirmed_at IS NOT NULL
      AND (m.user_id IS NULL OR u.is_active)
      AND m.since <= today
      AND (m.until IS NULL OR m.until >= today)
      AND (a.ended_on IS NULL OR a.ended_on >= today);
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF live.kind = 'person' AND live.seen_at < now() - interval '1 minute' THEN
        -- Another request of the same session may be noting it just now: do not wait for it.
        UPDATE kasane.session AS s SET seen_at = now()
        WHERE s.token IN (SELECT o.token FROM kasane.session AS o
                          WHERE o.token = live.token FOR UPDATE SKIP LOCKED);
    END IF;
    PERFORM set_config('kasane.actor', kasane.signature(facts::text) || facts::text, true);
    RETURN true;
END
$$;

CREATE OR REPLACE FUNCTION kasane.actor() RETURNS kasane.acting
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    signed text := current_setting('kasane.actor', true);
    facts text := substr(signed, 65);
BEGIN
    IF signed <> '' AND left(signed, 64) = kasane.signature(facts) THEN
        RETURN facts::kasane.acting;
    END IF;
    RETURN NULL;
END
$$;

-- Whether the role in use has a permission.
CREATE FUNCTION kasane.may(permission text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (
        SELECT 1 FROM public.agencies_membership AS m
        JOIN public.agencies_role AS r ON r.key = m.role_id
        WHERE m.id = (kasane.actor()).membership_id AND permission = ANY (r.permissions))
$$;
"""

# The password's stored form is a hash of what the hasher computed (agencies.hashers): the database
# compares without learning the password, and nothing it stores opens a session.
SESSIONS = """
-- Five failures of a name since its last success, or fifty from an address, in fifteen minutes.
CREATE FUNCTION kasane.is_locked_out(login text, address inet) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT (SELECT count(*) FROM public.agencies_signinattempt AS t
            WHERE t.username = login AND NOT t.was_successful
              AND t.at > now() - interval '15 minutes'
              AND t.at > COALESCE((SELECT max(o.at) FROM public.agencies_signinattempt AS o
                                   WHERE o.username = login AND o.was_successful),
                                  '-infinity')) >= 5
        OR (SELECT count(*) FROM public.agencies_signinattempt AS t
            WHERE t.address = is_locked_out.address AND NOT t.was_successful
              AND t.at > now() - interval '15 minutes') >= 50
$$;
CREATE FUNCTION kasane.open_session(login text, proof bytea, secret text, address inet)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found bigint;
BEGIN
    IF NOT kasane.is_locked_out(login, address) THEN
        SELECT u.id INTO found FROM public.agencies_user AS u
        WHERE u.username = login AND u.is_active
          AND split_part(u.password, '$', 4) = encode(sha256(proof), 'hex');
    END IF;
    IF found IS NOT NULL THEN
        DELETE FROM kasane.session AS s
        WHERE s.kind <> 'worker' AND s.opened_at < now() - interval '12 hours';
        INSERT INTO kasane.session (token, kind, user_id)
        VALUES (kasane.hashed(secret), 'person', found);
    END IF;
    INSERT INTO public.agencies_signinattempt (username, address, was_successful, at)
    VALUES (left(login, 150), address, found IS NOT NULL, clock_timestamp());
    RETURN found IS NOT NULL;
END
$$;
CREATE FUNCTION kasane.end_session(secret text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE kasane.session AS s SET ended_at = now()
    WHERE s.token = kasane.hashed(secret) AND s.ended_at IS NULL AND s.kind = 'person'
$$;
"""

# V11: made by the administrator and confirmed by the agency's own manager, by nobody for themselves.
PEOPLE = """
CREATE FUNCTION kasane.guard_membership() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who kasane.acting := kasane.actor();
BEGIN
    IF pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
        RETURN NEW;
    END IF;
    IF NEW.user_id IS NOT DISTINCT FROM (who).user_id THEN
        RAISE EXCEPTION 'nobody changes a membership of their own'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.confirmed_at IS NULL AND NEW.confirmed_by_id IS NULL
           AND kasane.may('agencies.manage_accounts') AND EXISTS (
            SELECT 1 FROM public.agencies_agency AS a
            WHERE a.group_id = NEW.agency_id AND a.municipality_id = (who).municipality_id)
        THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'a membership is made by the administrator, unconfirmed'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF (NEW.confirmed_at, NEW.confirmed_by_id) IS DISTINCT FROM
       (OLD.confirmed_at, OLD.confirmed_by_id) AND NOT (
        OLD.confirmed_at IS NULL AND NEW.confirmed_by_id = (who).membership_id
        AND NEW.agency_id = (who).home_agency_id
        AND kasane.may('agencies.confirm_membership'))
    THEN
        RAISE EXCEPTION 'a membership is confirmed once, by its agency''s manager'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NEW.until IS DISTINCT FROM OLD.until AND NOT kasane.may('agencies.manage_accounts') THEN
        RAISE EXCEPTION 'a membership is ended by the administrator'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guard_membership BEFORE INSERT OR UPDATE ON public.agencies_membership
    FOR EACH ROW EXECUTE FUNCTION kasane.guard_membership();

-- A new password ends what the old one opened.
CREATE FUNCTION kasane.end_sessions() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE kasane.session AS s SET ended_at = now() WHERE s.user_id = NEW.id AND s.ended_at IS NULL;
    RETURN NULL;
END
$$;
CREATE TRIGGER end_sessions AFTER UPDATE OF password ON public.agencies_user
    FOR EACH ROW WHEN (NEW.password IS DISTINCT FROM OLD.password)
    EXECUTE FUNCTION kasane.end_sessions();
"""


def grant_functions(apps, schema_editor):
    role = schema_editor.quote_name(settings.KASANE_APP_ROLE)
    schema_editor.execute("REVOKE ALL ON ALL FUNCTIONS IN SCHEMA kasane FROM PUBLIC")
    for function in (
        "act(text, uuid)",
        "actor()",
        "may(text)",
        "is_locked_out(text, inet)",
        "open_session(text, bytea, text, inet)",
        "end_session(text)",
    ):
        schema_editor.execute(f"GRANT EXECUTE ON FUNCTION kasane.{function} TO {role}")
    schema_editor.execute(
        f"GRANT UPDATE (until, confirmed_at, confirmed_by_id) ON agencies_membership TO {role}"
    )
    # Django notes when somebody last signed in; nothing else of a user is the application's.
    schema_editor.execute(f"GRANT UPDATE (last_login) ON agencies_user TO {role}")


class Migration(migrations.Migration):
    dependencies = [("agencies", "0006_seal")]

    operations = [
        migrations.RunSQL(TABLES + ACTOR + SESSIONS + PEOPLE),
        Open(
            "auth_group",
            "agencies_user",
            "agencies_agency",
            "agencies_signinattempt",
            "agencies_municipality",
            "agencies_planperiod",
            "agencies_programme",
            "agencies_programme_agencies",
            "agencies_rolename",
            "agencies_conferencetype",
            "agencies_standingmember",
            "agencies_intakecriterion",
            "agencies_routinghint",
            "agencies_committee",
            "agencies_indicator",
            "agencies_legalbasis",
            verbs="SELECT",
        ),
        Open("agencies_membership", verbs="SELECT, INSERT"),
        migrations.RunPython(grant_functions, migrations.RunPython.noop),
    ]
