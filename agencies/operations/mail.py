"""通知メール: one mail a working day says how many notices wait, and nothing else (V13, V15).

It goes to the address somebody gave for themself, holds no name, no case, no text and no link
(in many city halls links in a mail are cut out), and is sent by the worker.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.enums import Action
from agencies.models import MailAddress, Membership, Municipality
from agencies.opendays import open_days
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from config.lib.eras import TOKYO

MAIL_FROM_HOUR = 8  # from eight o'clock on, Asia/Tokyo: before the first appointment


@dataclass(frozen=True)
class Waiting:
    """Somebody with new notices: where to write, how many are new, how many unread in all."""

    user_id: int
    address: str
    city_id: int
    new: int
    unread: int


@transaction.atomic
def set_mail_address(*, by: Membership, address: str) -> None:
    """Where one wants the daily mail; an empty address stops it. ActionDenied for an address
    outside the domains this installation writes to."""
    mine = own_address(by)
    if not address:
        mine.delete()
    else:
        _check_domain(address)
        row = mine.first()
        if row is None:
            MailAddress(user=by.user, address=address).save(force_insert=True)
        else:
            row.address = address
            row.save(update_fields=["address"])
    log_access(by, Action.WRITE, what="set_mail_address")


def own_address(by: Membership) -> QuerySet[MailAddress]:
    """One's own, if there is one."""
    return MailAddress.objects.filter(user=by.user)


def _check_domain(address: str) -> None:
    allowed = settings.KASANE_MAIL_DOMAINS
    if allowed and address.rpartition("@")[2].lower() not in allowed:
        raise ActionDenied(
            _("職場のアドレスを入れてください（%(domains)s）。")
            % {"domains": "・".join(f"@{domain}" for domain in allowed)}
        )


def waiting_for_mail(users: Sequence[int] | None = None) -> list[Waiting]:
    """Who has notices that came after the last mail (asked by the scheduler alone)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select user_id, address, city_id, new, unread from kasane.mails_due(%s)"
            " order by user_id",
            [list(users) if users is not None else None],
        )
        return [Waiting(*row) for row in cursor.fetchall()]


def is_mail_time(city: Municipality, now: datetime.datetime) -> bool:
    """On the city's open days from `MAIL_FROM_HOUR` on."""
    local = now.astimezone(TOKYO)
    return local.hour >= MAIL_FROM_HOUR and open_days(city).is_open(local.date())


@transaction.atomic
def send_digest(*, user_id: int, key: str) -> bool:
    """One mail to somebody, if there is still something new and the office is open; whether one
    went. `key` names the mail: sent twice (the worker died between the mail server's answer and the
    commit), both copies bear the same Message-ID."""
    found = next(iter(waiting_for_mail([user_id])), None)
    now = timezone.now()
    if found is None or not is_mail_time(Municipality.objects.get(pk=found.city_id), now):
        return False
    MailAddress.objects.filter(user_id=user_id).update(told_at=now)
    _mail(found, key).send()
    return True


def _mail(waiting: Waiting, key: str) -> EmailMessage:
    city = Municipality.objects.get(pk=waiting.city_id)
    lines = [
        _("%(city)sの「%(project)s」からのお知らせです。")
        % {"city": city.name, "project": city.project_name},
        "",
        _("新しいお知らせが%(new)s件あります（未読は合わせて%(unread)s件）。")
        % {"new": waiting.new, "unread": waiting.unread},
        _("かさねにサインインして、「お知らせ」を開いてください。"),
        "",
        _("このメールには、相談や世帯のことは書いてありません。返信はできません。"),
        _("止めるときは、「サインインの設定」の「通知メール」を空にします。"),
    ]
    return EmailMessage(
        subject=_("【かさね】新しいお知らせが%(new)s件あります") % {"new": waiting.new},
        body="\n".join(lines),
        to=[waiting.address],
        headers={
            "Message-ID": f"<{key}@kasane.invalid>",
            "Auto-Submitted": "auto-generated",
        },
    )
