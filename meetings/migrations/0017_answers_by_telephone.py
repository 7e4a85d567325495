"""出欠 that was told by telephone: the office enters it for an agency, the listed secretary for who
is appointed and has pledged. Whose answer it is says so itself afterwards, and writes over it."""

from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

agenda = import_module("meetings.migrations.0016_agenda")

# An agency's own answer has been given by somebody of its own; else it was told by telephone.
GUARDS = f"""
-- As in 0016; and the office enters what an agency said by telephone, once it has been asked, under
-- its own name. It takes back what it entered, never what the agency said itself.
CREATE OR REPLACE FUNCTION kasane.guard_attendance() RETURNS trigger
LANGUAGE plpgsql SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := (kasane.actor()).membership_id;
    mine integer := (kasane.actor()).agency_id;
    place record;
    said boolean;
    met boolean;
    is_told boolean := false;
BEGIN
    IF {agenda.OWNER} THEN
        RETURN NULL;
    END IF;
    SELECT i.basis, i.state AS item_state, s.state, i.proposing_agency_id = mine AS is_proposer,
        NEW.agency_id = ANY (i.participant_ids) OR NEW.agency_id = i.proposing_agency_id
            AS takes_part,
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
        is_told := NEW.answer <> '' AND NEW.remark = '';
    ELSE
        said := (NEW.answer, NEW.answered_at, NEW.answered_by_id, NEW.remark)
            IS DISTINCT FROM (OLD.answer, OLD.answered_at, OLD.answered_by_id, OLD.remark);
        met := (NEW.attendance, NEW.arrived_at, NEW.left_at)
            IS DISTINCT FROM (OLD.attendance, OLD.arrived_at, OLD.left_at);
        is_told := NEW.remark = OLD.remark AND (NEW.answer <> '' OR NOT EXISTS (
            SELECT 1 FROM public.agencies_membership AS m
            WHERE m.id = OLD.answered_by_id AND m.agency_id = NEW.agency_id));
    END IF;
    is_told := COALESCE(is_told AND place.is_office AND place.takes_part
        AND place.item_state = 'noticed' AND place.state = 'noticed', false);
    IF place.is_office IS NULL
       OR (met AND NOT place.is_office)
       OR (NOT place.is_office AND NEW.agency_id IS DISTINCT FROM mine
           AND NOT (place.is_proposer AND NEW.agency_id IS NULL AND place.basis = 'consent'))
       OR (NEW.agency_id IS NOT NULL AND (NEW.kind <> '' OR NEW.organisation <> ''
           OR NEW.name <> '' OR NEW.person_id IS NOT NULL OR NEW.removed_at IS NOT NULL))
       OR (said AND (
            (NEW.agency_id IS NOT NULL AND NEW.agency_id <> mine AND NOT is_told)
            OR (NEW.answer <> '' AND NEW.answered_by_id IS DISTINCT FROM me)
            OR place.basis <> 'consent'
            OR place.state NOT IN ('undated', 'planned', 'noticed'))) THEN
        RAISE EXCEPTION 'not one''s own answer' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END
$$;

-- V6: the appointed answers for themself, after the pledge, until the sitting opens; what they told
-- a listed secretary by telephone stands with who entered it. Before the pledge nobody talks about
-- the item, so nothing is told either.
CREATE OR REPLACE FUNCTION kasane.guard_answer() RETURNS trigger
LANGUAGE plpgsql SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := (kasane.actor()).membership_id;
    held text;
BEGIN
    IF {agenda.OWNER} THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.answer <> '' OR NEW.answered_at IS NOT NULL OR NEW.has_conflict
           OR NEW.answered_by_id IS NOT NULL THEN
            RAISE EXCEPTION 'an answer is one''s own' USING ERRCODE = 'insufficient_privilege';
        END IF;
    ELSIF (NEW.answer, NEW.answered_at, NEW.answered_by_id)
          IS DISTINCT FROM (OLD.answer, OLD.answered_at, OLD.answered_by_id) THEN
        SELECT s.state INTO held FROM public.meetings_sitting AS s WHERE s.id = NEW.sitting_id;
        IF me IS NULL OR NEW.pledged_at IS NULL OR NEW.revoked_at IS NOT NULL
           OR held IS NULL OR held NOT IN ('undated', 'planned', 'noticed')
           OR (NEW.membership_id = me AND NEW.answered_by_id IS NOT NULL)
           OR (NEW.membership_id <> me AND NOT (
                held = 'noticed'
                AND CASE NEW.answer WHEN '' THEN OLD.answered_by_id IS NOT NULL
                    ELSE NEW.answered_by_id IS NOT DISTINCT FROM me END
                AND EXISTS (
                    SELECT 1 FROM public.agencies_secretariatmember AS l
                    WHERE l.conference_type_id = NEW.conference_type_id AND l.membership_id = me
                      AND l.fiscal_year = kasane.fiscal_year()
                      AND l.pledged_at IS NOT NULL AND l.ended_at IS NULL))) THEN
            RAISE EXCEPTION 'an answer is one''s own' USING ERRCODE = 'insufficient_privilege';
        END IF;
    END IF;
    RETURN NULL;
END
$$;
"""

# An answer that is forgotten (another day, another sitting) goes with who entered it.
OLD_WORDS = """UPDATE public.meetings_itemgrant AS g SET answer = '', answered_at = NULL
    WHERE"""
NEW_WORDS = """UPDATE public.meetings_itemgrant AS g
    SET answer = '', answered_at = NULL, answered_by_id = NULL WHERE"""


def function_of(source, name):
    """The text of one function of 0016, to be put in its place again."""
    start = source.index(f"CREATE FUNCTION kasane.{name}()")
    text = source[start : source.index("$$;", start) + 3]
    return text.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)


ANEW = function_of(agenda.GUARDS, "ask_anew")
ANEW_TOLD = ANEW.replace(OLD_WORDS, NEW_WORDS)
BEFORE = "\n".join(function_of(agenda.GUARDS, n) for n in ("guard_attendance", "guard_answer"))


class Migration(migrations.Migration):
    dependencies = [("meetings", "0016_agenda")]

    operations = [
        migrations.AddField(
            model_name="itemgrant",
            name="answered_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="agencies.membership",
            ),
        ),
        migrations.AddConstraint(
            model_name="itemgrant",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("answered_by", None),
                    models.Q(("answer", ""), _negated=True),
                    _connector="OR",
                ),
                name="item_grant_told_whole",
            ),
        ),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.RunSQL(GUARDS, BEFORE),
        migrations.RunSQL(ANEW_TOLD, ANEW),
        agenda.MayChange("meetings_itemgrant", "answered_by_id"),
    ]
