"""決裁 of a plan, where an agency decides: line by line; nothing comes into force without its last."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import config.lib.ids
from config.lib.rowsecurity import Gate, actor
from config.lib.shieldsecurity import ShieldText

TABLE = "plans_planapproval"
ME = actor("membership_id")
OWNER = "pg_has_role(session_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE')"


def of_plan(more=""):
    return f"""EXISTS (SELECT 1 FROM plans_plan AS p
        WHERE p.record_id = {TABLE}.plan_id{more} OFFSET 0)"""


NEW = f"{TABLE}.by_id = {ME} AND " + of_plan(" AND p.status = 'agreed'")

GUARDS = f"""
-- Once; never one's own draft where the city forbids it. Seen afterwards by the absent one alone.
CREATE FUNCTION kasane.guard_plan_approval() RETURNS trigger
LANGUAGE plpgsql SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := (kasane.actor()).membership_id;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.seen_at IS NOT NULL OR (me IS NOT NULL AND NEW.absent_id IS DISTINCT FROM me) THEN
            RAISE EXCEPTION 'seen by the absent one' USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.seen_at IS NOT NULL OR (NEW.act IN ('decide', 'proxy') AND EXISTS (
        SELECT 1 FROM public.cases_record AS r
        JOIN public.agencies_membership AS d ON d.id = r.author_id
        JOIN public.agencies_membership AS b ON b.id = NEW.by_id AND b.user_id = d.user_id
        JOIN public.agencies_agency AS g ON g.group_id = b.agency_id
        JOIN public.agencies_municipality AS m ON m.id = g.municipality_id
        WHERE r.id = NEW.plan_id AND m.is_own_draft_refused)) THEN
        RAISE EXCEPTION 'not one''s own draft' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guard_plan_approval BEFORE INSERT OR UPDATE ON public.{TABLE}
    FOR EACH ROW EXECUTE FUNCTION kasane.guard_plan_approval();
CREATE FUNCTION kasane.guard_plan_decided() RETURNS trigger
LANGUAGE plpgsql SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT {OWNER} AND NOT EXISTS (SELECT 1 FROM public.{TABLE} AS a
        WHERE a.plan_id = NEW.record_id AND a.is_final) THEN
        RAISE EXCEPTION 'not decided' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guard_plan_decided BEFORE UPDATE OF status ON public.plans_plan
    FOR EACH ROW WHEN (OLD.status = 'agreed' AND NEW.status = 'in_force')
    EXECUTE FUNCTION kasane.guard_plan_decided();
REVOKE ALL ON FUNCTION kasane.guard_plan_approval(), kasane.guard_plan_decided() FROM PUBLIC;
"""
UNDO = """
DROP FUNCTION kasane.guard_plan_approval() CASCADE;
DROP FUNCTION kasane.guard_plan_decided() CASCADE;
"""


def key():
    return models.UUIDField(
        default=config.lib.ids.new_id, editable=False, primary_key=True, serialize=False
    )


def whose(to="agencies.membership", name="+", **kwargs):
    return models.ForeignKey(
        on_delete=django.db.models.deletion.PROTECT, related_name=name, to=to, **kwargs
    )


class Migration(migrations.Migration):
    dependencies = [("agencies", "0022_decisions"), ("plans", "0009_review_order")]

    operations = [
        migrations.CreateModel(
            name="PlanApproval",
            fields=[
                ("id", key()),
                (
                    "act",
                    models.CharField(
                        choices=[
                            ("decide", "決裁"),
                            ("proxy", "代決"),
                            ("return", "差し戻し"),
                            ("paper", "紙決裁済"),
                        ],
                        max_length=10,
                    ),
                ),
                ("post", models.CharField(blank=True, max_length=30, verbose_name="職")),
                ("in_place_of", models.CharField(blank=True, max_length=30, verbose_name="専決")),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("note", models.TextField(blank=True, verbose_name="意見・理由")),
                ("seen_at", models.DateTimeField(blank=True, null=True, verbose_name="後閲")),
                (
                    "paper_number",
                    models.CharField(blank=True, max_length=60, verbose_name="文書番号"),
                ),
                ("paper_on", models.DateField(blank=True, null=True, verbose_name="決裁日")),
                (
                    "paper_signers",
                    models.CharField(blank=True, max_length=200, verbose_name="決裁した人"),
                ),
                ("is_final", models.BooleanField(default=False)),
                ("absent", whose(blank=True, null=True)),
                ("by", whose()),
                ("plan", whose("plans.plan", "approvals")),
            ],
            options={
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("absent__isnull", False),
                                ("act", "proxy"),
                                models.Q(("note", ""), _negated=True),
                            ),
                            models.Q(
                                models.Q(("act", "proxy"), _negated=True),
                                ("absent__isnull", True),
                                ("seen_at__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="planapproval_proxy_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("act", "paper"),
                                ("is_final", True),
                                ("paper_on__isnull", False),
                                models.Q(("paper_number", ""), _negated=True),
                                models.Q(("paper_signers", ""), _negated=True),
                            ),
                            models.Q(
                                models.Q(("act", "paper"), _negated=True),
                                ("paper_number", ""),
                                ("paper_on", None),
                                ("paper_signers", ""),
                            ),
                            _connector="OR",
                        ),
                        name="planapproval_paper_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("act", "return"), _negated=True),
                            models.Q(("is_final", False), models.Q(("note", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="planapproval_return_says_why",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("is_final", True)),
                        fields=("plan",),
                        name="plan_approved_once",
                    ),
                ],
            },
        ),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.RunSQL(GUARDS, UNDO),
        Gate(
            TABLE,
            read=of_plan(),
            insert=NEW,
            update="true",
            columns=("seen_at",),
        ),
        ShieldText(TABLE, "note", "paper_number", "paper_signers", row="plan_id", by="plan_id"),
    ]
