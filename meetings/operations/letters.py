"""資料・情報提供依頼 (106条の6第3項): a numbered letter, and its reply."""

from __future__ import annotations

import datetime
import secrets
import uuid
from dataclasses import dataclass
from typing import Final

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.models import Membership
from agencies.permissions import ActionDenied
from config.lib.fiscal import fiscal_year
from meetings import enums
from meetings.models import AgendaItem, InformationRequest
from meetings.operations.common import lock_item, trace
from meetings.permissions import check_is_listed

TRIES: Final = 50


@dataclass(frozen=True)
class Letter:
    """What a letter says."""

    addressee: str
    about: str
    asked: str
    due_on: datetime.date


@transaction.atomic
def request_information(
    *, item: AgendaItem, by: Membership, letter: Letter, form_key: uuid.UUID
) -> InformationRequest:
    """The letter with its number. The same form twice is one letter."""
    locked = lock_item(item, by)
    if not locked.is_secret:
        raise ActionDenied(_("資料・情報提供依頼は、守秘の議題（106条の6）からだけ出せます。"))
    check_is_listed(by, locked.conference_type)
    _check(letter)
    known = InformationRequest.objects.visible_to(by).filter(form_key=form_key).first()
    if known is not None:
        return known
    for _n in range(TRIES):
        made = InformationRequest(
            item=locked,
            conference_type=locked.conference_type,
            fiscal_year=fiscal_year(timezone.localdate()),
            number=1000 + secrets.randbelow(9000),
            form_key=form_key,
            addressee=letter.addressee.strip(),
            about=letter.about.strip(),
            asked=letter.asked.strip(),
            due_on=letter.due_on,
            made_by=by,
        )
        try:
            with transaction.atomic():
                made.save(force_insert=True)
        except IntegrityError:
            continue
        trace(locked, by, "request_information")
        return made
    raise ActionDenied(_("番号を付けられませんでした。もう一度お試しください。"))


def _check(letter: Letter) -> None:
    if not letter.addressee.strip():
        raise ActionDenied(_("宛先を入れてください。"))
    if not letter.about.strip():
        raise ActionDenied(_("だれについての依頼かを入れてください。"))
    if not letter.asked.strip():
        raise ActionDenied(_("求める資料・情報を入れてください。"))
    if letter.due_on < timezone.localdate():
        raise ActionDenied(_("回答の期限は、今日からあとの日にしてください。"))


@transaction.atomic
def record_reply(
    *,
    request: InformationRequest,
    by: Membership,
    outcome: str,
    replied_on: datetime.date,
    reply: str,
) -> None:
    """The reply, or that there will be none. Stays inside the item."""
    locked = (
        InformationRequest.objects.visible_to(by)
        .select_for_update(of=("self",))
        .select_related("item__conference_type")
        .get(pk=request.pk)
    )
    check_is_listed(by, locked.conference_type)
    if locked.outcome:
        raise ActionDenied(_("この依頼の回答は、すでに記録されています。"))
    if outcome not in enums.RequestOutcome.values:
        raise ActionDenied(_("回答の結果を選んでください。"))
    made_on = timezone.localdate(locked.made_at)
    if not made_on <= replied_on <= timezone.localdate():
        raise ActionDenied(_("回答の日は、依頼した日から今日までの日にしてください。"))
    if outcome == enums.RequestOutcome.RECEIVED and not reply.strip():
        raise ActionDenied(_("回答の内容を書いてください。"))
    locked.outcome, locked.replied_on = outcome, replied_on
    locked.reply, locked.replied_by = reply.strip(), by
    locked.save(update_fields=["outcome", "replied_on", "reply", "replied_by"])
    trace(locked.item, by, "record_reply")
