"""One submit of a form, one answer; a withdrawal ends what another agency put in its place a moment
before; an issue moves to another audience, its category follows from its type (V3, V13)."""

from django.conf import settings
from django.db import migrations, models

from config.lib.rowsecurity import Gate

# V3: the stricter of two changes at the same moment wins. Who took the answer that was replaced
# need not see the one in its place: an hour is how long a form may have stood open.
IN_PLACE = """
CREATE FUNCTION kasane.end_answer_in_place(consent_key uuid, because text) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH ended AS (
        UPDATE public.cases_consent AS n
        SET withdrawn_at = now(), withdrawn_by_id = (kasane.actor()).membership_id,
            withdrawal_reason = because
        FROM public.cases_consent AS f
        WHERE f.id = consent_key AND n.person_id = f.person_id AND n.id <> f.id
          AND n.answer = 'given' AND n.withdrawn_at IS NULL
          AND f.withdrawn_at > now() - interval '1 hour' AND n.recorded_at >= f.withdrawn_at
          AND f.taken_by_agency_id = (kasane.actor()).agency_id
          AND EXISTS (
            SELECT 1 FROM public.cases_casegrant AS g
            WHERE g.group_id = (kasane.actor()).agency_id AND g.content_object_id = f.case_id
              AND g.basis <> 'own_records' AND g.revoked_at IS NULL AND g.period @> now())
        RETURNING 1)
    SELECT EXISTS (SELECT 1 FROM ended)
$$;
"""

# As in 0005; but only from a consent the actor sees whole: else whoever holds a line of it could
# write an answer in its place and read there whom the person excepted.
EXCEPTIONS = """
CREATE OR REPLACE FUNCTION kasane.keep_exceptions(consent_key uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO public.cases_consentline (id, consent_id, agency_id, is_exception)
    SELECT gen_random_uuid(), n.id, e.agency_id, true
    FROM public.cases_consent AS n
    JOIN public.cases_consent AS f ON f.id = n.replaces_id AND f.person_id = n.person_id
    JOIN public.cases_case AS k ON k.id = f.case_id
    JOIN public.cases_consentline AS e ON e.consent_id = f.id AND e.is_exception
    WHERE n.id = consent_key AND n.withdrawn_at IS NULL
      AND n.taken_by_agency_id = (kasane.actor()).agency_id
      AND ((kasane.actor()).agency_id IN (f.taken_by_agency_id, k.responsible_agency_id)
        OR ((kasane.actor()).office_city_id IS NOT NULL AND EXISTS (
            SELECT 1 FROM public.cases_casegrant AS g
            WHERE g.group_id = (kasane.actor()).agency_id AND g.content_object_id = k.id
              AND g.basis = 'consent' AND g.revoked_at IS NULL AND g.period @> now())))
    ON CONFLICT (consent_id, agency_id, conference_type_id) DO UPDATE SET is_exception = true
$$;
"""

REFILING = """
CREATE OR REPLACE FUNCTION kasane.refile_record(
    record_key uuid, new_category text, new_audience text, because text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    mine integer := (kasane.actor()).agency_id;
    r public.cases_record;
BEGIN
    SELECT x.* INTO r FROM public.cases_record AS x WHERE x.id = record_key FOR UPDATE;
    IF NOT FOUND OR mine IS NULL OR r.author_agency_id <> mine OR r.carry_out_id IS NOT NULL
       OR r.kind NOT IN ('note', 'assessment', 'issue') OR r.category = 'notifier'
       OR (r.kind = 'issue' AND new_category <> r.category)
       OR (new_category = r.category AND new_audience = r.audience)
       OR new_category NOT IN ({categories}) OR new_audience NOT IN ('team', 'agency')
       OR because = '' OR NOT kasane.may_write()
       OR NOT EXISTS (SELECT 1 FROM public.cases_case AS c
                      WHERE c.id = r.case_id AND c.status = 'active')
       OR NOT EXISTS (
            SELECT 1 FROM public.cases_casegrant AS g
            WHERE g.group_id = mine AND g.content_object_id = r.case_id
              AND g.basis <> 'own_records' AND g.revoked_at IS NULL AND g.period @> now()) THEN
        RAISE EXCEPTION 'this record is not moved' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO public.cases_refiling (id, record_id, category_before, audience_before,
        category_after, audience_after, reason, by_id, at)
    VALUES (gen_random_uuid(), r.id, r.category, r.audience, new_category, new_audience, because,
        (kasane.actor()).membership_id, clock_timestamp());
    UPDATE public.cases_record AS x SET category = new_category, audience = new_audience
    WHERE x.id = r.id;
    PERFORM kasane.sync_grants(r.case_id);
END
$$;
"""
CATEGORIES = (
    "basic", "household", "health", "disability", "care", "child", "money", "work", "housing",
    "safety", "notifier", "progress",
)  # fmt: skip
SEEN = "EXISTS (SELECT 1 FROM cases_issue AS p WHERE p.record_id = cases_historicalissue.record_id)"


def grant_functions(apps, schema_editor):
    role = schema_editor.quote_name(settings.KASANE_APP_ROLE)
    for statement in (
        "REVOKE ALL ON FUNCTION kasane.end_answer_in_place(uuid, text) FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION kasane.end_answer_in_place(uuid, text) TO {role}",
    ):
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("cases", "0005_consent_pages")]

    operations = [
        migrations.AddField(
            model_name="consent",
            name="form_key",
            field=models.UUIDField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="historicalconsent",
            name="form_key",
            field=models.UUIDField(editable=False, null=True),
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.UniqueConstraint(
                fields=("person", "form_key"), name="consent_form_once"
            ),
        ),
        migrations.RunSQL(
            IN_PLACE
            + EXCEPTIONS
            + REFILING.replace("{categories}", ", ".join(f"'{name}'" for name in CATEGORIES)),
            migrations.RunSQL.noop,
        ),
        migrations.RunPython(grant_functions, migrations.RunPython.noop),
        # As in 0005 for notes: a version from before a move asks for what the record was then.
        Gate(
            "cases_historicalissue",
            read=f"{SEEN} AND kasane.saw_before(cases_historicalissue.record_id,"
            " cases_historicalissue.history_date)",
            insert=SEEN,
        ),
    ]
