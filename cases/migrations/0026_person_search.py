"""A person is found by the given name alone, by 宛名番号, and as likely the same by address."""

from django.db import migrations, models

from config.lib.kana import fold_address, fold_given


def fold_what_is_there(apps, schema_editor):
    """Search columns are derived: no version is written for them."""
    person, contact = (apps.get_model("cases", name) for name in ("Person", "Contact"))
    using = schema_editor.connection.alias
    for table in ("cases_person", "cases_contact"):
        schema_editor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    for one in person.objects.using(using).exclude(name="", name_kana="").iterator():
        given, kana = fold_given(one.name), fold_given(one.name_kana)
        person.objects.using(using).filter(pk=one.pk).update(
            given_folded=given, given_kana_folded=kana
        )
    for one in contact.objects.using(using).exclude(address="").iterator():
        contact.objects.using(using).filter(pk=one.pk).update(
            address_folded=fold_address(one.address)
        )
    for table in ("cases_person", "cases_contact"):
        schema_editor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


class Migration(migrations.Migration):
    dependencies = [
        ("agencies", "0015_quiet_act"),
        ("cases", "0025_drafts"),
    ]

    operations = [
        migrations.AddField(
            model_name="contact",
            name="address_folded",
            field=models.CharField(blank=True, db_collation="C", db_default="", max_length=600),
        ),
        migrations.AddField(
            model_name="historicalcontact",
            name="address_folded",
            field=models.CharField(blank=True, db_default="", max_length=600),
        ),
        migrations.AddField(
            model_name="historicalperson",
            name="given_folded",
            field=models.CharField(blank=True, db_default="", max_length=300),
        ),
        migrations.AddField(
            model_name="historicalperson",
            name="given_kana_folded",
            field=models.CharField(blank=True, db_default="", max_length=300),
        ),
        migrations.AddField(
            model_name="historicalcontact",
            name="resident_ref",
            field=models.CharField(
                blank=True, db_default="", max_length=20, verbose_name="宛名番号"
            ),
        ),
        migrations.AddField(
            model_name="person",
            name="given_folded",
            field=models.CharField(blank=True, db_collation="C", db_default="", max_length=300),
        ),
        migrations.AddField(
            model_name="person",
            name="given_kana_folded",
            field=models.CharField(blank=True, db_collation="C", db_default="", max_length=300),
        ),
        migrations.AddField(
            model_name="contact",
            name="resident_ref",
            field=models.CharField(
                blank=True, db_collation="C", db_default="", max_length=20, verbose_name="宛名番号"
            ),
        ),
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(fields=["address_folded"], name="contact_address"),
        ),
        migrations.AddIndex(
            model_name="person",
            index=models.Index(fields=["given_folded"], name="person_given"),
        ),
        migrations.AddIndex(
            model_name="person",
            index=models.Index(fields=["given_kana_folded"], name="person_given_kana"),
        ),
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(
                condition=models.Q(("resident_ref", ""), _negated=True),
                fields=["resident_ref"],
                name="contact_resident_ref",
            ),
        ),
        migrations.RunPython(fold_what_is_there, migrations.RunPython.noop),
    ]
