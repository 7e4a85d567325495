"""世帯の変更 (V18): which person of one case is which person of another, and since when.

Records, consents and grants stay where they are: a link opens nothing. The cases it joins are those
of its persons.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from agencies.models import Agency, Membership
from cases import enums
from cases.gate import NOTHING, PERSON, asked_by, person_rule, reads_cases, working_rule
from config.lib.condition import Rule
from config.lib.ids import new_id

from .case import Case, Person


def _end(seen: Rule, person: str) -> Rule:
    whole = "EXISTS (SELECT 1 FROM cases_person AS p WHERE p.id = {%s} AND ({rule}))"
    return seen.within(whole % person, "p", PERSON)


class HouseholdLinkQuerySet(models.QuerySet["HouseholdLink"]):
    """Doors to links between households."""

    def visible_to(self, membership: Membership) -> HouseholdLinkQuerySet:
        """One's agency's own; else who works on both cases and may see the person in both: who
        sees one end alone learns of no other (V15)."""
        if not reads_cases(membership):
            return self.filter(NOTHING)
        seen = person_rule(membership) & working_rule(membership)
        own = asked_by(membership, "{author} = {agency}")
        columns = {"from": "from_person_id", "to": "to_person_id", "author": "author_agency_id"}
        return self.filter((own | (_end(seen, "from") & _end(seen, "to"))).asked(columns))

    def standing(self) -> HouseholdLinkQuerySet:
        return self.filter(undone_at__isnull=True)

    def touching(self, case: Case) -> HouseholdLinkQuerySet:
        return self.filter(Q(from_person__case=case) | Q(to_person__case=case))


class HouseholdLink(models.Model):
    """One person of a change: split off into a case, moved into another, or merged with it.
    Undone, never changed."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=10, choices=enums.LinkKind.choices)
    from_person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    to_person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    on = models.DateField()
    reason = models.CharField(max_length=20, choices=enums.LinkReason.choices, blank=True)
    author_agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    author = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    # When `to_person` had left before, if they had: an undo restores it.
    had_left_on = models.DateField(null=True, blank=True)
    written_at = models.DateTimeField(default=timezone.now)
    form_key = models.UUIDField()  # one change: all its persons
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = HouseholdLinkQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["author", "form_key", "from_person"], name="household_link_form_once"
            ),
            models.CheckConstraint(
                name="household_link_of_two", condition=~Q(from_person=F("to_person"))
            ),
            models.CheckConstraint(
                name="household_link_undone_whole",
                condition=Q(undone_at__isnull=True, undone_by__isnull=True)
                | Q(undone_at__isnull=False, undone_by__isnull=False),
            ),
        ]

    @property
    def made_person(self) -> bool:
        """Whether the person's row in the other case was written by this very change."""
        return self.to_person.written_at >= self.written_at
