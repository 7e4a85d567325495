"""The city's own indicators of a year: baseline, target, value, and where the value stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from agencies.enums import Direction, IndicatorSource
from agencies.models import Indicator, Membership, Municipality
from config.lib.eras import format_long
from config.lib.fiscal import fiscal_range, label
from reports.models import IndicatorValue
from reports.permissions import can_enter
from reports.words import number

Counts = dict[tuple[str, str], Decimal]
TYPED = (IndicatorSource.MANUAL, IndicatorSource.SURVEY)


@dataclass(frozen=True)
class IndicatorLine:
    """One indicator in a table."""

    indicator: Indicator
    label: str
    agency: str
    source: str
    unit: str
    baseline: str
    target: str
    value: Decimal | None
    shown: str
    before: str
    state: str
    tone: str
    note: str
    edit_url: str
    is_missing: bool


def indicators_of(city: Municipality, year: int) -> QuerySet[Indicator]:
    """Those in force in the year, in the profile's order."""
    first, _last = fiscal_range(year)
    rows = Indicator.objects.filter(
        Q(ended_on__isnull=True) | Q(ended_on__gte=first), municipality=city
    )
    return rows.select_related("agency").order_by("order", "pk")


def breakdown_of(indicator: Indicator) -> str:
    """Which part of a figure the indicator is: all, an agency, or the agencies of a type."""
    if indicator.agency is None:
        return ""
    return f"{'type' if indicator.agency.is_type else 'agency'}:{indicator.agency.code}"


def computed(indicator: Indicator, counts: Counts) -> Decimal | None:
    """The figure its formula names; None while the year has not been counted."""
    if (indicator.formula, "") not in counts:
        return None
    return counts.get((indicator.formula, breakdown_of(indicator)), Decimal(0))


def target_of(indicator: Indicator, year: int) -> Decimal | None:
    """The target that holds for the year itself."""
    if indicator.is_target_yearly or indicator.target_year == year:
        return indicator.target_value
    return None


def indicator_lines(membership: Membership, year: int, counts: Counts) -> list[IndicatorLine]:
    """Every indicator of the year. Two queries."""
    stored: dict[int, dict[int, IndicatorValue]] = {}
    rows = IndicatorValue.objects.visible_to(membership).filter(fiscal_year__lte=year)
    for row in rows.order_by("fiscal_year"):
        stored.setdefault(row.indicator_id, {})[row.fiscal_year] = row
    return [
        _line(membership, year, indicator, stored.get(indicator.pk, {}), counts)
        for indicator in indicators_of(membership.municipality, year)
    ]


def _line(
    membership: Membership,
    year: int,
    indicator: Indicator,
    stored: dict[int, IndicatorValue],
    counts: Counts,
) -> IndicatorLine:
    is_typed = indicator.source in TYPED
    row = stored.get(year)
    value = (row.value if row else None) if is_typed else computed(indicator, counts)
    state, tone = _state(indicator, year, value)
    edit_url = ""
    if can_enter(membership, indicator, year):
        edit_url = reverse("indicator_edit", args=[year, indicator.pk])
    return IndicatorLine(
        indicator=indicator,
        label=indicator.label,
        agency=indicator.agency.name if indicator.agency else "",
        source=str(indicator.get_source_display()),
        unit=indicator.unit,
        baseline=_with(indicator, indicator.baseline_value, indicator.baseline_period),
        target=_with(indicator, indicator.target_value, _target_year(indicator)),
        value=value,
        shown="－" if value is None else f"{number(value)}{indicator.unit}",
        before=_before(indicator, year, stored),
        state=state,
        tone=tone,
        note=_note(row),
        edit_url=edit_url,
        is_missing=is_typed and value is None,
    )


def _with(indicator: Indicator, value: Decimal | None, when: str) -> str:
    if value is None:
        return ""
    text = f"{number(value)}{indicator.unit}"
    return f"{text}（{when}）" if when else text


def _target_year(indicator: Indicator) -> str:
    if indicator.is_target_yearly:
        return _("毎年度")
    return label(indicator.target_year) if indicator.target_year else ""


def _before(indicator: Indicator, year: int, stored: dict[int, IndicatorValue]) -> str:
    """The last value typed in before this year."""
    last = max((known for known in stored if known < year), default=None)
    return "" if last is None else _with(indicator, stored[last].value, label(last))


def _note(row: IndicatorValue | None) -> str:
    if row is None:
        return ""
    when = [_("%(day)s現在") % {"day": format_long(row.as_of)}] if row.as_of else []
    return "　".join([*when, *([row.note] if row.note else [])])


def _state(indicator: Indicator, year: int, value: Decimal | None) -> tuple[str, str]:
    """Where the value stands, in words; the tone never stands alone."""
    if value is None:
        if indicator.source in TYPED:
            return _("入力待ち"), "warn"
        return _("未集計"), ""
    target = indicator.target_value
    if target is None:
        return _("目標の定めなし"), ""
    if value >= target:
        is_kept = indicator.direction == Direction.KEEP
        return (_("維持") if is_kept else _("達成")), "ok"
    missing = f"{number(target - value)}{indicator.unit}"
    if target_of(indicator, year) is None:
        return _("%(when)sの目標まであと%(n)s") % {
            "when": _target_year(indicator),
            "n": missing,
        }, ""
    return _("目標まであと%(n)s") % {"n": missing}, "info"


def indicator_facts(
    indicator: Indicator, earlier: Sequence[IndicatorValue]
) -> list[dict[str, str]]:
    """Baseline, target and the values of earlier years, beside the form."""
    known = {row.fiscal_year: row for row in earlier}
    return [
        {
            "term": _("基準"),
            "value": _with(indicator, indicator.baseline_value, indicator.baseline_period),
        },
        {
            "term": _("目標"),
            "value": _with(indicator, indicator.target_value, _target_year(indicator)),
        },
        {"term": _("出どころ"), "value": str(indicator.get_source_display())},
        *(
            {
                "term": label(year),
                "value": f"{number(known[year].value)}{indicator.unit}",
                "note": known[year].note,
            }
            for year in sorted(known, reverse=True)[:5]
        ),
    ]
