"""A small year to count: rows on both sides of 3/31 and 4/1 in Asia/Tokyo, written by the people
who may write them, with the dates a test needs."""

from __future__ import annotations

import datetime
import itertools
import uuid
from dataclasses import dataclass

from django.utils import timezone

from agencies.enums import SystemName
from agencies.tasks import system_membership
from cases.models import Case, Consultation, Person, Record, Referral
from community.models import CommunityIssue, Place, PlaceEvent
from config.lib.eras import TOKYO
from meetings.models import AgendaItem, ItemAttendance, Sitting
from outreach.models import Visit
from participation.models import FollowUp, Match, Resource
from plans.models import Evaluation, Plan, PlanStep
from reports.figures import count_year
from tests import world as w

YEAR = 2025
_keys = itertools.count(1)

ANSWERED = {"state", "answered_at", "answered_by", "answer_reason"}


def at(day: str, clock: str = "10:00") -> datetime.datetime:
    """An instant of a day in Asia/Tokyo."""
    return datetime.datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=TOKYO)


def on(day: str) -> datetime.date:
    return datetime.date.fromisoformat(day)


# The last and the first minute of the year, and the ones just outside it.
BEFORE, FIRST = at("2025-03-31", "23:59"), at("2025-04-01", "00:00")
LAST, AFTER = at("2026-03-31", "23:59"), at("2026-04-01", "00:00")


def statistics():
    return w.act(system_membership(SystemName.STATISTICS))


def counts(city: w.World, year: int = YEAR) -> dict[tuple[str, str], float]:
    """Every figure of the year, as plain numbers."""
    with statistics():
        return {key: float(value) for key, value in count_year(city.city, year).items()}


@dataclass
class Year:
    """Writes rows of one city."""

    world: w.World

    def consultation(self, when: datetime.datetime, by: str = "elderly", **more) -> Consultation:
        member = self.world.members[by]
        values = {
            "mode": "with_consent",
            "route": "person_visit",
            "complaint": "架空の相談",
            "urgency": "low",
            **more,
        }
        with w.act(member):
            row = Consultation(
                agency_id=member.agency_id,
                taken_by=member,
                received_at=when,
                form_key=uuid.uuid4(),
                **values,
            )
            row.save(force_insert=True)
        return row

    def household(self, by: str = "elderly", number: int = 2) -> tuple[Case, list[Person]]:
        return w.household(self.world.members[by], number=number)

    def referral(self, case, when, *, by="elderly", to="", conference="", mode="notification", **m):
        member = self.world.members[by]
        with w.act(member):
            row = Referral(
                case=case,
                mode=mode,
                from_agency_id=member.agency_id,
                sent_by=member,
                sent_at=when,
                to_agency=self.world.agencies[to] if to else None,
                to_conference_type=self.world.conferences[conference] if conference else None,
                reason="架空の理由",
                summary="架空の内容",
                legal_ground="架空法第1条" if mode == "notification" else "",
                form_key=uuid.uuid4(),
                **{k: v for k, v in m.items() if k not in ANSWERED},
            )
            row.save(force_insert=True)
            # A sheet is sent first and answered later, here as there.
            for name in ANSWERED & m.keys():
                setattr(row, name, m[name])
            row.save(update_fields=sorted(ANSWERED & m.keys()) or ["state"])
        return row

    def record(self, case, when, by, kind, persons=(), category="plan") -> Record:
        """An envelope; the caller acts as its author."""
        row = Record(
            case=case,
            kind=kind,
            category=category,
            person_ids=[p.pk for p in persons],
            is_household=not persons,
            author_agency_id=by.agency_id,
            author=by,
            happened_at=when,
            written_at=when,
        )
        row.save(force_insert=True)
        return row

    def plan(
        self,
        case,
        programme,
        *,
        by="elderly",
        written,
        sequence=1,
        steps=(),
        status="draft",
        step="x",
    ):
        """`steps`: (from, to, instant) in order; `step`: what they are called."""
        member = self.world.members[by]
        decided = next((when for _from, to, when in steps if to == "in_force"), None)
        with w.act(member):
            plan = Plan(
                record=self.record(case, written, member, "plan"),
                programme=programme,
                sequence=sequence,
                wishes="架空の意向",
                aim="架空の姿",
                starts_on=on("2025-04-01"),
                ends_on=on("2026-03-31"),
                review_on=on("2025-10-01"),
                status=status,
                decided_at=decided,
                decided_by=member if decided else None,
            )
            plan.save(force_insert=True)
            for before, after, when in steps:
                row = PlanStep(
                    plan=plan, name=step, from_status=before, to_status=after, by=member, at=when
                )
                row.save(force_insert=True)
        return plan

    def evaluation(self, plan, day, changes, outcome="close", by="elderly"):
        member = self.world.members[by]
        with w.act(member):
            record = self.record(plan.record.case, timezone.now(), member, "evaluation")
            row = Evaluation(record=record, plan=plan, on=on(day), changes=changes, outcome=outcome)
            row.save(force_insert=True)
        return row

    def sitting(self, day, *conferences, state="closed", is_ad_hoc=False) -> Sitting:
        with w.act(self.world.coordinator):
            row = Sitting(
                municipality=self.world.city,
                due_key=f"{self.world.city.code}/{next(_keys)}",
                month=on(day).replace(day=1),
                on=on(day),
                state=state,
                is_ad_hoc=is_ad_hoc,
            )
            row.save(force_insert=True)
            row.conference_types.set([self.world.conferences[name] for name in conferences])
        return row

    def item(self, sitting, conference, agenda, *, case=None, state="decided", decision="adequate"):
        member = self.world.coordinator
        is_secret = conference == "support"
        with w.act(member):
            row = AgendaItem(
                sitting=sitting,
                conference_type=self.world.conferences[conference],
                agenda_type=agenda,
                basis="secrecy" if is_secret else "consent",
                case_id=case.pk if case else None,
                title="架空の議題",
                proposed_by=member,
                proposing_agency_id=member.agency_id,
                state=state,
                decision=decision if state == "decided" else "",
                decided_at=timezone.now() if state == "decided" else None,
                decided_by=member if state == "decided" else None,
            )
            row.save(force_insert=True)
        return row

    def attended(self, item, attendance="present", agency="", member="", name=""):
        with w.act(self.world.coordinator):
            row = ItemAttendance(
                item=item,
                attendance=attendance,
                agency=self.world.agencies[agency] if agency else None,
                membership=self.world.members[member] if member else None,
                name=name,
            )
            row.save(force_insert=True)

    def visit(self, case, when, result="absent", persons=(), method="visit", by="outreach"):
        member = self.world.members[by]
        with w.act(member):
            record = self.record(case, when, member, "visit", persons, "progress")
            row = Visit(
                record=record, happened_at=record.happened_at, method=method, result=result,
                form_key=uuid.uuid4(),
            )  # fmt: skip
            row.save(force_insert=True)
        return row

    def resource(self, kind="work", added_at=FIRST, ended_on=None) -> Resource:
        member = self.world.participation
        with w.act(member):
            row = Resource(
                municipality=self.world.city,
                name="架空作業所",
                kind=kind,
                added_by_agency_id=member.agency_id,
                added_at=added_at,
                ended_on=ended_on,
            )
            row.save(force_insert=True)
        return row

    def match(self, case, person, resource, when, status="proposed", **days) -> Match:
        member = self.world.participation
        with w.act(member):
            record = self.record(case, when, member, "match", [person], "progress")
            row = Match(
                record=record,
                person_id=person.pk,
                resource=resource,
                activity="架空の活動",
                status=status,
                form_key=uuid.uuid4(),
                **{name: on(day) for name, day in days.items()},
            )
            row.save(force_insert=True)
        return row

    def follow_up(self, match, day, status_after="active"):
        member = self.world.participation
        with w.act(member):
            record = self.record(match.record.case, timezone.now(), member, "follow_up")
            row = FollowUp(
                record=record, match=match, on=on(day), text="架空", status_after=status_after
            )
            row.save(force_insert=True)

    def place(self, kind="salon", area="架空地区", opened="", ended="") -> Place:
        member = self.world.community
        with w.act(member):
            row = Place(
                municipality=self.world.city,
                name="架空サロン",
                kind=kind,
                area=area,
                opened_on=on(opened) if opened else None,
                ended_on=on(ended) if ended else None,
                added_by_agency_id=member.agency_id,
            )
            row.save(force_insert=True)
        return row

    def event(self, place, day, participants=0, organisations=0):
        with w.act(self.world.community):
            row = PlaceEvent(
                municipality=self.world.city,
                place=place,
                on=on(day),
                participants=participants,
                organisations=organisations,
                form_key=uuid.uuid4(),
            )
            row.save(force_insert=True)

    def community_issue(self, day, state="raised"):
        member = self.world.community
        with w.act(member):
            row = CommunityIssue(
                municipality=self.world.city,
                title="架空の課題",
                text="架空",
                state=state,
                raised_on=on(day),
                raised_by_agency_id=member.agency_id,
                form_key=uuid.uuid4(),
            )
            row.save(force_insert=True)
