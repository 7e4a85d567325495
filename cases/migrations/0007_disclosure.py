"""The disclosure register (V4; 個人情報保護法69条, 27条): notifications and sheets without consent
are entered by the database, so that none is forgotten; its grounds are dated law."""

import datetime

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import config.lib.ids
from config.lib.rowsecurity import Gate, actor

AGENCY = actor("agency_id")

ACT = "個人情報の保護に関する法律"
CITY = datetime.date(2023, 4, 1)  # the act took the place of the cities' ordinances
BODY = datetime.date(2022, 4, 1)  # 23条 became 27条, 16条 became 18条
# `city-…` for the city's own offices, `body-…` for whom it entrusts; `…-use-…` for use within.
GROUNDS = [
    ("city-law", "第69条第1項", "法令に基づく場合", CITY),
    ("city-consent", "第69条第2項第1号", "本人の同意があるとき、本人に提供するとき", CITY),
    ("city-within", "第69条第2項第2号", "市の事務に必要で、内部で利用する相当の理由があるとき", CITY),
    ("city-office", "第69条第2項第3号",
     "国・ほかの自治体などが、法令の定める事務に必要な限度で使う相当の理由があるとき", CITY),
    ("city-special", "第69条第2項第4号",
     "統計・学術研究のため、明らかに本人の利益になるとき、その他特別の理由があるとき", CITY),
    ("body-law", "第27条第1項第1号", "法令に基づく場合", BODY),
    ("body-life", "第27条第1項第2号",
     "人の生命・身体・財産を守るために必要で、本人の同意を得ることが困難なとき", BODY),
    ("body-health", "第27条第1項第3号",
     "公衆衛生・児童の健全な育成に特に必要で、本人の同意を得ることが困難なとき", BODY),
    ("body-office", "第27条第1項第4号",
     "国・自治体の事務に協力する必要があり、同意を得ると支障があるとき", BODY),
    ("body-consent", "第27条第1項", "あらかじめ本人の同意を得たとき", BODY),
    ("body-use-law", "第18条第3項第1号", "法令に基づく場合", BODY),
    ("body-use-life", "第18条第3項第2号",
     "人の生命・身体・財産を守るために必要で、本人の同意を得ることが困難なとき", BODY),
    ("body-use-health", "第18条第3項第3号",
     "公衆衛生・児童の健全な育成に特に必要で、本人の同意を得ることが困難なとき", BODY),
    ("body-use-office", "第18条第3項第4号",
     "国・自治体の事務に協力する必要があり、同意を得ると支障があるとき", BODY),
    ("body-use-consent", "第18条第1項", "あらかじめ本人の同意を得たとき", BODY),
]  # fmt: skip


def load(apps, schema_editor):
    basis = apps.get_model("agencies", "LegalBasis").objects.using(schema_editor.connection.alias)
    for code, article, label, since in GROUNDS:
        basis.get_or_create(
            code=code,
            effective_from=since,
            defaults={"act": ACT, "article": article, "label": label},
        )


FUNCTIONS = """
-- Which chapter of the act binds an agency: true, the city's (69条); false, an outsourced body's
-- (27条); null, the profile does not say. cases.disclosures asks the same.
CREATE FUNCTION kasane.is_city_office(agency_key integer) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE
        WHEN 'city' = ANY (a.sectors) THEN true
        WHEN COALESCE(NULLIF(a.form, ''), t.form) = 'direct' THEN true
        WHEN COALESCE(NULLIF(a.form, ''), t.form) IN
            ('outsourced', 'designated', 'subsidised', 'group_subsidised', 'resident_led')
            THEN false END
    FROM public.agencies_agency AS a
    LEFT JOIN public.agencies_agency AS t ON t.group_id = a.of_type_id
    WHERE a.group_id = agency_key
$$;
-- An article as in force on a day, in words.
CREATE FUNCTION kasane.article(basis text, day date) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT b.act || b.article FROM public.agencies_legalbasis AS b
    WHERE b.code = basis AND b.effective_from <= day
      AND (b.effective_to IS NULL OR b.effective_to >= day)
    ORDER BY b.effective_from DESC LIMIT 1
$$;
CREATE FUNCTION kasane.enter_disclosure(
    agency_key integer, what text, day date, whom text, statute text, persons integer,
    case_key uuid, referral_key uuid, item_key uuid, by_key uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO public.cases_disclosure (
        id, municipality_id, agency_id, kind, "on", recipient, statute, purpose, categories,
        person_count, ground_id, case_id, referral_id, item_key, recorded_by_id, recorded_at)
    SELECT gen_random_uuid(), a.municipality_id, a.group_id, what, day, whom,
        COALESCE(statute, ''), '', '{}', persons, (
            SELECT b.id FROM public.agencies_legalbasis AS b
            WHERE b.code = CASE kasane.is_city_office(agency_key)
                WHEN true THEN 'city-law' WHEN false THEN 'body-law' END
              AND b.effective_from <= day AND (b.effective_to IS NULL OR b.effective_to >= day)
            ORDER BY b.effective_from DESC LIMIT 1),
        case_key, referral_key, item_key, by_key, clock_timestamp()
    FROM public.agencies_agency AS a WHERE a.group_id = agency_key
$$;
CREATE FUNCTION kasane.enter_referral(f public.cases_referral) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT kasane.enter_disclosure(
        f.from_agency_id, CASE f.mode WHEN 'secrecy' THEN 'sheet' ELSE 'notification' END, d.day,
        COALESCE((SELECT a.name FROM public.agencies_agency AS a
                  WHERE a.group_id = f.to_agency_id),
                 (SELECT t.name FROM public.agencies_conferencetype AS t
                  WHERE t.id = f.to_conference_type_id)),
        CASE f.mode WHEN 'secrecy' THEN kasane.article('106-6', d.day) ELSE f.legal_ground END,
        cardinality(f.person_ids), f.case_id, f.id, NULL, f.sent_by_id)
    FROM (SELECT (f.sent_at AT TIME ZONE 'Asia/Tokyo')::date AS day) AS d
$$;
CREATE FUNCTION kasane.enter_referral() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM kasane.enter_referral(NEW);
    RETURN NULL;
END
$$;
CREATE TRIGGER enter_referral AFTER INSERT ON public.cases_referral
    FOR EACH ROW WHEN (NEW.mode <> 'consent') EXECUTE FUNCTION kasane.enter_referral();
REVOKE ALL ON FUNCTION kasane.is_city_office(integer), kasane.article(text, date),
    kasane.enter_disclosure(integer, text, date, text, text, integer, uuid, uuid, uuid, uuid),
    kasane.enter_referral(public.cases_referral), kasane.enter_referral() FROM PUBLIC;
SELECT kasane.enter_referral(f) FROM public.cases_referral AS f WHERE f.mode <> 'consent';
"""

REGISTER = Gate(
    "cases_disclosure",
    # A letter under 106条の6 is its item's affair: of its row only the privacy officer knows (V6).
    read=f"(cases_disclosure.agency_id = {AGENCY} AND cases_disclosure.item_key IS NULL)"
    f" OR cases_disclosure.municipality_id = {actor('privacy_city_id')}",
    # By hand: what one's own agency gave of a case it works on.
    insert=f"cases_disclosure.agency_id = {AGENCY}"
    f" AND cases_disclosure.municipality_id = {actor('municipality_id')}"
    f" AND cases_disclosure.recorded_by_id = {actor('membership_id')}"
    " AND cases_disclosure.kind IN ('provided', 'used') AND EXISTS ("
    "SELECT 1 FROM cases_casegrant AS g WHERE g.content_object_id = cases_disclosure.case_id"
    f" AND g.group_id = {AGENCY} AND g.basis <> 'own_records'"
    " AND g.revoked_at IS NULL AND g.period @> now())",
)


def _to(model, **more):
    return models.ForeignKey(
        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=model, **more
    )


class Migration(migrations.Migration):
    dependencies = [("agencies", "0006_seal"), ("cases", "0006_answers")]

    operations = [
        migrations.CreateModel(
            name="Disclosure",
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
                    "kind",
                    models.CharField(
                        choices=[
                            ("notification", "通告・通報"),
                            ("sheet", "本人同意なしのつなぎ"),
                            ("letter", "資料・情報提供の依頼"),
                            ("provided", "第三者への提供"),
                            ("used", "目的外の利用"),
                        ],
                        max_length=20,
                    ),
                ),
                ("on", models.DateField(verbose_name="提供・利用した日")),
                (
                    "recipient",
                    models.CharField(blank=True, max_length=200, verbose_name="提供先"),
                ),
                (
                    "statute",
                    models.CharField(
                        blank=True, max_length=200, verbose_name="求めや義務を定める法令"
                    ),
                ),
                ("purpose", models.TextField(blank=True, verbose_name="目的・理由")),
                (
                    "categories",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=20), default=list, size=None
                    ),
                ),
                ("person_count", models.PositiveSmallIntegerField(default=0)),
                ("item_key", models.UUIDField(blank=True, null=True)),
                ("recorded_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("form_key", models.UUIDField(blank=True, null=True, unique=True)),
                ("agency", _to("agencies.agency")),
                ("case", _to("cases.case", blank=True, null=True)),
                ("ground", _to("agencies.legalbasis", blank=True, null=True)),
                ("municipality", _to("agencies.municipality")),
                ("recorded_by", _to("agencies.membership")),
                (
                    "referral",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="cases.referral",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["municipality", "-on"], name="disclosure_city_on"),
                    models.Index(fields=["agency", "-on"], name="disclosure_agency_on"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        name="disclosure_by_hand_whole",
                        condition=~models.Q(kind__in=["provided", "used"])
                        | (
                            models.Q(
                                ground__isnull=False, case__isnull=False, form_key__isnull=False
                            )
                            & models.Q(referral__isnull=True, item_key__isnull=True)
                            & ~models.Q(purpose="")
                            & (models.Q(kind="used") | ~models.Q(recipient=""))
                        ),
                    ),
                ],
            },
        ),
        migrations.RunPython(load, migrations.RunPython.noop),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop),
        REGISTER,
    ]
