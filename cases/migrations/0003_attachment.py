"""Attachments of records (docs/decisions/0005), and one submit of a form, one record or person."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import config.lib.ids
from config.lib.rowsecurity import Gate, actor

AGENCY = actor("agency_id")
ME = actor("membership_id")
IN_FORCE = "g.revoked_at IS NULL AND g.period @> now()"


def mine(record):
    """A record of one's own agency, in an open case one works on (V2)."""
    return f"""EXISTS (SELECT 1 FROM cases_record AS r
        JOIN cases_case AS c ON c.id = r.case_id
        JOIN cases_casegrant AS g ON g.content_object_id = r.case_id
        WHERE r.id = {record} AND r.author_agency_id = {AGENCY} AND r.carry_out_id IS NULL
          AND c.status <> 'closed'
          AND g.group_id = {AGENCY} AND g.basis <> 'own_records' AND {IN_FORCE})"""


# A file is read with its record, as every content is; the bytes with the file. Neither is ever
# changed or removed.
ATTACHMENT = Gate(
    "cases_attachment",
    read="EXISTS (SELECT 1 FROM cases_record AS r WHERE r.id = cases_attachment.record_id)",
    insert=f"cases_attachment.author_id = {ME} AND {mine('cases_attachment.record_id')}",
)
CONTENT = Gate(
    "cases_attachmentcontent",
    read="EXISTS (SELECT 1 FROM cases_attachment AS a"
    " WHERE a.id = cases_attachmentcontent.attachment_id)",
    insert="EXISTS (SELECT 1 FROM cases_attachment AS a"
    f" WHERE a.id = cases_attachmentcontent.attachment_id AND a.author_id = {ME}"
    f" AND {mine('a.record_id')})",
)


class Migration(migrations.Migration):
    dependencies = [("cases", "0002_gate")]

    operations = [
        migrations.AddField("record", "form_key", models.UUIDField(editable=False, null=True)),
        migrations.AddConstraint(
            "record",
            models.UniqueConstraint(
                fields=("author", "case", "kind", "form_key"), name="record_form_once"
            ),
        ),
        migrations.AddField("person", "form_key", models.UUIDField(editable=False, null=True)),
        migrations.AddField(
            "historicalperson", "form_key", models.UUIDField(editable=False, null=True)
        ),
        migrations.AddConstraint(
            "person",
            models.UniqueConstraint(fields=("author", "case", "form_key"), name="person_form_once"),
        ),
        migrations.CreateModel(
            name="Attachment",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=config.lib.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(max_length=240)),
                ("media_type", models.CharField(max_length=100)),
                ("size", models.PositiveIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                ("added_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.membership",
                    ),
                ),
                (
                    "record",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="attachments",
                        to="cases.record",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            "attachment",
            models.CheckConstraint(
                condition=models.Q(("size__gt", 0)), name="attachment_not_empty"
            ),
        ),
        migrations.AddConstraint(
            "attachment",
            models.UniqueConstraint(fields=("record", "sha256"), name="attachment_once"),
        ),
        migrations.CreateModel(
            name="AttachmentContent",
            fields=[
                (
                    "attachment",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="content",
                        serialize=False,
                        to="cases.attachment",
                    ),
                ),
                ("data", models.BinaryField()),
            ],
        ),
        # Files are compressed already: the server need not try again.
        migrations.RunSQL(
            "ALTER TABLE cases_attachmentcontent ALTER COLUMN data SET STORAGE EXTERNAL",
            migrations.RunSQL.noop,
        ),
        ATTACHMENT,
        CONTENT,
    ]
