"""What the entrance of this room puts on the frame and on 今日の仕事.

`cases.panels` imports this module, and so registers it.
"""

from __future__ import annotations

import datetime
import uuid

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.enums import Permission
from agencies.models import Membership
from cases import enums
from cases.models import Consultation, ConsultationPerson
from config.lib.condition import among
from config.lib.eras import format_short, local_day, today
from config.lib.prepared import prepared
from config.lib.registry import NavItem, Todo, registry
from config.lib.text import with_san
from config.lib.wording import label_of

SHOWN = 10
COUNTED = 100
# 緊急度 as the sheet says it: today or tomorrow; within two weeks.
DAYS: dict[str, int] = {enums.Urgency.HIGH: 1, enums.Urgency.MIDDLE: 14}


def open_consultations(membership: Membership) -> list[Todo]:
    """Consultations of one's own agency of which nobody has decided yet. Two queries."""
    if not membership.may(Permission.TAKE_CONSULTATION):
        return []
    found = list(_first_open(membership))
    names: dict[uuid.UUID, str] = {}
    for part in _visitors(membership, [row.pk for row in found]) if found else ():
        names.setdefault(part.consultation_id, part.name)
    return [_todo(row, names.get(row.pk, "")) for row in found]


@prepared
def _first_open(membership: Membership) -> QuerySet[Consultation]:
    waiting = Consultation.objects.visible_to(membership).open()
    return waiting.order_by("received_at", "id")[:SHOWN]


@prepared
def _visitors(membership: Membership, keys: list[uuid.UUID]) -> QuerySet[ConsultationPerson]:
    named = ConsultationPerson.objects.visible_to(membership).exclude(name="")
    return named.filter(among("consultation_id", keys)).order_by("consultation_id", "order")


def _todo(consultation: Consultation, name: str) -> Todo:
    received = local_day(consultation.received_at)
    days = DAYS.get(consultation.urgency)
    due_on = received + datetime.timedelta(days=days) if days is not None else None
    is_due = due_on is not None and due_on <= today()
    return Todo(
        kind="consultation",
        title=_("相談受付　%(name)s") % {"name": with_san(name) if name else _("氏名不明")},
        url=reverse("consultation_detail", args=[consultation.pk]),
        action=_("方針を決める"),
        detail="　".join(
            (
                label_of(enums.Route, consultation.route),
                label_of(enums.ConsultationMode, consultation.mode),
                _("緊急度 %(urgency)s")
                % {"urgency": label_of(enums.Urgency, consultation.urgency)},
            )
        ),
        when=format_short(received),
        due_on=due_on,
        section="due" if is_due else "waiting",
        record_id=consultation.pk,
    )


@prepared
def _open(membership: Membership) -> QuerySet[Consultation, tuple[str, datetime.datetime]]:
    found = Consultation.objects.visible_to(membership).open()
    return found.values_list("urgency", "received_at")[:COUNTED]


def count_open(membership: Membership) -> tuple[int, bool]:
    """How many consultations wait, and whether an urgent one is late. One query."""
    if not membership.may(Permission.TAKE_CONSULTATION):
        return 0, False
    rows = list(_open(membership))
    late = any(
        urgency in DAYS and local_day(received) + datetime.timedelta(days=DAYS[urgency]) < today()
        for urgency, received in rows
    )
    return len(rows), late


registry.nav(NavItem("home", gettext_lazy("今日の仕事"), "home", 1))
registry.nav(
    NavItem(
        "consultations",
        gettext_lazy("相談"),
        "consultation_list",
        1,
        Permission.READ_CASES,
        count_open,
    )
)
registry.nav(NavItem("cases", gettext_lazy("ケース"), "case_list", 1, Permission.READ_CASES))
registry.add("todos", open_consultations, queries=2, order=20)
