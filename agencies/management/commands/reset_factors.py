"""`manage.py reset_factors USERNAME`: over the owner's login, where nobody else can any more."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction

from agencies.models import User
from config.lib.login import owners_login


class Command(BaseCommand):
    help = "その人の認証アプリ・パスキー・回復コードを取り消し、サインイン中の端末を終わらせます。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", nargs="?")
        parser.add_argument(
            "--all", action="store_true", help="鍵（KASANE_FACTOR_KEY）を失ったとき"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if bool(options["username"]) == options["all"]:
            raise CommandError("利用者名か --all のどちらか一つを指定してください。")
        with owners_login(), transaction.atomic():
            users = User.objects.all()
            if not options["all"]:
                users = users.filter(username=options["username"])
            people = list(users.values_list("pk", flat=True))
            if not people:
                raise CommandError("その利用者名の人はいません。")
            self.reset(people)
        self.stdout.write(f"{len(people)}人の二段階サインインを取り消しました。")

    def reset(self, people: list[int]) -> None:
        with connection.cursor() as cursor:
            for statement in (
                "delete from kasane.factor where user_id = any(%s)",
                "delete from kasane.recovery_code where user_id = any(%s)",
                "update kasane.session set ended_at = now()"
                " where user_id = any(%s) and ended_at is null",
            ):
                cursor.execute(statement, [people])
            cursor.execute(
                "select kasane.log_access(null, 'write', 'administration', '', 'factors_reset',"
                " null, '{}', null, true)"
            )
