"""支援措置 as pages and operations ask for it (V9): against whom one stands, what a text holds.

The database answers; who is acting, it knows. What a shield hides, and from whom, is told to its
list alone.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy

from agencies.models import Membership
from cases.models import Shield, ShieldMember
from config.lib.memory import remembered

FIELDS = {
    "address": gettext_lazy("住所"),
    "phone": gettext_lazy("電話番号"),
    "school": gettext_lazy("学校"),
    "workplace": gettext_lazy("勤務先"),
    "whereabouts": gettext_lazy("ほかに居所が分かること"),
}


def _ask(sql: str, *params: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        (answer,) = cursor.fetchone()
    return answer


def shielded_among(persons: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Which of these persons are under a shield: for whoever may see them. One query."""
    keys = list(persons)
    return set(_ask("select kasane.shielded_among(%s)", keys)) if keys else set()


def is_hidden(person: uuid.UUID) -> bool:
    """Whether a shield hides from whoever acts where the person is. One query."""
    return person in _ask("select kasane.shielded_against_me()")


def is_closed_case(case_id: uuid.UUID) -> bool:
    """Whether a shield of the case stands against whoever acts: what they write waits."""
    return case_id in closed_cases()


@remembered
def closed_cases() -> set[uuid.UUID]:
    """The cases with a shield that stands against whoever acts. One query."""
    return set(_ask("select kasane.shielded_cases()"))


def waiting_in() -> uuid.UUID | None:
    """The case in which something written in this very request waits to be read by the list."""
    return _ask("select kasane.writing_waits()")


def found_in(case_id: uuid.UUID, words: str) -> list[str]:
    """The names of the hidden values a text holds; for list members, for others nothing."""
    fields: list[str] = _ask("select kasane.shield_check(%s, %s)", case_id, words)
    return [str(FIELDS[field]) for field in fields]


def found_on_paper(words: str) -> list[str]:
    """The same over all lists one stands on, for what is printed."""
    fields: list[str] = _ask("select kasane.shield_check_all(%s)", words)
    return [str(FIELDS[field]) for field in fields]


def found_in_hold(hold_id: uuid.UUID) -> list[str]:
    """The names of the hidden values a text that waits holds."""
    fields = _ask("select kasane.shield_hold_finds(%s)", hold_id) or []
    return [str(FIELDS[field]) for field in fields]


def list_mates(membership: Membership, case_id: uuid.UUID) -> set[uuid.UUID]:
    """Who stands on every list of the case that I stand on; told to the list alone (V9)."""
    shields = list(Shield.objects.visible_to(membership).in_force().filter(case=case_id))
    places = ShieldMember.objects.filter(shield__in=shields, ended_at__isnull=True)
    lists: dict[uuid.UUID, set[uuid.UUID]] = {shield.pk: set() for shield in shields}
    for shield_id, member_id in places.values_list("shield_id", "membership_id"):
        lists[shield_id].add(member_id)
    return set.intersection(*lists.values()) if lists else set()
