"""持ち出し: given by a decision, renewed by a later one, ended early by the secretariat (V6)."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import Permission as GuardianPermission
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg.types.range import TimestamptzRange

from agencies.enums import Permission
from agencies.models import Membership
from agencies.operations import notify
from agencies.permissions import ActionDenied
from cases.models import CarryOut, CarryOutGrant
from config.lib.fiscal import until_day_to_instant
from meetings import enums
from meetings.models import AgendaItem
from meetings.operations.common import leave_step, lock_item, transaction_now
from meetings.permissions import check_is_listed


@dataclass(frozen=True)
class CarryOutFacts:
    """持ち出し: which text, to which people, until which review date."""

    text: str
    members: Sequence[Membership]
    review_on: datetime.date


@dataclass(frozen=True)
class Renewal:
    """見直し: the earlier item whose carry-out goes on, and until when."""

    earlier: AgendaItem
    review_on: datetime.date


def give_carry_out(item: AgendaItem, by: Membership, facts: CarryOutFacts | None) -> CarryOut:
    """V6: nothing learned leaves by itself; this text does, to these people, until that day."""
    if facts is None or not facts.text.strip():
        raise ActionDenied(_("持ち出す内容を書いてください。"))
    if not facts.members:
        raise ActionDenied(_("持ち出す相手を選んでください。"))
    if facts.review_on <= timezone.localdate():
        raise ActionDenied(_("持ち出しの見直し日は、明日からあとの日にしてください。"))
    if item.case_id is None:
        raise ActionDenied(_("ケースのない議題では、持ち出しはできません。"))
    people = _people(facts, by)
    made = CarryOut(case_id=item.case_id, text=facts.text, review_on=facts.review_on, decided_by=by)
    made.save(force_insert=True)
    right = GuardianPermission.objects.get(
        content_type__app_label="cases", codename="view_carryout"
    )
    period = TimestamptzRange(transaction_now(), until_day_to_instant(facts.review_on))
    for member in people:
        CarryOutGrant(
            user=member.user,
            permission=right,
            content_object=made,
            membership=member,
            granted_by=by,
            period=period,
        ).save(force_insert=True)
        _tell(member, made.pk, "carry_out", _("会議の決定による役割（持ち出し）が届いています"))
    item.carry_text, item.carry_review_on = facts.text, facts.review_on
    item.carry_people = "、".join(f"{m.user}（{m.agency_name}）" for m in people)
    return made


def _people(facts: CarryOutFacts, by: Membership) -> list[Membership]:
    people = list(
        Membership.objects.active()
        .with_names()
        .filter(
            pk__in=[m.pk for m in facts.members],
            agency__municipality=by.municipality,
        )
    )
    if len(people) != len({m.pk for m in facts.members}) or not all(
        p.may(Permission.READ_CASES) for p in people
    ):
        raise ActionDenied(_("持ち出す相手は、この市でいま所属のある支援者から選んでください。"))
    return people


def _tell(member: Membership, made: uuid.UUID | None, kind: str, title: str, key: str = "") -> None:
    notify(
        agency=member.agency_id or 0,
        membership=member,
        kind=kind,
        key=key or str(made),
        title=title,
        url=f"/carry-outs/{made}/" if made else "",
    )


def running_carry_outs(item: AgendaItem, by: Membership) -> list[AgendaItem]:
    """Earlier items of the same case in the same body whose carry-out is in force: what this
    sitting may renew."""
    if not item.is_secret or item.case_id is None:
        return []
    found = AgendaItem.objects.visible_to(by).filter(
        case_id=item.case_id,
        conference_type_id=item.conference_type_id,
        basis=enums.ItemBasis.SECRECY,
        carry_out__isnull=False,
        carry_ended_at__isnull=True,
        carry_review_on__gte=timezone.localdate(),
    )
    return list(found.exclude(pk=item.pk).order_by("decided_at"))


def renew(item: AgendaItem, by: Membership, renewal: Renewal) -> None:
    """In the decision of `item`, and nowhere else; without it the carry-out ends by itself."""
    if renewal.earlier.pk not in {row.pk for row in running_carry_outs(item, by)}:
        raise ActionDenied(
            _(
                "この持ち出しは終わっているため、延ばせません。新しい持ち出しとして決定してください。"
            )
        )
    old = renewal.earlier.carry_review_on
    if old is not None and renewal.review_on <= old:
        raise ActionDenied(_("延ばす日は、いまの見直し日よりあとの日にしてください。"))
    told = _ask(
        "select * from kasane.renew_carry_out(%s, %s, %s)",
        renewal.earlier.pk,
        item.pk,
        renewal.review_on,
    )
    made = renewal.earlier.carry_out_id
    for member in told:
        _tell(
            member,
            made,
            "carry_out_renewed",
            _("役割（持ち出し）の見直し日が延びました"),
            key=f"{made}:{renewal.review_on}",
        )


@transaction.atomic
def end_carry_out(*, item: AgendaItem, by: Membership) -> None:
    """持ち出しを終える, before its review date: the people see the text no more."""
    locked = lock_item(item, by)
    if not locked.is_secret or locked.carry_out_id is None:
        raise ActionDenied(_("この議題に持ち出しはありません。"))
    check_is_listed(by, locked.conference_type)
    if locked.carry_ended_at is not None or (
        locked.carry_review_on is not None and locked.carry_review_on < timezone.localdate()
    ):
        raise ActionDenied(_("この持ち出しは、すでに終わっています。"))
    for member in _ask("select * from kasane.end_carry_out(%s)", locked.pk):
        key = str(locked.carry_out_id)
        _tell(member, None, "carry_out_ended", _("会議の役割（持ち出し）が終わりました"), key=key)
    leave_step(locked, by, "end_carry_out")


def _ask(statement: str, *params: uuid.UUID | datetime.date) -> list[Membership]:
    """Whom to tell; nobody means that the database refused."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        keys = [row[0] for row in cursor.fetchall()]
    if not keys:
        raise ActionDenied(_("この持ち出しは、変えられませんでした。"))
    return list(Membership.objects.filter(pk__in=keys))
