"""つなぐシート: the receiver's first look is the receipt, and what came of it goes back (V4).

As with 供覧, a look that is logged is the receipt: one door, no second story.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from config.lib.shieldsecurity import ShieldText

RESULT = """
CREATE FUNCTION kasane.receive_sheet() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- By whom it came to: a line about another's sheet, if one were logged, would be no receipt.
    UPDATE public.cases_referral AS f SET seen_at = now()
    WHERE f.id = ANY (NEW.record_ids) AND f.seen_at IS NULL
      AND (f.to_agency_id = NEW.agency_id OR EXISTS (
        SELECT 1 FROM public.agencies_secretariatmember AS l
        WHERE l.conference_type_id = f.to_conference_type_id
          AND l.membership_id = NEW.membership_id
          AND l.pledged_at IS NOT NULL AND l.ended_at IS NULL
          AND l.fiscal_year = extract(
            year FROM (now() AT TIME ZONE 'Asia/Tokyo') - interval '3 months')));
    RETURN NULL;
END
$$;
CREATE TRIGGER receive_sheet AFTER INSERT ON public.agencies_accesslog FOR EACH ROW
    WHEN (NEW.action = 'open' AND NEW.what = 'referral_detail' AND NEW.was_allowed)
    EXECUTE FUNCTION kasane.receive_sheet();
-- Said once, by who took it on and not by who sent it.
CREATE FUNCTION kasane.guard_result() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me kasane.acting := kasane.actor();
BEGIN
    IF ROW(NEW.result, NEW.resulted_at, NEW.resulted_by_id)
       IS DISTINCT FROM ROW(OLD.result, OLD.resulted_at, OLD.resulted_by_id)
       AND (OLD.resulted_at IS NOT NULL OR OLD.state <> 'accepted' OR NEW.state <> 'accepted'
            OR me.agency_id IS NULL OR me.agency_id = OLD.from_agency_id
            OR NEW.resulted_by_id IS DISTINCT FROM me.membership_id) THEN
        RAISE EXCEPTION 'not the receiver' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guard_result BEFORE UPDATE ON public.cases_referral
    FOR EACH ROW EXECUTE FUNCTION kasane.guard_result();
REVOKE ALL ON FUNCTION kasane.receive_sheet(), kasane.guard_result() FROM PUBLIC;
"""
UNSAID = """
DROP TRIGGER receive_sheet ON public.agencies_accesslog;
DROP FUNCTION kasane.receive_sheet();
DROP TRIGGER guard_result ON public.cases_referral;
DROP FUNCTION kasane.guard_result();
"""
TABLE = "cases_referral"
WORDS = ("reason", "summary", "legal_ground", "answer_reason")
FORMER = f"""
DROP TRIGGER shield_written ON {TABLE};
DELETE FROM kasane.shield_texts WHERE table_name = '{TABLE}';
"""
ITSELF = {"row": "id", "facts": "", "kind": TABLE}
GRANT = (
    f'GRANT UPDATE (result, resulted_at, resulted_by_id) ON {TABLE} TO "{settings.KASANE_APP_ROLE}"'
)


class Migration(migrations.Migration):
    dependencies = [
        ("agencies", "0018_assessment_items"),
        ("cases", "0041_move_out_gate"),
    ]

    operations = [
        migrations.AddField(
            model_name="referral",
            name="result",
            field=models.TextField(
                blank=True, db_default="", default="", verbose_name="つなぎの結果"
            ),
        ),
        migrations.AddField(
            model_name="referral",
            name="resulted_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="referral",
            name="resulted_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="agencies.membership",
            ),
        ),
        migrations.AddField(
            model_name="referral",
            name="seen_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name="referral",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("result", ""), ("resulted_at__isnull", True), ("resulted_by__isnull", True)
                    ),
                    models.Q(
                        models.Q(("result", ""), _negated=True),
                        ("resulted_at__isnull", False),
                        ("resulted_by__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="referral_result_whole",
            ),
        ),
        migrations.RunSQL(FORMER, ShieldText(TABLE, *WORDS, **ITSELF).forwards()),
        ShieldText(TABLE, *WORDS, "result", **ITSELF),
        migrations.RunSQL(GRANT, migrations.RunSQL.noop),
        migrations.RunSQL(RESULT, UNSAID),
    ]
