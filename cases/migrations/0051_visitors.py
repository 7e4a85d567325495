"""Whoever came or telephoned about somebody is found by name and number when they do so again."""

from django.db import migrations, models

from config.lib.kana import fold
from config.lib.phones import compared_digits


def fold_what_is_there(apps, schema_editor):
    model = apps.get_model("cases", "Consultation")
    taken = model.objects.using(schema_editor.connection.alias)
    schema_editor.execute("ALTER TABLE cases_consultation DISABLE TRIGGER USER")
    for one in taken.exclude(visitor_name="", visitor_phone="").iterator():
        taken.filter(pk=one.pk).update(
            visitor_folded=fold(one.visitor_name),
            visitor_digits=compared_digits(one.visitor_phone),
        )
    schema_editor.execute("ALTER TABLE cases_consultation ENABLE TRIGGER USER")


def folded(name, length):
    field = models.CharField(
        blank=True, db_collation="C", db_default="", editable=False, max_length=length
    )
    return migrations.AddField("consultation", name, field)


def index(field, name):
    made = models.Index(fields=["agency", field], name=name, condition=~models.Q(**{field: ""}))
    return migrations.AddIndex("consultation", made)


STANDS = """
CREATE TRIGGER keep_visitor BEFORE UPDATE ON public.cases_consultation
    FOR EACH ROW EXECUTE FUNCTION kasane.keep_columns('visitor_folded', 'visitor_digits');
"""
FALLS = "DROP TRIGGER keep_visitor ON public.cases_consultation;"


class Migration(migrations.Migration):
    dependencies = [("cases", "0050_persons_at_work")]

    operations = [
        folded("visitor_folded", 300),
        folded("visitor_digits", 20),
        migrations.RunPython(fold_what_is_there, migrations.RunPython.noop),
        migrations.RunSQL(STANDS, FALLS),
        index("visitor_folded", "consultation_visitor"),
        index("visitor_digits", "consultation_visitor_phone"),
    ]
