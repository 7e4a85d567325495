"""`manage.py demo_signins`: the table of demo sign-ins, for the terminal."""

from typing import Any

from django.core.management.base import BaseCommand

from agencies.models import Membership
from config.demo.people import SIGN_INS, SYSADMIN, password


class Command(BaseCommand):
    help = "Print the demo's sign-ins."

    def handle(self, *args: Any, **options: Any) -> None:
        cities = list(
            Membership.objects.filter(user__username__endswith=f".{SIGN_INS[0].code}")
            .values_list("agency__municipality__code", "agency__municipality__name")
            .order_by("agency__municipality__code")
        )
        self.stdout.write("見本のサインイン（利用者名は <市>.<役割>、パスワードはすべて同じ）")
        self.stdout.write("  市:   " + "  ".join(f"{code}（{name}）" for code, name in cities))
        self.stdout.write("  役割: " + "  ".join(entry.code for entry in SIGN_INS))
        if cities:
            self.stdout.write(f"  例:   {cities[0][0]}.{SIGN_INS[0].code}　ほかに {SYSADMIN}")
        self.stdout.write(f"  パスワード: {password()}")
