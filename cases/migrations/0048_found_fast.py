"""Persons of consultations are found as persons of cases are: by folded columns with an index, among
those of the agency that took them. An agency's own persons, a year of birth, the end of a consent
and answers to a sheet have an index too."""

import django.db.models.deletion
from django.db import migrations, models

from config.lib.kana import fold, fold_address, fold_given
from config.lib.phones import compared_digits
from config.lib.rowsecurity import Narrow, actor

OF_ITS_AGENCY = """
UPDATE cases_consultationperson AS p SET agency_id = c.agency_id
FROM cases_consultation AS c WHERE c.id = p.consultation_id
"""


def fold_what_is_there(apps, schema_editor):
    part = apps.get_model("cases", "ConsultationPerson")
    persons = part.objects.using(schema_editor.connection.alias)
    # Nothing waits for the end of the transaction: a table with deferred checks is not altered.
    schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    schema_editor.execute("ALTER TABLE cases_consultationperson DISABLE TRIGGER USER")
    schema_editor.execute(OF_ITS_AGENCY)
    for one in persons.iterator():
        persons.filter(pk=one.pk).update(
            name_folded=fold(one.name),
            kana_folded=fold(one.name_kana),
            given_folded=fold_given(one.name),
            given_kana_folded=fold_given(one.name_kana),
            phone_digits=compared_digits(one.phone),
            address_folded=fold_address(one.address),
        )
    schema_editor.execute("ALTER TABLE cases_consultationperson ENABLE TRIGGER USER")


def folded(name, length=300, **kept):
    given = kept or {"default": ""}
    field = models.CharField(blank=True, db_collation="C", max_length=length, **given)
    return migrations.AddField(
        model_name="consultationperson", name=name, field=field, preserve_default=bool(kept)
    )


def agency(**more):
    return models.ForeignKey(
        db_index=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to="agencies.agency",
        **more,
    )


def index(model, name, *fields, condition=None):
    made = models.Index(fields=list(fields), name=name, condition=condition)
    return migrations.AddIndex(model_name=model, index=made)


def end():
    return models.GeneratedField(
        db_persist=True,
        expression=models.Func(models.F("period"), function="upper"),
        output_field=models.DateTimeField(null=True),
    )


YEAR = models.Q(birth_year__isnull=False)


class Migration(migrations.Migration):
    dependencies = [
        ("agencies", "0019_risk_levels"),
        ("cases", "0047_decade"),
    ]

    operations = [
        migrations.AddField("consultationperson", "agency", agency(null=True)),
        folded("name_folded"),
        folded("kana_folded"),
        folded("given_folded", db_default=""),
        folded("given_kana_folded", db_default=""),
        folded("phone_digits", 20),
        folded("address_folded", 600),
        migrations.RunPython(fold_what_is_there, migrations.RunPython.noop),
        migrations.AlterField("consultationperson", "agency", agency()),
        Narrow(
            "cases_consultationperson",
            "of_its_agency",
            insert=f"cases_consultationperson.agency_id = {actor('agency_id')}",
        ),
        index("consultationperson", "asked_about_kana", "agency", "kana_folded"),
        index("consultationperson", "asked_about_name", "agency", "name_folded"),
        index("consultationperson", "asked_about_given", "agency", "given_folded"),
        index("consultationperson", "asked_about_given_kana", "agency", "given_kana_folded"),
        index("consultationperson", "asked_about_birth", "agency", "birth_on"),
        index("consultationperson", "asked_about_year", "agency", "birth_year", condition=YEAR),
        index(
            "consultationperson",
            "asked_about_phone",
            "agency",
            "phone_digits",
            condition=~models.Q(phone_digits=""),
        ),
        index(
            "consultationperson",
            "asked_about_address",
            "agency",
            "address_folded",
            condition=~models.Q(address_folded=""),
        ),
        index("person", "person_year", "birth_year", condition=YEAR),
        index("person", "person_own_kana", "author_agency", "kana_folded"),
        index("person", "person_own_name", "author_agency", "name_folded"),
        index("person", "person_own_given", "author_agency", "given_folded"),
        index("person", "person_own_given_kana", "author_agency", "given_kana_folded"),
        index("person", "person_own_birth", "author_agency", "birth_on"),
        index("person", "person_own_year", "author_agency", "birth_year", condition=YEAR),
        index(
            "referral",
            "referral_answered",
            "from_agency",
            "-answered_at",
            condition=models.Q(answered_at__isnull=False),
        ),
        migrations.AddField("consent", "ends_at", end()),
        migrations.AddField("historicalconsent", "ends_at", end()),
        migrations.RemoveIndex(model_name="consent", name="consent_list_order"),
        migrations.RemoveIndex(model_name="consent", name="consent_taken_ends"),
        index(
            "consent",
            "consent_taken_ends",
            "taken_by_agency",
            "ends_at",
            "-recorded_at",
            "id",
            condition=models.Q(withdrawn_at__isnull=True),
        ),
        index(
            "consent",
            "consent_list_order",
            "ends_at",
            "-recorded_at",
            "id",
            condition=models.Q(withdrawn_at__isnull=True),
        ),
    ]
