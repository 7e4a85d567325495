"""Whether a change uncovers items is asked of one case's items, by their index, and keeps its plan:
the whole city's were gone through with every note, planned anew each time."""

from django.db import migrations

BLOCK = """
CREATE OR REPLACE FUNCTION kasane.block_uncovered_items(case_key uuid)
RETURNS TABLE (
    item_id uuid, sitting_id uuid, secretariat_id integer, proposing_agency_id integer,
    missing integer)
LANGUAGE {language} SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
{begin}
    WITH failing AS (
        {failing}
    ), blocked AS (
        UPDATE public.meetings_agendaitem AS i
        SET state = 'blocked', version = i.version + 1
        FROM failing AS f
        WHERE f.id = i.id AND f.missing > 0 AND i.state IN ('proposed', 'noticed')
        RETURNING i.id, i.sitting_id, i.conference_type_id, i.proposing_agency_id, f.missing
    ), steps AS (
        INSERT INTO public.meetings_itemstep (id, item_id, name, to_state, by_id, at)
        SELECT gen_random_uuid(), b.id, 'block', 'blocked', (kasane.actor()).membership_id, now()
        FROM blocked AS b WHERE (kasane.actor()).membership_id IS NOT NULL
    )
    SELECT b.id, b.sitting_id, t.secretariat_id, b.proposing_agency_id, b.missing
    FROM blocked AS b JOIN public.agencies_conferencetype AS t ON t.id = b.conference_type_id
{end}
$$;
"""
FAILING = """SELECT i.id, kasane.uncovered(i.case_id, i.person_ids, i.participant_ids) AS missing
        FROM public.meetings_agendaitem AS i
        WHERE i.basis = 'consent' AND i.state IN ('proposed', 'noticed') AND """
EVERY = "CASE WHEN case_key IS NULL THEN (kasane.actor()).system_name = 'scheduler' ELSE "
MINE = """i.case_id = case_key AND EXISTS (
            SELECT 1 FROM public.cases_casegrant AS g
            WHERE g.group_id = (kasane.actor()).agency_id AND g.content_object_id = case_key)"""
NIGHTLY = """case_key IS NULL AND i.case_id IS NOT NULL
            AND (kasane.actor()).system_name = 'scheduler'"""


def _said(language: str, begin: str, failing: str, end: str) -> str:
    sql = BLOCK
    for name, part in (("language", language), ("begin", begin), ("failing", failing),
                       ("end", end)):  # fmt: skip
        sql = sql.replace("{" + name + "}", part)
    return sql


NOW = _said(
    "plpgsql",
    "#variable_conflict use_column\nBEGIN RETURN QUERY",
    f"{FAILING}{MINE}\n        UNION ALL\n        {FAILING}{NIGHTLY}",
    ";\nEND",
)
BEFORE = _said("sql", "", f"{FAILING}i.case_id IS NOT NULL AND {EVERY}{MINE} END", "")


class Migration(migrations.Migration):
    dependencies = [("meetings", "0006_shield")]

    operations = [migrations.RunSQL(NOW, BEFORE)]
