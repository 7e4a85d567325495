"""The second factor, as the database holds it (docs/decisions/0009): a session opened with a password
alone acts as nobody until one of the user's factors was given, once, for that session."""

from django.conf import settings
from django.db import migrations

# Owned by the owner alone, like kasane.session: the application's login reads none of them.
TABLES = """
ALTER TYPE kasane.acting ADD ATTRIBUTE is_confirmed boolean;

ALTER TABLE kasane.session
    ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    -- Opened with a password by somebody who has, or must have, a second factor: acts as nobody.
    ADD COLUMN is_half boolean NOT NULL DEFAULT false,
    -- When whoever sits there last proved who they are.
    ADD COLUMN confirmed_at timestamptz DEFAULT now(),
    ADD COLUMN device text NOT NULL DEFAULT '',
    ADD COLUMN address inet;

-- What a factor needs is sealed with a key the database does not have; `proof` is the hash of what
-- only the holder of that key can compute (agencies.factors).
CREATE TABLE kasane.factor (
    id uuid PRIMARY KEY,
    user_id bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('totp', 'passkey')),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
    sealed bytea NOT NULL,
    proof bytea NOT NULL,
    last_step bigint NOT NULL DEFAULT 0,
    added_at timestamptz NOT NULL DEFAULT now(),
    used_at timestamptz
);
CREATE INDEX factor_of_user ON kasane.factor (user_id);
CREATE TABLE kasane.recovery_code (
    user_id bigint NOT NULL,
    digest bytea NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (user_id, digest)
);
"""

# Inside definer functions only: granted to nobody.
INSIDE = """
CREATE FUNCTION kasane.live_session(secret text) RETURNS kasane.session
LANGUAGE sql STABLE AS $$
    SELECT s.* FROM kasane.session AS s
    JOIN public.agencies_user AS u ON u.id = s.user_id AND u.is_active
    WHERE s.token = kasane.hashed(secret) AND s.kind = 'person' AND s.ended_at IS NULL
      AND s.opened_at > now() - interval '12 hours' AND s.seen_at > now() - interval '30 minutes'
$$;
CREATE FUNCTION kasane.has_factor(person bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT 1 FROM kasane.factor AS f WHERE f.user_id = person)
$$;
-- Ten minutes since the last proof; or a first factor is being made, right after the password.
CREATE FUNCTION kasane.is_confirmed(live kasane.session) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN (live).is_half THEN NOT kasane.has_factor((live).user_id)
                ELSE COALESCE((live).confirmed_at > now() - interval '10 minutes', false) END
$$;
"""

ACT = """
CREATE OR REPLACE FUNCTION kasane.act(secret text, membership uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    today date := (now() AT TIME ZONE 'Asia/Tokyo')::date;
    live kasane.session;
    facts kasane.acting;
BEGIN
    PERFORM set_config('kasane.actor', '', true);
    SELECT s.* INTO live FROM kasane.session AS s
    WHERE s.token = kasane.hashed(secret) AND s.ended_at IS NULL AND NOT s.is_half
      AND (s.kind = 'worker' OR s.opened_at > now() - interval '12 hours')
      AND (s.kind <> 'person' OR s.seen_at > now() - interval '30 minutes');
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    SELECT m.id, m.user_id,
           CASE WHEN 'cases.read' = ANY (r.permissions) THEN m.agency_id END,
           m.agency_id, a.municipality_id, m.system_name,
           CASE WHEN 'agencies.review_access' = ANY (r.permissions) THEN a.municipality_id END,
           CASE WHEN 'cases.office_hints' = ANY (r.permissions) THEN a.municipality_id END,
           live.kind <> 'person' OR kasane.is_confirmed(live)
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
"""

SESSIONS = """
DROP FUNCTION kasane.open_session(text, bytea, text, inet);
-- 'open', 'half' (a second factor is to be given, or made), or 'refused'.
CREATE FUNCTION kasane.open_session(
    login text, proof bytea, secret text, address inet,
    device text DEFAULT '', must_have_factor boolean DEFAULT false) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found bigint;
    has_factor boolean := false;
BEGIN
    IF NOT kasane.is_locked_out(login, address) THEN
        SELECT u.id INTO found FROM public.agencies_user AS u
        WHERE u.username = login AND u.is_active
          AND split_part(u.password, '$', 4) = encode(sha256(proof), 'hex');
    END IF;
    IF found IS NOT NULL THEN
        has_factor := kasane.has_factor(found);
        DELETE FROM kasane.session AS s
        WHERE s.kind <> 'worker' AND s.opened_at < now() - interval '12 hours';
        INSERT INTO kasane.session (token, kind, user_id, is_half, confirmed_at, device, address)
        VALUES (kasane.hashed(secret), 'person', found, has_factor OR must_have_factor,
                CASE WHEN NOT has_factor AND NOT must_have_factor THEN now() END,
                left(device, 60), address);
    END IF;
    -- The password of somebody who has a factor is half the way: the wrong codes before it count on.
    IF NOT has_factor THEN
        INSERT INTO public.agencies_signinattempt (username, address, was_successful, at)
        VALUES (left(login, 150), address, found IS NOT NULL, clock_timestamp());
    END IF;
    RETURN CASE WHEN found IS NULL THEN 'refused'
                WHEN has_factor OR must_have_factor THEN 'half' ELSE 'open' END;
END
$$;

-- How far the browser's session is: 'none', 'half', 'open'.
CREATE FUNCTION kasane.session_state(
    secret text, OUT state text, OUT has_factor boolean, OUT is_confirmed boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    live kasane.session := kasane.live_session(secret);
BEGIN
    state := CASE WHEN live.token IS NULL THEN 'none' WHEN live.is_half THEN 'half' ELSE 'open' END;
    has_factor := kasane.has_factor(live.user_id);
    is_confirmed := live.token IS NOT NULL AND kasane.is_confirmed(live);
END
$$;

-- Who sits there proves it: by a factor (`which`), a recovery code, or, without a factor, the
-- password again. One try of a user at a time, so that the throttle sees every try before it.
-- 'passed', 'wrong', 'locked', or 'none' (no such session).
CREATE FUNCTION kasane.confirm_session(
    secret text, which uuid, evidence bytea, step bigint, address inet) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    live kasane.session := kasane.live_session(secret);
    at_step bigint := extract(epoch FROM now())::bigint / 30;
    login text;
    stored text;
    passed boolean;
BEGIN
    IF live.token IS NULL THEN
        RETURN 'none';
    END IF;
    SELECT u.username, u.password INTO login, stored FROM public.agencies_user AS u
    WHERE u.id = live.user_id FOR NO KEY UPDATE;
    IF kasane.is_locked_out(login, address) THEN
        RETURN 'locked';
    END IF;
    IF which IS NOT NULL THEN
        -- A code is good once: the step of the clock (or a key's own count) only goes forward.
        UPDATE kasane.factor AS f SET last_step = step, used_at = now()
        WHERE f.id = which AND f.user_id = live.user_id AND f.proof = sha256(evidence)
          AND CASE f.kind WHEN 'totp'
              THEN step > f.last_step AND step BETWEEN at_step - 2 AND at_step + 2
              ELSE step > f.last_step OR (step = 0 AND f.last_step = 0) END;
    ELSIF kasane.has_factor(live.user_id) THEN
        UPDATE kasane.recovery_code AS c SET used_at = now()
        WHERE c.user_id = live.user_id AND c.digest = sha256(evidence) AND c.used_at IS NULL;
    ELSE
        PERFORM 1 WHERE NOT live.is_half
            AND split_part(stored, '$', 4) = encode(sha256(evidence), 'hex');
    END IF;
    passed := FOUND;
    INSERT INTO public.agencies_signinattempt (username, address, was_successful, at)
    VALUES (login, address, passed, clock_timestamp());
    IF NOT passed THEN
        RETURN 'wrong';
    END IF;
    UPDATE kasane.session AS s SET is_half = false, confirmed_at = now() WHERE s.token = live.token;
    RETURN 'passed';
END
$$;

CREATE FUNCTION kasane.own_sessions(secret text) RETURNS TABLE (
    id uuid, opened_at timestamptz, seen_at timestamptz, device text, address inet,
    is_half boolean, is_this boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.id, s.opened_at, s.seen_at, s.device, s.address, s.is_half, s.token = mine.token
    FROM kasane.live_session(secret) AS mine
    JOIN kasane.session AS s ON s.user_id = mine.user_id
    WHERE NOT mine.is_half AND s.kind = 'person' AND s.ended_at IS NULL
      AND s.opened_at > now() - interval '12 hours' AND s.seen_at > now() - interval '30 minutes'
    ORDER BY s.token = mine.token DESC, s.seen_at DESC, s.id
$$;
-- One of one's own, or (null) all but the one in use.
CREATE FUNCTION kasane.end_own_sessions(secret text, which uuid) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH ended AS (
        UPDATE kasane.session AS s SET ended_at = now() FROM kasane.live_session(secret) AS mine
        WHERE s.user_id = mine.user_id AND s.token <> mine.token AND NOT mine.is_half
          AND s.ended_at IS NULL AND (which IS NULL OR s.id = which)
        RETURNING 1)
    SELECT count(*) FROM ended
$$;
"""

FACTORS = """
CREATE FUNCTION kasane.own_factors(secret text) RETURNS TABLE (
    id uuid, kind text, name text, sealed bytea, added_at timestamptz, used_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT f.id, f.kind, f.name, f.sealed, f.added_at, f.used_at
    FROM kasane.live_session(secret) AS mine
    JOIN kasane.factor AS f ON f.user_id = mine.user_id ORDER BY f.added_at, f.id
$$;
-- The first one opens a half-open session, and ends what the password alone had opened elsewhere.
CREATE FUNCTION kasane.add_factor(
    secret text, key uuid, kind text, name text, sealed bytea, proof bytea, step bigint)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    live kasane.session := kasane.live_session(secret);
BEGIN
    PERFORM 1 FROM public.agencies_user AS u WHERE u.id = live.user_id FOR NO KEY UPDATE;
    live := kasane.live_session(secret);  -- another first factor may just have ended it
    IF live.token IS NULL OR NOT kasane.is_confirmed(live) THEN
        RETURN false;
    END IF;
    IF NOT kasane.has_factor(live.user_id) THEN
        UPDATE kasane.session AS s SET ended_at = now()
        WHERE s.user_id = live.user_id AND s.token <> live.token AND s.ended_at IS NULL;
    END IF;
    INSERT INTO kasane.factor (id, user_id, kind, name, sealed, proof, last_step)
    VALUES (key, live.user_id, kind, name, sealed, proof, step);
    UPDATE kasane.session AS s SET is_half = false, confirmed_at = now() WHERE s.token = live.token;
    RETURN true;
END
$$;
CREATE FUNCTION kasane.rename_factor(secret text, key uuid, name text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    live kasane.session := kasane.live_session(secret);
BEGIN
    UPDATE kasane.factor AS f SET name = rename_factor.name
    WHERE f.id = key AND f.user_id = live.user_id AND NOT live.is_half;
    RETURN FOUND;
END
$$;
CREATE FUNCTION kasane.remove_factor(secret text, key uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    live kasane.session := kasane.live_session(secret);
BEGIN
    IF live.token IS NULL OR NOT kasane.is_confirmed(live) THEN
        RETURN false;
    END IF;
    DELETE FROM kasane.factor AS f WHERE f.id = key AND f.user_id = live.user_id;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    DELETE FROM kasane.recovery_code AS c
    WHERE c.user_id = live.user_id AND NOT kasane.has_factor(live.user_id);
    RETURN true;
END
$$;
CREATE FUNCTION kasane.set_recovery_codes(secret text, digests bytea[]) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    live kasane.session := kasane.live_session(secret);
BEGIN
    IF live.token IS NULL OR NOT kasane.is_confirmed(live) OR NOT kasane.has_factor(live.user_id) THEN
        RETURN false;
    END IF;
    DELETE FROM kasane.recovery_code AS c WHERE c.user_id = live.user_id;
    INSERT INTO kasane.recovery_code (user_id, digest) SELECT live.user_id, unnest(digests);
    RETURN true;
END
$$;
CREATE FUNCTION kasane.recovery_codes_left(secret text) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(*) FROM kasane.live_session(secret) AS mine
    JOIN kasane.recovery_code AS c ON c.user_id = mine.user_id AND c.used_at IS NULL
$$;

-- Somebody has lost their device: the administrator takes another's factors away, never their own
-- (V11), and ends their sessions. Their agencies' managers and the privacy officer are told.
CREATE FUNCTION kasane.reset_factors(login text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who kasane.acting := kasane.actor();
    today date := (now() AT TIME ZONE 'Asia/Tokyo')::date;
    person bigint;
    homes integer[];
BEGIN
    IF kasane.may('agencies.manage_accounts') IS NOT TRUE OR who.is_confirmed IS NOT TRUE THEN
        RAISE EXCEPTION 'no reset' USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT u.id INTO person FROM public.agencies_user AS u WHERE u.username = login;
    homes := ARRAY(
        SELECT DISTINCT m.agency_id FROM public.agencies_membership AS m
        JOIN public.agencies_agency AS a ON a.group_id = m.agency_id
        WHERE m.user_id = person AND a.municipality_id = who.municipality_id
          AND m.confirmed_at IS NOT NULL
          AND (m.until IS NULL OR m.until >= today));
    IF cardinality(homes) = 0 THEN
        RETURN false;
    END IF;
    IF person = who.user_id THEN
        RAISE EXCEPTION 'nobody resets their own' USING ERRCODE = 'insufficient_privilege';
    END IF;
    DELETE FROM kasane.factor AS f WHERE f.user_id = person;
    DELETE FROM kasane.recovery_code AS c WHERE c.user_id = person;
    UPDATE kasane.session AS s SET ended_at = now() WHERE s.user_id = person AND s.ended_at IS NULL;
    INSERT INTO public.agencies_notice (
        id, agency_id, membership_id, kind, key, title, url, created_at)
    SELECT gen_random_uuid(), m.agency_id, m.id, 'factors_reset', gen_random_uuid()::text,
           CASE WHEN m.agency_id = ANY (homes)
                THEN '貴機関の利用者の二段階サインインが、システム管理者により取り消されました'
                ELSE '利用者の二段階サインインが、システム管理者により取り消されました' END,
           '', now()
    FROM public.agencies_membership AS m
    JOIN public.agencies_agency AS a ON a.group_id = m.agency_id
    JOIN public.agencies_role AS r ON r.key = m.role_id
    WHERE a.municipality_id = who.municipality_id AND m.confirmed_at IS NOT NULL
      AND m.user_id IS DISTINCT FROM person
      AND (m.until IS NULL OR m.until >= today)
      AND ('agencies.review_access' = ANY (r.permissions)
           OR ('agencies.confirm_membership' = ANY (r.permissions) AND m.agency_id = ANY (homes)));
    RETURN true;
END
$$;
"""

GRANTED = (
    "open_session(text, bytea, text, inet, text, boolean)",
    "session_state(text)",
    "confirm_session(text, uuid, bytea, bigint, inet)",
    "own_sessions(text)",
    "end_own_sessions(text, uuid)",
    "own_factors(text)",
    "add_factor(text, uuid, text, text, bytea, bytea, bigint)",
    "rename_factor(text, uuid, text)",
    "remove_factor(text, uuid)",
    "set_recovery_codes(text, bytea[])",
    "recovery_codes_left(text)",
    "reset_factors(text)",
)


def grant_functions(apps, schema_editor):
    role = schema_editor.quote_name(settings.KASANE_APP_ROLE)
    schema_editor.execute("REVOKE ALL ON ALL FUNCTIONS IN SCHEMA kasane FROM PUBLIC")
    for function in GRANTED:
        schema_editor.execute(f"GRANT EXECUTE ON FUNCTION kasane.{function} TO {role}")


class Migration(migrations.Migration):
    dependencies = [("agencies", "0009_shield_permissions")]

    operations = [
        migrations.RunSQL(TABLES + INSIDE + ACT + SESSIONS + FACTORS),
        migrations.RunPython(grant_functions, migrations.RunPython.noop),
    ]
