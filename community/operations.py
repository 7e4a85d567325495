"""The verbs of the community room: places, events, issues and who takes them on."""

from __future__ import annotations

import dataclasses
import datetime
import uuid

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.enums import Action
from agencies.models import Committee, Membership
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases.enums import Audience, Category, RecordKind
from cases.models import Case
from cases.operations import write_record
from cases.operations.case import persons_by_key
from community import enums
from community.models import CommunityIssue, IssueSource, IssueStep, Place, PlaceEvent
from community.permissions import check_can_raise_from, check_can_record
from community.transitions import may_become
from community.wording import names_case, names_somebody


@dataclasses.dataclass(frozen=True)
class PlaceFacts:
    """What is known of a place."""

    name: str
    kind: str
    area: str = ""
    operator: str = ""
    opened_on: datetime.date | None = None


@dataclasses.dataclass(frozen=True)
class IssueFacts:
    """An issue of the community, worded so that nobody can be recognised."""

    title: str
    text: str
    area: str = ""
    raised_on: datetime.date = dataclasses.field(default_factory=timezone.localdate)


# --- places ----------------------------------------------------------------------------------


@transaction.atomic
def add_place(*, by: Membership, facts: PlaceFacts, form_key: uuid.UUID | None = None) -> Place:
    """拠点を加える. The same `form_key` adds it once."""
    check_can_record(by)
    key = form_key or uuid.uuid4()
    row = Place(
        municipality=by.municipality,
        added_by_agency_id=by.agency_id,
        form_key=key,
        **dataclasses.asdict(facts),
    )
    Place.objects.bulk_create([row], ignore_conflicts=True)
    log_access(by, Action.WRITE, what="add_place")
    return Place.objects.visible_to(by).get(form_key=key)


@transaction.atomic
def change_place(*, place: Place, by: Membership, facts: PlaceFacts) -> Place:
    """Correct what is known of a place."""
    check_can_record(by, place)
    if place.ended_on and facts.opened_on and facts.opened_on > place.ended_on:
        raise ActionDenied(_("開いた日は、終えた日より前の日付を入れてください。"))
    for name, value in dataclasses.asdict(facts).items():
        setattr(place, name, value)
    place.save(update_fields=list(dataclasses.asdict(facts)))
    log_access(by, Action.WRITE, what="change_place")
    return place


@transaction.atomic
def end_place(*, place: Place, by: Membership, on: datetime.date) -> Place:
    """The place has closed; what happened there stays."""
    check_can_record(by, place)
    if place.opened_on and on < place.opened_on:
        raise ActionDenied(_("終えた日は、開いた日からあとの日付を入れてください。"))
    place.ended_on = on
    place.save(update_fields=["ended_on"])
    log_access(by, Action.WRITE, what="end_place")
    return place


@transaction.atomic
def record_event(
    *,
    place: Place,
    by: Membership,
    on: datetime.date,
    participants: int,
    organisations: int = 0,
    note: str = "",
    form_key: uuid.UUID | None = None,
) -> PlaceEvent:
    """開催を記録する: how many came, how many bodies took part. The same `form_key` counts once."""
    check_can_record(by, place)
    if (place.opened_on and on < place.opened_on) or (place.ended_on and on > place.ended_on):
        raise ActionDenied(_("この日は、拠点が開いている間の日付ではありません。"))
    key = form_key or uuid.uuid4()
    row = PlaceEvent(
        municipality_id=place.municipality_id,
        place=place,
        on=on,
        participants=participants,
        organisations=organisations,
        note=note,
        form_key=key,
    )
    PlaceEvent.objects.bulk_create([row], ignore_conflicts=True)
    log_access(by, Action.WRITE, what="record_event")
    return PlaceEvent.objects.visible_to(by).get(form_key=key)


# --- issues ----------------------------------------------------------------------------------


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
        written = f"{facts.title}\n{facts.text}\n{facts.area}"
        if names_somebody(written, persons.values()) or names_case(written, case.number):
            raise ActionDenied(
                _(
                    "この世帯の人の名前かケース番号が入っています。地域課題は市のみんなが読むので、"
                    "だれのことか分からない書き方に直してください。"
                )
            )
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
    _step(issue, by, note="")
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


@transaction.atomic
def move_issue(
    *,
    issue: CommunityIssue,
    by: Membership,
    to: str,
    committee: Committee | None = None,
    note: str = "",
) -> CommunityIssue:
    """Pass it to a committee, take it on, settle it; each change leaves a step."""
    check_can_record(by, issue)
    locked = CommunityIssue.objects.visible_to(by).select_for_update().get(pk=issue.pk)
    if not may_become(locked.state, to):
        raise ActionDenied(
            _("「%(before)s」から「%(after)s」には変えられません。")
            % {"before": locked.get_state_display(), "after": enums.IssueState(to).label}
        )
    if to == enums.IssueState.PASSED:
        if committee is None and not note:
            raise ActionDenied(_("どの協議体・委員会へ渡したかを、選ぶか書いてください。"))
        if committee is not None and committee.municipality_id != locked.municipality_id:
            raise ActionDenied(_("この市の委員会から選んでください。"))
        locked.committee = committee
    locked.state = to
    locked.save(update_fields=["state", "committee"])
    _step(locked, by, note=note)
    log_access(by, Action.WRITE, what="move_issue")
    return locked


def _step(issue: CommunityIssue, by: Membership, *, note: str) -> None:
    IssueStep(
        municipality_id=issue.municipality_id,
        issue=issue,
        state=issue.state,
        committee=issue.committee if issue.state == enums.IssueState.PASSED else None,
        note=note,
        by_agency_id=by.agency_id,
    ).save(force_insert=True)
