"""What an operation refuses, and with which reason, where no other test asks for it."""

from __future__ import annotations

import dataclasses
import datetime
import uuid

import pytest
from django.urls import reverse
from django.utils import timezone

from agencies.models import LegalBasis
from agencies.permissions import ActionDenied
from cases import operations as ops
from cases.models import Case, Consent, Issue, Person, Record, Referral, Transfer
from cases.operations import consent as consents
from cases.operations import consultation as intake
from cases.operations.case import PersonFacts
from cases.operations.consent import ConsentTerms
from cases.operations.consentterms import How
from cases.permissions import check_can_answer_transfer, check_can_refile
from tests import world as w
from tests.cases.pages import get, note, page, referred, text
from tests.cases.test_disclosures import facts as disclosed
from tests.cases.test_disclosures import ground, runs
from tests.cases.test_emergency import facts as danger
from tests.cases.test_emergency import opened
from tests.cases.test_households import change
from tests.cases.test_intake import take
from tests.cases.test_shield import in_a_year, in_force
from tests.cases.test_transfer import sent

pytestmark = [pytest.mark.django_db, pytest.mark.database]
DAY = datetime.timedelta(days=1)
TODAY = timezone.localdate


@pytest.fixture
def city():
    return w.city()


def refuses(words, verb, /, *, by, **given):
    with w.act(by), pytest.raises(ActionDenied, match=words):
        verb(by=by, **given)


def test_a_consent_says_to_whom_until_when_and_by_whom(city):
    _case, (mother, _son) = w.household(city.elderly)
    given = ConsentTerms(
        answer="given", given_on=TODAY() - 10 * DAY, categories=w.ALL, method="signed",
        agencies=[city.agencies["elderly"]],
    )  # fmt: skip
    for reason, changed in (
        ("期限が過ぎています", {"until": TODAY() - DAY}),
        ("相手となる機関か会議", {"agencies": []}),
        ("代理人の氏名と", {"method": "proxy", "proxy_power": "成年後見人"}),
    ):
        terms = dataclasses.replace(given, **changed)
        refuses(reason, ops.record_consent, by=city.elderly, person=mother, terms=terms)


def test_a_consent_is_renewed_forward_and_a_refusal_is_not_narrowed(city, monkeypatch):
    by = city.elderly
    _case, mother, son, given = referred(city)
    how = How(given_on=TODAY() - DAY, until=None, method="signed")
    refuses("前の同意より前", ops.renew_consent, by=by, consent=given, how=how)
    refused = w.consent(by, son, answer="refused")
    terms = ConsentTerms(answer="given", given_on=TODAY())
    refuses("狭めることも更新することも", ops.narrow_consent, by=by, consent=refused, terms=terms)
    refuses(
        "「同意を記録する」ことはできません",
        ops.attach_scans,
        by=city.admin,
        consent=given,
        files=[],
    )

    def ended_meanwhile(locked, by):
        rows = Consent.objects.filter(pk=locked.pk)
        rows.update(withdrawn_at=timezone.now(), withdrawn_by=by)
        return set()

    later = w.consent(by, mother, city.agencies["disability"])
    with w.act(by):
        given.refresh_from_db()
    refuses("すでに終わっています", ops.narrow_consent, by=by, consent=given, terms=terms)
    monkeypatch.setattr(consents, "close_out", ended_meanwhile)
    refuses("すでに撤回", ops.withdraw_consent, by=by, consent=later, reason="本人の希望")


def test_a_sheet_goes_elsewhere_about_somebody_and_is_answered_once(city):
    case, mother, _son, _given = referred(city)
    by, given = city.elderly, {"case": case, "reason": "r", "summary": "s"}
    own, other = city.agencies["elderly"], city.agencies["disability"]
    for reason, more in (
        ("自分の機関へは", {"mode": "consent", "to_agency": own, "persons": [mother]}),
        ("つなぐ人を選んで", {"mode": "consent", "to_agency": other}),
        ("106条の6の支援会議の事務局だけ", {"mode": "secrecy"}),
        ("106条の6の支援会議の事務局だけ",
         {"mode": "secrecy", "to_conference_type": city.conferences["plan"]}),
    ):  # fmt: skip
        refuses(reason, ops.refer, by=by, **given, **more)
    with w.act(by):
        answered = Referral.objects.get(case=case)
        waiting = ops.refer(by=by, mode="consent", to_agency=other, persons=[mother], **given)
    refuses("すでに返事が", ops.accept_referral, by=city.disability, referral=answered)
    refuses("自分の機関が送った", ops.return_referral, by=by, referral=waiting, reason="r")


def test_a_record_moves_only_where_it_may(city):
    by = city.elderly
    case, mother, _son, _given = referred(city)
    with w.act(by):
        record = Record.objects.get(pk=note(by, case, "記録", [mother]))
        for reason, changed in (
            ("この種類には移せません", {"category": "plan"}),
            ("移す理由", {"category": "health", "reason": ""}),
        ):
            given = {"category": "progress", "audience": "team", "reason": "r", **changed}
            refuses(reason, ops.refile_record, by=by, record=record, **given)
        for reason, changed in (
            ("持ち出しの記録は", {"carry_out_id": record.pk}),
            ("移せるのは、支援経過記録", {"kind": "visit"}),
            ("通告者の情報は", {"category": "notifier"}),
        ):
            other = Record.objects.select_related("case").get(pk=record.pk)
            vars(other).update(changed)
            with pytest.raises(ActionDenied, match=reason):
                check_can_refile(by, other)


def test_a_problem_is_solved_once_and_a_person_corrected_by_its_agency(city):
    case, mother, _son, _given = referred(city)
    with w.act(city.elderly):
        issue = ops.add_issue(case=case, by=city.elderly, issue_type="debt")
        ops.solve_issue(issue=Issue.objects.get(pk=issue.pk), by=city.elderly, on=TODAY())
        issue = Issue.objects.select_related("record__case").get(pk=issue.pk)
    refuses("すでに解消", ops.solve_issue, by=city.elderly, issue=issue, on=TODAY())
    with w.act(city.disability):
        seen = Person.objects.select_related("case").get(pk=mother.pk)
    refuses(
        "書いた機関と主担当機関", ops.change_person, by=city.disability, person=seen,
        facts=PersonFacts(name="別の名"), version=seen.version,
    )  # fmt: skip


def test_a_consultation_is_settled_once_and_among_the_persons_of_its_case(client, city):
    by, taken = city.elderly, take(client, city)
    case, _persons = w.household(by)
    _other, (stranger, _second) = w.household(by)
    with w.act(by):
        (part,) = taken.persons.all()
    refuses(
        "このケースの世帯員から", ops.add_to_case, by=by, consultation=taken, case=case,
        matched={part.pk: stranger},
    )  # fmt: skip
    with w.act(by):
        ops.finish_consultation(consultation=taken, by=by, screening="information")
        with pytest.raises(ActionDenied, match="すでに処理が終わって"):
            intake._settle(taken, case)


def test_a_disclosure_by_statute_names_the_statute(city):
    case, (mother, _son) = w.household(city.elderly)
    runs(city.agencies["elderly"], "direct")
    by = type(city.elderly).objects.with_names().get(pk=city.elderly.pk)
    refuses(
        "その法令と条文", ops.record_disclosure, by=by, case=case,
        facts=disclosed([mother], ground=ground("city-law")), form_key=uuid.uuid4(),
    )  # fmt: skip


def test_an_emergency_is_told_with_its_ground_and_looked_into_by_others(city):
    case, _persons = w.household(city.elderly)
    strange = LegalBasis.objects.get(code="106-6")
    for reason, changed in (
        ("10文字以上", {"reason": "倒れた"}),
        ("その根拠は", {"ground": strange}),
    ):
        told = danger(city, number=case.number, **changed)
        refuses(reason, ops.open_emergency, by=city.child, facts=told)
    row = opened(city, case)
    review = {"emergency": row, "finding": "justified"}
    refuses("分かったことを", ops.review_emergency, by=city.privacy, review=" ", **review)
    own = w.make_member(city.agencies["privacy"], "privacy_officer", user=city.child.user)
    refuses("別の人が点検", ops.review_emergency, by=own, review="確かめた", **review)
    with w.act(city.privacy):
        ops.end_emergency(emergency=row, by=city.privacy)
    refuses("もう開いていません", ops.end_emergency, by=city.privacy, emergency=row)
    shown = text(get(city.sysadmin, reverse("emergency_list")), 403)
    assert "緊急閲覧の記録を見ることはできません" in shown


def test_households_change_by_whole_and_different_people(city):
    by = city.elderly
    case, mother, son, _given = referred(city)
    other, (mama, _papa) = w.household(by)
    for reason, kind, persons in (
        ("引きつぐ世帯員がいません", "merged", {}),
        ("もう一つのケースの世帯員から", "merged", {mother: son, son: None}),
        ("二人に同じ人", "merged", {mother: mama, son: mama}),
    ):
        with pytest.raises(ActionDenied, match=reason):
            change(by, case, kind, persons, to=other)


def test_a_case_is_transferred_by_its_agency_once_and_to_another(city):
    by, elsewhere = city.elderly, city.agencies["disability"]
    case, mother, son, _given = referred(city)
    given = {"case": case, "reason": "r"}
    refuses(
        "移管できるのは主担当機関", ops.transfer_case, by=city.disability,
        to_agency=city.agencies["child"], **given,
    )  # fmt: skip
    refuses("主担当機関自身へは", ops.transfer_case, by=by, to_agency=by.agency, **given)
    w.consent(by, son, elsewhere)
    transfer = sent(city, case)
    refuses("すでに依頼して", ops.transfer_case, by=by, to_agency=elsewhere, **given)
    with w.act(city.disability):
        seen = Transfer.objects.get(pk=transfer.pk)
        with pytest.raises(ActionDenied, match="依頼した機関です"):
            check_can_answer_transfer(city.disability, seen, is_sender=True)
    with w.act(by):
        ops.cancel_transfer(transfer=seen, by=by)
        with pytest.raises(ActionDenied, match="依頼は、すでに終わって"):
            ops.cancel_transfer(transfer=seen, by=by)
        for person in Person.objects.filter(case=case):
            gone = PersonFacts(name=person.name, is_deceased=True)
            ops.change_person(person=person, by=by, facts=gone, version=person.version)
        case = Case.objects.get(pk=case.pk)
    refuses("移管できる世帯員がいません", ops.transfer_case, by=by, to_agency=elsewhere, **given)
    assert mother.case_id == case.pk


def test_a_shield_is_lifted_by_proposal_and_then_is_over(city):
    by, other = city.elderly, city.elderly2
    _case, (mother, _son) = w.household(by)
    shield = in_force(city, mother)
    for words, verb in (
        ("すでに確認されたか", ops.confirm_shield),
        ("確認の前の提案だけ", ops.take_back_shield),
        ("解除の提案はありません", ops.cancel_lift),
        ("解除の提案はありません", ops.lift_shield),
    ):
        refuses(words, verb, by=by, shield=shield)
    with w.act(by):
        ops.propose_lift(shield=shield, by=by, reason="転居した")
    refuses("提案した人とは別の", ops.lift_shield, by=by, shield=shield)
    refuses("すでに提案されて", ops.propose_lift, by=other, shield=shield, reason="r")
    with w.act(other):
        ops.lift_shield(shield=shield, by=other)
    refuses("いま働いていません", ops.propose_lift, by=by, shield=shield, reason="r")
    refuses("すでに終わって", ops.extend_shield, by=by, shield=shield, expires_on=in_a_year())
    _case, seen, _unseen, _given = referred(city)
    refuses(
        "主担当機関と、この人を書いた機関", ops.propose_shield, by=city.disability, person=seen,
        ground="abuse", expires_on=in_a_year(), confirmer=other,
    )  # fmt: skip


def test_only_a_case_of_others_is_given_back(city):
    manager = w.make_member(city.agencies["elderly"], "agency_manager")
    case, _persons = w.household(city.elderly)
    shown = text(get(manager, reverse("recertification_give_back", args=[case.pk])), 403)
    assert "同意で開いているほかの機関のケース" in shown
    refuses("同意で開いているほかの機関のケース", ops.give_back, by=manager, case=case)
    shared, _mother, _son, _given = referred(city)
    refuses(
        "終えられるのは、主担当機関です", ops.end_unconfirmed, by=city.disability, case=shared,
        agency=city.agencies["disability"],
    )  # fmt: skip
    shown = text(get(city.elderly, reverse("recertification_overview")), 403)
    assert "機関ごとの確認のようすを見ることはできません" in shown
    assert page(city.elderly, case).status_code == 200
