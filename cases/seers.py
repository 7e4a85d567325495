"""誰が見られるか: who may see a case, as far as the reader may know it (V3).

The responsible agency and whoever took a consent see the grants they gave; a recipient sees its
own line and never another recipient's. An exception is shown to nobody here.
"""

from __future__ import annotations

import datetime
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from agencies.models import Agency, Membership, StandingMember
from cases import enums
from cases.explain import until_words
from cases.models import Case, CaseGrant, Consent, ConsentLine, Person, SupportTeam
from config.lib.eras import format_short
from config.lib.fiscal import instant_to_until_day


@dataclass(frozen=True)
class Seer:
    """A line: which agency, on which basis, until when."""

    agency: str
    basis: str
    until: str


@dataclass
class _Opened:
    """What is open to one agency, gathered from several grants."""

    bases: set[str] = field(default_factory=set)
    persons: set[uuid.UUID] = field(default_factory=set)
    ends: list[datetime.datetime | None] = field(default_factory=list)


def seers_of(
    membership: Membership,
    case: Case,
    persons: dict[uuid.UUID, Person],
    own: Sequence[CaseGrant],
    consents: Sequence[Consent],
) -> list[Seer]:
    """The lines this reader may know, the responsible agency first. At most six queries."""
    opened: dict[int, _Opened] = defaultdict(_Opened)
    opened[case.responsible_agency_id].bases.add(enums.GrantBasis.RESPONSIBLE)
    given = (
        CaseGrant.objects.visible_to(membership)
        .in_force()
        .filter(content_object=case)
        .exclude(group=membership.agency_id)
    )
    for grant in [*own, *given]:
        _add(opened[grant.group_id], grant.basis, grant.person_id, grant.period.upper)
    if membership.agency_id == case.responsible_agency_id:
        _add_of_others(membership, case, consents, opened)
    names = dict(Agency.objects.filter(pk__in=list(opened)).values_list("pk", "name"))
    first = case.responsible_agency_id
    keys = sorted(opened, key=lambda key: (key != first, names[key]))
    return [_line(names[key], opened[key], persons) for key in keys]


def _add(
    entry: _Opened, basis: str, person: uuid.UUID | None, until: datetime.datetime | None
) -> None:
    entry.bases.add(basis)
    if person is not None:
        entry.persons.add(person)
        entry.ends.append(until)


def _add_of_others(
    membership: Membership,
    case: Case,
    consents: Sequence[Consent],
    opened: dict[int, _Opened],
) -> None:
    """What consents taken by other agencies open: the responsible agency sees them whole, but
    not the grants that follow, so it reckons team × consents as the store does."""
    others = {
        c.pk: c for c in consents if c.taken_by_agency_id != membership.agency_id and is_open(c)
    }
    if not others:
        return
    lines = list(ConsentLine.objects.visible_to(membership).filter(consent__in=list(others)))
    types = {line.conference_type_id for line in lines if line.conference_type_id}
    standing: dict[int | None, set[int | None]] = defaultdict(set)
    for member in StandingMember.objects.filter(
        conference_type__in=types, agency__isnull=False, ended_on__isnull=True
    ):
        standing[member.conference_type_id].add(member.agency_id)
    team = set(
        SupportTeam.objects.visible_to(membership).at_work_on(case).values_list("agency", flat=True)
    )
    for key, consent in others.items():
        mine = [line for line in lines if line.consent_id == key]
        named = {a for line in mine for a in _named(line, standing) if not line.is_exception}
        named -= {line.agency_id for line in mine if line.is_exception}
        for agency in named & team:
            _add(opened[agency], enums.GrantBasis.CONSENT, consent.person_id, consent.period.upper)


def _named(line: ConsentLine, standing: dict[int | None, set[int | None]]) -> set[int]:
    if line.agency_id is not None:
        return {line.agency_id}
    return {key for key in standing[line.conference_type_id] if key is not None}


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


def _line(agency: str, entry: _Opened, persons: dict[uuid.UUID, Person]) -> Seer:
    words = []
    if enums.GrantBasis.RESPONSIBLE in entry.bases:
        words.append(str(enums.GrantBasis.RESPONSIBLE.label))
    if enums.GrantBasis.CONSENT in entry.bases:
        labels = "・".join(p.label for key, p in persons.items() if key in entry.persons)
        words.append(_("同意 %(labels)s") % {"labels": labels})
    if not words:
        words.append(str(enums.GrantBasis.OWN_RECORDS.label))
    is_responsible = enums.GrantBasis.RESPONSIBLE in entry.bases
    ends = [end for end in entry.ends if end is not None]
    # The earliest end: from that day on, less is open.
    until = min(ends) if ends and not is_responsible else None
    shown = (
        _("%(day)sまで") % {"day": format_short(instant_to_until_day(until))}
        if until
        else (until_words(None))
    )
    return Seer(agency, "・".join(words), shown)
