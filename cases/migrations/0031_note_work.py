"""What follows from a note: correction with a reason, its next step as a task, whom its reading is
asked of (供覧), phrases of an agency.

A note's words change by a new version with a reason alone (domain.md 5.1): the database says it,
whoever writes. The receipt of a request is the look that is logged: one door, no second story.
"""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import config.lib.ids
from config.lib.rowsecurity import Gate, actor
from config.lib.shieldsecurity import ShieldText

AGENCY = actor("agency_id")
ME = actor("membership_id")

CORRECTED = """
CREATE FUNCTION kasane.needs_reason() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY TG_ARGV LOOP
        IF to_jsonb(NEW) -> name IS DISTINCT FROM to_jsonb(OLD) -> name
           AND (NEW.version <= OLD.version OR btrim(NEW.correction_reason) = '') THEN
            RAISE EXCEPTION 'corrected without a new version or a reason'
                USING ERRCODE = 'check_violation';
        END IF;
    END LOOP;
    RETURN NEW;
END
$$;
CREATE TRIGGER needs_reason BEFORE UPDATE ON public.cases_note
    FOR EACH ROW EXECUTE FUNCTION kasane.needs_reason(
        'text', 'method', 'with_whom', 'place', 'result', 'minutes', 'next_step');
CREATE TRIGGER needs_reason BEFORE UPDATE ON public.cases_assessmentsection
    FOR EACH ROW EXECUTE FUNCTION kasane.needs_reason(
        'situation', 'strengths', 'answers', 'assessed_on');
"""
UNCORRECTED = """
DROP TRIGGER needs_reason ON public.cases_note;
DROP TRIGGER needs_reason ON public.cases_assessmentsection;
DROP FUNCTION kasane.needs_reason();
"""

RECEIPTS = """
CREATE FUNCTION kasane.receive_look() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Who looked inside a third agency's record is not for the one that asked (V10).
    UPDATE public.cases_readrequest AS q SET seen_at = now()
    FROM public.cases_record AS r, public.agencies_membership AS m
    WHERE q.membership_id = NEW.membership_id AND q.record_id = ANY (NEW.record_ids)
      AND q.seen_at IS NULL AND r.id = q.record_id AND m.id = q.membership_id
      AND (m.agency_id = q.agency_id OR r.author_agency_id = q.agency_id);
    RETURN NULL;
END
$$;
CREATE TRIGGER receive_look AFTER INSERT ON public.agencies_accesslog FOR EACH ROW
    WHEN (NEW.action = 'open' AND NEW.what = 'record_detail' AND NEW.was_allowed)
    EXECUTE FUNCTION kasane.receive_look();
-- 確認 is said by whoever was asked, once; the agency that asked may end it, once.
CREATE FUNCTION kasane.guard_read_request() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me kasane.acting := kasane.actor();
BEGIN
    IF NEW.confirmed_at IS DISTINCT FROM OLD.confirmed_at
       AND (OLD.confirmed_at IS NOT NULL OR OLD.ended_at IS NOT NULL
            OR NEW.membership_id IS DISTINCT FROM me.membership_id) THEN
        RAISE EXCEPTION 'not asked' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NEW.ended_at IS DISTINCT FROM OLD.ended_at
       AND (OLD.ended_at IS NOT NULL OR NEW.agency_id IS DISTINCT FROM me.agency_id) THEN
        RAISE EXCEPTION 'not the sender' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guard_read_request BEFORE UPDATE ON public.cases_readrequest
    FOR EACH ROW EXECUTE FUNCTION kasane.guard_read_request();
REVOKE ALL ON FUNCTION kasane.receive_look() FROM PUBLIC;
REVOKE ALL ON FUNCTION kasane.guard_read_request() FROM PUBLIC;
"""
UNRECEIVED = """
DROP TRIGGER receive_look ON public.agencies_accesslog;
DROP FUNCTION kasane.receive_look();
DROP TRIGGER guard_read_request ON public.cases_readrequest;
DROP FUNCTION kasane.guard_read_request();
"""

COLLEAGUE = """(cases_notetask.membership_id IS NULL OR EXISTS (
    SELECT 1 FROM agencies_membership AS m WHERE m.id = cases_notetask.membership_id
      AND m.agency_id = cases_notetask.agency_id))"""
TASK = Gate(
    "cases_notetask",
    read="EXISTS (SELECT 1 FROM cases_record AS r WHERE r.id = cases_notetask.record_id OFFSET 0)",
    # Of a note of one's own agency; what is carried out of a sitting is no agency's work (V6).
    insert=f"""cases_notetask.agency_id = {AGENCY} AND cases_notetask.done_at IS NULL
        AND {COLLEAGUE}
        AND EXISTS (SELECT 1 FROM cases_record AS r WHERE r.id = cases_notetask.record_id
            AND r.author_agency_id = {AGENCY} AND r.carry_out_id IS NULL)""",
    update=f"cases_notetask.agency_id = {AGENCY} AND {COLLEAGUE}",
    columns=("membership_id", "due_on", "done_at", "done_by_id"),
)
# A row about a record is seen where the record is: by who is asked, and by the agency that asks.
# Who holds the case in an emergency, or sees the record in a sitting alone, asks nobody (V6, V8).
# Whom it is asked of is shown nothing by it that they may not read anyway.
REQUEST = Gate(
    "cases_readrequest",
    read=f"""EXISTS (SELECT 1 FROM cases_record AS r
            WHERE r.id = cases_readrequest.record_id OFFSET 0)
        AND {AGENCY} IS NOT NULL
        AND (cases_readrequest.membership_id = {ME} OR cases_readrequest.agency_id = {AGENCY})""",
    insert=f"""cases_readrequest.by_id = {ME} AND cases_readrequest.agency_id = {AGENCY}
        AND cases_readrequest.seen_at IS NULL AND cases_readrequest.confirmed_at IS NULL
        AND cases_readrequest.ended_at IS NULL
        AND EXISTS (SELECT 1 FROM cases_record AS r
            JOIN cases_casegrant AS g ON g.content_object_id = r.case_id
            WHERE r.id = cases_readrequest.record_id AND r.carry_out_id IS NULL
              AND g.group_id = {AGENCY} AND g.revoked_at IS NULL AND g.basis <> 'own_records'
              AND range_contains_elem(g.period, now()))
        AND EXISTS (SELECT 1 FROM agencies_membership AS m
            JOIN agencies_agency AS a ON a.group_id = m.agency_id
            WHERE m.id = cases_readrequest.membership_id
              AND a.municipality_id = {actor("municipality_id")}
              -- Whether a third agency reads it would tell what a consent says (V3).
              AND (m.agency_id = {AGENCY} OR (cases_readrequest.kind = 'mention'
                  AND EXISTS (SELECT 1 FROM cases_record AS r
                      JOIN cases_case AS c ON c.id = r.case_id
                      WHERE r.id = cases_readrequest.record_id
                        AND c.responsible_agency_id = {AGENCY}))))""",
    update="true",
    columns=("confirmed_at", "ended_at"),
)
MANAGER = (
    f"cases_notetemplate.agency_id = {AGENCY}"
    " AND (SELECT kasane.may('agencies.confirm_membership'))"
)
TEMPLATE = Gate(
    "cases_notetemplate",
    read=f"cases_notetemplate.agency_id = {AGENCY}",
    insert=MANAGER,
    update=MANAGER,
    columns=("name", "text", "ended_at"),
)


def text_again(table, *columns, is_version=False):
    """The reason of a correction is a word about the case like the others."""
    return [
        migrations.RunSQL(
            f"DROP TRIGGER IF EXISTS shield_written ON public.{table};"
            f" DELETE FROM kasane.shield_texts WHERE table_name = '{table}'",
            migrations.RunSQL.noop,
        ),
        ShieldText(table, *columns, is_version=is_version),
    ]


NOTE = ("with_whom", "place", "text", "next_step", "correction_reason")
SECTION = ("situation", "strengths", "answers", "correction_reason")


class Migration(migrations.Migration):
    dependencies = [
        ("agencies", "0014_wrong_codes"),
        ("cases", "0030_assessing_gate"),
    ]

    operations = [
        migrations.AddField(
            model_name="assessmentsection",
            name="correction_reason",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=200, verbose_name="直した理由"
            ),
        ),
        migrations.AddField(
            model_name="historicalassessmentsection",
            name="correction_reason",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=200, verbose_name="直した理由"
            ),
        ),
        migrations.AddField(
            model_name="historicalnote",
            name="correction_reason",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=200, verbose_name="直した理由"
            ),
        ),
        migrations.AddField(
            model_name="note",
            name="correction_reason",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=200, verbose_name="直した理由"
            ),
        ),
        migrations.CreateModel(
            name="NoteTemplate",
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
                ("name", models.CharField(max_length=60)),
                ("text", models.TextField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "agency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.agency",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="NoteTask",
            fields=[
                (
                    "record",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="task",
                        serialize=False,
                        to="cases.record",
                    ),
                ),
                ("due_on", models.DateField(blank=True, null=True)),
                ("done_at", models.DateTimeField(blank=True, null=True)),
                (
                    "agency",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.agency",
                    ),
                ),
                (
                    "done_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.membership",
                    ),
                ),
                (
                    "membership",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.membership",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["agency", "done_at", "due_on"], name="note_task_agency_due"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("done_at__isnull", True), ("done_by__isnull", True)),
                            models.Q(("done_at__isnull", False), ("done_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="note_task_done_whole",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ReadRequest",
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
                ("batch", models.UUIDField()),
                (
                    "kind",
                    models.CharField(
                        choices=[("mention", "知らせる"), ("circulation", "供覧")], max_length=12
                    ),
                ),
                ("order", models.PositiveSmallIntegerField(default=0)),
                ("sent_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("seen_at", models.DateTimeField(blank=True, null=True)),
                ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "agency",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.agency",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.membership",
                    ),
                ),
                (
                    "membership",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.membership",
                    ),
                ),
                (
                    "record",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="read_requests",
                        to="cases.record",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["membership", "ended_at", "confirmed_at"],
                        name="read_request_waiting",
                    ),
                    models.Index(fields=["by", "sent_at"], name="read_request_sent"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("batch", "membership"), name="read_request_once"
                    )
                ],
            },
        ),
        *text_again("cases_note", *NOTE),
        *text_again("cases_historicalnote", *NOTE, is_version=True),
        *text_again("cases_assessmentsection", *SECTION),
        *text_again("cases_historicalassessmentsection", *SECTION, is_version=True),
        migrations.RunSQL(CORRECTED, UNCORRECTED),
        TASK,
        REQUEST,
        migrations.RunSQL(RECEIPTS, UNRECEIVED),
        TEMPLATE,
    ]
