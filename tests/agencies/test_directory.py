"""だれに聞くか: found by theme and part of the city; kept by the office and agencies' managers."""

from __future__ import annotations

import uuid

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from agencies.directory import areas_of, find_points, points_for
from agencies.models import ContactPoint
from agencies.operations.directory import ContactPointFacts, add_contact_point, end_contact_point
from agencies.permissions import ActionDenied
from tests import world as w
from tests.cases.test_intake import MY_NUMBER
from tests.owner import as_owner
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db(databases=["default", "owner"]), pytest.mark.database]


@pytest.fixture
def city():
    return w.city()


@pytest.fixture
def manager(city):
    return w.make_member(city.agencies["elderly"], "agency_manager")


def add(by, **facts):
    given = {"name": "総合相談", "themes": ("介護",), **facts}
    with w.act(by):
        return add_contact_point(by=by, facts=ContactPointFacts(**given), form_key=uuid.uuid4())


def names(by, *asked):
    with w.act(by):
        return [point.name for point in find_points(by, *asked)]


def typed(**changed):
    return {
        "form_key": str(uuid.uuid4()),
        "name": "介護保険の認定",
        "themes": "介護、 認定,もの忘れ",
        "areas": "架空東小学校区、架空圏域",
        "phone": "077-000-0001",
        **changed,
    }


def test_found_by_theme_in_any_spelling_and_by_area_with_the_whole_citys(city):
    office, elderly = city.coordinator, city.agencies["elderly"]
    add(office, agency=elderly, name="東の窓口", areas=("架空東小学校区",))
    add(office, agency=elderly, name="西の窓口", areas=("架空西小学校区",))
    add(office, section="架空課", name="市の窓口", themes=("ひきこもり", "かいご"))
    add(office, section="架空課", name="助ける窓口", is_helpdesk=True, themes=("債務",))
    everybody = ["助ける窓口", "市の窓口", "東の窓口", "西の窓口"]
    assert sorted(names(city.disability)) == sorted(everybody)
    assert names(city.disability)[0] == "助ける窓口"
    assert names(city.disability, "ヒキコモリ") == ["市の窓口"]
    assert names(city.disability, "介護", "東小") == ["東の窓口"]
    assert names(city.disability, "", "東小") == ["助ける窓口", "東の窓口", "市の窓口"]
    assert names(city.disability, "どこにもない") == []


def test_a_citys_own_way_to_write_a_theme_is_no_wall(city):
    add(city.coordinator, section="架空課", name="障がいの窓口", themes=("障がい福祉",))
    assert names(city.disability, "障害") == ["障がいの窓口"]
    with w.act(city.disability):
        assert [p.name for p in points_for(city.disability, ["障害"])] == ["障がいの窓口"]


def test_areas_are_offered_by_their_kind_and_numbers_are_dialled(city):
    office = city.coordinator
    add(office, section="a", areas=("架空東小学校区", "架空第一民生委員区"), phone="077-000-0001")
    add(office, section="b", areas=("架空圏域", "架空台学区", "架空中学校区"), phone="内線だけ")
    with w.act(office):
        found = [(group.kind, group.names) for group in areas_of(office)]
        dials = {point.dial for point in find_points(office)}
    assert found == [
        ("小学校区", ["架空台学区", "架空東小学校区"]),
        ("包括圏域", ["架空圏域"]),
        ("民生委員区", ["架空第一民生委員区"]),
        ("そのほかの地域", ["架空中学校区"]),
    ]
    assert dials == {"0770000001", ""}


def test_problem_of_a_case_leads_to_who_answers_it(city):
    add(city.coordinator, section="架空課", name="介護の窓口", themes=("介護保険",))
    add(city.coordinator, section="架空課", name="税の窓口", themes=("税",))
    with w.act(city.disability):
        assert [p.name for p in points_for(city.disability, ["介護"])] == ["介護の窓口"]
        assert points_for(city.disability, []) == []


def test_office_and_own_manager_keep_a_line_and_nobody_else(city, manager):
    elderly = city.agencies["elderly"]
    point = add(manager, agency=elderly)
    for by, facts in (
        (city.elderly, {"agency": elderly}),
        (manager, {"agency": city.agencies["disability"]}),
        (manager, {"section": "架空課"}),
    ):
        with pytest.raises(ActionDenied):
            add(by, **facts)
    other = w.make_member(city.agencies["disability"], "agency_manager")
    with w.act(other), pytest.raises(ActionDenied):
        end_contact_point(point=point, by=other)
    with w.act(city.coordinator):
        end_contact_point(point=point, by=city.coordinator)
    assert names(city.elderly) == []


def test_another_city_neither_reads_nor_writes_it(city, manager):
    add(manager, agency=city.agencies["elderly"])
    other = w.city("other")
    assert names(other.coordinator) == []
    with (
        w.act(other.coordinator),
        pytest.raises(DatabaseError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "insert into agencies_contactpoint (id, municipality_id, section, name, is_helpdesk,"
            " themes, areas, phone, hours, note, written_at, written_by_id, form_key, version)"
            " values (gen_random_uuid(), %s, 'x', 'x', false, '{}', '{}', '', '', '', now(), %s,"
            " gen_random_uuid(), 1)",
            [city.city.pk, other.coordinator.pk],
        )


def test_added_changed_and_ended_through_the_pages(client, city, manager):
    own = str(city.agencies["elderly"].pk)
    sign_in(client, manager)
    assert client.post(reverse("contact_point_new"), typed(owner=own)).status_code == 302
    with as_owner():
        point = ContactPoint.objects.get()
    assert (point.themes, point.areas) == (
        ["介護", "認定", "もの忘れ"],
        ["架空東小学校区", "架空圏域"],
    )
    page = client.get(reverse("directory")).content.decode()
    assert "介護保険の認定" in page
    edit = reverse("contact_point_edit", args=[point.pk])
    assert "介護、認定、もの忘れ" in client.get(edit).content.decode()
    changed = client.post(edit, typed(owner=own, version=1, name="要介護認定"))
    assert changed.status_code == 302
    stale = client.post(edit, typed(owner=own, version=1, name="もっと前の名前"))
    assert stale.status_code == 422
    assert "ほかの人が先に保存しました" in stale.content.decode()
    assert "もっと前の名前" in stale.content.decode()
    assert client.post(reverse("contact_point_end", args=[point.pk])).status_code == 302
    assert client.get(edit).status_code == 404


def test_same_form_sent_twice_adds_one(client, city, manager):
    sign_in(client, manager)
    data = typed(owner=str(city.agencies["elderly"].pk))
    for _time in range(2):
        assert client.post(reverse("contact_point_new"), data).status_code == 302
    with as_owner():
        assert ContactPoint.objects.count() == 1


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"owner": ""}, "どちらか一つにしてください。"),
        ({"section": "架空課"}, "どちらか一つにしてください。"),
        ({"owner": "999999"}, "機関は表示された中から選んでください。"),
        ({"name": ""}, "窓口・担当を入れてください。"),
        ({"themes": "、、"}, "相談のテーマを入れてください。"),
        ({"themes": "あ" * 41}, "1つ40文字まで"),
        ({"themes": "、".join(str(n) for n in range(21))}, "20個まで"),
        ({"phone": "電話はない"}, "市外局番から"),
        ({"note": f"番号{MY_NUMBER}"}, "マイナンバー"),
    ],
)
def test_bad_input_gets_one_sentence_and_is_kept(client, city, changed, sentence):
    sign_in(client, city.coordinator)
    data = typed(**{"owner": str(city.agencies["elderly"].pk), **changed})
    page = client.post(reverse("contact_point_new"), data)
    assert page.status_code == 422
    body = page.content.decode()
    assert sentence in body
    assert "架空東小学校区、架空圏域" in body
    with as_owner():
        assert not ContactPoint.objects.exists()


def test_directory_costs_the_same_for_one_line_and_for_twenty(city, django_assert_num_queries):
    for number in range(20):
        add(city.coordinator, section="架空課", name=f"窓口{number}")
    with w.act(city.elderly), django_assert_num_queries(1):
        assert len(find_points(city.elderly)) == 20


def test_the_database_lets_nobody_else_write_a_line(city, manager):
    """Raw SQL over the application's login: neither a worker, nor the manager of another agency."""
    point = add(manager, agency=city.agencies["elderly"])
    other = w.make_member(city.agencies["disability"], "agency_manager")
    for by in (city.elderly, other, city.sysadmin):
        with (
            w.act(by),
            pytest.raises(DatabaseError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(
                "update agencies_contactpoint set phone = '1', written_by_id = %s where id = %s",
                [by.pk, point.pk],
            )


def test_nothing_found_still_names_whom_to_ask(city):
    desk = {"name": "助ける窓口", "is_helpdesk": True, "phone": "077-000-0009"}
    add(city.coordinator, section="架空課", **desk)
    browser = sign_in(Client(), city.disability)
    shown = browser.get(reverse("directory"), {"q": "どこにもない"}).content.decode()
    assert "あてはまる窓口がありません" in shown
    assert "ことばを短くするか" in shown
    assert "ヘルプデスクに聞きます" in shown
    assert "助ける窓口" in shown
    assert "tel:0770000009" in shown
