"""Where an issue goes and what comes back: a sitting, a committee, an answer by hand."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from agencies.models import Committee, Notice
from agencies.permissions import ActionDenied
from cases.models import Record
from community import panels
from community.candidates import raised_issues
from community.models import CommunityIssue, IssueStep
from community.operations import answer_issue, move_issue, tie_issue
from meetings.models import AgendaItem
from meetings.operations import decide_item, propose_item, withdraw_item
from tests import world as w
from tests.community.test_operations import city, household, issue, moved
from tests.meetings import situations as s
from tests.owner import as_owner
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]
__all__ = ["city"]
DAY = datetime.timedelta(days=1)


def proposed(city, row, by=None, sitting=None, **more):
    by = by or city.community
    with w.act(by):
        return propose_item(
            sitting=sitting or s.make_sitting(city, "plan"), by=by,
            conference_type=city.conferences["plan"], agenda_type="social_resources",
            **{"title": row.title, "briefing": row.text, "matter": row.pk, **more},
        )  # fmt: skip


def decided(city, item, opinion="移動販売を試す"):
    s.opened(city, item.sitting)
    with w.act(city.coordinator):
        return decide_item(
            item=s.fresh(city, item), by=city.coordinator, decision="discussed", opinion=opinion
        )


def fresh(city, row):
    with w.act(city.community):
        return CommunityIssue.objects.get(pk=row.pk)


def steps(city):
    with w.act(city.community):
        return list(IssueStep.objects.order_by("at", "id"))


def answered(by, row, passing, on=None, answer="朝市を開く"):
    with w.act(by):
        return answer_issue(
            issue=row, by=by, passing=passing, on=on or timezone.localdate(), answer=answer
        )


def candidates(by):
    with w.act(by):
        return [one.matter_id for one in raised_issues(by)]


def test_an_issue_goes_before_a_sitting_without_its_case_and_its_answer_comes_back(city):
    case, _persons = household(city.participation)
    row = issue(city.participation, case)
    assert candidates(city.coordinator) == candidates(city.participation) == [row.pk]
    item = proposed(city, row, city.participation)
    assert (item.case_id, item.person_ids, item.plan_id) == (None, [], None)
    assert candidates(city.coordinator) == candidates(city.participation) == []
    assert fresh(city, row).state == "passed"
    decided(city, item)
    assert fresh(city, row).state == "answered"
    last = steps(city)[-1]
    assert last.answer == "協議した\n移動販売を試す"
    assert (last.on, last.item_id, last.by) == (timezone.localdate(), item.pk, city.coordinator)
    with w.act(city.participation):
        notice = Notice.objects.get(kind="community_answered")
        records = {r.pk: r for r in Record.objects.filter(kind="community_issue")}
        (entry,) = panels.case_timeline(city.participation, case, records)
    assert notice.agency_id == city.participation.agency_id
    assert notice.title == "提起した地域課題に答えがありました"
    assert "移動販売を試す" in entry.text


def test_an_issue_taken_back_waits_again(city):
    row = issue(city.community)
    item = proposed(city, row)
    with w.act(city.community):
        withdraw_item(item=s.fresh(city, item), by=city.community)
    assert fresh(city, row).state == "raised"
    assert candidates(city.coordinator) == [row.pk]
    decided(city, proposed(city, row))
    assert fresh(city, row).state == "answered"


def test_an_issue_taken_back_stays_where_it_was_passed_meanwhile(city):
    row = issue(city.community)
    item = proposed(city, row)
    moved(city.community, row, "working")
    with w.act(city.community):
        withdraw_item(item=s.fresh(city, item), by=city.community)
    assert fresh(city, row).state == "working"


def test_an_issue_is_on_one_agenda_at_a_time(city):
    row = issue(city.community)
    proposed(city, row)
    with pytest.raises(ActionDenied, match="すでに会議の議題"):
        proposed(city, row, city.coordinator)
    with w.act(city.community):
        assert AgendaItem.objects.count() == 1


def test_an_issue_never_goes_with_a_case(city):
    house = s.consented_household(city)
    row = issue(city.community)
    with w.act(city.elderly), pytest.raises(ActionDenied, match="ケースを付けずに"):
        propose_item(
            sitting=s.make_sitting(city, "plan"), by=city.elderly, matter=row.pk,
            conference_type=city.conferences["plan"], agenda_type="social_resources",
            case=house.case, persons=house.persons, title="t", briefing="b",
        )  # fmt: skip
    assert fresh(city, row).state == "raised"


def test_nothing_sealed_carries_an_issue(city):
    w.list_secretary(city, city.coordinator)
    item = s.secret_item(city)
    row = issue(city.community)
    with w.act(city.coordinator):
        with pytest.raises(ActionDenied, match="社会資源"):
            tie_issue(item, city.coordinator, row.pk)
        step = IssueStep(
            municipality=city.city, issue=row, state="passed", item=item, on=timezone.localdate(),
            by_agency_id=city.coordinator.agency_id, by=city.coordinator,
        )  # fmt: skip
        with pytest.raises(DatabaseError), transaction.atomic():
            step.save(force_insert=True)


def test_a_step_is_written_in_ones_own_name(city):
    row = issue(city.community)
    with w.act(city.elderly), pytest.raises(DatabaseError), transaction.atomic():
        IssueStep(
            municipality=city.city, issue=row, state="settled",
            by_agency_id=city.coordinator.agency_id, by=city.coordinator,
        ).save(force_insert=True)  # fmt: skip


def test_a_matter_of_another_city_or_of_nobody_is_none(city):
    other = issue(w.city().community)
    for key in (other.pk, uuid.uuid4()):
        with w.act(city.community):
            assert (
                tie_issue(AgendaItem(agenda_type="social_resources"), city.community, key) is None
            )
        with pytest.raises(ActionDenied, match="もう見つかりません"):
            proposed(city, CommunityIssue(pk=key, title="t", text="b"))


def test_words_that_name_somebody_of_the_household_stop_item_and_decision(city):
    case, _persons = household(city.coordinator)
    row = issue(city.coordinator, case)
    with pytest.raises(ActionDenied, match="だれのことか分からない書き方"):
        proposed(city, row, city.coordinator, briefing="大山花子さんの足")
    item = proposed(city, row, city.coordinator)
    s.opened(city, item.sitting)
    for words in ("大山花子さんを送る", f"{case.number}のこと", "Ｋ８－７ＱＦ２Ｍの件"):
        with w.act(city.coordinator), pytest.raises(ActionDenied, match="書き方"):
            decide_item(
                item=s.fresh(city, item), by=city.coordinator, decision="discussed", opinion=words
            )
    with pytest.raises(ActionDenied, match="書き方"):
        moved(city.coordinator, row, "working", note="大山花子さんのため")
    assert fresh(city, row).state == "passed"


def test_an_answer_by_hand_once_and_not_before_it_was_passed(city):
    row = issue(city.community)
    today = timezone.localdate()
    with pytest.raises(ActionDenied, match="提起した日"):
        moved(city.community, row, "passed", note="自治会長会", on=today - DAY)
    with pytest.raises(ActionDenied, match="今日まで"):
        moved(city.community, row, "passed", note="自治会長会", on=today + DAY)
    moved(city.community, row, "passed", note="自治会長会", on=today)
    passing = steps(city)[-1].pk
    for on, sentence in ((today - DAY, "渡した日"), (today + DAY, "今日まで")):
        with pytest.raises(ActionDenied, match=sentence):
            answered(city.coordinator, row, passing, on)
    with pytest.raises(ActionDenied, match="どんな答え"):
        answered(city.coordinator, row, passing, answer=" ")
    answered(city.coordinator, row, passing)
    with pytest.raises(ActionDenied, match="すでに記録"):
        answered(city.community, row, passing)
    assert fresh(city, row).state == "answered"
    with w.act(city.community):
        assert Notice.objects.filter(kind="community_answered").count() == 1


def test_an_answer_before_its_day_is_refused_by_the_database_too(city):
    row = issue(city.community)
    moved(city.community, row, "passed", note="自治会長会")
    passing = steps(city)[-1]
    with w.act(city.community), pytest.raises(DatabaseError), transaction.atomic():
        IssueStep(
            municipality=city.city, issue=row, state="answered", answer="x", closes=passing,
            on=timezone.localdate() - DAY, by_agency_id=city.community.agency_id, by=city.community,
        ).save(force_insert=True)  # fmt: skip


def test_what_a_sitting_decides_is_not_entered_by_hand(city):
    row = issue(city.community)
    proposed(city, row)
    with pytest.raises(ActionDenied, match="会議で決定すると"):
        answered(city.community, row, steps(city)[-1].pk)


def test_two_screens_do_not_pass_it_twice(city):
    row = issue(city.community)
    seen = steps(city)[-1].pk
    with w.act(city.community):
        move_issue(issue=row, by=city.community, to="passed", note="自治会長会", seen=seen)
        with pytest.raises(ActionDenied, match="ほかの画面"):
            move_issue(issue=row, by=city.community, to="passed", note="自治会長会", seen=seen)
    assert [step.state for step in steps(city)] == ["raised", "passed"]


def test_only_committees_that_take_issues_are_offered(client, city):
    with as_owner():
        for code, name, inputs in (
            ("a", "架空デザイン協議会", ["community_issues"]),
            ("b", "架空推進委員会", ["indicators"]),
        ):
            Committee.objects.create(municipality=city.city, code=code, name=name, inputs=inputs)
    sign_in(client, city.community)
    url = reverse("community_issue_detail", args=[issue(city.community).pk])
    words = client.get(url).content.decode()
    assert "架空デザイン協議会" in words
    assert "架空推進委員会" not in words


def test_the_pages_from_the_issue_to_the_agenda_and_back(client, city):
    row = issue(city.community)
    sitting = s.make_sitting(city, "plan", days=7)
    sign_in(client, city.community)
    detail = reverse("community_issue_detail", args=[row.pk])
    url = f"{reverse('item_new')}?matter={row.pk}"
    assert url in client.get(detail).content.decode()
    url += f"&sitting={sitting.pk}&body={city.conferences['plan'].pk}"
    words = client.get(url).content.decode()
    assert "もとになったケースは付きません" in words
    assert "バスが減った地区がある" in words
    data = {"agenda_type": "social_resources", "title": row.title, "briefing": row.text}
    answer = client.post(url, data)
    assert answer.status_code == 302
    assert detail in client.get(answer.url).content.decode()
    words = client.get(detail).content.decode()
    assert "議題になっています" in words
    assert answer.url in words
    assert client.get(url).status_code == 200  # passed again, elsewhere, is possible
    page = client.post(url, data)
    assert page.status_code == 422
    assert "すでに会議の議題" in page.content.decode()
    sign_in(client, city.outreach)
    key = uuid.uuid4()
    assert client.get(f"{reverse('item_new')}?matter={key}").status_code == 404


def test_an_answer_is_entered_on_its_page(client, city):
    row = issue(city.community)
    moved(city.community, row, "passed", note="自治会長会")
    sign_in(client, city.coordinator)
    detail = reverse("community_issue_detail", args=[row.pk])
    url = reverse("community_issue_answer", args=[steps(city)[-1].pk])
    assert url in client.get(detail).content.decode()
    assert "自治会長会" in client.get(url).content.decode()
    page = client.post(url, {"on": "2020-01-01", "answer": "朝市を開く"})
    assert page.status_code == 422
    assert "渡した日" in page.content.decode()
    assert "朝市を開く" in page.content.decode()
    today = timezone.localdate().isoformat()
    assert client.post(url, {"on": today, "answer": "朝市を開く"}).status_code == 302
    assert "すでに記録" in client.post(url, {"on": today, "answer": "x"}).content.decode()
    words = client.get(detail).content.decode()
    assert "返ってきた答え" in words
    assert "朝市を開く" in words
    assert client.get(reverse("community_issue_answer", args=[uuid.uuid4()])).status_code == 404
