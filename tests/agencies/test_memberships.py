"""Memberships (V11, V14): made by the administrator, confirmed or refused by the agency's own
manager, ended; told to the privacy officer; by nobody for themselves. The trigger says it again."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from agencies.home import home_context
from agencies.models import AccessLog, Membership, Notice, Role, User
from agencies.operations import (
    BadMembership,
    confirm_membership,
    create_membership,
    end_membership,
    refuse_membership,
    usable_memberships,
)
from agencies.permissions import ActionDenied
from cases.models import Case
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


@pytest.fixture
def newcomer():
    with as_owner():
        return User.objects.create_user("newcomer", password="x", display_name="架空 新人")


def make(city, user, agency="elderly", role="consultation_worker", **more):
    with w.act(city.sysadmin):
        return create_membership(
            user=user,
            agency=city.agencies[agency],
            role=Role.objects.get(key=role),
            by=city.sysadmin,
            **more,
        )


def today():
    return timezone.localdate()


def test_new_membership_works_only_after_the_agencys_manager_confirms(city, newcomer):
    row = make(city, newcomer)
    assert usable_memberships(newcomer) == []
    with w.act(city.manager):
        confirm_membership(membership=row, by=city.manager)
    assert usable_memberships(newcomer) == [row]
    row.refresh_from_db()
    assert row.confirmed_by == city.manager
    whats = AccessLog.objects.filter(record_ids=[row.pk]).order_by("id")
    with w.act(city.privacy):
        assert list(whats.values_list("what", flat=True)) == [
            "create_membership",
            "confirm_membership",
        ]


def test_refused_membership_never_works_and_another_may_be_made(city, newcomer):
    row = make(city, newcomer)
    with w.act(city.manager):
        refuse_membership(membership=row, by=city.manager, reason="別の人の登録の誤り")
        with pytest.raises(ActionDenied, match="確認を待っていません"):
            confirm_membership(membership=Membership.objects.get(pk=row.pk), by=city.manager)
    assert usable_memberships(newcomer) == []
    assert make(city, newcomer).pk != row.pk


@pytest.mark.parametrize("who", ["head", "elderly", "sysadmin", "privacy"])
def test_only_the_agencys_own_manager_confirms(city, newcomer, who):
    row = make(city, newcomer)
    member = city.members[who]
    with w.act(member), pytest.raises(ActionDenied):
        confirm_membership(membership=row, by=member)


def test_nobody_confirms_or_makes_or_ends_their_own(city):
    w.make_member(city.agencies["elderly"], "agency_manager")
    second = make(city, city.manager.user, role="coordinator")
    with w.act(city.manager), pytest.raises(ActionDenied, match="別の管理者"):
        confirm_membership(membership=second, by=city.manager)
    with pytest.raises(BadMembership, match="自分の所属"):
        make(city, city.sysadmin.user, agency="elderly")
    with w.act(city.sysadmin), pytest.raises(ActionDenied, match="自分の所属"):
        end_membership(membership=city.sysadmin, by=city.sysadmin, on=today() + DAY)


@pytest.mark.parametrize(
    ("more", "field", "words"),
    [
        ({"until": -1}, "until", "過ぎています"),
        ({"since": 10, "until": 5}, "until", "始まりの日より前"),
        ({"agency": "disability"}, "agency", "機関の管理者"),
        ({"role": "guest"}, "role", "ゲスト"),
    ],
)
def test_what_cannot_be_a_membership_is_said_beside_its_field(city, newcomer, more, field, words):
    days = {k: today() + v * DAY for k, v in more.items() if isinstance(v, int)}
    with pytest.raises(BadMembership, match=words) as error:
        make(city, newcomer, **{**more, **days})
    assert error.value.field == field


def test_same_membership_twice_is_refused_and_one_form_makes_one(city, newcomer):
    key = uuid.uuid4()
    assert make(city, newcomer, form_key=key) == make(city, newcomer, form_key=key)
    with pytest.raises(BadMembership, match="もうあります"):
        make(city, newcomer)
    with pytest.raises(BadMembership, match="もうあります"):
        make(city, newcomer, since=today() + 30 * DAY)


def test_agency_that_has_ended_takes_nobody(city, newcomer):
    with as_owner():
        city.agencies["elderly"].ended_on = today() - DAY
        city.agencies["elderly"].save()
    with pytest.raises(BadMembership, match="この機関は終わっている"):
        make(city, newcomer)


@pytest.mark.parametrize(
    ("days", "words"), [(-1, "過ぎています"), (90, "終わりの日より前"), (60, "終わりの日より前")]
)
def test_end_in_the_past_or_later_than_now_is_refused(city, newcomer, days, words):
    row = make(city, newcomer, until=today() + 60 * DAY)
    with w.act(city.sysadmin), pytest.raises(BadMembership, match=words):
        end_membership(membership=row, by=city.sysadmin, on=today() + days * DAY)


def test_session_in_use_sees_nothing_at_the_request_after_the_end(client, city):
    case, _persons = w.household(city.elderly)
    sign_in(client, city.elderly)
    url = reverse("case_detail", args=[case.pk])
    assert client.get(url).status_code == 200
    with w.act(city.sysadmin):
        end_membership(membership=city.elderly, by=city.sysadmin)
    gone = client.get(url)
    assert gone.status_code == 404
    assert "いま使える所属がない" in gone.content.decode()  # not: the address is wrong
    assert "所属" in client.get("/").content.decode()
    with w.act(city.elderly):
        assert not Case.objects.exists()


def test_last_day_still_works_and_the_day_after_does_not(city):
    with w.act(city.sysadmin):
        end_membership(membership=city.elderly, by=city.sysadmin, on=today())
    assert usable_memberships(city.elderly.user) == [city.elderly]
    with as_owner():
        Membership.objects.filter(pk=city.elderly.pk).update(until=today() - DAY)
    assert usable_memberships(city.elderly.user) == []


def test_officer_is_told_of_each_step_without_a_name(city, newcomer):
    row = make(city, newcomer)
    with w.act(city.manager):
        confirm_membership(membership=row, by=city.manager)
    with w.act(city.sysadmin):
        end_membership(membership=row, by=city.sysadmin, on=today() + DAY)
    with w.act(city.privacy):
        notices = list(Notice.objects.for_desk(city.privacy).order_by("id"))
    assert [n.title for n in notices] == [
        "新しい所属が作られました（確認待ち）",
        "所属が確認されました",
        "所属の終わりが決まりました",
    ]
    assert not any("新人" in n.title for n in notices)
    assert {n.url for n in notices} == {reverse("membership_detail", args=[row.pk])}


def test_manager_finds_what_waits_on_the_home_page(city, newcomer):
    row = make(city, newcomer)
    with w.act(city.manager):
        lines = home_context(city.manager)["sections"]["waiting"]
    assert [(line.title, line.url) for line in lines] == [
        ("新しい所属が、確認を待っています", reverse("membership_detail", args=[row.pk]))
    ]
    with w.act(city.head):
        assert not home_context(city.head)["sections"]["waiting"]


# --- the database refuses it too ----------------------------------------------------------------


def change(member, row, **values):
    with w.act(member), transaction.atomic():
        Membership.objects.filter(pk=row.pk).update(**values)


def test_trigger_refuses_what_the_operations_refuse(city, newcomer):
    row = make(city, newcomer)
    now = timezone.now()
    refusal = {"refused_at": now, "refusal_reason": "いいえ"}
    for member, values in [
        (city.head, {"confirmed_at": now, "confirmed_by": city.head}),
        (city.head, {**refusal, "refused_by": city.head}),
        (city.sysadmin, {**refusal, "refused_by": city.sysadmin}),
        (city.manager, {**refusal, "refused_by": city.sysadmin}),
        (city.manager, {"until": today()}),
        (city.elderly, {"confirmed_at": now, "confirmed_by": city.elderly}),
    ]:
        with pytest.raises(DatabaseError):
            change(member, row, **values)
    change(city.manager, row, **refusal, refused_by=city.manager)
    with pytest.raises(DatabaseError):
        change(city.manager, row, confirmed_at=now, confirmed_by=city.manager)
    with pytest.raises(DatabaseError):
        change(city.manager, row, refused_at=None, refused_by=None, refusal_reason="")


def test_trigger_refuses_to_extend_and_to_end_in_another_city(city, newcomer):
    row = make(city, newcomer, until=today() + 10 * DAY)
    for until in (today() + 11 * DAY, None):
        with pytest.raises(DatabaseError):
            change(city.sysadmin, row, until=until)
    other = w.city()
    with pytest.raises(DatabaseError):
        change(other.sysadmin, row, until=today())
    change(city.sysadmin, row, until=today())


# --- pages --------------------------------------------------------------------------------------


def form(city, **more):
    return {
        "form_key": str(uuid.uuid4()),
        "username": "newcomer",
        "agency": str(city.agencies["elderly"].pk),
        "role": "consultation_worker",
        "since": "R8.11.1",
        "until": "",
        **more,
    }


def test_pages_from_the_form_to_the_confirmation(client, city, newcomer):
    sign_in(client, city.sysadmin)
    response = client.post(reverse("membership_new"), form(city))
    row = Membership.objects.get(user=newcomer)
    assert response["Location"] == reverse("membership_detail", args=[row.pk])
    page = client.get(response["Location"]).content.decode()
    assert "確認待ち" in page
    assert "確認する</button>" not in page
    sign_in(client, city.manager)
    page = client.get(reverse("membership_detail", args=[row.pk])).content.decode()
    assert "確認する</button>" in page
    assert "所属を終える</button>" not in page
    client.post(reverse("membership_confirm", args=[row.pk]))
    page = client.get(reverse("membership_list"), {"state": "confirmed"}).content.decode()
    assert "架空 新人" in page
    assert city.head.user.display_name not in page
    sign_in(client, city.privacy)
    page = client.get(reverse("membership_list"), {"state": "confirmed"}).content.decode()
    assert "架空 新人" in page
    assert city.head.user.display_name in page


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"username": "nobody"}, "この利用者名の人は登録されていません。"),
        ({"since": "R9.4.1", "until": "R9.3.1"}, "終わりの日が、始まりの日より前です。"),
        ({"until": "R2.4.1"}, "終わりの日が過ぎています。"),
        ({"agency": ""}, "機関を選んでください。"),
    ],
)
def test_bad_input_is_one_sentence_and_nothing_typed_is_lost(client, city, newcomer, more, words):
    sign_in(client, city.sysadmin)
    response = client.post(reverse("membership_new"), form(city, **more))
    page = response.content.decode()
    assert response.status_code == 422
    assert words in page
    assert f'value="{more.get("username", "newcomer")}"' in page


def test_refusing_without_a_reason_asks_for_one(client, city, newcomer):
    row = make(city, newcomer)
    sign_in(client, city.manager)
    url = reverse("membership_refuse", args=[row.pk])
    response = client.post(url, {"reason": " "})
    assert response.status_code == 422
    assert "断る理由を書いてください。" in response.content.decode()
    client.post(url, {"reason": "この人は採用していません"})
    assert "断った理由" in client.get(reverse("membership_detail", args=[row.pk])).content.decode()


def test_ending_by_page_asks_for_the_day(client, city):
    sign_in(client, city.sysadmin)
    url = reverse("membership_end", args=[city.elderly2.pk])
    assert "最後の日を入れてください。" in client.post(url, {"when": "on"}).content.decode()
    client.post(url, {"when": "now"})
    assert usable_memberships(city.elderly2.user) == []


def test_no_period_is_shown_the_wrong_way_round(client, city, newcomer):
    sign_in(client, city.sysadmin)
    for since, words in ((today(), "その日のうち"), (today() + 30 * DAY, "始まる前")):
        membership = make(city, newcomer, since=since)
        client.post(reverse("membership_end", args=[membership.pk]), {"when": "now"})
        page = client.get(reverse("membership_detail", args=[membership.pk])).content.decode()
        assert words in page


def test_other_agencies_and_guests_are_not_there(client, city):
    guest = w.make_member(city.agencies["elderly"], "guest")
    sign_in(client, city.manager)
    for row in (city.head, guest):
        assert client.get(reverse("membership_detail", args=[row.pk])).status_code == 404
    sign_in(client, city.sysadmin)
    assert client.get(reverse("membership_detail", args=[guest.pk])).status_code == 404
    stranger = w.city()
    url = reverse("membership_detail", args=[stranger.elderly.pk])
    assert client.get(url).status_code == 404


def test_a_membership_is_answered_once_and_ended_once_in_ones_own_city(city, newcomer):
    row = make(city, newcomer)
    as_it_was = Membership.objects.get(pk=row.pk)
    with w.act(city.manager):
        confirm_membership(membership=row, by=city.manager)
        with pytest.raises(ActionDenied, match="もう返事がされています"):
            confirm_membership(membership=as_it_was, by=city.manager)
    with as_owner():
        Membership.objects.filter(pk=row.pk).update(since=today() - DAY, until=today() - DAY)
    row.refresh_from_db()
    with w.act(city.sysadmin):
        for ended, words in ((row, "もう終わって"), (w.city().elderly, "ほかの市の所属")):
            with pytest.raises(ActionDenied, match=words):
                end_membership(membership=ended, by=city.sysadmin, on=today())


def test_who_makes_memberships_confirms_none_in_another_role(city, newcomer):
    row = make(city, newcomer)
    w.make_member(city.agencies["admin"], "system_administrator", user=city.manager.user)
    with w.act(city.manager), pytest.raises(ActionDenied, match="システム管理者は、確認は"):
        confirm_membership(membership=row, by=city.manager)


def test_a_worker_reads_no_memberships_and_is_told_so(client, city):
    shown = sign_in(client, city.elderly).get(reverse("membership_list"))
    assert shown.status_code == 403
    assert "職員の所属を見ることはできません" in shown.content.decode()
