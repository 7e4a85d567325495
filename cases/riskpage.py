"""Risk sheets on pages: the one that holds of each person, what it says and why, what to do."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _

from agencies.enums import Permission
from agencies.models import Membership
from cases import enums
from cases.gate import asked_by, reads_cases
from cases.models import Case, Person, Record, RiskAssessment
from cases.models.records import ContentQuerySet
from cases.permissions import can, check_can_write
from cases.risksheets import Finding, RiskGroup, RiskLevel, RiskSheet, find, sheets
from cases.titles import titles_for
from cases.versions import value_words
from config.lib.eras import format_long, format_short, local_day
from config.lib.memory import remembered
from config.lib.prepared import prepared
from config.lib.registry import Link, NextStep, Panel, Todo, registry

LIMIT = 50
NEWS = (enums.RecordKind.NOTE, enums.RecordKind.ISSUE)
# Of the active cases the agency is responsible for: the sheets alone, by an index of their own.
OF_OWN_CASES = """{record} IN (SELECT r.id FROM cases_record AS r
    WHERE r.kind = 'risk' AND r.case_id = ANY (ARRAY(SELECT c.id FROM cases_case AS c
        WHERE c.responsible_agency_id = {agency} AND c.status = {active})))"""


@dataclass(frozen=True)
class RiskLine:
    """A sheet of a person in a list: the level that holds, and how it came to be."""

    key: uuid.UUID
    url: str
    about: str
    sheet: str
    level: RiskLevel
    how: str
    when: str
    unknown: int
    is_stale: bool
    again_url: str


@dataclass(frozen=True)
class AnswerRow:
    text: str
    answer: str
    word: str
    is_yes: bool
    is_open: bool


@dataclass(frozen=True)
class RiskPage:
    """One sheet filled in, whole."""

    risk: RiskAssessment
    sheet: RiskSheet
    finding: Finding
    level: RiskLevel
    decided: RiskLevel | None
    about: str
    assessed_on: str
    decided_on: str
    by: str
    groups: list[tuple[RiskGroup, list[AnswerRow]]]
    former: list[RiskLine]
    is_latest: bool
    is_stale: bool
    again_url: str


def standing(membership: Membership, case: Case) -> ContentQuerySet:
    """Sheets of a case read outside any sitting (V6), the newest first, each with whether anything
    came since."""
    found: ContentQuerySet = RiskAssessment.objects.standing_with(membership).for_case(case)
    return newest_first(with_news(found, membership))


@remembered
def holding(membership: Membership, case: Case) -> list[RiskAssessment]:
    """The newest of them. One query."""
    return list(_holding(membership, case))


@prepared
def _holding(membership: Membership, case: Case) -> QuerySet[RiskAssessment]:
    return standing(membership, case)[:LIMIT]


def newest_first(found: ContentQuerySet) -> ContentQuerySet:
    return found.select_related("record__author_agency").order_by(
        "-assessed_on", "-record__written_at", "-record_id"
    )


def with_news(found: ContentQuerySet, membership: Membership) -> ContentQuerySet:
    """`has_news`: a note or an issue in 司法・安全 about the person, written after the sheet, that
    the reader sees."""
    return found.annotate(has_news=Exists(_news(membership)))


def newer(membership: Membership) -> ContentQuerySet:
    """Later sheets of the same person and kind, that the reader sees: the one asked about holds no
    more."""
    found: ContentQuerySet = RiskAssessment.objects.standing_with(membership).filter(
        Q(assessed_on__gt=OuterRef("assessed_on"))
        | Q(
            assessed_on=OuterRef("assessed_on"),
            record__written_at__gt=OuterRef("record__written_at"),
        ),
        sheet=OuterRef("sheet"),
        record__case_id=OuterRef("record__case_id"),
        record__person_ids=OuterRef("record__person_ids"),
    )
    return found


def _news(membership: Membership) -> QuerySet[Record]:
    return Record.objects.standing_with(membership).filter(
        case_id=OuterRef("record__case_id"),
        category=enums.Category.SAFETY,
        kind__in=NEWS,
        person_ids__contains=OuterRef("record__person_ids"),
        written_at__gt=OuterRef("record__written_at"),
    )


def latest(rows: Sequence[Any]) -> list[Any]:
    """Of rows newest first, the one that holds of each person and sheet."""
    held: dict[tuple[str, str], Any] = {}
    for row in rows:
        held.setdefault((str(row.record.person_ids), row.sheet), row)
    return list(held.values())


def risk_line(
    risk: Any, case: Case, persons: Mapping[uuid.UUID, Person], *, may_write: bool
) -> RiskLine:
    sheet = sheets(case.municipality)[risk.sheet]
    level = sheet.level(risk.level)
    if risk.decided_level:
        how = _("%(day)s判断") % {"day": format_short(risk.decided_on)}
    else:
        how = _("シートの規則による（判断はまだ）")
    return RiskLine(
        risk.pk,
        reverse("risk_detail", args=[risk.pk]),
        risk.record.names(dict(persons)),
        sheet.name,
        level,
        how,
        _("%(day)s確認") % {"day": format_short(risk.assessed_on)},
        len(find(sheet, risk.answers).open),
        risk.has_news,
        again_url(case, risk) if may_write else "",
    )


def again_url(case: Case, risk: RiskAssessment) -> str:
    """A new sheet of the same person, with the former answers to begin with."""
    person = risk.record.person_ids[0]
    return f"{reverse('risk_new', args=[case.pk])}?person={person}&sheet={risk.sheet}"


def risk_page(
    membership: Membership,
    risk: RiskAssessment,
    case: Case,
    persons: Mapping[uuid.UUID, Person],
) -> RiskPage:
    """One sheet with the others of the same person. One query."""
    sheet = sheets(case.municipality)[risk.sheet]
    same = standing(membership, case).filter(
        sheet=risk.sheet, record__person_ids=risk.record.person_ids
    )
    rows = list(same[:LIMIT])
    me = next((row for row in rows if row.pk == risk.pk), None)
    may_write = can(check_can_write, membership, case)
    return RiskPage(
        risk=risk,
        sheet=sheet,
        finding=find(sheet, risk.answers),
        level=sheet.level(risk.level),
        decided=sheet.level(risk.decided_level) if risk.decided_level else None,
        about=risk.record.names(dict(persons)),
        assessed_on=format_long(risk.assessed_on),
        decided_on=format_long(risk.decided_on) if risk.decided_on else "",
        by=risk.record.author_agency.name,
        groups=[(group, _rows(sheet, group, risk.answers)) for group in sheet.groups],
        former=[
            risk_line(row, case, persons, may_write=False) for row in rows if row.pk != risk.pk
        ],
        is_latest=bool(rows) and rows[0].pk == risk.pk,
        is_stale=bool(me and me.has_news),
        again_url=again_url(case, risk) if may_write else "",
    )


def _rows(sheet: RiskSheet, group: RiskGroup, answers: Mapping[str, Any]) -> list[AnswerRow]:
    found = []
    for item in group.items:
        given = answers.get(item.code, {})
        answer = given.get("answer", "")
        found.append(
            AnswerRow(
                item.text,
                str(sheet.word(answer)),
                given.get("word", ""),
                answer == enums.Answer.YES,
                answer in ("", enums.Answer.UNKNOWN),
            )
        )
    return found


def risk_words(sheet: RiskSheet, row: Any, name: str) -> str:
    """A field of a version in words: levels by their names, answers by the sheet's words."""
    if name in ("computed_level", "decided_level"):
        code = getattr(row, name)
        return sheet.level(code).name if code else ""
    if name == "answers":
        return "\n".join(answered_lines(sheet, row.answers))
    return value_words(row, name)


def answered_lines(sheet: RiskSheet, answers: Mapping[str, Any]) -> list[str]:
    """Each answer of a sheet as a line, in its order."""
    return [
        f"{sheet.word(given['answer'])}　{item.text}"
        + (_("（%(word)s）") % {"word": given["word"]} if given.get("word") else "")
        for item in sheet.items
        if (given := answers.get(item.code))
    ]


def risk_text(risk: RiskAssessment, sheet: RiskSheet) -> tuple[str, str]:
    """Title and text in これまで: level, reason, what is unknown, what was decided, every word."""
    finding = find(sheet, risk.answers)
    title = f"{sheet.name}　{sheet.level(risk.level).name}"
    if risk.correction_reason:
        title += _("［訂正あり］")
    lines = [finding.reason]
    if finding.open:
        lines.append(_("不明・未回答 %(n)s件") % {"n": len(finding.open)})
    if risk.decided_level and risk.decided_on:
        lines.append(
            _("判断：%(level)s（%(day)s　%(who)s）")
            % {
                "level": sheet.level(risk.decided_level).name,
                "day": format_short(risk.decided_on),
                "who": risk.deciders,
            }
        )
    if risk.override_reason:
        lines.append(_("規則と違う段階にした理由：%(reason)s") % {"reason": risk.override_reason})
    worded = [line for line in answered_lines(sheet, risk.answers) if line.endswith("）")]
    lines += [*worded, risk.text]
    if risk.strengths:
        lines.append(_("強み：%(strengths)s") % {"strengths": risk.strengths})
    if risk.correction_reason:
        lines.append(_("直した理由：%(reason)s") % {"reason": risk.correction_reason})
    return title, "\n".join(line for line in lines if line)


# --- pages shared by rooms -----------------------------------------------------------------------


def panel(membership: Membership, case: Case) -> Panel | None:
    """リスク確認 on the case page: the sheets that hold. One query without any, three with some,
    six where one is red."""
    rows = latest(holding(membership, case))
    if not rows:
        return None
    persons = {p.pk: p for p in Person.objects.visible_to(membership).filter(case=case)}
    may_write = can(check_can_write, membership, case)
    lines = [risk_line(row, case, persons, may_write=may_write) for row in rows]
    is_red = may_write and any(line.level.is_red for line in lines)
    context = {
        "lines": lines,
        "actions": red_actions(membership, case) if is_red else [],
        "record_ids": [line.key for line in lines],
    }
    return Panel("cases/panels/risk.html", context)


def red_actions(membership: Membership, case: Case) -> list[Link]:
    """What rooms above offer when a level is red, to who works on the case: an ad-hoc 支援会議.
    Nothing in it tells whether there is one (V6)."""
    return [*registry.draw("risk_actions", membership, case)]


def next_risk(membership: Membership, case: Case) -> NextStep | None:
    """A red sheet of this agency on which no group has decided; then one that news came after. Two
    queries, one without any sheet."""
    rows = latest(holding(membership, case))
    if not (rows and can(check_can_write, membership, case)):
        return None
    for row in rows:
        own = row.record.author_agency_id == membership.agency_id
        sheet = sheets(case.municipality)[row.sheet]
        if own and not row.decided_level and sheet.level(row.level).is_red:
            return NextStep(
                _(
                    "リスク確認がレッド（緊急）です。ひとりで決めず、会議等で組織として判断し、"
                    "だれがどう決めたかを記録します。"
                ),
                _("判断を記録する"),
                reverse("risk_decide", args=[row.pk]),
            )
    is_responsible = membership.agency_id == case.responsible_agency_id
    stale = next((row for row in rows if row.has_news and is_responsible), None)
    if stale is None:
        return None
    return NextStep(
        _("リスク確認のあとに、司法・安全の新しい記録があります。もう一度確かめます。"),
        _("再評価する"),
        again_url(case, stale),
    )


def todo_again(membership: Membership) -> list[Todo]:
    """再評価, before the responsible agency: news came after the sheet that holds; due from the day
    of the first of them. Two queries."""
    if not (reads_cases(membership) and membership.may(Permission.WRITE_RECORDS)):
        return []
    rows: list[Any] = list(_to_assess_again(membership))
    if not rows:
        return []
    titles = titles_for(membership, {row.record.case_id for row in rows})
    known = sheets(membership.municipality)
    return [
        Todo(
            "risk_again",
            _("リスク確認の再評価（新しい記録があります）"),
            reverse("risk_detail", args=[row.pk]),
            _("見る"),
            detail=f"{titles[row.record.case_id]}　{known[row.sheet].name}",
            due_on=local_day(row.news_at),
            section="due",
            record_id=row.pk,
        )
        for row in rows
    ]


@prepared
def _to_assess_again(membership: Membership) -> QuerySet[RiskAssessment]:
    sheets_seen: ContentQuerySet = RiskAssessment.objects.standing_with(membership).filter(
        asked_by(membership, OF_OWN_CASES, active=enums.CaseStatus.ACTIVE).asked(
            {"record": "record_id"}
        ),
        record__case__rests_at__isnull=True,
    )
    first = _news(membership).order_by("written_at").values("written_at")[:1]
    dated = sheets_seen.annotate(news_at=Subquery(first))
    told = newest_first(with_news(dated, membership))
    return told.filter(~Exists(newer(membership)), has_news=True).select_related("record")[:LIMIT]


registry.add("case_panels", panel, queries=6, order=5)
registry.add("case_next", next_risk, queries=2, order=8)
registry.add("todos", todo_again, queries=2, order=8)
