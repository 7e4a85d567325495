# ruff: noqa: RUF009 (the calls make dataclass fields; their values are immutable)
"""The keys of a city's profile and the words each of them may hold. See docs/profile.md.

Empty ("", None or ()) always means that the city's own document does not say.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from agencies import profile_fields as f
from config.lib.wording import SHOGAI

SECTORS = (
    *("elderly", "disability", "child", "livelihood", "health", "housing"),
    *("coordination", "outreach", "participation", "community", "city", "other"),
)
FORMS = (
    *("direct", "outsourced", "designated", "subsidised", "group_subsidised"),
    *("joint", "resident_led"),
)
SITE_TYPES = ("basic", "integrated", "community")
CATCHMENTS = (
    *("city", "daily_life_area", "several_daily_life_areas", "area"),
    *("junior_high_school_district", "primary_school_district", "council_branch", "beyond_city"),
)
PROGRAMME_KINDS = (
    *("comprehensive_consultation", "participation_support", "community_building"),
    *("outreach_support", "multi_agency_coordination", "support_planning", "related"),
)
STATUSES = ("existing", "new", "continued", "expanded")
SECRECY_BASIS = "106-6"
BASES = ("106-4-2-5", "106-4-2-6", SECRECY_BASIS, "guideline")
CONSENT_RULES = ("required", "best_effort", "not_required")
RHYTHMS = ("monthly", "monthly_nth_weekday", "every_n_months", "per_case", "ad_hoc")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MEMBER_KINDS = ("city", "agency", "resident", "household", "other")
AGENDA_TYPES = (
    *("plan_adequacy", "closure_evaluation", "social_resources"),
    *("information_sharing", "watching", "urgent"),
)
DECIDERS = ("conference", "agency")
SIGNATURES = ("required", "record_only")
REVIEWS = ("yearly", "end_of_period", "as_needed")
COMMITTEE_INPUTS = ("indicators", "community_issues", "anonymised_cases")
SOURCES = ("computed", "manual", "survey")
FORMULAS = (
    *("new_consultations", "coordination_requests"),
    *("plans_participation", "plans_outreach", "plans_coordination"),
    *("plan_conference_sittings", "support_conference_sittings"),
)
DIRECTIONS = ("up", "keep")
ITEM_KINDS = ("line", "text", "choice", "choices")
INTAKE_VERSIONS = ("with_consent", "without_consent")
# The fields of the household assessment, and what a はい to a question of it means.
ASSESSED = (
    *("basic", "household", "health", "disability", "care", "child"),
    *("money", "work", "housing", "safety"),
)
QUESTION_KINDS = ("problem", "background", "strength")
DECISIONS = ("plan", "minutes")
RISK_SHEETS = ("elder", "disability", "child")
RISK_GROUPS = ("1", "2", "3", "4", "5", "6", "7", "8")


@dataclass(frozen=True, kw_only=True)
class CityEntry:
    code: str = f.slug(required=True)
    name: str = f.text(required=True)
    prefecture: str = f.text(20, required=True)
    project_name: str = f.text(required=True)
    responsible_unit: str = f.text()
    started_on: str = f.text(40)
    consent_age: int | None = f.whole(0, 20)
    recertify_month: int | None = f.whole(1, 12)
    closing_days: tuple[date, ...] = f.days()


@dataclass(frozen=True, kw_only=True)
class WordingEntry:
    shogai: str = f.choice((SHOGAI, "障がい", "障碍"))
    kodomo: str = f.choice(("子ども", "こども", "子供"))


@dataclass(frozen=True, kw_only=True)
class PlanPeriodEntry:
    title: str = f.text(required=True)
    starts_on: date | None = f.day(key="from")
    ends_on: date | None = f.day(key="to")
    review: str = f.choice(REVIEWS)
    adopted: str = f.month()
    revised: tuple[str, ...] = f.months()


@dataclass(frozen=True, kw_only=True)
class CatchmentEntry:
    kind: str = f.choice(CATCHMENTS)
    names: tuple[str, ...] = f.texts(60)


@dataclass(frozen=True, kw_only=True)
class AgencyEntry:
    code: str = f.slug(required=True)
    name: str = f.text(required=True)
    sectors: tuple[str, ...] = f.choices(SECTORS, required=True)
    form: str = f.choice(FORMS)
    operator: str = f.text()
    unit: str = f.text()
    catchment: CatchmentEntry = f.table(CatchmentEntry)
    count: int | None = f.whole(2, 9999)
    site_type: str = f.choice(SITE_TYPES)
    model_project: bool = f.flag()
    local_role_names: tuple[str, ...] = f.texts(60)
    note: str = f.text(200)

    @property
    def is_type(self) -> bool:
        """A row that only counts: agencies of this type exist, but none is named."""
        return self.count is not None


@dataclass(frozen=True, kw_only=True)
class ProgrammeEntry:
    code: str = f.slug(required=True)
    kind: str = f.choice(PROGRAMME_KINDS, required=True)
    go: str = f.go()
    go_printed: bool = f.flag()
    name: str = f.text(required=True)
    status: str = f.choice(STATUSES)
    form: str = f.choice(FORMS)
    agencies: tuple[str, ...] = f.slugs()
    unit: str = f.text()
    count: int | None = f.whole(1, 9999)
    staffing: str = f.text()
    sector: str = f.choice(SECTORS)
    note: str = f.text(200)


@dataclass(frozen=True, kw_only=True)
class RolesEntry:
    consultation_worker: str = f.text()
    coordinator: str = f.text()
    office_head: str = f.text()
    agency_manager: str = f.text()
    outreach_worker: str = f.text()
    participation_worker: str = f.text()
    community_worker: str = f.text()
    city_administrator: str = f.text()
    privacy_officer: str = f.text()


ROLES = tuple(RolesEntry.__dataclass_fields__)


@dataclass(frozen=True, kw_only=True)
class RhythmEntry:
    kind: str = f.choice(RHYTHMS)
    nth: int | None = f.whole(1, 5)
    weekday: str = f.choice(WEEKDAYS)
    months: int | None = f.whole(2, 12)
    ad_hoc: bool = f.flag()


@dataclass(frozen=True, kw_only=True)
class MemberEntry:
    agency: str = f.slug()
    name: str = f.text()
    kind: str = f.choice(MEMBER_KINDS)
    mandatory: bool = f.flag()
    by_item: bool = f.flag()


@dataclass(frozen=True, kw_only=True)
class ConferenceEntry:
    code: str = f.slug(required=True)
    name: str = f.text(required=True)
    short_name: str = f.text(40)
    bases: tuple[str, ...] = f.choices(BASES, required=True)
    host: str = f.slug()
    secretariat: str = f.slug()
    chair: str = f.text()
    consent: str = f.choice(CONSENT_RULES)
    rhythm: RhythmEntry = f.table(RhythmEntry)
    joint_with: str = f.slug()
    members: tuple[MemberEntry, ...] = f.tables(MemberEntry)
    person_may_attend: bool | None = f.flag(silent=None)
    agenda_types: tuple[str, ...] = f.choices(AGENDA_TYPES)
    closes_days: int | None = f.whole(0, 365)
    quorum: int | None = f.whole(1, 100)

    @property
    def consent_rule(self) -> str:
        """What holds: a rule left empty means that consent is required (V7)."""
        return self.consent or "required"


@dataclass(frozen=True, kw_only=True)
class PlanFlowEntry:
    draft_role: str = f.choice(ROLES)
    decided_by: str = f.choice(DECIDERS)
    decision_agency: str = f.slug()
    revision_decided_by: str = f.choice(DECIDERS)
    signature: str = f.choice(SIGNATURES)
    own_draft: str = f.choice(("refused",))


@dataclass(frozen=True, kw_only=True)
class PostEntry:
    post: str = f.text(30, required=True)
    role: str = f.choice(ROLES, required=True)


@dataclass(frozen=True, kw_only=True)
class DecisionEntry:
    kind: str = f.choice(DECISIONS, required=True)
    posts: tuple[PostEntry, ...] = f.tables(PostEntry)
    in_place_of: str = f.text(30)


@dataclass(frozen=True, kw_only=True)
class MonitoringEntry:
    default_plan_months: int | None = f.whole(1, 60)
    monitor_every_months: int | None = f.whole(1, 60)
    reminder_days: int | None = f.whole(1, 365)


@dataclass(frozen=True, kw_only=True)
class CriterionEntry:
    key: str = f.slug(required=True)
    text: str = f.text(200, required=True)
    required: bool = f.flag()


@dataclass(frozen=True, kw_only=True)
class IntakeItemEntry:
    code: str = f.slug(required=True)
    label: str = f.text(60, required=True)
    kind: str = f.choice(ITEM_KINDS, required=True)
    options: tuple[str, ...] = f.texts(40)
    only: str = f.choice(INTAKE_VERSIONS)
    category: str = f.choice(ASSESSED)


@dataclass(frozen=True, kw_only=True)
class AssessmentItemEntry:
    code: str = f.slug(required=True)
    category: str = f.choice(ASSESSED, required=True)
    kind: str = f.choice(QUESTION_KINDS, required=True)
    text: str = f.text(100, required=True)


@dataclass(frozen=True, kw_only=True)
class RiskLevelEntry:
    sheet: str = f.choice(RISK_SHEETS, required=True)
    code: str = f.slug(required=True)
    name: str = f.text(20, required=True)
    meaning: str = f.text(60, required=True)
    any_of: tuple[str, ...] = f.choices(RISK_GROUPS)
    red: bool = f.flag()
    ended: bool = f.flag()
    source: str = f.text(200, required=True)


@dataclass(frozen=True, kw_only=True)
class HintEntry:
    programme: str = f.choice(PROGRAMME_KINDS)
    when: str = f.text(200, required=True)
    partner: str = f.text(200, required=True)
    agencies: tuple[str, ...] = f.slugs()


@dataclass(frozen=True, kw_only=True)
class CommitteeEntry:
    code: str = f.slug(required=True)
    name: str = f.text(required=True)
    purpose: str = f.text(300)
    inputs: tuple[str, ...] = f.choices(COMMITTEE_INPUTS)


@dataclass(frozen=True, kw_only=True)
class BaselineEntry:
    value: Decimal | None = f.number()
    period: str = f.text(40, required=True)


@dataclass(frozen=True, kw_only=True)
class TargetEntry:
    value: Decimal | None = f.number()
    fiscal_year: int | None = f.whole(2000, 2100)
    per: str = f.choice(("year",))


@dataclass(frozen=True, kw_only=True)
class IndicatorEntry:
    code: str = f.slug(required=True)
    label: str = f.text(required=True)
    unit: str = f.text(20, required=True)
    baseline: BaselineEntry | None = f.table(BaselineEntry, optional=True)
    target: TargetEntry | None = f.table(TargetEntry, optional=True)
    source: str = f.choice(SOURCES, required=True)
    formula: str = f.choice(FORMULAS)
    agency: str = f.slug()
    direction: str = f.choice(DIRECTIONS)


@dataclass(frozen=True, kw_only=True)
class Profile:
    city: CityEntry = f.table(CityEntry, required=True)
    wording: WordingEntry = f.table(WordingEntry)
    plan_periods: tuple[PlanPeriodEntry, ...] = f.tables(PlanPeriodEntry)
    agencies: tuple[AgencyEntry, ...] = f.tables(AgencyEntry)
    programmes: tuple[ProgrammeEntry, ...] = f.tables(ProgrammeEntry)
    roles: RolesEntry = f.table(RolesEntry)
    conferences: tuple[ConferenceEntry, ...] = f.tables(ConferenceEntry)
    plan_flow: PlanFlowEntry = f.table(PlanFlowEntry)
    decisions: tuple[DecisionEntry, ...] = f.tables(DecisionEntry)
    monitoring: MonitoringEntry = f.table(MonitoringEntry)
    intake_criteria: tuple[CriterionEntry, ...] = f.tables(CriterionEntry)
    intake_items: tuple[IntakeItemEntry, ...] = f.tables(IntakeItemEntry)
    assessment_items: tuple[AssessmentItemEntry, ...] = f.tables(AssessmentItemEntry)
    risk_levels: tuple[RiskLevelEntry, ...] = f.tables(RiskLevelEntry)
    routing_hints: tuple[HintEntry, ...] = f.tables(HintEntry)
    committees: tuple[CommitteeEntry, ...] = f.tables(CommitteeEntry)
    indicators: tuple[IndicatorEntry, ...] = f.tables(IndicatorEntry)
