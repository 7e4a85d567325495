"""The log is sealed in batches (docs/decisions/0006), and reviewed across a city (V10)."""

import django.contrib.postgres.fields
from django.conf import settings
from django.db import migrations, models

import agencies.models.trail

TRANSACTION = """
-- The transaction a row is written in: what lets a batch be exactly the rows of transactions that
-- have ended. STABLE, so that the column is added without rewriting the table.
CREATE FUNCTION kasane.transaction_id() RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT pg_current_xact_id()::text::bigint
$$;
"""

# Every column, in this order, each with its type and length (record_send); the first is the version
# of this list. agencies/verification.py says it a second time.
ROW = """ROW(1, l.id, l.transaction_id, l.at, l.membership_id, l.user_id, l.agency_id,
            l.municipality_id, l.action, l.purpose, l.basis, l.what, l.case_id, l.record_ids,
            l.item_id, l.author_agency_id, l.was_allowed)"""
LEAF = rf"sha256('\x00'::bytea || record_send({ROW}))"

SEAL = rf"""
CREATE FUNCTION kasane.merkle_root(leaves bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    level bytea := leaves;
    pairs integer;
BEGIN
    IF length(level) = 0 THEN
        RETURN sha256(''::bytea);
    END IF;
    WHILE length(level) > 32 LOOP
        pairs := length(level) / 64;
        level := (
            SELECT string_agg(
                sha256('\x01'::bytea || substring(level FROM 64 * i + 1 FOR 64)), ''::bytea
                ORDER BY i)
            FROM generate_series(0, pairs - 1) AS i
        ) || substring(level FROM 64 * pairs + 1);
    END LOOP;
    RETURN level;
END
$$;

CREATE FUNCTION kasane.microseconds(instant timestamptz) RETURNS bigint
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT (extract(epoch FROM instant) * 1000000)::bigint
$$;

CREATE FUNCTION kasane.head_of(s public.agencies_logseal) RETURNS bytea
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT sha256(convert_to(concat_ws(E'\n', 'kasane-head-1', s.number, s.era, s.cluster, s.top_id,
        s.from_transaction, s.until_transaction, s.first_id, s.last_id, s.count,
        kasane.microseconds(s.sealed_at), encode(s.root, 'hex'), encode(s.previous, 'hex')), 'UTF8'))
$$;

-- Every transaction before it has ended, so its rows are all there or never will be. A snapshot
-- counts the whole server: a transaction is left out only where it is known to run in another
-- database; what is not known counts.
CREATE FUNCTION kasane.log_horizon() RETURNS bigint
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    WITH seen AS MATERIALIZED (SELECT pg_current_snapshot() AS now)
    SELECT COALESCE(
        (SELECT min(x.running::text::bigint)
         FROM seen, pg_snapshot_xip(seen.now) AS x(running)
         WHERE NOT EXISTS (
            SELECT 1 FROM pg_locks AS k JOIN pg_stat_activity AS a ON a.pid = k.pid
            WHERE k.locktype = 'transactionid' AND k.mode = 'ExclusiveLock' AND k.granted
              AND k.transactionid = x.running::xid
              AND a.datid <> (SELECT d.oid FROM pg_database AS d
                              WHERE d.datname = current_database()))),
        (SELECT pg_snapshot_xmax(seen.now)::text::bigint FROM seen))
$$;

-- Seal what no running transaction can add to any more. One seals at a time, nobody waits for it.
CREATE FUNCTION kasane.seal_log(most integer)
RETURNS TABLE (batch bigint, sealed bigint, digest bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    before public.agencies_logseal;
    made public.agencies_logseal;
    here bigint := (SELECT c.system_identifier FROM pg_control_system() AS c);
    is_new_era boolean;
    era_last_id bigint;
BEGIN
    IF (kasane.actor()).system_name IS DISTINCT FROM 'scheduler' THEN
        RAISE EXCEPTION 'only the scheduler seals' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NOT pg_try_advisory_xact_lock(hashtextextended('kasane.seal_log', 0)) THEN
        RETURN;
    END IF;
    SELECT s.* INTO before FROM public.agencies_logseal AS s ORDER BY s.number DESC LIMIT 1;
    is_new_era := before.number IS NULL OR before.cluster <> here;
    IF is_new_era THEN
        -- Once in the life of a server: writers wait for this one batch.
        PERFORM set_config('lock_timeout', '10s', true);
        LOCK TABLE public.agencies_accesslog IN SHARE MODE;
        made.era := COALESCE(before.era, 0) + 1;
        made.cluster := here;
        made.top_id := COALESCE((SELECT max(l.id) FROM public.agencies_accesslog AS l), 0);
        made.from_transaction := 0;
        made.until_transaction := kasane.log_horizon();
        era_last_id := (SELECT max(s.last_id) FROM public.agencies_logseal AS s
                        WHERE s.era = before.era);
        SELECT count(*), array_agg(x.id ORDER BY x.id), string_agg(x.leaf, ''::bytea ORDER BY x.id)
        INTO made.count, made.ids, made.leaves
        FROM (
            SELECT l.id, {LEAF} AS leaf FROM public.agencies_accesslog AS l
            WHERE l.id <= made.top_id AND (before.number IS NULL OR NOT (
                l.id <= before.top_id
                OR (l.transaction_id < before.until_transaction AND l.id <= era_last_id)))
        ) AS x;
    ELSE
        made.era := before.era;
        made.cluster := before.cluster;
        made.top_id := before.top_id;
        made.from_transaction := before.until_transaction;
        made.until_transaction := LEAST(
            kasane.log_horizon(),
            (SELECT l.transaction_id + 1 FROM public.agencies_accesslog AS l
             WHERE l.transaction_id >= before.until_transaction AND l.id > before.top_id
             ORDER BY l.transaction_id, l.id OFFSET most - 1 LIMIT 1));
        SELECT count(*), array_agg(x.id), string_agg(x.leaf, ''::bytea)
        INTO made.count, made.ids, made.leaves
        FROM (
            SELECT l.id, {LEAF} AS leaf FROM public.agencies_accesslog AS l
            WHERE l.transaction_id >= made.from_transaction
              AND l.transaction_id < made.until_transaction AND l.id > made.top_id
            ORDER BY l.transaction_id, l.id
        ) AS x;
        IF made.count = 0 THEN
            RETURN;
        END IF;
    END IF;
    made.ids := COALESCE(made.ids, '{{}}');
    made.leaves := COALESCE(made.leaves, ''::bytea);
    made.number := COALESCE(before.number, 0) + 1;
    made.first_id := COALESCE((SELECT min(i) FROM unnest(made.ids) AS i), 0);
    made.last_id := COALESCE((SELECT max(i) FROM unnest(made.ids) AS i), 0);
    made.sealed_at := clock_timestamp();
    made.root := kasane.merkle_root(made.leaves);
    made.previous := COALESCE(before.head, decode(repeat('00', 32), 'hex'));
    made.head := kasane.head_of(made);
    INSERT INTO public.agencies_logseal SELECT made.*;
    RETURN QUERY SELECT made.number, made.count, made.head;
END
$$;

-- The signature is made outside, by a key the database does not have, in the same transaction.
CREATE FUNCTION kasane.sign_seal(batch bigint, signed bytea, key bytea) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (kasane.actor()).system_name IS DISTINCT FROM 'scheduler' THEN
        RAISE EXCEPTION 'only the scheduler seals' USING ERRCODE = 'insufficient_privilege';
    END IF;
    UPDATE public.agencies_logseal AS s SET signature = signed, public_key = key
    WHERE s.number = batch AND s.signature IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no unsigned head %', batch USING ERRCODE = 'no_data_found';
    END IF;
END
$$;

CREATE FUNCTION kasane.sign_only() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    before public.agencies_logseal := NEW;
BEGIN
    before.signature := NULL;
    before.public_key := NULL;
    IF OLD.signature IS NULL AND NEW.signature IS NOT NULL AND NEW.public_key IS NOT NULL
       AND before IS NOT DISTINCT FROM OLD THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a seal is only ever signed' USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER sign_only BEFORE UPDATE ON public.agencies_logseal
    FOR EACH ROW EXECUTE FUNCTION kasane.sign_only();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON public.agencies_logseal
    FOR EACH STATEMENT EXECUTE FUNCTION kasane.refuse_change();

-- Heads hold hashes and numbers alone: for the file outside, and for the privacy officer's page.
CREATE FUNCTION kasane.log_heads(after bigint, most integer)
RETURNS TABLE (
    number bigint, era integer, cluster bigint, top_id bigint, from_transaction bigint,
    until_transaction bigint, first_id bigint, last_id bigint, count bigint, sealed_at timestamptz,
    root bytea, previous bytea, head bytea, signature bytea, public_key bytea
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who kasane.acting := kasane.actor();
BEGIN
    IF who.system_name IS DISTINCT FROM 'scheduler' AND who.privacy_city_id IS NULL THEN
        RETURN;
    END IF;
    -- after: the number before the first one wanted, or null for the newest.
    RETURN QUERY
    SELECT s.number, s.era, s.cluster, s.top_id, s.from_transaction, s.until_transaction,
           s.first_id, s.last_id, s.count, s.sealed_at, s.root, s.previous, s.head, s.signature,
           s.public_key
    FROM public.agencies_logseal AS s
    WHERE s.signature IS NOT NULL AND (after IS NULL OR s.number > after)
    ORDER BY CASE WHEN after IS NULL THEN -s.number ELSE s.number END LIMIT most;
END
$$;
"""

# plpgsql: the tables of the rooms above are looked up when asked, not when this is made.
REVIEW = """
-- For the privacy officer (V10, V11): the numbers of cases of the own city, nothing of a case.
CREATE FUNCTION kasane.review_numbers(keys uuid[]) RETURNS TABLE (case_key uuid, case_number text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT c.id, c.number::text FROM public.cases_case AS c
    WHERE c.id = ANY (keys) AND c.municipality_id = (kasane.actor()).privacy_city_id;
END
$$;
CREATE FUNCTION kasane.review_case(wanted text) RETURNS uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT c.id FROM public.cases_case AS c
            WHERE c.number = wanted AND c.municipality_id = (kasane.actor()).privacy_city_id);
END
$$;
-- Whoever looked at a case of somebody with their own surname: no name leaves this function.
CREATE FUNCTION kasane.review_surnames(since timestamptz, until timestamptz)
RETURNS TABLE (membership_key uuid, case_number text, looks bigint, last_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    city bigint := (kasane.actor()).privacy_city_id;
BEGIN
    RETURN QUERY
    WITH seen AS (
        SELECT l.membership_id, l.user_id, l.case_id, count(*) AS looks, max(l.at) AS last_at
        FROM public.agencies_accesslog AS l
        WHERE l.municipality_id = city AND l.at >= since AND l.at < until
          AND l.case_id IS NOT NULL AND l.action IN ('open', 'print', 'export')
        GROUP BY l.membership_id, l.user_id, l.case_id
    )
    SELECT s.membership_id, c.number::text, s.looks, s.last_at
    FROM seen AS s
    JOIN public.agencies_user AS u ON u.id = s.user_id
    JOIN public.cases_case AS c ON c.id = s.case_id AND c.municipality_id = city
    WHERE EXISTS (
        SELECT 1 FROM public.cases_person AS p
        WHERE p.case_id = s.case_id AND kasane.surname(p.name) = kasane.surname(u.display_name))
    ORDER BY s.last_at DESC LIMIT 200;
END
$$;
-- What stands before the first space; null where a name is not written in two parts.
CREATE FUNCTION kasane.surname(name text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT (regexp_match(normalize(name, NFKC), '^(\\S+)\\s+\\S'))[1]
$$;
"""

CALLED = (
    "seal_log(integer)",
    "sign_seal(bigint, bytea, bytea)",
    "log_heads(bigint, integer)",
    "review_numbers(uuid[])",
    "review_case(text)",
    "review_surnames(timestamptz, timestamptz)",
)
INNER = (
    "transaction_id()",
    "merkle_root(bytea)",
    "microseconds(timestamptz)",
    "head_of(public.agencies_logseal)",
    "sign_only()",
    "log_horizon()",
    "surname(text)",
)


def grant_functions(apps, schema_editor):
    role = schema_editor.quote_name(settings.KASANE_APP_ROLE)
    for name in (*CALLED, *INNER):
        schema_editor.execute(f"REVOKE ALL ON FUNCTION kasane.{name} FROM PUBLIC")
    for name in CALLED:
        schema_editor.execute(f"GRANT EXECUTE ON FUNCTION kasane.{name} TO {role}")
    schema_editor.execute(f"REVOKE ALL ON agencies_logseal FROM {role}")


class Migration(migrations.Migration):
    dependencies = [("agencies", "0005_guest_role")]

    operations = [
        migrations.RunSQL(TRANSACTION, migrations.RunSQL.noop),
        migrations.AddField(
            "accesslog",
            "transaction_id",
            models.BigIntegerField(db_default=agencies.models.trail.TransactionId()),
        ),
        migrations.AddIndex(
            "accesslog", models.Index(fields=["transaction_id", "id"], name="log_transaction")
        ),
        migrations.CreateModel(
            name="LogSeal",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("era", models.IntegerField()),
                ("cluster", models.BigIntegerField()),
                ("top_id", models.BigIntegerField()),
                ("from_transaction", models.BigIntegerField()),
                ("until_transaction", models.BigIntegerField()),
                ("first_id", models.BigIntegerField()),
                ("last_id", models.BigIntegerField()),
                ("count", models.BigIntegerField()),
                ("sealed_at", models.DateTimeField()),
                ("root", models.BinaryField()),
                ("previous", models.BinaryField(unique=True)),
                ("head", models.BinaryField(unique=True)),
                (
                    "ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), size=None
                    ),
                ),
                ("leaves", models.BinaryField()),
                ("signature", models.BinaryField(null=True)),
                ("public_key", models.BinaryField(null=True)),
            ],
        ),
        migrations.RunSQL(SEAL + REVIEW, migrations.RunSQL.noop),
        migrations.RunPython(grant_functions, migrations.RunPython.noop),
    ]
