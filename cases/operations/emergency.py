"""緊急閲覧: open, end early, review (V8)."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.enums import Action, Permission, Purpose
from agencies.models import Agency, LegalBasis, Membership
from agencies.permissions import ActionDenied, check_may
from agencies.trail import log_access
from cases import enums
from cases.disclosures import emergency_grounds
from cases.models import Case, Emergency, Person
from cases.permissions import check_can_end_emergency, check_can_review_emergency
from config.lib.ids import new_id
from config.lib.kana import fold

SHORTEST, HOURS = 10, 4  # as kasane.open_emergency says


@dataclass(frozen=True)
class EmergencyFacts:
    """Whom exactly: a case number, or kana and birth date of one person; and why."""

    danger: str
    ground: LegalBasis
    reason: str
    number: str = ""
    kana: str = ""
    birth_on: datetime.date | None = None


def already_open(by: Membership, facts: EmergencyFacts) -> Case | None:
    """The case, where it is open to `by` anyway: then there is no need. One query."""
    if facts.number:
        found = Case.objects.visible_to(by).for_number(facts.number)
    else:
        persons = Person.objects.visible_to(by).filter(
            kana_folded=fold(facts.kana), birth_on=facts.birth_on
        )
        found = Case.objects.visible_to(by).filter(pk__in=persons.values("case_id"))
    return found.active().first()


@transaction.atomic
def open_emergency(*, by: Membership, facts: EmergencyFacts) -> Emergency | None:
    """Open exactly one household for four hours, to this membership alone; the responsible agency
    and the privacy officer are told at once. None: nothing was opened (V15: not said why).

    Raises ActionDenied for a reason too short, a ground that does not fit, or several households.
    """
    check_may(by, Permission.OPEN_EMERGENCY)
    agency = Agency.objects.select_related("of_type").get(pk=by.agency_id)
    if len(facts.reason.strip()) < SHORTEST:
        raise ActionDenied(_("何が起きているかを、10文字以上で書いてください。"))
    if facts.ground.pk not in {g.pk for g in emergency_grounds(agency, timezone.localdate())}:
        raise ActionDenied(_("その根拠は、この機関の緊急閲覧には使えません。選び直してください。"))
    key = new_id()
    answer = _ask(key, facts)
    if answer == "several":
        raise ActionDenied(_("同じ人がいくつかの世帯にいます。ケース番号を入れてください。"))
    opened = Emergency.objects.visible_to(by).filter(pk=key).first()
    log_access(
        by,
        Action.OPEN if opened else Action.DENY,
        what="open_emergency",
        basis=enums.GrantBasis.EMERGENCY,
        case_id=opened.content_object_id if opened else None,
        was_allowed=opened is not None,
    )
    return opened


def _ask(key: uuid.UUID, facts: EmergencyFacts) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kasane.open_emergency(%s, %s, %s, %s, %s, %s, %s)",
            [
                key,
                facts.number,
                fold(facts.kana),
                facts.birth_on,
                facts.danger,
                facts.ground.pk,
                facts.reason,
            ],
        )
        return str(cursor.fetchone()[0])


@transaction.atomic
def end_emergency(*, emergency: Emergency, by: Membership) -> None:
    """End it before its time: the responsible agency or the privacy officer."""
    locked = Emergency.objects.visible_to(by).select_for_update(of=("self",)).get(pk=emergency.pk)
    check_can_end_emergency(by, locked)
    Emergency.objects.filter(pk=locked.pk).update(ended_at=timezone.now(), ended_by=by)
    log_access(
        by,
        Action.WRITE,
        what="end_emergency",
        purpose=Purpose.AUDIT,
        case_id=locked.content_object_id,
    )


@transaction.atomic
def review_emergency(*, emergency: Emergency, by: Membership, finding: str, review: str) -> None:
    """What the privacy officer found, once: it stays on the list until then."""
    locked = Emergency.objects.visible_to(by).select_for_update(of=("self",)).get(pk=emergency.pk)
    check_can_review_emergency(by, locked)
    if not review.strip():
        raise ActionDenied(_("点検して分かったことを書いてください。"))
    Emergency.objects.filter(pk=locked.pk).update(
        finding=finding, review=review.strip(), reviewed_at=timezone.now(), reviewed_by=by
    )
    log_access(
        by,
        Action.WRITE,
        what="review_emergency",
        purpose=Purpose.AUDIT,
        case_id=locked.content_object_id,
    )
