"""A shield reads answers word by word, not as the JSON they are kept in (V9)."""

from django.db import migrations

# Every scalar of an answer by itself, then the names they stand under: read as JSON a line break
# is two signs and parts what is hidden.
WORDS = """
CREATE OR REPLACE FUNCTION kasane.shield_words(facts jsonb, columns text[]) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT COALESCE(string_agg(w.word, E'\\n' ORDER BY c.place, w.is_name, w.place), '')
    FROM unnest(columns) WITH ORDINALITY AS c(name, place),
        LATERAL (
            SELECT leaf.value #>> '{}' AS word, false AS is_name, leaf.place
            FROM jsonb_path_query(facts -> c.name,
                'strict $.** ? (@.type() != "object" && @.type() != "array")')
                WITH ORDINALITY AS leaf(value, place)
            UNION ALL
            SELECT names.value #>> '{}', true, names.place
            FROM jsonb_path_query(facts -> c.name,
                'strict $.** ? (@.type() == "object").keyvalue().key')
                WITH ORDINALITY AS names(value, place)
        ) AS w
    WHERE w.word <> ''
$$;
-- What was missed before waits from now on.
SELECT kasane.hold_found(s.id) FROM public.cases_shield AS s
WHERE s.confirmed_at IS NOT NULL AND s.lifted_at IS NULL;
"""
WORDS_BEFORE = """
CREATE OR REPLACE FUNCTION kasane.shield_words(facts jsonb, columns text[]) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT COALESCE(string_agg(facts ->> c.name, E'\\n'), '')
    FROM unnest(columns) AS c(name) WHERE facts ->> c.name <> ''
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0033_contents_in_place")]

    operations = [
        migrations.RunSQL(WORDS, WORDS_BEFORE),
    ]
