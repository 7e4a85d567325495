"""Agencies, people, and who acts for whom in which role (Membership)."""

from __future__ import annotations

import datetime

from django.contrib.auth.models import AbstractUser, Group
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from agencies import enums
from config.lib.ids import new_id

from .city import CityRow, ConferenceType, Municipality


def local_today() -> datetime.date:
    """Today in Asia/Tokyo."""
    return timezone.localdate()


class Agency(CityRow):
    """支援関係機関. Its key is its django-guardian group: a grant to the group is one to it."""

    group = models.OneToOneField(Group, primary_key=True, on_delete=models.PROTECT)
    code = models.CharField(max_length=60)
    name = models.CharField(max_length=100)
    sectors = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    form = models.CharField(max_length=20, choices=enums.OperationForm.choices, blank=True)
    operator = models.CharField(max_length=100, blank=True)
    unit = models.CharField(_("所管課"), max_length=100, blank=True)
    site_type = models.CharField(max_length=20, blank=True)
    is_model_project = models.BooleanField(default=False)
    note = models.CharField(max_length=300, blank=True)
    catchment_kind = models.CharField(max_length=40, blank=True)
    catchment_names = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    local_role_names = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    # A row with only a count (「19圏域」) is a type of agency; the demo adds agencies under it.
    is_type = models.BooleanField(default=False)
    expected_count = models.PositiveSmallIntegerField(null=True, blank=True)
    of_type = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="of_this_type"
    )
    is_fictional = models.BooleanField(_("架空"), default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["municipality", "code"], name="agency_once"),
        ]

    def __str__(self) -> str:
        return self.name


def agencies_of(city: Municipality | int) -> models.QuerySet[Agency]:
    """Those somebody works for today: a type of agency (「19圏域」) is none."""
    return Agency.objects.running_in(city).filter(is_type=False)


class User(AbstractUser):
    """Somebody who signs in. Never decided upon alone: see Membership."""

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    display_name = models.CharField(_("氏名"), max_length=100)

    REQUIRED_FIELDS = ["display_name"]

    def __str__(self) -> str:
        return self.display_name or self.username


class Role(models.Model):
    """A role and its permissions as data; `key` never changes."""

    key = models.CharField(max_length=40, primary_key=True, choices=enums.RoleKey.choices)
    name = models.CharField(max_length=100)
    permissions = ArrayField(models.CharField(max_length=60), default=list)

    def __str__(self) -> str:
        return self.name


class MembershipQuerySet(models.QuerySet["Membership"]):
    """Doors to memberships."""

    def active(self, on: datetime.date | None = None) -> MembershipQuerySet:
        """Confirmed, within their period (both days included, Asia/Tokyo), of a living agency."""
        day = on or local_today()
        return self.filter(
            Q(until__isnull=True) | Q(until__gte=day),
            Q(agency__ended_on__isnull=True) | Q(agency__ended_on__gte=day),
            since__lte=day,
            confirmed_at__isnull=False,
        )

    def for_user(self, user: User) -> MembershipQuerySet:
        return self.filter(user=user)

    def visible_to(self, membership: Membership) -> MembershipQuerySet:
        """V11: the whole city's for who manages accounts and for the privacy officer; for an
        agency's manager, those of the agency. A guest's is the secretariat's alone (V6)."""
        mine = self.filter(system_name="").exclude(role_id=enums.RoleKey.GUEST)
        if membership.may(enums.Permission.MANAGE_ACCOUNTS) or membership.may(
            enums.Permission.REVIEW_ACCESS
        ):
            return mine.filter(agency__municipality=membership.municipality)
        if membership.may(enums.Permission.CONFIRM_MEMBERSHIP):
            return mine.filter(agency_id=membership.agency_id)
        return self.none()

    def in_state(self, state: str) -> MembershipQuerySet:
        """By where they stand today, in the words of `Membership.state`."""
        day = local_today()
        over = Q(until__lt=day) | Q(agency__ended_on__lt=day)
        refused = Q(refused_at__isnull=False)
        if state == enums.MembershipState.REFUSED:
            return self.filter(refused)
        if state == enums.MembershipState.ENDED:
            return self.filter(over).exclude(refused)
        waits = state == enums.MembershipState.WAITING
        return self.filter(confirmed_at__isnull=waits).exclude(over).exclude(refused)

    def with_names(self) -> MembershipQuerySet:
        return self.select_related("agency", "agency__municipality", "role", "user")


class Membership(models.Model):
    """One user acting for one agency in one role, for a period (visibility.md, Words).

    System memberships (`scheduler` …) have no user, so no session can take one (V1).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="memberships"
    )
    agency = models.ForeignKey(
        Agency, null=True, blank=True, on_delete=models.PROTECT, related_name="memberships"
    )
    role = models.ForeignKey(
        Role, null=True, blank=True, on_delete=models.PROTECT, related_name="memberships"
    )
    system_name = models.CharField(max_length=20, choices=enums.SystemName.choices, blank=True)
    since = models.DateField(default=local_today)
    until = models.DateField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # Refused by the agency's manager instead of confirmed: it never works (V11).
    refused_at = models.DateTimeField(null=True, blank=True)
    refused_by = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # Guests are admitted by the database itself: it knows the default too.
    refusal_reason = models.CharField(max_length=200, blank=True, db_default="", default="")

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="membership_person_or_system",
                condition=Q(
                    system_name="", user__isnull=False, agency__isnull=False, role__isnull=False
                )
                | (
                    ~Q(system_name="")
                    & Q(user__isnull=True, agency__isnull=True, role__isnull=True)
                ),
            ),
            models.UniqueConstraint(
                fields=["user", "agency", "role", "since"],
                condition=Q(refused_at__isnull=True),
                name="membership_once",
            ),
            models.CheckConstraint(
                name="membership_refused_whole",
                condition=Q(refused_at__isnull=True, refused_by__isnull=True, refusal_reason="")
                | (
                    Q(refused_at__isnull=False, refused_by__isnull=False, confirmed_at__isnull=True)
                    & ~Q(refusal_reason="")
                ),
            ),
            models.UniqueConstraint(
                fields=["system_name"], condition=~Q(system_name=""), name="system_membership_once"
            ),
            # V11: nobody confirms a membership for themselves.
            models.CheckConstraint(
                name="membership_not_self_confirmed",
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=models.F("id")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agency_name}　{self.role_name}"

    def may(self, permission: str) -> bool:
        """Whether the role has this permission (which rows: the gate decides)."""
        return self.role is not None and permission in self.role.permissions

    @property
    def state(self) -> enums.MembershipState:
        """Where it stands today."""
        today = local_today()
        ends = [day for day in (self.until, self.agency and self.agency.ended_on) if day]
        if self.refused_at is not None:
            return enums.MembershipState.REFUSED
        if ends and min(ends) < today:
            return enums.MembershipState.ENDED
        if self.confirmed_at is None:
            return enums.MembershipState.WAITING
        return enums.MembershipState.CONFIRMED

    @property
    def is_guest(self) -> bool:
        """An account for one sitting's items: no agency's page, list or notice is its own (V6)."""
        return self.role_id == enums.RoleKey.GUEST

    @property
    def agency_name(self) -> str:
        return self.agency.name if self.agency else self.get_system_name_display()

    @property
    def municipality(self) -> Municipality:
        """The city this membership works in. A system membership has none (AttributeError)."""
        assert self.agency is not None  # noqa: S101 - system memberships never reach a screen
        return self.agency.municipality

    @property
    def role_name(self) -> str:
        """The city's own name of the role, else the standard one."""
        if self.role is None:
            return ""
        return getattr(self, "local_role_name", "") or self.role.name


class SecretariatMemberQuerySet(models.QuerySet["SecretariatMember"]):
    """Doors to secretariat lists."""

    def visible_to(self, membership: Membership) -> SecretariatMemberQuerySet:
        """The city's lists, for who reads cases there: whom a sheet without consent reaches."""
        if not membership.may(enums.Permission.READ_CASES):
            return self.none()
        return self.filter(conference_type__municipality=membership.municipality)


class SecretariatMember(models.Model):
    """A person on a conference type's secretariat list, named and pledged each fiscal year."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    conference_type = models.ForeignKey(
        ConferenceType, on_delete=models.PROTECT, related_name="secretariat_list"
    )
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    fiscal_year = models.PositiveSmallIntegerField()
    named_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    named_at = models.DateTimeField(default=timezone.now)
    pledged_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = SecretariatMemberQuerySet.as_manager()

    class Meta:
        constraints = [
            # Who was taken off and is named again has a second line: the list keeps its history.
            models.UniqueConstraint(
                fields=["conference_type", "membership", "fiscal_year"],
                condition=Q(ended_at__isnull=True),
                name="secretariat_member_once",
            )
        ]


class SignInAttempt(models.Model):
    """Failed sign-ins, for the rate limit and the lock-out; kept in PostgreSQL, not in Redis."""

    username = models.CharField(max_length=150)
    address = models.GenericIPAddressField(null=True, blank=True)
    at = models.DateTimeField(default=timezone.now)
    was_successful = models.BooleanField(default=False)
    # A second factor was tried: whoever did had the password.
    is_second = models.BooleanField(default=False, db_default=False)

    class Meta:
        indexes = [
            # The throttle asks: how many failures of this name / from this address lately?
            models.Index(fields=["username", "at"], name="signin_username_at"),
            models.Index(fields=["address", "at"], name="signin_address_at"),
        ]
