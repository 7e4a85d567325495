"""移管 (V2), what a closing takes away, and whose records a line of the access log showed (V10)."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

import cases.enums
import config.lib.ids
from config.lib.rowsecurity import Gate, Widen, actor

AGENCY = actor("agency_id")

# A waiting or accepted transfer is read by the receiver while the consents it rests on reach it
# (as a sheet is, V4); its rows are written by the functions below alone.
TRANSFER = f"""cases_transfer.from_agency_id = {AGENCY}
    OR (cases_transfer.to_agency_id = {AGENCY} AND cases_transfer.state IN ('sent', 'accepted')
        AND kasane.transfer_reaches(cases_transfer.case_id, cases_transfer.person_ids,
            cases_transfer.to_agency_id))"""

# V10: looks inside the agency's own records, or at a case it is responsible for; not inside another
# agency's records; nothing under V6, whose lines say so by basis, purpose or item.
LOOKS = f"""agencies_accesslog.case_id IS NOT NULL
    AND agencies_accesslog.action IN ('open', 'print', 'export')
    AND agencies_accesslog.was_allowed
    AND agencies_accesslog.basis IN ('', 'responsible', 'own_records', 'consent', 'emergency')
    AND agencies_accesslog.purpose <> 'statutory_support_conference'
    AND agencies_accesslog.item_id IS NULL
    AND (agencies_accesslog.author_agency_id = {AGENCY}
        OR (agencies_accesslog.author_agency_id IS NULL AND EXISTS (
            SELECT 1 FROM cases_case AS c WHERE c.id = agencies_accesslog.case_id
              AND c.responsible_agency_id = {AGENCY})))"""

LOG = """
-- Whose row an id of the log is.
CREATE VIEW kasane.authors AS
SELECT r.id, r.author_agency_id AS agency_id FROM public.cases_record AS r
UNION ALL SELECT p.id, p.author_agency_id FROM public.cases_person AS p
UNION ALL SELECT c.id, c.agency_id FROM public.cases_consultation AS c
UNION ALL SELECT f.id, f.from_agency_id FROM public.cases_referral AS f
UNION ALL SELECT o.id, o.taken_by_agency_id FROM public.cases_consent AS o;

-- As in agencies 0002; and a look at records of several agencies is a line for each. An id that
-- is nobody's (an agenda item) stands with the reader's own.
CREATE OR REPLACE FUNCTION kasane.log_access(
    membership uuid, action text, purpose text, basis text, what text,
    case_key uuid, record_keys uuid[], item_key uuid, allowed boolean
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- Who acts says who; where nobody does yet, only a sign-in or sign-out may name itself.
    who uuid := COALESCE((kasane.actor()).membership_id, CASE
        WHEN action IN ('sign_in', 'sign_in_failed', 'sign_out', 'deny', 'switch')
        THEN membership END);
    is_split boolean := case_key IS NOT NULL AND item_key IS NULL AND basis <> '106-6'
        AND COALESCE(cardinality(record_keys), 0) > 0;
BEGIN
    INSERT INTO public.agencies_accesslog (
        at, membership_id, user_id, agency_id, municipality_id,
        action, purpose, basis, what, case_id, record_ids, item_id, was_allowed, author_agency_id
    )
    SELECT clock_timestamp(), who, m.user_id, m.agency_id, a.municipality_id,
           action, purpose, basis, what, case_key, part.ids, item_key, allowed, part.author
    FROM (
        SELECT COALESCE(record_keys, '{}') AS ids, NULL::integer AS author WHERE NOT is_split
        UNION ALL
        SELECT array_agg(k.id ORDER BY k.place), k.author FROM (
            SELECT shown.id, shown.place, COALESCE(w.agency_id, o.agency_id) AS author
            FROM unnest(record_keys) WITH ORDINALITY AS shown(id, place)
            LEFT JOIN kasane.authors AS w ON w.id = shown.id
            LEFT JOIN public.agencies_membership AS o ON o.id = who) AS k
        WHERE is_split GROUP BY k.author
    ) AS part
    LEFT JOIN public.agencies_membership AS m ON m.id = who
    LEFT JOIN public.agencies_agency AS a ON a.group_id = m.agency_id;
END
$$;
"""

CLOSING = """
-- What is open to others in a case, for whoever closes it: grants that rest on a consent another
-- agency took stand in that agency's name.
CREATE FUNCTION kasane.case_reach(case_key uuid)
RETURNS TABLE (agency_id integer, person_id uuid, categories text[], covers_household boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT g.group_id, g.person_id, g.categories::text[], g.covers_household
    FROM public.cases_casegrant AS g
    JOIN public.cases_case AS c ON c.id = g.content_object_id
    WHERE c.id = case_key AND c.responsible_agency_id = (kasane.actor()).agency_id
      AND g.group_id <> c.responsible_agency_id AND g.basis = 'consent'
      AND g.revoked_at IS NULL AND g.period @> now()
$$;
"""

TRANSFERS = """
CREATE OR REPLACE FUNCTION kasane.is_known(
    case_key uuid, responsible integer, person_key uuid, author integer)
RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT author = responsible OR EXISTS (
        SELECT 1 FROM public.cases_transfer AS t
        WHERE t.case_id = case_key AND t.state = 'accepted' AND person_key = ANY (t.known_ids))
$$;

-- The living persons of a case whom no consent in force covers in 基本情報 towards an agency.
CREATE FUNCTION kasane.not_covered(case_key uuid, agency integer) RETURNS SETOF uuid
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT p.id FROM public.cases_person AS p
    WHERE p.case_id = case_key AND NOT p.is_deceased AND p.died_on IS NULL
      AND NOT EXISTS (
        SELECT 1 FROM kasane.consent_reach AS r
        WHERE r.case_id = case_key AND r.person_id = p.id AND r.agency_id = agency
          AND 'basic' = ANY (r.categories) AND r.period @> now())
$$;

-- Whether the consents a transfer rests on reach its receiver, while the case is open or its own.
-- Told to the receiver alone (and to the owner's login, for the proof).
CREATE FUNCTION kasane.transfer_reaches(case_key uuid, persons uuid[], agency integer)
RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT (agency = (kasane.actor()).agency_id OR pg_has_role(session_user,
            (SELECT c.relowner FROM pg_class AS c
             WHERE c.oid = 'public.cases_transfer'::regclass), 'USAGE'))
      AND EXISTS (SELECT 1 FROM public.cases_case AS k WHERE k.id = case_key
                  AND (k.status = 'active' OR k.responsible_agency_id = agency))
      AND NOT EXISTS (
        SELECT 1 FROM unnest(persons) AS p(id) WHERE NOT EXISTS (
            SELECT 1 FROM kasane.consent_reach AS r
            WHERE r.case_id = case_key AND r.person_id = p.id AND r.agency_id = agency
              AND 'basic' = ANY (r.categories) AND r.period @> now()))
$$;

-- For the responsible agency: who is missing, and what consents would open to another agency.
CREATE FUNCTION kasane.transfer_missing(case_key uuid, agency integer) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT n.id FROM public.cases_case AS c, kasane.not_covered(c.id, agency) AS n(id)
    WHERE c.id = case_key AND c.responsible_agency_id = (kasane.actor()).agency_id
$$;
CREATE FUNCTION kasane.transfer_reach(case_key uuid, agency integer)
RETURNS TABLE (agency_id integer, person_id uuid, categories text[], covers_household boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT r.agency_id, r.person_id, r.categories::text[],
           r.covers_household
           AND (kasane.is_known(c.id, c.responsible_agency_id, p.id, p.author_agency_id)
                OR p.author_agency_id = agency)
           AND COALESCE(
               extract(year FROM age((now() AT TIME ZONE 'Asia/Tokyo')::date, p.birth_on)),
               extract(year FROM now() AT TIME ZONE 'Asia/Tokyo') - p.birth_year - 1, 18) >= 18
           AND NOT EXISTS (
               SELECT 1 FROM public.cases_consent AS o
               WHERE o.case_id = c.id AND o.person_id <> r.person_id AND o.withdrawn_at IS NULL
                 AND (o.answer = 'refused' OR EXISTS (
                     SELECT 1 FROM public.cases_consentline AS e
                     WHERE e.consent_id = o.id AND e.is_exception AND e.agency_id = agency)))
    FROM public.cases_case AS c
    JOIN kasane.consent_reach AS r ON r.case_id = c.id
    JOIN public.cases_person AS p ON p.id = r.person_id
    WHERE c.id = case_key AND c.responsible_agency_id = (kasane.actor()).agency_id
      AND r.agency_id = agency AND r.period @> now()
      AND NOT p.is_deceased AND p.died_on IS NULL
$$;

-- For the receiver of a waiting transfer: whether it could not be accepted any more.
CREATE FUNCTION kasane.not_transferable(key uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.status <> 'active' OR c.responsible_agency_id <> t.from_agency_id
        OR EXISTS (SELECT 1 FROM kasane.not_covered(c.id, t.to_agency_id))
    FROM public.cases_transfer AS t JOIN public.cases_case AS c ON c.id = t.case_id
    WHERE t.id = key AND t.to_agency_id = (kasane.actor()).agency_id
$$;

CREATE FUNCTION kasane.may_write() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM public.agencies_membership AS m
        JOIN public.agencies_role AS r ON r.key = m.role_id
        WHERE m.id = (kasane.actor()).membership_id AND 'cases.write_records' = ANY (r.permissions))
$$;

-- The responsible agency proposes another of the city. Everything is checked here: the
-- application's login has no INSERT and no UPDATE on the table.
CREATE FUNCTION kasane.send_transfer(key uuid, case_key uuid, agency integer, because text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM 1 FROM public.cases_case AS c
    JOIN public.agencies_agency AS a ON a.group_id = agency
    WHERE c.id = case_key AND c.status = 'active'
      AND c.responsible_agency_id = (kasane.actor()).agency_id AND agency <> c.responsible_agency_id
      AND a.municipality_id = c.municipality_id AND NOT a.is_type
      AND (a.ended_on IS NULL OR a.ended_on >= (now() AT TIME ZONE 'Asia/Tokyo')::date)
      AND EXISTS (SELECT 1 FROM public.cases_person AS p WHERE p.case_id = c.id
                  AND NOT p.is_deceased AND p.died_on IS NULL)
    FOR UPDATE OF c;
    IF NOT FOUND OR NOT kasane.may_write()
       OR EXISTS (SELECT 1 FROM kasane.not_covered(case_key, agency)) THEN
        RAISE EXCEPTION 'this case is not transferred' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO public.cases_transfer (
        id, case_id, from_agency_id, to_agency_id, sent_by_id, sent_at, reason, person_ids,
        known_ids, state, answer_reason)
    SELECT key, case_key, (kasane.actor()).agency_id, agency, (kasane.actor()).membership_id,
           clock_timestamp(), because, array_agg(p.id ORDER BY p.label), '{}', 'sent', ''
    FROM public.cases_person AS p
    WHERE p.case_id = case_key AND NOT p.is_deceased AND p.died_on IS NULL;
END
$$;

-- The receiver accepts or returns, once; the sender may take it back meanwhile. Accepting asks
-- everything again, moves the responsibility and leaves behind what no consent covers: the grants
-- follow from the case, the team and the consents as ever.
CREATE FUNCTION kasane.answer_transfer(key uuid, answer text, because text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    mine integer := (kasane.actor()).agency_id;
    t public.cases_transfer;
    c public.cases_case;
BEGIN
    SELECT * INTO t FROM public.cases_transfer AS x WHERE x.id = key FOR UPDATE;
    IF NOT FOUND OR mine IS NULL OR t.state <> 'sent' OR NOT kasane.may_write()
       OR NOT (CASE answer WHEN 'accepted' THEN t.to_agency_id = mine
                           WHEN 'returned' THEN t.to_agency_id = mine AND because <> ''
                           WHEN 'cancelled' THEN t.from_agency_id = mine
                           ELSE false END) THEN
        RAISE EXCEPTION 'this transfer is not answered' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF answer = 'accepted' THEN
        SELECT * INTO c FROM public.cases_case AS x WHERE x.id = t.case_id FOR UPDATE;
        IF c.status <> 'active' OR c.responsible_agency_id <> t.from_agency_id
           OR EXISTS (SELECT 1 FROM kasane.not_covered(c.id, t.to_agency_id)) THEN
            RAISE EXCEPTION 'this case is not transferred' USING ERRCODE = 'insufficient_privilege';
        END IF;
        t.known_ids := ARRAY(SELECT p.id FROM public.cases_person AS p WHERE p.case_id = c.id
            AND kasane.is_known(c.id, c.responsible_agency_id, p.id, p.author_agency_id));
        UPDATE public.cases_case AS x SET responsible_agency_id = t.to_agency_id WHERE x.id = c.id;
        -- The former agency keeps its place in the team where a consent names it.
        UPDATE public.cases_supportteam AS s SET left_at = now()
        WHERE s.case_id = c.id AND s.agency_id = t.from_agency_id AND s.left_at IS NULL
          AND NOT EXISTS (SELECT 1 FROM kasane.consent_reach AS r WHERE r.case_id = c.id
                          AND r.agency_id = t.from_agency_id AND r.period @> now());
        INSERT INTO public.cases_supportteam (id, case_id, agency_id, via, joined_at)
        VALUES (gen_random_uuid(), c.id, t.to_agency_id, 'transfer', now())
        ON CONFLICT DO NOTHING;
    END IF;
    UPDATE public.cases_transfer AS x
    SET state = answer, answer_reason = because, answered_at = now(), known_ids = t.known_ids,
        answered_by_id = (kasane.actor()).membership_id
    WHERE x.id = key;
    PERFORM kasane.sync_grants(t.case_id);
END
$$;
"""


def grant_functions(apps, schema_editor):
    role = schema_editor.quote_name(settings.KASANE_APP_ROLE)
    for name in (
        "is_known(uuid, integer, uuid, integer)",
        "not_covered(uuid, integer)",
        "may_write()",
    ):
        schema_editor.execute(f"REVOKE ALL ON FUNCTION kasane.{name} FROM PUBLIC")
    for name in (
        "case_reach(uuid)",
        "transfer_reaches(uuid, uuid[], integer)",
        "transfer_missing(uuid, integer)",
        "transfer_reach(uuid, integer)",
        "not_transferable(uuid)",
        "send_transfer(uuid, uuid, integer, text)",
        "answer_transfer(uuid, text, text)",
    ):
        schema_editor.execute(f"REVOKE ALL ON FUNCTION kasane.{name} FROM PUBLIC")
        schema_editor.execute(f"GRANT EXECUTE ON FUNCTION kasane.{name} TO {role}")


class Migration(migrations.Migration):
    dependencies = [("cases", "0003_attachment"), ("agencies", "0004_log_author")]

    operations = [
        migrations.AddField(
            "case",
            "closed_kind",
            models.CharField(blank=True, choices=cases.enums.ClosingKind.choices, max_length=20),
        ),
        migrations.AddField("case", "follow_up", models.CharField(blank=True, max_length=100)),
        migrations.AlterField(
            "supportteam",
            "via",
            models.CharField(choices=cases.enums.TeamVia.choices, max_length=20),
        ),
        migrations.CreateModel(
            name="Transfer",
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
                ("sent_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("reason", models.TextField(verbose_name="移管の理由・引きつぐこと")),
                (
                    "person_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), default=list, size=None
                    ),
                ),
                (
                    "known_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), default=list, size=None
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=cases.enums.TransferState.choices, default="sent", max_length=10
                    ),
                ),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                ("answer_reason", models.TextField(blank=True)),
                *(
                    (
                        name,
                        models.ForeignKey(
                            blank=name == "answered_by",
                            null=name == "answered_by",
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name=related,
                            to=to,
                        ),
                    )
                    for name, to, related in (
                        ("case", "cases.case", "transfers"),
                        ("from_agency", "agencies.agency", "+"),
                        ("to_agency", "agencies.agency", "+"),
                        ("sent_by", "agencies.membership", "+"),
                        ("answered_by", "agencies.membership", "+"),
                    )
                ),
            ],
            options={
                "indexes": [models.Index(fields=["to_agency", "state"], name="transfer_to_state")],
                "constraints": [
                    models.CheckConstraint(
                        condition=~Q(from_agency=F("to_agency")), name="transfer_to_another"
                    ),
                    models.CheckConstraint(
                        condition=Q(
                            answered_at__isnull=True, answered_by__isnull=True, state="sent"
                        )
                        | (
                            ~Q(state="sent")
                            & Q(answered_at__isnull=False, answered_by__isnull=False)
                        ),
                        name="transfer_answered_whole",
                    ),
                    models.CheckConstraint(
                        condition=~Q(state="returned") | ~Q(answer_reason=""),
                        name="transfer_returned_with_reason",
                    ),
                    models.UniqueConstraint(
                        condition=Q(state="sent"), fields=("case",), name="transfer_one_waiting"
                    ),
                ],
            },
        ),
        migrations.RunSQL(LOG + CLOSING + TRANSFERS, migrations.RunSQL.noop),
        migrations.RunPython(grant_functions, migrations.RunPython.noop),
        Gate("cases_transfer", read=TRANSFER),
        Widen("agencies_accesslog", "looks", read=LOOKS),
    ]
