"""今日の仕事 and お知らせ: what waits, for every role, and nothing of what one may not see."""

from __future__ import annotations

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from agencies.enums import Permission
from agencies.home import day_words, home_context
from agencies.models import AccessLog, Notice
from agencies.operations import notify
from cases.operations import take_consultation
from cases.operations.case import PersonFacts
from cases.operations.consultation import ConsultationFacts
from config.lib.registry import Todo, registry
from tests import world as w
from tests.owner import as_owner
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]


@pytest.fixture
def city():
    return w.city()


def consultation(member, name="架空野 花子", urgency="middle", days_ago=0):
    with w.act(member):
        return take_consultation(
            by=member,
            facts=ConsultationFacts(
                mode="with_consent",
                route="person_visit",
                complaint="相談",
                urgency=urgency,
                received_at=timezone.now() - datetime.timedelta(days=days_ago),
            ),
            persons=[PersonFacts(name=name)],
            issues=[],
        )


def titles(context, section):
    return [(line.when, line.title, line.is_late) for line in context["sections"][section]]


def test_urgent_consultation_is_due_and_late_before_others(client, city):
    consultation(city.elderly, "急 太郎", "high", days_ago=3)
    consultation(city.elderly, "中 太郎", "middle", days_ago=14)
    consultation(city.elderly, "低 太郎", "low")
    context = sign_in(client, city.elderly2).get("/").context
    assert titles(context, "due") == [
        ("2日超過", "相談受付　急 太郎さん", True),
        ("今日", "相談受付　中 太郎さん", False),
    ]
    assert [line[1] for line in titles(context, "waiting")] == ["相談受付　低 太郎さん"]
    kinds = [line.action_kind for rows in context["sections"].values() for line in rows]
    assert kinds.count("primary") == 1


def test_consultation_of_another_agency_is_nowhere(client, city):
    consultation(city.elderly, urgency="high", days_ago=3)
    for name in ("child", "head", "privacy", "sysadmin", "admin"):
        sign_in(client, city.members[name])
        context = client.get("/").context
        assert "架空野" not in client.get("/").content.decode()
        assert not context["sections"]["due"]


def test_names_shown_on_the_home_page_are_logged(client, city):
    taken = consultation(city.elderly)
    sign_in(client, city.elderly).get("/")
    with w.act(city.elderly):
        assert AccessLog.objects.get(what="home", action="list").record_ids == [taken.pk]


@pytest.mark.parametrize("role", [*w.ROLES, "head", "sysadmin"])
def test_every_role_has_a_page_that_says_what_would_be_here(client, city, role):
    member = city.members[role]
    response = sign_in(client, member).get("/")
    assert response.status_code == 200
    page = response.content.decode()
    assert "令和" in page
    assert "新しいお知らせはありません" in page
    labels = {item["label"] for group in response.context["kasane"]["nav"] for item in group}
    assert "今日の仕事" in labels
    reads = member.may(Permission.READ_CASES)
    assert {"相談", "ケース", "つなぎ"} <= labels if reads else not {"相談", "ケース"} & labels
    assert ("ケースは表示されません" in page) == (role in ("admin", "sysadmin"))
    assert bool(response.context["kasane"]["search_url"]) == reads


def test_the_most_urgent_are_shown_and_the_rest_has_a_link(client, city, monkeypatch):
    monkeypatch.setattr("agencies.home.SHOWN", 2)
    taken = [consultation(city.elderly, f"急 {n}郎", "high", days_ago=9 - n) for n in range(4)]
    browser = sign_in(client, city.elderly)
    page = browser.get("/")
    assert [line[0] for line in titles(page.context, "due")] == ["8日超過", "7日超過"]
    body = page.content.decode()
    assert "ほかに2件を見る" in body
    assert "4件" in body
    assert "急 3郎" not in body
    whole = browser.get("/?all=due")
    assert len(titles(whole.context, "due")) == 4
    assert "件を見る" not in whole.content.decode()
    # The log says what was shown, not what there was.
    with w.act(city.elderly):
        logged = AccessLog.objects.filter(what="home", action="list").order_by("id")
        assert [set(line.record_ids) for line in logged] == [
            {taken[0].pk, taken[1].pk}, {one.pk for one in taken},
        ]  # fmt: skip


def test_sections_take_what_every_room_registers(city, monkeypatch):
    today = timezone.localdate()
    rows = [
        Todo("x", "先のもの", "/x/", "見る", due_on=today + datetime.timedelta(days=1)),
        Todo("x", "期限なし", "/y/", "", when="R8.5.1"),
        Todo("x", "変わった", "/z/", "", section="changed"),
        Todo("x", "横のもの", "/s/", "見る", section="side"),
    ]
    monkeypatch.setattr(registry, "draw", lambda name, *subject: rows)
    with w.act(city.privacy):
        context = home_context(city.privacy)
    assert titles(context, "waiting") == [
        ("明日まで", "先のもの", False),
        ("R8.5.1", "期限なし", False),
    ]
    assert context["sections"]["waiting"][0].action_kind == "primary"
    assert [line.title for line in context["sections"]["side"]] == ["横のもの"]


def test_days_near_are_words():
    day = datetime.date(2026, 5, 1)
    assert day_words(day, day) == "今日"
    assert day_words(day - datetime.timedelta(days=1), day) == "昨日"
    assert day_words(day - datetime.timedelta(days=9), day) == "R8.4.22"


def test_open_consultations_cost_two_queries(city, django_assert_max_num_queries):
    for number in range(12):
        consultation(city.elderly, f"架空 {number}")
    (entry,) = [e for e in registry.entries("todos") if e.call.__name__ == "open_consultations"]
    with w.act(city.elderly), django_assert_max_num_queries(entry.queries):
        assert len(entry.call(city.elderly)) == 10


def test_notices_are_read_by_an_act_of_their_own(client, city):
    with w.act(city.coordinator):
        to = city.agencies["elderly"]
        notify(agency=to, kind="x", title="つなぎが届いています", url="/referrals/")
        notify(agency=city.agencies["child"], kind="x", title="よその知らせ")
    sign_in(client, city.elderly)
    url = reverse("notices")
    assert "つなぎが届いています" in client.get("/").content.decode()
    for _ in range(2):
        page = client.get(url).content.decode()
        assert "未読" in page
        assert "よその知らせ" not in page
    assert client.post(url).status_code == 302
    page = client.get(url).content.decode()
    assert "未読" not in page
    assert "つなぎが届いています" in page
    assert "つなぎが届いています" not in client.get("/").content.decode()
    with w.act(city.child):
        assert Notice.objects.visible_to(city.child).unread().count() == 1


def test_who_reads_no_cases_is_not_told_of_them(client, city):
    with w.act(city.coordinator):
        to = city.members["admin"].agency
        notify(agency=to, kind="x", title="つなぎが届いています", url="/referrals/")
        notify(agency=to, kind="y", title="あなたへの知らせ", membership=city.members["admin"])
    sign_in(client, city.members["admin"])
    page = client.get(reverse("notices")).content.decode()
    assert "あなたへの知らせ" in page
    assert "つなぎが届いています" not in page


def test_notices_without_a_membership_are_404(client, city):
    sign_in(client, city.elderly)
    with as_owner():
        city.elderly.__class__.objects.filter(pk=city.elderly.pk).update(confirmed_at=None)
    assert client.get(reverse("notices")).status_code == 404
