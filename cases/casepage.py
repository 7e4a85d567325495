"""What stands on the case page, computed from what the reader may see (V3, V15).

Title, counts, badges, stage and next step come from the reader's own rows. Own queries: persons,
grants, records, issues, cautions, consents, texts of the records shown (6), their attachments,
seers (5), shields (2), the last look and what changed since (3), what the bar counts (2);
the rest is what the rooms above register with their budgets. None depends on how much has been
written.
"""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.models import Membership
from cases import enums, looks, sheet
from cases.caselines import (
    ConsentState,
    FileLine,
    IssueLine,
    PersonLine,
    Shields,
    WorryRow,
    consent_states,
    file_lines,
    issue_line,
    person_line,
    shields_of,
    worry_rows,
)
from cases.cautions import CautionLine, caution_lines
from cases.explain import Explanation, explain_case, grants_on
from cases.households import same_undo_urls
from cases.intakeitems import Filled
from cases.models import Case, Issue, Person, Record
from cases.models.records import RecordQuerySet
from cases.operations.case import persons_by_key
from cases.patterns import Hint, hints
from cases.permissions import can, check_can_refer, check_can_write
from cases.seers import Seer, seers_of
from cases.titles import household_kana, household_title
from config.lib.eras import (
    format_datetime_short,
    format_short,
    today,
)
from config.lib.prepared import prepared
from config.lib.registry import Link, NextStep, Panel, TimelineEntry, Todo, registry
from config.lib.wording import label_of

SHOWN = 30
STAGES = (
    gettext_lazy("相談受付"),
    gettext_lazy("アセスメント"),
    gettext_lazy("プラン案"),
    gettext_lazy("会議"),
    gettext_lazy("実施・モニタリング"),
    gettext_lazy("評価"),
)
URGENCY_TONE = {enums.Urgency.HIGH: "alert", enums.Urgency.MIDDLE: "warn"}


@dataclasses.dataclass(frozen=True)
class Entry:
    """A line of これまで, ready to print."""

    title: str
    url: str
    when: str
    by: str
    text: str
    topics: str
    files: Sequence[FileLine] = ()
    history_url: str = ""
    parts: Sequence[tuple[str, str]] = ()
    read_url: str = ""
    badge: str = ""
    tone: str = ""


@dataclasses.dataclass
class CasePage:
    """Everything the template needs; `record_ids` are what the access log will name (V10)."""

    case: Case
    title: str
    note: str
    badges: list[dict[str, str]]
    is_shielded: bool
    steps: list[dict[str, str]]
    next: NextStep | None
    actions: list[Link]
    can_write: bool
    persons: list[PersonLine]
    cautions: list[CautionLine]
    issues: list[IssueLine]
    worries: list[WorryRow]
    hints: list[Hint]
    entries: list[Entry]
    seen_before: str
    older_url: str
    is_older: bool
    agreed: list[SafeString]
    filled: Filled
    panels: list[SafeString]
    aside_panels: list[SafeString]
    deadlines: list[dict[str, str]]
    seers: list[Seer]
    explanation: Explanation
    record_ids: list[uuid.UUID]


def case_page(membership: Membership, case: Case, *, before: str = "") -> CasePage:
    """Gather the page for this reader."""
    persons = persons_by_key(membership, case)
    for person in persons.values():
        person.case = case  # spares a query a person
    grants = grants_on(membership, case.pk)
    issues = issues_of(membership, case)
    may_write = can(check_can_write, membership, case)
    cautions = caution_lines(membership, case, persons, may_write=may_write)
    lines = [issue_line(membership, i, persons, may_write) for i in issues]
    records, older = _records(membership, case, before)
    agreed = [*registry.draw("case_agreed", membership, case)]
    drawn = [*registry.draw("case_panels", membership, case)]
    aside = [*registry.draw("case_aside", membership, case)]
    states = consent_states(membership, case, persons, grants)
    shields = shields_of(membership, case, persons)
    is_any_same = any(person.same_as is not None for person in persons.values())
    undo_urls = same_undo_urls(membership, case) if is_any_same else {}
    step = next(iter(registry.draw("case_next", membership, case)), None)
    since = looks.last_look(membership, case)
    marks = looks.marks(membership, records, since)
    return CasePage(
        case=case,
        title=household_title(persons.values()),
        note=_note(membership, case, persons),
        badges=_badges(case, persons, states, issues, shields),
        is_shielded=shields.is_against,
        steps=_steps(membership, case),
        next=step,
        actions=_actions(membership, case, is_primary=step is None),
        can_write=may_write,
        persons=[
            person_line(
                membership, case, p, states[p.pk], may_write, shields, undo_urls.get(p.pk, "")
            )
            for p in persons.values()
        ],
        cautions=cautions,
        issues=lines,
        worries=worry_rows(issues, lines, persons),
        hints=hints(persons.values(), issues, today()) if may_write else [],
        entries=_entries(membership, case, records, persons, window_of(before, older), marks),
        seen_before=format_datetime_short(since) if since else "",
        older_url=f"?{urlencode({'before': older})}" if older else "",
        is_older=bool(before),
        agreed=_rendered(agreed),
        filled=sheet.bar_of(membership, case, persons, issues, grants, states),
        panels=_rendered(drawn),
        aside_panels=_rendered(aside),
        deadlines=_deadlines(aside),
        seers=seers_of(membership, case, persons, grants),
        explanation=explain_case(membership, case.pk, grants),
        record_ids=[
            *persons,
            *records,
            *(issue.pk for issue in issues),
            *(line.key for line in cautions),
            *(todo.record_id for todo in aside if isinstance(todo, Todo) and todo.record_id),
            *(
                key
                for panel in [*agreed, *drawn, *aside]
                if isinstance(panel, Panel)
                for key in panel.context.get("record_ids", ())
            ),
        ],
    )


@prepared
def _found_issues(membership: Membership, case: Case) -> QuerySet[Issue]:
    return (
        Issue.objects.standing_with(membership)
        .for_case(case)
        .select_related("record")
        .order_by("solved_on", "-is_primary", "noted_on", "record_id")[:100]
    )


def issues_of(membership: Membership, case: Case) -> list[Issue]:
    """Open issues first, ◎ before ○. What only an item under secrecy lays open stays out (V6)."""
    found = _found_issues(membership, case)
    return sorted(found, key=lambda i: (i.solved_on is not None, not i.is_primary, i.noted_on))


def _told(membership: Membership, case: Case) -> RecordQuerySet:
    found = Record.objects.standing_with(membership).for_case(case)
    return found.exclude(kind__in=[enums.RecordKind.ISSUE, enums.RecordKind.TIE]).select_related(
        "author_agency"
    )


@prepared
def _newest(membership: Membership, case: Case) -> RecordQuerySet:
    return _told(membership, case).newest_first()[: SHOWN + 1]


def _records(
    membership: Membership, case: Case, before: str
) -> tuple[dict[uuid.UUID, Record], str]:
    """The records of one page of これまで, newest first, and the key of the older ones.

    V6: what only an item under secrecy lays open appears inside the sitting, never here.
    """
    key = read_place(before)
    if key is None:
        rows = list(_newest(membership, case))
    else:
        at, last = key
        earlier = Q(happened_at__lt=at) | Q(happened_at=at, id__lt=last)
        rows = list(_told(membership, case).filter(earlier).newest_first()[: SHOWN + 1])
    older = ""
    if len(rows) > SHOWN:
        rows = rows[:SHOWN]
        older = f"{rows[-1].happened_at.isoformat()}_{rows[-1].pk}"
    for row in rows:
        row.case = case
    return {row.pk: row for row in rows}, older


def read_place(text: str) -> tuple[datetime.datetime, uuid.UUID] | None:
    """The place in これまで that an address names; None for anything else."""
    at, _underscore, key = text.partition("_")
    try:
        return datetime.datetime.fromisoformat(at.replace(" ", "+")), uuid.UUID(key)
    except ValueError:
        return None


def window_of(before: str, older: str) -> tuple[datetime.datetime, datetime.datetime]:
    """From when until when this page of これまで tells."""
    first, last = read_place(older), read_place(before)
    earliest = datetime.datetime.min.replace(tzinfo=datetime.UTC)
    latest = datetime.datetime.max.replace(tzinfo=datetime.UTC)
    return first[0] if first else earliest, last[0] if last else latest


def _entries(
    membership: Membership,
    case: Case,
    records: dict[uuid.UUID, Record],
    persons: dict[uuid.UUID, Person],
    window: tuple[datetime.datetime, datetime.datetime],
    marks: Mapping[uuid.UUID, str],
) -> list[Entry]:
    files = file_lines(membership, records)
    lines = [
        (
            e.at,
            e.record_id,
            entry_of(e, records[e.record_id], persons, files.get(e.record_id, ()), marks),
        )
        for e in registry.draw("case_timeline", membership, case, records)
        if e.record_id in records
    ]
    lines += events_between(membership, case, window)
    lines.sort(key=lambda line: line[:2], reverse=True)
    return [line[2] for line in lines]


def events_between(
    membership: Membership, case: Case, window: tuple[datetime.datetime, datetime.datetime]
) -> list[tuple[datetime.datetime, uuid.UUID, Entry]]:
    """Lines that are no record: 終結, 移管."""
    return [
        (
            e.at,
            e.record_id,
            Entry(e.title, e.url, format_datetime_short(e.at), e.agency, e.text, ""),
        )
        for e in registry.draw("case_events", membership, case)
        if window[0] <= e.at < window[1]
    ]


def entry_of(
    entry: TimelineEntry,
    record: Record,
    persons: dict[uuid.UUID, Person],
    files: Sequence[FileLine],
    marks: Mapping[uuid.UUID, str],
) -> Entry:
    """A record's line, ready to print."""
    topics = [
        entry.about or record.names(persons),
        entry.category or label_of(enums.Category, record.category),
    ]
    if record.audience == enums.Audience.AGENCY:
        topics.append(str(enums.Audience.AGENCY.label))
    badge = marks.get(record.pk, "")
    return Entry(
        entry.title,
        entry.url,
        format_datetime_short(entry.at),
        entry.agency or record.author_agency.name,
        entry.text,
        "　".join(t for t in topics if t),
        files,
        entry.history_url,
        entry.parts,
        reverse("record_detail", args=[record.pk]),
        badge,
        "info" if badge else "",
    )


def _note(membership: Membership, case: Case, persons: dict[uuid.UUID, Person]) -> str:
    kana = household_kana(persons.values())
    is_responsible = membership.agency_id == case.responsible_agency_id
    count = _("%(n)s人世帯") if is_responsible else _("世帯員 %(n)s人（見える範囲）")
    members = sum(1 for p in persons.values() if p.left_on is None)
    lead = _("主担当 %(agency)s") % {"agency": case.responsible_agency.name}
    return "　".join(part for part in (kana, count % {"n": members}, lead) if part)


def _badges(
    case: Case,
    persons: dict[uuid.UUID, Person],
    states: dict[uuid.UUID, ConsentState],
    issues: Sequence[Issue],
    shields: Shields,
) -> list[dict[str, str]]:
    badges = []
    if shields.are_there:
        badges.append({"text": _("支援措置あり"), "tone": "shield"})
    if not case.is_open:
        badges.append({"text": case.state_name, "tone": ""})
    if case.urgency:
        level = enums.Urgency(case.urgency)
        words = _("緊急度 %(level)s") % {"level": str(level.label).split("（")[0]}
        badges.append({"text": words, "tone": URGENCY_TONE.get(level, "")})
    by_words: dict[tuple[str, str], list[str]] = {}
    for key, state in states.items():
        if state.words and persons[key].left_on is None:
            word = _("同意") if state.tone == "ok" else state.words
            by_words.setdefault((word, state.tone), []).append(persons[key].label)
    for (word, tone), labels in by_words.items():
        badges.append({"text": f"{word} {'・'.join(labels)}", "tone": tone})
    unsolved = [issue for issue in issues if issue.solved_on is None]
    badges += [
        {
            "text": f"{'◎' if i.is_primary else '○'}{label_of(enums.IssueType, i.issue_type)}",
            "tone": "",
        }
        for i in unsolved[:5]
    ]
    return badges


def _steps(membership: Membership, case: Case) -> list[dict[str, str]]:
    stage = max(registry.draw("case_stage", membership, case), default=0)
    if case.status == enums.CaseStatus.CLOSED:
        stage = len(STAGES)
    return [
        {
            "label": str(label),
            "on": "",
            "state": "done" if i < stage else "now" if i == stage else "todo",
        }
        for i, label in enumerate(STAGES)
    ]


def _actions(membership: Membership, case: Case, *, is_primary: bool) -> list[Link]:
    actions = [Link(_("印刷"), reverse("case_print", args=[case.pk]))]
    actions += registry.draw("case_actions", membership, case)
    if can(check_can_refer, membership, case):
        actions.append(Link(_("つなぐ"), reverse("referral_new", args=[case.pk])))
    if can(check_can_write, membership, case):
        url = reverse("note_new", args=[case.pk])
        actions.append(Link(_("記録を書く"), url, is_primary=is_primary))
    return actions


def _rendered(drawn: Sequence[Any]) -> list[SafeString]:
    return [
        render_to_string(panel.template, panel.context)
        for panel in drawn
        if isinstance(panel, Panel)
    ]


def _deadlines(aside: Sequence[Any]) -> list[dict[str, str]]:
    todos = [t for t in aside if isinstance(t, Todo)]
    todos.sort(key=lambda t: (t.due_on is None, t.due_on))
    return [
        {
            "when": t.when or (format_short(t.due_on) if t.due_on else ""),
            "title": t.title,
            "url": t.url,
            "late": "1" if t.due_on and t.due_on < timezone.localdate() else "",
        }
        for t in todos
    ]
