"""Cautions and risk sheets are contents of records (V1, V9, V13); what is moved of them (refiling)."""

from django.db import migrations

from config.lib.rowsecurity import Gate, actor, system
from config.lib.shieldsecurity import ShieldText, versions

AGENCY = actor("agency_id")
SECTION = "cases_assessmentsection"
TABLES = ("cases_cautionnote", "cases_riskassessment")
HISTORY = {
    "cases_cautionnote": "cases_historicalcautionnote",
    "cases_riskassessment": "cases_historicalriskassessment",
}
WORDS = {
    "cases_cautionnote": ("text", "end_reason"),
    "cases_riskassessment": ("answers", "text", "strengths", "deciders", "override_reason"),
}


def content(table):
    """As in 0002, planned once (0012 in docs/decisions)."""
    mine = (
        f"EXISTS (SELECT 1 FROM cases_record AS r WHERE r.id = {table}.record_id"
        f" AND r.author_agency_id = {AGENCY})"
    )
    seen = f"EXISTS (SELECT 1 FROM cases_record AS r WHERE r.id = {table}.record_id OFFSET 0)"
    return Gate(table, read=f"{seen} OR {system('statistics')}", insert=mine, update=mine)


def history(table):
    """As in 0005: a version from before a move asks for what the record was then, too."""
    rows = HISTORY[table]
    seen = f"EXISTS (SELECT 1 FROM {table} AS p WHERE p.record_id = {rows}.record_id OFFSET 0)"
    before = f"kasane.saw_before({rows}.record_id, {rows}.history_date)"
    return Gate(rows, read=f"{seen} AND {before}", insert=seen)


# As in 0006; and: an issue, a caution and a risk sheet belong to the category their kind says, a
# section with answers to that of its questions. For these the audience alone is moved.
REFILING = """
CREATE OR REPLACE FUNCTION kasane.refile_record(
    record_key uuid, new_category text, new_audience text, because text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    mine integer := (kasane.actor()).agency_id;
    r public.cases_record;
BEGIN
    SELECT x.* INTO r FROM public.cases_record AS x WHERE x.id = record_key FOR UPDATE;
    IF NOT FOUND OR mine IS NULL OR r.author_agency_id <> mine OR r.carry_out_id IS NOT NULL
       OR r.kind NOT IN ('note', 'assessment', 'issue', 'caution', 'risk')
       OR r.category = 'notifier'
       OR (new_category <> r.category AND (r.kind IN ('issue', 'caution', 'risk')
           OR EXISTS (SELECT 1 FROM public.cases_assessmentsection AS s
                      WHERE s.record_id = r.id AND s.answers <> '{}')))
       OR (new_category = r.category AND new_audience = r.audience)
       OR new_category NOT IN (
           'basic', 'household', 'health', 'disability', 'care', 'child', 'money', 'work',
           'housing', 'safety', 'notifier', 'progress')
       OR new_audience NOT IN ('team', 'agency')
       OR because = '' OR NOT kasane.may_write()
       OR NOT EXISTS (SELECT 1 FROM public.cases_case AS c
                      WHERE c.id = r.case_id AND c.status = 'active')
       OR NOT EXISTS (
            SELECT 1 FROM public.cases_casegrant AS g
            WHERE g.group_id = mine AND g.content_object_id = r.case_id
              AND g.basis <> 'own_records' AND g.revoked_at IS NULL AND g.period @> now()) THEN
        RAISE EXCEPTION 'this record is not moved' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO public.cases_refiling (id, record_id, category_before, audience_before,
        category_after, audience_after, reason, by_id, at)
    VALUES (gen_random_uuid(), r.id, r.category, r.audience, new_category, new_audience, because,
        (kasane.actor()).membership_id, clock_timestamp());
    UPDATE public.cases_record AS x SET category = new_category, audience = new_audience
    WHERE x.id = r.id;
    PERFORM kasane.sync_grants(r.case_id);
END
$$;
"""

# The words beside the answers are free text, too.
FORMER = f"""
DROP TRIGGER shield_written ON {SECTION};
DELETE FROM kasane.shield_texts
WHERE table_name IN ('{SECTION}', 'cases_historicalassessmentsection');
"""
WORDS_BEFORE = ("situation", "strengths")
AS_BEFORE = [
    *ShieldText(SECTION, *WORDS_BEFORE).forwards(),
    *ShieldText("cases_historicalassessmentsection", *WORDS_BEFORE, is_version=True).forwards(),
]
ANSWERED = (*WORDS_BEFORE, "answers")


class Migration(migrations.Migration):
    dependencies = [("cases", "0029_assessing")]

    operations = [
        *map(content, TABLES),
        *map(history, TABLES),
        *map(versions, HISTORY.values()),
        *(ShieldText(table, *WORDS[table]) for table in TABLES),
        *(ShieldText(HISTORY[table], *WORDS[table], is_version=True) for table in TABLES),
        migrations.RunSQL(FORMER, AS_BEFORE),
        ShieldText(SECTION, *ANSWERED),
        ShieldText("cases_historicalassessmentsection", *ANSWERED, is_version=True),
        migrations.RunSQL(REFILING, migrations.RunSQL.noop),
    ]
