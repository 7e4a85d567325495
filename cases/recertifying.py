"""What the pages of 年度の確認 show: each case, on what it rests, until when, and whether work goes
on. `cases.panels` imports this module, and so registers what stands on shared pages.
"""

from __future__ import annotations

import datetime
import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Max
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.enums import Permission
from agencies.models import Agency, Membership
from cases import enums
from cases.models import Case, CaseGrant, Record, SupportTeam
from cases.operations.recertification import (
    due_day,
    kept,
    open_to,
    opening_day,
    overview,
    to_confirm,
    unconfirmed,
)
from cases.permissions import can, check_can_recertify
from cases.titles import titles_for
from config.lib.eras import format_short
from config.lib.fiscal import instant_to_until_day
from config.lib.registry import NavItem, Todo, registry

QUIET_AFTER = datetime.timedelta(days=183)


@dataclass(frozen=True)
class Line:
    """A case on the list; `is_busy`: work goes on, so that it is ticked beforehand."""

    case_id: uuid.UUID
    title: str
    number: str
    responsible: str
    rests_on: str
    until: str
    work: str
    is_busy: bool
    kept: str = ""


def waiting_lines(by: Membership) -> list[Line]:
    """What my agency is asked about. Six queries and those of the rooms above."""
    return _lines(by, list(to_confirm(by).select_related("responsible_agency")), {})


def kept_lines(by: Membership) -> list[Line]:
    """What is confirmed in this round, and can still be given back."""
    said = {
        row.case_id: _("%(day)s　%(name)s") % {"day": format_short(row.at), "name": row.by.user}
        for row in kept(by).select_related("by__user")
    }
    cases = open_to(by).filter(pk__in=said).select_related("responsible_agency")
    return _lines(by, list(cases), said)


def line_of(by: Membership, case: Case) -> Line:
    return _lines(by, [case], {})[0]


def _lines(by: Membership, cases: list[Case], said: dict[uuid.UUID, str]) -> list[Line]:
    keys = [case.pk for case in cases]
    titles = titles_for(by, keys)
    grants = defaultdict(list)
    held = CaseGrant.objects.visible_to(by).in_force()
    for grant in held.filter(group=by.agency_id, content_object__in=keys, basis="consent"):
        grants[grant.content_object_id].append(grant)
    team = SupportTeam.objects.visible_to(by).filter(
        agency_id=by.agency_id, case__in=keys, left_at__isnull=True
    )
    entries = {entry.case_id: entry for entry in team}
    tasks = dict(registry.draw("tasks_in_cases", by, keys))
    last = dict(
        Record.objects.standing_with(by)
        .filter(case__in=keys, author_agency=by.agency_id)
        .order_by()
        .values_list("case_id")
        .annotate(last=Max("happened_at"))
    )
    quiet = timezone.now() - QUIET_AFTER
    found = [
        Line(
            case.pk,
            titles[case.pk],
            case.number,
            case.responsible_agency.name,
            _rests_on(entries.get(case.pk), grants[case.pk]),
            _until(grants[case.pk]),
            _work(tasks.get(case.pk, 0), last.get(case.pk)),
            bool(tasks.get(case.pk)) or (case.pk in last and last[case.pk] >= quiet),
            said.get(case.pk, ""),
        )
        for case in cases
    ]
    return sorted(found, key=lambda line: (line.title, line.number))


def _rests_on(entry: SupportTeam | None, grants: list[CaseGrant]) -> str:
    words = _("本人同意（%(n)s人）") % {"n": len({grant.person_id for grant in grants})}
    if entry is None:
        return words
    return _("%(day)s　%(via)s　%(words)s") % {
        "day": format_short(entry.joined_at),
        "via": entry.get_via_display(),
        "words": words,
    }


def _until(grants: list[CaseGrant]) -> str:
    ends = [grant.period.upper for grant in grants]
    if not ends or None in ends:
        return _("期限なし")
    return _("%(day)sまで") % {"day": format_short(instant_to_until_day(max(ends)))}


def _work(tasks: int, last: datetime.datetime | None) -> str:
    words = [_("続いている仕事%(n)s件") % {"n": tasks}] if tasks else []
    if last:
        words.append(_("最後の記録 %(day)s") % {"day": format_short(last)})
    return "　".join(words) or _("仕事も記録もありません")


# --- the responsible agency, the office --------------------------------------------------------


@dataclass(frozen=True)
class Partner:
    """An agency that reads one of my agency's cases and has not confirmed it."""

    case_id: uuid.UUID
    title: str
    number: str
    agency_id: int
    agency: str


def partners_unconfirmed(by: Membership) -> list[Partner]:
    """Four queries."""
    rows = unconfirmed(by)
    cases = Case.objects.visible_to(by).in_bulk([case for case, _agency in rows])
    titles = titles_for(by, cases)
    names = dict(Agency.objects.filter(pk__in=[a for _c, a in rows]).values_list("pk", "name"))
    found = [
        Partner(case, titles[case], cases[case].number, agency, names[agency])
        for case, agency in rows
        if case in cases
    ]
    return sorted(found, key=lambda one: (one.agency, one.title, one.number))


@dataclass(frozen=True)
class Figures:
    """How far one agency is. `has_manager`: somebody there could answer."""

    agency: str
    waiting: int
    kept: int
    given_back: int
    ended: int
    has_manager: bool


def figures(by: Membership) -> list[Figures]:
    """Per agency of the city, those that wait first. Three queries."""
    found = overview()
    managed = set(
        Membership.objects.active()
        .filter(role__permissions__contains=[Permission.CONFIRM_MEMBERSHIP])
        .values_list("agency_id", flat=True)
    )
    agencies = Agency.objects.filter(pk__in=found, municipality=by.municipality)
    rows = [
        Figures(
            agency.name,
            waiting=found[agency.pk].get("waiting", 0),
            kept=found[agency.pk].get(enums.RecertAnswer.KEPT, 0),
            given_back=found[agency.pk].get(enums.RecertAnswer.GIVEN_BACK, 0),
            ended=found[agency.pk].get(enums.RecertAnswer.ENDED, 0),
            has_manager=agency.pk in managed,
        )
        for agency in agencies.order_by("name")
    ]
    return sorted(rows, key=lambda row: -row.waiting)


def count(rows: Iterable[Figures]) -> int:
    return sum(row.waiting for row in rows)


# --- on shared pages ---------------------------------------------------------------------------


def todo(membership: Membership) -> list[Todo]:
    """What waits for the manager, until it is done. One query."""
    if not can(check_can_recertify, membership):
        return []
    number = to_confirm(membership).count()
    if not number:
        return []
    due_on = due_day(opening_day(membership.municipality)) - datetime.timedelta(days=1)
    return [
        Todo(
            "recertify",
            _("年度の確認：まだ必要か、%(n)s件のケースを確かめる") % {"n": number},
            reverse("recertification"),
            _("確かめる"),
            due_on=due_on,
            section="due" if due_on <= timezone.localdate() else "waiting",
        )
    ]


registry.add("todos", todo, queries=1, order=20)
registry.nav(
    NavItem(
        "recertification",
        gettext_lazy("年度の確認"),
        "recertification",
        4,
        Permission.CONFIRM_MEMBERSHIP,
    )
)
for _permission in (Permission.OFFICE_HINTS, Permission.REVIEW_ACCESS):
    registry.nav(
        NavItem(
            f"recertification_{_permission}",
            gettext_lazy("確認のようす"),
            "recertification_overview",
            4,
            _permission,
        )
    )
