"""同じ人だった: two rows of one case are one person. A link alone, as between cases (decision 0010):
it stands within one case, of two who are there, nobody under a shield, and no answer about consent
stands for the one whose name goes."""

from django.db import migrations, models

from config.lib.rowsecurity import Narrow

LINK = "cases_householdlink"
PAIR = f"""EXISTS (SELECT 1 FROM cases_person AS p JOIN cases_person AS q ON q.case_id = p.case_id
    WHERE p.id = {LINK}.from_person_id AND q.id = {LINK}.to_person_id {{also}})"""
STANDING = PAIR.format(also="AND p.left_on IS NULL AND q.left_on IS NULL")
ANSWERED = f"""EXISTS (SELECT 1 FROM cases_consent AS k
    WHERE k.person_id = {LINK}.from_person_id AND k.withdrawn_at IS NULL)"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0042_referral_result")]

    operations = [
        migrations.AlterField(
            model_name="householdlink",
            name="kind",
            field=models.CharField(
                choices=[
                    ("split", "世帯から分かれた"),
                    ("joined", "別の世帯に移った"),
                    ("merged", "統合した"),
                    ("same", "同じ人だった"),
                ],
                max_length=10,
            ),
        ),
        Narrow(
            LINK,
            "same",
            insert=f"CASE WHEN {LINK}.kind = 'same' THEN {STANDING} AND NOT {ANSWERED}"
            f" ELSE NOT {PAIR.format(also='')} END",
        ),
    ]
