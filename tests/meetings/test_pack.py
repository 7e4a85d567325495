"""会議資料: what each reader's pack holds, and its numbered copies (V5, V6, V9)."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agencies.models import AccessLog
from agencies.permissions import ActionDenied
from cases.models import Issue
from cases.operations import add_issue, confirm_shield, propose_shield, withdraw_consent
from meetings.models import PaperCopy
from meetings.operations import Recipient, decide_item, print_pack, return_copy
from meetings.pack import in_pack, readers, sections, sections_for
from meetings.views.common import items_of
from tests import twoworlds
from tests import world as w
from tests.meetings import situations as s
from tests.meetings.test_secrecy import refused
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def city():
    world = w.city()
    w.list_secretary(world, world.coordinator)
    return world


@pytest.fixture
def house(city):
    return s.consented_household(city, "child")


@pytest.fixture
def item(city, house):
    return s.consented_item(city, house, "child")


def text(response):
    return response.content.decode()


def pack(by, item):
    with w.act(by):
        return sections(by, in_pack(items_of(by, item.sitting)))


def worry(by, house, note, **more):
    with w.act(by):
        return add_issue(
            case=house.case, by=by, person=house.persons[0], note=note,
            **{"issue_type": "debt", **more},
        )  # fmt: skip


def post(by, item, *recipients, key=None, **more):
    url = reverse("sitting_pack", args=[item.sitting_id])
    data = {"recipients": recipients, "form_key": key or uuid.uuid4(), "to_return": "on", **more}
    return sign_in(Client(), by).post(url, data)


# --- what it holds -------------------------------------------------------------------------------


def test_a_pack_is_written_from_the_records_the_reader_may_read(city, house, item):
    worry(city.elderly, house, "みんなの気がかり")
    worry(city.elderly, house, "うちだけの気がかり", audience="agency")
    for name in ("elderly", "child", "coordinator"):
        (section,) = pack(city.members[name], item)
        notes = [i.note for row in section.household.worries for i in row.open]
        # An agency's own record is not laid on a table, its own neither.
        assert notes == ["みんなの気がかり"], name
        assert {line.who for line in section.household.people} == {
            "架空野 花子",
            "架空野 太郎",
        } or (len(section.household.people) == 2)
    assert pack(city.disability, item) == []


def test_what_was_decided_before_stands_in_the_pack_of_who_took_part(city, house, item):
    s.opened(city, item.sitting)
    with w.act(city.coordinator):
        decide_item(
            item=s.fresh(city, item), by=city.coordinator, decision="discussed",
            opinion="前回の決定事項", minutes="", version=s.fresh(city, item).version,
        )  # fmt: skip
    again = s.consented_item(city, house, "child", title="二回目")
    (section,) = pack(city.child, again)
    assert [e["opinion"] for e in section.earlier] == ["前回の決定事項"]


def test_a_sealed_item_holds_what_was_laid_before_it_and_no_household(city):
    sealed = s.secret_item(city)
    s.appointed(city, sealed, city.child)
    s.noticed(city, sealed.sitting)
    (section,) = pack(city.child, sealed)
    assert section.household is None
    assert section.item.title == "守秘の世帯"
    assert section.laws
    assert pack(city.head, sealed) == []


def test_the_office_prints_for_an_agency_what_both_may_see(city, house, item):
    worry(city.elderly, house, "家計の気がかり")
    with w.act(city.coordinator):
        found = readers(city.coordinator, in_pack(items_of(city.coordinator, item.sitting)))
        assert list(found) == [
            "own",
            *sorted(f"a:{city.agencies[n].pk}" for n in ("elderly", "child")),
        ]
        child = found[f"a:{city.agencies['child'].pk}"]
        (section,) = sections_for(city.coordinator, child)
        assert [i.note for row in section.household.worries for i in row.open] == ["家計の気がかり"]
    # One person takes the consent to that agency back: the item is not theirs any more.
    with w.act(city.elderly):
        withdraw_consent(consent=house.consents[0], by=city.elderly, reason="本人の申し出")
    with w.act(city.coordinator):
        assert sections_for(city.coordinator, child) == []


def test_a_case_whose_consents_one_does_not_see_whole_is_printed_for_oneself_alone(
    city, house, item
):
    with w.act(city.child):
        assert list(readers(city.child, in_pack(items_of(city.child, item.sitting)))) == ["own"]


def test_what_an_agency_may_not_read_is_not_printed_for_it(city):
    case, persons = w.household(city.elderly)
    for person in persons:
        both = [city.agencies[name] for name in ("coordinator", "child")]
        w.consent(city.elderly, person, *both, categories=["basic", "money"])
    house = s.Household(case, persons)
    worry(city.elderly, house, "二人に見える")
    item = s.consented_item(city, house, "child")
    worry(city.coordinator, house, "事務局にだけ見える", issue_type="mental_health")
    child = f"a:{city.agencies['child'].pk}"
    assert "二人に見える" in text(post(city.coordinator, item, "own"))
    assert "事務局にだけ見える" in text(post(city.coordinator, item, "own"))
    for by, reader in ((city.coordinator, child), (city.child, "own")):
        paper = text(post(by, item, reader))
        assert "二人に見える" in paper
        assert "事務局にだけ見える" not in paper


def test_what_a_shield_closes_is_on_no_paper(city, house, item):
    second = w.make_member(city.agencies["elderly"], "consultation_worker")
    worry(city.elderly, house, "支援措置の人の気がかり")
    with w.act(city.elderly):
        shield = propose_shield(
            person=house.persons[0], by=city.elderly, ground="abuse", confirmer=second, members=[],
            expires_on=timezone.localdate() + datetime.timedelta(days=365),
        )  # fmt: skip
    with w.act(second):
        confirm_shield(shield=shield, by=second)
    for by in (city.elderly, second):
        with w.act(by):
            assert Issue.objects.count() == 1
        for section in pack(by, item):
            assert section.household.worries == []


# --- numbered copies -----------------------------------------------------------------------------


def test_each_reader_gets_a_cover_and_each_item_its_own_number(city, house, item):
    other = s.consented_item(city, house, "child", sitting=item.sitting, title="もう一つの議題")
    child = f"a:{city.agencies['child'].pk}"
    paper = post(city.coordinator, item, "own", child)
    assert paper.status_code == 200
    assert text(paper).count("会議資料</h1>") == 2
    with w.act(city.coordinator):
        copies = PaperCopy.objects.order_by("item__proposed_at", "number")
        assert [(c.item_id, c.number, c.agency.code) for c in copies.select_related("agency")] == [
            (item.pk, 1, "coordinator"),
            (item.pk, 2, "child"),
            (other.pk, 1, "coordinator"),
            (other.pk, 2, "child"),
        ]
        logged = AccessLog.objects.filter(action="print", what="sitting_pack")
        assert logged.count() == 4
    assert "通番 2" in text(paper)
    assert "取扱注意・要回収" in text(paper)


def test_the_same_form_twice_prints_once(city, item):
    key = uuid.uuid4()
    assert post(city.child, item, "own", key=key).status_code == 200
    again = post(city.child, item, "own", key=key)
    assert again.status_code == 422
    assert "通番1は、すでに印刷しました" in text(again)
    assert "議題" in text(again)


def test_nobody_chosen_is_said_beside_the_field(city, item):
    page = post(city.coordinator, item)
    assert page.status_code == 422
    assert "だれの分を印刷するかを選んでください。" in text(page)


def test_who_is_not_offered_is_refused(city, item):
    other = f"a:{city.agencies['disability'].pk}"
    assert post(city.coordinator, item, other).status_code == 422
    with w.act(city.coordinator), pytest.raises(ActionDenied, match="この議題に参加しません"):
        print_pack(
            by=city.coordinator, form_key=uuid.uuid4(),
            wanted=[(item, Recipient("x", agency=city.agencies["disability"]))],
        )  # fmt: skip
    with w.act(city.child), pytest.raises(ActionDenied, match="「会議を開く」ことはできません"):
        print_pack(
            by=city.child, form_key=uuid.uuid4(),
            wanted=[(item, Recipient("x", agency=city.agencies["elderly"]))],
        )  # fmt: skip
    with w.act(city.child), pytest.raises(ActionDenied, match="参加する機関に宛てて"):
        print_pack(by=city.child, form_key=uuid.uuid4(), wanted=[(item, Recipient("x"))])
    with w.act(city.child), pytest.raises(ActionDenied, match="印刷する議題がありません"):
        print_pack(by=city.child, form_key=uuid.uuid4(), wanted=[])
    mine = Recipient("x", agency=city.agencies["disability"])
    with w.act(city.disability), pytest.raises(ActionDenied, match="もう見られない"):
        print_pack(by=city.disability, form_key=uuid.uuid4(), wanted=[(item, mine)])


def test_the_secretary_prints_for_the_pledged_and_each_gets_their_items_alone(city, house):
    sitting = s.make_sitting(city, "plan", "support")
    s.consented_item(city, house, "child", sitting=sitting)
    sealed = s.secret_item(city, sitting=sitting)
    s.appointed(city, sealed, city.disability)
    s.appointed(city, sealed, city.child, pledged=False)
    paper = post(city.coordinator, sealed, f"m:{city.disability.pk}")
    assert text(paper).count("会議資料</h1>") == 1
    assert "守秘の世帯" in text(paper)
    assert "架空野 世帯" not in text(paper)
    assert post(city.coordinator, sealed, f"m:{city.child.pk}").status_code == 422
    with w.act(city.coordinator):
        (copy,) = PaperCopy.objects.all()
        assert copy.grant.membership_id == city.disability.pk


def test_a_sealed_item_changes_nothing_in_the_pack_of_who_does_not_know_of_it(city, house):
    sitting = s.make_sitting(city, "plan", "support")
    s.consented_item(city, house, "child", sitting=sitting)
    url = reverse("sitting_pack", args=[sitting.pk])

    def seen():
        browsers = [sign_in(Client(), city.members[n]) for n in ("child", "head")]
        return [twoworlds.masked(text(b.get(url))) for b in browsers]

    before = seen()
    sealed = s.secret_item(city, sitting=sitting)
    s.appointed(city, sealed, city.disability)
    assert seen() == before


def test_copies_come_back_to_the_office(city, item):
    post(city.child, item, "own")
    with w.act(city.child):
        (copy,) = PaperCopy.objects.all()
        with pytest.raises(ActionDenied, match="「会議を開く」ことはできません"):
            return_copy(copy=copy, by=city.child)
    assert refused(
        city.child,
        "update meetings_papercopy set returned_at = now(), returned_to_id = by_id where id = %s",
        copy.pk,
    )
    out = reverse("sitting_copies", args=[item.sitting_id])
    browser = sign_in(Client(), city.coordinator)
    assert "1部" in text(browser.get(out))
    back = browser.post(reverse("copy_return", args=[copy.pk]), {"from": "sitting"})
    assert back["Location"] == out
    assert "未回収の資料はありません" in text(browser.get(out))


def test_the_database_takes_no_copy_for_another_agency_from_who_is_no_office(city, item):
    insert = """insert into meetings_papercopy
        (id, item_id, number, paper, agency_id, holder, printed_at, by_id, form_key,
         is_to_be_returned)
        values (gen_random_uuid(), %s, %s, 'materials', %s, 'x', now(), %s, gen_random_uuid(), true)
    """
    child, elderly = city.agencies["child"].pk, city.agencies["elderly"].pk
    assert refused(city.child, insert, item.pk, 9, elderly, city.child.pk)
    assert refused(city.child, insert, item.pk, 9, child, city.elderly.pk)
    assert refused(city.child, insert, item.pk, 9, None, city.child.pk)
    disability = city.agencies["disability"].pk
    assert refused(city.coordinator, insert, item.pk, 9, disability, city.coordinator.pk)


# --- the cover -----------------------------------------------------------------------------------


def planned(city, item, hour, minutes=30, presenter=None):
    s.change(
        city, item, begins_at=datetime.time(hour), planned_minutes=minutes, presenter=presenter
    )


def test_the_cover_says_when_how_long_and_who_presents_as_the_agenda_does(city, item):
    planned(city, item, 14, presenter=city.elderly)
    browser = sign_in(Client(), city.child)
    url = reverse("sitting_pack", args=[item.sitting_id])
    words = (f"発表：{city.elderly.user}", "14:00から30分")
    cover = text(browser.get(reverse("sitting_detail", args=[item.sitting_id])))
    for page in (cover, text(browser.get(url)), text(post(city.child, item, "own"))):
        for word in words:
            assert word in page
    child = f"a:{city.agencies['child'].pk}"
    paper = text(post(city.coordinator, item, child))
    assert all(word in paper for word in words)


def test_a_cover_without_hours_says_nothing_of_them(city, item):
    page = text(post(city.child, item, "own"))
    assert "予定の時間" not in page
    assert "発表：" not in page


def test_no_gap_of_the_cover_tells_of_a_sealed_item(city, house):
    """V6: what stands on it is what was typed for the reader's own items, nothing reckoned."""
    sitting = s.make_sitting(city, "plan", "support")
    first = s.consented_item(city, house, "child", sitting=sitting)
    second = s.consented_item(city, house, "child", sitting=sitting, title="二つめ")
    planned(city, first, 14)
    planned(city, second, 15)
    browser = sign_in(Client(), city.child)
    url = reverse("sitting_pack", args=[sitting.pk])

    def seen():
        paper = post(city.child, second, "own")
        return [twoworlds.masked(text(page)) for page in (browser.get(url), paper)]

    before = seen()
    sealed = s.secret_item(city, sitting=sitting)
    planned(city, sealed, 14, minutes=60, presenter=city.disability)
    after = seen()
    assert after[0] == before[0]
    assert _cover(after[1]) == _cover(before[1])
    own = text(sign_in(Client(), city.coordinator).get(url))
    assert "14:00から1時間" in own
    assert "14:00から1時間" not in after[0]


def _cover(page):
    """The list of items on paper, without the numbers of the copies."""
    return page.split("<h2>次第</h2>", 1)[1].split("</table>", 1)[0]
