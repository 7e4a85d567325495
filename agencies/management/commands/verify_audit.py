"""`manage.py verify_audit`: whether the sealed access log is as it was; which rows are not."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from agencies.verification import verify


class Command(BaseCommand):
    help = "Verify the sealed access log over the owner's login; prints JSON, exits 1 on a finding."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--heads", help="the heads kept outside (default: KASANE_SEAL_FILE)")
        parser.add_argument("--public-key", action="append", default=[], help="64 hex digits")
        parser.add_argument("--database", default="owner")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        file = options["heads"] or settings.KASANE_SEAL_FILE
        given = options["public_key"] or settings.KASANE_SEAL_PUBLIC.split()
        try:
            trusted = [bytes.fromhex(text) for text in given]
        except ValueError as error:
            raise CommandError("公開鍵は16進64桁で指定してください。") from error
        report = verify(
            using=options["database"], heads=Path(file) if file else None, trusted=trusted
        )
        facts = {"ok": not report.findings, **vars(report)}
        facts["seconds"] = round(time.monotonic() - started, 2)
        self.stdout.write(json.dumps(facts, ensure_ascii=False))
        if not file:
            self.stderr.write("控え（--heads）なしでは、末尾が切り取られたことは分かりません。")
        if not trusted:
            self.stderr.write("公開鍵なしでは、だれが署名したかは分かりません（--public-key）。")
        if report.findings:
            sys.exit(1)
