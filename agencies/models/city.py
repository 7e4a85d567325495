"""A city as its profile describes it (docs/profile.md). Nothing here is about a case.

What a profile does not say is empty. Rows that vanish from a profile are ended, not deleted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from agencies import enums
from config.lib.wording import SHOGAI

if TYPE_CHECKING:
    from .people import Agency


def _codes(max_length: int = 40) -> ArrayField:
    return ArrayField(models.CharField(max_length=max_length), default=list, blank=True)


class Municipality(models.Model):
    """市町村: the tenant, with its wording, its way to decide plans and its monitoring rhythm."""

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=100)
    prefecture = models.CharField(max_length=20, blank=True)
    project_name = models.CharField(_("事業の名称"), max_length=100, blank=True)
    responsible_unit = models.CharField(_("所管"), max_length=100, blank=True)
    started_on = models.CharField(_("開始"), max_length=40, blank=True)
    wording_shogai = models.CharField(max_length=10, default=SHOGAI)
    wording_kodomo = models.CharField(max_length=10, default="子ども")
    # V3: under this age a person with parental authority consents.
    consent_age = models.PositiveSmallIntegerField(default=15)
    # The month in which agencies are asked whether they still need what is open to them (V14).
    recertify_month = models.PositiveSmallIntegerField(default=4, db_default=4)

    # 市の閉庁日 besides weekends, holidays and 年末年始 (agencies.opendays).
    closing_days = ArrayField(
        models.DateField(),
        default=list,
        blank=True,
        db_default=models.Value([], ArrayField(models.DateField())),
    )

    # The city's own levels of risk sheets (docs/profile.md, `[[risk_levels]]`), the gravest first.
    risk_levels = models.JSONField(
        default=list, blank=True, db_default=models.Value([], models.JSONField())
    )

    draft_role = models.CharField(max_length=100, blank=True)
    decided_by = models.CharField(max_length=20, choices=enums.Decider.choices, blank=True)
    decision_agency_code = models.CharField(max_length=60, blank=True)
    # 決裁の順 (docs/profile.md, `[[decisions]]`), and whether who drafts may decide.
    decisions = models.JSONField(
        default=list, blank=True, db_default=models.Value([], models.JSONField())
    )
    is_own_draft_refused = models.BooleanField(default=False, db_default=False)
    revision_decided_by = models.CharField(max_length=100, blank=True)
    signature = models.CharField(max_length=20, choices=enums.Signature.choices, blank=True)

    default_plan_months = models.PositiveSmallIntegerField(null=True, blank=True)
    monitor_every_months = models.PositiveSmallIntegerField(null=True, blank=True)
    reminder_days = models.PositiveSmallIntegerField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


CityRowT = TypeVar("CityRowT", bound="CityRow")


class CityRowQuerySet(models.QuerySet[CityRowT]):
    """Doors to what a profile says: everybody of the city may know it."""

    def running_in(self, city: Municipality | int) -> CityRowQuerySet[CityRowT]:
        """The city's rows that stand today (Asia/Tokyo), in the profile's order."""
        standing = Q(ended_on__isnull=True) | Q(ended_on__gt=timezone.localdate())
        return self.filter(standing, municipality=city).order_by("order", "pk")


class CityRow(models.Model):
    """A row of a profile, ended when it vanishes from the file."""

    municipality = models.ForeignKey(Municipality, on_delete=models.PROTECT, related_name="+")
    order = models.PositiveSmallIntegerField(default=0)
    ended_on = models.DateField(null=True, blank=True)

    objects = CityRowQuerySet.as_manager()

    class Meta:
        abstract = True


class PlanPeriod(CityRow):
    """計画期間; a city holds several, as several have ended by now."""

    title = models.CharField(max_length=200)
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)
    review = models.CharField(max_length=100, blank=True)
    adopted = models.CharField(max_length=20, blank=True)  # a month: the plans print no day
    revised_on = ArrayField(models.CharField(max_length=20), default=list, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["municipality", "title"], name="plan_period_once")
        ]


class Programme(CityRow):
    """事業, with its 号 (printed in the plan or inferred from its type), form and unit."""

    code = models.CharField(max_length=60)
    kind = models.CharField(max_length=40, choices=enums.ProgrammeKind.choices)
    go = models.CharField(_("号"), max_length=10, blank=True)
    is_go_printed = models.BooleanField(default=False)
    name = models.CharField(max_length=200)
    status = models.CharField(max_length=20, choices=enums.ProgrammeStatus.choices, blank=True)
    form = models.CharField(max_length=20, choices=enums.OperationForm.choices, blank=True)
    sector = models.CharField(max_length=20, choices=enums.Sector.choices, blank=True)
    unit = models.CharField(_("所管課"), max_length=100, blank=True)
    expected_count = models.PositiveSmallIntegerField(null=True, blank=True)
    staffing = models.CharField(max_length=100, blank=True)
    note = models.CharField(max_length=300, blank=True)
    agencies: models.ManyToManyField[Agency, models.Model] = models.ManyToManyField(
        "agencies.Agency", blank=True, related_name="programmes"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["municipality", "code"], name="programme_once")
        ]


class RoleName(CityRow):
    """A city's own name of a role (くらし連携担当, 福祉まるごと支援員)."""

    role = models.CharField(max_length=40, choices=enums.RoleKey.choices)
    name = models.CharField(max_length=100)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["municipality", "role"], name="role_name_once")
        ]


class ConferenceType(CityRow):
    """会議の種別. Stands here, below cases, because a consent may name its standing members and a
    referral without consent goes to its secretariat (V3, V4); see docs/decisions/0003."""

    code = models.CharField(max_length=60)
    name = models.CharField(max_length=100)
    short_name = models.CharField(max_length=40, blank=True)
    bases = _codes()
    host = models.ForeignKey(
        "agencies.Agency", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    secretariat = models.ForeignKey(
        "agencies.Agency", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    chair = models.CharField(max_length=100, blank=True)
    consent = models.CharField(
        max_length=20, choices=enums.ConsentRule.choices, default=enums.ConsentRule.REQUIRED
    )
    rhythm_kind = models.CharField(max_length=30, choices=enums.RhythmKind.choices, blank=True)
    rhythm_nth = models.PositiveSmallIntegerField(null=True, blank=True)
    rhythm_weekday = models.CharField(max_length=3, blank=True)
    rhythm_months = models.PositiveSmallIntegerField(null=True, blank=True)
    is_ad_hoc_allowed = models.BooleanField(default=False)
    joint_with = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    may_person_attend = models.BooleanField(null=True, blank=True)
    agenda_types = _codes()
    closes_after_days = models.PositiveSmallIntegerField(null=True, blank=True)
    # 定足数: percent of those asked to an item who have to be there for a decision.
    quorum = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["municipality", "code"], name="conference_type_once"),
            # V7: without statutory secrecy among the bases, consent is required.
            models.CheckConstraint(
                name="conference_consent_or_secrecy",
                condition=models.Q(consent=enums.ConsentRule.REQUIRED)
                | models.Q(bases__contains=["106-6"]),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_secret(self) -> bool:
        """Items of this type stand under 106条の6 (V6; V7: in a merged body always)."""
        return "106-6" in self.bases


class StandingMember(CityRow):
    """構成員 as the plan prints them: an agency, or words (「学校等」) for whoever it is."""

    conference_type = models.ForeignKey(
        ConferenceType, on_delete=models.CASCADE, related_name="standing_members"
    )
    agency = models.ForeignKey(
        "agencies.Agency", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    name = models.CharField(max_length=200, blank=True)
    is_mandatory = models.BooleanField(default=False)
    # Asked item by item (「案件により」): no consent to "the standing members" covers it.
    is_by_item = models.BooleanField(default=False)
    # A member added later is not covered by consents given before (V3, V18); empty: from the
    # start.
    since = models.DateField(null=True, blank=True)


class IntakeCriterion(CityRow):
    """The city's own criteria for taking a case into 多機関協働, as a checklist."""

    code = models.CharField(max_length=60)
    text = models.CharField(max_length=300)
    is_required = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["municipality", "code"], name="intake_criterion_once")
        ]


class IntakeItem(CityRow):
    """What this city's 相談受付・申込票 asks besides the national items. `only` and `category` are
    words of the cases room."""

    code = models.CharField(max_length=60)
    label = models.CharField(max_length=300)
    kind = models.CharField(max_length=10)
    options = models.JSONField(default=list)
    only = models.CharField(max_length=20, blank=True)
    category = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["municipality", "code"], name="intake_item_once")
        ]


class AssessmentItem(CityRow):
    """A question of the household assessment that this city asks besides the national ones. Its
    field and kind are words of the cases room."""

    code = models.CharField(max_length=60)
    category = models.CharField(max_length=20)
    kind = models.CharField(max_length=20)
    text = models.CharField(max_length=300)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["municipality", "code"], name="assessment_item_once")
        ]


class RoutingHint(CityRow):
    """つなぎ先のめやす."""

    when = models.CharField(max_length=200)
    partner = models.CharField(max_length=200)
    programme = models.CharField(max_length=60, blank=True)


class Committee(CityRow):
    """計画の評価・推進の会議体 (推進委員会, デザイン協議会 …)."""

    code = models.CharField(max_length=60)
    name = models.CharField(max_length=100)
    purpose = models.TextField(blank=True)
    inputs = _codes(100)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["municipality", "code"], name="committee_once")
        ]


class Indicator(CityRow):
    """評価指標 with baseline and target; "keep" targets exist (1,020 → 1,020)."""

    code = models.CharField(max_length=60)
    # The agency whose figure it is (生活自立支援センターの新規相談); empty = the whole city.
    agency = models.ForeignKey(
        "agencies.Agency", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    label = models.CharField(max_length=200)
    unit = models.CharField(max_length=20, blank=True)
    baseline_value = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    baseline_period = models.CharField(max_length=40, blank=True)
    target_value = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    target_year = models.PositiveSmallIntegerField(null=True, blank=True)
    is_target_yearly = models.BooleanField(default=False)
    source = models.CharField(max_length=20, choices=enums.IndicatorSource.choices)
    formula = models.CharField(max_length=60, blank=True)
    direction = models.CharField(max_length=10, choices=enums.Direction.choices, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["municipality", "code"], name="indicator_once")
        ]


class LegalBasis(models.Model):
    """A statutory basis with the dates it is in force: law is data, never a constant."""

    code = models.CharField(max_length=20)
    act = models.CharField(max_length=60)
    article = models.CharField(max_length=60)
    label = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    effective_from = models.DateField()
    effective_to = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code", "effective_from"], name="legal_basis_once")
        ]
