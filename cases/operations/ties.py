"""Write down what ties a household together, and arrange the pictures drawn from it."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from agencies.enums import Action
from agencies.models import Membership
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases import enums
from cases.models import Case, Person, Placement, Tie
from cases.operations.case import StaleVersion
from cases.operations.records import WrittenBefore, write_record
from cases.permissions import check_can_correct, check_can_write

# A symbol moved further than this is off every paper.
FARTHEST = 2000
BOTH_WAYS = (enums.TieKind.COUPLE, enums.TieKind.SIBLING, enums.TieKind.BOND)
BY_BLOOD = (enums.TieNature.BIRTH, enums.TieNature.ADOPTED)


class TieRefused(ActionDenied):
    """A tie that cannot be; `field` is where the form says so."""

    def __init__(self, sentence: str, field: str = "second") -> None:
        super().__init__(sentence)
        self.field = field


@dataclass(frozen=True)
class TieFacts:
    """What is said of a tie; empty where its kind has no such thing."""

    nature: str = ""
    quality: str = ""
    flow: str = ""
    name: str = ""
    resource: str = ""
    ended_on: datetime.date | None = None


@transaction.atomic
def write_tie(
    *,
    case: Case,
    by: Membership,
    kind: str,
    facts: TieFacts,
    first: Person | None = None,
    second: Person | None = None,
    audience: str = enums.Audience.TEAM,
    form_key: uuid.UUID | None = None,
) -> Tie:
    """A tie of one kind between its ends (of the household where none is named). The same
    `form_key` writes it once. Raises TieRefused for what cannot be, as far as the writer sees."""
    ends = [person for person in (first, second) if person is not None]
    try:
        record = write_record(
            case=case,
            by=by,
            kind=enums.RecordKind.TIE,
            category=enums.Category.HOUSEHOLD,
            persons=ends,
            audience=audience,
            form_key=form_key,
        )
    except WrittenBefore as before:
        return Tie.objects.visible_to(by).get(pk=before.record_id)
    tie = Tie(record=record, kind=kind, first=first, second=second)
    _say(tie, facts)
    check_tie(tie, by, case)
    tie.save(force_insert=True)
    return tie


@transaction.atomic
def change_tie(*, tie: Tie, by: Membership, version: int, facts: TieFacts) -> Tie:
    """Correct or end a tie; the version before stays (V13). Who is tied never changes. Raises
    StaleVersion when somebody else saved first, TieRefused for what cannot be."""
    check_can_correct(by, tie.record)
    rows = Tie.objects.visible_to(by).filter(pk=tie.pk, version=version)
    if not rows.update(version=F("version") + 1):
        raise StaleVersion
    locked: Tie = Tie.objects.select_for_update(of=("self",)).get(pk=tie.pk)
    _say(locked, facts)
    check_tie(locked, by, tie.record.case)
    locked.save()
    log_access(by, Action.WRITE, what="change_tie", case_id=tie.record.case_id, record_ids=[tie.pk])
    return locked


def _say(tie: Tie, facts: TieFacts) -> None:
    tie.nature, tie.quality, tie.flow = facts.nature, facts.quality, facts.flow
    tie.name, tie.resource, tie.ended_on = facts.name, facts.resource, facts.ended_on


def check_tie(tie: Tie, by: Membership, case: Case) -> None:
    """Raise TieRefused with one sentence. Only what the writer sees counts: a refusal because of
    somebody else's tie would tell of it (V15)."""
    if tie.first_id is not None and tie.first_id == tie.second_id:
        raise TieRefused(_("同じ人どうしのつながりは書けません。別の人を選んでください。"))
    if tie.ended_on is not None:
        return
    others = [
        other
        for other in Tie.objects.standing_with(by)
        .for_case(case)
        .filter(kind=tie.kind, ended_on__isnull=True)
        if other.pk != tie.pk
    ]
    if any(_is_same(tie, other) for other in others):
        raise TieRefused(
            _("同じつながりが、もう書いてあります。変えるときは、一覧の「直す」から直します。"),
            "name" if tie.name else "second" if tie.second_id else "first",
        )
    if tie.kind == enums.TieKind.PARENT:
        _check_parent(tie, others, by)


def _is_same(tie: Tie, other: Tie) -> bool:
    ends, others = [tie.first_id, tie.second_id], [other.first_id, other.second_id]
    if tie.kind in BOTH_WAYS:
        return set(ends) == set(others)
    return ends == others and tie.name == other.name


def _check_parent(tie: Tie, others: list[Tie], by: Membership) -> None:
    """Nobody is their own forebear; nobody has three natural parents; parents are older."""
    below: dict[uuid.UUID | None, list[uuid.UUID | None]] = {}
    for other in others:
        below.setdefault(other.first_id, []).append(other.second_id)
    seen, todo = set(), [tie.second_id]
    while todo:
        found = todo.pop()
        if found == tie.first_id:
            raise TieRefused(
                _(
                    "親子が輪になります（この子は、もうこの親の親か祖先です）。親と子を確かめてください。"
                )
            )
        if found not in seen:
            seen.add(found)
            todo += below.get(found, [])
    of_child = [o for o in others if o.second_id == tie.second_id and o.nature == tie.nature]
    if tie.nature in BY_BLOOD and len(of_child) >= 2:
        raise TieRefused(
            _("この子の%(nature)sは、もう2人書いてあります。") % {"nature": _parents_of(tie.nature)}
        )
    if tie.nature not in BY_BLOOD:
        return
    # One's own tie may name somebody whose consent has ended since.
    persons = Person.objects.visible_to(by).in_bulk([tie.first_id, tie.second_id])
    parent, child = persons.get(tie.first_id), persons.get(tie.second_id)
    if parent is None or child is None:
        return
    if parent.birth_on and child.birth_on and parent.birth_on >= child.birth_on:
        raise TieRefused(
            _("親（%(parent)s）が子（%(child)s）より年下です。どちらが親かを確かめてください。")
            % {"parent": parent.shown_name, "child": child.shown_name}
        )


def _parents_of(nature: str) -> str:
    return _("実の親") if nature == enums.TieNature.BIRTH else _("養親")


# --- arranging ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Symbol:
    """What is moved: one of a person, a tie (of what is around) or an agency of the team."""

    person_id: uuid.UUID | None = None
    tie_id: uuid.UUID | None = None
    helper_id: int | None = None


@transaction.atomic
def move_symbol(*, case: Case, by: Membership, symbol: Symbol, dx: int, dy: int) -> None:
    """Put a symbol so far (px; from where: `Placement`), for the whole agency. The view has
    looked up that the symbol is among what `by` sees."""
    check_can_write(by, case)
    dx, dy = (max(-FARTHEST, min(FARTHEST, value)) for value in (dx, dy))
    of = {
        "person_id": symbol.person_id, "tie_id": symbol.tie_id, "helper_id": symbol.helper_id,
    }  # fmt: skip
    rows = Placement.objects.visible_to(by).for_case(case).filter(**_named(of))
    # Of two who drag at once, the later one is right.
    list(Case.objects.select_for_update().filter(pk=case.pk).values_list("pk"))
    if not rows.update(dx=dx, dy=dy):
        Placement(case=case, agency_id=by.agency_id, dx=dx, dy=dy, **of).save(force_insert=True)
    log_access(by, Action.WRITE, what="move_symbol", case_id=case.pk)


def _named(of: dict[str, uuid.UUID | int | None]) -> dict[str, uuid.UUID | int]:
    return {name: key for name, key in of.items() if key is not None}


@transaction.atomic
def arrange_anew(*, case: Case, by: Membership) -> None:
    """並べ直す: every symbol back to where it is drawn by itself."""
    check_can_write(by, case)
    Placement.objects.visible_to(by).for_case(case).delete()
    log_access(by, Action.WRITE, what="arrange_anew", case_id=case.pk)
