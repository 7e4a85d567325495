"""V8: which roles may open a case in an emergency: those who go to people."""

from django.db import migrations

ROLES = ("consultation_worker", "coordinator", "outreach_worker")
PERMISSION = "cases.open_emergency"


def give(apps, schema_editor):
    using = schema_editor.connection.alias
    for role in apps.get_model("agencies", "Role").objects.using(using).filter(key__in=ROLES):
        role.permissions = [*role.permissions, PERMISSION]
        role.save(update_fields=["permissions"])


class Migration(migrations.Migration):
    dependencies = [("agencies", "0007_signed_actor")]

    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
