"""地域課題 that wait to be dealt with: raised, and nobody has taken them on."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from agencies.enums import AgendaType, Permission
from agencies.models import Membership
from cases.candidates import LIMIT, may_propose, worked_on
from community import enums
from community.models import CommunityIssue, IssueSource
from config.lib.registry import Candidate, registry

TYPES: Final = (AgendaType.SOCIAL_RESOURCES,)


def raised_issues(membership: Membership) -> list[Candidate]:
    """Issues that were raised and passed on to nobody: with the household it came from where I see
    that, else by its title alone, for the office and for who raised it. Two queries."""
    if not may_propose(membership):
        return []
    sources = {row[0]: row for row in _sources(membership)}
    runs = membership.may(Permission.RUN_CONFERENCE)
    found = []
    for pk, title, agency in _raised(membership):
        source = sources.get(pk)
        if source is None and not runs and agency != membership.agency_id:
            continue
        found.append(
            Candidate(
                "community",
                _("地域課題「%(title)s」が提起されたまま") % {"title": title},
                _url(membership, pk, source),
                TYPES,
                case_id=source[1] if source else None,
                weight=45,
                title="" if source else _("地域課題"),
                record_ids=(source[2],) if source else (),
            )
        )
    return found


def _url(membership: Membership, pk: uuid.UUID, source: Any) -> str:
    if membership.may(Permission.COMMUNITY):
        return reverse("community_issue_detail", args=[pk])
    return reverse("case_detail", args=[source[1]]) if source else ""


def _raised(membership: Membership) -> QuerySet[CommunityIssue, Any]:
    issues = CommunityIssue.objects.visible_to(membership).filter(state=enums.IssueState.RAISED)
    rows = issues.order_by("raised_on", "id").values_list("pk", "title", "raised_by_agency_id")
    return rows[:LIMIT]


def _sources(membership: Membership) -> QuerySet[IssueSource, Any]:
    """The households they came from, as far as consents reach (V3); never by a sitting (V6)."""
    seen = IssueSource.objects.standing_with(membership).filter(
        Exists(worked_on(membership).filter(pk=OuterRef("record__case_id"))),
        issue__state=enums.IssueState.RAISED,
    )
    return seen.order_by("record_id").values_list("issue_id", "record__case_id", "record_id")


registry.add("agenda_candidates", raised_issues, queries=2, order=70)
