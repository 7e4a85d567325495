"""V9 as the database holds it: what a shield closes, the list, two people, and what waits.

Whatever other policies let through, a RESTRICTIVE one stands before it (config.lib.shieldsecurity).
"""

from django.conf import settings
from django.db import migrations

from config.lib.rowsecurity import Gate, actor, system
from config.lib.shieldsecurity import (
    CASES,
    NOBODY,
    Shield,
    ShieldText,
    closed,
    of_persons,
    shielded,
    versions,
)

AGENCY = actor("agency_id")
ME = actor("membership_id")
DATES = system("scheduler")
PERSONS = "(SELECT kasane.shielded_against_me())::uuid[]"
MINE = "(SELECT kasane.my_shields())::uuid[]"

IN_FORCE = "s.confirmed_at IS NOT NULL AND s.lifted_at IS NULL"
# Of a shield `s`, for a membership `me`: figures and dates count the closed too (V1).
AGAINST = f"""{IN_FORCE} AND me.membership_id IS NOT NULL AND COALESCE(me.system_name, '') = ''
      AND EXISTS (SELECT 1 FROM public.cases_case AS k
        WHERE k.id = s.case_id AND k.municipality_id = me.municipality_id)
      AND NOT EXISTS (
        SELECT 1 FROM public.cases_shieldmember AS m
        WHERE m.shield_id = s.id AND m.membership_id = me.membership_id AND m.ended_at IS NULL)"""

WHO = f"""
CREATE FUNCTION kasane.shielded_cases() RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT COALESCE(array_agg(DISTINCT s.case_id), '{{}}')
    FROM public.cases_shield AS s, kasane.actor() AS me WHERE {AGAINST}
$$;
CREATE OR REPLACE FUNCTION kasane.shielded_against_me() RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT COALESCE(array_agg(DISTINCT s.person_id), '{{}}')
    FROM public.cases_shield AS s, kasane.actor() AS me WHERE {AGAINST}
$$;
-- The lists one stands on, of shields proposed, in force and lifted.
CREATE FUNCTION kasane.my_shields() RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT COALESCE(array_agg(m.shield_id), '{{}}')
    FROM public.cases_shieldmember AS m, kasane.actor() AS me
    WHERE m.membership_id = me.membership_id AND m.ended_at IS NULL
$$;
-- That a shield exists is shown to whoever may see the person; what it hides, and to whom, is not.
CREATE FUNCTION kasane.shielded_among(keys uuid[]) RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT COALESCE(array_agg(DISTINCT s.person_id), '{{}}')
    FROM public.cases_shield AS s
    JOIN public.cases_person AS p ON p.id = s.person_id, kasane.actor() AS me
    WHERE s.person_id = ANY (keys) AND {IN_FORCE}
      AND (p.author_agency_id = me.agency_id OR EXISTS (
        SELECT 1 FROM public.cases_casegrant AS g
        WHERE g.group_id = me.agency_id AND g.content_object_id = p.case_id
          AND g.person_id = p.id AND 'basic' = ANY (g.categories)
          AND g.revoked_at IS NULL AND g.period @> now()))
$$;
-- Each shield of the case decides alone: what its list has said of the row; else whether the row
-- names the shielded person, or nobody in particular. Whoever has written it reads it to the end
-- of their transaction.
CREATE FUNCTION kasane.shield_closes(
    case_key uuid, row_key uuid, persons uuid[], household boolean) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (
        SELECT 1 FROM kasane.actor() AS me, public.cases_shield AS s
        LEFT JOIN public.cases_shieldhold AS h ON h.shield_id = s.id AND h.row_id = row_key
        WHERE s.case_id = case_key AND {AGAINST}
          AND CASE WHEN h.id IS NULL THEN household OR s.person_id = ANY (persons)
              ELSE h.decision <> 'released'
                AND NOT (h.by_id IS NOT DISTINCT FROM me.membership_id AND h.at = now()) END)
$$;
-- V13: what was once held was read by the list as it stood then; earlier words stay with the list.
-- A version is read back as it is written: by its writer, in the same transaction (their clock and
-- the database's may differ a little).
CREATE FUNCTION kasane.shield_closes_versions(
    case_key uuid, row_key uuid, persons uuid[], household boolean, written timestamptz)
RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (
        SELECT 1 FROM kasane.actor() AS me, public.cases_shield AS s
        WHERE s.case_id = case_key AND {AGAINST}
          AND (household OR s.person_id = ANY (persons) OR EXISTS (
            SELECT 1 FROM public.cases_shieldhold AS h
            WHERE h.shield_id = s.id AND h.row_id = row_key))
          AND NOT (written > now() - interval '5 minutes' AND EXISTS (
            SELECT 1 FROM public.cases_shieldhold AS h
            WHERE h.shield_id = s.id AND h.row_id = row_key
              AND h.by_id IS NOT DISTINCT FROM me.membership_id AND h.at = now())))
$$;
-- As whoever asks: a list tells of no row its member could not read (a sealed item, V6).
CREATE FUNCTION kasane.sees_row(kind text, row_key uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM public.%I AS t WHERE t.%I = $1)', kind,
        CASE kind WHEN 'cases_closing' THEN 'case_id' ELSE 'id' END) INTO found USING row_key;
    RETURN found;
END
$$;
"""

# The shielded values, and texts, written alike: width, case, kana, spaces, hyphens, 丁目・番地・号
# and figures do not count.
KATAKANA = "".join(chr(code) for code in range(ord("ァ"), ord("ヶ") + 1))
HIRAGANA = "".join(chr(ord(char) - 0x60) for char in KATAKANA)
WORDS = rf"""
CREATE FUNCTION kasane.shield_fold(words text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT translate(
        regexp_replace(
            translate(
                regexp_replace(lower(normalize(COALESCE(words, ''), NFKC)),
                    '[[:space:][:punct:]‐‑‒–—―−ー～〜・、。「」『』【】〒]+', '', 'g'),
                '{KATAKANA}', '{HIRAGANA}'),
            '丁目|番地|番|号', '', 'g'),
        '〇一二三四五六七八九', '0123456789')
$$;
-- 'name' says only that a text names the person; the other fields are what is hidden.
CREATE FUNCTION kasane.shield_values(person_key uuid) RETURNS TABLE (field text, word text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH address AS (
        SELECT regexp_replace(regexp_replace(regexp_replace(kasane.shield_fold(c.address),
            '^(東京都|北海道|京都府|大阪府|..?.?県)', ''), '^[^0-9市]{{1,6}}市', ''),
            '^[^0-9区]{{1,5}}区', '') AS word
        FROM public.cases_contact AS c WHERE c.person_id = person_key
    ), found AS (
        SELECT 'address' AS field, a.word FROM address AS a WHERE length(a.word) >= 3
        UNION ALL
        SELECT 'address', regexp_replace(a.word, '[0-9].*$', '') FROM address AS a
        UNION ALL
        SELECT 'address', p.word FROM address AS a, regexp_split_to_table(a.word, '[0-9]+')
            AS p(word) WHERE length(p.word) >= 3
        UNION ALL
        SELECT 'phone', c.phone_digits FROM public.cases_contact AS c
        WHERE c.person_id = person_key AND length(c.phone_digits) >= 6
        UNION ALL
        SELECT v.field, kasane.shield_fold(v.word) FROM public.cases_contact AS c,
            LATERAL (VALUES ('school', c.school), ('workplace', c.workplace)) AS v(field, word)
        WHERE c.person_id = person_key
        UNION ALL
        SELECT 'whereabouts', kasane.shield_fold(p.word) FROM public.cases_contact AS c,
            regexp_split_to_table(c.whereabouts, '[、,，/／・[:space:]]+') AS p(word)
        WHERE c.person_id = person_key
        UNION ALL
        SELECT 'name', kasane.shield_fold(v.word) FROM public.cases_person AS p,
            LATERAL (VALUES (p.name), (p.label || 'さん'),
                (substring(p.name FROM '[[:space:]]([^[:space:]]*[一-龯][^[:space:]]*)$')),
                (CASE WHEN length(p.name_kana) >= 4 THEN p.name_kana END)) AS v(word)
        WHERE p.id = person_key
    )
    SELECT DISTINCT f.field, f.word FROM found AS f WHERE length(f.word) >= 2
$$;
CREATE FUNCTION kasane.shield_finds(person_key uuid, words text) RETURNS text[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT COALESCE(array_agg(DISTINCT v.field ORDER BY v.field), '{{}}')
    FROM kasane.shield_values(person_key) AS v,
        (SELECT kasane.shield_fold(words) AS text) AS folded
    WHERE strpos(folded.text, v.word) > 0
$$;
"""

HOLDS = f"""
-- Which columns are free text, and with which row they are closed: each room says it in its
-- migrations. The application reads it nowhere.
CREATE TABLE kasane.shield_texts (
    table_name text PRIMARY KEY, columns text[] NOT NULL, row_column text NOT NULL,
    facts text NOT NULL, by_column text NOT NULL, kind text NOT NULL,
    by_hold_alone boolean NOT NULL, is_version boolean NOT NULL
);
CREATE FUNCTION kasane.shield_words(facts jsonb, columns text[]) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT COALESCE(string_agg(facts ->> c.name, E'\\n'), '')
    FROM unnest(columns) AS c(name) WHERE facts ->> c.name <> ''
$$;
-- All free text of a row, with what is written beneath it.
CREATE FUNCTION kasane.shield_row_words(row_kind text, row_key uuid, versions boolean) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    source kasane.shield_texts;
    part text;
    words text := '';
BEGIN
    FOR source IN SELECT * FROM kasane.shield_texts AS t
        WHERE t.kind = row_kind AND (versions OR NOT t.is_version)
    LOOP
        EXECUTE format('SELECT string_agg(kasane.shield_words(to_jsonb(t), $2), E''\\n'')'
            ' FROM public.%I AS t WHERE t.%I = $1', source.table_name, source.row_column)
            INTO part USING row_key, source.columns;
        words := words || E'\\n' || COALESCE(part, '');
    END LOOP;
    RETURN words;
END
$$;
CREATE FUNCTION kasane.shield_named(facts jsonb) RETURNS uuid[]
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN facts ? 'person_ids'
        THEN ARRAY(SELECT value::uuid FROM jsonb_array_elements_text(facts -> 'person_ids'))
        WHEN facts ? 'person_id' THEN ARRAY[(facts ->> 'person_id')::uuid]
        ELSE '{{}}' END
$$;
CREATE FUNCTION kasane.hold_row(
    shield_key uuid, row_kind text, row_key uuid, said text, writer uuid) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO public.cases_shieldhold (id, shield_id, kind, row_id, decision, by_id, at)
    VALUES (gen_random_uuid(), shield_key, row_kind, row_key, said, writer, now())
    ON CONFLICT (row_id, shield_id) DO UPDATE
    SET decision = EXCLUDED.decision, by_id = EXCLUDED.by_id, at = EXCLUDED.at,
        decided_by_id = NULL, decided_at = NULL
$$;
-- A text written into a case with a shield. From whoever is not on the list it waits, whatever it
-- says: were only hits held, the writer could guess what is hidden. From the list it is held where
-- it names the person or the household, or holds a value.
CREATE FUNCTION kasane.shield_written() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me kasane.acting := kasane.actor();
    writer uuid := me.membership_id;
    new_row jsonb := to_jsonb(NEW);
    row_key uuid := (new_row ->> TG_ARGV[1])::uuid;
    facts jsonb := new_row;
    row_kind text := TG_ARGV[4];
    alone boolean := TG_ARGV[5]::boolean;
    is_new boolean := TG_OP = 'INSERT' AND row_kind = TG_TABLE_NAME;
    words text := kasane.shield_words(new_row, TG_ARGV[0]::text[]);
    persons uuid[];
    household boolean;
    is_listed boolean;
    shield public.cases_shield;
BEGIN
    IF TG_ARGV[2] <> '' THEN
        EXECUTE format('SELECT to_jsonb(t) FROM public.%I AS t WHERE t.id = $1', TG_ARGV[2])
            INTO facts USING (new_row ->> TG_ARGV[3])::uuid;
    END IF;
    IF facts ->> 'case_id' IS NULL OR NOT EXISTS (SELECT 1 FROM public.cases_shield AS s
            WHERE s.case_id = (facts ->> 'case_id')::uuid AND {IN_FORCE}) THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF to_jsonb(OLD) ->> 'case_id' IS DISTINCT FROM new_row ->> 'case_id' THEN
            is_new := true;  -- it has only now come into the case
        ELSIF words = kasane.shield_words(to_jsonb(OLD), TG_ARGV[0]::text[]) THEN
            RETURN NULL;
        END IF;
    END IF;
    persons := kasane.shield_named(facts);
    household := COALESCE((facts ->> 'is_household')::boolean,
        cardinality(persons) = 0 AND NOT alone);
    -- A definer function may write where its caller may not read: not beneath a shield. Only a
    -- consent is ended by whoever may end it, and does not open to them by that.
    IF NOT is_new AND me.membership_id IS NOT NULL AND kasane.shield_closes(
            (facts ->> 'case_id')::uuid, row_key,
            CASE WHEN alone THEN '{{}}' ELSE persons END, household) THEN
        IF NOT alone THEN
            RAISE EXCEPTION 'closed by a shield' USING ERRCODE = 'insufficient_privilege';
        END IF;
        writer := NULL;
    END IF;
    FOR shield IN SELECT * FROM public.cases_shield AS s
        WHERE s.case_id = (facts ->> 'case_id')::uuid AND {IN_FORCE}
    LOOP
        is_listed := shield.id = ANY (kasane.my_shields());
        IF (NOT alone AND (household OR shield.person_id = ANY (persons)))
           OR (words <> '' AND (NOT is_listed
                OR kasane.shield_finds(shield.person_id, words) <> '{{}}')) THEN
            -- What a list member writes for others to read waits all the same.
            PERFORM kasane.hold_row(shield.id, row_kind, row_key,
                CASE WHEN is_listed AND row_kind NOT IN (
                    'cases_referral', 'cases_transfer', 'meetings_agendaitem')
                THEN 'kept' ELSE 'waiting' END, writer);
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;
-- When a shield is set, or what it hides changes: every row that names the person or the household
-- waits, and every other whose words hold a value or the name. What was opened before and now
-- holds a value is closed again.
CREATE FUNCTION kasane.hold_found(shield_key uuid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    shield public.cases_shield;
    source kasane.shield_texts;
    row_key uuid;
    facts jsonb;
    persons uuid[];
    names boolean;
    said text;
BEGIN
    SELECT * INTO shield FROM public.cases_shield AS s WHERE s.id = shield_key;
    FOR source IN SELECT * FROM kasane.shield_texts AS t WHERE t.kind = t.table_name LOOP
        FOR row_key, facts IN EXECUTE CASE WHEN source.facts = '' THEN
            format('SELECT t.%I, to_jsonb(t) FROM public.%I AS t WHERE t.case_id = $1',
                source.row_column, source.table_name)
        ELSE
            format('SELECT t.%I, to_jsonb(f) FROM public.%I AS t JOIN public.%I AS f'
                ' ON f.id = t.%I WHERE f.case_id = $1',
                source.row_column, source.table_name, source.facts, source.by_column)
        END USING shield.case_id
        LOOP
            persons := kasane.shield_named(facts);
            names := NOT source.by_hold_alone AND (shield.person_id = ANY (persons)
                OR COALESCE((facts ->> 'is_household')::boolean, cardinality(persons) = 0));
            SELECT h.decision INTO said FROM public.cases_shieldhold AS h
            WHERE h.shield_id = shield.id AND h.row_id = row_key;
            IF said IS NULL AND (names OR kasane.shield_finds(shield.person_id,
                    kasane.shield_row_words(source.kind, row_key, true)) <> '{{}}')
               OR said = 'released' AND array_remove(kasane.shield_finds(shield.person_id,
                    kasane.shield_row_words(source.kind, row_key, false)), 'name') <> '{{}}' THEN
                PERFORM kasane.hold_row(shield.id, source.kind, row_key, 'waiting', NULL);
            END IF;
        END LOOP;
    END LOOP;
END
$$;
CREATE FUNCTION kasane.contact_written() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM kasane.hold_found(s.id) FROM public.cases_shield AS s
    WHERE s.person_id = NEW.person_id AND {IN_FORCE};
    RETURN NULL;
END
$$;
CREATE TRIGGER shield_contact AFTER INSERT OR UPDATE ON public.cases_contact
    FOR EACH ROW EXECUTE FUNCTION kasane.contact_written();
CREATE TRIGGER keep_columns BEFORE UPDATE ON public.cases_contact
    FOR EACH ROW EXECUTE FUNCTION kasane.keep_columns('person_id');
"""

# Two people, and the order of steps: what no policy can say.
GUARDS = """
CREATE FUNCTION kasane.may_shield(member_key uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM public.agencies_membership AS m
        JOIN public.agencies_role AS r ON r.key = m.role_id
        JOIN public.agencies_agency AS a ON a.group_id = m.agency_id
        WHERE m.id = member_key AND 'cases.shield' = ANY (r.permissions)
          AND 'cases.read' = ANY (r.permissions)
          AND a.municipality_id = (kasane.actor()).municipality_id
          AND m.confirmed_at IS NOT NULL AND m.since <= (now() AT TIME ZONE 'Asia/Tokyo')::date
          AND (m.until IS NULL OR m.until >= (now() AT TIME ZONE 'Asia/Tokyo')::date))
$$;
CREATE FUNCTION kasane.guard_shield() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me kasane.acting := kasane.actor();
    other public.agencies_membership;
    is_kept boolean;
BEGIN
    IF me.membership_id IS NULL THEN
        IF pg_has_role(session_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID),
                       'USAGE') THEN
            RETURN NEW;  -- the owner, who may do anything: proofs and repairs
        END IF;
        RAISE EXCEPTION 'nobody acts' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF TG_OP = 'INSERT' THEN
        SELECT * INTO other FROM public.agencies_membership WHERE id = NEW.confirmer_id;
        IF NEW.proposed_by_id IS DISTINCT FROM me.membership_id
           OR NEW.proposed_user_id IS DISTINCT FROM me.user_id
           OR NEW.confirmed_at IS NOT NULL OR NEW.lift_proposed_at IS NOT NULL
           OR NEW.lifted_at IS NOT NULL OR NEW.lift_reason <> ''
           OR NOT kasane.may_shield(me.membership_id) OR NOT kasane.may_shield(other.id)
           OR other.user_id = me.user_id
           OR NOT EXISTS (SELECT 1 FROM public.cases_person AS p
                JOIN public.cases_case AS c ON c.id = p.case_id
                WHERE p.id = NEW.person_id AND c.id = NEW.case_id
                  AND me.agency_id IN (c.responsible_agency_id, p.author_agency_id)) THEN
            RAISE EXCEPTION 'not a proposal' USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN NEW;
    END IF;
    is_kept := to_jsonb(NEW) - '{confirmed_at,confirmed_user_id,lift_proposed_at,'
        'lift_proposed_by_id,lift_proposed_user_id,lift_reason,lifted_at,lifted_by_id,'
        'lifted_user_id,expires_on}'::text[] = to_jsonb(OLD) - '{confirmed_at,'
        'confirmed_user_id,lift_proposed_at,lift_proposed_by_id,lift_proposed_user_id,lift_reason,'
        'lifted_at,lifted_by_id,lifted_user_id,expires_on}'::text[];
    IF NOT is_kept OR OLD.lifted_at IS NOT NULL OR NOT OLD.id = ANY (kasane.my_shields())
       -- Set once, by the one named, who is somebody else.
       OR ((NEW.confirmed_at IS DISTINCT FROM OLD.confirmed_at
            OR NEW.confirmed_user_id IS DISTINCT FROM OLD.confirmed_user_id)
           AND (OLD.confirmed_at IS NOT NULL OR OLD.confirmer_id <> me.membership_id
                OR NEW.confirmed_user_id IS DISTINCT FROM me.user_id
                OR me.user_id = OLD.proposed_user_id))
       OR (NEW.lift_proposed_at IS NOT NULL
           AND ROW(NEW.lift_proposed_at, NEW.lift_proposed_by_id, NEW.lift_proposed_user_id,
                   NEW.lift_reason) IS DISTINCT FROM
               ROW(OLD.lift_proposed_at, OLD.lift_proposed_by_id, OLD.lift_proposed_user_id,
                   OLD.lift_reason)
           AND (OLD.lift_proposed_at IS NOT NULL OR OLD.confirmed_at IS NULL
                OR NEW.lift_proposed_by_id IS DISTINCT FROM me.membership_id
                OR NEW.lift_proposed_user_id IS DISTINCT FROM me.user_id))
       -- Lifted by somebody else than whoever proposed it, in a step of its own.
       OR (NEW.lifted_at IS NOT NULL
           AND (NEW.lifted_by_id IS DISTINCT FROM me.membership_id
                OR NEW.lifted_user_id IS DISTINCT FROM me.user_id
                OR NEW.confirmed_at IS DISTINCT FROM OLD.confirmed_at
                OR (OLD.confirmed_at IS NULL AND me.membership_id NOT IN (
                    OLD.proposed_by_id, OLD.confirmer_id))
                OR (OLD.confirmed_at IS NOT NULL AND (OLD.lift_proposed_at IS NULL
                    OR OLD.lift_proposed_user_id = me.user_id)))) THEN
        RAISE EXCEPTION 'a shield takes two people' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guard_shield BEFORE INSERT OR UPDATE ON public.cases_shield
    FOR EACH ROW EXECUTE FUNCTION kasane.guard_shield();

-- Both people stand on the list; from the confirmation on, what names the person waits.
CREATE FUNCTION kasane.shield_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO public.cases_shieldmember (id, shield_id, membership_id, added_by_id, added_at)
        SELECT gen_random_uuid(), NEW.id, m.id, NEW.proposed_by_id, now()
        FROM (VALUES (NEW.proposed_by_id), (NEW.confirmer_id)) AS m(id);
    END IF;
    IF NEW.confirmed_at IS NOT NULL AND NEW.lifted_at IS NULL
       AND (TG_OP = 'INSERT' OR OLD.confirmed_at IS NULL) THEN
        PERFORM kasane.hold_found(NEW.id);
        DELETE FROM public.cases_duplicatehint AS h USING public.cases_case AS c
        WHERE c.id = NEW.case_id AND c.number IN (h.first_number, h.second_number);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER shield_changed AFTER INSERT OR UPDATE ON public.cases_shield
    FOR EACH ROW EXECUTE FUNCTION kasane.shield_changed();

-- A list never falls below two users: nobody could lift the shield any more.
CREATE FUNCTION kasane.guard_shield_member() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM 1 FROM public.cases_shield WHERE id = NEW.shield_id FOR UPDATE;
    IF TG_OP = 'UPDATE' AND OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL
       AND (SELECT count(DISTINCT m.user_id) FROM public.cases_shieldmember AS l
            JOIN public.agencies_membership AS m ON m.id = l.membership_id
            WHERE l.shield_id = NEW.shield_id AND l.ended_at IS NULL AND l.id <> NEW.id
              AND m.confirmed_at IS NOT NULL
              AND m.since <= (now() AT TIME ZONE 'Asia/Tokyo')::date
              AND (m.until IS NULL OR m.until >= (now() AT TIME ZONE 'Asia/Tokyo')::date)) < 2
    THEN
        RAISE EXCEPTION 'two people stay on the list' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guard_shield_member BEFORE UPDATE ON public.cases_shieldmember
    FOR EACH ROW EXECUTE FUNCTION kasane.guard_shield_member();

-- What holds a hidden value is opened by nobody.
CREATE FUNCTION kasane.guard_shield_hold() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.decision = 'released' AND OLD.decision <> 'released' AND array_remove(
        kasane.shield_finds((SELECT s.person_id FROM public.cases_shield AS s
            WHERE s.id = NEW.shield_id),
            kasane.shield_row_words(NEW.kind, NEW.row_id, false)), 'name') <> '{}' THEN
        RAISE EXCEPTION 'it holds what is hidden' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guard_shield_hold BEFORE UPDATE ON public.cases_shieldhold
    FOR EACH ROW EXECUTE FUNCTION kasane.guard_shield_hold();
"""

DOORS = f"""
-- For the list alone: which hidden fields stand in a text, or in a row that waits.
CREATE FUNCTION kasane.shield_check(case_key uuid, words text) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT COALESCE(array_agg(DISTINCT f.field), '{{}}')
    FROM public.cases_shield AS s,
        unnest(array_remove(kasane.shield_finds(s.person_id, words), 'name')) AS f(field)
    WHERE s.case_id = case_key AND {IN_FORCE} AND s.id = ANY (kasane.my_shields())
$$;
CREATE FUNCTION kasane.shield_hold_finds(hold_key uuid) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT array_remove(kasane.shield_finds(s.person_id,
        kasane.shield_row_words(h.kind, h.row_id, false)), 'name')
    FROM public.cases_shieldhold AS h JOIN public.cases_shield AS s ON s.id = h.shield_id
    WHERE h.id = hold_key AND s.id = ANY (kasane.my_shields())
$$;
-- The case in which a text just written waits for the list: told to its writer, in the same
-- transaction.
CREATE FUNCTION kasane.writing_waits() RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.case_id FROM kasane.actor() AS me, public.cases_shieldhold AS h
    JOIN public.cases_shield AS s ON s.id = h.shield_id
    WHERE h.by_id = me.membership_id AND h.at = now() AND h.decision = 'waiting'
      AND NOT h.shield_id = ANY (kasane.my_shields())
    LIMIT 1
$$;
-- On paper: which hidden values of the lists one stands on a text holds.
CREATE FUNCTION kasane.shield_check_all(words text) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT COALESCE(array_agg(DISTINCT f.field), '{{}}')
    FROM public.cases_shield AS s,
        unnest(array_remove(kasane.shield_finds(s.person_id, words), 'name')) AS f(field)
    WHERE {IN_FORCE} AND s.id = ANY (kasane.my_shields())
$$;
-- A consultation comes into a case at work; beneath a shield it may not be readable afterwards.
CREATE FUNCTION kasane.settle_consultation(key uuid, case_key uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE public.cases_consultation AS c
    SET status = 'case', case_id = case_key, screening = 'continue'
    WHERE c.id = key AND c.status = 'open' AND c.agency_id = (kasane.actor()).agency_id
      AND EXISTS (SELECT 1 FROM public.cases_casegrant AS g
        WHERE g.group_id = c.agency_id AND g.content_object_id = case_key
          AND g.basis <> 'own_records' AND g.revoked_at IS NULL AND g.period @> now());
    RETURN FOUND;
END
$$;
CREATE OR REPLACE FUNCTION kasane.note_duplicates(person_key uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- A telephone number under a shield is compared with nothing (V9).
    WITH phones AS (
        SELECT c.person_id, c.phone_digits FROM public.cases_contact AS c
        WHERE c.phone_digits <> '' AND NOT EXISTS (SELECT 1 FROM public.cases_shield AS s
            WHERE s.person_id = c.person_id AND {IN_FORCE})
    )
    INSERT INTO public.cases_duplicatehint (
        id, municipality_id, first_number, first_agency_id, second_number, second_agency_id,
        noted_at)
    SELECT DISTINCT ON (LEAST(c.number, d.number), GREATEST(c.number, d.number))
           gen_random_uuid(), c.municipality_id,
           LEAST(c.number, d.number),
           CASE WHEN c.number < d.number THEN c.responsible_agency_id
                ELSE d.responsible_agency_id END,
           GREATEST(c.number, d.number),
           CASE WHEN c.number < d.number THEN d.responsible_agency_id
                ELSE c.responsible_agency_id END,
           now()
    FROM public.cases_person AS p
    JOIN public.cases_case AS c ON c.id = p.case_id
    JOIN public.cases_person AS q ON q.case_id <> p.case_id
     AND p.kana_folded <> '' AND q.kana_folded = p.kana_folded
     AND (p.birth_on = q.birth_on
          OR EXISTS (SELECT 1 FROM phones AS a JOIN phones AS b ON b.phone_digits = a.phone_digits
                     WHERE a.person_id = p.id AND b.person_id = q.id))
    JOIN public.cases_case AS d ON d.id = q.case_id
    WHERE p.id = person_key AND d.municipality_id = c.municipality_id
      AND c.status = 'active' AND d.status = 'active'
      AND d.responsible_agency_id <> c.responsible_agency_id
      -- Where somebody is consulted shows the area: nobody under a shield takes part (V9).
      AND NOT EXISTS (SELECT 1 FROM public.cases_shield AS s
        WHERE s.person_id IN (p.id, q.id) AND {IN_FORCE})
    ON CONFLICT DO NOTHING
$$;
"""

GRANTED = (
    "shielded_cases()", "shielded_against_me()", "my_shields()", "shielded_among(uuid[])",
    "shield_closes(uuid, uuid, uuid[], boolean)",
    "shield_closes_versions(uuid, uuid, uuid[], boolean, timestamptz)", "sees_row(text, uuid)",
    "shield_check(uuid, text)", "shield_check_all(text)", "shield_hold_finds(uuid)", "writing_waits()",
    "settle_consultation(uuid, uuid)",
)  # fmt: skip


def grant_functions(apps, schema_editor):
    role = schema_editor.quote_name(settings.KASANE_APP_ROLE)
    schema_editor.execute("REVOKE ALL ON ALL FUNCTIONS IN SCHEMA kasane FROM PUBLIC")
    schema_editor.execute("REVOKE ALL ON kasane.shield_texts FROM PUBLIC")
    for function in GRANTED:
        schema_editor.execute(f"GRANT EXECUTE ON FUNCTION kasane.{function} TO {role}")


MY_PERSON = f"""EXISTS (SELECT 1 FROM cases_person AS p WHERE p.id = cases_contact.person_id
    AND (p.author_agency_id = {AGENCY} OR EXISTS (SELECT 1 FROM cases_case AS c
        WHERE c.id = p.case_id AND c.responsible_agency_id = {AGENCY})))
    AND NOT cases_contact.person_id = ANY ({PERSONS})"""
OF_CONTACT = f"""{AGENCY} IS NOT NULL AND EXISTS (SELECT 1 FROM cases_contact AS c
    WHERE c.person_id = cases_historicalcontact.person_id)"""
MY_CASE = f"""EXISTS (SELECT 1 FROM cases_case AS c
    WHERE c.id = cases_closing.case_id AND c.responsible_agency_id = {AGENCY})"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0009_shield")]

    operations = [
        migrations.RunSQL(WHO + WORDS + HOLDS + GUARDS + DOORS, migrations.RunSQL.noop),
        migrations.RunPython(grant_functions, migrations.RunPython.noop),
        Gate(
            "cases_contact",
            read=f"{AGENCY} IS NOT NULL AND EXISTS (SELECT 1 FROM cases_person AS p"
            " WHERE p.id = cases_contact.person_id)",
            insert=MY_PERSON,
            update=MY_PERSON,
        ),
        Shield("cases_contact", when=f"cases_contact.person_id = ANY ({PERSONS})"),
        Gate("cases_historicalcontact", read=OF_CONTACT, insert=OF_CONTACT),
        Gate("cases_closing", read=MY_CASE, insert=MY_CASE),
        Gate(
            "cases_shield",
            read=f"{DATES} OR ({AGENCY} IS NOT NULL AND cases_shield.id = ANY ({MINE}))",
            insert=f"cases_shield.proposed_by_id = {ME}"
            " AND EXISTS (SELECT 1 FROM cases_person AS p WHERE p.id = cases_shield.person_id)",
            update=f"cases_shield.id = ANY ({MINE})",
            columns=(
                "confirmed_at", "confirmed_user_id", "lift_proposed_at", "lift_proposed_by_id",
                "lift_proposed_user_id", "lift_reason", "lifted_at", "lifted_by_id",
                "lifted_user_id", "expires_on",
            ),
        ),
        Gate(
            "cases_shieldmember",
            read=f"{DATES} OR ({AGENCY} IS NOT NULL"
            f" AND cases_shieldmember.shield_id = ANY ({MINE}))",
            insert=f"cases_shieldmember.added_by_id = {ME}"
            f" AND cases_shieldmember.shield_id = ANY ({MINE})",
            update="cases_shieldmember.ended_at IS NOT NULL",
            columns=("ended_at",),
        ),
        Gate(
            "cases_shieldhold",
            read=f"{AGENCY} IS NOT NULL AND cases_shieldhold.shield_id = ANY ({MINE})"
            " AND kasane.sees_row(cases_shieldhold.kind, cases_shieldhold.row_id)",
            update=f"cases_shieldhold.decided_by_id = {ME}"
            " AND cases_shieldhold.decision IN ('released', 'kept')",
            columns=("decision", "decided_by_id", "decided_at"),
        ),
        Shield(
            "cases_record",
            when=closed("cases_record.case_id", "cases_record.id", "cases_record.person_ids",
                        "cases_record.is_household"),
        ),
        *map(versions, (
            "cases_historicalnote", "cases_historicalissue", "cases_historicalassessmentsection",
        )),
        shielded("cases_consultation", household="true"),
        of_persons("cases_referral"),
        of_persons("cases_transfer"),
        shielded("cases_carryout", household="true"),
        shielded("cases_leftwork", household="true"),
        shielded("cases_closing", row="case_id", household="true"),
        # A consent is closed only by what its list says of its words: who works on a case has to
        # know what it rests on.
        shielded("cases_consent"),
        Shield(
            "cases_historicalconsent",
            when="cases_historicalconsent.case_id = ANY (" + CASES + ") AND"
            " kasane.shield_closes_versions(cases_historicalconsent.case_id,"
            f" cases_historicalconsent.id, {NOBODY}, false, cases_historicalconsent.history_date)",
            reads_only=True,
        ),
        Shield(
            "cases_consentscan",
            when="EXISTS (SELECT 1 FROM cases_consent AS c WHERE c.id = cases_consentscan.consent_id"
            " AND " + closed("c.case_id", "cases_consentscan.id", "ARRAY[c.person_id]", "false")
            + ")",
        ),
        ShieldText("cases_record", row="id", facts="", kind="cases_record"),
        ShieldText("cases_note", "with_whom", "place", "text", "next_step"),
        ShieldText("cases_issue", "note", "suspected_name"),
        ShieldText("cases_assessmentsection", "situation", "strengths"),
        ShieldText("cases_attachment", "name"),
        ShieldText("cases_historicalnote", "with_whom", "place", "text", "next_step",
                   is_version=True),
        ShieldText("cases_historicalissue", "note", "suspected_name", is_version=True),
        ShieldText("cases_historicalassessmentsection", "situation", "strengths", is_version=True),
        ShieldText("cases_refiling", "reason"),
        ShieldText("cases_consultation", "visitor_name", "visitor_relation", "visitor_phone",
                   "complaint", row="id", facts="", kind="cases_consultation"),
        ShieldText("cases_consultationperson", "name", "phone", "address", row="consultation_id",
                   facts="cases_consultation", by="consultation_id"),
        ShieldText("cases_referral", "reason", "summary", "legal_ground", "answer_reason",
                   row="id", facts="", kind="cases_referral"),
        ShieldText("cases_transfer", "reason", "answer_reason", row="id", facts="",
                   kind="cases_transfer"),
        ShieldText("cases_carryout", "text", row="id", facts="", kind="cases_carryout"),
        ShieldText("cases_leftwork", "title", row="id", facts="", kind="cases_leftwork"),
        ShieldText("cases_closing", "reason", "follow_up", row="case_id", facts="",
                   kind="cases_closing"),
        ShieldText("cases_consent", "purpose", "proxy_name", "proxy_power", "withdrawal_reason",
                   row="id", facts="", kind="cases_consent", by_hold_alone=True),
        ShieldText("cases_historicalconsent", "purpose", "proxy_name", "proxy_power",
                   "withdrawal_reason", row="id", facts="cases_consent", by="id",
                   is_version=True),
        ShieldText("cases_consentscan", "name", row="id", facts="cases_consent", by="consent_id",
                   kind="cases_consentscan"),
        # The register and emergencies: closed beneath a shield whatever they say (were only hits
        # closed, a writer could guess), but for whoever wrote the words, and the privacy officer,
        # whose duty they are.
        *(
            Shield(
                table,
                when=f"{table}.{writer} IS DISTINCT FROM {ME}"
                f" AND {table}.municipality_id IS DISTINCT FROM {actor('privacy_city_id')}"
                f" AND COALESCE({table}.{case} = ANY ({CASES}), false)",
            )
            for table, writer, case in (
                ("cases_disclosure", "recorded_by_id", "case_id"),
                ("cases_emergency", "membership_id", "content_object_id"),
            )
        ),
    ]  # fmt: skip
