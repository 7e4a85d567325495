"""The demo's conferences: an ad hoc sitting today for what is decided, the coming one for the rest.

Works for any city's bodies: a plan goes to the body that takes plans, with consent where that body
needs it and under 106条の6 where it is merged; what has no consent goes to the body under 106条の6.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from agencies.enums import AgendaType
from agencies.models import (
    Agency,
    ConferenceType,
    Membership,
    Municipality,
    SecretariatMember,
    StandingMember,
)
from agencies.opendays import open_days
from cases.models import CarryOut, Case, Person, Referral
from config.lib.acting import acting
from meetings.models import AgendaItem, ItemGrant, ItemPerson, Sitting
from meetings.operations import (
    CarryOutFacts,
    appoint,
    appoint_on_paper,
    call_ad_hoc,
    close_sitting,
    decide_item,
    mark_attendance,
    open_sitting,
    propose_from_referral,
    propose_item,
    register_paper_pledge,
    send_notice,
    take_pledge,
)
from meetings.permissions import agenda_types_of
from plans.models import Plan, SupportItem
from plans.operations import decide_plan, sign_plan


@dataclass
class Conference:
    """The office's side of the stories of one city."""

    city: Municipality
    members: dict[str, Membership]

    def bodies(self) -> list[ConferenceType]:
        found = ConferenceType.objects.filter(municipality=self.city, ended_on__isnull=True)
        return list(found.select_related("host", "secretariat").order_by("order"))

    def plan_body(self) -> ConferenceType:
        """The body that takes plans."""
        return next(b for b in self.bodies() if AgendaType.PLAN_ADEQUACY in agenda_types_of(b))

    def secret_body(self) -> ConferenceType:
        return next(body for body in self.bodies() if body.is_secret)

    def office(self, body: ConferenceType) -> Membership:
        """Who runs the body: a listed secretary of its agency, else whoever runs meetings."""
        wanted = body.secretariat_id or body.host_id
        for code in ("head", "coordinator"):
            if self.members[code].agency_id == wanted:
                return self.members[code]
        return self.members["coordinator"]

    def sitting(self, body: ConferenceType, *, today: bool) -> Sitting:
        """Today's ad hoc sitting of the body, or its next one."""
        by = self.office(body)
        day = timezone.localdate()
        with acting(by.pk):
            if not today:
                coming = (
                    Sitting.objects.visible_to(by)
                    .upcoming(day)
                    .filter(conference_types=body, is_ad_hoc=False)
                )
                found = coming.order_by("month", "on").first()
                if found is not None:
                    return found
                day = open_days(by.municipality).next(day + datetime.timedelta(days=14))
            return call_ad_hoc(
                by=by,
                conference_types=[body],
                on=day,
                starts_at=datetime.time(14, 0),
                place="市役所 会議室",
            )

    def propose_plan(self, plan: Plan, case: Case, *, today: bool = False) -> AgendaItem:
        """Put a plan before the body that takes plans, its role table's agencies around it."""
        body = self.plan_body()
        sitting = self.sitting(body, today=today)
        by = self.members["coordinator"]
        with acting(by.pk):
            persons = list(
                Person.objects.visible_to(by).filter(pk__in=plan.record.person_ids).in_order()
            )
            if self.city.signature == "required":
                sign_plan(plan=plan, by=by, on=timezone.localdate())
            roles = SupportItem.objects.visible_to(by).filter(plan=plan).values("agency_id")
            return propose_item(
                sitting=sitting,
                by=by,
                conference_type=body,
                agenda_type=AgendaType.PLAN_ADEQUACY,
                case=case,
                persons=persons,
                plan=plan,
                title=f"{persons[0].name.split()[0]} 世帯　プラン案（初回）",
                briefing=plan.problems,
                participants=list(Agency.objects.filter(pk__in=roles)),
            )

    def decide(self, item: AgendaItem, decision: str, *, opinion: str, minutes: str) -> None:
        """Notice, sitting, decision; and the agency's own decision where the city wants one."""
        body = item.conference_type
        by = self.members["coordinator"] if body.is_secret else self.office(body)
        if body.is_secret:
            self.appoint_mandatory(item, by)
        with acting(by.pk):
            send_notice(sitting=item.sitting, by=by)
            open_sitting(sitting=item.sitting, by=by)
            self.come(item, by)
            decide_item(item=item, by=by, decision=decision, opinion=opinion, minutes=minutes)
            close_sitting(sitting=item.sitting, by=by)
        if self.city.decided_by == "agency":
            head = self.members["head"]
            with acting(head.pk):
                plan = Plan.objects.visible_to(head).get(pk=item.plan_id)
                decide_plan(plan=plan, by=head, note="会議の結果のとおり決定")

    def appoint_mandatory(self, item: AgendaItem, by: Membership) -> None:
        """Somebody of each agency that has to be there; on paper where nobody signs in for it."""
        members = StandingMember.objects.filter(
            conference_type=item.conference_type, is_mandatory=True, agency__isnull=False
        )
        for agency in [row.agency for row in members.select_related("agency")]:
            assert agency is not None  # noqa: S101 - asked for
            found = [m for m in self.members.values() if m.agency_id == agency.pk]
            if by in found or self.listed(item, found):
                continue
            with acting(by.pk):
                if not found:
                    person = appoint_on_paper(
                        item=item, by=by, name="架空 守", organisation=agency.name
                    )
                    register_paper_pledge(person=person, by=by, pledged_on=timezone.localdate())
                    continue
                grant = appoint(item=item, by=by, member=found[0])
            with acting(found[0].pk):
                take_pledge(grant=grant, by=found[0])

    def listed(self, item: AgendaItem, members: list[Membership]) -> list[Membership]:
        """Those of them who are on the body's list: there without being appointed."""
        entries = SecretariatMember.objects.filter(conference_type=item.conference_type)
        keys = set(entries.values_list("membership_id", flat=True))
        return [member for member in members if member.pk in keys]

    def come(self, item: AgendaItem, by: Membership) -> None:
        """Everybody who was asked is there."""
        if not item.is_secret:
            for agency in Agency.objects.filter(pk__in=item.participant_ids):
                mark_attendance(item=item, by=by, attendance="present", agency=agency)
            return
        for member in self.listed(item, list(self.members.values())):
            mark_attendance(item=item, by=by, attendance="present", membership=member)
        for grant in ItemGrant.objects.filter(content_object=item, pledged_at__isnull=False):
            mark_attendance(item=item, by=by, attendance="present", membership=grant.membership)
        for person in ItemPerson.objects.filter(item=item, pledged_on__isnull=False):
            mark_attendance(item=item, by=by, attendance="present", person=person)

    def propose_sealed(
        self, sheet: Referral, agenda_type: str, *, appoint_codes: list[str]
    ) -> AgendaItem:
        """A sheet that came without consent, before today's sitting under 106条の6."""
        body = self.secret_body()
        sitting = self.sitting(body, today=True)
        by = self.members["coordinator"]
        with acting(by.pk):
            sheet = Referral.objects.visible_to(by).get(pk=sheet.pk)
            item = propose_from_referral(
                referral=sheet,
                sitting=sitting,
                by=by,
                agenda_type=agenda_type,
                title="仮名沢地区　気になる世帯",
                briefing=sheet.summary,
            )
            grants: list[ItemGrant] = [
                appoint(item=item, by=by, member=self.members[code]) for code in appoint_codes
            ]
            send_notice(sitting=sitting, by=by)
        for grant, code in zip(grants, appoint_codes, strict=True):
            member = self.members[code]
            with acting(member.pk):
                take_pledge(grant=grant, by=member)
        return item

    def decide_sealed(
        self, item: AgendaItem, step: dict[str, Any], *, until: datetime.date
    ) -> CarryOut:
        """The decision under secrecy, with what may leave the room and who carries it."""
        by = self.members["coordinator"]
        self.appoint_mandatory(item, by)
        with acting(by.pk):
            open_sitting(sitting=item.sitting, by=by)
            self.come(item, by)
            decided = decide_item(
                item=item,
                by=by,
                decision=step["decision"],
                opinion=step["opinion"],
                minutes=step["minutes"],
                carry_out=CarryOutFacts(
                    text=step["carry_out"],
                    members=[self.members[code] for code in step["carry_to"]],
                    review_on=until,
                ),
            )
            close_sitting(sitting=item.sitting, by=by)
            assert decided.carry_out is not None  # noqa: S101 - just decided
            return decided.carry_out
