"""次第を組む: the order, hours and presenter of items, who takes part in them, and whether whoever was
asked comes. An answer is one's own: of an agency while its consents cover it (V5), of the appointed
after their pledge (V6). An answer holds for the day and hour it was given for."""

from importlib import import_module

import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from config.lib.rowsecurity import Gate, Statements, quote
from config.lib.shieldsecurity import ShieldText

gate = import_module("meetings.migrations.0002_gate")
TABLE = "meetings_itemattendance"

# As before: the office and who proposed. And an agency its own answer, while it sees the item (V5).
OWN = f"""({TABLE}.agency_id = {gate.AGENCY} AND {TABLE}.membership_id IS NULL
    AND EXISTS (SELECT 1 FROM meetings_agendaitem AS i
        WHERE i.id = {TABLE}.item_id AND i.basis = 'consent' OFFSET 0))"""
WRITES = f"{gate.in_item(TABLE)} OR {OWN}"
READ = f"""EXISTS (SELECT 1 FROM meetings_agendaitem AS i
    WHERE i.id = {TABLE}.item_id OFFSET 0) OR {gate.FIGURES}"""

# The owner's login may (proofs), and what follows a sitting in the database itself.
OWNER = "pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'MEMBER')"

GUARDS = f"""
-- Whose words a row holds: an agency answers for itself and for nobody else, the office records who
-- was there and answers for who is asked by name, as may who proposed the item. An answer is given
-- until the sitting opens. As whoever acts: it asks no more than they see.
CREATE FUNCTION kasane.guard_attendance() RETURNS trigger
LANGUAGE plpgsql SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := (kasane.actor()).membership_id;
    mine integer := (kasane.actor()).agency_id;
    place record;
    said boolean;
    met boolean;
BEGIN
    IF {OWNER} THEN
        RETURN NULL;
    END IF;
    SELECT i.basis, s.state, i.proposing_agency_id = mine AS is_proposer,
        COALESCE(mine IN (t.secretariat_id, t.host_id), false) OR EXISTS (
            SELECT 1 FROM public.agencies_secretariatmember AS l
            WHERE l.conference_type_id = t.id AND l.membership_id = me
              AND l.fiscal_year = kasane.fiscal_year()
              AND l.pledged_at IS NOT NULL AND l.ended_at IS NULL) AS is_office
    INTO place
    FROM public.meetings_agendaitem AS i
    JOIN public.meetings_sitting AS s ON s.id = i.sitting_id
    JOIN public.agencies_conferencetype AS t ON t.id = i.conference_type_id
    WHERE i.id = NEW.item_id;
    IF TG_OP = 'INSERT' THEN
        said := NEW.answer <> '' OR NEW.remark <> '';
        met := NEW.attendance <> '' OR NEW.arrived_at IS NOT NULL OR NEW.left_at IS NOT NULL;
    ELSE
        said := (NEW.answer, NEW.answered_at, NEW.answered_by_id, NEW.remark)
            IS DISTINCT FROM (OLD.answer, OLD.answered_at, OLD.answered_by_id, OLD.remark);
        met := (NEW.attendance, NEW.arrived_at, NEW.left_at)
            IS DISTINCT FROM (OLD.attendance, OLD.arrived_at, OLD.left_at);
    END IF;
    IF place.is_office IS NULL
       OR (met AND NOT place.is_office)
       OR (NOT place.is_office AND NEW.agency_id IS DISTINCT FROM mine
           AND NOT (place.is_proposer AND NEW.agency_id IS NULL AND place.basis = 'consent'))
       OR (NEW.agency_id IS NOT NULL AND (NEW.kind <> '' OR NEW.organisation <> ''
           OR NEW.name <> '' OR NEW.person_id IS NOT NULL OR NEW.removed_at IS NOT NULL))
       OR (said AND (
            (NEW.agency_id IS NOT NULL AND NEW.agency_id <> mine)
            OR (NEW.answer <> '' AND NEW.answered_by_id IS DISTINCT FROM me)
            OR place.basis <> 'consent'
            OR place.state NOT IN ('undated', 'planned', 'noticed'))) THEN
        RAISE EXCEPTION 'not one''s own answer' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER guard_attendance AFTER INSERT OR UPDATE ON public.{TABLE}
    FOR EACH ROW EXECUTE FUNCTION kasane.guard_attendance();

-- V6: the appointed answers for themself, after the pledge, until the sitting opens.
CREATE FUNCTION kasane.guard_answer() RETURNS trigger
LANGUAGE plpgsql SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF {OWNER} THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.answer <> '' OR NEW.answered_at IS NOT NULL OR NEW.has_conflict THEN
            RAISE EXCEPTION 'an answer is one''s own' USING ERRCODE = 'insufficient_privilege';
        END IF;
    ELSIF (NEW.answer, NEW.answered_at) IS DISTINCT FROM (OLD.answer, OLD.answered_at) AND (
        NEW.membership_id IS DISTINCT FROM (kasane.actor()).membership_id
        OR NEW.pledged_at IS NULL OR NEW.revoked_at IS NOT NULL
        OR NOT EXISTS (SELECT 1 FROM public.meetings_sitting AS s
            WHERE s.id = NEW.sitting_id AND s.state IN ('undated', 'planned', 'noticed'))) THEN
        RAISE EXCEPTION 'an answer is one''s own' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER guard_answer AFTER INSERT OR UPDATE ON public.meetings_itemgrant
    FOR EACH ROW EXECUTE FUNCTION kasane.guard_answer();

-- Another day or hour is asked anew, sealed items as all others, whoever moves the sitting (V6); its
-- items begin as much later. An item that goes on to another sitting loses its hour.
CREATE FUNCTION kasane.ask_anew() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    moved uuid[] := ARRAY[NEW.id];
BEGIN
    IF TG_TABLE_NAME = 'meetings_sitting' THEN
        moved := ARRAY(SELECT i.id FROM public.meetings_agendaitem AS i
                       WHERE i.sitting_id = NEW.id);
        UPDATE public.meetings_agendaitem AS i
        SET begins_at = i.begins_at + (NEW.starts_at - OLD.starts_at)
        WHERE i.sitting_id = NEW.id AND i.begins_at IS NOT NULL
          AND NEW.starts_at <> OLD.starts_at
          -- What a consent no longer covers may not be changed (guard_item): it waits to be blocked.
          AND (i.basis = 'secrecy' OR i.case_id IS NULL OR i.state NOT IN ('proposed', 'noticed')
               OR kasane.uncovered(i.case_id, i.person_ids, i.participant_ids) = 0);
    ELSE
        UPDATE public.meetings_agendaitem AS i SET begins_at = NULL
        WHERE i.id = NEW.id AND i.begins_at IS NOT NULL;
    END IF;
    UPDATE public.{TABLE} AS a
    SET answer = '', answered_at = NULL, answered_by_id = NULL, remark = ''
    WHERE a.item_id = ANY (moved) AND (a.answer <> '' OR a.remark <> '');
    UPDATE public.meetings_itemgrant AS g SET answer = '', answered_at = NULL
    WHERE g.content_object_id = ANY (moved) AND g.answer <> '' AND g.revoked_at IS NULL;
    UPDATE public.meetings_itemperson AS p SET answer = '', answered_at = NULL
    WHERE p.item_id = ANY (moved) AND p.answer <> '' AND p.revoked_at IS NULL;
    RETURN NULL;
END
$$;
CREATE TRIGGER ask_anew AFTER UPDATE OF "on", starts_at ON public.meetings_sitting
    FOR EACH ROW WHEN (NEW."on" IS DISTINCT FROM OLD."on"
        OR NEW.starts_at IS DISTINCT FROM OLD.starts_at)
    EXECUTE FUNCTION kasane.ask_anew();
CREATE TRIGGER ask_anew AFTER UPDATE OF sitting_id ON public.meetings_agendaitem
    FOR EACH ROW WHEN (NEW.sitting_id IS DISTINCT FROM OLD.sitting_id)
    EXECUTE FUNCTION kasane.ask_anew();
"""

UNDO = f"""
DROP TRIGGER ask_anew ON public.meetings_agendaitem;
DROP TRIGGER ask_anew ON public.meetings_sitting;
DROP TRIGGER guard_answer ON public.meetings_itemgrant;
DROP TRIGGER guard_attendance ON public.{TABLE};
DROP FUNCTION kasane.ask_anew();
DROP FUNCTION kasane.guard_answer();
DROP FUNCTION kasane.guard_attendance();
"""

# Until now items stood as they were proposed. No guard has a say in it.
ORDER = """
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE public.meetings_agendaitem DISABLE TRIGGER USER;
UPDATE public.meetings_agendaitem AS i SET order_at = i.proposed_at;
ALTER TABLE public.meetings_agendaitem ENABLE TRIGGER USER;
"""

OLD_TEXT = ShieldText(TABLE, "name", row="item_id", facts="meetings_agendaitem", by="item_id")
NEW_TEXT = ShieldText(
    TABLE, "name", "organisation", "remark", row="item_id", facts="meetings_agendaitem",
    by="item_id",
)  # fmt: skip


class MayChange(Statements):
    """More columns that the application may change where a gate already says who."""

    def __init__(self, table, *columns):
        self.table, self.columns = table, columns

    def _say(self, verb, word):
        columns = ", ".join(map(quote, self.columns))
        role = quote(settings.KASANE_APP_ROLE)
        return [f"{verb} UPDATE ({columns}) ON {quote(self.table)} {word} {role}"]

    def forwards(self):
        return self._say("GRANT", "TO")

    def backwards(self):
        return self._say("REVOKE", "FROM")

    def describe(self):
        return f"Columns of {self.table} that may change"

    def deconstruct(self):
        return "MayChange", [self.table, *self.columns], {}


def revoke_functions(apps, schema_editor):
    for function in ("guard_attendance()", "guard_answer()", "ask_anew()"):
        schema_editor.execute(f"REVOKE ALL ON FUNCTION kasane.{function} FROM PUBLIC")


class Migration(migrations.Migration):
    dependencies = [
        ("agencies", "0020_closing_days"),
        ("cases", "0051_visitors"),
        ("meetings", "0015_sittings_by_their_office"),
        ("plans", "0009_review_order"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="itemattendance",
            name="attendance_once",
        ),
        migrations.AddField(
            model_name="agendaitem",
            name="begins_at",
            field=models.TimeField(blank=True, null=True, verbose_name="開始時刻"),
        ),
        migrations.AddField(
            model_name="agendaitem",
            name="order_at",
            field=models.DateTimeField(
                db_default=django.db.models.functions.datetime.Now(),
                default=django.utils.timezone.now,
            ),
        ),
        migrations.AddField(
            model_name="agendaitem",
            name="planned_minutes",
            field=models.PositiveSmallIntegerField(
                blank=True, null=True, verbose_name="所要時間（分）"
            ),
        ),
        migrations.AddField(
            model_name="agendaitem",
            name="presenter",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="agencies.membership",
            ),
        ),
        migrations.AddField(
            model_name="itemattendance",
            name="answer",
            field=models.CharField(
                blank=True,
                choices=[
                    ("attend", "出席する"),
                    ("online", "オンラインで出席する"),
                    ("partial", "この議題のみ出席する"),
                    ("absent", "欠席する"),
                ],
                db_default="",
                default="",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="itemattendance",
            name="answered_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="itemattendance",
            name="answered_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="agencies.membership",
            ),
        ),
        migrations.AddField(
            model_name="itemattendance",
            name="arrived_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="itemattendance",
            name="has_conflict",
            field=models.BooleanField(db_default=False, default=False, verbose_name="利害関係"),
        ),
        migrations.AddField(
            model_name="itemattendance",
            name="kind",
            field=models.CharField(
                blank=True,
                choices=[
                    ("person", "本人"),
                    ("family", "家族"),
                    ("by_case", "案件による構成員"),
                    ("invited", "招いた人"),
                ],
                db_default="",
                default="",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="itemattendance",
            name="left_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="itemattendance",
            name="organisation",
            field=models.CharField(blank=True, db_default="", default="", max_length=100),
        ),
        migrations.AddField(
            model_name="itemattendance",
            name="person",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="cases.person",
            ),
        ),
        migrations.AddField(
            model_name="itemattendance",
            name="remark",
            field=models.CharField(blank=True, db_default="", default="", max_length=200),
        ),
        migrations.AddField(
            model_name="itemattendance",
            name="removed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="itemgrant",
            name="answer",
            field=models.CharField(
                blank=True,
                choices=[
                    ("attend", "出席する"),
                    ("online", "オンラインで出席する"),
                    ("partial", "この議題のみ出席する"),
                    ("absent", "欠席する"),
                ],
                db_default="",
                default="",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="itemgrant",
            name="answered_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="itemgrant",
            name="has_conflict",
            field=models.BooleanField(db_default=False, default=False, verbose_name="利害関係"),
        ),
        migrations.AddField(
            model_name="itemperson",
            name="answer",
            field=models.CharField(
                blank=True,
                choices=[
                    ("attend", "出席する"),
                    ("online", "オンラインで出席する"),
                    ("partial", "この議題のみ出席する"),
                    ("absent", "欠席する"),
                ],
                db_default="",
                default="",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="itemperson",
            name="answered_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="itemperson",
            name="has_conflict",
            field=models.BooleanField(db_default=False, default=False, verbose_name="利害関係"),
        ),
        migrations.AlterField(
            model_name="itemattendance",
            name="attendance",
            field=models.CharField(
                blank=True,
                choices=[("present", "出席"), ("absent", "欠席"), ("partial", "この議題のみ")],
                db_default="",
                default="",
                max_length=10,
            ),
        ),
        migrations.AddConstraint(
            model_name="agendaitem",
            constraint=models.CheckConstraint(
                condition=models.Q(("planned_minutes__range", (1, 480))),
                name="item_planned_minutes",
            ),
        ),
        migrations.AddConstraint(
            model_name="itemattendance",
            constraint=models.UniqueConstraint(
                condition=models.Q(("removed_at", None)),
                fields=("item", "membership", "agency", "person", "name"),
                name="attendance_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="itemattendance",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("answer", ""), ("answered_at", None), ("answered_by", None)),
                    models.Q(
                        models.Q(("answer", ""), _negated=True),
                        ("answered_at__isnull", False),
                        ("answered_by__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="attendance_answered_whole",
            ),
        ),
        migrations.RunSQL(ORDER, migrations.RunSQL.noop),
        migrations.RunSQL(";".join(OLD_TEXT.backwards()), ";".join(OLD_TEXT.forwards())),
        NEW_TEXT,
        migrations.RunSQL(GUARDS, UNDO),
        migrations.RunPython(revoke_functions, migrations.RunPython.noop),
        MayChange(
            "meetings_agendaitem", "order_at", "planned_minutes", "begins_at", "presenter_id"
        ),
        MayChange("meetings_itemgrant", "answer", "answered_at", "has_conflict"),
        MayChange("meetings_itemperson", "answer", "answered_at", "has_conflict"),
        Gate(
            TABLE,
            read=READ,
            insert=WRITES,
            update=WRITES,
            columns=(
                "attendance",
                "arrived_at",
                "left_at",
                "answer",
                "answered_at",
                "answered_by_id",
                "remark",
                "has_conflict",
                "removed_at",
            ),
        ),
    ]
