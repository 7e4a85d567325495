"""だれに聞くか: who answers questions of which theme, for which part of the city.

A city's own list: agencies' 相談窓口, and those of sections where nobody signs in (one city's
福祉健康窓口連携ヘルプデスク names one for each theme). Nothing about anybody who is supported.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.lib.ids import new_id

from .city import Municipality
from .people import Agency, Membership


class ContactPointQuerySet(models.QuerySet["ContactPoint"]):
    """Doors to the directory."""

    def visible_to(self, membership: Membership) -> ContactPointQuerySet:
        """Everybody of the city's."""
        return self.filter(municipality_id=membership.municipality.pk)

    def running(self) -> ContactPointQuerySet:
        """Those that stand today (Asia/Tokyo)."""
        today = timezone.localdate()
        return self.filter(Q(ended_on__isnull=True) | Q(ended_on__gt=today))


class ContactPoint(models.Model):
    """相談窓口: of an agency, or of a section by name. Without an area it is the whole city's."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    municipality = models.ForeignKey(Municipality, on_delete=models.PROTECT, related_name="+")
    agency = models.ForeignKey(
        Agency, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    section = models.CharField(_("課・機関の名前"), max_length=100, blank=True)
    name = models.CharField(_("窓口・担当"), max_length=100)
    is_helpdesk = models.BooleanField(_("ヘルプデスク"), default=False)
    themes = ArrayField(models.CharField(max_length=40), verbose_name=_("相談のテーマ"))
    # 小学校区・圏域・民生委員区 by their names.
    areas = ArrayField(
        models.CharField(max_length=40), default=list, blank=True, verbose_name=_("受け持つ地域")
    )
    phone = models.CharField(_("電話番号"), max_length=60, blank=True)
    hours = models.CharField(_("受付時間"), max_length=100, blank=True)
    note = models.CharField(_("ひとこと"), max_length=200, blank=True)
    ended_on = models.DateField(null=True, blank=True)
    written_at = models.DateTimeField(default=timezone.now)
    written_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    form_key = models.UUIDField(unique=True)
    version = models.PositiveIntegerField(default=1)

    objects = ContactPointQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="contact_point_of_somebody",
                condition=Q(agency__isnull=False, section="")
                | (Q(agency__isnull=True) & ~Q(section="")),
            )
        ]
