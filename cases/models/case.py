"""A household under support and its persons.

A case's title is not stored: it is what the reader may see of its persons (V3). A person row is a
基本情報 record of that person: the same gate, spelled on its own columns.
"""

from __future__ import annotations

import datetime
import uuid

from django.db import models
from django.db.models import F, Q
from django.db.models.lookups import IsNull
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from agencies.models import Agency, Membership, Municipality
from cases import enums
from cases.ages import age_on
from cases.gate import (
    NOTHING,
    case_scope,
    contact_scope,
    granted_scope,
    person_scope,
    reads_cases,
    unshielded,
)
from config.lib.ids import new_id
from config.lib.text import with_san
from config.lib.wording import label_of


class CaseQuerySet(models.QuerySet["Case"]):
    """Doors to cases."""

    def visible_to(self, membership: Membership) -> CaseQuerySet:
        """Granted to the membership's agency, or open to itself in an emergency (V1–V3, V8)."""
        return self.filter(case_scope(membership))

    def for_lists(self, membership: Membership) -> CaseQuerySet:
        """Those open to the agency for longer: an emergency is no way to look around (V8)."""
        return self.filter(granted_scope(membership))

    def for_number(self, number: str) -> CaseQuerySet:
        return self.filter(number=number)

    def active(self) -> CaseQuerySet:
        return self.filter(status=enums.CaseStatus.ACTIVE)

    def open(self) -> CaseQuerySet:
        """Written: neither closed nor at rest (V18)."""
        return self.active().filter(rests_at__isnull=True)

    def resting(self) -> CaseQuerySet:
        return self.active().filter(rests_at__isnull=False)


class Case(models.Model):
    """支援対象世帯. Its number is random within the year (V15)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    municipality = models.ForeignKey(Municipality, on_delete=models.PROTECT, related_name="+")
    number = models.CharField(max_length=12, unique=True)
    responsible_agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    urgency = models.CharField(max_length=10, choices=enums.Urgency.choices, blank=True)
    status = models.CharField(
        max_length=10, choices=enums.CaseStatus.choices, default=enums.CaseStatus.ACTIVE
    )
    opened_at = models.DateTimeField(default=timezone.now)
    opened_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    closed_kind = models.CharField(max_length=20, choices=enums.ClosingKind.choices, blank=True)
    # 記入停止: work goes on in another case, which this one does not name (V18). No grant changes.
    rests_at = models.DateTimeField(null=True, blank=True)

    objects = CaseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="case_closed_whole",
                condition=Q(status="closed", closed_at__isnull=False, closed_by__isnull=False)
                | Q(status="active", closed_at__isnull=True, closed_by__isnull=True),
            )
        ]
        indexes = [
            models.Index(
                fields=["responsible_agency", "-opened_at"], name="case_responsible_opened"
            ),
        ]

    @property
    def is_open(self) -> bool:
        """Whether it is written: neither closed nor at rest."""
        return self.status == enums.CaseStatus.ACTIVE and self.rests_at is None

    @property
    def state_name(self) -> str:
        """支援中, 記入停止 or 終結."""
        rests = self.status == enums.CaseStatus.ACTIVE and self.rests_at is not None
        return str(_("記入停止")) if rests else label_of(enums.CaseStatus, self.status)


class PersonQuerySet(models.QuerySet["Person"]):
    """Doors to persons."""

    def visible_to(self, membership: Membership) -> PersonQuerySet:
        """Own, or covered in 基本情報 by a grant in force."""
        return self.filter(person_scope(membership))

    def living(self) -> PersonQuerySet:
        return self.filter(died_on__isnull=True, is_deceased=False)

    def members(self) -> PersonQuerySet:
        """Living and still of the household."""
        return self.living().filter(left_on__isnull=True)

    def in_order(self) -> PersonQuerySet:
        return self.order_by("case_id", "label")


class Findable(models.Model):
    """The name of somebody as search compares it: folded (`config.lib.kana`), sorted by code point,
    so that equality and range find it beneath a policy."""

    name_folded = models.CharField(max_length=300, blank=True, db_collation="C")
    kana_folded = models.CharField(max_length=300, blank=True, db_collation="C")
    # What stands behind the family name: a person is also asked for by it alone.
    given_folded = models.CharField(max_length=300, blank=True, db_default="", db_collation="C")
    given_kana_folded = models.CharField(
        max_length=300, blank=True, db_default="", db_collation="C"
    )

    class Meta:
        abstract = True


class Person(Findable):
    """世帯員. Can be known in part: no name, only a year of birth, an estimated age, anonymous.

    Where the person is stands in `Contact`.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="persons")
    label = models.CharField(max_length=2)  # A, B, C: the plans' own way to name a household
    name = models.CharField(_("氏名"), max_length=300, blank=True)
    name_kana = models.CharField(_("ふりがな"), max_length=300, blank=True)
    birth_on = models.DateField(_("生年月日"), null=True, blank=True)
    birth_year = models.PositiveSmallIntegerField(null=True, blank=True)
    is_age_estimated = models.BooleanField(default=False)
    # 「70代」: the year is the middle of what was said.
    is_decade = models.BooleanField(default=False, db_default=False)
    sex = models.CharField(max_length=10, choices=enums.Sex.choices, blank=True)
    relation = models.CharField(
        _("続柄"), max_length=20, choices=enums.Relation.choices, blank=True
    )
    is_cohabiting = models.BooleanField(_("同居"), default=True)
    is_deceased = models.BooleanField(default=False)
    died_on = models.DateField(null=True, blank=True)
    # No longer of this household (V18). What is written of them here, and for whom, stays.
    left_on = models.DateField(null=True, blank=True)
    author_agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    author = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField(default=timezone.now)
    form_key = models.UUIDField(null=True, editable=False)  # one submit of the form, one person
    version = models.PositiveIntegerField(default=1)
    history = HistoricalRecords()

    objects = PersonQuerySet.as_manager()

    # Who they turned out to be, for a reader who may know it (`persons_by_key`).
    same_as: Person | None = None

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "label"], name="person_label_once"),
            models.UniqueConstraint(fields=["author", "case", "form_key"], name="person_form_once"),
        ]
        indexes = [
            # Search (cases.ways): through the whole city, and among those an agency wrote.
            models.Index(fields=["kana_folded"], name="person_kana"),
            models.Index(fields=["name_folded"], name="person_name"),
            models.Index(fields=["given_folded"], name="person_given"),
            models.Index(fields=["given_kana_folded"], name="person_given_kana"),
            models.Index(fields=["birth_on"], name="person_birth"),
            models.Index(
                fields=["birth_year"], name="person_year", condition=Q(birth_year__isnull=False)
            ),
            models.Index(fields=["author_agency", "kana_folded"], name="person_own_kana"),
            models.Index(fields=["author_agency", "name_folded"], name="person_own_name"),
            models.Index(fields=["author_agency", "given_folded"], name="person_own_given"),
            models.Index(
                fields=["author_agency", "given_kana_folded"], name="person_own_given_kana"
            ),
            models.Index(fields=["author_agency", "birth_on"], name="person_own_birth"),
            models.Index(
                fields=["author_agency", "birth_year"],
                name="person_own_year",
                condition=Q(birth_year__isnull=False),
            ),
        ]

    @property
    def is_living(self) -> bool:
        """As `living()`."""
        return not self.is_deceased and self.died_on is None

    @property
    def is_member(self) -> bool:
        """As `members()`."""
        return self.is_living and self.left_on is None

    @property
    def stands(self) -> Person:
        """This row, or the one of whoever it turned out to be."""
        return self if self.same_as is None else self.same_as.stands

    @property
    def shown_name(self) -> str:
        """The name with さん, or the letter for who is known only in part."""
        if self.same_as is not None:
            words = _("%(name)s（はじめは%(label)s）")
            return words % {"name": self.stands.shown_name, "label": self.label}
        if self.name:
            return with_san(self.name)
        return _("%(label)sさん（氏名不明）") % {"label": self.label}

    @property
    def shown_kana(self) -> str:
        """The reading of `shown_name`, as far as it is known."""
        return self.stands.name_kana

    def age(self, on: datetime.date) -> int | None:
        """Age in whole years on a day (`cases.ages`)."""
        return age_on(self, on)


class ClosingQuerySet(models.QuerySet["Closing"]):
    """Doors to the words of a closing."""

    def visible_to(self, membership: Membership) -> ClosingQuerySet:
        """The responsible agency's, unless a shield of the household stands before them (V9)."""
        if not reads_cases(membership):
            return self.filter(NOTHING)
        mine = Q(case__responsible_agency_id=membership.agency_id)
        return self.filter(mine, unshielded(case="case_id", row="case_id"))


class Closing(models.Model):
    """Why a case was closed, in words, and who goes on watching over the household."""

    case = models.OneToOneField(
        Case, primary_key=True, on_delete=models.PROTECT, related_name="closing"
    )
    reason = models.CharField(max_length=200, blank=True)
    # In words: not every such body is an agency here.
    follow_up = models.CharField(max_length=100, blank=True)

    objects = ClosingQuerySet.as_manager()


class ContactQuerySet(models.QuerySet["Contact"]):
    """Doors to where persons are."""

    def visible_to(self, membership: Membership) -> ContactQuerySet:
        """Of persons one may see, unless a shield hides them from whoever asks (V9)."""
        return self.filter(contact_scope(membership))


class Contact(models.Model):
    """Where a person is to be found: what a shield hides (V9), so apart from the person's row."""

    person = models.OneToOneField(
        Person, primary_key=True, on_delete=models.PROTECT, related_name="contact"
    )
    phone = models.CharField(_("電話番号"), max_length=40, blank=True)
    phone_digits = models.CharField(max_length=20, blank=True, db_collation="C")
    address = models.CharField(_("住所"), max_length=600, blank=True)
    address_folded = models.CharField(max_length=600, blank=True, db_default="", db_collation="C")
    # The city's own key of a resident, as its other systems print it: it leads to the address
    # there. Never a My Number (V16).
    resident_ref = models.CharField(
        _("宛名番号"), max_length=20, blank=True, db_default="", db_collation="C"
    )
    school = models.CharField(_("学校"), max_length=200, blank=True)
    workplace = models.CharField(_("勤務先"), max_length=200, blank=True)
    # 通院先, 最寄り駅, …: whatever else shows the area.
    whereabouts = models.CharField(_("ほかに居所が分かること"), max_length=300, blank=True)
    history = HistoricalRecords()

    objects = ContactQuerySet.as_manager()

    class Meta:
        indexes = [
            # Equality and range: leakproof under a policy.
            models.Index(fields=["phone_digits"], name="contact_phone"),
            models.Index(fields=["address_folded"], name="contact_address"),
            models.Index(
                fields=["resident_ref"], name="contact_resident_ref", condition=~Q(resident_ref="")
            ),
        ]


class DuplicateHint(models.Model):
    """V15: two agencies may serve the same household. Agencies and numbers, nothing else.

    Written by definer functions alone (`kasane.note_duplicates`, `ask_duplicate`,
    `settle_duplicate`); read by the office, which asks both agencies to seek consent.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    municipality = models.ForeignKey(Municipality, on_delete=models.PROTECT, related_name="+")
    first_number = models.CharField(max_length=12)
    first_agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    second_number = models.CharField(max_length=12)
    second_agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    noted_at = models.DateTimeField(default=timezone.now)
    asked_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    outcome = models.CharField(
        max_length=10, choices=enums.DuplicateOutcome.choices, blank=True, db_default=""
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["first_number", "second_number"], name="duplicate_hint_once"
            ),
            models.CheckConstraint(
                name="duplicate_settled_whole",
                condition=Q(settled_at__isnull=True, settled_by__isnull=True, outcome="")
                | Q(settled_at__isnull=False, settled_by__isnull=False) & ~Q(outcome=""),
            ),
        ]
        indexes = [
            # As `kasane.open_duplicates` reads them.
            models.Index(
                F("municipality"),
                IsNull(F("asked_at"), False),
                F("noted_at").desc(),
                F("id"),
                condition=Q(settled_at__isnull=True),
                name="duplicate_open",
            )
        ]
