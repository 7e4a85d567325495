"""Where an issue went and what came back: an item without a case, a day, an answer, who entered it."""

import django.db.models.deletion
from django.db import migrations, models

from config.lib.rowsecurity import Narrow, actor

ME, AGENCY, CITY = actor("membership_id"), actor("agency_id"), actor("municipality_id")
# One's own step. An item is one the writer sees, with consent and without a case: nothing of a
# sealed one, and no household, is tied to what the city reads (V2, V6).
NEW_STEP = f"""community_issuestep.municipality_id = {CITY}
    AND community_issuestep.by_agency_id = {AGENCY}
    AND community_issuestep.by_id = {ME}
    AND (community_issuestep.item_id IS NULL OR EXISTS (
        SELECT 1 FROM meetings_agendaitem AS i
        WHERE i.id = community_issuestep.item_id AND i.basis = 'consent' AND i.case_id IS NULL
        OFFSET 0))"""

# A policy that read its own table would recurse.
GUARD = """
CREATE FUNCTION kasane.guard_issue_step() RETURNS trigger
LANGUAGE plpgsql SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.closes_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM public.community_issuestep AS p
        WHERE p.id = NEW.closes_id AND p.issue_id = NEW.issue_id AND p.state = 'passed'
          AND p.closes_id IS NULL
          AND (NEW.on IS NULL
               OR NEW.on >= COALESCE(p.on, (p.at AT TIME ZONE 'Asia/Tokyo')::date))) THEN
        RAISE EXCEPTION 'an answer to nothing that was passed on' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guard_issue_step BEFORE INSERT ON public.community_issuestep
    FOR EACH ROW EXECUTE FUNCTION kasane.guard_issue_step();
"""
UNGUARD = """
DROP TRIGGER guard_issue_step ON public.community_issuestep;
DROP FUNCTION kasane.guard_issue_step();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("agencies", "0022_decisions"),
        ("community", "0003_shield"),
        ("meetings", "0021_by_every_way"),
    ]

    operations = [
        migrations.AddField(
            model_name="issuestep",
            name="answer",
            field=models.TextField(blank=True, db_default="", default="", verbose_name="答え"),
        ),
        migrations.AddField(
            model_name="issuestep",
            name="by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="agencies.membership",
            ),
        ),
        migrations.AddField(
            model_name="issuestep",
            name="closes",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="closed_by",
                to="community.issuestep",
            ),
        ),
        migrations.AddField(
            model_name="issuestep",
            name="item",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="meetings.agendaitem",
            ),
        ),
        migrations.AddField(
            model_name="issuestep",
            name="on",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="communityissue",
            name="state",
            field=models.CharField(
                choices=[
                    ("raised", "提起"),
                    ("passed", "会議・協議体へ"),
                    ("answered", "答えあり"),
                    ("working", "取組中"),
                    ("settled", "解決・終了"),
                ],
                default="raised",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="issuestep",
            name="state",
            field=models.CharField(
                choices=[
                    ("raised", "提起"),
                    ("passed", "会議・協議体へ"),
                    ("answered", "答えあり"),
                    ("working", "取組中"),
                    ("settled", "解決・終了"),
                ],
                max_length=10,
            ),
        ),
        migrations.AddConstraint(
            model_name="issuestep",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "passed")), fields=("item",), name="issue_item_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="issuestep",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("closes__isnull", False),
                        ("on__isnull", False),
                        ("state", "answered"),
                        models.Q(("answer", ""), _negated=True),
                    ),
                    models.Q(models.Q(("state", "answered"), _negated=True), ("answer", "")),
                    _connector="OR",
                ),
                name="issue_answer_whole",
            ),
        ),
        migrations.RunSQL(GUARD, UNGUARD),
        Narrow("community_issuestep", "ones_own", insert=NEW_STEP),
    ]
