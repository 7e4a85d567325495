"""What the participation room shows on pages of other rooms."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.enums import Permission
from agencies.models import Membership
from cases.enums import RecordKind
from cases.models import Case, Record
from cases.permissions import can
from cases.titles import persons_of
from config.lib.eras import today
from config.lib.prepared import prepared
from config.lib.registry import Link, NavItem, OpenEnd, Panel, TimelineEntry, Todo, registry
from config.lib.wording import label_of
from participation.enums import MatchStatus
from participation.models import FollowUp, Match
from participation.pages import due_matches, match_line
from participation.permissions import check_can_match


def todos(membership: Membership) -> list[Todo]:
    """Follow-ups due. Two queries: matches, persons."""
    if not membership.may(Permission.MATCH):
        return []
    found = due_matches(membership)[:20]
    if not found:
        return []
    persons = persons_of(membership, {match.record.case_id for match in found})
    lines = [match_line(match, persons) for match in found]
    return [
        Todo(
            kind=_("参加後のフォロー"),
            title=line.title,
            url=line.url,
            action=_("フォローを記録"),
            detail=f"{line.person}　{line.sub}",
            when=line.when,
            due_on=line.due_on,
            section="due",
            record_id=line.record_id,
        )
        for line in lines
    ]


def waiting_count(membership: Membership) -> tuple[int, bool]:
    """The agency's follow-ups due by today, and whether one is overdue. One query."""
    days = list(
        Match.objects.visible_to(membership)
        .for_agency(membership)
        .due(today())
        .order_by("follow_up_on")
        .values_list("follow_up_on", flat=True)[:100]
    )
    return len(days), bool(days) and days[0] < today()


def case_timeline(
    membership: Membership, case: Case, records: Mapping[uuid.UUID, Record]
) -> list[TimelineEntry]:
    """Matches and follow-ups among the records of the page. Two queries, none without them."""
    entries = []
    keys = [key for key, record in records.items() if record.kind == RecordKind.MATCH]
    if keys:
        found = Match.objects.visible_to(membership).filter(pk__in=keys)
        entries += [
            TimelineEntry(
                record_id=match.pk,
                at=records[match.pk].happened_at,
                title=_("参加先とつないだ　%(name)s") % {"name": match.resource.name},
                text=match.activity,
                url=reverse("match_detail", args=[match.pk]),
            )
            for match in found.select_related("resource")
        ]
    keys = [key for key, record in records.items() if record.kind == RecordKind.FOLLOW_UP]
    if keys:
        follow_ups = FollowUp.objects.visible_to(membership).filter(pk__in=keys)
        entries += [
            TimelineEntry(
                record_id=row.pk,
                at=records[row.pk].happened_at,
                title=_("参加後のフォロー　%(status)s")
                % {"status": label_of(MatchStatus, row.status_after)},
                text=row.text,
                url=reverse("match_detail", args=[row.match_id]),
            )
            for row in follow_ups
        ]
    return entries


def case_panels(membership: Membership, case: Case) -> list[Panel]:
    """The matches of a case: matches, persons. What only an item under secrecy lays open stays
    out."""
    shown = list(_matches(membership, case))
    if not shown:
        return []
    persons = persons_of(membership, [case.pk])
    context = {
        "lines": [match_line(match, persons) for match in shown],
        "new_url": _new_url(membership, case),
        "record_ids": [match.pk for match in shown],
    }
    return [Panel("participation/panels/case_matches.html", context)]


@prepared
def _matches(membership: Membership, case: Case) -> QuerySet[Match]:
    found = Match.objects.standing_with(membership).for_case(case)
    return found.select_related("record", "resource").order_by("-record_id")[:20]


def case_actions(membership: Membership, case: Case) -> list[Link]:
    """参加先とつなぐ, for who may. No query."""
    url = _new_url(membership, case)
    return [Link(_("参加先とつなぐ"), url)] if url else []


def _new_url(membership: Membership, case: Case) -> str:
    return reverse("match_new", args=[case.pk]) if can(check_can_match, membership, case) else ""


def open_ends(membership: Membership, case: Case) -> list[OpenEnd]:
    """Participation that goes on. One query."""
    going = (MatchStatus.PROPOSED, MatchStatus.TRIAL, MatchStatus.ACTIVE)
    matches = Match.objects.standing_with(membership).for_case(case)
    found = matches.filter(status__in=going)
    return [
        OpenEnd(
            _("参加支援「%(activity)s」が「%(status)s」のまま残ります。")
            % {"activity": match.activity, "status": match.get_status_display()},
            reverse("match_detail", args=[match.pk]),
            _("参加支援を開く"),
            stays=_("参加支援「%(activity)s」　%(status)s")
            % {"activity": match.activity, "status": match.get_status_display()},
            whose=match.record.author_agency.name,
        )
        for match in found.select_related("record__author_agency").order_by("record_id")[:20]
    ]


registry.add("todos", todos, queries=2)
registry.add("case_timeline", case_timeline, queries=2)
registry.add("case_panels", case_panels, queries=3, order=65)
registry.add("case_actions", case_actions, queries=0)
registry.nav(
    NavItem("matches", gettext_lazy("参加支援"), "match_list", 2, Permission.MATCH, waiting_count)
)
registry.add("case_open_ends", open_ends, queries=1, order=65)
