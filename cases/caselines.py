"""Rows of the case page: a person with what the reader may know of their consent; an issue."""

from __future__ import annotations

import datetime
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import QuerySet
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.models import Membership
from cases import enums
from cases.ages import born
from cases.models import Attachment, Case, CaseGrant, Consent, Issue, Person, Record, Shield
from cases.permissions import can, check_can_propose_shield, check_can_record_consent
from cases.seers import is_open
from cases.shields import shielded_among
from config.lib.condition import among
from config.lib.eras import format_short
from config.lib.fiscal import instant_to_until_day
from config.lib.prepared import prepared
from config.lib.wording import label_of


@dataclass(frozen=True)
class ConsentState:
    """A person's answer as far as this reader may know it; empty words = nothing to say."""

    words: str = ""
    tone: str = ""
    detail: str = ""
    consent: Consent | None = None
    line: uuid.UUID | None = None  # the consent of which the reader sees its own line alone

    @property
    def key(self) -> uuid.UUID | None:
        return self.consent.pk if self.consent else self.line


@dataclass(frozen=True)
class PersonLine:
    """A row of 世帯員."""

    person: Person
    name: str
    kana: str
    born: str
    relation: str
    living: str
    undo_url: str
    consent: ConsentState
    edit_url: str
    consent_url: str
    withdraw_url: str
    page_url: str
    renew_url: str
    is_shielded: bool
    shield_url: str
    shield_label: str


@dataclass(frozen=True)
class FileLine:
    """An attachment under its record: its name, what it is, how large."""

    name: str
    about: str
    url: str
    is_picture: bool = False


@dataclass(frozen=True)
class IssueLine:
    """A row of 課題: ◎ or ○, of whom, since when."""

    mark: str
    label: str
    about: str
    since: str
    solved: str
    status: str
    note: str
    solve_url: str
    move_url: str
    is_solved: bool


def consent_state(
    membership: Membership,
    case: Case,
    person: Person,
    grants: Sequence[CaseGrant],
    consents: Sequence[Consent],
) -> ConsentState:
    """Whole for who may see the consent; for a recipient its own line; for others nothing. Who has
    died is asked nothing."""
    key = person.pk
    consent = next((c for c in consents if c.person_id == key), None)
    if consent is not None:
        if is_open(consent):
            return ConsentState(_("同意あり"), "ok", until_short(consent.period.upper), consent)
        if consent.answer == enums.ConsentAnswer.GIVEN:
            return ConsentState(
                _("同意の期限が切れました"), "warn", until_short(consent.period.upper), consent
            )
        day = format_short(consent.given_on)
        return ConsentState(label_of(enums.ConsentAnswer, consent.answer), "warn", day, consent)
    mine = next((g for g in grants if g.person_id == key), None)
    if mine is not None:
        return ConsentState(
            _("あなたの機関に同意"), "ok", until_short(mine.period.upper), line=mine.consent_id
        )
    is_dead = not person.is_living
    if membership.agency_id == case.responsible_agency_id and not is_dead:
        return ConsentState(_("同意 未記録"), "warn")
    return ConsentState()


def consent_states(
    membership: Membership,
    case: Case,
    persons: Mapping[uuid.UUID, Person],
    grants: Sequence[CaseGrant],
) -> dict[uuid.UUID, ConsentState]:
    """What the reader may know of each person's consent. One query."""
    consents = list(_consents(membership, case))
    return {
        key: consent_state(membership, case, person, grants, consents)
        for key, person in persons.items()
    }


@prepared
def _consents(membership: Membership, case: Case) -> QuerySet[Consent]:
    return Consent.objects.visible_to(membership).filter(case=case, withdrawn_at__isnull=True)


def until_short(end: datetime.datetime | None) -> str:
    if end is None:
        return _("期限なし")
    return _("%(day)sまで") % {"day": format_short(instant_to_until_day(end))}


@dataclass(frozen=True)
class Shields:
    """支援措置 of a case as this reader may know it: that there is one; its page for its list."""

    persons: frozenset[uuid.UUID]
    mine: dict[uuid.UUID, uuid.UUID]  # person -> a shield, proposed or in force, I am listed on

    @property
    def are_there(self) -> bool:
        return bool(self.persons)

    @property
    def is_against(self) -> bool:
        """Whether one of the persons seen is hidden from this reader."""
        return bool(self.persons - set(self.mine))


def shields_of(membership: Membership, case: Case, persons: Iterable[uuid.UUID]) -> Shields:
    """Two queries."""
    return Shields(frozenset(shielded_among(persons)), dict(_shields(membership, case)))


@prepared
def _shields(membership: Membership, case: Case) -> QuerySet[Shield, Any]:
    mine = Shield.objects.visible_to(membership).filter(case=case, lifted_at__isnull=True)
    return mine.values_list("person_id", "pk")


def person_line(
    membership: Membership,
    case: Case,
    person: Person,
    state: ConsentState,
    may_write: bool,
    shields: Shields,
    undo_url: str = "",
) -> PersonLine:
    shield_url = shield_label = ""
    if person.pk in shields.mine:
        shield_url = reverse("shield_detail", args=[shields.mine[person.pk]])
        shield_label = _("支援措置を見る")
    elif person.pk not in shields.persons and can(check_can_propose_shield, membership, person):
        shield_url, shield_label = reverse("shield_new", args=[person.pk]), _("支援措置")
    may_edit = may_write and membership.agency_id in (
        person.author_agency_id,
        case.responsible_agency_id,
    )
    # Who has left is asked in the case they are in now; an answer given here can still change.
    is_asked_here = person.left_on is None or state.consent is not None
    may_ask = is_asked_here and can(check_can_record_consent, membership, person)
    if not is_asked_here and state.words and state.key is None:
        state = replace(state, words=_("ここでは聞きません"), tone="")
    is_given = state.consent is not None and state.consent.answer == enums.ConsentAnswer.GIVEN
    is_lapsed = is_given and state.consent is not None and not is_open(state.consent)
    return PersonLine(
        person=person,
        name=person.shown_name,
        kana=person.shown_kana,
        born=_("死亡") if person.is_deceased else born(person),
        relation=label_of(enums.Relation, person.relation),
        living=_living(person),
        undo_url=undo_url,
        consent=state,
        edit_url=reverse("person_edit", args=[person.pk]) if may_edit else "",
        consent_url=reverse("consent_new", args=[case.pk, person.pk]) if may_ask else "",
        withdraw_url=(
            reverse("consent_withdraw", args=[state.consent.pk])
            if is_given and may_ask and state.consent
            else ""
        ),
        page_url=reverse("consent_detail", args=[state.key]) if state.key else "",
        renew_url=(
            reverse("consent_renew", args=[state.consent.pk])
            if is_lapsed and may_ask and state.consent
            else ""
        ),
        is_shielded=person.pk in shields.persons,
        shield_url=shield_url,
        shield_label=shield_label,
    )


def _living(person: Person) -> str:
    if person.same_as is not None:
        return _("%(label)sと同じ人") % {"label": person.stands.label}
    if person.left_on is not None:
        return _("世帯を出た人（%(day)s）") % {"day": format_short(person.left_on)}
    return _("同居") if person.is_cohabiting else _("別居")


def issue_line(
    membership: Membership, issue: Issue, persons: dict[uuid.UUID, Person], may_write: bool
) -> IssueLine:
    is_solved = issue.solved_on is not None
    is_own = issue.record.author_agency_id == membership.agency_id
    since = _("%(day)sから") % {"day": format_short(issue.noted_on)}
    solved = _("%(day)s 解消") % {"day": format_short(issue.solved_on)} if issue.solved_on else ""
    return IssueLine(
        "◎" if issue.is_primary else "○",
        label_of(enums.IssueType, issue.issue_type),
        issue.record.names(persons),
        since,
        solved,
        label_of(enums.IssueStatus, issue.status),
        "　".join(part for part in (issue.note, _suspected(issue)) if part),
        reverse("issue_solve", args=[issue.pk]) if may_write and is_own and not is_solved else "",
        reverse("record_refile", args=[issue.pk]) if may_write and is_own else "",
        is_solved,
    )


@dataclass(frozen=True)
class WorryRow:
    """A person, or the household, with what worries now and what was solved."""

    name: str
    open: list[IssueLine]
    solved: list[IssueLine]


def worry_rows(
    issues: Sequence[Issue], lines: Sequence[IssueLine], persons: dict[uuid.UUID, Person]
) -> list[WorryRow]:
    """課題 as a table of people: the persons the reader sees, whoever else an issue names (without
    a name), and the household last. `lines`: the issues as printed, in the same order."""
    found: dict[uuid.UUID, WorryRow] = {
        key: WorryRow(person.shown_name, [], []) for key, person in persons.items()
    }
    nameless = WorryRow(_("名前の出ない人"), [], [])
    household = WorryRow(str(_("世帯全体")), [], [])
    for issue, line in zip(issues, lines, strict=True):
        if issue.record.is_household:
            whose = [household]
        else:
            named = [found[key] for key in issue.record.person_ids if key in found]
            whose = named or [nameless]
        for row in whose:
            (row.solved if line.is_solved else row.open).append(line)
    rows = [row for key, row in found.items() if row.open or row.solved or persons[key].is_member]
    return [*rows, *([nameless] if nameless.open or nameless.solved else []), household]


def _suspected(issue: Issue) -> str:
    if not issue.suspected_name:
        return ""
    return _("害を与えている疑いのある人：%(name)s") % {"name": issue.suspected_name}


FILES_SHOWN = 20
FILE_KINDS = {
    "application/pdf": "PDF",
    "text/plain": gettext_lazy("テキスト"),
    "text/csv": "CSV",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "Excel",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "Word",
}


def file_lines(
    membership: Membership, records: Iterable[uuid.UUID]
) -> dict[uuid.UUID, list[FileLine]]:
    """The attachments of these records, in the order they were added. One query, or none."""
    found: dict[uuid.UUID, list[FileLine]] = defaultdict(list)
    keys = list(records)
    for row in _files(membership, keys) if keys else ():
        found[row.record_id].append(_file_line(row))
    return found


def _file_line(row: Attachment) -> FileLine:
    kind = FILE_KINDS.get(row.media_type, gettext_lazy("画像"))
    return FileLine(
        row.name,
        f"{kind}　{filesizeformat(row.size)}",
        reverse("attachment_download", args=[row.pk]),
        row.media_type not in FILE_KINDS,
    )


def files_of_case(membership: Membership, case: Case) -> list[tuple[uuid.UUID, FileLine]]:
    """The files of a case's records, each with its record, the newest first. One query."""
    return [(row.record_id, _file_line(row)) for row in _files_of_case(membership, case)]


@prepared
def _files_of_case(membership: Membership, case: Case) -> QuerySet[Attachment]:
    told = Record.objects.standing_with(membership).for_case(case)
    files = Attachment.objects.visible_to(membership).filter(record__in=told.order_by())
    return files.order_by("-added_at", "name")[:FILES_SHOWN]


@prepared
def _files(membership: Membership, records: list[uuid.UUID]) -> QuerySet[Attachment]:
    files = Attachment.objects.visible_to(membership).filter(among("record_id", records))
    return files.order_by("added_at", "name")
