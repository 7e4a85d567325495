"""転出の引継ぎ: what may be told to another municipality, and the paper it makes (V3, V9).

Whom it tells of is chosen first. What names anybody else, living and of this case, does not come
with it: no record, no name in a text, no number, no letter, no relation to them. So who said no is
not told of, not by a gap either.
"""

from __future__ import annotations

import datetime
import re
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from agencies.models import Membership
from agencies.permissions import ActionDenied
from cases import enums
from cases.ages import born
from cases.models import Case, Contact, Person, Record
from cases.operations.case import written_about
from cases.recordtitles import entries_of
from cases.shields import shielded_among
from config.lib.eras import format_long, format_short
from config.lib.kana import fold

KIND = enums.RecordKind
MOST = 200  # records offered, the newest
# 地域課題 is the city's; a picture's lines name two persons; papers are not copied into papers.
NOT_TOLD = (KIND.COMMUNITY_ISSUE, KIND.TIE, KIND.MOVE_OUT)
# In the order in which a paper tells them.
GROUPS: tuple[tuple[str, Any, tuple[str, ...]], ...] = (
    ("cautions", KIND.CAUTION.label, (KIND.CAUTION,)),
    ("issues", KIND.ISSUE.label, (KIND.ISSUE,)),
    ("assessment", KIND.ASSESSMENT.label, (KIND.ASSESSMENT, KIND.RISK)),
    ("plans", KIND.PLAN.label, (KIND.PLAN, KIND.MONITORING, KIND.EVALUATION)),
    ("notes", KIND.NOTE.label, (KIND.NOTE, KIND.VISIT, KIND.MATCH, KIND.FOLLOW_UP)),
)
# Behind a given name of one letter, which is a word of many texts.
CALLED = "さん|ちゃん|くん|君|様|さま|氏"


@dataclass(frozen=True)
class Item:
    """A record that may be told, as it would stand on the paper."""

    key: uuid.UUID
    group: str
    when: str
    title: str
    by: str
    about: str
    text: str


@dataclass(frozen=True)
class Choice:
    """What whoever writes has chosen and said."""

    municipality: str
    office: str
    phone: str
    persons: Sequence[Person]
    wish: str
    words: str = ""
    moves_on: datetime.date | None = None
    records: Collection[uuid.UUID] = ()
    contacts: bool = False


@dataclass(frozen=True)
class Paper:
    """Exactly what leaves, in the words that are printed; stored as it is."""

    to: dict[str, str]
    sender: dict[str, str]
    moves_on: str
    persons: list[dict[str, str]]
    wish: str
    words: str
    parts: list[dict[str, Any]] = field(default_factory=list)

    def stored(self) -> dict[str, Any]:
        """For the column."""
        return asdict(self)


class Telling(ActionDenied):
    """A text names somebody whom the paper does not tell of; `where`: group or field."""

    def __init__(self, where: str, words: str) -> None:
        super().__init__(words)
        self.where = where


def may_be_told(persons: Iterable[Person]) -> list[Person]:
    """Who can say yes: the living whose name is known."""
    return [person for person in written_about(persons) if person.is_living and person.name]


def offered(
    membership: Membership,
    case: Case,
    persons: Mapping[uuid.UUID, Person],
    told: Collection[uuid.UUID],
) -> list[Item]:
    """Records of the team that tell of nobody else, the newest first. Two queries, and the budgets
    of `case_timeline`."""
    about = {key: p.stands for key, p in persons.items() if p.stands.pk in told}
    living = {key for key, person in persons.items() if person.stands.is_living}
    is_whole = living <= about.keys() and _sees_everybody(case, persons)
    rows = (
        Record.objects.standing_with(membership)
        .for_case(case)
        .filter(audience=enums.Audience.TEAM)
        .exclude(category=enums.Category.NOTIFIER)
        .exclude(kind__in=NOT_TOLD)
        .exclude(issue__solved_on__isnull=False)
        .exclude(cautionnote__ended_on__isnull=False)
        .select_related("author_agency")
    )
    found = [
        row
        for row in rows.newest_first()[:MOST]
        if (is_whole if row.is_household else told and set(row.person_ids) <= set(about))
    ]
    called = {persons[key].label: person.shown_name for key, person in about.items()}
    entries = entries_of(membership, case, found) if found else {}
    group_of = {str(kind): name for name, _label, kinds in GROUPS for kind in kinds}
    return [
        Item(
            row.pk,
            group_of[row.kind],
            format_short(row.happened_at),
            named_in_full(_title(row, entries[row.pk].title), called),
            row.author_agency.name,
            row.names(about),
            named_in_full(_leaving(entries[row.pk].text), called),
        )
        for row in found
    ]


def _sees_everybody(case: Case, persons: Mapping[uuid.UUID, Person]) -> bool:
    """Who was added by others and is not seen could not say yes to what tells of the household. One
    query: letters count everybody, which tells no more than the next letter does."""
    with connection.cursor() as cursor:
        cursor.execute("select kasane.next_label(%s)", [case.pk])
        (count,) = cursor.fetchone()
    return bool(count <= len(persons))


def _title(row: Record, title: str) -> str:
    """Without the name of its kind, which stands above; a section says its category instead."""
    words = title.replace(_("［訂正あり］"), "").removeprefix(str(row.get_kind_display())).strip()
    return words or str(row.get_category_display())


def _leaving(text: str) -> str:
    """Why a record was corrected is the agency's own affair."""
    inner = str(_("直した理由"))
    return "\n".join(line for line in text.splitlines() if not line.startswith(inner))


def named_in_full(text: str, called: Mapping[str, str]) -> str:
    """「Bさん」 is this household's own way to name somebody: it would tell of an A. called: letter
    → name."""
    for label, name in called.items():
        text = re.sub(rf"(?<![A-Za-z]){re.escape(label)}さん", name, text)
    return text


def compose(
    membership: Membership, case: Case, persons: Mapping[uuid.UUID, Person], choice: Choice
) -> Paper:
    """The paper, from what this reader may read. Raises ActionDenied, and Telling for a text that
    names somebody left out. Queries: those of `offered`, and two."""
    told = {person.pk for person in choice.persons}
    if not told:
        raise ActionDenied(_("載せる人を選んでください。"))
    if not told <= {person.pk for person in may_be_told(persons.values())}:
        raise ActionDenied(_("載せられるのは、お名前の分かる、ご存命の方だけです。"))
    items = {item.key: item for item in offered(membership, case, persons, told)}
    if not set(choice.records) <= items.keys():
        raise ActionDenied(
            _("選んだ記録のなかに、いまは載せられないものがあります。選びなおしてください。")
        )
    chosen = [item for item in items.values() if item.key in choice.records]
    others = [p for p in persons.values() if p.is_living and p.stands.pk not in told]
    _check_told(choice, chosen, others)
    parts = [(label, [i for i in chosen if i.group == name]) for name, label, _kinds in GROUPS]
    return Paper(
        to={"municipality": choice.municipality, "office": choice.office, "phone": choice.phone},
        sender={
            "city": membership.municipality.name,
            "agency": membership.agency_name,
            "worker": str(membership.user),
        },
        moves_on=format_long(choice.moves_on) if choice.moves_on else "",
        persons=_persons(membership, choice),
        wish=choice.wish,
        words=choice.words,
        parts=[
            {
                "title": str(label),
                "lines": [
                    {name: getattr(i, name) for name in ("when", "title", "by", "about", "text")}
                    for i in lines
                ],
            }
            for label, lines in parts
            if lines
        ],
    )


def _persons(membership: Membership, choice: Choice) -> list[dict[str, str]]:
    """A relation is one to the head of the household: without the head it would tell of them."""
    has_head = any(p.relation == enums.Relation.HEAD for p in choice.persons)
    contacts = _contacts(membership, choice) if choice.contacts else {}
    return [
        {
            "name": person.name,
            "kana": person.name_kana,
            "born": born(person),
            "sex": str(person.get_sex_display()) if person.sex else "",
            "relation": str(person.get_relation_display()) if has_head and person.relation else "",
            "contact": contacts.get(person.pk, ""),
        }
        for person in choice.persons
    ]


def offers_contacts(persons: Mapping[uuid.UUID, Person]) -> bool:
    """Not where anybody of the household is under a shield: they may live together. One query."""
    return not shielded_among(persons)


def _contacts(membership: Membership, choice: Choice) -> dict[uuid.UUID, str]:
    rows = Contact.objects.visible_to(membership).filter(pk__in=[p.pk for p in choice.persons])
    return {row.pk: "　".join(word for word in (row.address, row.phone) if word) for row in rows}


def _check_told(choice: Choice, chosen: Sequence[Item], others: Sequence[Person]) -> None:
    said = ("municipality", "office", "wish", "words")
    texts = [(name, "", getattr(choice, name)) for name in said]
    texts += [(i.group, f"{i.when}　{i.title}", f"{i.title}\n{i.text}") for i in chosen]
    for where, which, text in texts:
        if names := [p.shown_name for p in others if _names(text, p)]:
            lead = _("「%(which)s」に、") % {"which": which} if which else ""
            raise Telling(
                where,
                lead
                + _(
                    "載せない人（%(names)s）の名前があります。消すか外すか、"
                    "その人も載せる人に加えてください。"
                )
                % {"names": "・".join(names)},
            )


def _names(text: str, person: Person) -> bool:
    """The whole name, its reading, the given name (a letter alone as it is called), 「Bさん」."""
    said = fold(text)
    _family, _gap, given = person.name.replace("　", " ").strip().partition(" ")
    words = [fold(word) for word in (person.name, person.name_kana, given) if word]
    called = "|".join(fold(word) for word in CALLED.split("|"))
    return (
        any(len(word) >= 2 and word in said for word in words)
        or any(re.search(f"{re.escape(word)}(?:{called})", said) for word in words)
        or bool(re.search(rf"(?<![a-z]){fold(person.label)}{fold('さん')}", said))
    )
