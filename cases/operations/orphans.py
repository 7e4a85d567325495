"""Cases whose agency has ended (V18): the office knows their numbers and asks an agency that every
living person's consent reaches to take one over. It sees nothing of them, and opens nothing."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils.translation import gettext as _

from agencies.enums import Action, Permission, Purpose
from agencies.models import Agency, Membership
from agencies.operations import notify
from agencies.permissions import check_may, or_denied
from agencies.trail import log_access
from config.lib.ids import new_id


@dataclass(frozen=True)
class Orphan:
    """A running case whose responsible agency is no more."""

    case_id: uuid.UUID
    number: str
    former: Agency
    partners: Sequence[Agency]
    ready: Sequence[Agency]
    is_waiting: bool


def orphaned_cases(by: Membership) -> list[Orphan]:
    """As far as the database tells the actor. Two queries."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select case_id, number, former, helpers, ready, is_waiting"
            " from kasane.orphaned_cases()"
        )
        rows = cursor.fetchall()
    if not rows:
        return []
    names = {a.pk: a for a in Agency.objects.filter(municipality=by.municipality)}
    return [
        Orphan(key, number, names[former], [names[k] for k in h], [names[k] for k in r], waits)
        for key, number, former, h, r, waits in rows
    ]


@transaction.atomic
def send_orphaned(*, by: Membership, case_id: uuid.UUID, to_agency: Agency) -> None:
    """Propose 移管 in the place of the agency that has ended; the other one accepts as ever."""
    check_may(by, Permission.OFFICE_HINTS)
    check_may(by, Permission.WRITE_RECORDS)
    key = new_id()
    reason = _("いまは依頼できません。同意が変わったか、もう依頼されています。")
    with or_denied(reason), connection.cursor() as cursor:
        cursor.execute("select kasane.send_orphaned(%s, %s, %s)", [key, case_id, to_agency.pk])
    log_access(
        by, Action.WRITE, what="send_orphaned", purpose=Purpose.ADMINISTRATION, case_id=case_id
    )
    notify(
        agency=to_agency,
        kind="transfer",
        key=f"{key}:{to_agency.pk}",
        title=_("移管の依頼が届いています"),
        url=f"/transfers/{key}/",
    )
