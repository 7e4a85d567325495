"""The pages of the meetings room: who gets in, what stands on them, what is logged."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agencies.models import AccessLog
from config.lib.registry import registry
from meetings import panels
from meetings.models import AgendaItem, Sitting
from tests import world as w
from tests.meetings import situations as s
from tests.meetings.test_consent import plan_item
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def city():
    world = w.city()
    w.list_secretary(world, world.coordinator)
    return world


def client(member):
    return sign_in(Client(), member)


def get(member, name, *args, query=""):
    return client(member).get(reverse(name, args=args) + query)


def text(response):
    return response.content.decode()


def form_of(response):
    return {
        f.html_name: f.value() if f.value() is not None else "" for f in response.context["form"]
    }


@pytest.mark.parametrize("name", ["elderly", "coordinator", "head", "outreach", "community"])
def test_list_and_cover_open_for_everybody_who_reads_cases(city, name):
    sitting = s.make_sitting(city, "plan", "support", days=1)
    s.make_sitting(city, "plan", days=-3, state="closed")
    response = get(city.members[name], "sitting_list")
    assert response.status_code == 200
    assert "重層的支援会議・支援会議" in text(response)
    assert get(city.members[name], "sitting_detail", sitting.pk).status_code == 200


@pytest.mark.parametrize("name", ["admin", "privacy", "sysadmin"])
def test_roles_that_read_no_cases_get_no_page(city, name):
    assert get(city.members[name], "sitting_list").status_code == 403


def test_sitting_of_another_city_is_not_found(city):
    sitting = s.make_sitting(city, "plan")
    assert get(w.city().elderly, "sitting_detail", sitting.pk).status_code == 404


def test_cover_shows_each_reader_only_their_own_items(city):
    sitting = s.make_sitting(city, "plan", "support")
    secret = s.secret_item(city, sitting=sitting)
    s.consented_item(city, s.consented_household(city, "disability"), "disability", sitting=sitting)
    s.appointed(city, secret, city.child)
    s.noticed(city, sitting)
    seen = {
        name: text(get(city.members[name], "sitting_detail", sitting.pk))
        for name in ("coordinator", "disability", "child", "outreach", "head", "elderly2")
    }
    assert {n for n, page in seen.items() if "守秘の世帯" in page} == {"coordinator", "child"}
    assert {n for n, page in seen.items() if "架空野 世帯" in page} == {
        "coordinator",
        "disability",
        "head",
        "elderly2",
    }
    assert "1　守秘の世帯" in seen["child"]
    # The line that says where sealed items stand is there for everybody.
    assert all("守秘の議題" in page for page in seen.values())


def test_invisible_item_is_not_found_on_every_address(city):
    item = s.secret_item(city)
    for name in (
        "item_detail",
        "item_people",
        "item_run",
        "item_minutes",
        "item_print",
        "item_participants",
        "item_attach",
    ):
        for who in (city.head, city.elderly):
            assert get(who, name, item.pk).status_code == 404, name
    for name in ("item_attendance",):
        url = reverse(name, args=[item.pk])
        assert client(city.elderly).post(url).status_code == 404
    assert (
        client(city.head).post(reverse("item_step", args=[item.pk, "withdraw"])).status_code == 404
    )


def test_sealed_item_is_no_line_of_the_case_page_or_the_home_page(city):
    case, _persons = w.household(city.coordinator)
    w.list_secretary(city, city.elderly)
    with w.act(city.coordinator):
        pass
    item = s.secret_item(city)
    s.appointed(city, item, city.disability)
    s.noticed(city, item.sitting)
    with w.act(city.disability):
        assert panels.todo_sittings(city.disability) == []
        assert panels.count(city.disability) == (0, False)
    with w.act(city.elderly):
        full = AgendaItem.objects.get(pk=item.pk)
        assert panels.panel(city.elderly, full.case) is None
        assert panels.stage(city.elderly, full.case) is None
    assert case is not None


@pytest.mark.parametrize("member", ["coordinator", "child"])
def test_sealed_item_wears_its_dark_look_with_the_basis_on_screen_and_paper(city, member):
    item = s.secret_item(city)
    s.appointed(city, item, city.child)
    s.noticed(city, item.sitting)
    page = text(get(city.members[member], "item_detail", item.pk))
    assert 'class="secret"' in page
    assert "第106条の6" in page
    # No print goes uncounted: a GET leads to where a number is given.
    url = reverse("item_copies", args=[item.pk])
    assert get(city.members[member], "item_print", item.pk)["Location"] == url
    browser = client(city.members[member])
    data = form_of(browser.get(url)) | {"recipients": ["own"]}
    paper = text(browser.post(url, data))
    assert "第106条の6" in paper
    assert "第159条" in paper
    assert "取扱注意・要回収" in paper
    assert "通番 1" in paper
    assert "paper-secret" in paper


def test_every_look_is_recorded_with_its_item_and_basis(city):
    item = s.secret_item(city)
    get(city.coordinator, "item_detail", item.pk)
    browser, url = client(city.coordinator), reverse("item_copies", args=[item.pk])
    browser.post(url, form_of(browser.get(url)) | {"recipients": ["own"]})
    with w.act(city.coordinator):
        lines = AccessLog.objects.filter(item_id=item.pk, action__in=["open", "print"])
        assert sorted(lines.values_list("action", "what", "basis")) == [
            ("open", "item_copies", "106-6"),
            ("open", "item_detail", "106-6"),
            ("print", "item_copies", "106-6"),
        ]


def test_pledge_page_shows_the_law_and_opens_the_item_after_it(city):
    item = s.secret_item(city)
    grant = s.appointed(city, item, city.disability, pledged=False)
    s.noticed(city, item.sitting)
    url = reverse("appointment_pledge", args=[grant.pk])
    browser = client(city.disability)
    page = browser.get(url)
    assert "拘禁刑" in text(page)
    assert "守秘の世帯" not in text(page)
    assert browser.post(url, {}).status_code == 422
    assert browser.get(reverse("item_detail", args=[item.pk])).status_code == 404
    assert browser.post(url, {"agreed": "on"}, follow=True).status_code == 200
    assert browser.get(reverse("item_detail", args=[item.pk])).status_code == 200
    assert client(city.elderly).get(url).status_code == 404
    assert client(city.coordinator).get(url).status_code == 403  # seen, and somebody else's


def test_appoint_page_names_and_revokes(city):
    item = s.secret_item(city)
    browser = client(city.coordinator)
    url = reverse("item_people", args=[item.pk])
    data = form_of(browser.get(url)) | {
        "member": str(city.disability.pk),
        "head": str(city.head.pk),
        "decided_on": timezone.localdate().isoformat(),
    }
    assert browser.post(url, data).status_code == 302
    again = browser.post(url, data)
    assert again.status_code == 422
    assert "すでに指名" in text(again)
    with w.act(city.coordinator):
        grant = item.grants.get()
    assert browser.post(reverse("appointment_revoke", args=[grant.pk])).status_code == 302
    assert (
        client(city.disability).get(reverse("appointment_pledge", args=[grant.pk])).status_code
        == 404
    )


def test_proposing_in_the_browser_from_a_case(city):
    house = s.consented_household(city, "disability")
    s.make_sitting(city, "plan", days=5)
    query = f"?case={house.case.pk}"
    page = get(city.elderly, "item_new", query=query)
    assert page.status_code == 200
    data = form_of(page) | {
        "agenda_type": "social_resources",
        "briefing": "概要",
        "participants": [city.agencies["child"].pk],
    }
    url = reverse("item_new") + query
    refused = client(city.elderly).post(url, data)
    assert refused.status_code == 422
    assert "足りない同意があります" in text(refused)
    assert "概要" in text(refused)
    data["participants"] = [city.agencies["disability"].pk]
    done = client(city.elderly).post(url, data, follow=True)
    assert done.status_code == 200
    assert "会議に付議しました" in text(done)


def test_sheet_without_consent_becomes_an_item_in_the_browser(city):
    from cases.operations import refer

    case, _persons = w.household(city.elderly)
    with w.act(city.elderly):
        refer(
            case=case,
            by=city.elderly,
            mode="secrecy",
            reason="r",
            summary="伝える内容",
            to_conference_type=city.conferences["support"],
        )
    s.make_sitting(city, "support", days=5)
    with w.act(city.coordinator):
        (todo,) = panels.todo_sheets(city.coordinator)
    browser = client(city.coordinator)
    page = browser.get(todo.url)
    assert "伝える内容" in text(page)
    data = form_of(page) | {"agenda_type": "watching", "title": "守秘の世帯"}
    assert browser.post(todo.url, data).status_code == 302
    with w.act(city.coordinator):
        assert panels.todo_sheets(city.coordinator) == []
    assert client(city.head).get(todo.url).status_code == 404


def test_choosing_a_sitting_offers_sealed_bodies_to_the_list_alone(city):
    case, _persons = w.household(city.elderly)
    s.make_sitting(city, "plan", "support", days=5)
    s.make_sitting(city, "plan", days=9)
    page = text(get(city.elderly, "item_new", query=f"?case={case.pk}"))
    assert page.count("この会議に出す") == 2
    w.list_secretary(city, city.elderly)
    page = text(get(city.elderly, "item_new", query=f"?case={case.pk}"))
    assert page.count("この会議に出す") == 3


def test_running_a_sitting_from_notice_to_close(city):
    item, _plan = plan_item(city)
    browser = client(city.coordinator)
    step = [
        reverse("sitting_step", args=[item.sitting_id, name])
        for name in ("notice", "open", "close")
    ]
    assert browser.post(step[0], follow=True).status_code == 200
    page = browser.post(step[1], follow=True)
    assert page.redirect_chain[-1][0] == reverse("item_run", args=[item.pk])
    assert "この決定で起きること" in text(page)
    assert "家計相談" in text(page)
    office = city.agencies["coordinator"].pk
    attend = browser.post(
        reverse("item_attendance", args=[item.pk]),
        {f"a:{office}": "present", "name": "本人"},
        follow=True,
    )
    assert "本人" in text(attend)
    url = reverse("item_run", args=[item.pk])
    data = form_of(attend)
    wrong = browser.post(url, data | {"decision": "shared", "opinion": "消えない"})
    assert wrong.status_code == 422
    assert "消えない" in text(wrong)
    stale = browser.post(url, data | {"decision": "adequate", "version": "1"})
    assert stale.status_code == 422
    assert "ほかの人が先に保存" in text(stale)
    done = browser.post(url, data | {"decision": "adequate", "opinion": "良い"}, follow=True)
    assert done.status_code == 200
    assert "会議を終える" in text(done)
    assert "会議を終えました" in text(browser.post(step[2], follow=True))
    assert "良い" in text(browser.get(reverse("item_print", args=[item.pk])))


def test_the_rooms_screen_names_a_sealed_item_only_while_it_is_the_current(city):
    sitting = s.make_sitting(city, "plan", "support")
    secret = s.secret_item(city, sitting=sitting)
    house = s.consented_household(city, "disability")
    item = s.consented_item(city, house, "disability", sitting=sitting)
    s.opened(city, sitting)
    assert "守秘の世帯" not in text(get(city.coordinator, "item_run", item.pk))
    page = text(get(city.coordinator, "item_run", secret.pk))
    assert "守秘の世帯" in page
    assert 'class="secret"' in page
    jump = client(city.coordinator).get(reverse("sitting_run", args=[sitting.pk]) + "?sealed=1")
    assert jump.url == reverse("item_run", args=[secret.pk])


def test_roles_without_text_is_said_beside_the_field(city):
    item = s.secret_item(city)
    s.opened(city, item.sitting)
    browser, url = client(city.coordinator), reverse("item_run", args=[item.pk])
    data = form_of(browser.get(url)) | {"decision": "roles", "carry_members": []}
    page = browser.post(url, data)
    assert page.status_code == 422
    assert "持ち出す内容を書いてください" in text(page)


@pytest.mark.parametrize(
    ("on", "words"),
    [
        ("平成40年1月1日", "平成は"),
        ("R1.5.1", "今日からあと"),
        ("2027-01-01", "閉庁日"),
        ("", "開催日"),
    ],
)
def test_a_wrong_day_is_said_beside_the_field_and_stays(city, on, words):
    sitting = s.make_sitting(city, "plan", days=3)
    with w.act(city.coordinator):
        Sitting.objects.filter(pk=sitting.pk).update(on=None, state="undated")
    url = reverse("sitting_date", args=[sitting.pk])
    page = client(city.coordinator).post(url, {"on": on, "starts_at": "14:00", "place": "会議室"})
    assert page.status_code == 422
    assert words in text(page)
    assert "会議室" in text(page)


def test_ad_hoc_page_and_its_refusal(city):
    assert get(city.elderly, "sitting_new").status_code == 403
    page = get(city.coordinator, "sitting_new")
    data = form_of(page) | {
        "conference_types": [city.conferences["support"].pk],
        "on": s.business_day().isoformat(),
    }
    assert client(city.coordinator).post(reverse("sitting_new"), data).status_code == 302


def test_secretariat_list_is_named_by_the_head_and_pledged_by_each(city):
    body = city.conferences["support"]
    browser = client(city.head)
    page = browser.get(reverse("secretariat_list"))
    assert page.status_code == 200
    other = w.make_member(city.agencies["coordinator"], "coordinator")
    data = {
        "conference_type": body.pk,
        "member": other.pk,
        "fiscal_year": page.context["form"].initial["fiscal_year"],
    }
    assert browser.post(reverse("secretariat_list"), data).status_code == 302
    assert client(city.coordinator).post(reverse("secretariat_list"), data).status_code == 403
    mine = client(other)
    page = mine.get(reverse("secretariat_list"))
    assert "誓約する" in text(page)
    entry = body.secretariat_list.get(membership=other)
    url = reverse("secretariat_step", args=[entry.pk, "pledge"])
    assert client(city.head).get(url).status_code == 403  # a pledge is one's own
    assert mine.get(url).status_code == 200
    assert mine.post(url, {"agreed": "on"}).status_code == 302
    entry.refresh_from_db()
    assert entry.pledged_at is not None
    ended = browser.post(reverse("secretariat_step", args=[entry.pk, "end"]))
    assert ended.status_code == 302


def test_participants_minutes_and_attach_pages(city):
    house = s.consented_household(city, "disability")
    item = s.consented_item(city, house, "disability")
    url = reverse("item_participants", args=[item.pk])
    browser = client(city.elderly)
    data = form_of(browser.get(url)) | {"participants": [city.agencies["child"].pk]}
    assert browser.post(url, data).status_code == 422
    assert browser.post(url, data | {"participants": []}).status_code == 302
    case, _p = w.household(city.elderly)
    first, second = s.secret_item(city, case=case), s.secret_item(city, case=case)
    url = reverse("item_attach", args=[second.pk])
    office = client(city.coordinator)
    assert office.get(url).status_code == 200
    assert office.post(url, {"earlier": str(first.pk)}).status_code == 302
    assert "守秘の世帯" in text(office.get(reverse("item_detail", args=[second.pk])))
    s.opened(city, item.sitting)
    url = reverse("item_minutes", args=[item.pk])
    page = office.get(url)
    assert office.post(url, form_of(page) | {"text": "議事"}).status_code == 302


def test_blocked_item_is_shown_to_its_proposer_and_returns(city):
    from cases.operations import withdraw_consent

    house = s.consented_household(city, "disability")
    item = s.consented_item(city, house, "disability")
    with w.act(city.elderly):
        withdraw_consent(consent=house.consents[0], by=city.elderly, reason="r")
        assert len(panels.todo_blocked(city.elderly)) == 1
    page = text(get(city.elderly, "item_detail", item.pk))
    assert "議題に戻す" in page
    answer = client(city.elderly).post(reverse("item_step", args=[item.pk, "resume"]), follow=True)
    assert "足りない同意" in text(answer)


def test_panels_keep_their_query_budgets(city, django_assert_max_num_queries):
    item, _plan = plan_item(city)
    s.noticed(city, item.sitting)
    with w.act(city.coordinator):
        full = AgendaItem.objects.select_related("case").get(pk=item.pk)
        for name, subject in (
            ("todos", (city.coordinator,)),
            ("case_panels", (city.coordinator, full.case)),
            ("case_actions", (city.coordinator, full.case)),
            ("case_next", (city.coordinator, full.case)),
            ("case_stage", (city.coordinator, full.case)),
        ):
            for entry in registry.entries(name):
                if entry.call.__module__ == "meetings.panels":
                    with django_assert_max_num_queries(entry.queries):
                        entry.call(*subject)
        assert panels.stage(city.coordinator, full.case) == 3
        assert len(panels.todo_sittings(city.coordinator)) == 1
    assert timezone.localdate() == item.sitting.on
