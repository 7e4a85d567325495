"""The annual evaluation as it is shown: figures and indicators of a year as plain values, for the
page, the paper and the spreadsheet alike. What is printed is exactly what is stored."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.models import Membership, PlanPeriod
from config.lib.eras import format_long, local_day
from config.lib.fiscal import fiscal_range, fiscal_year, label
from plans.enums import PlanProgramme
from reports.enums import Round, Section, Way
from reports.figures import BY_KEY, FIGURES
from reports.figures import Figure as Definition
from reports.indicators import Counts, IndicatorLine, indicator_lines, target_of
from reports.models import Figure, IndicatorValue
from reports.pictures import Names, Picture, names_of, picture_of, plan_picture, progress
from reports.words import number


@dataclass(frozen=True)
class Line:
    """A figure in a table."""

    key: str
    name: str
    way: str
    value: str
    before: str
    target: str
    definition: str


@dataclass(frozen=True)
class PlanLine:
    """One programme's plans in a line."""

    name: str
    drafted: str
    decided: str
    first: str
    again: str
    cases: str
    ended: str
    active: str
    before: str
    target: str


@dataclass(frozen=True)
class Chapter:
    """One section of the evaluation."""

    key: str
    title: str
    lines: list[Line]
    pictures: list[Picture]
    plans: list[PlanLine] = field(default_factory=list)
    definitions: list[dict[str, str]] = field(default_factory=list)

    @property
    def has_target(self) -> bool:
        """Whether the table needs a column for targets."""
        return any(line.target for line in self.lines)


@dataclass(frozen=True)
class Report:
    """A city's year, and for the spreadsheet everything it was made of."""

    year: int
    title: str
    before: str
    period: str
    counted: str
    counted_at: datetime.datetime | None
    chapters: list[Chapter]
    indicators: list[IndicatorLine]
    progress: Picture | None
    missing: list[IndicatorLine]
    counts: Counts
    former: Counts
    names: Names

    def is_counted(self, since: datetime.datetime | None = None) -> bool:
        """Whether there are figures, counted after `since`."""
        return self.counted_at is not None and (since is None or self.counted_at > since)


def report_of(membership: Membership, year: int) -> Report:
    """The year as stored, beside the year before. Six queries, however large the city."""
    by_year: dict[int, Counts] = {year: {}, year - 1: {}}
    counted_at: datetime.datetime | None = None
    rows = Figure.objects.visible_to(membership).filter(fiscal_year__in=[year, year - 1])
    for found, key, part, value, at in rows.values_list(
        "fiscal_year", "key", "breakdown", "value", "counted_at"
    ):
        by_year[found][key, part] = value
        if found == year:
            counted_at = at
    counts, former = by_year[year], by_year[year - 1]
    names = names_of(membership)
    indicators = indicator_lines(membership, year, counts)
    targets = {
        line.indicator.formula: target_of(line.indicator, year)
        for line in indicators
        if line.indicator.formula and line.indicator.agency_id is None
    }
    before = label(year - 1)
    return Report(
        year=year,
        title=label(year),
        before=before,
        period=_period(year),
        counted=_counted(counted_at),
        counted_at=counted_at,
        chapters=[_chapter(s, counts, former, names, targets, before) for s in Section],
        indicators=indicators,
        progress=progress(indicators),
        missing=[line for line in indicators if line.is_missing and line.edit_url],
        counts=counts,
        former=former,
        names=names,
    )


def _period(year: int) -> str:
    first, last = fiscal_range(year)
    return f"{format_long(first)}～{format_long(last)}"


def _counted(at: datetime.datetime | None) -> str:
    """「○時○分に集計」, with the day when that is not today."""
    if at is None:
        return _("まだ集計していません")
    moment = timezone.localtime(at)
    clock = _("%(hour)s時%(minute)s分に集計") % {"hour": moment.hour, "minute": moment.minute}
    if local_day(at) == timezone.localdate():
        return clock
    return f"{format_long(at)} {clock}"


# --- chapters --------------------------------------------------------------------------------


def shown(definition: Definition, counts: Counts) -> str:
    """A total in words; a rate that does not exist is a dash, like a year never counted."""
    value = counts.get((definition.key, ""))
    return "－" if value is None else f"{number(value)}{definition.unit}"


def _chapter(
    section: Section,
    counts: Counts,
    former: Counts,
    names: Names,
    targets: Mapping[str, Decimal | None],
    before: str,
) -> Chapter:
    known = [figure for figure in FIGURES if figure.section == section]
    in_table = {f"{p}{x.value}" for x in PlanProgramme for p in _PLAN_COLUMNS}
    pictures = [
        picture
        for figure in known
        for name in figure.pictures
        if figure.key not in in_table or name == "outcome"
        if (picture := picture_of(figure, name, counts, former, names, before))
    ]
    plans: list[PlanLine] = []
    if section == Section.PLAN:
        plans = [_plan_line(programme, counts, former, targets) for programme in PlanProgramme]
        pictures.insert(0, plan_picture(counts, former, targets, before))
    return Chapter(
        key=section.value,
        title=str(section.label),
        lines=[
            _line(figure, counts, former, targets) for figure in known if figure.key not in in_table
        ],
        pictures=pictures,
        plans=plans,
        definitions=[
            {"term": f"{figure.name}（{figure.way.label}）", "value": str(figure.definition)}
            for figure in known
        ],
    )


def _line(
    figure: Definition, counts: Counts, former: Counts, targets: Mapping[str, Decimal | None]
) -> Line:
    target = targets.get(figure.key)
    return Line(
        key=figure.key,
        name=str(figure.name),
        way=str(figure.way.label) if figure.way != Way.RATIO else "",
        value=shown(figure, counts),
        before=shown(figure, former),
        target="" if target is None else f"{number(target)}{figure.unit}",
        definition=str(figure.definition),
    )


_PLAN_COLUMNS = ("plans_drafted_", "plans_", "plans_cases_", "plans_ended_", "plans_active_")


def _plan_line(
    programme: PlanProgramme,
    counts: Counts,
    former: Counts,
    targets: Mapping[str, Decimal | None],
) -> PlanLine:
    def cell(prefix: str, part: str = "") -> str:
        key = f"{prefix}{programme.value}"
        if (key, "") not in counts:
            return "－"
        return number(counts.get((key, part), Decimal(0)))

    decided = BY_KEY[f"plans_{programme.value}"]
    target = targets.get(decided.key)
    return PlanLine(
        name=str(programme.label),
        drafted=cell("plans_drafted_"),
        decided=cell("plans_"),
        first=cell("plans_", f"round:{Round.FIRST.value}"),
        again=cell("plans_", f"round:{Round.AGAIN.value}"),
        cases=cell("plans_cases_"),
        ended=cell("plans_ended_"),
        active=cell("plans_active_"),
        before=shown(decided, former).removesuffix(str(decided.unit)),
        target="" if target is None else number(target),
    )


# --- years -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class YearRow:
    """A line of the entrance page."""

    title: str
    url: str
    state: str
    detail: str
    is_current: bool


def year_rows(membership: Membership) -> list[YearRow]:
    """The years one may open, newest first: counted, typed in, planned, or the last two."""
    figures = Figure.objects.visible_to(membership).filter(key="new_consultations", breakdown="")
    found = {row.fiscal_year: row for row in figures}
    values = IndicatorValue.objects.visible_to(membership)
    entered = set(values.values_list("fiscal_year", flat=True).distinct())
    starts = PlanPeriod.objects.filter(
        municipality=membership.municipality, starts_on__isnull=False
    ).values_list("starts_on", flat=True)
    current = fiscal_year(timezone.localdate())
    planned = min((fiscal_year(day) for day in starts if day), default=current - 1)
    years = {*found, *entered, *range(min(planned, current - 1), current + 1)}
    rows = []
    for year in sorted((y for y in years if y <= current), reverse=True):
        row = found.get(year)
        detail = _("%(n)s件") % {"n": number(row.value)} if row else "－"
        rows.append(
            YearRow(
                title=label(year),
                url=reverse("report_year", args=[year]),
                state=_counted(row.counted_at if row else None),
                detail=detail,
                is_current=year == current,
            )
        )
    return rows
