"""Plans are records: their tables ask whether the record is visible (V2, V3, V6)."""

from django.db import migrations

from config.lib.rowsecurity import Gate, actor, system

AGENCY = actor("agency_id")


def of_record(table):
    return f"EXISTS (SELECT 1 FROM cases_record AS r WHERE r.id = {table}.record_id)"


def in_record(table):
    return (
        f"EXISTS (SELECT 1 FROM cases_record AS r WHERE r.id = {table}.record_id"
        f" AND r.author_agency_id = {AGENCY})"
    )


def of_plan(table, key="plan_id"):
    return f"EXISTS (SELECT 1 FROM plans_plan AS p WHERE p.record_id = {table}.{key})"


FIGURES = system("statistics")
DATES = system("scheduler")

# A plan is decided by a conference or an agency that did not write it: whoever reads it may be
# the one to change its state; plans.operations says who, plans_planstep who it was.
PLAN = f"{of_record('plans_plan')} OR {FIGURES} OR {DATES}"


class Migration(migrations.Migration):
    dependencies = [("plans", "0001_initial"), ("cases", "0002_gate")]

    operations = [
        Gate(
            "plans_plan", read=PLAN, insert=in_record("plans_plan"),
            update=of_record("plans_plan"),
        ),
        Gate(
            "plans_historicalplan",
            read=of_plan("plans_historicalplan", "record_id"),
            insert="true",
        ),
        *(
            Gate(
                table,
                read=f"{of_plan(table)} OR {FIGURES}",
                insert=of_plan(table),
                update=of_plan(table),
                delete=of_plan(table),
            )
            for table in ("plans_goal", "plans_supportitem")
        ),
        Gate(
            "plans_planstep",
            read=f"{of_plan('plans_planstep')} OR {FIGURES}",
            insert=f"plans_planstep.by_id = {actor('membership_id')}",
        ),
        *(
            Gate(
                table,
                read=f"{of_record(table)} OR {FIGURES}",
                insert=in_record(table),
                update=in_record(table),
            )
            for table in ("plans_monitoring", "plans_evaluation")
        ),
    ]
