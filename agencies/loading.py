"""Writes a city's profile into the database: one transaction, safe to repeat.

Rows are matched by what the file calls them (a code, a title, the words of a hint). What changed is
written, what vanished is ended and never deleted, because cases point at it; a row that comes back
is reopened. What the file does not know stays as it is: agencies placed under a type by hand, and
fictional ones.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import F, Model, QuerySet

from agencies.models import (
    Agency,
    AssessmentItem,
    Committee,
    ConferenceType,
    Indicator,
    IntakeCriterion,
    IntakeItem,
    Municipality,
    PlanPeriod,
    Programme,
    RoleName,
    RoutingHint,
    StandingMember,
)
from agencies.models.city import CityRow
from agencies.models.people import local_today
from agencies.profile import Profile
from agencies.profile_entries import (
    ROLES,
    AgencyEntry,
    ConferenceEntry,
    IndicatorEntry,
    MemberEntry,
    ProgrammeEntry,
)

Row = TypeVar("Row", bound=CityRow)
Values = dict[str, Any]


@dataclass
class Tally:
    """What happened to the rows of one table, by their keys."""

    created: set[Hashable] = field(default_factory=set)
    changed: set[Hashable] = field(default_factory=set)
    ended: set[Hashable] = field(default_factory=set)

    def change(self, key: Hashable) -> None:
        """Count a change, unless the row is new anyway."""
        if key not in self.created:
            self.changed.add(key)

    def __str__(self) -> str:
        counts = {"追加": self.created, "変更": self.changed, "終了": self.ended}
        return "・".join(f"{word}{len(keys)}件" for word, keys in counts.items() if keys)


@dataclass
class LoadSummary:
    """What a load did, table by table, in Japanese."""

    city: str
    tables: dict[str, Tally] = field(default_factory=dict)

    @property
    def is_unchanged(self) -> bool:
        return not any(str(tally) for tally in self.tables.values())

    def __str__(self) -> str:
        if self.is_unchanged:
            return f"{self.city}: 変更はありません"
        done = [f"{table} {tally}" for table, tally in self.tables.items() if str(tally)]
        return f"{self.city}: " + "、".join(done)


@transaction.atomic
def load_profile(profile: Profile) -> LoadSummary:
    """Make the database say what the profile says, and tell what had to change."""
    load = _Load(profile)
    load.plan_periods()
    load.agencies()
    load.programmes()
    load.role_names()
    load.conferences()
    load.members()
    load.lists()
    return load.summary


class _Load:
    """One load: the profile, the city's row, and the rows written so far by their codes."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.summary = LoadSummary(profile.city.name)
        self.agency: dict[str, Agency] = {}
        self.conference: dict[str, ConferenceType] = {}
        values = _city_values(profile)
        # Locked: two loads of one city would each create what the other one creates.
        cities = Municipality.objects.select_for_update()
        self.city, self.is_new = cities.get_or_create(code=profile.city.code, defaults=values)
        tally = self.tally("市の基本情報")
        if self.is_new:
            tally.created.add(self.city.code)
        elif _write(self.city, values):
            tally.change(self.city.code)

    def tally(self, table: str) -> Tally:
        return self.summary.tables.setdefault(table, Tally())

    def sync(
        self,
        table: str,
        model: type[Row],
        key_of: Callable[[Any], Hashable],
        wanted: dict[Any, Values],
        create: Callable[..., Row] | None = None,
    ) -> dict[Any, Row]:
        """Bring one table of the city in line with `wanted`: key -> values, in the file's order.

        Returns the rows of the file by key.
        """
        tally = self.tally(table)
        found: dict[Any, Row] = {}
        # The manager is CityRow's own, so the stubs do not know of which kind its rows are.
        rows = cast("QuerySet[Row]", model._default_manager.filter(municipality=self.city))
        for row in rows.order_by(F("ended_on").asc(nulls_first=True), "pk"):
            key = key_of(row)
            if key in wanted and key not in found:
                found[key] = row
            elif row.ended_on is None and not _is_placed_by_hand(row):
                _write(row, {"ended_on": local_today()})
                tally.ended.add(key)
        for order, (key, values) in enumerate(wanted.items()):
            values = {**values, "order": order, "ended_on": None}
            if model is StandingMember and key in found and found[key].ended_on is not None:
                values["since"] = local_today()  # reopened: older consents do not reach it
            if key not in found:
                make = create or cast("Callable[..., Row]", model._default_manager.create)
                found[key] = make(municipality=self.city, **values)
                tally.created.add(key)
            elif _write(found[key], values):
                tally.change(key)
        return found

    def plan_periods(self) -> None:
        wanted: dict[Any, Values] = {
            entry.title: {
                "title": entry.title,
                "starts_on": entry.starts_on,
                "ends_on": entry.ends_on,
                "review": entry.review,
                "adopted": entry.adopted,
                "revised_on": list(entry.revised),
            }
            for entry in self.profile.plan_periods
        }
        self.sync("計画期間", PlanPeriod, lambda row: row.title, wanted)

    def agencies(self) -> None:
        wanted = {entry.code: _agency_values(entry) for entry in self.profile.agencies}
        self.agency = self.sync("機関", Agency, _code, wanted, self._create_agency)

    def _create_agency(self, **values: Any) -> Agency:
        """An agency and its group: a grant to the group is a grant to the agency."""
        group = Group.objects.create(name=f"{self.city.code}:{values['code']}")
        return Agency.objects.create(group=group, **values)

    def _agency_key(self, code: str) -> int | None:
        return self.agency[code].pk if code else None

    def programmes(self) -> None:
        entries = self.profile.programmes
        wanted = {entry.code: _programme_values(entry) for entry in entries}
        programmes = self.sync("事業", Programme, _code, wanted)
        for entry in entries:
            programme = programmes[entry.code]
            present = list(programme.agencies.all())
            named = {self.agency[code].pk for code in entry.agencies}
            named |= {agency.pk for agency in present if _is_placed_by_hand(agency)}
            if {agency.pk for agency in present} != named:
                programme.agencies.set(named)
                self.tally("事業").change(entry.code)

    def role_names(self) -> None:
        names = {role: getattr(self.profile.roles, role) for role in ROLES}
        wanted: dict[Any, Values] = {
            role: {"role": role, "name": name} for role, name in names.items() if name
        }
        self.sync("役割の呼び名", RoleName, lambda row: row.role, wanted)

    def conferences(self) -> None:
        entries = self.profile.conferences
        wanted = {entry.code: self._conference_values(entry) for entry in entries}
        self.conference = self.sync("会議", ConferenceType, _code, wanted)
        for entry in entries:  # only now both of a pair exist
            other = self.conference[entry.joint_with].pk if entry.joint_with else None
            if _write(self.conference[entry.code], {"joint_with_id": other}):
                self.tally("会議").change(entry.code)

    def _conference_values(self, entry: ConferenceEntry) -> Values:
        host = self._agency_key(entry.host)
        return {
            "code": entry.code,
            "name": entry.name,
            "short_name": entry.short_name,
            "bases": list(entry.bases),
            "host_id": host,
            # V4 sends referrals without consent to a secretariat: nobody else named, the host.
            "secretariat_id": self._agency_key(entry.secretariat) or host,
            "chair": entry.chair,
            "consent": entry.consent_rule,
            "rhythm_kind": entry.rhythm.kind,
            "rhythm_nth": entry.rhythm.nth,
            "rhythm_weekday": entry.rhythm.weekday,
            "rhythm_months": entry.rhythm.months,
            "is_ad_hoc_allowed": entry.rhythm.ad_hoc or entry.rhythm.kind == "ad_hoc",
            "may_person_attend": entry.person_may_attend,
            "agenda_types": list(entry.agenda_types),
            "closes_after_days": entry.closes_days,
            "quorum": entry.quorum,
        }

    def members(self) -> None:
        wanted: dict[Any, Values] = {}
        for entry in self.profile.conferences:
            conference = self.conference[entry.code].pk
            for member in entry.members:
                values = {"conference_type_id": conference, **self._member_values(member)}
                wanted[(conference, values["agency_id"], values["name"])] = values
        self.sync(
            "会議の構成員",
            StandingMember,
            lambda row: (row.conference_type_id, row.agency_id, row.name),
            wanted,
            self._create_member,
        )

    def _create_member(self, **values: Any) -> StandingMember:
        """A member of a city's first load is there from the start; consents given before a later
        one do not reach it (V3, V18)."""
        since = None if self.is_new else local_today()
        return StandingMember.objects.create(since=since, **values)

    def _member_values(self, member: MemberEntry) -> Values:
        """A consent given to "the standing members" does not cover who is asked item by item."""
        return {
            "agency_id": self._agency_key(member.agency),
            "name": member.name,
            "is_mandatory": member.mandatory,
            "is_by_item": member.by_item,
        }

    def lists(self) -> None:
        """What only the screens read."""
        profile = self.profile
        criteria: dict[Any, Values] = {
            entry.key: {"code": entry.key, "text": entry.text, "is_required": entry.required}
            for entry in profile.intake_criteria
        }
        self.sync("受付の基準", IntakeCriterion, _code, criteria)
        asked: dict[Any, Values] = {
            entry.code: {
                "code": entry.code,
                "label": entry.label,
                "kind": entry.kind,
                "options": list(entry.options),
                "only": entry.only,
                "category": entry.category,
            }
            for entry in profile.intake_items
        }
        self.sync("受付票の項目", IntakeItem, _code, asked)
        questions: dict[Any, Values] = {
            entry.code: {
                "code": entry.code,
                "category": entry.category,
                "kind": entry.kind,
                "text": entry.text,
            }
            for entry in profile.assessment_items
        }
        self.sync("アセスメントの項目", AssessmentItem, _code, questions)
        hints: dict[Any, Values] = {
            (entry.when, entry.partner): {
                "when": entry.when,
                "partner": entry.partner,
                "programme": entry.programme,
            }
            for entry in profile.routing_hints
        }
        self.sync("つなぎ先のめやす", RoutingHint, lambda row: (row.when, row.partner), hints)
        committees: dict[Any, Values] = {
            entry.code: {
                "code": entry.code,
                "name": entry.name,
                "purpose": entry.purpose,
                "inputs": list(entry.inputs),
            }
            for entry in profile.committees
        }
        self.sync("会議体", Committee, _code, committees)
        indicators = {
            entry.code: {**_indicator_values(entry), "agency_id": self._agency_key(entry.agency)}
            for entry in profile.indicators
        }
        self.sync("評価指標", Indicator, _code, indicators)


def _code(row: Any) -> Hashable:
    code: str = row.code
    return code


def _is_placed_by_hand(row: CityRow) -> bool:
    """Agencies that no file names: those under a type, and the fictional ones of the demo."""
    return isinstance(row, Agency) and (row.is_fictional or row.of_type_id is not None)


def _write(row: Model, values: Values) -> bool:
    """Save what differs. True when that is more than the place in the list."""
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    if changed:
        row.save(update_fields=changed)
    return changed not in ([], ["order"])


def _city_values(profile: Profile) -> Values:
    entry, flow, monitoring = profile.city, profile.plan_flow, profile.monitoring
    usual = Municipality()  # where the file is silent and the column must not be
    age = usual.consent_age if entry.consent_age is None else entry.consent_age
    month = usual.recertify_month if entry.recertify_month is None else entry.recertify_month
    return {
        "name": entry.name,
        "prefecture": entry.prefecture,
        "project_name": entry.project_name,
        "responsible_unit": entry.responsible_unit,
        "started_on": entry.started_on,
        "wording_shogai": profile.wording.shogai or usual.wording_shogai,
        "wording_kodomo": profile.wording.kodomo or usual.wording_kodomo,
        "consent_age": age,
        "recertify_month": month,
        "closing_days": list(entry.closing_days),
        "risk_levels": [
            {**dataclasses.asdict(level), "any_of": list(level.any_of)}
            for level in profile.risk_levels
        ],
        "draft_role": flow.draft_role,
        "decided_by": flow.decided_by,
        "decision_agency_code": flow.decision_agency,
        "revision_decided_by": flow.revision_decided_by,
        "signature": flow.signature,
        "is_own_draft_refused": flow.own_draft == "refused",
        "decisions": [
            {
                "kind": entry.kind,
                "posts": [dataclasses.asdict(post) for post in entry.posts],
                "in_place_of": entry.in_place_of,
            }
            for entry in profile.decisions
        ],
        "default_plan_months": monitoring.default_plan_months,
        "monitor_every_months": monitoring.monitor_every_months,
        "reminder_days": monitoring.reminder_days,
    }


def _agency_values(entry: AgencyEntry) -> Values:
    return {
        "code": entry.code,
        "name": entry.name,
        "sectors": list(entry.sectors),
        "form": entry.form,
        "operator": entry.operator,
        "unit": entry.unit,
        "site_type": entry.site_type,
        "is_model_project": entry.model_project,
        "catchment_kind": entry.catchment.kind,
        "catchment_names": list(entry.catchment.names),
        "local_role_names": list(entry.local_role_names),
        "is_type": entry.is_type,
        "note": entry.note,
        "expected_count": entry.count,
    }


def _programme_values(entry: ProgrammeEntry) -> Values:
    return {
        "code": entry.code,
        "kind": entry.kind,
        "go": entry.go,
        "is_go_printed": entry.go_printed,
        "name": entry.name,
        "status": entry.status,
        "form": entry.form,
        "sector": entry.sector,
        "unit": entry.unit,
        "expected_count": entry.count,
        "staffing": entry.staffing,
        "note": entry.note,
    }


def _indicator_values(entry: IndicatorEntry) -> Values:
    baseline, target = entry.baseline, entry.target
    return {
        "code": entry.code,
        "label": entry.label,
        "unit": entry.unit,
        "baseline_value": baseline.value if baseline else None,
        "baseline_period": baseline.period if baseline else "",
        "target_value": target.value if target else None,
        "target_year": target.fiscal_year if target else None,
        "is_target_yearly": bool(target and target.per),
        "source": entry.source,
        "formula": entry.formula,
        "direction": entry.direction,
    }
