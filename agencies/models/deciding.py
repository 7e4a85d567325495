"""決裁 as rows: each line says who decided, in which post, how. A room gives them their whole."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from agencies.enums import DecisionAct
from config.lib.ids import new_id

from .people import Membership


class DecisionStep(models.Model):
    """決裁の一段: append-only, but that the absent one says they have seen it (後閲)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    act = models.CharField(max_length=10, choices=DecisionAct.choices)
    # As the profile named them that day; empty where the city lays down no posts.
    post = models.CharField(_("職"), max_length=30, blank=True)
    in_place_of = models.CharField(_("専決"), max_length=30, blank=True)
    by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    note = models.TextField(_("意見・理由"), blank=True)
    absent = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    seen_at = models.DateTimeField(_("後閲"), null=True, blank=True)
    paper_number = models.CharField(_("文書番号"), max_length=60, blank=True)
    paper_on = models.DateField(_("決裁日"), null=True, blank=True)
    paper_signers = models.CharField(_("決裁した人"), max_length=200, blank=True)
    # This line decides: the last post's, the one person's, or the paper's.
    is_final = models.BooleanField(default=False)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                name="%(class)s_proxy_whole",
                condition=Q(act="proxy", absent__isnull=False) & ~Q(note="")
                | ~Q(act="proxy") & Q(absent__isnull=True, seen_at__isnull=True),
            ),
            models.CheckConstraint(
                name="%(class)s_paper_whole",
                condition=Q(act="paper", paper_on__isnull=False, is_final=True)
                & ~Q(paper_number="")
                & ~Q(paper_signers="")
                | ~Q(act="paper") & Q(paper_on=None, paper_number="", paper_signers=""),
            ),
            models.CheckConstraint(
                name="%(class)s_return_says_why",
                condition=~Q(act="return") | Q(is_final=False) & ~Q(note=""),
            ),
        ]
