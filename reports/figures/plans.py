"""支援プラン and evaluation (docs/figures.md 4): drafted, in force, ended, 初回 and 再プラン."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from itertools import chain

from django.db.models import Case, Exists, OuterRef, QuerySet, Value, When

from plans.enums import ENDED, PlanStatus
from plans.models import Evaluation, Plan, PlanStep
from plans.urgent import START
from reports.enums import Round
from reports.figures.scope import Counts, Scope, add, agency, month, rounded, tally

PlanFigure = Callable[[Scope, str], Counts]


def _round(path: str) -> dict[str, Case]:
    first = When(**{f"{path}sequence": 1}, then=Value(Round.FIRST.value))
    return {"round": Case(first, default=Value(Round.AGAIN.value))}


def _plans(scope: Scope, programme: str) -> QuerySet[Plan]:
    return Plan.objects.filter(record__case__municipality=scope.city, programme=programme)


def _decided() -> QuerySet[PlanStep]:
    """The steps that brought a plan into force (a plan kept in force took none)."""
    steps = PlanStep.objects.filter(to_status=PlanStatus.IN_FORCE)
    return steps.exclude(from_status=PlanStatus.IN_FORCE)


def _ended() -> QuerySet[PlanStep]:
    return PlanStep.objects.filter(from_status=PlanStatus.IN_FORCE, to_status__in=ENDED)


def _of(steps: QuerySet[PlanStep], scope: Scope, programme: str) -> QuerySet[PlanStep]:
    return steps.filter(
        scope.at("at"),
        plan__programme=programme,
        plan__record__case__municipality_id=scope.city.pk,
    )


def drafted(scope: Scope, programme: str) -> Counts:
    rows = _plans(scope, programme).filter(scope.at("record__written_at"))
    dimensions = {**_round(""), **agency("record__author_agency"), **month("record__written_at")}
    return tally(rows, dimensions)


def decided(scope: Scope, programme: str) -> Counts:
    """プラン作成件数: 初回 and 再プラン together."""
    rows = _of(_decided(), scope, programme)
    dimensions = {**_round("plan__"), **agency("plan__record__author_agency"), **month("at")}
    return tally(rows, dimensions, once="plan_id")


def decided_cases(scope: Scope, programme: str) -> Counts:
    rows = _of(_decided(), scope, programme)
    one = "plan__record__case_id"
    return tally(rows, _round("plan__"), once=one, same=scope.households)


def ended(scope: Scope, programme: str) -> Counts:
    rows = _of(_ended(), scope, programme)
    dimensions = {"outcome": "to_status", **agency("plan__record__author_agency")}
    return tally(rows, dimensions, once="plan_id")


def active(scope: Scope, programme: str) -> Counts:
    """In force when the year is over."""
    until = {"plan_id": OuterRef("pk"), "at__lt": scope.end}
    rows = _plans(scope, programme).filter(
        Exists(_decided().filter(**until)), ~Exists(_ended().filter(**until))
    )
    return tally(rows, {**_round(""), **agency("record__author_agency")})


def for_programme(count: PlanFigure, programme: str) -> Callable[[Scope], Counts]:
    """One of the functions above as the figure of one programme."""

    def figure(scope: Scope) -> Counts:
        return count(scope, programme)

    return figure


# --- 緊急の開始 -------------------------------------------------------------------------------


def _begun(scope: Scope) -> QuerySet[PlanStep]:
    return _decided().filter(scope.at("at"), plan__record__case__municipality_id=scope.city.pk)


def urgent_starts(scope: Scope) -> Counts:
    """Plans that began before a conference had spoken."""
    rows = _begun(scope).filter(name=START)
    dimensions = {"programme": "plan__programme", **agency("plan__record__author_agency")}
    return tally(rows, dimensions, once="plan_id")


def urgent_start_rate(scope: Scope) -> Counts:
    """Of every hundred plans that began. None began, no rate."""
    every = _begun(scope).values("plan_id").distinct().count()
    urgent = _begun(scope).filter(name=START).values("plan_id").distinct().count()
    return {"": rounded(Decimal(urgent) * 100 / every)} if every else {}


def _evaluations(scope: Scope) -> QuerySet[Evaluation]:
    return Evaluation.objects.filter(scope.on("on"), record__case__municipality=scope.city)


def evaluations(scope: Scope) -> Counts:
    return tally(_evaluations(scope), {"programme": "plan__programme", "outcome": "outcome"})


def observed_changes(scope: Scope) -> Counts:
    """見られた変化: every tick counts."""
    rows = _evaluations(scope).values_list("changes", flat=True)
    ticks = Counter(chain.from_iterable(rows))
    counts = {"": Decimal(ticks.total())}
    for change, number in ticks.items():
        add(counts, "change", change, number)
    return counts
