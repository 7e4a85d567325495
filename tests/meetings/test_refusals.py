"""What an operation refuses, and with which reason, where no other test asks for it."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.utils import timezone

from agencies.models import Membership, SecretariatMember
from agencies.permissions import ActionDenied
from cases.models import Referral
from cases.operations import write_note
from meetings import operations as ops
from meetings.models import ItemGrant
from meetings.operations import carrying
from meetings.operations.carrying import CarryOutFacts
from meetings.operations.copies import Recipient
from plans import operations as plans
from tests import world as w
from tests.cases.pages import referred
from tests.meetings import situations as s
from tests.meetings.test_consent import draft, take_back
from tests.meetings.test_named import guest_of, on_paper
from tests.meetings.test_papers import LETTER, sent
from tests.owner import as_owner
from tests.plans.situations import facts, goals
from tests.plans.situations import item as plan_task

pytestmark = [pytest.mark.django_db, pytest.mark.database]
DAY = datetime.timedelta(days=1)


@pytest.fixture
def city():
    world = w.city()
    w.list_secretary(world, world.coordinator)
    return world


def refuses(reason, verb, *, by, **given):
    with w.act(by), pytest.raises(ActionDenied, match=reason):
        verb(by=by, **given)


def proposed(city, body="support", *, by=None, sitting=None, **more):
    by = by or city.coordinator
    given = {
        "sitting": sitting or s.make_sitting(city, body),
        "conference_type": city.conferences[body],
        "agenda_type": "watching" if body == "support" else "social_resources",
        "title": "地域のこと",
        "briefing": "概要",
        **more,
    }
    with w.act(by):
        return ops.propose_item(by=by, **given)


def not_proposed(city, reason, body="support", **more):
    with pytest.raises(ActionDenied, match=reason):
        proposed(city, body, **more)


def test_what_is_of_secrecy_alone_is_not_done_to_an_item_with_consent(city):
    by = city.coordinator
    item = s.consented_item(city, s.consented_household(city, "child"), "child")
    refuses("機関が参加します", ops.appoint, by=by, item=item, member=city.child)
    refuses("持ち出しはありません", ops.end_carry_out, by=by, item=item)
    refuses("守秘の議題だけです", ops.attach_earlier, by=by, item=item, earlier=item)
    refuses(
        "守秘の議題（106条の6）からだけ", ops.request_information,
        by=by, item=item, letter=LETTER, form_key=uuid.uuid4(),
    )  # fmt: skip
    refuses("保留になっている", ops.resume_item, by=by, item=item)
    with w.act(by):
        ops.withdraw_item(item=item, by=by)
    refuses("もう取り下げられません", ops.withdraw_item, by=by, item=item)


def test_an_item_with_consent_stands_on_what_its_proposer_sees(city):
    case, mother, _son, consent = referred(city)
    both = city.agencies["disability"], city.agencies["coordinator"]
    given = w.consent(city.elderly, mother, *both)
    sitting = s.make_sitting(city, "plan")
    item = proposed(
        city, "plan", by=city.disability, sitting=sitting, case=case, persons=[mother],
        participants=[city.agencies["disability"]],
    )  # fmt: skip
    not_proposed(city, "人を議題に載せることはできません", "plan", persons=[mother])
    not_proposed(city, "ではありません", sitting=sitting)
    refuses("主催機関と事務局だけ", ops.send_notice, by=headed(city), sitting=sitting)
    for one in (consent, given):
        take_back(city, one)
    refuses("見えない人がいます", ops.resume_item, by=city.disability, item=item)
    s.change(city, sitting, state="closed")
    with w.act(city.coordinator):
        sitting.refresh_from_db()
    refuses("この会議には間に合いません", ops.resume_item, by=city.disability, item=item)
    not_proposed(city, "もう議題を出せません", "plan", sitting=sitting)


def headed(city):
    """Runs conferences, for an agency that neither hosts nor is the secretariat."""
    return w.make_member(city.agencies["admin"], "office_head")


def test_a_plan_on_the_agenda_is_of_the_case_and_ripe(city):
    case, persons, plan = draft(city)
    other, _persons = w.household(city.coordinator)
    given = {"plan": plan, "persons": persons}
    not_proposed(
        city, "このケースのものを", "plan", agenda_type="plan_adequacy", case=other, **given
    )
    not_proposed(
        city, "この種別の議題にできません", "plan", agenda_type="closure_evaluation", case=case,
        **given,
    )  # fmt: skip


def test_who_may_not_read_the_plan_decides_nothing_on_it(city):
    by, office = city.elderly, city.agencies["coordinator"]
    case, persons = w.household(by, number=1)
    w.consent(by, persons[0], by.agency, office, categories=["basic", "progress"])
    with w.act(by):
        plan = plans.draft_plan(
            case=case, by=by, programme="coordination", persons=persons, facts=facts(),
            goals=goals(), items=[plan_task(by)],
        )  # fmt: skip
    item = proposed(
        city, "plan", by=by, agenda_type="plan_adequacy", case=case, persons=persons, plan=plan
    )
    s.opened(city, item.sitting, city.head)
    refuses(
        "プランを見られないため", ops.decide_item, by=city.head, item=item, decision="adequate",
        opinion="o", minutes="m",
    )  # fmt: skip


def test_a_sheet_with_consent_is_no_item_under_secrecy(city):
    case, _mother, _son, _consent = referred(city)
    with w.act(city.elderly):
        sheet = Referral.objects.visible_to(city.elderly).get(case=case)
    refuses(
        "本人同意なしで", ops.propose_from_referral, by=city.coordinator, referral=sheet,
        sitting=s.make_sitting(city, "support"), agenda_type="watching", title="t", briefing="b",
    )  # fmt: skip


def test_an_item_under_secrecy_without_a_case_takes_nothing_of_one(city):
    by = city.coordinator
    mine, persons = w.household(by)
    with w.act(by):
        note = write_note(case=mine, by=by, text="t", method="visit", persons=persons)
    other, _persons = w.household(by)
    not_proposed(city, "あなたが見られる記録から", case=other, materials=[note.record_id])
    item = proposed(city)
    earlier = s.secret_item(city)
    refuses("前の議題を付けられません", ops.attach_earlier, by=by, item=item, earlier=earlier)
    refuses("人を指名します", ops.change_participants, by=by, item=item, participants=[], version=1)
    s.opened(city, item.sitting)
    given = {"item": item, "by": by, "opinion": "o", "minutes": "m", "decision": "roles"}
    facts = CarryOutFacts("声をかける", [city.outreach], timezone.localdate() + DAY)
    refuses("ケースのない議題では、持ち出し", ops.decide_item, carry_out=facts, **given)
    refuses("明日からあとの日", ops.decide_item, next_review_on=timezone.localdate(), **given)


def test_a_carry_out_goes_to_people_of_this_city_who_read_cases(city):
    by, item = city.coordinator, s.secret_item(city)
    s.opened(city, item.sitting)
    for member in (city.sysadmin, w.city().outreach):
        facts = CarryOutFacts("声をかける", [member], timezone.localdate() + DAY)
        refuses(
            "いま所属のある支援者", ops.decide_item, by=by, item=item, decision="roles",
            opinion="o", minutes="m", carry_out=facts,
        )  # fmt: skip
    with w.act(city.outreach), pytest.raises(ActionDenied, match="変えられませんでした"):
        carrying._ask("select * from kasane.end_carry_out(%s)", item.pk)


def test_attendance_under_secrecy_is_of_somebody_of_this_item(city):
    by, item = city.coordinator, s.secret_item(city)
    elsewhere = on_paper(city, s.secret_item(city, sitting=s.make_sitting(city, "support")))
    refuses("会議を始めてから", ops.write_minutes, by=by, item=item, text="m", based_on=0)
    s.opened(city, item.sitting)
    for reason, given in (
        ("出欠を選んで", {"attendance": "late", "membership": by}),
        ("出席した人を選んで", {"attendance": "present"}),
        ("指名された人ではありません", {"attendance": "present", "person": elsewhere}),
    ):
        refuses(reason, ops.mark_attendance, by=by, item=item, **given)


def test_copies_and_letters_are_asked_for_whole(city, monkeypatch):
    by, item = city.coordinator, s.secret_item(city)
    for reason, paper, recipients in (
        ("印刷する資料を", "poster", [Recipient("事務局")]),
        ("だれの分を", "materials", []),
    ):
        refuses(
            reason, ops.print_copies, by=by, item=item, paper=paper, recipients=recipients,
            form_key=uuid.uuid4(),
        )  # fmt: skip
    monkeypatch.setattr("secrets.randbelow", lambda _n: 7)
    sent(city, item)
    with pytest.raises(ActionDenied, match="番号を付けられませんでした"):
        sent(city, item)


def test_a_pledge_is_given_once_while_it_stands(city):
    by, child, item = city.coordinator, city.child, s.secret_item(city)
    grant = s.appointed(city, item, child)
    refuses("すでに誓約して", ops.take_pledge, by=child, grant=grant)
    with w.act(by):
        ops.revoke_appointment(grant=grant, by=by)
    refuses("取り消されています", ops.take_pledge, by=child, grant=grant)
    again = s.appointed(city, item, child, pledged=False)
    with w.act(by):
        ops.withdraw_item(item=item, by=by)
    refuses("指名できません", ops.appoint, by=by, item=item, member=city.disability)
    s.change(city, item.sitting, state="closed")
    refuses("会議は終了しています", ops.take_pledge, by=child, grant=again)
    with w.act(child):
        assert ItemGrant.objects.get(pk=again.pk).pledged_at is None


def test_who_is_off_the_list_pledges_and_signs_in_no_more(city):
    by = city.coordinator
    item = s.secret_item(city, sitting=s.make_sitting(city, "support", days=1))
    person = on_paper(city, item)
    account, _guest = guest_of(city, item)
    refuses("ゲストのアカウントがありません", ops.renew_guest_password, by=by, person=person)
    for one in (person, account.person):
        with w.act(by):
            ops.revoke_person(person=one, by=by)
    refuses("取り消されています", ops.renew_guest_password, by=by, person=account.person)
    refuses(
        "取り消されています", ops.register_paper_pledge, by=by, person=person,
        pledged_on=timezone.localdate(),
    )  # fmt: skip
    secretary = w.make_member(city.agencies["coordinator"], "coordinator", user=city.head.user)
    w.list_secretary(city, secretary)
    refuses(
        "所属に切り替えて", ops.invite_guest, by=secretary, item=item, name="医野 薫",
        organisation="架空医院",
    )  # fmt: skip


def test_the_list_is_of_a_body_under_secrecy_and_of_this_year_or_the_next(city):
    head, body = city.head, city.conferences["support"]
    for reason, given in (
        ("今年度か来年度", {"conference_type": body, "fiscal_year": 2020}),
        ("にだけあります", {"conference_type": city.conferences["plan"]}),
        ("名簿に載せられません", {"conference_type": body, "member": silent(city)}),
    ):
        refuses(reason, ops.name_secretary, by=head, **{"member": city.coordinator, **given})
    other = w.make_member(city.agencies["admin"], "office_head")
    for verb, given in (
        (ops.name_secretary, {"conference_type": body, "member": city.coordinator}),
        (ops.end_secretary, {"entry": SecretariatMember.objects.get()}),
    ):
        refuses("主催する機関の長", verb, by=other, **given)
    entry = SecretariatMember.objects.get()
    refuses("もう誓約できません", ops.pledge_as_secretary, by=city.coordinator, entry=entry)
    with w.act(head):
        ops.end_secretary(entry=entry, by=head)
    refuses("すでに名簿から外れて", ops.end_secretary, by=head, entry=entry)


def silent(city) -> Membership:
    """Of the secretariat's agency, without reading cases."""
    return w.make_member(city.agencies["coordinator"], "system_administrator")


def test_only_a_body_of_today_is_called(city):
    body = city.conferences["plan"]
    body.ended_on = timezone.localdate()
    with as_owner():
        body.save()
    refuses(
        "いまの会議の一覧にありません", ops.call_ad_hoc, by=city.head, conference_types=[body],
        on=timezone.localdate(),
    )  # fmt: skip
