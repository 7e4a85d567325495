"""Enter into the disclosure register what was given to others, or used for another purpose."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.enums import Action
from agencies.models import Agency, LegalBasis, Membership
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases import enums
from cases.disclosures import grounds_for
from cases.models import Case, Disclosure, Person
from cases.permissions import check_can_disclose


@dataclass(frozen=True)
class DisclosureFacts:
    """What was given to whom, or used for what, and on which ground."""

    kind: str
    on: datetime.date
    ground: LegalBasis
    purpose: str
    persons: Sequence[Person]
    categories: Sequence[str]
    recipient: str = ""
    statute: str = ""


@transaction.atomic
def record_disclosure(
    *, case: Case, by: Membership, facts: DisclosureFacts, form_key: uuid.UUID
) -> Disclosure:
    """An entry of the register; never changed. The same `form_key` enters once."""
    check_can_disclose(by, case)
    known = Disclosure.objects.visible_to(by).filter(form_key=form_key).first()
    if known is not None:
        return known
    agency = Agency.objects.select_related("of_type").get(pk=by.agency_id)
    _check(facts, agency)
    made = Disclosure(
        municipality_id=agency.municipality_id,
        agency=agency,
        kind=facts.kind,
        on=facts.on,
        recipient=facts.recipient.strip(),
        ground=facts.ground,
        statute=facts.statute.strip(),
        purpose=facts.purpose.strip(),
        categories=list(facts.categories),
        person_count=len(facts.persons),
        case=case,
        recorded_by=by,
        form_key=form_key,
    )
    made.save(force_insert=True)
    log_access(by, Action.WRITE, what="record_disclosure", case_id=case.pk, basis=facts.ground.code)
    return made


def _check(facts: DisclosureFacts, agency: Agency) -> None:
    if facts.kind not in (enums.DisclosureKind.PROVIDED, enums.DisclosureKind.USED):
        raise ActionDenied(_("通告・つなぎ・依頼は、送ったときに自動で記録されます。"))
    if facts.on > timezone.localdate():
        raise ActionDenied(_("提供・利用した日は、今日までの日にしてください。"))
    if facts.ground.pk not in {g.pk for g in grounds_for(agency, facts.kind, facts.on)}:
        raise ActionDenied(
            _("その根拠は、この機関のその日の提供・利用には使えません。選び直してください。")
        )
    if facts.kind == enums.DisclosureKind.PROVIDED and not facts.recipient.strip():
        raise ActionDenied(_("提供先を入れてください。"))
    if facts.ground.code.endswith("-law") and not facts.statute.strip():
        raise ActionDenied(_("法令に基づく場合は、その法令と条文を入れてください。"))
    if not facts.purpose.strip():
        raise ActionDenied(_("目的・理由を入れてください。"))
    if not facts.persons or not facts.categories:
        raise ActionDenied(_("だれの、どの情報かを選んでください。"))
    if enums.Category.NOTIFIER in facts.categories:
        raise ActionDenied(_("通告者の情報は、外へ出せません。"))
