"""Who did something says so: a correction's reason, 済み, the end of 供覧."""

from django.db import migrations

# A reason is said by the statement that corrects. Equal words twice are no fault: two slips of the
# pen are two slips of the pen. So the one before is forgotten first, and comes back where the
# statement names the column; of that alone a trigger with OF knows. In the order of their names.
REASONS = """
CREATE FUNCTION kasane.forget_reason() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.correction_reason = OLD.correction_reason THEN
        NEW.correction_reason := NULL;
    END IF;
    RETURN NEW;
END
$$;
CREATE FUNCTION kasane.say_reason_again() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.correction_reason := COALESCE(NEW.correction_reason, OLD.correction_reason);
    RETURN NEW;
END
$$;
CREATE OR REPLACE FUNCTION kasane.needs_reason() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY TG_ARGV LOOP
        IF to_jsonb(NEW) -> name IS DISTINCT FROM to_jsonb(OLD) -> name
           AND (NEW.version <= OLD.version
                OR COALESCE(NEW.correction_reason, '') !~ '[^[:space:]　]') THEN
            RAISE EXCEPTION 'corrected without a new version or a reason'
                USING ERRCODE = 'check_violation';
        END IF;
    END LOOP;
    NEW.correction_reason := COALESCE(NEW.correction_reason, OLD.correction_reason);
    RETURN NEW;
END
$$;
"""
CORRECTED = ("cases_note", "cases_assessmentsection")


def said(table):
    return (
        f"CREATE TRIGGER correction_1_forget BEFORE UPDATE ON public.{table}"
        " FOR EACH ROW EXECUTE FUNCTION kasane.forget_reason();"
        f"CREATE TRIGGER correction_2_said BEFORE UPDATE OF correction_reason ON public.{table}"
        " FOR EACH ROW EXECUTE FUNCTION kasane.say_reason_again();"
    )


REASONS_BEFORE = """
CREATE OR REPLACE FUNCTION kasane.needs_reason() RETURNS trigger
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
DROP FUNCTION kasane.forget_reason();
DROP FUNCTION kasane.say_reason_again();
"""

# Nobody says 済み in another's name. 供覧 is ended by who asked; where they left, by a colleague;
# and nothing answered is ended.
NAMES = """
CREATE FUNCTION kasane.guard_note_task() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (NEW.done_by_id IS DISTINCT FROM OLD.done_by_id
        OR NEW.done_at IS DISTINCT FROM OLD.done_at)
       AND NEW.done_by_id IS NOT NULL
       AND NEW.done_by_id IS DISTINCT FROM (kasane.actor()).membership_id
       AND NOT pg_has_role(current_user, (SELECT c.relowner FROM pg_class AS c
                                          WHERE c.oid = TG_RELID), 'MEMBER') THEN
        RAISE EXCEPTION 'done by whoever says so' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guard_note_task BEFORE UPDATE ON public.cases_notetask
    FOR EACH ROW EXECUTE FUNCTION kasane.guard_note_task();
CREATE OR REPLACE FUNCTION kasane.guard_read_request() RETURNS trigger
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
       AND (OLD.ended_at IS NOT NULL OR OLD.confirmed_at IS NOT NULL
            OR OLD.kind = 'mention' AND OLD.seen_at IS NOT NULL
            OR NEW.agency_id IS DISTINCT FROM me.agency_id
            OR NEW.by_id IS DISTINCT FROM me.membership_id AND NOT EXISTS (
                SELECT 1 FROM public.agencies_membership AS m WHERE m.id = NEW.by_id
                  AND m.until < (now() AT TIME ZONE 'Asia/Tokyo')::date)) THEN
        RAISE EXCEPTION 'not the sender' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
"""
NAMES_BEFORE = """
DROP TRIGGER guard_note_task ON public.cases_notetask;
DROP FUNCTION kasane.guard_note_task();
CREATE OR REPLACE FUNCTION kasane.guard_read_request() RETURNS trigger
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
"""


def dropped(name, tables):
    return "".join(f"DROP TRIGGER {name} ON public.{table};" for table in tables)


class Migration(migrations.Migration):
    dependencies = [("cases", "0034_answers_word_by_word")]

    operations = [
        migrations.RunSQL(REASONS, REASONS_BEFORE),
        migrations.RunSQL(
            "".join(map(said, CORRECTED)),
            dropped("correction_1_forget", CORRECTED) + dropped("correction_2_said", CORRECTED),
        ),
        migrations.RunSQL(NAMES, NAMES_BEFORE),
    ]
