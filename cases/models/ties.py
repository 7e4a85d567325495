"""つながり: what ties persons of a household to each other and to what is around them, and where
the pictures drawn from it were arranged by hand.

A tie is a record that names everybody at its ends: so who may not see one of them sees no tie (V3).
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from agencies.models import Agency, Membership
from cases import enums
from cases.gate import (
    NOTHING,
    PERSON,
    RECORD,
    asked_by,
    person_rule,
    reads_cases,
    record_rule,
)
from config.lib.ids import new_id

from .case import Case, Person
from .records import Content, Record


class Tie(Content):
    """A fact of the genogram or the ecomap. Its kind and its ends never change: a tie between
    others is another tie.

    parent: the first is the second's parent. bond: `flow` out = from the first to the second.
    outside: of the first, or of the household where there is none; out = towards what is around.
    key: the first is the household's キーパーソン.
    """

    kind = models.CharField(max_length=10, choices=enums.TieKind.choices)
    first = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    nature = models.CharField(
        _("間がら"), max_length=12, choices=enums.TieNature.choices, blank=True
    )
    quality = models.CharField(
        _("関係のようす"), max_length=10, choices=enums.TieQuality.choices, blank=True
    )
    flow = models.CharField(_("向き"), max_length=4, choices=enums.TieFlow.choices, blank=True)
    name = models.CharField(_("名前"), max_length=60, blank=True)
    resource = models.CharField(
        _("種類"), max_length=12, choices=enums.ResourceKind.choices, blank=True
    )
    ended_on = models.DateField(_("終わった日"), null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="tie_ends",
                condition=Q(
                    kind__in=["parent", "couple", "sibling", "bond"],
                    first__isnull=False,
                    second__isnull=False,
                    name="",
                )
                | (Q(kind="outside", second__isnull=True) & ~Q(name=""))
                | Q(kind="key", first__isnull=False, second__isnull=True, name=""),
            ),
            models.CheckConstraint(
                name="tie_between_two", condition=~Q(first=F("second")) | Q(second__isnull=True)
            ),
            models.CheckConstraint(
                name="tie_nature_of_kind",
                condition=Q(kind="parent", nature__in=enums.NATURES["parent"])
                | Q(kind="couple", nature__in=enums.NATURES["couple"])
                | (~Q(kind__in=["parent", "couple"]) & Q(nature="")),
            ),
            models.CheckConstraint(
                name="tie_quality_of_kind",
                condition=(Q(kind__in=["bond", "outside"]) & ~Q(quality=""))
                | (~Q(kind__in=["bond", "outside"]) & Q(quality="", flow="")),
            ),
        ]


class PlacementQuerySet(models.QuerySet["Placement"]):
    """Doors to where symbols were put."""

    def visible_to(self, membership: Membership) -> PlacementQuerySet:
        """My agency's, of what I may see: whoever does not see a person learns of no place."""
        if not reads_cases(membership):
            return self.filter(NOTHING)
        mine = asked_by(membership, "{whose} = {agency}").asked({"whose": "agency_id"})
        person = person_rule(membership).within(
            """({person} IS NULL OR EXISTS (SELECT 1 FROM cases_person AS p
                WHERE p.id = {person} AND ({rule})))""",
            "p",
            PERSON,
        )
        tie = record_rule(membership).within(
            """({record} IS NULL OR EXISTS (SELECT 1 FROM cases_record AS r
                WHERE r.id = {record} AND ({rule})))""",
            "r",
            RECORD,
        )
        case = Case.objects.visible_to(membership).filter(pk=models.OuterRef("case_id"))
        return self.filter(
            models.Exists(case),
            mine,
            person.asked({"person": "person_id"}),
            tie.asked({"record": "tie_id"}),
        )

    def for_case(self, case: Case) -> PlacementQuerySet:
        return self.filter(case=case)


class Placement(models.Model):
    """Where an agency put a symbol, px: a person by how far from where they would be drawn (so what
    is drawn without somebody shows no gap where they would stand, V15), what is around from the
    middle of the household."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    tie = models.ForeignKey(Record, null=True, on_delete=models.PROTECT, related_name="+")
    helper = models.ForeignKey(Agency, null=True, on_delete=models.PROTECT, related_name="+")
    dx = models.SmallIntegerField()
    dy = models.SmallIntegerField()

    objects = PlacementQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="placement_of_one",
                condition=Q(person__isnull=False, tie__isnull=True, helper__isnull=True)
                | Q(person__isnull=True, tie__isnull=False, helper__isnull=True)
                | Q(person__isnull=True, tie__isnull=True, helper__isnull=False),
            ),
            *(
                models.UniqueConstraint(
                    fields=["case", "agency", name],
                    condition=Q(**{f"{name}__isnull": False}),
                    name=f"placement_{name}_once",
                )
                for name in ("person", "tie", "helper")
            ),
        ]
