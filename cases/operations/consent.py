"""Record, narrow, renew and withdraw a person's consent (V3).

Each change is a new answer that ends the one before it in one transaction, so that what was open,
when and to whom, stays provable. Of two changes at the same moment the stricter wins: a withdrawal
also ends the answer that replaced the one withdrawn; nothing is renewed that has been withdrawn.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterable

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg.types.range import TimestamptzRange

from agencies.enums import Action, Permission
from agencies.models import Agency, ConferenceType, Membership
from agencies.operations import notify
from agencies.permissions import ActionDenied, check_may
from agencies.trail import log_access
from cases import enums
from cases.models import Case, Consent, ConsentLine, Person
from cases.operations.access import sync_grants
from cases.operations.case import turned_out
from cases.operations.consentloss import (
    NOTHING_STAYS,
    After,
    Loss,
    close_out,
    losses,
    named_agencies,
)
from cases.operations.consentterms import ConsentTerms, How, check_terms, is_running
from cases.permissions import (
    CannotConsent,
    check_can_change_consent,
    check_can_record_consent,
    check_can_withdraw,
)
from config.lib.fiscal import (
    from_day_to_instant,
    instant_to_until_day,
    until_day_to_instant,
)


class StaleAnswer(ActionDenied):
    """Somebody recorded or withdrew an answer of the person since the form was opened."""


@transaction.atomic
def record_consent(
    *,
    person: Person,
    by: Membership,
    terms: ConsentTerms,
    form_key: uuid.UUID | None = None,
    seen: str | None = None,
) -> Consent:
    """The person's answer; it replaces the one before. What opens, opens at once; what closes
    leaves its open work behind. The same `form_key` records it once. `seen` is what the form knew
    (`answer_seen`): StaleAnswer when that is no longer so."""
    check_can_record_consent(by, person)
    _check_stands(person, by)
    _lock(person)
    answers = Consent.objects.visible_to(by).filter(person=person)
    if form_key is not None and (known := answers.filter(form_key=form_key).first()):
        return known
    # Whoever withdraws it at this moment is waited for, and then seen.
    former = answers.filter(withdrawn_at__isnull=True).select_for_update(of=("self",)).first()
    if seen is not None and seen != answer_seen(person, by):
        raise StaleAnswer(
            _(
                "この人の答えは、この画面を開いたあとに変わりました。いまの答えを確かめ、"
                "それでもよければ、もう一度記録してください。"
            )
        )
    check_terms(person, by, terms)
    told = close_out(former, by, stays_after(terms)) if former else set()
    consent = _answer(
        person, by, terms, because=_("新しい回答"), replaces=former, form_key=form_key
    )
    if former is not None:
        _tell(told, former)
    _tell_responsible(consent, by)
    log_access(by, Action.WRITE, what="record_consent", case_id=person.case_id, basis="consent")
    return consent


def _check_stands(person: Person, by: Membership) -> None:
    """同じ人だった: the one who stands is asked. An answer of the other row would go on after the
    person has withdrawn theirs (V3)."""
    if turned_out(by, [person.pk]):
        raise CannotConsent(
            _("この人は、ほかの行の人と同じ人でした。同意は、いまの名前の行で記録してください。")
        )


def answer_seen(person: Person, by: Membership) -> str:
    """Which answer of the person the actor last knew, and whether it stood: for a form to say."""
    last = Consent.objects.visible_to(by).filter(person=person).order_by("-recorded_at").first()
    if last is None:
        return "none"
    return f"{last.pk} {'open' if last.withdrawn_at is None else 'ended'}"


def _lock(person: Person) -> None:
    """One change of a person's answer at a time."""
    Person.objects.select_for_update(of=("self",)).get(pk=person.pk)


def _answer(
    person: Person,
    by: Membership,
    terms: ConsentTerms,
    *,
    because: str,
    replaces: Consent | None,
    keeps_exceptions: bool = False,
    form_key: uuid.UUID | None = None,
) -> Consent:
    """Write an answer in the place of the one before, and let the grants follow."""
    if terms.given_on > timezone.localdate():
        raise ActionDenied(_("同意の日付が未来になっています。"))
    starts = from_day_to_instant(terms.given_on)
    ends = until_day_to_instant(terms.until) if terms.until else None
    if ends is not None and ends <= timezone.now():
        raise ActionDenied(_("同意の期限が過ぎています。"))
    with connection.cursor() as cursor:
        # The person's new answer ends the one before, whoever took it and may see it.
        cursor.execute("select kasane.supersede_consent(%s, %s)", [person.pk, because])
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
        explained_by=terms.explained_by or by,
        given_on=terms.given_on,
        period=TimestamptzRange(starts, ends),
        taken_by_agency_id=by.agency_id,
        replaces=replaces,
        form_key=form_key,
    )
    consent.save(force_insert=True)
    lines = [ConsentLine(consent=consent, agency=a) for a in terms.agencies]
    lines += [ConsentLine(consent=consent, conference_type=t) for t in terms.conference_types]
    lines += [ConsentLine(consent=consent, agency=a, is_exception=True) for a in terms.exceptions]
    ConsentLine.objects.bulk_create(lines)
    if keeps_exceptions:
        with connection.cursor() as cursor:
            cursor.execute("select kasane.keep_exceptions(%s)", [consent.pk])
    sync_grants(person.case_id)
    return consent


def terms_of(consent: Consent, by: Membership) -> ConsentTerms:
    """What an answer says, as far as the reader may see its lines."""
    lines = ConsentLine.objects.visible_to(by).filter(consent=consent)
    rows = list(lines.select_related("agency", "conference_type").order_by("agency__order", "id"))
    upper = consent.period.upper
    return ConsentTerms(
        answer=consent.answer,
        given_on=consent.given_on,
        until=instant_to_until_day(upper) if upper else None,
        categories=list(consent.categories),
        covers_household=consent.covers_household,
        purpose=consent.purpose,
        method=consent.method,
        proxy_name=consent.proxy_name,
        proxy_power=consent.proxy_power,
        agencies=[x.agency for x in rows if x.agency and not x.is_exception],
        conference_types=[x.conference_type for x in rows if x.conference_type],
        exceptions=[x.agency for x in rows if x.agency and x.is_exception],
    )


def _locked(consent: Consent, by: Membership) -> Consent:
    """The answer as it stands now: whoever changed it first is told apart (V3)."""
    _lock(consent.person)
    locked = Consent.objects.visible_to(by).select_for_update(of=("self",)).get(pk=consent.pk)
    if locked.withdrawn_at is not None:
        raise ActionDenied(
            _(
                "この同意は、ほかの人が先に変えたか、撤回しています。いまの同意を開いて、"
                "本人に確かめてからやり直してください。"
            )
        )
    return locked


# --- narrow, renew, withdraw -----------------------------------------------------------------


def stays_after(terms: ConsentTerms) -> After:
    """What an answer leaves open, for the page that says what closes."""
    keys = named_agencies(
        [a.pk for a in terms.agencies],
        [t.pk for t in terms.conference_types],
        [a.pk for a in terms.exceptions],
    )
    return After(frozenset(keys), frozenset(terms.categories), terms.covers_household)


@transaction.atomic
def narrow_consent(
    *, consent: Consent, by: Membership, terms: ConsentTerms, form_key: uuid.UUID | None = None
) -> Consent:
    """範囲を狭める: fewer agencies or categories, an earlier end, an exception. Never more."""
    check_can_change_consent(by, consent)
    locked = _locked(consent, by)
    former = terms_of(locked, by)
    check_narrower(former, terms)
    said = dataclasses.replace(
        terms, answer=former.answer, purpose=former.purpose, method=former.method,
        proxy_name=former.proxy_name, proxy_power=former.proxy_power,
    )  # fmt: skip
    told = close_out(locked, by, stays_after(said))
    narrowed = _answer(
        consent.person, by, said, because=_("範囲を狭めた"), replaces=locked,
        keeps_exceptions=True, form_key=form_key,
    )  # fmt: skip
    _tell(told, locked)
    log_access(by, Action.WRITE, what="narrow_consent", case_id=locked.case_id, basis="consent")
    return narrowed


def check_narrower(former: ConsentTerms, terms: ConsentTerms) -> None:
    """Nothing may open by a narrowing, and something must close."""

    def keys(rows: Iterable[Agency | ConferenceType]) -> set[int]:
        return {row.pk for row in rows}

    later = former.until is not None and (terms.until is None or terms.until > former.until)
    if (
        later
        or not keys(terms.agencies) <= keys(former.agencies)
        or not keys(terms.conference_types) <= keys(former.conference_types)
        or not set(terms.categories) <= set(former.categories)
        or not keys(terms.exceptions) >= keys(former.exceptions)
        or (terms.covers_household and not former.covers_household)
        or terms.given_on < former.given_on
    ):
        raise ActionDenied(
            _(
                "ここでは範囲を狭めることだけできます。広げるときは、本人の新しい答えを記録してください。"
            )
        )
    if not (terms.agencies or terms.conference_types) or not terms.categories:
        raise ActionDenied(_("何も残らないときは、「撤回する」を使ってください。"))
    same = dataclasses.replace(terms, given_on=former.given_on, answer=former.answer)
    if stays_after(same) == stays_after(former) and terms.until == former.until:
        raise ActionDenied(_("いまの同意と同じです。狭めるところを選んでください。"))


@transaction.atomic
def renew_consent(
    *, consent: Consent, by: Membership, how: How, form_key: uuid.UUID | None = None
) -> Consent:
    """更新: the same content, asked anew; agencies that have ended meanwhile are left out (V18)."""
    check_can_change_consent(by, consent)
    locked = _locked(consent, by)
    former = terms_of(locked, by)
    if how.given_on < former.given_on:
        raise ActionDenied(_("更新の日付が、前の同意より前になっています。"))
    terms = dataclasses.replace(
        former,
        **dataclasses.asdict(how),
        agencies=[a for a in former.agencies if is_running(a)],
        conference_types=[t for t in former.conference_types if is_running(t)],
    )
    check_terms(consent.person, by, terms)
    renewed = _answer(
        consent.person, by, terms, because=_("更新"), replaces=locked, keeps_exceptions=True,
        form_key=form_key,
    )  # fmt: skip
    log_access(by, Action.WRITE, what="renew_consent", case_id=locked.case_id, basis="consent")
    return renewed


def losses_of_withdrawal(consent: Consent, by: Membership) -> list[Loss]:
    """For the confirmation page: per agency, what closes, as far as `by` sees it."""
    return losses(consent, by, NOTHING_STAYS)


@transaction.atomic
def withdraw_consent(*, consent: Consent, by: Membership, reason: str) -> Consent:
    """撤回: access closes at the next request, accepted referrals included (V3). When somebody
    renewed or narrowed it a moment before, the withdrawal ends that answer too: the stricter wins.
    """
    check_may(by, Permission.RECORD_CONSENT)
    locked = Consent.objects.select_for_update(of=("self",)).get(pk=consent.pk)
    if locked.withdrawn_at is not None:
        locked = _successor(locked, by)
        if locked.withdrawn_at is not None and _is_done(locked, by, reason):
            return locked
    check_can_withdraw(by, locked)
    if locked.answer != enums.ConsentAnswer.GIVEN:
        raise ActionDenied(_("同意していない答えは、撤回できません。"))
    told = close_out(locked, by)
    changed = Consent.objects.filter(pk=locked.pk, withdrawn_at__isnull=True).update(
        withdrawn_at=timezone.now(), withdrawn_by=by, withdrawal_reason=reason
    )
    if not changed:
        raise ActionDenied(_("この同意は、すでに撤回されています。"))
    sync_grants(locked.case_id)
    _tell(told, locked)
    log_access(by, Action.WRITE, what="withdraw_consent", case_id=locked.case_id, basis="consent")
    return locked


def _successor(consent: Consent, by: Membership) -> Consent:
    """The answer that stands in the place of one that was replaced; else itself."""
    seen = Consent.objects.visible_to(by).select_for_update(of=("self",))
    while consent.withdrawn_at is not None:
        later = seen.filter(replaces=consent).first()
        if later is None:
            return consent
        consent = later
    return consent


def _is_done(ended: Consent, by: Membership, reason: str) -> bool:
    """The same form sent twice; or an answer that another agency put in its place a moment before
    and that the actor need not see is ended as well (a definer function asks again)."""
    if ended.withdrawn_by_id == by.pk:
        return True
    with connection.cursor() as cursor:
        cursor.execute("select kasane.end_answer_in_place(%s, %s)", [ended.pk, reason])
        (is_ended,) = cursor.fetchone()
    if is_ended:
        sync_grants(ended.case_id)
        _tell_responsible(ended, by)
        log_access(
            by, Action.WRITE, what="withdraw_consent", case_id=ended.case_id, basis="consent"
        )
    return bool(is_ended)


def _tell_responsible(consent: Consent, by: Membership) -> None:
    """The responsible agency hears of what changed by another's hand: it sees the whole."""
    responsible = Case.objects.visible_to(by).filter(pk=consent.case_id)
    for agency in responsible.values_list("responsible_agency_id", flat=True):
        if agency != by.agency_id:
            notify(
                agency=agency,
                kind="consent_changed",
                key=f"{consent.pk} {by.pk}",
                title=_(
                    "ほかの機関が、本人の新しい答えを記録しました。開いている範囲と仕事を"
                    "確かめてください"
                ),
                url=f"/consents/{consent.pk}/",
            )


def _tell(agencies: Iterable[int], consent: Consent) -> None:
    for key in agencies:
        notify(
            agency=key,
            kind="consent_withdrawn",
            key=str(consent.pk),
            title=_("同意の撤回により、見られなくなったケースがあります"),
        )
