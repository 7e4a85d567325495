"""`manage.py install_worker_key`: let the workers that hold KASANE_WORKER_KEY act (0007)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.lib.acting import put_key
from config.lib.login import owners_login

SHORTEST = 32


class Command(BaseCommand):
    help = "KASANE_WORKER_KEY をワーカーの鍵にします。前の鍵は使えなくなります。"

    def handle(self, *args: Any, **options: Any) -> None:
        key = settings.KASANE_WORKER_KEY
        if len(key) < SHORTEST:
            raise CommandError("KASANE_WORKER_KEY に32文字以上の乱数を設定してください。")
        with owners_login():
            put_key(key, "worker")
