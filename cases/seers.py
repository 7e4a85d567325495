"""誰が見られるか: who may see a case, as far as the reader may know it (V3).

Who sees the consents whole sees what they open and to whom, who keeps reading its own records, and
whose emergency access runs; whoever took a consent sees what it opens; a recipient its own line and
never another recipient's. An exception is shown to nobody here.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from agencies.models import Membership
from agencies.names import agency_names
from cases import enums
from cases.explain import until_words
from cases.grantlines import category_words
from cases.models import Case, CaseGrant, Consent, Emergency, Person, Record
from cases.permissions import answers_for
from cases.told import open_emergencies, told_grants
from config.lib.eras import format_datetime, format_short
from config.lib.fiscal import instant_to_until_day
from config.lib.prepared import prepared


@dataclass(frozen=True)
class Part:
    """One thing that is open: on which basis, whose records of which kinds, until when."""

    basis: str
    what: str
    until: str


@dataclass(frozen=True)
class Seer:
    """A line: which agency or person, on which basis, until when; in parts where there are several.
    `works`: it reads what is written next as well."""

    agency: str
    basis: str
    until: str
    parts: list[Part]
    url: str = ""
    works: bool = True
    agency_id: int = 0  # 0: one person's, not an agency's


@dataclass
class _Opened:
    """What is open to one agency."""

    is_responsible: bool = False
    grants: list[CaseGrant] = field(default_factory=list)


def seers_of(
    membership: Membership,
    case: Case,
    persons: dict[uuid.UUID, Person],
    own: Sequence[CaseGrant],
) -> list[Seer]:
    """The lines this reader may know, the responsible agency first. At most six queries."""
    opened = {case.responsible_agency_id: _Opened(is_responsible=True)}
    theirs = [g for g in told_grants(case.pk) if g.group_id != membership.agency_id]
    consents = [g for g in [*own, *theirs] if g.basis == enums.GrantBasis.CONSENT]
    for grant in consents:
        opened.setdefault(grant.group_id, _Opened()).grants.append(grant)
    if membership.agency_id and own:
        opened.setdefault(membership.agency_id, _Opened())
    answers = answers_for(membership, case)
    running: list[Emergency] = []
    if answers:
        for key in _authors(membership, case, persons.values()):
            opened.setdefault(key, _Opened())
        running = open_emergencies(membership, case.pk)
    names = agency_names(opened)
    first = case.responsible_agency_id
    keys = sorted(opened, key=lambda key: (key != first, not opened[key].grants, names[key]))
    ask = reverse("case_why", args=[case.pk]) if answers else ""
    lines = [
        replace(_line(names[key], opened[key], persons, _url(ask, str(key))), agency_id=key)
        for key in keys
    ]
    return [*lines, *(_of_emergency(row, ask) for row in running)]


def _authors(membership: Membership, case: Case, persons: Iterable[Person]) -> set[int]:
    """Who wrote what the reader reads: each keeps reading that (V2). One query."""
    return set(_wrote(membership, case)) | {person.author_agency_id for person in persons}


@prepared
def _wrote(membership: Membership, case: Case) -> QuerySet[Record, int]:
    records = Record.objects.standing_with(membership).for_case(case)
    return records.order_by().values_list("author_agency_id", flat=True).distinct()


def _url(ask: str, value: str) -> str:
    return f"{ask}?{urlencode({'agency': value})}" if ask else ""


def _line(agency: str, entry: _Opened, persons: dict[uuid.UUID, Person], url: str) -> Seer:
    parts = _parts(entry.grants, persons)
    words = []
    if entry.is_responsible:
        words.append(str(enums.GrantBasis.RESPONSIBLE.label))
        parts.insert(0, Part(words[0], _("ケース全体の枠と、自分の機関の記録"), until_words(None)))
    if entry.grants:
        mine = {grant.person_id for grant in entry.grants}
        labels = "・".join(p.label for key, p in persons.items() if key in mine)
        words.append(_("同意 %(labels)s") % {"labels": labels})
    if not words:
        words.append(str(enums.GrantBasis.OWN_RECORDS.label))
        parts.append(Part(words[0], _("自分の機関が書いた記録だけ"), until_words(None)))
    ends = [g.period.upper for g in entry.grants if g.period.upper is not None]
    # The earliest end: from that day on, less is open.
    until = min(ends) if ends and not entry.is_responsible else None
    works = entry.is_responsible or bool(entry.grants)
    return Seer(agency, "・".join(words), _until(until), parts, url, works)


def _parts(grants: Sequence[CaseGrant], persons: dict[uuid.UUID, Person]) -> list[Part]:
    """Persons whose consents open the same until the same day stand together, in their order."""
    place: dict[uuid.UUID | None, int] = {key: n for n, key in enumerate(persons)}
    found: dict[tuple[str, str], list[str]] = {}
    for grant in sorted(grants, key=lambda g: place.get(g.person_id, len(place))):
        person = persons.get(grant.person_id) if grant.person_id else None
        what = category_words(grant.categories, is_short=True)
        if grant.covers_household:
            what += _("、世帯全体")
        whom = found.setdefault((what, _until(grant.period.upper)), [])
        whom.append(f"{person.label} {person.shown_name}" if person else _("名前の出ない世帯員"))
    return [
        Part(_("同意 %(labels)s") % {"labels": "、".join(whom)}, what, until)
        for (what, until), whom in found.items()
    ]


def _until(until: datetime.datetime | None) -> str:
    if until is None:
        return until_words(None)
    return _("%(day)sまで") % {"day": format_short(instant_to_until_day(until))}


def _of_emergency(row: Emergency, ask: str) -> Seer:
    until = _("%(at)sまで") % {"at": format_datetime(row.period.upper)}
    basis = str(enums.GrantBasis.EMERGENCY.label)
    part = Part(basis, _("支援チームの記録（この人だけ）"), until)
    name = f"{row.membership.agency}　{row.membership.user}"
    url = _url(ask, f"{row.membership.agency_id}:{row.pk}")
    return Seer(name, basis, until, [part], url, works=False)


def is_open(consent: Consent, now: datetime.datetime | None = None) -> bool:
    """Whether a consent that was read is in force at an instant."""
    instant = now or datetime.datetime.now(datetime.UTC)
    upper = consent.period.upper
    return (
        consent.answer == enums.ConsentAnswer.GIVEN
        and consent.withdrawn_at is None
        and consent.period.lower <= instant
        and (upper is None or instant < upper)
    )
