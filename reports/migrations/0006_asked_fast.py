"""What the policies ask again and again, asked in a way PostgreSQL keeps and estimates.

A function in SQL is parsed and planned anew in every statement that calls it: the list of shielded
cases took 0.5 ms of each, three times a statement. In PL/pgSQL its plan is kept.

`period @> now()` is an operator that is not leakproof: beneath a policy PostgreSQL may not look at
its statistics, expects one grant of two hundred to be in force and joins 2,500 cases to the city's
agencies in a loop. Of a function it expects one of three.
"""

from django.db import migrations

from config.lib.rowsecurity import Rewrite

KEPT = """
DO $do$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT pg_get_functiondef(p.oid) AS definition, p.prosrc, p.proretset
        FROM pg_proc AS p
        WHERE p.pronamespace = 'kasane'::regnamespace AND p.proname IN (
            'shielded_cases', 'shielded_against_me', 'my_shields', 'shield_closes',
            'shield_closes_versions', 'saw_before', 'attached_items', 'transfer_reaches',
            'fiscal_year')
    LOOP
        EXECUTE replace(replace(one.definition, 'LANGUAGE {was}', 'LANGUAGE {becomes}'),
                        one.prosrc, {body});
    END LOOP;
END
$do$
"""
IN_PLPGSQL = """CASE WHEN one.proretset THEN E'\\nBEGIN\\n    RETURN QUERY' || one.prosrc || E';\\nEND\\n'
    ELSE E'\\nBEGIN\\n    RETURN (' || one.prosrc || E');\\nEND\\n' END"""
IN_SQL = (
    r"""regexp_replace(one.prosrc, '^\s*BEGIN\s+RETURN (?:QUERY|\()(.*?)\)?;\s+END\s*$', '\1')"""
)


class Migration(migrations.Migration):
    dependencies = [
        ("agencies", "0014_wrong_codes"),
        ("cases", "0021_folded"),
        ("meetings", "0006_shield"),
        ("plans", "0005_review_due"),
        ("reports", "0005_plan_once"),
    ]

    operations = [
        migrations.RunSQL(
            KEPT.format(was="sql", becomes="plpgsql", body=IN_PLPGSQL),
            KEPT.format(was="plpgsql", becomes="sql", body=IN_SQL),
        ),
        Rewrite(
            (r"\(((?:\w+\.)?\w*period) @> now\(\)\)", r"range_contains_elem(\1, now())"),
            (r"range_contains_elem\(((?:\w+\.)?\w*period), now\(\)\)", r"(\1 @> now())"),
        ),
    ]
