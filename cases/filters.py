"""Filters of the list of cases. None of them widens what may be seen."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

import django_filters
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from agencies.models import Membership
from cases import enums
from cases.models import Case, CaseWorker
from cases.models.case import CaseQuerySet
from config.lib.forms import KasaneForm

STATES = (
    ("active", _("支援中")),
    ("resting", _("記入停止")),
    ("closed", enums.CaseStatus.CLOSED.label),
)
OWN = (("responsible", _("主担当")), ("partner", _("連携")), ("worker", _("わたしの担当")))


class CaseFilter(django_filters.FilterSet):
    """状態・自機関の役割・緊急度."""

    status = django_filters.ChoiceFilter(
        label=_("状態"), choices=STATES, empty_label=_("すべて"), method="by_state"
    )
    mine = django_filters.ChoiceFilter(
        label=_("自機関の役割"), choices=OWN, empty_label=_("すべて"), method="by_role"
    )
    urgency = django_filters.ChoiceFilter(
        label=_("緊急度"), choices=enums.Urgency.choices, empty_label=_("すべて")
    )

    class Meta:
        model = Case
        fields: list[str] = []
        form = KasaneForm

    def __init__(self, *args: Any, membership: Membership, **kwargs: Any) -> None:
        self.membership = membership
        super().__init__(*args, **kwargs)

    @property
    def only_basis(self) -> str:
        """The one basis that a grant on the cases asked for can have; empty where there are more.
        What others closed is left to an agency by what it wrote there, and by nothing else (V2,
        `kasane.sync_grants`): few of all it holds."""
        asked = getattr(self.form, "cleaned_data", {})
        theirs = (asked.get("status"), asked.get("mine")) == (enums.CaseStatus.CLOSED, "partner")
        return enums.GrantBasis.OWN_RECORDS if theirs else ""

    def by_state(self, queryset: CaseQuerySet, name: str, value: str) -> QuerySet[Case]:
        """A household merged into another case stands once among those that are worked on."""
        if value == "active":
            return queryset.open()
        if value == "resting":
            return queryset.resting()
        return queryset.filter(status=value)

    def by_role(self, queryset: QuerySet[Case], name: str, value: str) -> QuerySet[Case]:
        """Cases the own agency answers for, those of others it works on, or one's own."""
        if value == "worker":
            charge = CaseWorker.objects.visible_to(self.membership).standing()
            return queryset.filter(
                Exists(charge.filter(case=OuterRef("pk"), membership=self.membership))
            )
        own = {"responsible_agency_id": self.membership.agency_id}
        return queryset.filter(**own) if value == "responsible" else queryset.exclude(**own)


def cursor(at: datetime.datetime, key: uuid.UUID) -> str:
    """A place in a list that runs from new to old, fit for an address."""
    moment = at.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")  # + is a blank there
    return f"{moment}_{key}"


def read_cursor(text: str) -> tuple[datetime.datetime, uuid.UUID] | None:
    """The place, or None for anything else: a broken link shows the beginning of the list."""
    try:
        at, key = text.split("_", 1)
        moment = datetime.datetime.fromisoformat(at)
        place = uuid.UUID(key)
    except ValueError:
        return None
    return (moment, place) if moment.tzinfo else None


def read_key(text: str) -> uuid.UUID | None:
    """The key, or None for anything else: a broken link shows the beginning of the list."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
