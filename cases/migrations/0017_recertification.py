"""V14: once a year each agency says whether it still needs what is open to it of others' cases."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

import config.lib.ids
from config.lib.rowsecurity import Gate, actor

AGENCY = actor("agency_id")

ROUNDS = """
-- The first day of a city's running round.
CREATE FUNCTION kasane.recertify_round(city bigint) RETURNS date
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT make_date(
        extract(year FROM t.today)::integer
            - CASE WHEN extract(month FROM t.today) < m.recertify_month THEN 1 ELSE 0 END,
        m.recertify_month, 1)
    FROM public.agencies_municipality AS m,
         (SELECT (now() AT TIME ZONE 'Asia/Tokyo')::date AS today) AS t
    WHERE m.id = city
$$;
"""

# A view and a function of the owner's alone, inside the doors below.
INSIDE = """
-- Who has still to say so: at work on another's running case since before the round began, with a
-- consent in force that opens it.
CREATE VIEW kasane.to_recertify AS
SELECT c.id AS case_id, c.municipality_id, c.responsible_agency_id, t.agency_id, r.opened_on
FROM public.cases_case AS c
JOIN (SELECT m.id, kasane.recertify_round(m.id) AS opened_on
      FROM public.agencies_municipality AS m) AS r ON r.id = c.municipality_id
JOIN public.cases_supportteam AS t ON t.case_id = c.id AND t.left_at IS NULL
 AND t.agency_id <> c.responsible_agency_id
 AND (t.joined_at AT TIME ZONE 'Asia/Tokyo')::date < r.opened_on
WHERE c.status = 'active'
  AND EXISTS (SELECT 1 FROM public.cases_casegrant AS g
              WHERE g.group_id = t.agency_id AND g.content_object_id = c.id
                AND g.basis = 'consent' AND g.revoked_at IS NULL AND g.period @> now())
  AND NOT EXISTS (SELECT 1 FROM public.cases_recertification AS a
                  WHERE a.case_id = c.id AND a.agency_id = t.agency_id
                    AND a.opened_on = r.opened_on AND a.answer = 'kept');

-- An agency's part in a case ends: its place in the team and its sheets, and with them what
-- consents opened (V2: what it wrote itself stays readable). Titles and due dates of its open tasks
-- stay with the responsible agency (V3).
CREATE FUNCTION kasane.close_part(case_key uuid, agency integer, said text, tasks jsonb)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := (kasane.actor()).membership_id;
BEGIN
    INSERT INTO public.cases_recertification (id, case_id, agency_id, opened_on, answer, by_id, at)
    SELECT gen_random_uuid(), c.id, agency, kasane.recertify_round(c.municipality_id), said, me,
           now()
    FROM public.cases_case AS c WHERE c.id = case_key;
    INSERT INTO public.cases_leftwork (
        id, case_id, consent_id, from_agency_id, to_agency_id, title, due_on, left_at, by_id)
    SELECT gen_random_uuid(), c.id, g.consent_id, agency, c.responsible_agency_id,
           left(t.title, 400), t.due_on, now(), me
    FROM public.cases_case AS c
    JOIN LATERAL (SELECT o.consent_id FROM public.cases_casegrant AS o
                  WHERE o.content_object_id = c.id AND o.group_id = agency AND o.basis = 'consent'
                    AND o.revoked_at IS NULL AND o.period @> now() LIMIT 1) AS g ON true
    CROSS JOIN jsonb_to_recordset(tasks) AS t(title text, due_on date)
    WHERE c.id = case_key;
    UPDATE public.cases_supportteam AS t SET left_at = now()
    WHERE t.case_id = case_key AND t.agency_id = agency AND t.left_at IS NULL;
    -- An accepted sheet would open the case's door again.
    UPDATE public.cases_referral AS f SET state = 'closed', open_until = now()
    WHERE f.case_id = case_key AND f.to_agency_id = agency AND f.mode = 'consent'
      AND f.state = 'accepted';
    PERFORM kasane.sync_grants(case_key);
END
$$;
"""

DOORS = """
-- Whose part in the cases the actor's agency is responsible for nobody has confirmed.
CREATE FUNCTION kasane.unconfirmed() RETURNS TABLE (case_id uuid, agency_id integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.case_id, t.agency_id FROM kasane.to_recertify AS t
    WHERE t.responsible_agency_id = (kasane.actor()).agency_id
$$;
-- Figures of the running round: for the office and the privacy officer of the city (V11), and for
-- the scheduler, who reminds. Never which case.
CREATE FUNCTION kasane.recertify_counts()
RETURNS TABLE (agency_id integer, responsible_agency_id integer, state text, number bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH mine AS (
        SELECT m.id FROM public.agencies_municipality AS m, kasane.actor() AS who
        WHERE m.id IN (who.office_city_id, who.privacy_city_id) OR who.system_name = 'scheduler')
    SELECT t.agency_id, t.responsible_agency_id, 'waiting', count(*)
    FROM kasane.to_recertify AS t WHERE t.municipality_id IN (SELECT mine.id FROM mine)
    GROUP BY 1, 2
    UNION ALL
    SELECT a.agency_id, c.responsible_agency_id, a.answer, count(*)
    FROM public.cases_recertification AS a JOIN public.cases_case AS c ON c.id = a.case_id
    WHERE c.municipality_id IN (SELECT mine.id FROM mine)
      AND a.opened_on = kasane.recertify_round(c.municipality_id)
    GROUP BY 1, 2, 3
$$;
-- もう要らない: the agency's manager gives it back, in a round or between.
CREATE FUNCTION kasane.give_back(case_key uuid, tasks jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who kasane.acting := kasane.actor();
BEGIN
    IF NOT kasane.may('agencies.confirm_membership') OR NOT EXISTS (
        SELECT 1 FROM public.cases_casegrant AS g
        JOIN public.cases_case AS c ON c.id = g.content_object_id
        WHERE c.id = case_key AND g.group_id = who.agency_id
          AND c.responsible_agency_id <> who.agency_id AND c.status = 'active'
          AND g.basis = 'consent' AND g.revoked_at IS NULL AND g.period @> now())
    THEN
        RAISE EXCEPTION 'nothing to give back' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM kasane.close_part(case_key, who.agency_id, 'given_back', tasks);
END
$$;
-- The responsible agency ends what nobody has confirmed a month after the round began.
CREATE FUNCTION kasane.end_unconfirmed(case_key uuid, agency integer, tasks jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT kasane.may('cases.write_records') OR NOT EXISTS (
        SELECT 1 FROM kasane.to_recertify AS t
        WHERE t.case_id = case_key AND t.agency_id = agency
          AND t.responsible_agency_id = (kasane.actor()).agency_id
          AND (now() AT TIME ZONE 'Asia/Tokyo')::date >= t.opened_on + interval '1 month')
    THEN
        RAISE EXCEPTION 'nothing to end' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM kasane.close_part(case_key, agency, 'ended', tasks);
END
$$;
"""

UNDO = """
DROP FUNCTION kasane.end_unconfirmed(uuid, integer, jsonb);
DROP FUNCTION kasane.give_back(uuid, jsonb);
DROP FUNCTION kasane.recertify_counts();
DROP FUNCTION kasane.unconfirmed();
DROP FUNCTION kasane.close_part(uuid, integer, text, jsonb);
DROP VIEW kasane.to_recertify;
"""

FOR_ALL = (
    "kasane.unconfirmed()",
    "kasane.recertify_counts()",
    "kasane.give_back(uuid, jsonb)",
    "kasane.end_unconfirmed(uuid, integer, jsonb)",
    "kasane.recertify_round(bigint)",
)


def grant_functions(apps, schema_editor):
    role = schema_editor.quote_name(settings.KASANE_APP_ROLE)
    for name in (*FOR_ALL, "kasane.close_part(uuid, integer, text, jsonb)"):
        schema_editor.execute(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
    for name in FOR_ALL:
        schema_editor.execute(f"GRANT EXECUTE ON FUNCTION {name} TO {role}")


class Migration(migrations.Migration):
    dependencies = [("cases", "0016_resting"), ("agencies", "0012_recertify_month")]

    operations = [
        migrations.CreateModel(
            name="Recertification",
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
                ("opened_on", models.DateField()),
                (
                    "answer",
                    models.CharField(
                        choices=[
                            ("kept", "まだ必要"),
                            ("given_back", "もう要らない"),
                            ("ended", "主担当機関が終えた"),
                        ],
                        max_length=10,
                    ),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                *(
                    (
                        name,
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to=to
                        ),
                    )
                    for name, to in (
                        ("case", "cases.case"),
                        ("agency", "agencies.agency"),
                        ("by", "agencies.membership"),
                    )
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=Q(answer="kept"),
                        fields=("case", "agency", "opened_on"),
                        name="recertification_once",
                    )
                ],
            },
        ),
        migrations.RunSQL(ROUNDS, "DROP FUNCTION kasane.recertify_round(bigint)"),
        Gate(
            "cases_recertification",
            read=f"cases_recertification.agency_id = {AGENCY}"
            " OR EXISTS (SELECT 1 FROM cases_case AS c"
            " WHERE c.id = cases_recertification.case_id"
            f" AND c.responsible_agency_id = {AGENCY})",
            # まだ必要: the agency's manager, of a case open to it now, in the running round. What
            # ends something is written by the functions alone.
            insert=f"""cases_recertification.agency_id = {AGENCY}
                AND cases_recertification.by_id = {actor("membership_id")}
                AND cases_recertification.answer = 'kept'
                AND kasane.may('agencies.confirm_membership')
                AND cases_recertification.opened_on
                    = kasane.recertify_round({actor("municipality_id")})
                AND EXISTS (SELECT 1 FROM cases_casegrant AS g
                    WHERE g.group_id = {AGENCY}
                      AND g.content_object_id = cases_recertification.case_id
                      AND g.basis = 'consent' AND g.revoked_at IS NULL AND g.period @> now())""",
        ),
        migrations.RunSQL(INSIDE + DOORS, UNDO),
        migrations.RunPython(grant_functions, migrations.RunPython.noop),
    ]
