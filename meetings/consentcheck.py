"""V5 before it is asked: of each person of an item, whose consent is there and which is missing."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from agencies.enums import Permission
from agencies.models import ConferenceType, Membership
from agencies.names import agency_names
from cases.models import Case, Person
from cases.operations import missing_consents


@dataclass(frozen=True)
class PersonLine:
    """One person: the agencies their consent reaches, those it does not, and where it is asked."""

    key: uuid.UUID
    name: str
    given: str
    lacking: str
    lacks: tuple[int, ...]
    ask_url: str = ""


@dataclass(frozen=True)
class ConsentCheck:
    """What a page of an item says about its consents; `may_ask`: whether this role records them."""

    lines: list[PersonLine]
    lacking: int
    may_ask: bool

    @property
    def words(self) -> str:
        if not self.lines:
            return _("議題にする人を選ぶと、同意を確かめます。")
        if not self.lacking:
            return _("同意はそろっています。")
        return _("足りない同意があと%(n)s件あります。") % {"n": self.lacking}

    @property
    def tone(self) -> str:
        if not self.lines:
            return "info"
        return "warning" if self.lacking else "success"


@dataclass(frozen=True)
class Way:
    """To the consent form of a person and back."""

    case_id: uuid.UUID
    body: ConferenceType
    back: str

    def to(self, person: uuid.UUID, agencies: Iterable[int]) -> str:
        """Filled in with whom the consent is missing for, and what for."""
        asked: list[tuple[str, object]] = [("agencies", key) for key in agencies]
        asked += [("body", self.body.pk), ("next", self.back)]
        return f"{reverse('consent_new', args=[self.case_id, person])}?{urlencode(asked)}"


def check_consents(
    by: Membership,
    case: Case,
    persons: Sequence[Person],
    agencies: Iterable[int],
    way: Way | None = None,
) -> ConsentCheck:
    """Of these persons, which the reader sees, against the agencies that would take part. way:
    where each is asked; none where the page keeps first what was typed (a button of its form). Two
    queries."""
    wanted = list(dict.fromkeys(agencies))
    names = agency_names(wanted)
    found = missing_consents(case=case, persons=[p.pk for p in persons], agencies=wanted)
    lines = []
    for person in persons:
        lacks = tuple(a for a in wanted if (person.pk, a) in found)
        lines.append(
            PersonLine(
                key=person.pk,
                name=person.shown_name,
                given=_joined(names[a] for a in wanted if a not in lacks),
                lacking=_joined(names[a] for a in lacks),
                lacks=lacks,
                ask_url=way.to(person.pk, lacks) if way and lacks else "",
            )
        )
    return ConsentCheck(lines, len(found), by.may(Permission.RECORD_CONSENT))


def _joined(names: Iterable[str]) -> str:
    return "・".join(names)
