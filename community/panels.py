"""What the community room shows on pages of other rooms."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.enums import Permission
from agencies.models import Membership
from cases.enums import RecordKind
from cases.models import Case, Record
from cases.permissions import can
from community.enums import IssueState
from community.models import IssueSource, IssueStep
from community.pages import body_words
from community.permissions import check_can_raise_from
from config.lib.eras import format_short
from config.lib.registry import Link, NavItem, TimelineEntry, registry


def case_timeline(
    membership: Membership, case: Case, records: Mapping[uuid.UUID, Record]
) -> list[TimelineEntry]:
    """Issues raised from this case, among the records of the page, with the last answer that came
    back. Two queries, none without."""
    keys = [key for key, record in records.items() if record.kind == RecordKind.COMMUNITY_ISSUE]
    if not keys:
        return []
    found = IssueSource.objects.visible_to(membership).filter(pk__in=keys).select_related("issue")
    answers = {s.issue_id: s for s in _answers({source.issue_id for source in found})}
    may_open = membership.may(Permission.COMMUNITY)
    return [
        TimelineEntry(
            record_id=source.pk,
            at=records[source.pk].happened_at,
            title=_("地域課題として提起　%(title)s") % {"title": source.issue.title},
            text="\n".join(filter(None, [source.note, _answer(answers.get(source.issue_id))])),
            url=(reverse("community_issue_detail", args=[source.issue_id]) if may_open else ""),
        )
        for source in found
    ]


def _answers(issues: set[uuid.UUID]) -> list[IssueStep]:
    """The answers, the newest last."""
    steps = IssueStep.objects.filter(issue_id__in=issues, state=IssueState.ANSWERED)
    return list(steps.select_related("committee").order_by("on", "id"))


def _answer(step: IssueStep | None) -> str:
    if step is None or step.on is None:
        return ""
    words = {"who": body_words(step), "day": format_short(step.on), "answer": step.answer}
    return _("%(who)sの答え（%(day)s）\n%(answer)s") % words


def case_actions(membership: Membership, case: Case) -> list[Link]:
    """地域課題として提起, for who may. No query."""
    if not can(check_can_raise_from, membership, case):
        return []
    url = reverse("community_issue_from_case", args=[case.pk])
    return [Link(_("地域課題として提起"), url)]


registry.add("case_timeline", case_timeline, queries=2)
registry.add("case_actions", case_actions, queries=0, order=80)
registry.nav(NavItem("community", gettext_lazy("地域"), "community_home", 2, Permission.COMMUNITY))
