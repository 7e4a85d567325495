"""What this reader sees of a household, as the pictures draw it.

Everything comes through the gate: persons, ties (as records outside any sitting), the agencies
that the case page names. What is not among them is not known here, so nothing is left blank for it.
Where persons live or go to school (`Contact`) is not read at all (V9).
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from agencies.models import Membership
from cases import enums
from cases.ages import age_words
from cases.kinship.derive import completed, derived, level
from cases.kinship.family import (
    PLAIN,
    Bond,
    Couple,
    Helper,
    Household,
    Member,
    Parent,
    Sibling,
    wrapped,
)
from cases.models import Case, Person, Placement, Record, Tie
from cases.seers import Seer
from config.lib.eras import decade_of

SHAPES = {enums.Sex.MALE: "square", enums.Sex.FEMALE: "circle"}
NAME = 6  # characters in a line of a person's name


@dataclass(frozen=True)
class Line:
    """A row of the table beside the pictures."""

    what: str
    who: str
    how: str
    source: str
    url: str = ""
    key: str = ""


@dataclass
class Kinship:
    """What is drawn, and the same in words."""

    household: Household
    people: list[Line]
    lines: list[Line]
    ended: list[Line]
    symbols: list[tuple[str, str]]  # what can be moved: key and name
    moves: dict[str, tuple[float, float]]
    record_ids: list[uuid.UUID]


def kinship(
    membership: Membership,
    case: Case,
    persons: dict[uuid.UUID, Person],
    seers: Sequence[Seer],
    on: datetime.date,
    *,
    may_write: bool = False,
    reads: Callable[[Record], bool] | None = None,
) -> Kinship:
    """The household of this reader. persons: those they see; reads: which ties, where somebody
    else is to see the picture. Two queries."""
    ties = [
        _of_who_stands(tie, persons)
        for tie in Tie.objects.standing_with(membership)
        .for_case(case)
        .select_related("record__author_agency")
        .order_by("record__written_at", "record_id")
        if all(key is None or key in persons for key in (tie.first_id, tie.second_id))
        and (reads is None or reads(tie.record))
    ]
    ties = [tie for tie in ties if tie.first_id is None or tie.first_id != tie.second_id]
    read = [*persons, *(tie.pk for tie in ties)]
    persons = {key: person for key, person in persons.items() if person.same_as is None}
    standing = [tie for tie in ties if tie.ended_on is None or tie.ended_on > on]
    keys = {tie.first_id for tie in standing if tie.kind == enums.TieKind.KEY}
    head = next((p for p in persons.values() if p.relation == enums.Relation.HEAD), None)
    heads_age = head.age(on) if head else None
    written = Household(
        tuple(
            _member(person, n, on, heads_age, is_key=person.pk in keys)
            for n, person in enumerate(persons.values())
        ),
        tuple(Parent(*_ends(t), t.nature) for t in _of(standing, enums.TieKind.PARENT)),
        tuple(Couple(*_ends(t), t.nature) for t in _of(standing, enums.TieKind.COUPLE)),
        tuple(Sibling(*_ends(t)) for t in _of(standing, enums.TieKind.SIBLING)),
        tuple(_bond(t) for t in _of(standing, enums.TieKind.BOND)),
        (
            *(_resource(t) for t in _of(standing, enums.TieKind.OUTSIDE)),
            *_team(case, seers, {t.name for t in standing}),
        ),
    )
    pairs = {
        frozenset(_ends(t)) for t in ties
        if t.kind in (enums.TieKind.PARENT, enums.TieKind.COUPLE, enums.TieKind.SIBLING)
    }  # fmt: skip
    relations = {str(key): person.relation for key, person in persons.items()}
    more = derived(written, relations, pairs)
    names = {str(key): person.shown_name for key, person in persons.items()}
    helpers = [(h.key, "".join(h.words[:-1])) for h in written.helpers]
    return Kinship(
        completed(written, more),
        [_person_line(person, on, person.pk in keys) for person in persons.values()],
        [
            *(_line(t, names, membership, may_write) for t in standing),
            *_derived_lines(names, more.parents, more.couples, more.siblings),
            *_team_lines(written.helpers),
        ],
        [_line(t, names, membership, may_write) for t in ties if t not in standing],
        [*names.items(), *helpers],
        _moves(membership, case),
        read,
    )


def _of_who_stands(tie: Tie, persons: dict[uuid.UUID, Person]) -> Tie:
    """Whoever turned out to be another is drawn as that one."""
    for name in ("first_id", "second_id"):
        person = persons.get(getattr(tie, name))
        if person is not None:
            setattr(tie, name, person.stands.pk)
    return tie


def _of(ties: Iterable[Tie], kind: enums.TieKind) -> list[Tie]:
    return [tie for tie in ties if tie.kind == kind]


def _ends(tie: Tie) -> tuple[str, str]:
    return str(tie.first_id), str(tie.second_id)


def _member(
    person: Person, number: int, on: datetime.date, heads_age: int | None, *, is_key: bool
) -> Member:
    died = person.died_on
    age = person.age(died or on) if person.is_living or died else None
    about = _("約%(n)s") if person.is_age_estimated else "%(n)s"
    shown = "" if age is None else about % {"n": age}
    if age is not None and person.is_decade:
        shown = _("%(n)s代") % {"n": decade_of(age)}
    words = _name_lines(person, is_key=is_key)
    if not person.is_living:
        words.append(_("享年%(n)s") % {"n": shown} if shown else _("死亡"))
    return Member(
        str(person.pk),
        tuple(words),
        SHAPES.get(enums.Sex(person.sex), "diamond"),
        shown,
        rank=float(person.birth_on.toordinal() if person.birth_on
                   else person.birth_year * 365.25 if person.birth_year else 900_000 + number),
        level=level(person.relation, person.age(on), heads_age),
        is_home=person.is_cohabiting and person.is_member,
        is_deceased=not person.is_living,
        is_centre=person.label == "A",
    )  # fmt: skip


def _name_lines(person: Person, *, is_key: bool) -> list[str]:
    parts = person.name.split() or [person.label]
    lines = [part[n : n + NAME] for part in parts for n in range(0, len(part), NAME)]
    lines[-1] += _("さん")
    if is_key:
        lines[-1] = "★" + lines[-1]
    return lines


def _bond(tie: Tie) -> Bond:
    first, second = _ends(tie)
    if tie.flow == enums.TieFlow.IN:
        first, second = second, first
    return Bond(first, second, tie.quality, bool(tie.flow))


def _resource(tie: Tie) -> Helper:
    kind = str(tie.get_resource_display()) if tie.resource else str(_("その他"))
    return Helper(
        str(tie.pk), (*wrapped(tie.name), kind), str(tie.first_id or ""), tie.quality,
        {"out": "out", "in": "in"}.get(tie.flow, ""), kind,
    )  # fmt: skip


def _team(case: Case, seers: Iterable[Seer], written: set[str]) -> list[Helper]:
    """The agencies at work that the case page names. Who is written down already is drawn so."""
    found = []
    for seer in seers:
        if not seer.works or not seer.agency_id or seer.agency in written:
            continue
        is_lead = seer.agency_id == case.responsible_agency_id
        kind = str(_("主担当") if is_lead else _("支援チーム"))
        found.append(
            Helper(
                f"a{seer.agency_id}", (*wrapped(seer.agency), kind), "", PLAIN, "", kind, is_lead
            )
        )
    return found


def _moves(membership: Membership, case: Case) -> dict[str, tuple[float, float]]:
    rows = Placement.objects.visible_to(membership).for_case(case)
    return {
        str(p.person_id or p.tie_id or f"a{p.helper_id}"): (float(p.dx), float(p.dy)) for p in rows
    }


# --- the same in words -------------------------------------------------------------------------


def _person_line(person: Person, on: datetime.date, is_key: bool) -> Line:
    is_dated = person.is_living or person.died_on
    facts = [
        str(person.get_sex_display()),
        (age_words(person, person.died_on or on) if is_dated else "") or _("年齢は不明"),
        str(person.get_relation_display()),
        _("同居") if person.is_cohabiting and person.is_member else _("別居"),
    ]
    if not person.is_living:
        facts[-1] = _("死亡")
    if is_key:
        facts.append(_("★ キーパーソン"))
    return Line(person.label, person.shown_name, "、".join(facts), "", key=str(person.pk))


def _line(tie: Tie, names: dict[str, str], by: Membership, may_write: bool) -> Line:
    first, second = (names.get(key, "") for key in _ends(tie))
    what = str(tie.get_kind_display())
    if tie.kind == enums.TieKind.OUTSIDE:
        what = str(tie.get_resource_display()) if tie.resource else what
        who = _("%(name)s ― %(who)s") % {"name": tie.name, "who": first or _("世帯全体")}
    elif tie.kind == enums.TieKind.PARENT:
        who = _("%(parent)s（親）― %(child)s（子）") % {"parent": first, "child": second}
    elif tie.kind == enums.TieKind.KEY:
        who = first
    else:
        who = f"{first} ― {second}"
    how = [str(tie.get_nature_display())] if tie.nature else []
    how += [str(tie.get_quality_display())] if tie.quality else []
    if tie.flow:
        far = tie.name or second
        near = first or _("世帯全体")
        ends = (near, far) if tie.flow == enums.TieFlow.OUT else (far, near)
        how.append(_("%(one)sから%(other)sへ一方向") % {"one": ends[0], "other": ends[1]})
    is_own = tie.record.author_agency_id == by.agency_id
    url = reverse("tie_edit", args=[tie.pk]) if is_own and may_write else ""
    return Line(what, who, "、".join(how), tie.record.author_agency.name, url, str(tie.pk))


def _derived_lines(
    names: dict[str, str],
    parents: Iterable[Parent],
    couples: Iterable[Couple],
    siblings: Iterable[Sibling],
) -> list[Line]:
    source = _("続柄から")
    return [
        *(
            Line(
                str(enums.TieKind.PARENT.label),
                _("%(parent)s（親）― %(child)s（子）")
                % {"parent": names[t.parent], "child": names[t.child]},
                "",
                source,
            )
            for t in parents
        ),
        *(
            Line(
                str(enums.TieKind.COUPLE.label), f"{names[t.first]} ― {names[t.second]}", "", source
            )
            for t in couples
        ),
        *(
            Line(
                str(enums.TieKind.SIBLING.label),
                f"{names[t.first]} ― {names[t.second]}",
                "",
                source,
            )
            for t in siblings
        ),
    ]


def _team_lines(helpers: Iterable[Helper]) -> list[Line]:
    return [
        Line(
            helper.kind,
            _("%(name)s ― %(who)s") % {"name": "".join(helper.words[:-1]), "who": _("世帯全体")},
            "",
            _("支援チームから"),
        )
        for helper in helpers
        if helper.key.startswith("a") and not _is_uuid(helper.key)
    ]


def _is_uuid(key: str) -> bool:
    return len(key) == 36
