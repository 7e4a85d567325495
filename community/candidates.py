"""地域課題 that wait to be dealt with: raised, and nobody has taken them on. As an item they go
alone, without the household they came from."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from agencies.enums import AgendaType, Permission
from agencies.models import Membership
from cases.candidates import LIMIT, may_propose
from community import enums
from community.models import CommunityIssue, IssueStep
from community.operations import passing
from community.transitions import may_become
from config.lib.registry import Candidate, Matter, registry
from meetings.models import AgendaItem

TYPES: Final = (AgendaType.SOCIAL_RESOURCES,)


def raised_issues(membership: Membership) -> list[Candidate]:
    """Issues that were raised and passed on to nobody, by their titles, for the office and for who
    raised them. One query."""
    if not may_propose(membership):
        return []
    return [
        Candidate(
            "community",
            _("地域課題「%(title)s」が提起されたまま") % {"title": title},
            _url(membership, pk),
            TYPES,
            weight=45,
            title=_("地域課題"),
            matter_id=pk,
        )
        for pk, title in _raised(membership)
    ]


def _url(membership: Membership, pk: uuid.UUID) -> str:
    if membership.may(Permission.COMMUNITY):
        return reverse("community_issue_detail", args=[pk])
    return ""


def _raised(membership: Membership) -> QuerySet[CommunityIssue, Any]:
    issues = CommunityIssue.objects.visible_to(membership).filter(state=enums.IssueState.RAISED)
    if not membership.may(Permission.RUN_CONFERENCE):
        issues = issues.filter(Q(raised_by_agency_id=membership.agency_id))
    return issues.order_by("raised_on", "id").values_list("pk", "title")[:LIMIT]


# --- what the meetings room asks -------------------------------------------------------------


def issue_to_propose(membership: Membership, key: uuid.UUID) -> Matter | None:
    """The issue under this key, while it may be passed on. One query."""
    issue = CommunityIssue.objects.visible_to(membership).filter(pk=key).first()
    if issue is None or not may_become(issue.state, enums.IssueState.PASSED):
        return None
    return _matter(issue)


def issue_of_item(item: AgendaItem) -> Matter | None:
    """The issue an item carries; the city's to read, so nobody is asked who asks. One query."""
    steps = IssueStep.objects.filter(item=item, state=enums.IssueState.PASSED)
    step = steps.select_related("issue").first()
    return _matter(step.issue) if step else None


def _matter(issue: CommunityIssue) -> Matter:
    return Matter(
        issue.pk,
        _("地域課題"),
        issue.title,
        "\n".join(filter(None, [issue.text, issue.area])),
        reverse("community_issue_detail", args=[issue.pk]),
        TYPES,
        (issue.raised_by_agency_id,),
        _(
            "地域課題だけが議題になります。もとになったケースは付きません。"
            "決定と「決定事項・意見」は、答えとして市のみんなが読みます。"
        ),
    )


registry.add("agenda_candidates", raised_issues, queries=1, order=70)
registry.add("agenda_matter", issue_to_propose, queries=1)
registry.add("item_matter", issue_of_item, queries=1)
# These write, in the transaction of the item's own step; their cost is the operation's.
registry.add("item_tied", passing.tie_issue, queries=20)
registry.add("item_step", passing.follow_item, queries=20)
