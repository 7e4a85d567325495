"""Whoever holds an account is told of wrong second codes (docs/decisions/0009): who enters them has
the password. Which tries were codes stands beside them."""

from django.db import migrations, models

# As in 0010; and: which tries were a second factor's.
CONFIRM = """
CREATE OR REPLACE FUNCTION kasane.confirm_session(
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
    INSERT INTO public.agencies_signinattempt (username, address, was_successful, at, is_second)
    VALUES (login, address, passed, clock_timestamp(), kasane.has_factor(live.user_id));
    IF NOT passed THEN
        RETURN 'wrong';
    END IF;
    UPDATE kasane.session AS s SET is_half = false, confirmed_at = now() WHERE s.token = live.token;
    RETURN 'passed';
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("agencies", "0013_confirmed_changes")]

    operations = [
        migrations.AddField(
            "signinattempt", "is_second", models.BooleanField(db_default=False, default=False)
        ),
        migrations.RunSQL(CONFIRM, migrations.RunSQL.noop),
    ]
