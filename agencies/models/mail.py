"""通知メール: where somebody wants to be told that notices wait."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from agencies.models.people import User
from config.lib.ids import new_id


class MailAddress(models.Model):
    """One's own address for the daily mail, said by oneself; none, no mail."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="mail_address")
    address = models.EmailField(_("メールアドレス"))
    # Up to which moment notices were told: what came later is new.
    told_at = models.DateTimeField(default=timezone.now)
