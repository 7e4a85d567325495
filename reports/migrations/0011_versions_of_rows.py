"""V13: a version is its row, as it was just written (here, as 0003)."""

from django.db import migrations

# History, the table whose versions it holds, the key of both.
HISTORIES = {
    "cases_historicalperson": ("cases_person", "id"),
    "cases_historicalcontact": ("cases_contact", "person_id"),
    "cases_historicalconsent": ("cases_consent", "id"),
    "cases_historicalnote": ("cases_note", "record_id"),
    "cases_historicalissue": ("cases_issue", "record_id"),
    "cases_historicalassessmentsection": ("cases_assessmentsection", "record_id"),
    "cases_historicaltie": ("cases_tie", "record_id"),
    "cases_historicalcautionnote": ("cases_cautionnote", "record_id"),
    "cases_historicalriskassessment": ("cases_riskassessment", "record_id"),
    "plans_historicalplan": ("plans_plan", "record_id"),
}

FUNCTION = """
-- A version is written with its row, by whoever may write that: it says what the row says, and the
-- row was written by this very transaction (what one sees and is still in progress is one's own).
-- So nobody who only reads leaves a version, not even a true one. Its number is the next there is:
-- the newest is found by it. No words of its own: no shield reads them (V9).
CREATE FUNCTION kasane.version_of_its_row() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    is_it boolean;
BEGIN
    IF pg_has_role(session_user, (SELECT c.relowner FROM pg_class AS c WHERE c.oid = TG_RELID),
                   'USAGE') THEN
        RETURN NULL;  -- migrations and proofs
    END IF;
    EXECUTE format(
        'SELECT to_jsonb(t) = $2 AND pg_xact_status(
            (pg_current_xact_id()::text::bigint - age(t.xmin))::text::xid8) = ''in progress''
         FROM public.%1$I AS t WHERE t.%2$I = $1', TG_ARGV[0], TG_ARGV[1])
    INTO is_it USING (to_jsonb(NEW) ->> TG_ARGV[1])::uuid,
        to_jsonb(NEW) - ARRAY['history_id', 'history_date', 'history_type', 'history_user_id',
            'history_change_reason'];
    IF is_it IS NOT TRUE OR NEW.history_type NOT IN ('+', '~')
       OR NEW.history_change_reason IS NOT NULL
       OR NEW.history_id <> currval(pg_get_serial_sequence(TG_RELID::regclass::text, 'history_id'))
    THEN
        RAISE EXCEPTION 'a version in % that is not its row as just written', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION kasane.version_of_its_row() FROM PUBLIC;
"""


def as_written(history):
    table, key = HISTORIES[history]
    return migrations.RunSQL(
        f"CREATE TRIGGER version_of_its_row AFTER INSERT ON public.{history}"
        f" FOR EACH ROW EXECUTE FUNCTION kasane.version_of_its_row('{table}', '{key}');",
        f"DROP TRIGGER version_of_its_row ON public.{history};",
    )


class Migration(migrations.Migration):
    dependencies = [("reports", "0010_large_city")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION kasane.version_of_its_row();"),
        *map(as_written, HISTORIES),
    ]
