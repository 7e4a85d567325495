"""A policy that asks whether a grant stands asks it of each row (as 0005 of its whole).

PostgreSQL plans `EXISTS (SELECT 1 FROM cases_casegrant …)` twice: row by row, and as a table of all
grants of the agency where it expects many rows. It expects many of any list, and takes the table,
though a page ends after fifty: 139,566 grants read for one search, 60 of 120 ms.
"""

from django.db import migrations

from config.lib.rowsecurity import Rewrite

ASKED = r"([^\n]*range_contains_elem\(g\.period, now\(\)\))\)"
GRANTS = r"EXISTS \( SELECT 1\s+FROM cases_casegrant g\s+WHERE \(" + ASKED


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0048_found_fast"),
        ("meetings", "0008_gate_answers_first"),
        ("reports", "0014_visit_versions"),
    ]

    operations = [
        Rewrite(
            (GRANTS + r"\)", r"EXISTS (SELECT 1 FROM cases_casegrant g WHERE (\1) OFFSET 0)"),
            (
                GRANTS + r"\s+OFFSET 0\)",
                r"EXISTS (SELECT 1 FROM cases_casegrant g WHERE (\1))",
            ),
        )
    ]
