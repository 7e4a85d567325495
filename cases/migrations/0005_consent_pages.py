"""The signed paper of a consent, an answer that follows another, work left behind by a withdrawal,
who is suspected of harm (V3); a record moved to another category or audience (V13)."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import cases.enums
import config.lib.ids
from config.lib.rowsecurity import Gate, actor

AGENCY = actor("agency_id")
ME = actor("membership_id")
IN_FORCE = "g.revoked_at IS NULL AND g.period @> now()"


def at_work(case):
    return f"""EXISTS (SELECT 1 FROM cases_casegrant AS g
        WHERE g.group_id = {AGENCY} AND g.content_object_id = {case}
          AND g.basis <> 'own_records' AND {IN_FORCE})"""


# A scan is read by who sees its consent whole; the scheduler, who reads consents for their dates,
# reads no paper. Neither scan nor bytes are ever changed or removed (0005).
SCAN = Gate(
    "cases_consentscan",
    read=f"({AGENCY} IS NOT NULL OR {actor('privacy_city_id')} IS NOT NULL) AND EXISTS ("
    "SELECT 1 FROM cases_consent AS c WHERE c.id = cases_consentscan.consent_id)",
    insert=f"cases_consentscan.author_id = {ME} AND EXISTS (SELECT 1 FROM cases_consent AS c"
    f" WHERE c.id = cases_consentscan.consent_id AND {at_work('c.case_id')})",
)
SCAN_CONTENT = Gate(
    "cases_consentscancontent",
    read="EXISTS (SELECT 1 FROM cases_consentscan AS s"
    " WHERE s.id = cases_consentscancontent.scan_id)",
    insert="EXISTS (SELECT 1 FROM cases_consentscan AS s"
    f" WHERE s.id = cases_consentscancontent.scan_id AND s.author_id = {ME})",
)
# Titles and due dates, for the agency then responsible; written by who ends the consent.
LEFT = Gate(
    "cases_leftwork",
    read=f"cases_leftwork.to_agency_id = {AGENCY}",
    insert=f"cases_leftwork.by_id = {ME} AND {at_work('cases_leftwork.case_id')}"
    " AND EXISTS (SELECT 1 FROM cases_case AS c WHERE c.id = cases_leftwork.case_id"
    " AND c.responsible_agency_id = cases_leftwork.to_agency_id)"
    " AND EXISTS (SELECT 1 FROM cases_consent AS c WHERE c.id = cases_leftwork.consent_id"
    " AND c.case_id = cases_leftwork.case_id)",
)

EXCEPTIONS = """
-- As in 0002; and for the office handling the case, which sees the consent whole (V3).
CREATE OR REPLACE FUNCTION kasane.consent_grantees(consent_key uuid) RETURNS SETOF integer
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT g.group_id FROM public.cases_casegrant AS g
    JOIN public.cases_consent AS c ON c.id = g.consent_id
    JOIN public.cases_case AS k ON k.id = c.case_id
    WHERE c.id = consent_key AND g.revoked_at IS NULL AND g.period @> now()
      AND ((kasane.actor()).agency_id IN (c.taken_by_agency_id, k.responsible_agency_id)
        OR ((kasane.actor()).office_city_id IS NOT NULL AND EXISTS (
            SELECT 1 FROM public.cases_casegrant AS o
            WHERE o.group_id = (kasane.actor()).agency_id AND o.content_object_id = k.id
              AND o.basis = 'consent' AND o.revoked_at IS NULL AND o.period @> now())))
$$;
-- An answer that narrows or renews another keeps its exceptions, also the one that whoever writes
-- it may not see, because it excepts them (V3): an exception is lifted by a new answer alone.
CREATE FUNCTION kasane.keep_exceptions(consent_key uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO public.cases_consentline (id, consent_id, agency_id, is_exception)
    SELECT gen_random_uuid(), n.id, e.agency_id, true
    FROM public.cases_consent AS n
    JOIN public.cases_consent AS f ON f.id = n.replaces_id AND f.person_id = n.person_id
    JOIN public.cases_consentline AS e ON e.consent_id = f.id AND e.is_exception
    WHERE n.id = consent_key AND n.withdrawn_at IS NULL
      AND n.taken_by_agency_id = (kasane.actor()).agency_id
    ON CONFLICT (consent_id, agency_id, conference_type_id) DO UPDATE SET is_exception = true
$$;
"""

REFILING = """
-- V13: whether the actor may see a record as it was before each move since then: the author's
-- agency, or whom the consents of today reach in the category of that time.
CREATE FUNCTION kasane.saw_before(record_key uuid, since timestamptz) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT NOT EXISTS (
        SELECT 1 FROM public.cases_refiling AS f
        JOIN public.cases_record AS r ON r.id = f.record_id
        WHERE f.record_id = record_key AND f.at >= since
          AND r.author_agency_id IS DISTINCT FROM (kasane.actor()).agency_id
          AND NOT (f.audience_before = 'team' AND CASE WHEN r.is_household
            THEN EXISTS (
                SELECT 1 FROM public.cases_casegrant AS g
                WHERE g.group_id = (kasane.actor()).agency_id AND g.content_object_id = r.case_id
                  AND g.covers_household AND f.category_before = ANY (g.categories)
                  AND g.revoked_at IS NULL AND g.period @> now())
            ELSE r.person_ids <@ ARRAY(
                SELECT g.person_id FROM public.cases_casegrant AS g
                WHERE g.group_id = (kasane.actor()).agency_id AND g.content_object_id = r.case_id
                  AND g.person_id IS NOT NULL AND f.category_before = ANY (g.categories)
                  AND g.revoked_at IS NULL AND g.period @> now()) END))
$$;

-- The one way in which what the gate reads of a record changes: by an agency at work on the open
-- case, for what it wrote itself; never a carry-out (V6), never out of 通告者 (V4), and with the
-- former values kept.
CREATE FUNCTION kasane.refile_record(
    record_key uuid, new_category text, new_audience text, because text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    mine integer := (kasane.actor()).agency_id;
    r public.cases_record;
BEGIN
    SELECT x.* INTO r FROM public.cases_record AS x WHERE x.id = record_key FOR UPDATE;
    IF NOT FOUND OR mine IS NULL OR r.author_agency_id <> mine OR r.carry_out_id IS NOT NULL
       OR r.kind NOT IN ('note', 'assessment') OR r.category = 'notifier'
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
""".replace("{categories}", ", ".join(f"'{c.value}'" for c in cases.enums.Category if c != "plan"))


def seen_before(table, at):
    """V13: the row as it was then *and* as it is now."""
    return f"kasane.saw_before({table}.record_id, {table}.{at})"


REFILED = Gate(
    "cases_refiling",
    read="EXISTS (SELECT 1 FROM cases_record AS r WHERE r.id = cases_refiling.record_id)"
    f" AND {seen_before('cases_refiling', 'at')}",
)


def history(table, parent):
    """As in 0002; a version from before a move asks for what the record was then, too."""
    seen = f"EXISTS (SELECT 1 FROM {parent} AS p WHERE p.record_id = {table}.record_id)"
    return Gate(table, read=f"{seen} AND {seen_before(table, 'history_date')}", insert=seen)


def grant_functions(apps, schema_editor):
    role = schema_editor.quote_name(settings.KASANE_APP_ROLE)
    for name in (
        "keep_exceptions(uuid)",
        "saw_before(uuid, timestamptz)",
        "refile_record(uuid, text, text, text)",
    ):
        schema_editor.execute(f"REVOKE ALL ON FUNCTION kasane.{name} FROM PUBLIC")
        schema_editor.execute(f"GRANT EXECUTE ON FUNCTION kasane.{name} TO {role}")


class Migration(migrations.Migration):
    dependencies = [
        ("agencies", "0004_log_author"),
        ("cases", "0004_transfer"),
    ]

    operations = [
        migrations.CreateModel(
            name="ConsentScan",
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
                ("name", models.CharField(max_length=240)),
                ("media_type", models.CharField(max_length=100)),
                ("size", models.PositiveIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                ("added_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name="LeftWork",
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
                ("title", models.CharField(max_length=400)),
                ("due_on", models.DateField(blank=True, null=True)),
                ("left_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name="Refiling",
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
                    "category_before",
                    models.CharField(choices=cases.enums.Category.choices, max_length=20),
                ),
                (
                    "audience_before",
                    models.CharField(choices=cases.enums.Audience.choices, max_length=10),
                ),
                (
                    "category_after",
                    models.CharField(choices=cases.enums.Category.choices, max_length=20),
                ),
                (
                    "audience_after",
                    models.CharField(choices=cases.enums.Audience.choices, max_length=10),
                ),
                ("reason", models.CharField(max_length=200)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.AddField(
            model_name="consent",
            name="replaces",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="cases.consent",
            ),
        ),
        migrations.AddField(
            model_name="historicalconsent",
            name="replaces",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="cases.consent",
            ),
        ),
        migrations.AddField(
            model_name="historicalissue",
            name="suspected_name",
            field=models.CharField(
                blank=True, max_length=300, verbose_name="害を与えている疑いのある人"
            ),
        ),
        migrations.AddField(
            model_name="issue",
            name="suspected_name",
            field=models.CharField(
                blank=True, max_length=300, verbose_name="害を与えている疑いのある人"
            ),
        ),
        migrations.AddConstraint(
            model_name="issue",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("suspected_name", ""), ("issue_type", "abuse"), _connector="OR"
                ),
                name="issue_suspect_of_abuse",
            ),
        ),
        migrations.CreateModel(
            name="ConsentScanContent",
            fields=[
                (
                    "scan",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="content",
                        serialize=False,
                        to="cases.consentscan",
                    ),
                ),
                ("data", models.BinaryField()),
            ],
        ),
        migrations.AddField(
            model_name="consentscan",
            name="author",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="agencies.membership",
            ),
        ),
        migrations.AddField(
            model_name="consentscan",
            name="consent",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="scans",
                to="cases.consent",
            ),
        ),
        migrations.AddField(
            model_name="leftwork",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="agencies.membership",
            ),
        ),
        migrations.AddField(
            model_name="leftwork",
            name="case",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="left_work",
                to="cases.case",
            ),
        ),
        migrations.AddField(
            model_name="leftwork",
            name="consent",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="cases.consent"
            ),
        ),
        migrations.AddField(
            model_name="leftwork",
            name="from_agency",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="agencies.agency"
            ),
        ),
        migrations.AddField(
            model_name="leftwork",
            name="to_agency",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="agencies.agency"
            ),
        ),
        migrations.AddField(
            model_name="refiling",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="agencies.membership",
            ),
        ),
        migrations.AddField(
            model_name="refiling",
            name="record",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="refilings",
                to="cases.record",
            ),
        ),
        migrations.AddConstraint(
            model_name="consentscan",
            constraint=models.CheckConstraint(
                condition=models.Q(("size__gt", 0)), name="consent_scan_not_empty"
            ),
        ),
        migrations.AddConstraint(
            model_name="consentscan",
            constraint=models.UniqueConstraint(
                fields=("consent", "sha256"), name="consent_scan_once"
            ),
        ),
        migrations.AddIndex(
            model_name="refiling",
            index=models.Index(fields=["record", "at"], name="refiling_record"),
        ),
        # Files are compressed already: the server need not try again.
        migrations.RunSQL(
            "ALTER TABLE cases_consentscancontent ALTER COLUMN data SET STORAGE EXTERNAL",
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(EXCEPTIONS + REFILING, migrations.RunSQL.noop),
        migrations.RunPython(grant_functions, migrations.RunPython.noop),
        SCAN,
        SCAN_CONTENT,
        LEFT,
        REFILED,
        history("cases_historicalnote", "cases_note"),
        history("cases_historicalassessmentsection", "cases_assessmentsection"),
    ]
