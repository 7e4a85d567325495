"""添付: files of a record. What a file is stands in one row, its bytes in another, so that no list
reads bytes; both are gated as every content is, by the record they hang on (docs/decisions/0005).
"""

from __future__ import annotations

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from agencies.models import Membership
from config.lib.ids import new_id

from .records import ContentQuerySet, Record


class Attachment(models.Model):
    """A file of a record, as it was checked when it came in. Added, never changed or removed."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    record = models.ForeignKey(Record, on_delete=models.PROTECT, related_name="attachments")
    name = models.CharField(max_length=240)
    media_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()  # bytes
    sha256 = models.CharField(max_length=64)
    added_at = models.DateTimeField(default=timezone.now)
    author = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")

    objects = ContentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(name="attachment_not_empty", condition=Q(size__gt=0)),
            # The same file sent twice (a double click, a resend) stands once in its record.
            models.UniqueConstraint(fields=["record", "sha256"], name="attachment_once"),
        ]


class AttachmentContentQuerySet(models.QuerySet["AttachmentContent"]):
    """Doors to the bytes."""

    def visible_to(self, membership: Membership) -> AttachmentContentQuerySet:
        """Those of visible attachments."""
        files = Attachment.objects.visible_to(membership).filter(pk=OuterRef("attachment_id"))
        return self.filter(Exists(files))


class AttachmentContent(models.Model):
    """The bytes of an attachment, read only to be handed out."""

    attachment = models.OneToOneField(
        Attachment, primary_key=True, on_delete=models.PROTECT, related_name="content"
    )
    data = models.BinaryField()

    objects = AttachmentContentQuerySet.as_manager()
