"""A shield's list whose people have all left (V9): the office's head names two people at work on
the case, the privacy officer confirms. Neither comes onto the list or sees what it hides; they know
a case number. The database holds who, and that there are two of them (migration 0017)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from agencies.enums import Action, Permission, Purpose
from agencies.models import Membership
from agencies.operations import notify
from agencies.permissions import ActionDenied, or_denied
from agencies.trail import log_access
from config.lib.ids import new_id


@dataclass(frozen=True)
class Stranded:
    """A shield that nobody can keep or lift; `rescue_id`: two people are named and wait."""

    shield_id: uuid.UUID
    number: str
    rescue_id: uuid.UUID | None
    people: Sequence[uuid.UUID]
    is_mine: bool


def check_may_rescue(by: Membership) -> None:
    """The head of the coordination office, or the privacy officer."""
    if not (is_head(by) or by.may(Permission.REVIEW_ACCESS)):
        raise ActionDenied(
            _("「%(role)s」の役割では、支援措置の名簿を立て直すことはできません。")
            % {"role": by.role_name}
        )


def is_head(by: Membership) -> bool:
    return by.may(Permission.APPOINT) and by.may(Permission.OFFICE_HINTS)


def stranded_shields() -> list[Stranded]:
    """As far as the database tells the actor. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select shield_id, number, rescue_id, people, coalesce(is_mine, false)"
            " from kasane.stranded_shields()"
        )
        return [Stranded(k, n, r, people or [], mine) for k, n, r, people, mine in cursor]


def candidates(shield_id: uuid.UUID) -> list[Membership]:
    """Whom the head may name. Two queries."""
    with connection.cursor() as cursor:
        cursor.execute("select kasane.rescue_candidates(%s)", [shield_id])
        keys = [key for (key,) in cursor.fetchall()]
    people = Membership.objects.with_names().filter(pk__in=keys)
    return list(people.order_by("agency__name", "user__display_name", "id"))


@transaction.atomic
def name_rescue(*, by: Membership, shield_id: uuid.UUID, people: Sequence[Membership]) -> None:
    """The first step; nothing opens before the privacy officer has confirmed."""
    check_may_rescue(by)
    if len({member.user_id for member in people}) != 2:
        raise ActionDenied(_("別の二人を選んでください。"))
    key = new_id()
    _ask("select kasane.name_rescue(%s, %s, %s)", key, shield_id, [m.pk for m in people])
    officers = Membership.objects.active().filter(
        agency__municipality=by.municipality,
        role__permissions__contains=[Permission.REVIEW_ACCESS],
    )
    for officer in officers:
        _tell(officer, _("支援措置の名簿の立て直しが、確認を待っています"), "/shields/stranded/")
    _log(by, "name_rescue", [shield_id, *(m.pk for m in people)])


@transaction.atomic
def confirm_rescue(*, by: Membership, rescue_id: uuid.UUID) -> None:
    """The second: the two stand on the list and are told."""
    check_may_rescue(by)
    found = {row.rescue_id: row for row in stranded_shields()}
    (keys,) = _ask("select kasane.confirm_rescue(%s)", rescue_id)
    shield_id = found[rescue_id].shield_id
    for member in Membership.objects.filter(pk__in=keys):
        _tell(member, _("支援措置の名簿に載っています"), f"/shields/{shield_id}/")
    _log(by, "confirm_rescue", [shield_id, *keys])


def _ask(sql: str, *values: Any) -> tuple[list[uuid.UUID]]:
    reason = _("いまは立て直せません。名簿に人がいるか、選んだ人がもう働いていません。")
    with or_denied(reason), connection.cursor() as cursor:
        cursor.execute(sql, values)
        row: tuple[list[uuid.UUID]] = cursor.fetchone()
    return row


def _tell(member: Membership, title: str, url: str) -> None:
    notify(
        agency=member.agency_id or 0,
        membership=member,
        kind="shield",
        key=str(new_id()),
        title=title,
        url=url,
    )


def _log(by: Membership, what: str, rows: Sequence[uuid.UUID]) -> None:
    log_access(
        by,
        Action.WRITE,
        what=what,
        purpose=Purpose.ADMINISTRATION,
        record_ids=rows,
        basis="shield",
    )
