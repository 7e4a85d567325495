"""引継書: what the next worker has to know of a household, composed from what is there (V14).

The successor works for the same agency, so the sheet shows what that agency may see, no more.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Sequence

from django.utils.translation import gettext as _

from agencies.models import Membership
from cases import enums
from cases.ages import born
from cases.caselines import consent_state
from cases.cautions import caution_lines
from cases.explain import explain_case, grants_on
from cases.models import Case, CaseWorker, Consent, Contact, Issue, Note, Person, Record, Shield
from cases.operations.case import persons_by_key
from cases.riskpage import latest, risk_line, standing
from cases.titles import household_title
from config.lib.eras import format_short, today
from config.lib.registry import SheetLine, SheetPart, Todo, registry

NOTES = 3


@dataclasses.dataclass(frozen=True)
class PersonOnSheet:
    """A row of 世帯."""

    name: str
    kana: str
    born: str
    relation: str
    phone: str
    consent: str


@dataclasses.dataclass(frozen=True)
class CaseSheet:
    """One household of the handover sheet; `record_ids` go into the log (V10)."""

    case: Case
    title: str
    note: str
    warnings: list[str]
    persons: list[PersonOnSheet]
    parts: list[SheetPart]
    basis: str
    record_ids: list[uuid.UUID]


def case_sheet(membership: Membership, case: Case) -> CaseSheet:
    """Gather it for this reader. Ten queries, and what the rooms above register."""
    persons = persons_by_key(membership, case)
    for person in persons.values():
        person.case = case
    grants = grants_on(membership, case.pk)
    consents = list(
        Consent.objects.visible_to(membership).filter(case=case, withdrawn_at__isnull=True)
    )
    if Shield.objects.visible_to(membership).in_force().filter(case=case).exists():
        return _beneath_a_shield(membership, case, persons)
    states = {k: consent_state(membership, case, p, grants, consents) for k, p in persons.items()}
    contacts = Contact.objects.visible_to(membership).filter(pk__in=persons)
    phones = dict(contacts.values_list("pk", "phone"))
    issues = _issues(membership, case)
    todos = [t for t in registry.draw("case_aside", membership, case) if isinstance(t, Todo)]
    parts = [
        _caution_part(membership, case, persons),
        _risk_part(membership, case, persons),
        _deadlines(todos),
        _issue_part(issues, persons),
        *registry.draw("handover_sheet", membership, case),
        *_notes(membership, case, persons),
    ]
    return CaseSheet(
        case=case,
        title=household_title(persons.values()),
        note=_note(membership, case),
        warnings=_warnings(case, persons, {k: (s.words, s.tone) for k, s in states.items()}, todos),
        persons=[
            PersonOnSheet(
                f"{p.label}　{p.shown_name}",
                p.shown_kana,
                _("死亡") if p.is_deceased else born(p),
                str(p.get_relation_display()),
                phones.get(k, ""),
                f"{states[k].words}　{states[k].detail}".strip("　"),
            )
            for k, p in persons.items()
        ],
        parts=[part for part in parts if part.lines],
        basis=explain_case(membership, case.pk, grants).basis,
        record_ids=[*persons, *(key for part in parts for key in part.record_ids)],
    )


def _beneath_a_shield(
    membership: Membership, case: Case, persons: dict[uuid.UUID, Person]
) -> CaseSheet:
    """What a list member reads is not for a colleague's paper (V9): which case, no more."""
    return CaseSheet(
        case=case,
        title=household_title(persons.values()),
        note=_note(membership, case),
        warnings=[_("支援措置があるため、この紙には書きません。名簿の人から直接聞いてください。")],
        persons=[],
        parts=[],
        basis="",
        record_ids=[*persons],
    )


def _note(membership: Membership, case: Case) -> str:
    charge = CaseWorker.objects.visible_to(membership).standing().filter(case=case)
    names = [
        f"{row.agency.name}　{row.membership.user}"
        for row in charge.select_related("agency", "membership__user").order_by("since")
    ]
    lead = _("主担当 %(agency)s") % {"agency": case.responsible_agency.name}
    opened = _("%(day)s 開始") % {"day": format_short(case.opened_at)}
    workers = _("担当者 %(names)s") % {"names": "、".join(names)} if names else ""
    return "　".join(part for part in (lead, opened, workers) if part)


def _issues(membership: Membership, case: Case) -> list[Issue]:
    """Open issues, ◎ before ○. What only an item under secrecy lays open stays out (V6)."""
    return list(
        Issue.objects.standing_with(membership)
        .for_case(case)
        .filter(solved_on__isnull=True)
        .select_related("record")
        .order_by("-is_primary", "noted_on", "record_id")
    )


def _issue_part(issues: Sequence[Issue], persons: dict[uuid.UUID, Person]) -> SheetPart:
    lines = tuple(
        SheetLine(
            f"{'◎' if i.is_primary else '○'}{i.get_issue_type_display()}　{i.note}",
            _("%(day)sから") % {"day": format_short(i.noted_on)},
            i.record.names(persons),
        )
        for i in issues
    )
    return SheetPart(_("続いている課題"), lines, tuple(i.pk for i in issues))


def _caution_part(
    membership: Membership, case: Case, persons: dict[uuid.UUID, Person]
) -> SheetPart:
    """What to mind, before anything else. One query."""
    rows = caution_lines(membership, case, persons, may_write=False)
    lines = tuple(SheetLine(f"{row.kind}　{row.text}", row.since, row.about) for row in rows)
    return SheetPart(str(enums.RecordKind.CAUTION.label), lines, tuple(row.key for row in rows))


def _risk_part(membership: Membership, case: Case, persons: dict[uuid.UUID, Person]) -> SheetPart:
    """The risk sheets that hold. One query."""
    rows = [
        risk_line(row, case, persons, may_write=False)
        for row in latest(list(standing(membership, case)))
    ]
    lines = tuple(
        SheetLine(f"{row.sheet}　{row.level.name}　{row.how}", row.when, row.about) for row in rows
    )
    return SheetPart(str(enums.RecordKind.RISK.label), lines, tuple(row.key for row in rows))


def _notes(membership: Membership, case: Case, persons: dict[uuid.UUID, Person]) -> list[SheetPart]:
    """The newest notes, whole."""
    records = (
        Record.objects.standing_with(membership)
        .for_case(case)
        .filter(kind=enums.RecordKind.NOTE)
        .select_related("author_agency")
        .newest_first()[:NOTES]
    )
    by_key = {record.pk: record for record in records}
    found = Note.objects.visible_to(membership).filter(pk__in=by_key)
    notes = sorted(found, key=lambda n: by_key[n.pk].happened_at, reverse=True)
    lines = tuple(
        SheetLine(
            n.text + ("\n" + _("次に：%(step)s") % {"step": n.next_step} if n.next_step else ""),
            format_short(by_key[n.pk].happened_at),
            f"{by_key[n.pk].author_agency.name}　{n.get_method_display()}"
            f"　{by_key[n.pk].names(persons)}",
        )
        for n in notes
    )
    return [SheetPart(_("最近の記録"), lines, tuple(by_key))]


def _warnings(
    case: Case,
    persons: dict[uuid.UUID, Person],
    states: dict[uuid.UUID, tuple[str, str]],
    todos: Sequence[Todo],
) -> list[str]:
    """What must not be overlooked on the first day."""
    found = []
    if case.urgency == enums.Urgency.HIGH:
        found.append(_("緊急度が高いケースです。"))
    found += [
        _("%(name)s：%(words)s") % {"name": persons[key].shown_name, "words": words}
        for key, (words, tone) in states.items()
        if words and tone != "ok"
    ]
    found += [
        _("期限を過ぎています：%(title)s（%(day)s）")
        % {"title": todo.title, "day": format_short(todo.due_on)}
        for todo in todos
        if todo.due_on is not None and todo.due_on < today()
    ]
    return found


def _deadlines(todos: Sequence[Todo]) -> SheetPart:
    dated = [(todo.due_on, todo.title) for todo in todos if todo.due_on is not None]
    lines = tuple(SheetLine(title, format_short(day)) for day, title in sorted(dated))
    shown = tuple(todo.record_id for todo in todos if todo.due_on and todo.record_id)
    return SheetPart(_("これからの期限"), lines, shown)
