"""Record, renew and withdraw a person's consent (V3)."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg.types.range import TimestamptzRange

from agencies.enums import Action, Permission
from agencies.models import Agency, ConferenceType, Membership
from agencies.operations import notify
from agencies.permissions import ActionDenied, check_may
from agencies.trail import log_access
from cases import enums
from cases.models import Consent, ConsentLine, Person, Record
from cases.operations.access import sync_grants
from cases.permissions import check_can_record_consent
from config.lib.fiscal import from_day_to_instant, until_day_to_instant


@dataclass(frozen=True)
class ConsentTerms:
    """What was said: to whom, for what, how, until when (dates in Asia/Tokyo)."""

    answer: str
    given_on: datetime.date
    until: datetime.date | None = None
    categories: list[str] = field(default_factory=list)
    covers_household: bool = False
    purpose: str = ""
    method: str = ""
    proxy_name: str = ""
    proxy_power: str = ""
    agencies: list[Agency] = field(default_factory=list)
    conference_types: list[ConferenceType] = field(default_factory=list)
    exceptions: list[Agency] = field(default_factory=list)


def needs_proxy(person: Person, by: Membership, on: datetime.date) -> bool:
    """Under the city's age a person with parental authority consents (V3), where age is known."""
    age = person.age(on)
    return age is not None and age < by.municipality.consent_age


def _check_terms(person: Person, by: Membership, terms: ConsentTerms) -> None:
    """A consent names addressees and categories; a proxy states their power; a child has one."""
    is_proxy = terms.method == enums.ConsentMethod.PROXY
    if is_proxy and not (terms.proxy_name and terms.proxy_power):
        raise ActionDenied(_("代理人の氏名と、代理権の根拠を入れてください。"))
    if terms.answer != enums.ConsentAnswer.GIVEN:
        return
    if not (terms.agencies or terms.conference_types):
        raise ActionDenied(_("同意の相手となる機関か会議を選んでください。"))
    if not terms.categories:
        raise ActionDenied(_("伝えてよい情報の種類を1つ以上選んでください。"))
    if needs_proxy(person, by, terms.given_on) and not is_proxy:
        raise ActionDenied(
            _("%(age)s歳未満の方の同意は、親権を持つ人から代理人として得てください。")
            % {"age": by.municipality.consent_age}
        )


@transaction.atomic
def record_consent(*, person: Person, by: Membership, terms: ConsentTerms) -> Consent:
    """The person's answer; it replaces the one before. What opens, opens at once."""
    check_can_record_consent(by, person)
    if terms.given_on > timezone.localdate():
        raise ActionDenied(_("同意の日付が未来になっています。"))
    _check_terms(person, by, terms)
    starts = from_day_to_instant(terms.given_on)
    ends = until_day_to_instant(terms.until) if terms.until else None
    if ends is not None and ends <= timezone.now():
        raise ActionDenied(_("同意の期限が過ぎています。"))
    with connection.cursor() as cursor:
        # The person's new answer ends the one before, whoever took it and may see it.
        cursor.execute("select kasane.supersede_consent(%s, %s)", [person.pk, _("新しい回答")])
    is_given = terms.answer == enums.ConsentAnswer.GIVEN
    consent = Consent(
        case=person.case,
        person=person,
        answer=terms.answer,
        categories=terms.categories if is_given else [],
        covers_household=terms.covers_household and is_given,
        purpose=terms.purpose,
        method=terms.method,
        proxy_name=terms.proxy_name,
        proxy_power=terms.proxy_power,
        explained_by=by,
        given_on=terms.given_on,
        period=TimestamptzRange(starts, ends),
        taken_by_agency_id=by.agency_id,
    )
    consent.save(force_insert=True)
    lines = [ConsentLine(consent=consent, agency=a) for a in terms.agencies]
    lines += [ConsentLine(consent=consent, conference_type=t) for t in terms.conference_types]
    lines += [ConsentLine(consent=consent, agency=a, is_exception=True) for a in terms.exceptions]
    ConsentLine.objects.bulk_create(lines)
    sync_grants(person.case_id)
    log_access(by, Action.WRITE, what="record_consent", case_id=person.case_id, basis="consent")
    return consent


@dataclass(frozen=True)
class Loss:
    """What one agency stops seeing when a consent is withdrawn."""

    agency: str
    records: int


def _grantees(consent: Consent) -> list[int]:
    """The agencies to which the consent is open now."""
    with connection.cursor() as cursor:
        cursor.execute("select kasane.consent_grantees(%s)", [consent.pk])
        return [key for (key,) in cursor.fetchall()]


def losses_of_withdrawal(consent: Consent, by: Membership) -> list[Loss]:
    """For the confirmation page: per agency, how many records close, as far as `by` sees them."""
    names = {a.pk: a.name for a in Agency.objects.filter(pk__in=_grantees(consent))}
    about = Q(person_ids__contains=[consent.person_id])
    if consent.covers_household:
        about |= Q(is_household=True)
    records = Record.objects.visible_to(by).filter(
        about,
        case_id=consent.case_id,
        audience=enums.Audience.TEAM,
        category__in=consent.categories,
    )
    return [
        Loss(name, records.exclude(author_agency_id=key).count())
        for key, name in sorted(names.items())
    ]


@transaction.atomic
def withdraw_consent(*, consent: Consent, by: Membership, reason: str) -> None:
    """撤回: access closes at the next request, accepted referrals included (V3)."""
    check_may(by, Permission.RECORD_CONSENT)
    locked = Consent.objects.select_for_update().get(pk=consent.pk)
    if locked.withdrawn_at is not None:
        raise ActionDenied(_("この同意は、すでに撤回されています。"))
    told = set(_grantees(locked)) - {by.agency_id}
    Consent.objects.filter(pk=locked.pk).update(
        withdrawn_at=timezone.now(), withdrawn_by=by, withdrawal_reason=reason
    )
    sync_grants(locked.case_id)
    for key in told:
        notify(
            agency=key,
            kind="consent_withdrawn",
            key=str(locked.pk),
            title=_("同意の撤回により、見られなくなったケースがあります"),
        )
    log_access(by, Action.WRITE, what="withdraw_consent", case_id=locked.case_id, basis="consent")


def consents_in_view(by: Membership, person_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Consent]:
    """The open answer of each person, as far as the actor may see it (one query)."""
    found = Consent.objects.visible_to(by).filter(
        person_id__in=list(person_ids), withdrawn_at__isnull=True
    )
    return {consent.person_id: consent for consent in found}
