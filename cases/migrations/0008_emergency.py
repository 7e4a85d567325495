"""V8 as the database holds it: who opens a case in an emergency reads it for some hours, changes
nothing of the access itself, and others are told at once."""

import django.contrib.postgres.fields.ranges
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import config.lib.ids
from config.lib.rowsecurity import Gate, Widen, actor

ME, AGENCY = actor("membership_id"), actor("agency_id")

# A refused attempt is not shown to who tried: it would tell that there is such a case (V15).
READ = f"""(cases_emergency.membership_id = {ME} AND cases_emergency.refused_at IS NULL
        AND {AGENCY} IS NOT NULL)
    OR cases_emergency.responsible_agency_id = {AGENCY}
    OR cases_emergency.municipality_id = {actor("privacy_city_id")}"""

# Immutable for the one who holds it, in whatever membership.
OTHERS = f"""cases_emergency.user_id <> {actor("user_id")}
    AND (cases_emergency.ended_by_id IS NULL OR cases_emergency.ended_by_id <> cases_emergency.membership_id)
    AND (cases_emergency.reviewed_by_id IS NULL
        OR cases_emergency.municipality_id = {actor("privacy_city_id")})"""

OPEN = f"""(SELECT e.content_object_id FROM cases_emergency AS e
    WHERE e.membership_id = {ME} AND {AGENCY} IS NOT NULL AND e.refused_at IS NULL
      AND e.ended_at IS NULL AND e.period @> now())"""


def opened(case):
    """Evaluated once a query: nobody holds more than a few."""
    return f"{case} IN {OPEN}"


FUNCTIONS = """
-- Whom a shield hides from the actor (V9). There are no shields yet: nobody. The shield replaces it.
CREATE OR REPLACE FUNCTION kasane.shielded_against_me() RETURNS uuid[] LANGUAGE sql STABLE AS $$
    SELECT '{}'::uuid[]
$$;
-- The only way in: exactly one household of the actor's city, by its number, or by a person's kana
-- and birth date as they are written down; nothing is browsed. Answers 'open', or why not: 'none'
-- (there is none, or it is not opened in this way: the two are not told apart), 'several'.
CREATE FUNCTION kasane.open_emergency(
    key uuid, case_number text, kana text, born date, danger text, ground bigint, because text)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who kasane.acting := kasane.actor();
    found uuid[];
    is_closed boolean;
BEGIN
    IF who.agency_id IS NULL OR NOT kasane.may('cases.open_emergency')
       OR length(btrim(because)) < 10 OR danger NOT IN ('life', 'body', 'property') THEN
        RAISE EXCEPTION 'no emergency' USING ERRCODE = 'insufficient_privilege';
    END IF;
    found := ARRAY(
        SELECT DISTINCT c.id FROM public.cases_case AS c
        LEFT JOIN public.cases_person AS p ON p.case_id = c.id
        WHERE c.municipality_id = who.municipality_id AND c.status = 'active'
          AND CASE WHEN case_number <> '' THEN c.number = case_number
              ELSE kana <> '' AND p.kana_folded = kana AND p.birth_on = born END);
    IF cardinality(found) <> 1 THEN
        RETURN CASE WHEN cardinality(found) = 0 THEN 'none' ELSE 'several' END;
    END IF;
    -- A shield is never opened: the attempt is refused, and told like any other (V9).
    is_closed := case_number = '' AND EXISTS (
        SELECT 1 FROM public.cases_person AS p
        WHERE p.case_id = found[1] AND p.kana_folded = kana AND p.birth_on = born
          AND p.id = ANY (kasane.shielded_against_me()));
    INSERT INTO public.cases_emergency (
        id, permission_id, user_id, content_object_id, municipality_id, membership_id,
        responsible_agency_id, danger, ground_id, reason, opened_at, period, refused_at, finding,
        review)
    SELECT key, p.id, who.user_id, c.id, c.municipality_id, who.membership_id,
           c.responsible_agency_id, danger, ground, btrim(because), now(),
           tstzrange(now(), now() + interval '4 hours'),
           CASE WHEN is_closed THEN now() END, '', ''
    FROM public.cases_case AS c, public.auth_permission AS p
    JOIN public.django_content_type AS t ON t.id = p.content_type_id
    WHERE c.id = found[1] AND t.app_label = 'cases' AND t.model = 'emergency'
      AND p.codename = 'view_emergency';
    -- Told at once, without a name or a number: the responsible agency and the privacy officer.
    INSERT INTO public.agencies_notice (
        id, agency_id, membership_id, kind, key, title, url, created_at)
    SELECT gen_random_uuid(), told.agency_id, told.membership_id, 'emergency', key::text,
           CASE WHEN is_closed THEN '緊急閲覧が試みられ、開きませんでした'
                ELSE '緊急閲覧がありました' END,
           '/emergencies/' || key || '/', now()
    FROM (
        SELECT c.responsible_agency_id AS agency_id, NULL::uuid AS membership_id
        FROM public.cases_case AS c WHERE c.id = found[1]
        UNION ALL
        SELECT m.agency_id, m.id FROM public.agencies_membership AS m
        JOIN public.agencies_agency AS a ON a.group_id = m.agency_id
        JOIN public.agencies_role AS r ON r.key = m.role_id
        WHERE a.municipality_id = who.municipality_id AND m.confirmed_at IS NOT NULL
          AND 'agencies.review_access' = ANY (r.permissions)
          AND (m.until IS NULL OR m.until >= (now() AT TIME ZONE 'Asia/Tokyo')::date)
    ) AS told;
    RETURN CASE WHEN is_closed THEN 'none' ELSE 'open' END;
END
$$;
"""


def grant_functions(apps, schema_editor):
    role = schema_editor.quote_name(settings.KASANE_APP_ROLE)
    name = "kasane.open_emergency(uuid, text, text, date, text, bigint, text)"
    schema_editor.execute(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
    schema_editor.execute(f"GRANT EXECUTE ON FUNCTION {name} TO {role}")


class Migration(migrations.Migration):
    dependencies = [
        ("agencies", "0008_emergency_permission"),
        ("cases", "0007_disclosure"),
    ]

    operations = [
        migrations.AlterField(
            model_name="casegrant",
            name="basis",
            field=models.CharField(
                choices=[
                    ("responsible", "主担当機関"),
                    ("own_records", "自機関の記録"),
                    ("consent", "本人同意"),
                    ("emergency", "緊急閲覧"),
                ],
                max_length=20,
            ),
        ),
        migrations.CreateModel(
            name="Emergency",
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
                    "danger",
                    models.CharField(
                        choices=[
                            ("life", "命の危険"),
                            ("body", "身体の危険"),
                            ("property", "財産の危険"),
                        ],
                        max_length=10,
                    ),
                ),
                ("reason", models.TextField()),
                ("opened_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("period", django.contrib.postgres.fields.ranges.DateTimeRangeField()),
                ("refused_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "finding",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("justified", "必要な閲覧だった"),
                            ("unjustified", "必要な閲覧とはいえない"),
                        ],
                        max_length=20,
                    ),
                ),
                ("review", models.TextField(blank=True)),
                ("reviewed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "content_object",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="cases.case",
                    ),
                ),
                (
                    "ended_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.membership",
                    ),
                ),
                (
                    "ground",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.legalbasis",
                    ),
                ),
                (
                    "membership",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.membership",
                    ),
                ),
                (
                    "municipality",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.municipality",
                    ),
                ),
                (
                    "permission",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="auth.permission"
                    ),
                ),
                (
                    "responsible_agency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.agency",
                    ),
                ),
                (
                    "reviewed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.membership",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    models.Index(fields=["membership"], name="emergency_membership"),
                    models.Index(fields=["municipality", "-opened_at"], name="emergency_city"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("finding", ""),
                                ("reviewed_at__isnull", True),
                                ("reviewed_by__isnull", True),
                            ),
                            models.Q(
                                ("reviewed_at__isnull", False),
                                ("reviewed_by__isnull", False),
                                models.Q(("finding", ""), _negated=True),
                                models.Q(("review", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="emergency_reviewed_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("ended_by__isnull", True)),
                            models.Q(("ended_at__isnull", False), ("ended_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="emergency_ended_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="emergency_says_why"
                    ),
                ],
            },
        ),
        migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop),
        migrations.RunPython(grant_functions, migrations.RunPython.noop),
        Gate(
            "cases_emergency",
            read=READ,
            update=OTHERS,
            columns=(
                "ended_at",
                "ended_by_id",
                "finding",
                "review",
                "reviewed_at",
                "reviewed_by_id",
            ),
        ),
        Widen("cases_case", "emergency", read=opened("cases_case.id")),
        Widen("cases_person", "emergency", read=opened("cases_person.case_id")),
        Widen(
            "cases_record",
            "emergency",
            read=f"""cases_record.audience = 'team' AND cases_record.carry_out_id IS NULL
                AND cases_record.category <> 'notifier'
                AND {opened("cases_record.case_id")}""",
        ),
        Widen("cases_supportteam", "emergency", read=opened("cases_supportteam.case_id")),
    ]
