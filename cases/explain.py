"""V17: why a case, a person or a record is visible, or why not, in plain Japanese.

One rule for whoever looks (`Eyes`): the membership that acts, through the grants it holds; or
another agency, through the grants that whoever asks may know (cases.told). The words name a rule, a
basis, persons, categories and a period. What only the acting membership can know of itself (V6,
carried out or laid before it) stands apart, at the end.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from agencies.models import Membership
from cases import enums
from cases.gate import reads_cases
from cases.models import CarryOutGrant, CaseGrant, Emergency, Person, Record
from config.lib.eras import format_datetime, format_long
from config.lib.fiscal import instant_to_until_day
from config.lib.prepared import prepared


@dataclass(frozen=True)
class Explanation:
    """The answer: rule, grant, basis, whom and what it covers, from when until when, in words."""

    visible: bool
    rule: str
    reason: str
    grant: uuid.UUID | None = None
    basis: str = ""
    persons: tuple[uuid.UUID, ...] = ()
    categories: tuple[str, ...] = ()
    since: datetime.datetime | None = None
    until: datetime.datetime | None = None


def until_words(until: datetime.datetime | None) -> str:
    """「令和9年3月31日まで」, or 期限なし."""
    if until is None:
        return _("期限なし")
    return _("%(day)sまで") % {"day": format_long(instant_to_until_day(until))}


def grants_on(membership: Membership, case_id: uuid.UUID) -> list[CaseGrant]:
    """The grants in force my agency holds on a case. One query."""
    return list(_held(membership, case_id))


@prepared
def _held(membership: Membership, case_id: uuid.UUID) -> QuerySet[CaseGrant]:
    held = CaseGrant.objects.visible_to(membership).in_force()
    return held.filter(content_object=case_id, group=membership.agency_id).order_by("granted_at")


@dataclass(frozen=True)
class Eyes:
    """Who looks, and what is open to them, as far as whoever asks may know it."""

    agency_id: int | None
    name: str
    grants: Sequence[CaseGrant]
    is_responsible: bool
    has_written: bool
    kept: frozenset[uuid.UUID] = frozenset()  # records beneath a shield (V9)

    @classmethod
    def by_grants(cls, agency_id: int | None, name: str, grants: Sequence[CaseGrant]) -> Eyes:
        """All of it said by the grants themselves, where every one of them is known."""
        bases = {grant.basis for grant in grants}
        return cls(
            agency_id,
            name,
            grants,
            enums.GrantBasis.RESPONSIBLE in bases,
            enums.GrantBasis.OWN_RECORDS in bases,
        )

    @property
    def consented(self) -> list[CaseGrant]:
        return [g for g in self.grants if g.basis == enums.GrantBasis.CONSENT]

    def grant_by(self, basis: str) -> CaseGrant | None:
        return next((g for g in self.grants if g.basis == basis), None)


def own_eyes(
    membership: Membership, case_id: uuid.UUID, grants: Sequence[CaseGrant] | None = None
) -> Eyes:
    """The agency of the membership that acts. One query, unless its grants are known."""
    held = grants_on(membership, case_id) if grants is None else grants
    return Eyes.by_grants(membership.agency_id, _("あなたの機関"), held)


# --- V2, V3: the same for oneself and for another --------------------------------------------


def case_by_grants(eyes: Eyes) -> Explanation | None:
    """The case row: responsible, by consent, or for the agency's own records."""
    if eyes.is_responsible:
        why = _("%(agency)sが、このケースの主担当機関です。") % {"agency": eyes.name}
        return _from(eyes, enums.GrantBasis.RESPONSIBLE, why)
    if consents := eyes.consented:
        ends = [g.period.upper for g in consents]
        until = None if None in ends else max(ends)
        return Explanation(
            True,
            "V3",
            _("本人の同意があり、%(agency)sが支援チームにいます（%(until)s）。")
            % {"agency": eyes.name, "until": until_words(until)},
            consents[0].pk,
            enums.GrantBasis.CONSENT,
            tuple(g.person_id for g in consents if g.person_id),
            tuple(sorted({c for g in consents for c in g.categories})),
            min(g.period.lower for g in consents),
            until,
        )
    if eyes.has_written:
        why = _("%(agency)sが書いた記録があるため、その記録だけを読めます。") % {
            "agency": eyes.name
        }
        return _from(eyes, enums.GrantBasis.OWN_RECORDS, why)
    return None


def case_closed(eyes: Eyes) -> Explanation:
    why = _("このケースについて、%(agency)sに開かれたものはありません。") % {"agency": eyes.name}
    return Explanation(False, "V1", why)


def _from(eyes: Eyes, basis: str, reason: str) -> Explanation:
    grant = eyes.grant_by(basis)
    if grant is None:
        return Explanation(True, "V2", reason, None, basis)
    return Explanation(
        True,
        "V2",
        reason,
        grant.pk,
        basis,
        since=grant.period.lower or grant.granted_at,
        until=grant.period.upper,
    )


def person_by_grants(eyes: Eyes, person: Person) -> Explanation | None:
    """A person row: written by the agency, or covered in 基本情報."""
    if person.author_agency_id == eyes.agency_id:
        why = _("%(agency)sが書いた基本情報です。") % {"agency": eyes.name}
        return _own((person.pk,), enums.Category.BASIC, person.written_at, why)
    basic = enums.Category.BASIC
    used = [g for g in eyes.consented if g.person_id == person.pk and basic in g.categories]
    why = _("%(name)sの同意に、「%(category)s」が含まれています（%(until)s）。")
    return _by_consent(used[:1], basic, why, name=person.shown_name) if used else None


def record_by_grants(eyes: Eyes, record: Record) -> Explanation | None:
    """A record outside any sitting: own, or covered for every person it names. No query."""
    if record.carry_out_id is not None:
        return None
    if record.author_agency_id == eyes.agency_id:
        why = _("%(agency)sが書いた記録です。") % {"agency": eyes.name}
        return _own(tuple(record.person_ids), record.category, record.written_at, why)
    if record.audience != enums.Audience.TEAM:
        return None
    covering = [g for g in eyes.consented if record.category in g.categories]
    if record.is_household:
        used = [g for g in covering if g.covers_household][:1]
        why = _("世帯全体の記録を含む同意があり、「%(category)s」が含まれています（%(until)s）。")
    else:
        by_person = {g.person_id: g for g in covering}
        used = [by_person[key] for key in record.person_ids if key in by_person]
        if len(used) < len(record.person_ids):
            return None
        why = _("記録に出る人の同意があり、「%(category)s」が含まれています（%(until)s）。")
    return _by_consent(used, record.category, why) if used else None


def _own(
    persons: tuple[uuid.UUID, ...], category: str, since: datetime.datetime, reason: str
) -> Explanation:
    basis = enums.GrantBasis.OWN_RECORDS
    return Explanation(True, "V2", reason, None, basis, persons, (category,), since, None)


def _by_consent(used: Sequence[CaseGrant], category: str, reason: str, **words: str) -> Explanation:
    """V3: open by all these consents together, until the first of them ends."""
    ends = [g.period.upper for g in used if g.period.upper is not None]
    until = min(ends) if ends else None
    return Explanation(
        True,
        "V3",
        reason
        % {
            "category": enums.Category(category).label,
            "until": until_words(until),
            **words,
        },
        used[0].pk,
        enums.GrantBasis.CONSENT,
        tuple(g.person_id for g in used if g.person_id),
        (category,),
        max(g.period.lower for g in used),
        until,
    )


def record_closed(eyes: Eyes, record: Record) -> Explanation:
    if record.carry_out_id is not None:
        return Explanation(False, "V6", _("支援会議の持ち出しで名指しされた人だけが読めます。"))
    if record.audience == enums.Audience.AGENCY:
        return Explanation(False, "V2", _("書いた機関だけの記録です。"))
    if record.category == enums.Category.NOTIFIER:
        return Explanation(False, "V4", _("通告者の情報は、どの同意でも開きません。"))
    if not _is_let_in(eyes):
        return Explanation(False, "V3", _not_let_in(eyes))
    if record.is_household:
        return Explanation(
            False, "V3", _("世帯全体の記録を開く同意がないか、反対している世帯員がいます。")
        )
    why = _("記録に出る人のうち、%(agency)sへのこの種類の同意がない人がいます。")
    return Explanation(False, "V3", why % {"agency": eyes.name})


def person_closed(eyes: Eyes) -> Explanation:
    if not _is_let_in(eyes):
        return Explanation(False, "V3", _not_let_in(eyes))
    why = _("%(agency)sへの、基本情報の同意がありません。") % {"agency": eyes.name}
    return Explanation(False, "V3", why)


def _is_let_in(eyes: Eyes) -> bool:
    return eyes.is_responsible or bool(eyes.consented)


def _not_let_in(eyes: Eyes) -> str:
    """Consent or team: which of the two is missing is not told (V15), that both are needed is."""
    why = _(
        "%(agency)sに、同意で開いているものはありません。開くには、本人の同意と、"
        "つなぎの受理や会議で支援チームに入ることの、両方が要ります。"
    )
    return why % {"agency": eyes.name}


# --- V8: open to one person for some hours ----------------------------------------------------


def in_emergency(record: Record) -> bool:
    """What the team may read of the household; never sealed, never who notified."""
    return (
        record.audience == enums.Audience.TEAM
        and record.carry_out_id is None
        and record.category != enums.Category.NOTIFIER
    )


def by_emergency(
    emergency: Emergency,
    reader: str,
    persons: tuple[uuid.UUID, ...] = (),
    categories: tuple[str, ...] = (),
) -> Explanation:
    return Explanation(
        True,
        "V8",
        _("緊急閲覧で、%(reader)sだけに%(until)sまで開いています。")
        % {"reader": reader, "until": format_datetime(emergency.period.upper)},
        emergency.pk,
        enums.GrantBasis.EMERGENCY,
        persons,
        categories,
        emergency.period.lower,
        emergency.period.upper,
    )


# --- for the membership that acts -------------------------------------------------------------

NO_CASES = "V11"


def explain_case(
    membership: Membership, case_id: uuid.UUID, grants: Sequence[CaseGrant] | None = None
) -> Explanation:
    """Why the case row is visible to the membership acting, or why not."""
    if not reads_cases(membership):
        return Explanation(False, NO_CASES, _("この役割は、ケースを読みません。"))
    eyes = own_eyes(membership, case_id, grants)
    if (found := case_by_grants(eyes)) is not None:
        return found
    if (emergency := _emergency_on(membership, case_id)) is not None:
        return by_emergency(emergency, _("あなた"))
    return case_closed(eyes)


def explain_record(
    membership: Membership, record: Record, grants: Sequence[CaseGrant] | None = None
) -> Explanation:
    """Why a record is visible: own (V2), covered by consent (V3), carried out or laid before an
    item under secrecy (V6); or why not."""
    if not reads_cases(membership):
        return Explanation(False, NO_CASES, _("この役割は、ケースを読みません。"))
    eyes = own_eyes(membership, record.case_id, grants)
    return (
        record_by_grants(eyes, record)
        or _by_secrecy(membership, record)
        or record_closed(eyes, record)
    )


def _emergency_on(membership: Membership, case_id: uuid.UUID) -> Emergency | None:
    held = Emergency.objects.visible_to(membership).open()
    return held.filter(content_object_id=case_id, membership_id=membership.pk).first()


def _by_secrecy(membership: Membership, record: Record) -> Explanation | None:
    """V6: carried out to this very person, or laid before an item they are appointed to."""
    if record.carry_out_id is not None:
        grant = CarryOutGrant.objects.filter(
            content_object_id=record.carry_out_id,
            membership_id=membership.pk,
            revoked_at__isnull=True,
        ).first()
        if grant is None:
            return None
        return Explanation(
            True,
            "V6",
            _("支援会議（106条の6）の持ち出しで、あなた個人に開かれています（%(until)s）。")
            % {"until": until_words(grant.period.upper)},
            grant.pk,
            "106-6",
            tuple(record.person_ids),
            (record.category,),
            grant.period.lower,
            grant.period.upper,
        )
    if not Record.objects.visible_to(membership).filter(pk=record.pk).exists():
        return None
    if (emergency := _emergency_on(membership, record.case_id)) is not None:
        return by_emergency(emergency, _("あなた"), tuple(record.person_ids), (record.category,))
    return Explanation(
        True,
        "V6",
        _("あなたが指名された支援会議（106条の6）の議題の資料です。"),
        None,
        "106-6",
        tuple(record.person_ids),
        (record.category,),
    )
