"""Materials of an item: records of this room's kind or of rooms below, as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from agencies.models import Membership
from cases.caselines import file_lines
from cases.enums import RecordKind
from cases.models import AssessmentSection, CautionNote, Issue, Note, Record, RiskAssessment
from cases.questions import answer_lines, catalogue
from cases.riskpage import answered_lines, risk_text
from cases.risksheets import sheets
from cases.told import ShieldedRow, kept_rows
from config.lib.eras import format_short
from meetings.models import AgendaItem
from plans.models import Plan


def materials_shown(
    by: Membership, item: AgendaItem, plan: Plan | None = None, *, on_paper: bool = False
) -> list[dict[str, Any]]:
    """What is laid before a sealed item, as far as the reader sees it. The plan has its table.
    `on_paper`: without what a shield closes to others (V9)."""
    keys = [key for key in item.material_ids if plan is None or key != plan.pk]
    records = Record.objects.visible_to(by).filter(pk__in=keys).select_related("author_agency")
    rows = list(records.order_by("happened_at"))
    if on_paper:
        kept = kept_records(by, rows)
        rows = [row for row in rows if row.pk not in kept]
    texts = _texts([row.pk for row in rows], by)
    files = file_lines(by, [row.pk for row in rows])
    return [
        {
            "title": str(row.get_kind_display()),
            "when": format_short(row.happened_at),
            "by": row.author_agency.name,
            "text": texts.get(row.pk, ""),
            "files": files.get(row.pk, []),
        }
        for row in rows
    ]


def kept_records(by: Membership, records: Sequence[Record]) -> frozenset[UUID]:
    """Of records of whatever cases those that `by` reads as one of a shield's list alone."""
    rows = [ShieldedRow(r.case_id, r.pk, r.person_ids, r.is_household) for r in records]
    return kept_rows(by, {row.case_id for row in rows}, rows) if rows else frozenset()


def _texts(keys: list[UUID], by: Membership) -> dict[UUID, str]:
    found: dict[UUID, str] = {}
    for note in Note.objects.visible_to(by).filter(pk__in=keys):
        found[note.pk] = note.text
    for section in AssessmentSection.objects.visible_to(by).filter(pk__in=keys):
        known = catalogue(by.municipality) if section.answers and by.municipality else {}
        lines = answer_lines(section.answers, known)
        found[section.pk] = "\n".join(filter(None, [section.situation, *lines, section.strengths]))
    for caution in CautionNote.objects.visible_to(by).filter(pk__in=keys):
        found[caution.pk] = f"{caution.get_kind_display()}　{caution.text}"
    for risk in RiskAssessment.objects.visible_to(by).filter(pk__in=keys):
        sheet = sheets(by.municipality)[risk.sheet]
        found[risk.pk] = "\n".join([*risk_text(risk, sheet), *answered_lines(sheet, risk.answers)])
    for issue in Issue.objects.visible_to(by).filter(pk__in=keys):
        found[issue.pk] = f"{issue.get_issue_type_display()}　{issue.note}"
    for plan in Plan.objects.visible_to(by).filter(pk__in=keys):
        found[plan.pk] = "\n".join(filter(None, [plan.wishes, plan.problems, plan.aim]))
    return found


def laying_choices(by: Membership, case_id: UUID) -> list[tuple[str, str]]:
    """The latest records of the case a secretary may lay before an item."""
    rows = Record.objects.visible_to(by).filter(case_id=case_id, carry_out__isnull=True)
    # A paper for another municipality rests on the consent to that alone.
    rows = rows.exclude(kind=RecordKind.MOVE_OUT)
    return [
        (
            str(r.pk),
            f"{r.get_kind_display()}　{r.get_category_display()}　{format_short(r.happened_at)}",
        )
        for r in rows.order_by("-happened_at")[:30]
    ]
