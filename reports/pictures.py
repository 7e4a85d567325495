"""Bar charts of the annual evaluation: each is its own table (components/chart_bar.html)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from agencies.models import Agency, ConferenceType, Membership
from plans.enums import PlanProgramme
from reports.enums import Kind
from reports.figures import Dimension, Figure
from reports.indicators import Counts, IndicatorLine
from reports.words import number

LONGEST = 15


@dataclass(frozen=True)
class Picture:
    """A bar chart that is its own table (components/chart_bar.html)."""

    caption: str
    head: str
    unit: str
    rows: list[dict[str, Any]]
    max: Decimal
    before: str
    target: str = ""


@dataclass(frozen=True)
class Names:
    """What codes are called in this city."""

    agencies: Mapping[str, str]
    conferences: Mapping[str, str]

    def of(self, dimension: Dimension, part: str) -> str:
        """The words of a breakdown's value."""
        if dimension.words == "agency":
            return self.agencies.get(part, part)
        if dimension.words == "conference":
            code, _slash, kind = part.partition("/")
            name = self.conferences.get(code, code)
            return f"{name}　{Kind(kind).label}" if kind else name
        if dimension.words == "month":
            return _("%(month)s月") % {"month": int(part[-2:])}
        if isinstance(dimension.words, str):
            return part
        return str(dimension.words.get(part, part))


def names_of(membership: Membership) -> Names:
    """Two queries."""
    city = membership.municipality
    agencies = Agency.objects.filter(municipality=city).values_list("code", "name")
    conferences = ConferenceType.objects.filter(municipality=city).values_list("code", "name")
    return Names(dict(agencies), dict(conferences))


def plan_picture(
    counts: Counts, former: Counts, targets: Mapping[str, Decimal | None], before: str
) -> Picture:
    rows = []
    for programme in PlanProgramme:
        key = f"plans_{programme.value}"
        row: dict[str, Any] = {
            "label": str(programme.label),
            "value": counts.get((key, ""), Decimal(0)),
            "before": former.get((key, "")),
            "target": targets.get(key),
        }
        rows.append(row)
    has_target = any(row["target"] is not None for row in rows)
    return _drawn(
        _("プラン作成件数（初回と再プラン）"),
        _("事業"),
        _("件"),
        rows,
        before if any(row["before"] for row in rows) else "",
        _("目標") if has_target else "",
    )


def picture_of(
    figure: Figure, name: str, counts: Counts, former: Counts, names: Names, before: str
) -> Picture | None:
    dimension = next(d for d in figure.dimensions if d.name == name)
    rows: list[dict[str, Any]] = [
        {
            "label": names.of(dimension, part),
            "value": value,
            "before": former.get((figure.key, f"{name}:{part}"), Decimal(0)) if former else None,
        }
        for part, value in parts_of(figure, dimension, counts)
    ]
    if not rows:
        return None
    if len(rows) > LONGEST:
        rest = rows[LONGEST - 1 :]
        last: dict[str, Any] = {
            "label": _("ほか%(n)s") % {"n": len(rest)},
            "value": sum((row["value"] for row in rest), Decimal(0)),
            "before": sum((row["before"] for row in rest), Decimal(0)) if former else None,
        }
        rows = [*rows[: LONGEST - 1], last]
    if not any(row["before"] for row in rows):
        before = ""  # a year without any says nothing a column is worth
        for row in rows:
            row["before"] = None
    caption = f"{figure.name}（{dimension.title}）"
    return _drawn(caption, str(dimension.title), str(figure.unit), rows, before)


def parts_of(figure: Figure, dimension: Dimension, counts: Counts) -> list[tuple[str, Decimal]]:
    """The values of a breakdown in the order people expect: months of the year from April,
    choices as in the forms, names by size."""
    prefix = f"{dimension.name}:"
    found = {
        part.removeprefix(prefix): value
        for (key, part), value in counts.items()
        if key == figure.key and part.startswith(prefix)
    }
    if not found:
        return []
    if dimension.words == "month":
        years = {int(part[:4]) - (int(part[5:]) < 4) for part in found}
        year = min(years)
        months = [f"{year + (month > 12)}-{(month - 1) % 12 + 1:02}" for month in range(4, 16)]
        return [(part, found.get(part, Decimal(0))) for part in months]
    if isinstance(dimension.words, str):
        return sorted(found.items(), key=lambda item: (-item[1], item[0]))
    known = list(dimension.words)
    return sorted(
        found.items(),
        key=lambda item: (known.index(item[0]) if item[0] in known else len(known), item[0]),
    )


def _drawn(
    caption: str,
    head: str,
    unit: str,
    rows: list[dict[str, Any]],
    before: str = "",
    target: str = "",
) -> Picture:
    longest = Decimal(1)
    for row in rows:
        row["text"] = row.get("text") or number(row["value"])
        for name in ("value", "before", "target"):
            if row.get(name) is not None:
                longest = max(longest, Decimal(row[name]))
        # Shown without decimals that say nothing; a bar's length reads them all the same.
        for name in ("before", "target"):
            if row.get(name) is not None:
                row[name] = _plain(row[name])
    return Picture(caption, head, unit, rows, longest, before, target)


def _plain(value: Decimal) -> Decimal | int:
    return int(value) if value == value.to_integral_value() else value.normalize()


def progress(indicators: list[IndicatorLine]) -> Picture | None:
    """How near each indicator is to its target, in percent."""
    rows: list[dict[str, Any]] = []
    for line in indicators:
        target = line.indicator.target_value
        if line.value is None or not target:
            continue
        share = (line.value * 100 / target).quantize(Decimal("1"))
        rows.append({"label": line.label, "value": share, "target": Decimal(100)})
    if not rows:
        return None
    return _drawn(_("目標に対する割合（線が目標）"), _("評価指標"), "%", rows)
