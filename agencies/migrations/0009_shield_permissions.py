"""Who may propose and confirm a 支援措置 (V9): the roles that write records. Never an
administrator (V11)."""

from django.db import migrations

SHIELD = "cases.shield"
ROLES = (
    "consultation_worker", "coordinator", "office_head", "outreach_worker", "participation_worker",
)  # fmt: skip


def load(apps, schema_editor):
    roles = apps.get_model("agencies", "Role").objects.using(schema_editor.connection.alias)
    for role in roles.filter(key__in=ROLES):
        if SHIELD not in role.permissions:
            role.permissions = [*role.permissions, SHIELD]
            role.save(update_fields=["permissions"])


class Migration(migrations.Migration):
    dependencies = [("agencies", "0008_emergency_permission")]

    operations = [migrations.RunPython(load, migrations.RunPython.noop)]
