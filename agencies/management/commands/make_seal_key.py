"""`manage.py make_seal_key`: a new key for the worker (KASANE_SEAL_KEY) and its public half."""

from typing import Any

from django.core.management.base import BaseCommand

from config.lib import seals


class Command(BaseCommand):
    help = "Print a new private key and its public key; nothing is stored."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        key = seals.make_key()
        public = seals.public_bytes(seals.read_key(key)).hex()
        self.stdout.write(f"KASANE_SEAL_KEY={key}\nKASANE_SEAL_PUBLIC={public}")
