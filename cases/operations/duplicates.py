"""重複の気づき (V15): two agencies may be serving one household. The office alone is told, by
agencies and numbers; it asks both to seek consent, each for its own case, and neither learns of the
other."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.enums import Action, Permission, Purpose
from agencies.models import Agency, Membership
from agencies.operations import notify
from agencies.permissions import ActionDenied, check_may, or_denied
from agencies.trail import log_access
from cases.enums import DuplicateOutcome

SHOWN = 100
SETTLED = gettext_lazy("この気づきは、すでに片づいています。一覧を確かめてください。")


@dataclass(frozen=True)
class Side:
    """One of the two cases: the agency responsible for it today."""

    case_id: uuid.UUID
    number: str
    agency: Agency


@dataclass(frozen=True)
class Duplicate:
    """Two running cases of two agencies that may be one household."""

    key: uuid.UUID
    sides: tuple[Side, Side]
    noted_at: datetime.datetime
    asked_at: datetime.datetime | None


def open_duplicates(by: Membership, key: uuid.UUID | None = None) -> list[Duplicate]:
    """Those not settled, as far as the database tells the actor: about whom nobody has been asked
    first, then the newest; one more than are shown. Or the one with this key. Two queries."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select id, first_case, first_number, first_agency, second_case, second_number,"
            " second_agency, noted_at, asked_at from kasane.open_duplicates(%s, %s)",
            [SHOWN + 1, key],
        )
        rows = cursor.fetchall()
    if not rows:
        return []
    names = {a.pk: a for a in Agency.objects.filter(municipality=by.municipality)}
    return [
        Duplicate(
            key=key,
            sides=(Side(case, number, names[agency]), Side(other, others_number, names[others])),
            noted_at=noted_at,
            asked_at=asked_at,
        )
        for key, case, number, agency, other, others_number, others, noted_at, asked_at in rows
    ]


@transaction.atomic
def ask_both(*, key: uuid.UUID | None, by: Membership) -> Duplicate:
    """Ask the agencies, once, to seek consent. What they read is the same as if there were no
    second case. Raises ActionDenied where it is settled or asked already."""
    found = _found(key, by)
    with or_denied(_("両方の機関には、もうお願いしてあります。")), connection.cursor() as cursor:
        cursor.execute("select kasane.ask_duplicate(%s)", [key])
    title = _("%(office)sから：多機関で支えることについて、本人の同意を確かめてください")
    for side in found.sides:
        notify(
            agency=side.agency,
            kind="consent_asked",
            key=str(side.case_id),
            title=title % {"office": by.agency_name},
            url=f"/cases/{side.case_id}/",
        )
    _log(by, "ask_duplicate", found.key)
    return found


@transaction.atomic
def settle_duplicate(*, key: uuid.UUID, by: Membership, outcome: str) -> None:
    """What became of it. It leaves the list; the same two cases are not hinted at again.
    ValueError for what is no outcome."""
    _found(key, by)
    outcome = DuplicateOutcome(outcome)
    with or_denied(str(SETTLED)), connection.cursor() as cursor:
        cursor.execute("select kasane.settle_duplicate(%s, %s)", [key, outcome])
    _log(by, "settle_duplicate", key)


def _found(key: uuid.UUID | None, by: Membership) -> Duplicate:
    check_may(by, Permission.OFFICE_HINTS)
    found = next(iter(open_duplicates(by, key) if key else []), None)
    if found is None:
        raise ActionDenied(SETTLED)
    return found


def _log(by: Membership, what: str, key: uuid.UUID) -> None:
    log_access(by, Action.WRITE, what=what, purpose=Purpose.ADMINISTRATION, record_ids=[key])
