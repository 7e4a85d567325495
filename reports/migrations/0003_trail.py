"""The trail across the rooms: why a look was allowed, what a person may be told of looks and who
decided it (V10); versions that nobody slips past (V13). Here, because it speaks of all their tables.
"""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import config.lib.ids
from config.lib.rowsecurity import Gate, actor

LOG = """
-- As in cases 0004; and where the page does not say why it could be opened, the database does (V10).
-- Several small statements: one that joined everything would be planned anew at every look.
CREATE OR REPLACE FUNCTION kasane.log_access(
    membership uuid, action text, purpose text, basis text, what text,
    case_key uuid, record_keys uuid[], item_key uuid, allowed boolean
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    -- Who acts, not whom the page names: a sign-in acts before it is written down (decision 0007).
    who kasane.acting := kasane.actor();
    at timestamptz := clock_timestamp();
    responsible integer;
    reason text := basis;  -- of records of others
    own text := basis;  -- of the reader's own agency's
BEGIN
    IF basis = '' AND case_key IS NOT NULL AND item_key IS NULL AND allowed
       AND purpose <> 'statutory_support_conference' THEN
        responsible := (
            SELECT c.responsible_agency_id FROM public.cases_case AS c WHERE c.id = case_key);
        IF who.home_agency_id = responsible THEN
            reason := 'responsible';
            own := 'responsible';
        ELSE
            own := 'own_records';
            IF EXISTS (
                SELECT 1 FROM public.cases_casegrant AS g
                WHERE g.content_object_id = case_key AND g.group_id = who.home_agency_id
                  AND g.basis = 'consent' AND g.revoked_at IS NULL AND g.period @> now()) THEN
                reason := 'consent';
            END IF;
        END IF;
    END IF;
    -- A look at records of several agencies is a line for each; a denial asks after nobody's.
    IF case_key IS NULL OR item_key IS NOT NULL OR basis = '106-6' OR NOT allowed
       OR COALESCE(cardinality(record_keys), 0) = 0 THEN
        INSERT INTO public.agencies_accesslog (
            at, membership_id, user_id, agency_id, municipality_id, action, purpose, basis, what,
            case_id, record_ids, item_id, was_allowed)
        VALUES (at, who.membership_id, who.user_id, who.home_agency_id, who.municipality_id,
            action, purpose, reason, what, case_key, COALESCE(record_keys, '{}'), item_key,
            allowed);
    ELSE
        INSERT INTO public.agencies_accesslog (
            at, membership_id, user_id, agency_id, municipality_id, action, purpose, basis, what,
            case_id, record_ids, item_id, was_allowed, author_agency_id)
        SELECT at, who.membership_id, who.user_id, who.home_agency_id, who.municipality_id,
               action, purpose,
               CASE WHEN part.author = who.home_agency_id THEN own ELSE reason END,
               what, case_key, part.ids, item_key, allowed, part.author
        FROM (
            SELECT array_agg(k.id ORDER BY k.place) AS ids, k.author FROM (
                SELECT shown.id, shown.place,
                       COALESCE((SELECT w.agency_id FROM kasane.authors AS w WHERE w.id = shown.id),
                                who.home_agency_id) AS author
                FROM unnest(record_keys) WITH ORDINALITY AS shown(id, place)) AS k
            GROUP BY k.author) AS part;
    END IF;
END
$$;
"""

LOOKS = """
-- The looks at what is written about a person, each with what stands in the way of telling it:
--   case     nothing: the responsible agency's records, a reader the person knows of
--   other    the reader was let in by another person's consent alone
--   agency   records of another agency (source_agency)
--   secrecy  under 106条の6 (V6)
-- What concerns a notifier is not among them at all. `is_named`: the person's own consent names the
-- reader's agency, or it was responsible for the case; any other stays unnamed on paper.
-- For the responsible agency the first kind; for the privacy officer of the city all of them.
CREATE FUNCTION kasane.person_looks(person_key uuid)
RETURNS TABLE (line bigint, source text, source_agency integer, is_named boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who kasane.acting := kasane.actor();
    household public.cases_case;
    is_review boolean;
    keys uuid[];
    items uuid[];
BEGIN
    SELECT c.* INTO household FROM public.cases_case AS c
    JOIN public.cases_person AS p ON p.case_id = c.id WHERE p.id = person_key;
    is_review := COALESCE(household.municipality_id = who.privacy_city_id, false);
    IF NOT is_review AND household.responsible_agency_id IS DISTINCT FROM who.agency_id THEN
        RETURN;
    END IF;
    items := ARRAY(SELECT i.id FROM public.meetings_agendaitem AS i
                   WHERE i.case_id = household.id AND person_key = ANY (i.person_ids));
    keys := ARRAY(
        SELECT person_key
        UNION ALL SELECT r.id FROM public.cases_record AS r
        WHERE r.case_id = household.id AND r.category <> 'notifier'
          AND (r.is_household OR person_key = ANY (r.person_ids))
        UNION ALL SELECT o.id FROM public.cases_consent AS o WHERE o.person_id = person_key
        UNION ALL SELECT f.id FROM public.cases_referral AS f
        WHERE f.case_id = household.id AND f.mode <> 'notification'
          AND person_key = ANY (f.person_ids)
        UNION ALL SELECT t.id FROM public.cases_transfer AS t
        WHERE t.case_id = household.id AND person_key = ANY (t.person_ids)
        UNION ALL SELECT i.carry_out_id FROM public.meetings_agendaitem AS i
        WHERE i.id = ANY (items) AND i.carry_out_id IS NOT NULL);
    RETURN QUERY
    WITH known AS (
        SELECT DISTINCT g.group_id FROM public.cases_casegrant AS g
        WHERE g.content_object_id = household.id
          AND (g.basis = 'responsible' OR (g.basis = 'consent' AND g.person_id = person_key))
    ), told AS (
        SELECT l.id, l.author_agency_id,
               l.agency_id = household.responsible_agency_id
               OR EXISTS (SELECT 1 FROM known AS k WHERE k.group_id = l.agency_id) AS is_known,
               l.basis IN ('106-6', 'secrecy') OR l.purpose = 'statutory_support_conference'
               AS is_secret
        FROM public.agencies_accesslog AS l
        WHERE l.case_id = household.id AND l.action IN ('open', 'print', 'export')
          AND l.was_allowed AND (l.record_ids && keys OR l.item_id = ANY (items))
          AND l.basis IN ('', 'responsible', 'own_records', 'consent', 'emergency', '106-6',
            'secrecy')
    ), sorted AS (
        SELECT t.id, t.is_known, t.author_agency_id,
               CASE WHEN t.is_secret THEN 'secrecy'
                    WHEN t.author_agency_id <> household.responsible_agency_id THEN 'agency'
                    WHEN t.is_known THEN 'case' ELSE 'other' END AS kind
        FROM told AS t
    )
    SELECT s.id, s.kind, CASE WHEN s.kind = 'agency' THEN s.author_agency_id END,
           COALESCE(s.is_known AND s.kind <> 'secrecy', false)
    FROM sorted AS s WHERE is_review OR s.kind = 'case';
END
$$;
"""

DECISIONS = """
-- The persons of a case by letter, and who is responsible for it: nothing else of a case (V11).
CREATE FUNCTION kasane.review_persons(case_key uuid)
RETURNS TABLE (person_key uuid, letter text, agency_key integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT p.id, p.label::text, c.responsible_agency_id
    FROM public.cases_person AS p JOIN public.cases_case AS c ON c.id = p.case_id
    WHERE c.id = case_key AND c.municipality_id = (kasane.actor()).privacy_city_id
    ORDER BY p.label;
END
$$;
CREATE FUNCTION kasane.review_person(person_key uuid)
RETURNS TABLE (case_number text, letter text, agency_key integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT c.number::text, p.label::text, c.responsible_agency_id
    FROM public.cases_person AS p JOIN public.cases_case AS c ON c.id = p.case_id
    WHERE p.id = person_key AND c.municipality_id = (kasane.actor()).privacy_city_id;
END
$$;
-- A decision covers the lines there are: what is looked at later asks for one of its own.
CREATE FUNCTION kasane.decide_looks(
    key uuid, person_key uuid, kind text, agency integer, disclose boolean, because text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who kasane.acting := kasane.actor();
    newest bigint := (
        SELECT max(l.line) FROM kasane.person_looks(person_key) AS l
        WHERE l.source = kind AND l.source_agency IS NOT DISTINCT FROM agency);
BEGIN
    IF who.privacy_city_id IS NULL OR newest IS NULL OR because = ''
       OR kind NOT IN ('other', 'agency', 'secrecy') THEN
        RAISE EXCEPTION 'nothing to decide' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO public.reports_lookdecision (id, municipality_id, person_id, source, agency_id,
        is_disclosed, reason, until_line, decided_by_id, decided_at)
    VALUES (key, who.privacy_city_id, person_key, kind, agency, disclose, because, newest,
        who.membership_id, clock_timestamp());
END
$$;
"""

VERSIONS = """
-- V13: whoever changes a row with versions leaves one. QuerySet.update, bulk_create and raw SQL
-- write none: at the end of their transaction they are refused, until the newest version is the
-- row as it stands. Arguments: history table, key, columns a change of which needs no version.
CREATE FUNCTION kasane.keep_version() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    key text := TG_ARGV[1];
    besides text[] := TG_ARGV[2:];
    is_kept boolean;
BEGIN
    IF pg_has_role(session_user, (SELECT c.relowner FROM pg_class AS c WHERE c.oid = TG_RELID),
                   'USAGE') THEN
        RETURN NULL;  -- migrations and proofs
    END IF;
    EXECUTE format(
        'SELECT to_jsonb(t) - $2 = (
            SELECT to_jsonb(h) - $2 - ARRAY[''history_id'', ''history_date'', ''history_type'',
                ''history_user_id'', ''history_change_reason'']
            FROM public.%1$I AS h WHERE h.%2$I = t.%2$I ORDER BY h.history_id DESC LIMIT 1)
         FROM %3$s AS t WHERE t.%2$I = $1', TG_ARGV[0], key, TG_RELID::regclass)
    INTO is_kept USING (to_jsonb(NEW) ->> key)::uuid, besides;
    IF is_kept IS NOT TRUE THEN
        RAISE EXCEPTION 'a change of % without its version', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;

-- A version says when and by whom it was written; whoever writes it does not.
CREATE FUNCTION kasane.stamp_version() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT pg_has_role(current_user, (SELECT c.relowner FROM pg_class AS c WHERE c.oid = TG_RELID),
                       'MEMBER') THEN
        NEW.history_date := clock_timestamp();
        NEW.history_user_id := (kasane.actor()).user_id;
    END IF;
    RETURN NEW;
END
$$;

-- A withdrawal stays as it was written.
CREATE FUNCTION kasane.withdraw_once() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF OLD.withdrawn_at IS NOT NULL AND NEW IS DISTINCT FROM OLD
       AND NOT pg_has_role(session_user, (SELECT c.relowner FROM pg_class AS c
                                          WHERE c.oid = TG_RELID), 'USAGE') THEN
        RAISE EXCEPTION 'a withdrawal never changes' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER withdraw_once BEFORE UPDATE ON public.cases_consent
    FOR EACH ROW EXECUTE FUNCTION kasane.withdraw_once();
"""


def versioned(table, history, key, *besides):
    """A table that refuses a change without its version."""
    words = ", ".join(f"'{word}'" for word in (history, key, *besides))
    return migrations.RunSQL(
        f"""
        CREATE CONSTRAINT TRIGGER keep_version AFTER INSERT OR UPDATE ON public.{table}
            DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION kasane.keep_version({words});
        CREATE TRIGGER stamp_version BEFORE INSERT ON public.{history}
            FOR EACH ROW EXECUTE FUNCTION kasane.stamp_version();
        """,
        migrations.RunSQL.noop,
    )


CALLED = (
    "person_looks(uuid)",
    "review_persons(uuid)",
    "review_person(uuid)",
    "decide_looks(uuid, uuid, text, integer, boolean, text)",
)
INNER = ("keep_version()", "stamp_version()", "withdraw_once()")


def grant_functions(apps, schema_editor):
    role = schema_editor.quote_name(settings.KASANE_APP_ROLE)
    for name in (*CALLED, *INNER):
        schema_editor.execute(f"REVOKE ALL ON FUNCTION kasane.{name} FROM PUBLIC")
    for name in CALLED:
        schema_editor.execute(f"GRANT EXECUTE ON FUNCTION kasane.{name} TO {role}")


class Migration(migrations.Migration):
    dependencies = [
        ("agencies", "0006_seal"),
        ("cases", "0005_consent_pages"),
        ("plans", "0002_gate"),
        ("meetings", "0004_secrecy"),
        ("reports", "0002_gate"),
    ]

    operations = [
        migrations.CreateModel(
            name="LookDecision",
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
                    "source",
                    models.CharField(
                        max_length=10,
                        choices=[
                            ("case", "主担当機関の記録の閲覧"),
                            ("other", "ほかの人の同意による閲覧"),
                            ("agency", "ほかの機関が書いた記録の閲覧"),
                            ("secrecy", "守秘の会議での閲覧"),
                        ],
                    ),
                ),
                ("is_disclosed", models.BooleanField()),
                ("reason", models.CharField(max_length=300, verbose_name="決定の理由")),
                ("until_line", models.BigIntegerField()),
                ("decided_at", models.DateTimeField(default=django.utils.timezone.now)),
                *(
                    (
                        name,
                        models.ForeignKey(
                            null=name == "agency",
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=to,
                        ),
                    )
                    for name, to in (
                        ("municipality", "agencies.municipality"),
                        ("person", "cases.person"),
                        ("agency", "agencies.agency"),
                        ("decided_by", "agencies.membership"),
                    )
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["person", "decided_at"], name="look_decision_person")
                ]
            },
        ),
        migrations.RunSQL(LOG + LOOKS + DECISIONS + VERSIONS, migrations.RunSQL.noop),
        migrations.RunPython(grant_functions, migrations.RunPython.noop),
        # Written by `kasane.decide_looks` alone.
        Gate(
            "reports_lookdecision",
            read=f"reports_lookdecision.municipality_id = {actor('privacy_city_id')}",
        ),
        versioned("cases_person", "cases_historicalperson", "id"),
        versioned("cases_note", "cases_historicalnote", "record_id"),
        versioned("cases_issue", "cases_historicalissue", "record_id"),
        versioned("cases_assessmentsection", "cases_historicalassessmentsection", "record_id"),
        # A withdrawal fills what was empty, once.
        versioned(
            "cases_consent", "cases_historicalconsent", "id",
            "withdrawn_at", "withdrawn_by_id", "withdrawal_reason",
        ),
        versioned("plans_plan", "plans_historicalplan", "record_id"),
    ]  # fmt: skip
