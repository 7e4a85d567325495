"""The verbs of the participation room: keep the register, match, follow up."""

from __future__ import annotations

import dataclasses
import datetime
import uuid

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.enums import Action
from agencies.models import Membership
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases.enums import Category, RecordKind
from cases.models import Case, Person
from cases.operations import write_record
from config.lib.eras import TOKYO
from participation import enums
from participation.models import FollowUp, Match, Resource
from participation.permissions import (
    check_can_follow_up,
    check_can_keep_register,
    check_can_match,
)
from participation.transitions import FIRST, may_become

NOT_SAVED = gettext_lazy("この記録は保存できませんでした。もう一度開いてください。")


@dataclasses.dataclass(frozen=True)
class ResourceFacts:
    """What is known of a host: nothing about a case."""

    name: str
    kind: str
    operator: str = ""
    area: str = ""
    note: str = ""


@dataclasses.dataclass(frozen=True)
class MatchFacts:
    """What a person begins, and what the host should bear in mind."""

    activity: str
    status: str = enums.MatchStatus.PROPOSED
    starts_on: datetime.date | None = None
    consideration: str = ""
    follow_up_on: datetime.date | None = None


def match_category(kind: str) -> Category:
    """The information category of a match: 就労 for work, else 支援経過."""
    return Category.WORK if kind == enums.ResourceKind.WORK else Category.PROGRESS


# --- register --------------------------------------------------------------------------------


@transaction.atomic
def add_resource(
    *, by: Membership, facts: ResourceFacts, form_key: uuid.UUID | None = None
) -> Resource:
    """社会資源を登録する. The same `form_key` adds it once."""
    check_can_keep_register(by)
    key = form_key or uuid.uuid4()
    row = Resource(
        municipality=by.municipality,
        added_by_agency_id=by.agency_id,
        form_key=key,
        **dataclasses.asdict(facts),
    )
    Resource.objects.bulk_create([row], ignore_conflicts=True)
    log_access(by, Action.WRITE, what="add_resource")
    return Resource.objects.visible_to(by).get(form_key=key)


@transaction.atomic
def change_resource(*, resource: Resource, by: Membership, facts: ResourceFacts) -> Resource:
    """Correct what is known of a host."""
    check_can_keep_register(by, resource)
    for name, value in dataclasses.asdict(facts).items():
        setattr(resource, name, value)
    resource.save(update_fields=list(dataclasses.asdict(facts)))
    log_access(by, Action.WRITE, what="change_resource")
    return resource


@transaction.atomic
def end_resource(*, resource: Resource, by: Membership, on: datetime.date) -> Resource:
    """受け入れを終えた: nobody new is matched; matches that stand, stand."""
    check_can_keep_register(by, resource)
    resource.ended_on = on
    resource.save(update_fields=["ended_on"])
    log_access(by, Action.WRITE, what="end_resource")
    return resource


# --- match -----------------------------------------------------------------------------------


def match(
    *,
    case: Case,
    person: Person,
    resource: Resource,
    by: Membership,
    facts: MatchFacts,
    form_key: uuid.UUID,
    happened_at: datetime.datetime | None = None,
) -> Match:
    """参加先とつなぐ: one person, one host. The same `form_key` matches once."""
    known = Match.objects.visible_to(by).filter(form_key=form_key).first()
    if known is not None:
        return known
    try:
        return _match(case, person, resource, by, facts, form_key, happened_at)
    except IntegrityError:
        known = Match.objects.visible_to(by).filter(form_key=form_key).first()
        if known is None:
            raise ActionDenied(str(NOT_SAVED)) from None
        return known


@transaction.atomic
def _match(
    case: Case,
    person: Person,
    resource: Resource,
    by: Membership,
    facts: MatchFacts,
    form_key: uuid.UUID,
    happened_at: datetime.datetime | None,
) -> Match:
    check_can_match(by, case)
    if person.case_id != case.pk:
        raise ActionDenied(_("このケースの世帯員ではありません。"))
    if person.is_deceased:
        raise ActionDenied(_("亡くなった方は、新しく参加先とつなげません。"))
    if resource.municipality_id != by.municipality.pk or resource.ended_on is not None:
        raise ActionDenied(
            _("この参加先は、受け入れを終えています。ほかの参加先を選んでください。")
        )
    if facts.status not in FIRST:
        raise ActionDenied(_("はじめの状態は、紹介中、見学・体験、参加中のどれかです。"))
    record = write_record(
        case=case,
        by=by,
        kind=RecordKind.MATCH,
        category=match_category(resource.kind),
        persons=[person],
        happened_at=happened_at,
    )
    row = Match(
        record=record,
        person=person,
        resource=resource,
        form_key=form_key,
        **dataclasses.asdict(facts),
    )
    row.save(force_insert=True)
    return row


def follow_up(
    *,
    match: Match,
    by: Membership,
    on: datetime.date,
    text: str,
    status_after: str,
    next_on: datetime.date | None = None,
    form_key: uuid.UUID | None = None,
) -> FollowUp:
    """フォロー: what was seen, what state it is in now, when one looks again."""
    key = form_key or uuid.uuid4()
    known = FollowUp.objects.visible_to(by).filter(form_key=key).first()
    if known is not None:
        return known
    try:
        return _follow_up(match, by, on, text, status_after, next_on, key)
    except IntegrityError:
        known = FollowUp.objects.visible_to(by).filter(form_key=key).first()
        if known is None:
            raise ActionDenied(str(NOT_SAVED)) from None
        return known


@transaction.atomic
def _follow_up(
    match: Match,
    by: Membership,
    on: datetime.date,
    text: str,
    status_after: str,
    next_on: datetime.date | None,
    form_key: uuid.UUID,
) -> FollowUp:
    # Whose it is stands in the envelope; only then the row may be locked.
    case = Case.objects.visible_to(by).get(pk=match.record.case_id)
    check_can_follow_up(by, match, case)
    locked = Match.objects.visible_to(by).select_for_update(of=("self",)).get(pk=match.pk)
    if not may_become(locked.status, status_after):
        raise ActionDenied(
            _("「%(before)s」から「%(after)s」には変えられません。")
            % {
                "before": locked.get_status_display(),
                "after": enums.MatchStatus(status_after).label,
            }
        )
    noon = datetime.datetime.combine(on, datetime.time(12), tzinfo=TOKYO)
    record = write_record(
        case=case,
        by=by,
        kind=RecordKind.FOLLOW_UP,
        category=match.record.category,
        persons=match.record.person_ids,
        happened_at=min(noon, timezone.now()),
    )
    row = FollowUp(
        record=record,
        match=locked,
        on=on,
        text=text,
        status_after=status_after,
        form_key=form_key,
    )
    row.save(force_insert=True)
    _move(locked, status_after, on, next_on)
    return row


def _move(match: Match, status: str, on: datetime.date, next_on: datetime.date | None) -> None:
    """The state after a follow-up, with the day it settled or ended."""
    if status == enums.MatchStatus.SETTLED and match.settled_on is None:
        match.settled_on = on
    if status == enums.MatchStatus.ENDED and match.ended_on is None:
        match.ended_on = on
    match.status, match.follow_up_on = status, next_on
    match.version += 1
    match.save(update_fields=["status", "follow_up_on", "settled_on", "ended_on", "version"])
