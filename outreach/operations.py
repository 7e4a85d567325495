"""The verb of the outreach room: log a visit, on the basis it rests on (V6)."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from agencies.models import Membership
from agencies.permissions import ActionDenied
from cases.enums import Audience, Category, RecordKind
from cases.models import CarryOut, Case, Person
from cases.operations import write_record
from outreach.models import Visit
from outreach.permissions import check_can_log_under, check_can_log_visit, has_consent

NOT_SAVED = _("この記録は保存できませんでした。もう一度開いてください。")


@dataclasses.dataclass(frozen=True)
class VisitFacts:
    """One attempt at contact: when, how, whom one met, and what comes next."""

    method: str
    result: str
    happened_at: datetime.datetime = dataclasses.field(default_factory=timezone.now)
    met_whom: str = ""
    place: str = ""
    companions: str = ""
    minutes_spent: int | None = None
    stage: str = ""
    text: str = ""
    next_on: datetime.date | None = None
    next_step: str = ""


def log_visit(
    *,
    by: Membership,
    facts: VisitFacts,
    form_key: uuid.UUID,
    persons: Sequence[Person | uuid.UUID] = (),
    case: Case | None = None,
    carry_out: CarryOut | None = None,
    audience: str = "",
) -> Visit:
    """訪問記録, of a case or under a carry-out. The same `form_key` logs it once.

    Under a carry-out only its people read it. Of a case without any consent in force it stays with
    this agency, whatever `audience` says; else it is for the team unless `audience` says otherwise.
    """
    known = _known(by, form_key)
    if known is not None:
        return known
    try:
        return _write(by, facts, form_key, persons, case, carry_out, audience)
    except IntegrityError:
        known = _known(by, form_key)  # the same form a moment earlier
        if known is None:
            raise ActionDenied(str(NOT_SAVED)) from None
        return known


def _known(by: Membership, form_key: uuid.UUID) -> Visit | None:
    return Visit.objects.visible_to(by).filter(form_key=form_key).first()


@transaction.atomic
def _write(
    by: Membership,
    facts: VisitFacts,
    form_key: uuid.UUID,
    persons: Sequence[Person | uuid.UUID],
    case: Case | None,
    carry_out: CarryOut | None,
    audience: str,
) -> Visit:
    if carry_out is not None:
        check_can_log_under(by, carry_out)
        case = Case(pk=carry_out.case_id)  # its people may not read the case row
    elif case is not None:
        check_can_log_visit(by, case)
        if not has_consent(by, case):
            audience = Audience.AGENCY
    else:
        raise ValueError("a visit rests on a case or on a carry-out")
    record = write_record(
        case=case,
        by=by,
        kind=RecordKind.VISIT,
        category=Category.PROGRESS,
        persons=persons,
        audience=audience or Audience.TEAM,
        happened_at=facts.happened_at,
        carry_out=carry_out,
    )
    written = dataclasses.asdict(facts)
    del written["happened_at"]
    visit = Visit(record=record, form_key=form_key, **written)
    visit.save(force_insert=True)
    return visit
