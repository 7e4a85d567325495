"""`manage.py load_city`: read a city's profile and write it into the database."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from agencies.loading import load_profile
from agencies.profile import ProfileError, find_profile, read_profile
from config.lib.login import owners_login


class Command(BaseCommand):
    help = "市のプロファイル（TOML）を読み込みます。何度実行しても結果は同じです。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file_or_name", help="ファイル、または付属のプロファイルの名前")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            profile = read_profile(find_profile(options["file_or_name"]))
        except ProfileError as error:
            raise CommandError(f"プロファイルを読み込めません。\n{error}") from None
        with owners_login():
            summary = load_profile(profile)
        if options["verbosity"]:
            self.stdout.write(str(summary))
