"""`manage.py load_demo`: people for every city loaded, and their stories, once."""

import secrets
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from agencies.models import Membership, Municipality
from cases.models import Consultation
from config.demo.agenda import play_agenda
from config.demo.conference import Conference
from config.demo.people import load_people, load_sysadmin
from config.demo.play import (
    Player,
    keep_phrases,
    play_community,
    play_directory,
    stories,
)
from config.lib.acting import acting, holding, put_key
from config.lib.login import owners_login
from meetings.calendar import make_sittings


class Command(BaseCommand):
    help = "Load the demo: fictional people and households on top of the cities' profiles."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("cities", nargs="*", help="city codes (default: every city)")
        parser.add_argument(
            "--people",
            action="store_true",
            help="agencies, users and secretariat lists only, no household",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        cities = Municipality.objects.order_by("code")
        if options["cities"]:
            cities = cities.filter(code__in=options["cities"])
        with owners_login():
            key = put_key(secrets.token_hex(32), "owner")
        with holding(key):
            for city in cities:
                self.stdout.write(f"{city.name}: {self.load(city, options['people'])}")

    def load(self, city: Municipality, people_only: bool) -> str:
        with owners_login():
            members = load_people(city)
            load_sysadmin(city)
        if people_only:
            return "見本の利用者を読み込みました"
        return self.play(city, members)

    @transaction.atomic
    def play(self, city: Municipality, members: dict[str, Membership]) -> str:
        """One city's households, all or none."""
        first = members["livelihood"]
        with acting(first.pk):
            if Consultation.objects.visible_to(first).exists():
                return "見本データは読み込み済みです"
        with acting(members["coordinator"].pk):
            make_sittings(city)
        count = 0
        for story in stories(city):
            for household in story.get("household", []):
                player = Player(city, members, Conference(city, members))
                for step in household["step"]:
                    player.play(step)
                count += 1
            play_community(members, story)
            play_directory(members, story)
        play_agenda(members, Conference(city, members))
        keep_phrases(members)
        return f"見本の世帯を{count}件読み込みました"
