"""V1–V6 and V15 as the database holds them: one policy a table, each under its own reason.

`cases_record` carries the whole rule; every content table asks only whether its record is visible.
"""

from django.conf import settings
from django.db import migrations

from config.lib.rowsecurity import Gate, actor, system

AGENCY = actor("agency_id")
FIGURES = system("statistics")
DATES = system("scheduler")
IN_FORCE = "g.revoked_at IS NULL AND g.period @> now()"

# The case row: any grant of the agency in force. A new case is written after its first grant.
CASE = f"""EXISTS (SELECT 1 FROM cases_casegrant AS g
    WHERE g.group_id = {AGENCY} AND g.content_object_id = cases_case.id AND {IN_FORCE})"""

PERSON = f"""cases_person.author_agency_id = {AGENCY}
    OR EXISTS (SELECT 1 FROM cases_casegrant AS g
        WHERE g.group_id = {AGENCY} AND g.content_object_id = cases_person.case_id
          AND g.person_id = cases_person.id AND 'basic' = ANY (g.categories) AND {IN_FORCE})"""

# V2 own; V3 every person named is covered in the category, or the household tick; V6 carried out
# to this very person.
RECORD = f"""(cases_record.carry_out_id IS NULL AND cases_record.author_agency_id = {AGENCY})
    OR (cases_record.carry_out_id IS NULL AND cases_record.audience = 'team' AND (
        (NOT cases_record.is_household AND cases_record.person_ids <@ ARRAY(
            SELECT g.person_id FROM cases_casegrant AS g
            WHERE g.group_id = {AGENCY} AND g.content_object_id = cases_record.case_id
              AND g.person_id IS NOT NULL
              AND cases_record.category = ANY (g.categories) AND {IN_FORCE}))
        OR (cases_record.is_household AND EXISTS (
            SELECT 1 FROM cases_casegrant AS g
            WHERE g.group_id = {AGENCY} AND g.content_object_id = cases_record.case_id
              AND g.covers_household
              AND cases_record.category = ANY (g.categories) AND {IN_FORCE}))))
    OR (cases_record.carry_out_id IS NOT NULL AND {AGENCY} IS NOT NULL AND EXISTS (
        SELECT 1 FROM cases_carryoutgrant AS g
        WHERE g.membership_id = {actor("membership_id")}
          AND g.content_object_id = cases_record.carry_out_id AND {IN_FORCE}))"""


def at_work(case):
    """V2: who holds more on the case than its own records. Who only keeps what it wrote learns
    nothing later, writes nothing more and brings nobody in."""
    return f"""EXISTS (SELECT 1 FROM cases_casegrant AS g
        WHERE g.group_id = {AGENCY} AND g.content_object_id = {case}
          AND g.basis <> 'own_records' AND {IN_FORCE})"""


AT_WORK = at_work("cases_supportteam.case_id")

# A new record: in one's own agency's name, by oneself, in a case one works on (else writing would
# open it: V2 lets an agency read where it wrote), or under a carry-out one holds.
NEW_RECORD = f"""cases_record.author_agency_id = {AGENCY}
    AND cases_record.author_id = {actor("membership_id")}
    AND CASE WHEN cases_record.carry_out_id IS NULL
        THEN {at_work("cases_record.case_id")}
        ELSE EXISTS (SELECT 1 FROM cases_carryout AS o WHERE o.id = cases_record.carry_out_id
            AND o.case_id = cases_record.case_id) END"""

# The receiving and the granting agency, and the privacy officer of the city.
GRANT = f"""cases_casegrant.group_id = {AGENCY}
    OR cases_casegrant.granted_by_agency_id = {AGENCY}
    OR EXISTS (SELECT 1 FROM agencies_agency AS a
        WHERE a.group_id = cases_casegrant.granted_by_agency_id
          AND a.municipality_id = {actor("privacy_city_id")})"""

# V3: a consent is seen whole by who took it, the responsible agency, the office handling the case
# (the coordinators to whom the case is open by consent) and the privacy officer.
CONSENT = f"""cases_consent.taken_by_agency_id = {AGENCY}
    OR ({actor("office_city_id")} IS NOT NULL AND EXISTS (SELECT 1 FROM cases_casegrant AS g
        WHERE g.group_id = {AGENCY} AND g.content_object_id = cases_consent.case_id
          AND g.basis = 'consent' AND {IN_FORCE}))
    OR EXISTS (SELECT 1 FROM cases_case AS c
        WHERE c.id = cases_consent.case_id AND c.responsible_agency_id = {AGENCY})
    OR EXISTS (SELECT 1 FROM agencies_agency AS a
        WHERE a.group_id = cases_consent.taken_by_agency_id
          AND a.municipality_id = {actor("privacy_city_id")})"""

# … a recipient sees its own line, and an exception is never shown to the one excepted.
LINE = f"""(cases_consentline.agency_id = {AGENCY} AND NOT cases_consentline.is_exception)
    OR (NOT (cases_consentline.is_exception
             AND cases_consentline.agency_id IS NOT DISTINCT FROM {AGENCY})
        AND EXISTS (SELECT 1 FROM cases_consent AS c WHERE c.id = cases_consentline.consent_id))"""

DECIDED_BY_ME = f"cases_carryout.decided_by_id = {actor('membership_id')}"
CARRY_OUT = f"""{AGENCY} IS NOT NULL AND ({DECIDED_BY_ME} OR EXISTS (
    SELECT 1 FROM cases_carryoutgrant AS g
    WHERE g.content_object_id = cases_carryout.id
      AND g.membership_id = {actor("membership_id")} AND {IN_FORCE}))"""

REFERRAL = f"""cases_referral.from_agency_id = {AGENCY}
    OR (cases_referral.state IN ('sent', 'accepted')
        AND (cases_referral.open_until IS NULL OR cases_referral.open_until > now())
        AND (cases_referral.to_agency_id = {AGENCY}
            OR (cases_referral.mode = 'secrecy' AND {AGENCY} IS NOT NULL AND EXISTS (
                SELECT 1 FROM agencies_secretariatmember AS s
                WHERE s.conference_type_id = cases_referral.to_conference_type_id
                  AND s.membership_id = {actor("membership_id")}
                  AND s.fiscal_year = kasane.fiscal_year()
                  AND s.pledged_at IS NOT NULL AND s.ended_at IS NULL))))"""


def of_record(table):
    return f"{FIGURES} OR EXISTS (SELECT 1 FROM cases_record AS r WHERE r.id = {table}.record_id)"


def in_record(table):
    """A content row may be written only into a record of one's own agency."""
    return (
        f"EXISTS (SELECT 1 FROM cases_record AS r WHERE r.id = {table}.record_id"
        f" AND r.author_agency_id = {AGENCY})"
    )


def content(table):
    return Gate(table, read=of_record(table), insert=in_record(table), update=in_record(table))


def history(table, parent, key):
    """V13: a version is read by who may read the row as it now is (what the gate reads of a row
    never changes, so the version as it then was asks the same)."""
    seen = f"EXISTS (SELECT 1 FROM {parent} AS p WHERE p.{key} = {table}.{key})"
    return Gate(table, read=seen, insert=seen)


# A record's persons are persons of its case: the array has no foreign key, so a trigger says it.
PERSONS = """
CREATE FUNCTION kasane.persons_of_case() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM unnest(NEW.person_ids) AS named(id)
               LEFT JOIN public.cases_person AS p ON p.id = named.id AND p.case_id = NEW.case_id
               WHERE p.id IS NULL) THEN
        RAISE EXCEPTION 'a person named is not of this case' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER persons_of_case BEFORE INSERT ON public.cases_record
    FOR EACH ROW EXECUTE FUNCTION kasane.persons_of_case();
CREATE TRIGGER persons_of_case BEFORE INSERT ON public.cases_referral
    FOR EACH ROW EXECUTE FUNCTION kasane.persons_of_case();

-- What the gate reads of a row never changes by the application's login: whoever may read a person
-- could else make it their own, whoever may read a case make their agency responsible for it (V2).
CREATE FUNCTION kasane.keep_columns() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    name text;
BEGIN
    IF NOT pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'MEMBER')
    THEN
        FOREACH name IN ARRAY TG_ARGV LOOP
            IF to_jsonb(NEW) -> name IS DISTINCT FROM to_jsonb(OLD) -> name THEN
                RAISE EXCEPTION '% of % never changes', name, TG_TABLE_NAME
                    USING ERRCODE = 'insufficient_privilege';
            END IF;
        END LOOP;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER keep_columns BEFORE UPDATE ON public.cases_person
    FOR EACH ROW EXECUTE FUNCTION kasane.keep_columns(
        'id', 'case_id', 'label', 'author_agency_id', 'author_id');
CREATE TRIGGER keep_columns BEFORE UPDATE ON public.cases_case
    FOR EACH ROW EXECUTE FUNCTION kasane.keep_columns(
        'id', 'municipality_id', 'number', 'responsible_agency_id', 'opened_by_id');

-- A secretariat is named and pledged each fiscal year (Words, V6).
CREATE FUNCTION kasane.fiscal_year() RETURNS integer
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT extract(year FROM (now() AT TIME ZONE 'Asia/Tokyo') - interval '3 months')::integer
$$;
"""

# V15: only the office is told that two agencies may be serving the same household.
DUPLICATES = """
CREATE FUNCTION kasane.note_duplicates(person_key uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
     AND ((p.kana_folded <> '' AND q.kana_folded = p.kana_folded
           AND (p.birth_on = q.birth_on
                OR (p.phone_digits <> '' AND p.phone_digits = q.phone_digits))))
    JOIN public.cases_case AS d ON d.id = q.case_id
    WHERE p.id = person_key AND d.municipality_id = c.municipality_id
      AND c.status = 'active' AND d.status = 'active'
      AND d.responsible_agency_id <> c.responsible_agency_id
    ON CONFLICT DO NOTHING
$$;
"""

# Which consents in force name which agency: directly, or as a standing member of a conference
# type it names, and never one the person excepted (V3).
CONSENTS = """
CREATE VIEW kasane.consent_reach AS
SELECT c.id AS consent_id, c.case_id, c.person_id, c.categories, c.covers_household, c.period,
       c.taken_by_agency_id, n.agency_id
FROM public.cases_consent AS c
JOIN (
    SELECT l.consent_id, l.agency_id FROM public.cases_consentline AS l
    WHERE l.agency_id IS NOT NULL AND NOT l.is_exception
    UNION
    SELECT l.consent_id, s.agency_id FROM public.cases_consentline AS l
    JOIN public.cases_consent AS o ON o.id = l.consent_id
    JOIN public.agencies_standingmember AS s ON s.conference_type_id = l.conference_type_id
    WHERE s.agency_id IS NOT NULL AND s.ended_on IS NULL AND NOT s.is_by_item
      AND (s.since IS NULL OR s.since <= o.given_on)
) AS n ON n.consent_id = c.id
JOIN public.cases_person AS p ON p.id = c.person_id
JOIN public.cases_case AS k ON k.id = c.case_id
JOIN public.agencies_municipality AS m ON m.id = k.municipality_id
WHERE c.answer = 'given' AND c.withdrawn_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM public.cases_consentline AS e
                  WHERE e.consent_id = c.id AND e.is_exception AND e.agency_id = n.agency_id)
  -- Under the city's age a person with parental authority consents; nobody does after death.
  AND (c.method = 'proxy' OR COALESCE(
        extract(year FROM age(c.given_on, p.birth_on)),
        extract(year FROM c.given_on) - p.birth_year, m.consent_age) >= m.consent_age)
  AND (p.died_on IS NULL OR c.given_on <= p.died_on);

-- V4, V5: which persons lack a consent in force for which of these agencies. Whoever may not see
-- the case learns nothing: for them everybody lacks one.
CREATE FUNCTION kasane.missing_consents(case_key uuid, persons uuid[], agencies integer[])
RETURNS TABLE (person_id uuid, agency_id integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT p.id, a.id FROM unnest(persons) AS p(id) CROSS JOIN unnest(agencies) AS a(id)
    WHERE NOT EXISTS (
        SELECT 1 FROM kasane.consent_reach AS r
        WHERE r.case_id = case_key AND r.person_id = p.id AND r.agency_id = a.id
          AND r.period @> now())
       OR NOT EXISTS (
        SELECT 1 FROM public.cases_casegrant AS g
        WHERE g.group_id = (kasane.actor()).agency_id AND g.content_object_id = case_key
          AND g.revoked_at IS NULL AND g.period @> now())
$$;
CREATE FUNCTION kasane.consents_until(case_key uuid, persons uuid[], agency integer)
RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT min(upper(r.period)) FROM kasane.consent_reach AS r
    WHERE r.case_id = case_key AND r.person_id = ANY (persons) AND r.agency_id = agency
      AND r.period @> now()
      AND EXISTS (
        SELECT 1 FROM public.cases_casegrant AS g
        WHERE g.group_id = (kasane.actor()).agency_id AND g.content_object_id = case_key
          AND g.revoked_at IS NULL AND g.period @> now())
$$;
"""

# What should be open is said by the case (responsible agency), by what agencies wrote (own
# records) and by team × consents. `sync_grants`, the only writer of the store, makes it so.
# Both views belong to the owner alone: the application's login has no right on them.
SYNC = """
-- Written down by the responsible agency (0004: or handed over to it by a transfer).
CREATE FUNCTION kasane.is_known(case_key uuid, responsible integer, person_key uuid, author integer)
RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT author = responsible
$$;
CREATE VIEW kasane.wanted_grants AS
SELECT c.id AS case_id, c.responsible_agency_id AS group_id, NULL::uuid AS person_id,
       '{}'::text[] AS categories, false AS covers_household, 'responsible' AS basis,
       NULL::uuid AS consent_id, c.responsible_agency_id AS granted_by,
       tstzrange(NULL, NULL) AS period
FROM public.cases_case AS c
UNION ALL
SELECT c.id, w.agency_id, NULL, '{}', false, 'own_records', NULL, w.agency_id,
       tstzrange(NULL, NULL)
FROM public.cases_case AS c
JOIN (
    SELECT r.case_id, r.author_agency_id AS agency_id FROM public.cases_record AS r
    WHERE r.carry_out_id IS NULL
    UNION SELECT p.case_id, p.author_agency_id FROM public.cases_person AS p
) AS w ON w.case_id = c.id AND w.agency_id <> c.responsible_agency_id
UNION ALL
SELECT c.id, t.agency_id, r.person_id, r.categories::text[],
       -- 世帯全体: by the tick of an adult member, unless another member has refused, altogether
       -- or to this agency (V3).
       r.covers_household
       -- … of a member the responsible agency knows: else whoever may add a person adds a tick.
       AND kasane.is_known(c.id, c.responsible_agency_id, p.id, p.author_agency_id)
       AND COALESCE(
           extract(year FROM age((now() AT TIME ZONE 'Asia/Tokyo')::date, p.birth_on)),
           extract(year FROM now() AT TIME ZONE 'Asia/Tokyo') - p.birth_year - 1, 18) >= 18
       AND NOT EXISTS (
           SELECT 1 FROM public.cases_consent AS o
           WHERE o.case_id = c.id AND o.person_id <> r.person_id AND o.withdrawn_at IS NULL
             AND (o.answer = 'refused' OR EXISTS (
                 SELECT 1 FROM public.cases_consentline AS e
                 WHERE e.consent_id = o.id AND e.is_exception AND e.agency_id = t.agency_id))),
       'consent', r.consent_id, r.taken_by_agency_id, r.period
FROM public.cases_case AS c
JOIN public.cases_supportteam AS t ON t.case_id = c.id AND t.left_at IS NULL
 AND (c.status = 'active' OR t.agency_id = c.responsible_agency_id)
JOIN kasane.consent_reach AS r ON r.case_id = c.id AND r.agency_id = t.agency_id
JOIN public.cases_person AS p ON p.id = r.person_id
-- At death consents open nothing new (to nobody who came later) and end at closure.
WHERE NOT (p.is_deceased OR p.died_on IS NOT NULL)
   OR (c.status = 'active' AND (
        p.died_on IS NULL OR (t.via = 'responsible' AND t.agency_id = c.responsible_agency_id)
        OR (t.joined_at AT TIME ZONE 'Asia/Tokyo')::date <= p.died_on));

CREATE FUNCTION kasane.sync_grants(case_key uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM 1 FROM public.cases_case WHERE id = case_key FOR UPDATE;

    UPDATE public.cases_casegrant AS g
    SET revoked_at = now(), revoked_reason = 'sync'
    WHERE g.content_object_id = case_key AND g.revoked_at IS NULL
      AND NOT EXISTS (
        SELECT 1 FROM kasane.wanted_grants AS w
        WHERE w.case_id = case_key AND w.group_id = g.group_id AND w.basis = g.basis
          AND w.consent_id IS NOT DISTINCT FROM g.consent_id
          AND w.categories = g.categories::text[]
          AND w.covers_household = g.covers_household AND w.period = g.period);

    INSERT INTO public.cases_casegrant (
        id, permission_id, group_id, content_object_id, person_id, categories, covers_household,
        basis, consent_id, granted_by_agency_id, granted_at, period, revoked_reason)
    SELECT gen_random_uuid(), p.id, w.group_id, case_key, w.person_id, w.categories,
           w.covers_household, w.basis, w.consent_id, w.granted_by, now(), w.period, ''
    FROM kasane.wanted_grants AS w
    CROSS JOIN public.auth_permission AS p
    JOIN public.django_content_type AS t ON t.id = p.content_type_id
    WHERE w.case_id = case_key AND t.app_label = 'cases' AND p.codename = 'view_case'
      AND NOT EXISTS (
        SELECT 1 FROM public.cases_casegrant AS g
        WHERE g.content_object_id = case_key AND g.revoked_at IS NULL
          AND g.group_id = w.group_id AND g.basis = w.basis
          AND g.consent_id IS NOT DISTINCT FROM w.consent_id);

    -- A sheet whose consents no longer stand closes with them, accepted or not (V3, V4), and with
    -- the case, which ends what was opened to others (V2).
    UPDATE public.cases_referral AS f
    SET state = 'closed', open_until = now()
    WHERE f.case_id = case_key AND f.mode = 'consent' AND f.state IN ('sent', 'accepted')
      AND (EXISTS (SELECT 1 FROM public.cases_case AS c
                   WHERE c.id = case_key AND c.status = 'closed')
       OR EXISTS (
        SELECT 1 FROM unnest(f.person_ids) AS p(id)
        WHERE NOT EXISTS (
            SELECT 1 FROM kasane.consent_reach AS r
            WHERE r.case_id = case_key AND r.person_id = p.id AND r.agency_id = f.to_agency_id
              AND r.period @> now())));
END
$$;

-- Whoever becomes or ceases to be a standing member gains or loses what consents naming the
-- conference type open (V3): the profile is loaded by others than those who see the cases.
CREATE FUNCTION kasane.standing_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    kinds bigint[] := ARRAY[]::bigint[];
BEGIN
    IF TG_OP <> 'INSERT' THEN kinds := kinds || OLD.conference_type_id; END IF;
    IF TG_OP <> 'DELETE' THEN kinds := kinds || NEW.conference_type_id; END IF;
    PERFORM kasane.sync_grants(k.case_id) FROM (
        SELECT DISTINCT c.case_id FROM public.cases_consent AS c
        JOIN public.cases_consentline AS l ON l.consent_id = c.id
        WHERE l.conference_type_id = ANY (kinds) AND c.withdrawn_at IS NULL) AS k;
    RETURN NULL;
END
$$;
CREATE TRIGGER standing_changed AFTER INSERT OR DELETE
    OR UPDATE OF agency_id, conference_type_id, ended_on ON public.agencies_standingmember
    FOR EACH ROW EXECUTE FUNCTION kasane.standing_changed();
"""

# Narrow doors for what the actor does to rows it may not read afterwards, or at all.
DOORS = """
-- To whom a consent is open now, for whoever may withdraw it: grants given on a consent that
-- another agency took stand in that agency's name, so their store does not show them.
CREATE FUNCTION kasane.consent_grantees(consent_key uuid) RETURNS SETOF integer
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT g.group_id FROM public.cases_casegrant AS g
    JOIN public.cases_consent AS c ON c.id = g.consent_id
    JOIN public.cases_case AS k ON k.id = c.case_id
    WHERE c.id = consent_key AND g.revoked_at IS NULL AND g.period @> now()
      AND (kasane.actor()).agency_id IN (c.taken_by_agency_id, k.responsible_agency_id)
$$;
CREATE FUNCTION kasane.next_label(case_key uuid) RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(*)::integer FROM public.cases_person AS p
    WHERE p.case_id = case_key AND EXISTS (
        SELECT 1 FROM public.cases_casegrant AS g
        WHERE g.group_id = (kasane.actor()).agency_id AND g.content_object_id = case_key
          AND g.revoked_at IS NULL AND g.period @> now())
$$;
CREATE FUNCTION kasane.supersede_consent(person_key uuid, because text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE public.cases_consent AS c
    SET withdrawn_at = now(), withdrawn_by_id = (kasane.actor()).membership_id,
        withdrawal_reason = because
    WHERE c.person_id = person_key AND c.withdrawn_at IS NULL AND EXISTS (
        SELECT 1 FROM public.cases_casegrant AS g
        WHERE g.group_id = (kasane.actor()).agency_id AND g.content_object_id = c.case_id
          AND g.basis <> 'own_records' AND g.revoked_at IS NULL AND g.period @> now())
$$;
-- The receiver closes a sheet it may not read any more afterwards (V4).
CREATE FUNCTION kasane.return_referral(referral_key uuid, because text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE public.cases_referral AS f
    SET state = 'returned', answer_reason = because, answered_at = now(),
        answered_by_id = (kasane.actor()).membership_id
    WHERE f.id = referral_key AND f.state = 'sent' AND because <> ''
      AND (f.to_agency_id = (kasane.actor()).agency_id
        OR (f.mode = 'secrecy' AND EXISTS (
            SELECT 1 FROM public.agencies_secretariatmember AS s
            WHERE s.conference_type_id = f.to_conference_type_id
              AND s.membership_id = (kasane.actor()).membership_id
              AND s.fiscal_year = kasane.fiscal_year()
              AND s.pledged_at IS NOT NULL AND s.ended_at IS NULL)))
$$;
"""


def grant_functions(apps, schema_editor):
    role = schema_editor.quote_name(settings.KASANE_APP_ROLE)
    for statement in (
        "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA kasane FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION kasane.note_duplicates(uuid) TO {role}",
        f"GRANT EXECUTE ON FUNCTION kasane.sync_grants(uuid) TO {role}",
        f"GRANT EXECUTE ON FUNCTION kasane.missing_consents(uuid, uuid[], integer[]) TO {role}",
        f"GRANT EXECUTE ON FUNCTION kasane.consents_until(uuid, uuid[], integer) TO {role}",
        f"GRANT EXECUTE ON FUNCTION kasane.fiscal_year() TO {role}",
        f"GRANT EXECUTE ON FUNCTION kasane.consent_grantees(uuid) TO {role}",
        f"GRANT EXECUTE ON FUNCTION kasane.next_label(uuid) TO {role}",
        f"GRANT EXECUTE ON FUNCTION kasane.supersede_consent(uuid, text) TO {role}",
        f"GRANT EXECUTE ON FUNCTION kasane.return_referral(uuid, text) TO {role}",
    ):
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("cases", "0001_initial"), ("agencies", "0003_roles")]

    operations = [
        migrations.RunSQL(PERSONS + DUPLICATES + CONSENTS + SYNC + DOORS, migrations.RunSQL.noop),
        migrations.RunPython(grant_functions, migrations.RunPython.noop),
        Gate(
            "cases_casegrant",
            read=f"{FIGURES} OR {DATES} OR {GRANT}",
        ),
        Gate(
            "cases_case",
            read=f"{FIGURES} OR {CASE}",
            insert=f"cases_case.opened_by_id = {actor('membership_id')}"
            f" AND cases_case.responsible_agency_id = {AGENCY}"
            f" AND cases_case.municipality_id = {actor('municipality_id')}",
            update=f"cases_case.responsible_agency_id = {AGENCY}",
        ),
        Gate(
            "cases_person",
            read=f"{FIGURES} OR {PERSON}",
            insert=f"cases_person.author_agency_id = {AGENCY}"
            f" AND {at_work('cases_person.case_id')}",
            # Who wrote it, or the responsible agency.
            update=f"cases_person.author_agency_id = {AGENCY}"
            " OR EXISTS (SELECT 1 FROM cases_case AS c WHERE c.id = cases_person.case_id"
            f" AND c.responsible_agency_id = {AGENCY})",
        ),
        history("cases_historicalperson", "cases_person", "id"),
        Gate("cases_record", read=f"{FIGURES} OR {RECORD}", insert=NEW_RECORD),
        content("cases_note"),
        history("cases_historicalnote", "cases_note", "record_id"),
        content("cases_issue"),
        history("cases_historicalissue", "cases_issue", "record_id"),
        content("cases_assessmentsection"),
        history("cases_historicalassessmentsection", "cases_assessmentsection", "record_id"),
        Gate(
            "cases_supportteam",
            read=f"{FIGURES} OR cases_supportteam.agency_id = {AGENCY} OR {AT_WORK}",
            # Who is at work on a case brings others in, or one accepts what was sent to one.
            insert=f"{AT_WORK}"
            f" OR (cases_supportteam.agency_id = {AGENCY} AND EXISTS ("
            "SELECT 1 FROM cases_referral AS f WHERE f.case_id = cases_supportteam.case_id"
            f" AND f.to_agency_id = {AGENCY} AND f.mode = 'consent' AND f.state = 'accepted'))",
            # One leaves; nobody un-leaves.
            update="cases_supportteam.left_at IS NOT NULL",
            columns=("left_at",),
        ),
        Gate(
            "cases_consent",
            read=f"{DATES} OR {CONSENT}",
            insert=f"cases_consent.taken_by_agency_id = {AGENCY}"
            " AND EXISTS (SELECT 1 FROM cases_person AS p WHERE p.id = cases_consent.person_id"
            " AND p.case_id = cases_consent.case_id)"
            f" AND {at_work('cases_consent.case_id')}",
            # A withdrawal is not taken back.
            update="cases_consent.withdrawn_at IS NOT NULL",
            columns=("withdrawn_at", "withdrawn_by_id", "withdrawal_reason"),
        ),
        history("cases_historicalconsent", "cases_consent", "id"),
        Gate(
            "cases_consentline",
            read=LINE,
            insert="EXISTS (SELECT 1 FROM cases_consent AS c"
            f" WHERE c.id = cases_consentline.consent_id AND c.taken_by_agency_id = {AGENCY})",
        ),
        Gate(
            "cases_carryoutgrant",
            read=f"cases_carryoutgrant.membership_id = {actor('membership_id')}"
            f" OR cases_carryoutgrant.granted_by_id = {actor('membership_id')}",
            insert=f"cases_carryoutgrant.granted_by_id = {actor('membership_id')}",
            # V6: only a sitting renews, never the one it was given to.
            update=f"cases_carryoutgrant.granted_by_id = {actor('membership_id')}",
            columns=("revoked_at", "period"),
        ),
        Gate("cases_carryout", read=CARRY_OUT, insert=DECIDED_BY_ME),
        Gate(
            "cases_referral",
            read=f"{FIGURES} OR {REFERRAL}",
            # V4: with consent only where every person named consents to the receiver; without,
            # only to the secretariat of a conference type under 106条の6.
            insert=f"""cases_referral.from_agency_id = {AGENCY}
                AND {at_work("cases_referral.case_id")}
                AND cases_referral.state = 'sent' AND cases_referral.answered_at IS NULL
                AND cases_referral.to_agency_id IS DISTINCT FROM {AGENCY}
                AND CASE cases_referral.mode
                WHEN 'consent' THEN cardinality(cases_referral.person_ids) > 0 AND NOT EXISTS (
                    SELECT 1 FROM kasane.missing_consents(cases_referral.case_id,
                        cases_referral.person_ids, ARRAY[cases_referral.to_agency_id]))
                WHEN 'secrecy' THEN EXISTS (SELECT 1 FROM agencies_conferencetype AS t
                    WHERE t.id = cases_referral.to_conference_type_id AND '106-6' = ANY (t.bases))
                ELSE true END""",
            update="true",
            columns=("state", "answered_at", "answered_by_id", "answer_reason"),
        ),
        Gate(
            "cases_consultation",
            read=f"cases_consultation.agency_id = {AGENCY} OR {FIGURES}",
            insert=f"cases_consultation.agency_id = {AGENCY}",
            update=f"cases_consultation.agency_id = {AGENCY}",
        ),
        *(
            Gate(
                table,
                read=f"EXISTS (SELECT 1 FROM cases_consultation AS c"
                f" WHERE c.id = {table}.consultation_id)",
                insert=f"EXISTS (SELECT 1 FROM cases_consultation AS c"
                f" WHERE c.id = {table}.consultation_id)",
            )
            for table in ("cases_consultationperson", "cases_consultationissue")
        ),
        Gate(
            "cases_duplicatehint",
            read=f"cases_duplicatehint.municipality_id = {actor('office_city_id')}",
            update="true",
            columns=("settled_at",),
        ),
    ]
