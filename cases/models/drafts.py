"""下書き: what somebody has typed into a form and not yet sent.

Its words are whoever typed them alone: no list, title, search or figure knows of them (V13). They
stay closed where the case does, and beneath a shield whose list the writer is not on (V9).
"""

from __future__ import annotations

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from agencies.models import Membership
from cases.gate import NOTHING, reads_cases, unshielded
from config.lib.ids import new_id

from .case import Case


class DraftQuerySet(models.QuerySet["Draft"]):
    """Doors to drafts."""

    def visible_to(self, membership: Membership) -> DraftQuerySet:
        """One's own, in the membership they were typed in, as long as one sees their case."""
        if not reads_cases(membership):
            return self.filter(NOTHING)
        case = Case.objects.visible_to(membership).filter(pk=OuterRef("case_id"))
        return self.filter(
            Q(membership_id=membership.pk),
            Q(case_id__isnull=True) | Exists(case),
            unshielded(),
        )


class Draft(models.Model):
    """One form, as it stood when it was last kept."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey(
        Case, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    page = models.CharField(max_length=200)  # the form's address
    title = models.CharField(max_length=60)  # what the page is called: 相談受付, 記録を書く, …
    typed = models.JSONField()  # [name, value] in the form's order
    saved_at = models.DateTimeField(default=timezone.now)

    objects = DraftQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["membership", "-saved_at"], name="draft_of_membership")]
