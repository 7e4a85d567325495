"""V17: why a case or a record is visible, or why not, in plain Japanese.

Asked for the membership that acts, through the rows it may see itself: its own grants. The words
name a rule, a basis, persons, categories and a period; never another agency's grant (V3).
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from agencies.models import Membership
from cases import enums
from cases.gate import reads_cases
from cases.models import CarryOutGrant, Case, CaseGrant, Emergency, Record
from config.lib.eras import format_datetime, format_long
from config.lib.fiscal import instant_to_until_day


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

    def as_json(self) -> dict[str, object]:
        """The keys of `explain_access`."""
        return {
            "visible": self.visible,
            "rule": self.rule,
            "grant": str(self.grant) if self.grant else None,
            "basis": self.basis,
            "persons": [str(key) for key in self.persons],
            "categories": list(self.categories),
            "from": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
            "reason": self.reason,
        }


def until_words(until: datetime.datetime | None) -> str:
    """「令和9年3月31日まで」, or 期限なし."""
    if until is None:
        return _("期限なし")
    return _("%(day)sまで") % {"day": format_long(instant_to_until_day(until))}


def grants_on(membership: Membership, case_id: uuid.UUID) -> list[CaseGrant]:
    """The grants in force my agency holds on a case. One query."""
    held = CaseGrant.objects.visible_to(membership).in_force()
    return list(
        held.filter(content_object=case_id, group=membership.agency_id).order_by("granted_at")
    )


def explain_case(
    membership: Membership, case_id: uuid.UUID, grants: Sequence[CaseGrant] | None = None
) -> Explanation:
    """Why the case row is visible to the membership acting, or why not."""
    if not reads_cases(membership):
        return Explanation(False, "V11", _("この役割は、ケースを読みません。"))
    held = grants_on(membership, case_id) if grants is None else grants
    by_basis = {grant.basis: grant for grant in held}
    if enums.GrantBasis.RESPONSIBLE in by_basis:
        grant = by_basis[enums.GrantBasis.RESPONSIBLE]
        return _from(grant, "V2", _("あなたの機関が、このケースの主担当機関です。"))
    if enums.GrantBasis.CONSENT in by_basis:
        consents = [g for g in held if g.basis == enums.GrantBasis.CONSENT]
        ends = [g.period.upper for g in consents]
        until = None if None in ends else max(ends)
        return Explanation(
            True,
            "V3",
            _("本人の同意があり、あなたの機関が支援チームにいます（%(until)s）。")
            % {"until": until_words(until)},
            consents[0].pk,
            enums.GrantBasis.CONSENT,
            tuple(g.person_id for g in consents if g.person_id),
            tuple(sorted({c for g in consents for c in g.categories})),
            min(g.period.lower for g in consents),
            until,
        )
    if enums.GrantBasis.OWN_RECORDS in by_basis:
        return _from(
            by_basis[enums.GrantBasis.OWN_RECORDS],
            "V2",
            _("あなたの機関が書いた記録があるため、その記録だけを読めます。"),
        )
    if (emergency := _emergency_on(membership, case_id)) is not None:
        return _by_emergency(emergency)
    return Explanation(
        False, "V1", _("このケースについて、あなたの機関に開かれたものはありません。")
    )


def _emergency_on(membership: Membership, case_id: uuid.UUID) -> Emergency | None:
    held = Emergency.objects.visible_to(membership).open()
    return held.filter(content_object_id=case_id, membership_id=membership.pk).first()


def _by_emergency(
    emergency: Emergency, persons: tuple[uuid.UUID, ...] = (), categories: tuple[str, ...] = ()
) -> Explanation:
    """V8: open to this very person for some hours."""
    return Explanation(
        True,
        "V8",
        _("緊急閲覧で、あなただけに%(until)sまで開いています。")
        % {"until": format_datetime(emergency.period.upper)},
        emergency.pk,
        enums.GrantBasis.EMERGENCY,
        persons,
        categories,
        emergency.period.lower,
        emergency.period.upper,
    )


def _from(grant: CaseGrant, rule: str, reason: str) -> Explanation:
    return Explanation(
        True,
        rule,
        reason,
        grant.pk,
        grant.basis,
        (grant.person_id,) if grant.person_id else (),
        tuple(grant.categories),
        grant.period.lower,
        grant.period.upper,
    )


def explain_record(
    membership: Membership, record: Record, grants: Sequence[CaseGrant] | None = None
) -> Explanation:
    """Why a record is visible: own (V2), covered by consent (V3), carried out or laid before an
    item under secrecy (V6); or why not."""
    if not reads_cases(membership):
        return Explanation(False, "V11", _("この役割は、ケースを読みません。"))
    held = grants_on(membership, record.case_id) if grants is None else grants
    found = _by_own_or_consent(membership, record, held)
    if found is None:
        found = _by_secrecy(membership, record)
    return found or _why_not(membership, record)


def _by_own_or_consent(
    membership: Membership, record: Record, grants: Sequence[CaseGrant]
) -> Explanation | None:
    """V2 and V3 alone, without a query."""
    if record.carry_out_id is not None:
        return None
    if record.author_agency_id == membership.agency_id:
        return Explanation(
            True,
            "V2",
            _("あなたの機関が書いた記録です。"),
            None,
            enums.GrantBasis.OWN_RECORDS,
            tuple(record.person_ids),
            (record.category,),
            record.written_at,
            None,
        )
    if record.audience != enums.Audience.TEAM:
        return None
    covering = [g for g in grants if g.person_id and record.category in g.categories]
    if record.is_household:
        used = [g for g in covering if g.covers_household][:1]
    else:
        by_person = {g.person_id: g for g in covering}
        used = [by_person[key] for key in record.person_ids if key in by_person]
        if len(used) < len(record.person_ids):
            return None
    if not used:
        return None
    ends = [g.period.upper for g in used if g.period.upper is not None]
    until = min(ends) if ends else None
    return Explanation(
        True,
        "V3",
        _("記録に出る人の同意があり、「%(category)s」が含まれています（%(until)s）。")
        % {"category": record.get_category_display(), "until": until_words(until)},
        used[0].pk,
        enums.GrantBasis.CONSENT,
        tuple(g.person_id for g in used if g.person_id),
        (record.category,),
        max(g.period.lower for g in used),
        until,
    )


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
        return _by_emergency(emergency, tuple(record.person_ids), (record.category,))
    return Explanation(
        True,
        "V6",
        _("あなたが指名された支援会議（106条の6）の議題の資料です。"),
        None,
        "106-6",
        tuple(record.person_ids),
        (record.category,),
    )


def _why_not(membership: Membership, record: Record) -> Explanation:
    if record.carry_out_id is not None:
        return Explanation(False, "V6", _("支援会議の持ち出しで名指しされた人だけが読めます。"))
    if record.audience == enums.Audience.AGENCY:
        return Explanation(False, "V2", _("書いた機関だけの記録です。"))
    if record.category == enums.Category.NOTIFIER:
        return Explanation(False, "V4", _("通告者の情報は、どの同意でも開きません。"))
    if record.is_household:
        return Explanation(
            False, "V3", _("世帯全体の記録を開く同意がないか、反対している世帯員がいます。")
        )
    return Explanation(
        False, "V3", _("記録に出る人のうち、あなたの機関へのこの種類の同意がない人がいます。")
    )


def explain(membership: Membership, case: Case, record: Record | None = None) -> Explanation:
    """One door for the command: the case, or one record of it."""
    return explain_record(membership, record) if record else explain_case(membership, case.pk)
