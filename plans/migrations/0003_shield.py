"""The free text of a plan is its record's: a shield closes it with the record (V9)."""

from django.db import migrations

from config.lib.shieldsecurity import ShieldText, versions

PLAN = ("wishes", "problems", "aim", "signature_note")


class Migration(migrations.Migration):
    dependencies = [("plans", "0002_gate"), ("cases", "0010_shield_gate")]

    operations = [
        versions("plans_historicalplan"),
        ShieldText("plans_plan", *PLAN),
        ShieldText("plans_historicalplan", *PLAN, is_version=True),
        ShieldText("plans_goal", "text", row="plan_id", by="plan_id"),
        ShieldText("plans_supportitem", "content", "worker", "frequency", row="plan_id",
                   by="plan_id"),
        ShieldText("plans_planstep", "note", row="plan_id", by="plan_id"),
        ShieldText("plans_monitoring", "text"),
        ShieldText("plans_evaluation", "changes", "remaining", "follow_up"),
    ]  # fmt: skip
