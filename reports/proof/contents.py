"""What stands in a drawn world's records, one text row for each kind, and the city's own rows."""

from __future__ import annotations

import datetime
from typing import Any

from agencies.models import ContactPoint, Indicator
from cases.enums import Category, RecordKind
from cases.models import (
    AssessmentSection,
    Attachment,
    AttachmentContent,
    CautionNote,
    Issue,
    MoveOut,
    MoveOutAnswer,
    Note,
    Record,
    Refiling,
    RiskAssessment,
    Tie,
)
from community.models import CommunityIssue, IssueSource, IssueStep, Place, PlaceEvent
from outreach.models import Visit
from participation.models import FollowUp, Match, Resource
from plans.models import Evaluation, Goal, Monitoring, Plan, PlanStep, SupportItem
from reports.models import Figure, IndicatorValue


def content_of(draw: Any, drawn: Any, record: Record) -> None:
    """The text row of a record; a kind that hangs on another (a plan, a match) becomes a note
    when there is none yet. Every second one has a version in its history (visits: below)."""
    make = KINDS[record.kind]
    row = make(draw, drawn, record)
    if row is None:
        record.kind = RecordKind.NOTE
        row = _note(draw, drawn, record)
    draw.put(row)
    if draw.chance(0.2):
        _attachment(draw, record)
    if isinstance(row, (Note, AssessmentSection)) and not record.carry_out_id and draw.chance(0.3):
        _refiling(draw, record)
    if hasattr(type(row), "history") and not isinstance(row, Visit) and draw.chance(0.5):
        version(draw, row)
    if draw.chance(0.1) and drawn.persons:
        version(draw, draw.rng.choice(drawn.persons))
    if draw.chance(0.1) and drawn.consents:
        version(draw, draw.rng.choice(drawn.consents))


def _attachment(draw: Any, record: Record) -> None:
    row = Attachment(
        id=draw.key(), record=record, name="写真.png", media_type="image/png", size=1,
        sha256=f"{draw.rng.getrandbits(256):064x}", author=record.author,
    )  # fmt: skip
    draw.put(row)
    draw.put(AttachmentContent(attachment=row, data=b"x"))


def _refiling(draw: Any, record: Record) -> None:
    """Moved to what it is now, ten days ago; versions lie before and after."""
    draw.put(
        Refiling(
            id=draw.key(), record=record,
            category_before=draw.rng.choice([c.value for c in Category]),
            audience_before=draw.rng.choice(["team", "team", "agency"]),
            category_after=record.category, audience_after=record.audience, reason="書き分け",
            by=record.author, at=draw.now - datetime.timedelta(days=10),
        )
    )  # fmt: skip


def visit_versions(draw: Any) -> None:
    """Drawn last, so that what was drawn before stays as it was."""
    for row in Visit.objects.using(draw.using).order_by("pk"):
        if draw.chance(0.5):
            version(draw, row)


def version(draw: Any, row: Any) -> None:
    model = type(row).history.model
    written = [f.attname for f in type(row)._meta.concrete_fields if not f.generated]
    values = {name: getattr(row, name) for name in written}
    at = draw.now - datetime.timedelta(days=draw.rng.choice([0, 20]))
    draw.put(model(history_date=at, history_type="~", **values))


def _note(draw: Any, drawn: Any, record: Record) -> Note:
    return Note(record=record, happened_at=record.happened_at, method="visit", text="訪問した")


def _issue(draw: Any, drawn: Any, record: Record) -> Issue:
    return Issue(record=record, issue_type="debt", noted_on=draw.today)


def _assessment(draw: Any, drawn: Any, record: Record) -> AssessmentSection:
    return AssessmentSection(record=record, situation="状況", assessed_on=draw.today)


def _caution(draw: Any, drawn: Any, record: Record) -> CautionNote:
    return CautionNote(record=record, kind="avoid", text="朝は避ける", noted_on=draw.today)


def _risk(draw: Any, drawn: Any, record: Record) -> RiskAssessment:
    return RiskAssessment(
        record=record, sheet="elder", answers={"elder-1-head": {"answer": "yes"}},
        assessed_on=draw.today, computed_level="red",
    )  # fmt: skip


def _plan(draw: Any, drawn: Any, record: Record) -> Plan:
    plan = Plan(
        record=record, programme="coordination", wishes="意向", aim="姿", starts_on=draw.today,
        ends_on=draw.today + datetime.timedelta(days=180), review_on=draw.today,
    )  # fmt: skip
    drawn.plan = plan
    draw.put(Goal(id=draw.key(), plan=plan, text="目標", target_on=draw.today))
    draw.put(
        SupportItem(
            id=draw.key(), plan=plan, content="支援", agency_id=record.author_agency_id,
            until=draw.today,
        )
    )  # fmt: skip
    draw.put(
        PlanStep(
            id=draw.key(), plan=plan, name="draft", from_status="", to_status="draft",
            by=record.author,
        )
    )  # fmt: skip
    return plan


def _monitoring(draw: Any, drawn: Any, record: Record) -> Monitoring | None:
    plan = getattr(drawn, "plan", None)
    return Monitoring(record=record, plan=plan, on=draw.today, text="確認") if plan else None


def _evaluation(draw: Any, drawn: Any, record: Record) -> Evaluation | None:
    plan = getattr(drawn, "plan", None)
    return Evaluation(record=record, plan=plan, on=draw.today, outcome="close") if plan else None


def _visit(draw: Any, drawn: Any, record: Record) -> Visit:
    return Visit(
        record=record, happened_at=record.happened_at, method="visit", result="absent",
        form_key=draw.key(),
    )  # fmt: skip


def _match(draw: Any, drawn: Any, record: Record) -> Match:
    resource = getattr(draw, "resource", None) or draw.put(
        Resource(
            id=draw.key(), municipality_id=draw.agencies[0].municipality_id, name="架空農園",
            kind="work", added_by_agency=draw.agencies[0],
        )
    )  # fmt: skip
    draw.resource = resource
    drawn.match = Match(
        record=record, person=drawn.persons[0], resource=resource, activity="体験",
        status="trial", form_key=draw.key(),
    )  # fmt: skip
    return drawn.match


def _follow_up(draw: Any, drawn: Any, record: Record) -> FollowUp | None:
    match = getattr(drawn, "match", None)
    if match is None:
        return None
    return FollowUp(record=record, match=match, on=draw.today, text="続いた", status_after="active")


def _source(draw: Any, drawn: Any, record: Record) -> IssueSource:
    issue = getattr(draw, "issue", None) or draw.put(
        CommunityIssue(
            id=draw.key(), municipality_id=draw.agencies[0].municipality_id, title="移動",
            text="移動の足がない", raised_by_agency=draw.agencies[0], form_key=draw.key(),
        )
    )  # fmt: skip
    draw.issue = issue
    return IssueSource(record=record, issue=issue)


def _tie(draw: Any, drawn: Any, record: Record) -> Tie:
    first, second = [*record.person_ids, None, None][:2]
    if second:
        return Tie(record=record, kind="bond", first_id=first, second_id=second, quality="strong")
    return Tie(record=record, kind="outside", first_id=first, name="架空医院", quality="plain")


def _move_out(draw: Any, drawn: Any, record: Record) -> MoveOut:
    row = MoveOut(
        record=record, to_municipality="架空県見本市", to_office="福祉課", to_phone="0",
        paper={"wish": "見守り"},
    )  # fmt: skip
    for key in record.person_ids:
        draw.put(
            MoveOutAnswer(
                id=draw.key(), move_out=row, person_id=key, answer="given", method="oral",
                given_on=draw.today, by=record.author, form_key=draw.key(),
            )
        )  # fmt: skip
    return row


KINDS = {
    "note": _note, "issue": _issue, "assessment": _assessment, "caution": _caution,
    "risk": _risk, "plan": _plan,
    "monitoring": _monitoring, "evaluation": _evaluation, "visit": _visit, "match": _match,
    "follow_up": _follow_up, "community_issue": _source, "tie": _tie, "move_out": _move_out,
}  # fmt: skip


def city_rows(draw: Any) -> None:
    """Rows of either city that name no case: places, gatherings, resources, figures."""
    for agency in (draw.agencies[0], draw.agencies[-1]):
        city = {"municipality_id": agency.municipality_id}
        indicator = Indicator.objects.using(draw.using).create(
            code="proof", label="指標", source="manual", **city
        )
        issue = draw.put(
            CommunityIssue(
                id=draw.key(), title="移動", text="足がない", raised_by_agency=agency,
                form_key=draw.key(), **city,
            )
        )  # fmt: skip
        draw.put(IssueStep(id=draw.key(), issue=issue, state="raised", by_agency=agency, **city))
        for index in range(10):
            place = draw.put(
                Place(id=draw.key(), name="サロン", kind="salon", added_by_agency=agency, **city)
            )
            draw.put(
                PlaceEvent(
                    id=draw.key(), place=place, on=draw.today, participants=9,
                    form_key=draw.key(), **city,
                )
            )  # fmt: skip
            draw.put(
                Resource(id=draw.key(), name="農園", kind="work", added_by_agency=agency, **city)
            )
            draw.put(
                Figure(id=draw.key(), fiscal_year=2020 + index, key="proof", value=index, **city)
            )
            draw.put(
                IndicatorValue(
                    id=draw.key(), indicator=indicator, fiscal_year=2020 + index, value=index,
                    entered_by=draw.members[0], **city,
                )
            )  # fmt: skip


def contact_points(draw: Any) -> None:
    """The directory of either city."""
    for agency in (draw.agencies[0], draw.agencies[-1]):
        draw.put(
            ContactPoint(
                id=draw.key(), municipality_id=agency.municipality_id, agency=agency,
                name="窓口", themes=["介護"], written_by=draw.members[0], form_key=draw.key(),
            )
        )  # fmt: skip
