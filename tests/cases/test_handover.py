"""担当替え and 引継書 (V14): who looks after a case, what a worker leaves, all of it or nothing."""

from __future__ import annotations

import datetime
import re

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from agencies.home import home_context
from agencies.models import AccessLog, Membership, Notice
from agencies.operations import end_membership
from agencies.permissions import ActionDenied
from cases import enums
from cases.disclosures import emergency_grounds
from cases.models import Case, CaseWorker
from cases.operations import (
    accept_referral,
    close_case,
    refer,
    withdraw_consent,
    write_note,
)
from cases.operations.emergency import EmergencyFacts, open_emergency
from cases.operations.handover import StaleHandover, hand_over, without_worker
from tests import world as w
from tests.owner import as_owner
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.database]

DAY = datetime.timedelta(days=1)


@pytest.fixture
def city():
    world = w.city()
    world.members["manager"] = w.make_member(world.agencies["elderly"], "agency_manager")
    return world


def charge_of(case, agency):
    with as_owner():
        found = CaseWorker.objects.filter(case=case, agency=agency, ended_at=None)
        return [row.membership for row in found]


def shared(city):
    """A household of the elderly centre that the disability centre helps."""
    case, (person, _other) = w.household(city.elderly)
    consent = w.consent(city.elderly, person, city.agencies["disability"])
    with w.act(city.elderly):
        sheet = refer(
            case=case,
            by=city.elderly,
            mode=enums.ReferralMode.CONSENT,
            to_agency=city.agencies["disability"],
            persons=[person],
            reason="連携",
            summary="概要",
        )
    with w.act(city.disability):
        accept_referral(referral=sheet, by=city.disability)
    return case, consent


# --- who looks after a case ---------------------------------------------------------------------


def test_who_takes_a_case_or_accepts_a_sheet_looks_after_it(city):
    case, _consent = shared(city)
    assert charge_of(case, city.agencies["elderly"]) == [city.elderly]
    assert charge_of(case, city.agencies["disability"]) == [city.disability]


def test_worker_is_known_to_their_agency_and_the_responsible_one(city):
    case, _consent = shared(city)
    with as_owner():
        helper = CaseWorker.objects.filter(case=case, membership=city.disability)
        own = CaseWorker.objects.filter(case=case, membership=city.elderly)
        assert (len(helper), len(own)) == (1, 1)
    with w.act(city.elderly):
        rows = CaseWorker.objects.visible_to(city.elderly).filter(case=case)
        assert {r.membership_id for r in rows} == {city.elderly.pk, city.disability.pk}
        assert CaseWorker.objects.filter(case=case).count() == 2
    with w.act(city.disability):
        rows = CaseWorker.objects.visible_to(city.disability).filter(case=case)
        assert {r.membership_id for r in rows} == {city.disability.pk}
        assert CaseWorker.objects.filter(case=case).count() == 1
    for stranger in (city.child, city.admin, city.sysadmin, city.privacy):
        with w.act(stranger):
            assert not CaseWorker.objects.visible_to(stranger).exists()
            assert not CaseWorker.objects.exists()


def test_database_refuses_a_worker_of_another_agency_and_taking_up_an_ended_charge(city):
    case, _consent = shared(city)
    for by, agency, worker in [
        (city.elderly, "elderly", city.child),
        (city.elderly, "disability", city.disability),
        (city.child, "child", city.child),
    ]:
        with w.act(by), pytest.raises(DatabaseError), transaction.atomic():
            CaseWorker.objects.bulk_create(
                [
                    CaseWorker(
                        case=case, agency=city.agencies[agency], membership=worker, named_by=by
                    )
                ]
            )
    with w.act(city.manager):
        hand_over(by=city.manager, leaving=city.elderly, cases={case.pk: city.elderly2}, tasks={})
    with w.act(city.elderly), pytest.raises(DatabaseError), transaction.atomic():
        CaseWorker.objects.filter(membership=city.elderly).update(ended_at=None)


# --- handing over -------------------------------------------------------------------------------


def test_all_of_a_workers_cases_go_in_one_transaction_and_are_told(city):
    cases = [w.household(city.elderly, number=1)[0] for _index in range(3)]
    to = {cases[0].pk: city.elderly2, cases[1].pk: city.elderly2, cases[2].pk: city.manager}
    with w.act(city.manager):
        assert hand_over(by=city.manager, leaving=city.elderly, cases=to, tasks={}) == 3
        told = Notice.objects.filter(kind="handover", membership=city.manager)
        assert [n.title for n in told] == ["担当替えで、ケース1件を引き継ぎました"]
    for case in cases:
        assert charge_of(case, city.agencies["elderly"]) == [to[case.pk]]
    with as_owner():
        lines = AccessLog.objects.filter(what="hand_over", case_id__in=to)
        assert lines.count() == 3


def test_stale_page_changes_nothing(city):
    first, second = (w.household(city.elderly, number=1)[0] for _index in range(2))
    with w.act(city.elderly):
        close_case(case=second, by=city.elderly, reason="終わり")
    with w.act(city.manager), pytest.raises(StaleHandover, match="何も変えていません"):
        hand_over(
            by=city.manager,
            leaving=city.elderly,
            cases={first.pk: city.elderly2, second.pk: city.elderly2},
            tasks={},
        )
    assert charge_of(first, city.agencies["elderly"]) == [city.elderly]


@pytest.mark.parametrize(
    ("who", "words"),
    [("elderly", "役割では"), ("head", "自分の機関の人だけ"), ("disability", "役割では"),
     ("sysadmin", "役割では")],
)  # fmt: skip
def test_only_the_agencys_manager_hands_over(city, who, words):
    case, _persons = w.household(city.elderly)
    by = city.members[who]
    with w.act(by), pytest.raises(ActionDenied, match=words):
        hand_over(by=by, leaving=city.elderly, cases={case.pk: city.elderly2}, tasks={})


@pytest.mark.parametrize("who", ["disability", "privacy", "ended", "elderly"])
def test_successor_works_in_the_same_agency_today(city, who):
    case, _persons = w.household(city.elderly)
    until = timezone.localdate() - DAY
    ended = w.make_member(city.agencies["elderly"], "consultation_worker", until=until)
    to = ended if who == "ended" else city.members[who]
    with w.act(city.manager), pytest.raises(ActionDenied, match="いまこの機関で働いている人"):
        hand_over(by=city.manager, leaving=city.elderly, cases={case.pk: to}, tasks={})


def test_case_left_by_its_agency_is_nobodys_to_hand_over(city):
    case, consent = shared(city)
    manager = w.make_member(city.agencies["disability"], "agency_manager")
    other = w.make_member(city.agencies["disability"], "consultation_worker")
    with w.act(city.disability):
        write_note(
            case=case, by=city.disability, text="電話した", method="phone", persons=[consent.person]
        )
    with w.act(city.elderly):
        withdraw_consent(consent=consent, by=city.elderly, reason="本人の申し出")
    with w.act(manager), pytest.raises(StaleHandover):
        hand_over(by=manager, leaving=city.disability, cases={case.pk: other}, tasks={})


def test_cases_without_a_worker_are_found_and_given(city):
    case, _persons = w.household(city.elderly)
    with as_owner():
        CaseWorker.objects.all().delete()
    with w.act(city.manager):
        assert list(without_worker(city.manager)) == [case]
        hand_over(by=city.manager, leaving=None, cases={case.pk: city.elderly2}, tasks={})
        with pytest.raises(StaleHandover):
            hand_over(by=city.manager, leaving=None, cases={case.pk: city.elderly2}, tasks={})
    assert charge_of(case, city.agencies["elderly"]) == [city.elderly2]


# --- the end of a membership --------------------------------------------------------------------


def test_manager_is_told_what_a_leaving_worker_still_holds(city):
    w.household(city.elderly)
    with w.act(city.sysadmin):
        end_membership(
            membership=city.elderly, by=city.sysadmin, on=timezone.localdate() + 10 * DAY
        )
    with w.act(city.manager):
        lines = home_context(city.manager)["sections"]["waiting"]
    assert [(line.title, line.url) for line in lines] == [
        (
            f"{city.elderly.user}の担当ケース1件を引き継ぐ",
            reverse("handover_new", args=[city.elderly.pk]),
        )
    ]
    with w.act(city.elderly2):
        assert not home_context(city.elderly2)["sections"]["waiting"]


def test_open_emergency_ends_with_the_membership(city):
    case, _persons = w.household(city.elderly)
    with w.act(city.child):
        ground = emergency_grounds(city.agencies["child"], timezone.localdate())[0]
        facts = EmergencyFacts("life", ground, "電話の声が途切れて返事がない", number=case.number)
        assert open_emergency(by=city.child, facts=facts) is not None
        assert Case.objects.filter(pk=case.pk).exists()
    with w.act(city.sysadmin):
        end_membership(membership=city.child, by=city.sysadmin)
    with w.act(city.child):
        assert not Case.objects.filter(pk=case.pk).exists()


# --- pages --------------------------------------------------------------------------------------


def fields(page):
    return re.findall(r'<select name="((?:case|task)_[^"]+)"', page)


def test_april_in_one_post_with_exceptions(client, city):
    cases = [w.household(city.elderly, number=1)[0] for _index in range(4)]
    sign_in(client, city.manager)
    url = reverse("handover_new", args=[city.elderly.pk])
    page = client.get(url).content.decode()
    data = dict.fromkeys(fields(page), "")
    assert len(data) == 4
    response = client.post(url, data)
    assert response.status_code == 422
    assert "まとめて選ぶか、1件ずつ" in response.content.decode()
    data[f"case_{cases[0].pk}"] = str(city.manager.pk)
    data[f"case_{cases[1].pk}"] = "keep"
    response = client.post(url, {**data, "everybody": str(city.elderly2.pk)}, follow=True)
    assert "ケース3件、仕事0件を引き継ぎました。" in response.content.decode()
    now = [charge_of(case, city.agencies["elderly"])[0] for case in cases]
    assert now == [city.manager, city.elderly, city.elderly2, city.elderly2]
    again = client.post(url, {**data, "everybody": str(city.elderly2.pk)})
    assert again.status_code == 422
    assert "何も変えていません" in again.content.decode()
    sign_in(client, city.elderly2)
    mine = client.get(reverse("case_list"), {"mine": "worker"}).content.decode()
    assert [case.number in mine for case in cases] == [False, False, True, True]


def test_all_kept_or_a_stranger_chosen_is_said(client, city):
    case, _persons = w.household(city.elderly)
    sign_in(client, city.manager)
    url = reverse("handover_new", args=[city.elderly.pk])
    response = client.post(url, {f"case_{case.pk}": "keep", "everybody": str(city.elderly2.pk)})
    assert "1件は引き継ぐ人を選んでください。" in response.content.decode()
    response = client.post(url, {f"case_{case.pk}": str(city.child.pk)})
    assert response.status_code == 422
    assert "表示された中から選んでください。" in response.content.decode()
    foreign = reverse("handover_new", args=[city.child.pk])
    assert client.get(foreign).status_code == 404


def test_case_page_names_workers_and_the_sheet_is_logged_per_case(client, city):
    case, consent = shared(city)
    with w.act(city.elderly):
        write_note(
            case=case,
            by=city.elderly,
            text="週に一度訪ねる約束",
            method="visit",
            persons=[consent.person],
        )
    sign_in(client, city.elderly2)
    page = client.get(reverse("case_detail", args=[case.pk])).content.decode()
    assert str(city.elderly.user) in page
    assert str(city.disability.user) in page
    paper = client.get(reverse("handover_print", args=[city.elderly.pk])).content.decode()
    assert case.number in paper
    assert "週に一度訪ねる約束" in paper
    with as_owner():
        line = AccessLog.objects.filter(what="handover_print", case_id=case.pk)
        assert {(x.action, x.membership_id) for x in line} == {("print", city.elderly2.pk)}
        assert any(consent.person_id in x.record_ids for x in line)
    sign_in(client, city.disability)
    page = client.get(reverse("case_detail", args=[case.pk])).content.decode()
    assert str(city.elderly.user) not in page
    assert client.get(reverse("handover_print", args=[city.elderly.pk])).status_code == 404
    one = client.get(reverse("case_handover_print", args=[case.pk])).content.decode()
    assert "週に一度" in one  # covered by the consent, for the helper's own handover
    sign_in(client, city.child)
    assert client.get(reverse("case_handover_print", args=[case.pk])).status_code == 404


def test_list_shows_everybody_and_what_they_hold(client, city):
    w.household(city.elderly)
    with as_owner():
        Membership.objects.filter(pk=city.elderly.pk).update(until=timezone.localdate() - DAY)
    sign_in(client, city.manager)
    page = client.get(reverse("handover_list")).content.decode()
    assert page.index(str(city.elderly.user)) < page.index(str(city.elderly2.user))
    assert "終わった所属" in page
    assert str(city.head.user) not in page
    sign_in(client, city.head)
    assert client.get(reverse("handover_new", args=[city.elderly.pk])).status_code == 404
