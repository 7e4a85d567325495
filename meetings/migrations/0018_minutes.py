"""議事録 as versions that nobody changes, completed after the sitting, and approved version by version.

Written by who runs the item: under secrecy the listed secretary (V6), also after the item has
closed to its appointed, then with a reason, because nobody of them can read and object any more.
"""

from importlib import import_module

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import config.lib.ids
from config.lib.rowsecurity import Gate
from config.lib.shieldsecurity import ShieldText

gate = import_module("meetings.migrations.0002_gate")
VERSION, STEP = "meetings_minutesversion", "meetings_minutesstep"

ITEM_TEXT = ("title", "briefing", "opinion", "minutes", "carry_text", "carry_people")
WHERE = {"row": "id", "facts": "", "kind": "meetings_agendaitem"}
OLD_TEXT = ShieldText("meetings_agendaitem", *ITEM_TEXT, **WHERE)
NEW_TEXT = ShieldText(
    "meetings_agendaitem", *(name for name in ITEM_TEXT if name != "minutes"), **WHERE
)


def read(table):
    return f"EXISTS (SELECT 1 FROM meetings_agendaitem AS i WHERE i.id = {table}.item_id OFFSET 0)"


def runs(table, states):
    """Who runs the item, its sitting in one of these states."""
    return f"""{table}.by_id = {gate.ME} AND EXISTS (SELECT 1 FROM meetings_agendaitem AS i
        JOIN meetings_sitting AS s ON s.id = i.sitting_id
        WHERE i.id = {table}.item_id AND s.state IN ({states})
          AND i.state NOT IN ('blocked', 'withdrawn')
          AND ({gate.listed("i.conference_type_id")} OR (i.basis = 'consent' AND EXISTS (
            SELECT 1 FROM agencies_conferencetype AS t
            WHERE t.id = i.conference_type_id AND {gate.AGENCY} IN (t.host_id, t.secretariat_id)))))"""


GUARDS = f"""
CREATE FUNCTION kasane.guard_minutes() RETURNS trigger
LANGUAGE plpgsql SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    last integer := (SELECT max(v.number) FROM public.{VERSION} AS v WHERE v.item_id = NEW.item_id);
BEGIN
    IF NEW.number <> COALESCE(last, 0) + 1 THEN
        RAISE EXCEPTION 'versions are counted one after the other' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.reason = '' AND (
        EXISTS (SELECT 1 FROM public.{STEP} AS a
                WHERE a.item_id = NEW.item_id AND a.number = last AND a.is_final)
        OR EXISTS (SELECT 1 FROM public.meetings_agendaitem AS i
            JOIN public.meetings_sitting AS s ON s.id = i.sitting_id
            WHERE i.id = NEW.item_id AND i.basis = 'secrecy' AND s.state = 'closed'
              AND NOT COALESCE(range_contains_elem(i.open_period, now()), false))) THEN
        RAISE EXCEPTION 'such a change says why' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guard_minutes BEFORE INSERT ON public.{VERSION}
    FOR EACH ROW EXECUTE FUNCTION kasane.guard_minutes();

-- Of the newest version, once; never one's own draft where the city forbids it (a paper was signed
-- by somebody else). Seen afterwards by the absent one alone.
CREATE FUNCTION kasane.guard_minutes_step() RETURNS trigger
LANGUAGE plpgsql SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := (kasane.actor()).membership_id;
    newest record;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.seen_at IS NOT NULL OR (me IS NOT NULL AND NEW.absent_id IS DISTINCT FROM me) THEN
            RAISE EXCEPTION 'seen by the absent one' USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN NEW;
    END IF;
    SELECT v.number, v.by_id INTO newest FROM public.{VERSION} AS v
    WHERE v.item_id = NEW.item_id ORDER BY v.number DESC LIMIT 1;
    IF newest.number IS DISTINCT FROM NEW.number OR NEW.seen_at IS NOT NULL
       OR EXISTS (SELECT 1 FROM public.{STEP} AS a
           WHERE a.item_id = NEW.item_id AND a.number = NEW.number AND a.is_final) THEN
        RAISE EXCEPTION 'the newest version is approved, once' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.act IN ('decide', 'proxy') AND EXISTS (
        SELECT 1 FROM public.agencies_membership AS d
        JOIN public.agencies_membership AS b ON b.id = NEW.by_id AND b.user_id = d.user_id
        JOIN public.agencies_agency AS g ON g.group_id = b.agency_id
        JOIN public.agencies_municipality AS m ON m.id = g.municipality_id
        WHERE d.id = newest.by_id AND m.is_own_draft_refused) THEN
        RAISE EXCEPTION 'not one''s own draft' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guard_minutes_step BEFORE INSERT OR UPDATE ON public.{STEP}
    FOR EACH ROW EXECUTE FUNCTION kasane.guard_minutes_step();
REVOKE ALL ON FUNCTION kasane.guard_minutes(), kasane.guard_minutes_step() FROM PUBLIC;
"""
UNDO = """
DROP FUNCTION kasane.guard_minutes() CASCADE;
DROP FUNCTION kasane.guard_minutes_step() CASCADE;
"""

# What stood on the items is their first version.
KEPT = f"""
INSERT INTO public.{VERSION} (id, item_id, number, text, reason, by_id, at)
SELECT gen_random_uuid(), i.id, 1, i.minutes, '', COALESCE(i.decided_by_id, i.proposed_by_id),
    COALESCE(i.decided_at, i.proposed_at)
FROM public.meetings_agendaitem AS i WHERE i.minutes <> '';
SET CONSTRAINTS ALL IMMEDIATE;
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
    dependencies = [("agencies", "0022_decisions"), ("meetings", "0017_answers_by_telephone")]

    operations = [
        migrations.CreateModel(
            name="MinutesVersion",
            fields=[
                ("id", key()),
                ("number", models.PositiveSmallIntegerField(verbose_name="版")),
                ("text", models.TextField(verbose_name="議事録")),
                (
                    "reason",
                    models.CharField(blank=True, max_length=200, verbose_name="直した理由"),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("by", whose()),
                ("item", whose("meetings.agendaitem", "minutes_versions")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("item", "number"), name="minutes_version_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("number__gte", 1), models.Q(("text", ""), _negated=True)
                        ),
                        name="minutes_version_whole",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MinutesStep",
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
                ("number", models.PositiveSmallIntegerField(verbose_name="版")),
                ("absent", whose(blank=True, null=True)),
                ("by", whose()),
                ("item", whose("meetings.agendaitem", "minutes_steps")),
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
                        name="minutesstep_proxy_whole",
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
                        name="minutesstep_paper_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("act", "return"), _negated=True),
                            models.Q(("is_final", False), models.Q(("note", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="minutesstep_return_says_why",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("is_final", True)),
                        fields=("item", "number"),
                        name="minutes_approved_once",
                    ),
                ],
            },
        ),
        migrations.AlterField(
            model_name="papercopy",
            name="paper",
            field=models.CharField(
                choices=[
                    ("materials", "資料"),
                    ("minutes", "議事録（全文）"),
                    ("short", "議事録（決定事項）"),
                ],
                max_length=10,
            ),
        ),
        migrations.RunSQL(KEPT, migrations.RunSQL.noop),
        migrations.RunSQL(";".join(OLD_TEXT.backwards()), ";".join(OLD_TEXT.forwards())),
        migrations.RemoveField(model_name="agendaitem", name="minutes"),
        NEW_TEXT,
        migrations.RunSQL(GUARDS, UNDO),
        Gate(VERSION, read=read(VERSION), insert=runs(VERSION, "'open', 'closed'")),
        Gate(
            STEP,
            read=read(STEP),
            insert=runs(STEP, "'closed'"),
            update="true",
            columns=("seen_at",),
        ),
        ShieldText(
            VERSION, "text", "reason", row="item_id", facts="meetings_agendaitem", by="item_id"
        ),
        ShieldText(
            STEP, "note", "paper_number", "paper_signers", row="item_id",
            facts="meetings_agendaitem", by="item_id",
        ),
    ]  # fmt: skip
