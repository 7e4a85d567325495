"""The verbs of the outreach room: log a visit, on its basis; open it to the team (V6)."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from agencies.enums import Action, Purpose
from agencies.models import Membership
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases.enums import Audience, Category, RecordKind
from cases.models import CarryOut, Case, Person
from cases.operations import write_record
from cases.operations.records import corrected, say_moment
from outreach.models import Visit
from outreach.permissions import (
    check_can_correct_visit,
    check_can_log_under,
    check_can_log_visit,
    check_can_open_to_team,
    has_consent,
)

NOT_SAVED = _("この記録は保存できませんでした。もう一度開いてください。")


@dataclasses.dataclass(frozen=True)
class VisitFacts:
    """One attempt at contact: how, when, whom one met, and what comes next. `happened_at` None:
    now; of a correction, as it stands."""

    method: str
    result: str
    happened_at: datetime.datetime | None = None
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


COPIED = (
    "method", "result", "met_whom", "place", "companions", "minutes_spent", "stage", "text",
    "next_on", "next_step",
)  # fmt: skip


@transaction.atomic
def open_visit_to_team(*, visit: Visit, by: Membership) -> Visit:
    """Once the person consents: what was logged under a carry-out becomes a record of the team.

    A record of its own: what the gate reads of the sealed one never changes, and it stays with
    the carry-out's people.
    """
    locked = (
        Visit.objects.visible_to(by)
        .select_related("record")
        .select_for_update(of=("self",))
        .get(pk=visit.pk)
    )
    check_can_open_to_team(by, locked)
    sealed = locked.record
    record = write_record(
        case=Case.objects.visible_to(by).get(pk=sealed.case_id),
        by=by,
        kind=RecordKind.VISIT,
        category=sealed.category,
        persons=sealed.person_ids,
        happened_at=sealed.happened_at,
    )
    copied = {name: getattr(locked, name) for name in COPIED}
    opened = Visit(record=record, happened_at=record.happened_at, form_key=uuid.uuid4(), **copied)
    opened.save(force_insert=True)
    locked.opened_as = opened
    locked.save(update_fields=["opened_as"])
    log_access(
        by,
        Action.WRITE,
        what="open_visit_to_team",
        purpose=Purpose.SUPPORT_CONFERENCE,
        basis="106-6",
        case_id=sealed.case_id,
        record_ids=[locked.pk],
    )
    return opened


@transaction.atomic
def change_visit(
    *, visit: Visit, by: Membership, version: int, reason: str, facts: VisitFacts
) -> Visit:
    """Correct a visit's words and when it was: a new version with a reason, the one before stays
    (V13). Of whom and for whom it was written never changes. Raises StaleVersion when somebody else
    saved first."""
    check_can_correct_visit(by, visit)
    locked: Visit = corrected(Visit, visit.pk, by, version, reason)
    say_moment(locked, facts.happened_at)
    for name in COPIED:
        setattr(locked, name, getattr(facts, name))
    locked.save()
    record = visit.record
    is_secret = record.carry_out_id is not None
    log_access(
        by,
        Action.WRITE,
        what="change_visit",
        purpose=Purpose.SUPPORT_CONFERENCE if is_secret else Purpose.CONSULTATION,
        basis="106-6" if is_secret else "",
        case_id=record.case_id,
        record_ids=[visit.pk],
    )
    return locked


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
    written = {**dataclasses.asdict(facts), "happened_at": record.happened_at}
    visit = Visit(record=record, form_key=form_key, **written)
    visit.save(force_insert=True)
    return visit
