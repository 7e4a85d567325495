"""Plays a story's steps through the operations, each as the person who would do it.

What cannot be done through an operation cannot be in the demo. Dates are counted back from today,
so the demo stays as fresh as the day it is loaded.
"""

from __future__ import annotations

import datetime
import tomllib
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.utils import timezone

from agencies.enums import Action, AgendaType
from agencies.models import Agency, ConferenceType, Membership, Municipality
from agencies.operations.directory import ContactPointFacts, add_contact_point
from agencies.trail import log_access
from cases.enums import CONSENTABLE, RequestKind
from cases.models import CarryOut, Case, Consultation, Person, Record
from cases.moveouts import Choice, offered
from cases.operations import (
    RiskDecision,
    RiskFacts,
    accept_referral,
    add_issue,
    add_person,
    answer_move_out,
    ask_to_read,
    assess,
    assess_risk,
    cancel_move_out,
    decide_risk,
    finish_consultation,
    keep_template,
    make_case,
    prepare_move_out,
    receive_move_out,
    record_consent,
    refer,
    report_result,
    return_referral,
    send_move_out,
    solve_issue,
    take_consultation,
    write_caution,
    write_note,
    write_tie,
)
from cases.operations.case import PersonFacts
from cases.operations.consent import ConsentTerms
from cases.operations.consultation import ConsultationFacts
from cases.operations.ties import TieFacts
from community.operations import (
    IssueFacts,
    PlaceFacts,
    add_place,
    raise_issue,
    record_event,
)
from config.demo.conference import Conference
from config.lib.acting import acting
from outreach.operations import VisitFacts, log_visit
from participation.operations import (
    MatchFacts,
    ResourceFacts,
    add_resource,
    follow_up,
    match,
)
from plans.models import Plan
from plans.operations import GoalFacts, ItemFacts, PlanFacts, draft_plan

STORIES = Path(__file__).parent / "stories"
Step = dict[str, Any]
TIE_WORDS = ("nature", "quality", "flow", "name", "resource")


def days(count: int) -> datetime.date:
    """The day `count` days from today (negative: ago), Asia/Tokyo."""
    return timezone.localdate() + datetime.timedelta(days=count)


def ago(step: Step) -> datetime.datetime:
    """The step's moment: some time of a working day, `days_ago` days back."""
    moment = timezone.now() - datetime.timedelta(days=step.get("days_ago", 0))
    return moment if not step.get("days_ago") else moment.replace(hour=2, minute=30)


def answered(step: Step) -> dict[str, dict[str, str]]:
    """A step's answers: `yes`, `no`, `unknown` list codes, each with a word after a colon."""
    found = {}
    for answer in ("yes", "no", "unknown"):
        for entry in step.get(answer, []):
            code, _colon, word = entry.partition(":")
            found[code] = {"answer": answer, "word": word}
    return found


def stories(city: Municipality) -> list[dict[str, Any]]:
    """The story files for a city: the common ones, and those that name it."""
    found = []
    for path in sorted(STORIES.glob("*.toml")):
        story = tomllib.loads(path.read_text(encoding="utf-8"))
        if story.get("city", city.code) == city.code:
            found.append(story)
    return found


@dataclass
class Player:
    """One household's story in one city: what has come to be so far, by name."""

    city: Municipality
    members: dict[str, Membership]
    conference: Conference
    case: Case | None = None
    consultation: Consultation | None = None
    persons: dict[str, Person] = field(default_factory=dict)
    plans: dict[str, Plan] = field(default_factory=dict)
    carry_out: CarryOut | None = None
    sheet: Any = None

    def play(self, step: Step) -> None:
        """Do one step."""
        actions: dict[str, Callable[[Step], None]] = {
            "consultation": self.take,
            "consent": self.consent,
            "refer": self.refer,
            "note": self.note,
            "assess": self.assess,
            "caution": self.caution,
            "issue": self.issue,
            "risk": self.risk,
            "plan": self.plan,
            "propose": self.propose,
            "conference": self.decide,
            "sealed_item": self.seal,
            "visit": self.visit,
            "match": self.match,
            "person": self.person,
            "tie": self.tie,
            "move_out": self.move_out,
        }
        actions[step["do"]](step)

    def opened(self) -> Case:
        assert self.case is not None, "the story opens a case first"  # noqa: S101
        return self.case

    def named(self, step: Step) -> list[Person]:
        return [self.persons[label] for label in step.get("persons", [])]

    def take(self, step: Step) -> None:
        by = self.members[step["by"]]
        persons = [
            PersonFacts(
                name=p.get("name", ""),
                name_kana=p.get("kana", ""),
                birth_on=datetime.date.fromisoformat(p["birth"]) if "birth" in p else None,
                birth_year=p.get("birth_year"),
                is_age_estimated=p.get("estimated", False),
                sex=p.get("sex", ""),
                relation=p.get("relation", ""),
                phone=p.get("phone", ""),
                address=p.get("address", ""),
            )
            for p in step["persons"]
        ]
        facts = ConsultationFacts(
            mode=step["mode"],
            route=step["route"],
            complaint=step["complaint"],
            urgency=step["urgency"],
            is_anonymous=step.get("anonymous", False),
            visitor_name=step.get("visitor", ""),
            visitor_relation=step.get("visitor_relation", ""),
            received_at=ago(step),
        )
        with acting(by.pk):
            self.consultation = take_consultation(
                by=by,
                facts=facts,
                persons=persons,
                issues=step["issues"],
                primary_issue=step["primary"],
            )
            if step.get("finish"):
                finish_consultation(consultation=self.consultation, by=by, screening=step["finish"])
            elif step.get("make_case", True):
                self.case = make_case(consultation=self.consultation, by=by)
                found = Person.objects.visible_to(by).filter(case=self.case)
                self.persons = {person.label: person for person in found}

    def person(self, step: Step) -> None:
        """A further person of the household."""
        by = self.members[step["by"]]
        dates: dict[str, Any] = {
            name: datetime.date.fromisoformat(step[key])
            for name, key in (("birth_on", "birth"), ("died_on", "died"))
            if key in step
        }
        facts = PersonFacts(
            name=step["name"],
            name_kana=step["kana"],
            sex=step["sex"],
            relation=step.get("relation", ""),
            is_cohabiting=step.get("home", False),
            is_deceased="died" in step,
            **dates,
        )
        with acting(by.pk):
            found = add_person(case=self.opened(), by=by, facts=facts)
        self.persons[found.label] = found

    def tie(self, step: Step) -> None:
        """What ties two persons, or one of them (or the household) to what is around."""
        by = self.members[step["by"]]
        words = {name: step[name] for name in TIE_WORDS if name in step}
        with acting(by.pk):
            write_tie(
                case=self.opened(),
                by=by,
                kind=step["kind"],
                facts=TieFacts(**words),
                first=self.persons.get(step.get("first", "")),
                second=self.persons.get(step.get("second", "")),
            )

    def consent(self, step: Step) -> None:
        by = self.members[step["by"]]
        until = step.get("until_days")
        named = [self.members[code] for code in step.get("to", [])]
        agencies = {member.agency_id: member.agency for member in named}
        with acting(by.pk):
            record_consent(
                person=self.persons[step["person"]],
                by=by,
                terms=ConsentTerms(
                    answer=step.get("answer", "given"),
                    given_on=days(-step.get("days_ago", 0)),
                    until=days(until) if until else None,
                    categories=[str(category) for category in CONSENTABLE],
                    covers_household=step.get("household", False),
                    purpose="世帯の支援のための情報共有",
                    method="proxy" if "proxy" in step else "signed",
                    proxy_name=step.get("proxy", ""),
                    proxy_power=step.get("proxy_power", ""),
                    agencies=[agency for agency in agencies.values() if agency is not None],
                ),
            )

    def refer(self, step: Step) -> None:
        by, mode = self.members[step["by"]], step["mode"]
        receiver = self.members[step.get("to", "head")]
        if mode == "consent" and receiver.agency_id == by.agency_id:
            return  # in this city one agency does both: nothing leaves it
        secret = ConferenceType.objects.filter(
            municipality=self.city, bases__contains=["106-6"], ended_on__isnull=True
        ).first()
        with acting(by.pk):
            self.sheet = refer(
                case=self.opened(),
                by=by,
                mode=mode,
                reason=step["reason"],
                summary=step["summary"],
                persons=self.named(step),
                to_agency=receiver.agency if mode == "consent" else None,
                to_conference_type=secret if mode == "secrecy" else None,
            )
        with acting(receiver.pk):
            log_access(
                receiver,
                Action.OPEN,
                what="referral_detail",
                basis=mode,
                case_id=self.opened().pk,
                record_ids=[self.sheet.pk],
            )
            if step.get("accept"):
                accept_referral(referral=self.sheet, by=receiver)
                if "result" in step:
                    report_result(referral=self.sheet, by=receiver, text=step["result"])
            elif step.get("returned"):
                return_referral(referral=self.sheet, by=receiver, reason=step["returned"])

    def note(self, step: Step) -> None:
        by = self.members[step["by"]]
        with acting(by.pk):
            note = write_note(
                case=self.opened(),
                by=by,
                text=step["text"],
                method=step["method"],
                category=step.get("category", "progress"),
                persons=self.named(step),
                audience=step.get("audience", "team"),
                happened_at=ago(step),
                with_whom=step.get("with_whom", ""),
                place=step.get("place", ""),
                next_step=step.get("next", ""),
                next_due_on=days(step["next_days"]) if "next_days" in step else None,
                next_for=by if "next" in step else None,
            )
            for code in step.get("show", []):
                self.show(note.record, by, self.members[code])

    def show(self, record: Record, by: Membership, to: Membership) -> None:
        """供覧 within the agency; to another, a notice."""
        is_own = to.agency_id == by.agency_id
        ask_to_read(
            record=record,
            by=by,
            people=[to],
            kind=RequestKind.CIRCULATION if is_own else RequestKind.MENTION,
            batch=uuid.uuid4(),
        )

    def assess(self, step: Step) -> None:
        by = self.members[step["by"]]
        with acting(by.pk):
            assess(
                case=self.opened(),
                by=by,
                category=step["category"],
                situation=step.get("situation", ""),
                strengths=step.get("strengths", ""),
                answers=answered(step),
                persons=self.named(step),
                assessed_on=days(-step.get("days_ago", 0)),
            )

    def caution(self, step: Step) -> None:
        by = self.members[step["by"]]
        with acting(by.pk):
            write_caution(
                case=self.opened(),
                by=by,
                kind=step["kind"],
                text=step["text"],
                persons=self.named(step),
                noted_on=days(-step.get("days_ago", 0)),
            )

    def issue(self, step: Step) -> None:
        by = self.members[step["by"]]
        with acting(by.pk):
            issue = add_issue(
                case=self.opened(),
                by=by,
                issue_type=step["type"],
                person=next(iter(self.named(step)), None),
                noted_on=days(-step["days_ago"]),
                note=step.get("note", ""),
            )
            if "solved_days_ago" in step:
                solve_issue(issue=issue, by=by, on=days(-step["solved_days_ago"]))

    def risk(self, step: Step) -> None:
        by, on = self.members[step["by"]], days(-step.get("days_ago", 0))
        facts = RiskFacts(
            sheet=step["sheet"], answers=answered(step), assessed_on=on, text=step.get("text", "")
        )
        with acting(by.pk):
            risk = assess_risk(
                case=self.opened(), by=by, person=self.persons[step["person"]], facts=facts
            )
            if "level" in step:
                decision = RiskDecision(
                    step["level"], on, step["deciders"], step.get("override", "")
                )
                decide_risk(risk=risk, by=by, version=risk.version, decision=decision)

    def move_out(self, step: Step) -> None:
        """A paper for another municipality, with all that may be told; who agreed, and how far it
        has come."""
        by = self.members[step["by"]]
        told = self.named(step)
        with acting(by.pk):
            known = {person.pk: person for person in self.persons.values()}
            items = offered(by, self.opened(), known, {person.pk for person in told})
            paper = prepare_move_out(
                case=self.opened(),
                by=by,
                choice=Choice(
                    municipality=step["municipality"],
                    office=step["office"],
                    phone=step["phone"],
                    moves_on=days(step["moves_days"]),
                    persons=told,
                    wish=step["wish"],
                    words=step.get("words", ""),
                    records={item.key for item in items},
                    contacts=True,
                ),
            )
            for label, answer in step["answers"].items():
                answer_move_out(
                    paper=paper,
                    by=by,
                    person=self.persons[label],
                    answer=answer,
                    given_on=days(0),
                )
            if "cancelled" in step:
                cancel_move_out(paper=paper, by=by, reason=step["cancelled"])
            elif "received" in step:
                gone = send_move_out(paper=paper, by=by, on=days(0), how="post")
                receive_move_out(paper=gone, by=by, on=days(0), who=step["received"])

    def plan(self, step: Step) -> None:
        by = self.members[step["by"]]
        with acting(by.pk):
            self.plans[step["name"]] = draft_plan(
                case=self.opened(),
                by=by,
                programme=step["programme"],
                persons=self.named(step),
                facts=PlanFacts(
                    wishes=step["wishes"],
                    aim=step["aim"],
                    problems=step.get("problems", ""),
                    starts_on=days(0),
                    ends_on=days(step["months"] * 30),
                    review_on=days(step["review_days"]),
                    links_outreach=step.get("outreach", False),
                    links_participation=step.get("participation", False),
                ),
                goals=[GoalFacts(text=g["text"], target_on=days(g["days"])) for g in step["goals"]],
                items=[
                    ItemFacts(
                        goal=i["goal"] - 1,
                        content=i["content"],
                        agency=self.members[i["agency"]].agency_id or 0,
                        worker=i.get("worker", ""),
                        frequency=i.get("frequency", ""),
                        until=days(i["days"]),
                    )
                    for i in step["items"]
                ],
            )

    def propose(self, step: Step) -> None:
        self.conference.propose_plan(self.plans[step["plan"]], self.opened())

    def decide(self, step: Step) -> None:
        item = self.conference.propose_plan(self.plans[step["plan"]], self.opened(), today=True)
        self.conference.decide(
            item, step["decision"], opinion=step["opinion"], minutes=step["minutes"]
        )

    def seal(self, step: Step) -> None:
        item = self.conference.propose_sealed(
            self.sheet, AgendaType.INFORMATION_SHARING, appoint_codes=step["appoint"]
        )
        self.carry_out = self.conference.decide_sealed(item, step, until=days(step["review_days"]))

    def visit(self, step: Step) -> None:
        by = self.members[step["by"]]
        with acting(by.pk):
            log_visit(
                by=by,
                case=None if step.get("carried") else self.opened(),
                carry_out=self.carry_out if step.get("carried") else None,
                persons=self.named(step),
                form_key=uuid.uuid4(),
                facts=VisitFacts(
                    method=step["method"],
                    result=step["result"],
                    happened_at=ago(step),
                    met_whom=step.get("met_whom", ""),
                    text=step["text"],
                    next_on=days(step["next_days"]) if "next_days" in step else None,
                ),
            )

    def match(self, step: Step) -> None:
        by = self.members[step["by"]]
        with acting(by.pk):
            resource = add_resource(
                by=by, facts=ResourceFacts(name=step["resource"], kind=step["kind"])
            )
            made = match(
                case=self.opened(),
                by=by,
                person=self.persons[step["person"]],
                resource=resource,
                facts=MatchFacts(
                    activity=step["activity"],
                    status="trial",
                    starts_on=days(-step["days_ago"]),
                    follow_up_on=days(9),
                ),
                form_key=uuid.uuid4(),
            )
            follow_up(match=made, by=by, on=days(-1), text=step["follow_up"], status_after="active")


PHRASES = {
    "定期訪問": "【事実】\n体調：\n食事・睡眠：\n【意見】\n\n【要望】\n本人のことば：",
    "電話の取りつぎ": "電話の相手：\n用件：\n折り返し：",
}


def keep_phrases(members: dict[str, Membership]) -> None:
    """定型文 of the manager's agency."""
    by = members["manager"]
    with acting(by.pk):
        for name, text in PHRASES.items():
            keep_template(by=by, name=name, text=text)


def play_community(members: dict[str, Membership], story: dict[str, Any]) -> None:
    """Places, what happened there, and the issues raised."""
    by = members["community"]
    with acting(by.pk):
        for entry in story.get("place", []):
            facts = PlaceFacts(name=entry["name"], kind=entry["kind"], area=entry["area"])
            place = add_place(by=by, facts=facts)
            for event in entry["events"]:
                record_event(
                    by=by,
                    place=place,
                    on=days(-event["days_ago"]),
                    participants=event["participants"],
                    organisations=event["organisations"],
                )
        for entry in story.get("community_issue", []):
            words = IssueFacts(title=entry["title"], text=entry["text"], area=entry["area"])
            raise_issue(by=by, facts=words)


def play_directory(members: dict[str, Membership], story: dict[str, Any]) -> None:
    """だれに聞くか, as the office has begun it."""
    by = members["coordinator"]
    agencies = {name: Agency.objects.get(pk=one.agency_id) for name, one in members.items()}
    with acting(by.pk):
        for entry in story.get("contact_point", []):
            facts = ContactPointFacts(
                name=entry["name"],
                themes=tuple(entry["themes"]),
                agency=agencies.get(entry.get("agency", "")),
                section=entry.get("section", ""),
                areas=tuple(entry.get("areas", [])),
                phone=entry.get("phone", ""),
                hours=entry.get("hours", ""),
                is_helpdesk=entry.get("is_helpdesk", False),
                note=entry.get("note", ""),
            )
            add_contact_point(by=by, facts=facts, form_key=uuid.uuid4())
