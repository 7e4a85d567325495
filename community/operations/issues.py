"""地域課題を提起する."""

from __future__ import annotations

import dataclasses
import datetime
import uuid

from django.db import IntegrityError, transaction
from django.utils import timezone

from agencies.enums import Action
from agencies.models import Membership
from agencies.trail import log_access
from cases.enums import Audience, Category, RecordKind
from cases.models import Case
from cases.operations import write_record
from cases.operations.case import persons_by_key
from community.models import CommunityIssue, IssueSource
from community.operations.passing import check_wording, leave_step
from community.permissions import check_can_raise_from, check_can_record


@dataclasses.dataclass(frozen=True)
class IssueFacts:
    """An issue of the community, worded so that nobody can be recognised."""

    title: str
    text: str
    area: str = ""
    raised_on: datetime.date = dataclasses.field(default_factory=timezone.localdate)


@transaction.atomic
def raise_issue(
    *,
    by: Membership,
    facts: IssueFacts,
    form_key: uuid.UUID | None = None,
    case: Case | None = None,
    note: str = "",
) -> CommunityIssue:
    """地域課題を提起する, perhaps from a case. The same `form_key` raises it once.

    The whole city reads the issue; the case it came from stands in a record of this agency alone.
    """
    check_can_record(by)
    key = form_key or uuid.uuid4()
    known = CommunityIssue.objects.visible_to(by).filter(form_key=key).first()
    if known is not None:
        return known
    persons = {}
    if case is not None:
        check_can_raise_from(by, case)
        persons = persons_by_key(by, case)
        check_wording(f"{facts.title}\n{facts.text}\n{facts.area}", persons.values(), case.number)
    issue = CommunityIssue(
        municipality=by.municipality,
        raised_by_agency_id=by.agency_id,
        form_key=key,
        **dataclasses.asdict(facts),
    )
    try:
        with transaction.atomic():
            issue.save(force_insert=True)
    except IntegrityError:  # the same form at the same moment
        return CommunityIssue.objects.visible_to(by).get(form_key=key)
    leave_step(issue, by)
    if case is not None:
        record = write_record(
            case=case,
            by=by,
            kind=RecordKind.COMMUNITY_ISSUE,
            category=Category.HOUSEHOLD,
            audience=Audience.AGENCY,
            persons=list(persons.values()),
        )
        IssueSource(record=record, issue=issue, note=note).save(force_insert=True)
    log_access(by, Action.WRITE, what="raise_issue", case_id=case.pk if case else None)
    return issue
