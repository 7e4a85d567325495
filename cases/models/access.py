"""Consent, the support team, and the grants that follow from both (V2–V6).

A grant exists only where an agency is in the support team (responsible, accepted a referral, takes
part in a conference) *and* a person's consent names it. The definer function `kasane.sync_grants`
keeps the store equal to that sentence; the application's login cannot write a row.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField, DateTimeRangeField
from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.db.models import Exists, F, Func, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase
from simple_history.models import HistoricalRecords

from agencies.enums import Action, Permission, Purpose
from agencies.models import Agency, ConferenceType, Membership
from agencies.models.trail import LOG_SCOPES
from cases import enums
from cases.gate import (
    GRANTS,
    NOTHING,
    asked_by,
    in_emergency,
    reads_cases,
    responsible_rule,
    unshielded,
    working_scope,
)
from config.lib.condition import NEVER, Rule
from config.lib.ids import new_id

from .case import Case, Person


class SupportTeamQuerySet(models.QuerySet["SupportTeam"]):
    """Doors to who is at work on a case."""

    def visible_to(self, membership: Membership) -> SupportTeamQuerySet:
        """One's own entry; the others' for who is at work on the case, not for who only keeps its
        own records (V2), and in an emergency (V8)."""
        if not reads_cases(membership):
            return self.none()
        return self.filter(
            Q(agency_id=membership.agency_id)
            | working_scope(membership)
            | in_emergency(membership, "case_id")
        )

    def at_work_on(self, case: Case) -> SupportTeamQuerySet:
        return self.filter(case=case, left_at__isnull=True)


class SupportTeam(models.Model):
    """支援チーム: an agency at work on a case, since when and how it came in."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="team")
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    via = models.CharField(max_length=20, choices=enums.TeamVia.choices)
    joined_at = models.DateTimeField(default=timezone.now)
    left_at = models.DateTimeField(null=True, blank=True)

    objects = SupportTeamQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case", "agency"], condition=Q(left_at__isnull=True), name="team_once"
            )
        ]


# The office handles a case that a consent lets it into.
HANDLED = f"""EXISTS (SELECT 1 {GRANTS} AND g.content_object_id = {{case}}
    AND g.basis = {{consent}} OFFSET 0)"""
TAKEN_IN_CITY = """EXISTS (SELECT 1 FROM agencies_agency AS a
    WHERE a.group_id = {taken_by} AND a.municipality_id = {city})"""


class ConsentQuerySet(models.QuerySet["Consent"]):
    """Doors to consents."""

    def visible_to(self, membership: Membership) -> ConsentQuerySet:
        """Whole: to who took it, the responsible agency, the office handling the case and the
        privacy officer (V3)."""
        rule = NEVER
        if reads_cases(membership):
            rule = asked_by(membership, "{taken_by} = {agency}") | responsible_rule(membership)
            if membership.may(Permission.OFFICE_HINTS):
                rule |= asked_by(membership, HANDLED, consent=enums.GrantBasis.CONSENT)
        if membership.may(Permission.REVIEW_ACCESS):
            rule |= Rule(TAKEN_IN_CITY, {"city": membership.municipality.pk})
        columns = {"case": "case_id", "taken_by": "taken_by_agency_id"}
        return self.filter(rule.asked(columns), unshielded(by_hold_alone=True))

    def in_force(self) -> ConsentQuerySet:
        return self.filter(
            answer=enums.ConsentAnswer.GIVEN,
            withdrawn_at__isnull=True,
            period__contains=TransactionNow(),
        )

    def lapsed(self) -> ConsentQuerySet:
        """Given and never withdrawn, and the period is over."""
        return self.filter(
            answer=enums.ConsentAnswer.GIVEN,
            withdrawn_at__isnull=True,
            ends_at__lte=TransactionNow(),
        )


class Consent(models.Model):
    """本人同意: of one person, about that person (V3). Withdrawn, never deleted."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="consents")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="consents")
    answer = models.CharField(max_length=10, choices=enums.ConsentAnswer.choices)
    categories = ArrayField(
        models.CharField(max_length=20, choices=enums.Category.choices), default=list
    )
    covers_household = models.BooleanField(_("世帯全体の記録も含む"), default=False)
    purpose = models.CharField(max_length=200, blank=True)
    method = models.CharField(max_length=10, choices=enums.ConsentMethod.choices, blank=True)
    proxy_name = models.CharField(max_length=300, blank=True)
    proxy_power = models.CharField(_("代理権の根拠"), max_length=100, blank=True)
    explained_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    given_on = models.DateField()
    # Half-open in Asia/Tokyo: "until 3/31" includes that day.
    period = DateTimeRangeField()
    # When it ends, for an index: of a range's end PostgreSQL asks none beneath a policy.
    ends_at = models.GeneratedField(
        expression=Func(F("period"), function="upper"),
        output_field=models.DateTimeField(null=True),
        db_persist=True,
    )
    taken_by_agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(default=timezone.now)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    withdrawal_reason = models.CharField(max_length=200, blank=True)
    # The answer this one narrowed or renewed: what was open under it stays provable.
    replaces = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    form_key = models.UUIDField(null=True, editable=False)  # one submit of the form, one answer
    history = HistoricalRecords()

    objects = ConsentQuerySet.as_manager()

    class Meta:
        constraints = [
            # One answer of a person in force at a time: a new one ends the one before it.
            models.UniqueConstraint(
                fields=["person"], condition=Q(withdrawn_at__isnull=True), name="consent_one_open"
            ),
            # V4: no consent covers who notified.
            models.CheckConstraint(
                name="consent_never_notifier",
                condition=~Q(categories__contains=[enums.Category.NOTIFIER]),
            ),
            models.CheckConstraint(
                name="consent_proxy_whole",
                condition=(Q(method="proxy") & ~Q(proxy_name="") & ~Q(proxy_power=""))
                | (~Q(method="proxy") & Q(proxy_name="", proxy_power="")),
            ),
            models.CheckConstraint(
                name="consent_withdrawn_whole",
                condition=Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True)
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
            ),
            models.CheckConstraint(
                name="consent_given_names_categories",
                condition=~Q(answer="given") | ~Q(categories=[]),
            ),
            models.UniqueConstraint(fields=["person", "form_key"], name="consent_form_once"),
        ]
        indexes = [
            # Those an agency took, the first to end first; and those of the city.
            models.Index(
                fields=["taken_by_agency", "ends_at", "-recorded_at", "id"],
                condition=Q(withdrawn_at__isnull=True),
                name="consent_taken_ends",
            ),
            models.Index(
                fields=["ends_at", "-recorded_at", "id"],
                condition=Q(withdrawn_at__isnull=True),
                name="consent_list_order",
            ),
        ]


class ConsentLineQuerySet(models.QuerySet["ConsentLine"]):
    """Doors to the addressees of consents."""

    def visible_to(self, membership: Membership) -> ConsentLineQuerySet:
        """A recipient's own line; every line of a consent seen whole, but never an exception to
        the one excepted (V3)."""
        whole = Consent.objects.visible_to(membership).filter(pk=OuterRef("consent_id"))
        scope = Q(Exists(whole))
        if reads_cases(membership):
            scope &= ~Q(agency_id=membership.agency_id or 0, is_exception=True)
            scope |= Q(agency_id=membership.agency_id or 0, is_exception=False)
        return self.filter(scope)


class ConsentLine(models.Model):
    """One addressee of a consent: an agency or a conference type's standing members; or, excepted,
    whom the person does not want to know. An exception is never shown to the one excepted."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    consent = models.ForeignKey(Consent, on_delete=models.PROTECT, related_name="lines")
    agency = models.ForeignKey(
        Agency, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    conference_type = models.ForeignKey(
        ConferenceType, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    is_exception = models.BooleanField(default=False)

    objects = ConsentLineQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="consent_line_one_addressee",
                condition=Q(agency__isnull=False, conference_type__isnull=True)
                | Q(agency__isnull=True, conference_type__isnull=False, is_exception=False),
            ),
            models.UniqueConstraint(
                fields=["consent", "agency", "conference_type"],
                nulls_distinct=False,
                name="consent_line_once",
            ),
        ]


class CaseGrantQuerySet(models.QuerySet["CaseGrant"]):
    """Doors to grants."""

    def visible_to(self, membership: Membership) -> CaseGrantQuerySet:
        """Those my agency received or gave; the privacy officer: the city's."""
        scope = Q(pk__in=[])
        if reads_cases(membership):
            agency = membership.agency_id
            scope = Q(group_id=agency) | Q(granted_by_agency_id=agency)
        if membership.may(Permission.REVIEW_ACCESS):
            scope |= Q(granted_by_agency__municipality_id=membership.municipality.pk)
        return self.filter(scope)

    def in_force(self) -> CaseGrantQuerySet:
        return self.filter(revoked_at__isnull=True, period__contains=TransactionNow())


class CaseGrant(GroupObjectPermissionBase):
    """One row that opens something of a case to an agency. Revoked, never deleted.

    `person` empty: the case row alone (responsible, own records). Otherwise that person's records
    in these categories; `covers_household` also opens 世帯全体 records in them.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    content_object = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="grants")
    person = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    categories = ArrayField(models.CharField(max_length=20), default=list)
    covers_household = models.BooleanField(default=False)
    basis = models.CharField(max_length=20, choices=enums.GrantBasis.choices)
    consent = models.ForeignKey(
        Consent, null=True, blank=True, on_delete=models.PROTECT, related_name="grants"
    )
    granted_by_agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    granted_at = models.DateTimeField(default=timezone.now)
    period = DateTimeRangeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_reason = models.CharField(max_length=100, blank=True)

    objects = CaseGrantQuerySet.as_manager()  # type: ignore[assignment,misc]  # not guardian's

    class Meta(GroupObjectPermissionBase.Meta):
        abstract = False
        # guardian's own uniqueness (group, permission, object) would make two consents collide.
        unique_together = []
        constraints = [
            models.CheckConstraint(
                name="case_grant_consent_names_person",
                condition=Q(basis="consent", consent__isnull=False, person__isnull=False)
                | (~Q(basis="consent") & Q(consent__isnull=True, person__isnull=True)),
            ),
            models.UniqueConstraint(
                fields=["group", "content_object", "basis", "consent"],
                condition=Q(revoked_at__isnull=True),
                nulls_distinct=False,
                name="case_grant_once",
            ),
        ]
        indexes = [
            # The gate: which grants does this agency hold on this case? With all it asks of them,
            # so that the grants themselves need not be read.
            models.Index(
                fields=["group", "content_object"],
                include=[
                    "person",
                    "basis",
                    "period",
                    "categories",
                    "covers_household",
                    "granted_by_agency",
                ],
                condition=Q(revoked_at__isnull=True),
                name="case_grant_asked",
            ),
            models.Index(fields=["content_object"], name="case_grant_case"),
        ]


class CarryOutQuerySet(models.QuerySet["CarryOut"]):
    """Doors to carry-outs."""

    def visible_to(self, membership: Membership) -> CarryOutQuerySet:
        """Decided by me, or carried out to me and in force (V6)."""
        if not reads_cases(membership):
            return self.none()
        mine = CarryOutGrant.objects.filter(
            content_object=OuterRef("pk"),
            membership_id=membership.pk,
            revoked_at__isnull=True,
            period__contains=TransactionNow(),
        )
        return self.filter(Q(decided_by_id=membership.pk) | Q(Exists(mine)), unshielded())


class CarryOut(models.Model):
    """持ち出し: what a sitting under secrecy decided may leave the item: this text, to these
    people, until the review date (V6). Records written under it stay with the same people."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="carry_outs")
    text = models.TextField()
    review_on = models.DateField()
    decided_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")

    objects = CarryOutQuerySet.as_manager()


class CarryOutGrant(UserObjectPermissionBase):
    """A named person of a carry-out: the user in this membership, not their agency."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    content_object = models.ForeignKey(CarryOut, on_delete=models.PROTECT, related_name="grants")
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    # Who decided it, in a column: a policy here that read the carry-out would recurse.
    granted_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    period = DateTimeRangeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta(UserObjectPermissionBase.Meta):
        abstract = False
        unique_together = []
        constraints = [
            models.UniqueConstraint(
                fields=["membership", "content_object"],
                condition=Q(revoked_at__isnull=True),
                name="carry_out_grant_once",
            )
        ]
        indexes = [models.Index(fields=["membership"], name="carry_out_grant_membership")]


LOOKS = (Action.OPEN, Action.PRINT, Action.EXPORT)
# What a line says it rested on: anything else (106条の6, a sheet under secrecy) is not told (V6).
TOLD_BASES = ("", *enums.GrantBasis.values)


def looks_at_own(membership: Membership) -> Q:
    """閲覧記録 (V10): looks inside the agency's own records, and at the cases it is responsible
    for; not inside another agency's records, and nothing under V6."""
    if not reads_cases(membership):
        return NOTHING
    mine = Case.objects.filter(pk=OuterRef("case_id"), responsible_agency_id=membership.agency_id)
    return Q(
        Q(author_agency_id=membership.agency_id) | Q(Q(author_agency_id=None) & Q(Exists(mine))),
        case_id__isnull=False,
        action__in=LOOKS,
        was_allowed=True,
        basis__in=TOLD_BASES,
        item_id=None,
    ) & ~Q(purpose=Purpose.SUPPORT_CONFERENCE)


if looks_at_own not in LOG_SCOPES:
    LOG_SCOPES.append(looks_at_own)
