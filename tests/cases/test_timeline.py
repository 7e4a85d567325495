"""これまで as a page: filters, words, marks of what is new; never more than one may read."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agencies.models import AccessLog
from cases import timeline
from cases.models import Note
from cases.operations import add_issue, assess, change_note
from tests import world as w
from tests.cases.pages import client, get, note, page, post, referred, text
from tests.owner import as_owner

pytestmark = [pytest.mark.django_db, pytest.mark.database]
BUDGET = 40
DAY = datetime.timedelta(days=1)


@pytest.fixture
def city():
    return w.city()


def url(case, **chosen):
    words = "&".join(f"{name}={value}" for name, value in chosen.items())
    return f"/cases/{case.pk}/timeline/" + (f"?{words}" if words else "")


def days_ago(days):
    return timezone.now() - days * DAY


def test_everything_stands_there_newest_first_by_key(city):
    case, (mother, _son) = w.household(city.elderly)
    for n in range(35):
        note(city.elderly, case, f"記録{n:02d}。", happened_at=days_ago(n))
    with w.act(city.elderly):
        add_issue(case=case, by=city.elderly, issue_type="debt", person=mother)
        assess(case=case, by=city.elderly, category="health", situation="通院中")
    first = get(city.elderly, url(case))
    shown = text(first)
    assert "借金" in shown or "債務" in shown
    assert "通院中" in shown
    assert "記録27。" in shown
    assert "記録28。" not in shown
    older = text(get(city.elderly, url(case) + first.context["older_url"]))
    assert "記録28。" in older
    assert "記録27。" not in older


def test_filters_narrow_and_stay_while_paging(city):
    case, mother, son, _given = referred(city)
    for n in range(31):
        note(city.elderly, case, f"母の健康{n}。", [mother], category="health")
    note(city.elderly, case, "息子の家計", [son], category="household", happened_at=days_ago(400))
    note(city.elderly, case, "世帯のこと")
    found = get(city.elderly, url(case, person=mother.pk, category="health", kind="note"))
    assert "息子の家計" not in text(found)
    assert "世帯のこと" not in text(found)
    assert "category=health" in found.context["older_url"]
    assert "世帯のこと" in text(get(city.elderly, url(case, person="household")))
    old = text(get(city.elderly, url(case, until="R8.1.1")))
    assert ("息子の家計" in old, "世帯のこと" in old) == (True, False)
    other = text(get(city.elderly, url(case, agency=city.agencies["elderly"].pk)))
    assert "世帯のこと" in other


@pytest.mark.parametrize(
    "chosen",
    [
        {"since": "平成40年"}, {"kind": "x"}, {"person": "x"}, {"person": str(uuid.uuid4())},
        {"agency": "999999"}, {"agency": "x"}, {"category": "x"},
    ],
)  # fmt: skip
def test_bad_filter_gets_a_sentence_and_loses_nothing(city, chosen):
    case, _persons = w.household(city.elderly)
    note(city.elderly, case, "文")
    shown = text(get(city.elderly, url(case, **chosen)), 422)
    assert "field-error" in shown
    if "since" in chosen:
        assert chosen["since"] in shown


def test_bad_place_shows_the_beginning(city):
    case, _persons = w.household(city.elderly)
    note(city.elderly, case, "文のことば")
    for before in ("x", "2026-01-01_x", "_", "2026-01-01T00:00:00+09:00_"):
        assert "文のことば" in text(get(city.elderly, url(case, before=before)))


def test_words_are_found_in_what_one_may_read_however_they_are_written(city):
    case, mother, son, _given = referred(city)
    note(city.elderly, case, "ガスが止まりそう。ﾃｨｯｼｭ", [mother])
    note(city.elderly, case, "がすの検針", [son])
    with w.act(city.elderly):
        assess(
            case=case, by=city.elderly, category="health", situation="ガス漏れ", persons=[mother]
        )
    here = f"/cases/{case.pk}/timeline/"
    for words in ("がす", "ガス", "ｶﾞｽ", "ガス 止まり"):
        shown = text(post(city.elderly, here, {"words": words}))
        assert "ガスが止まりそう" in shown, words
    assert "がすの検針" in text(post(city.elderly, here, {"words": "ガス"}))
    told = text(post(city.disability, here, {"words": "ガス"}))
    assert "ガスが止まりそう" in told
    assert "ガス漏れ" in told
    assert "検針" not in told
    assert "あてはまる記録はありません" in text(post(city.elderly, here, {"words": "ない言葉"}))
    long = text(post(city.elderly, here, {"words": "あ" * 101}), 422)
    assert "100文字以内" in long


def test_search_is_walked_step_by_step_and_goes_on(city, monkeypatch):
    monkeypatch.setattr(timeline, "STEP", 3)
    monkeypatch.setattr(timeline, "WALK", 6)
    case, _persons = w.household(city.elderly)
    for n in range(10):
        words = "鍵のありか" if n == 9 else "訪問"
        note(city.elderly, case, words, happened_at=days_ago(n))
    here = f"/cases/{case.pk}/timeline/"
    first = post(city.elderly, here, {"words": "鍵"})
    assert "ここまでにはありません" in text(first)
    older = {"words": "鍵", "before": first.context["page"].older}
    assert "鍵のありか" in text(post(city.elderly, here, older))


def test_page_of_hits_begins_where_the_last_one_ended(city, monkeypatch):
    monkeypatch.setattr(timeline, "SHOWN", 2)
    monkeypatch.setattr(timeline, "STEP", 2)
    case, _persons = w.household(city.elderly)
    for n in range(7):
        note(city.elderly, case, f"鍵{n}。", happened_at=days_ago(n))
    here, found, place = f"/cases/{case.pk}/timeline/", [], ""
    for _page in range(4):
        answer = post(city.elderly, here, {"words": "鍵", "before": place})
        found += [entry.text for entry in answer.context["page"].entries]
        place = answer.context["page"].older
    assert found == [f"鍵{n}。" for n in range(7)]
    assert place == ""


def test_what_others_wrote_since_my_last_visit_is_marked(city):
    case, mother, son, _given = referred(city)
    old = note(city.elderly, case, "古い文", [mother], happened_at=days_ago(3))
    page(city.disability, case)
    aged(2)
    note(city.elderly, case, "新しい文", [mother])
    note(city.elderly, case, "隠れた文", [son])
    note(city.disability, case, "自分の文", [mother])
    with w.act(city.elderly):
        row = Note.objects.select_related("record__case").get(pk=old)
        change_note(note=row, by=city.elderly, version=1, reason="訂正", text="直", method="visit")
    for answer in (page(city.disability, case), get(city.disability, url(case))):
        shown = text(answer)
        assert shown.count(">新着<") == 1
        assert shown.count(">訂正<") == 1
        assert "隠れた文" not in shown
    fresh = text(get(city.disability, url(case, is_new="on")))
    assert "新しい文" in fresh
    assert "古い文" not in fresh
    assert "自分の文" not in fresh
    # A page loaded again within the visit keeps its marks; nobody else's look counts.
    assert ">新着<" in text(page(city.disability, case))
    assert ">新着<" not in text(page(city.elderly, case))


def aged(hours):
    """The looks so far were so many hours ago, and what is written, a day before them."""
    with as_owner(), connections["default"].cursor() as cursor:
        cursor.execute("ALTER TABLE agencies_accesslog DISABLE TRIGGER USER")
        AccessLog.objects.update(at=timezone.now() - datetime.timedelta(hours=hours))
        cursor.execute("ALTER TABLE agencies_accesslog ENABLE TRIGGER USER")
        cursor.execute("UPDATE cases_record SET written_at = written_at - interval '1 day'")
        cursor.execute(
            "UPDATE cases_historicalnote SET history_date = history_date - interval '1 day'"
        )


def test_first_look_marks_nothing(city):
    case, mother, _son, _given = referred(city)
    note(city.elderly, case, "文", [mother])
    assert ">新着<" not in text(page(city.disability, case))
    assert "あてはまる記録はありません" in text(get(city.disability, url(case, is_new="on")))


def test_open_steps_alone(city):
    case, _persons = w.household(city.elderly)
    note(city.elderly, case, "ある文", next_step="電話")
    note(city.elderly, case, "ない文")
    shown = text(get(city.elderly, url(case, steps="on")))
    assert "ある文" in shown
    assert "ない文" not in shown


def test_look_is_logged_with_what_was_shown_and_without_the_words(city):
    case, _persons = w.household(city.elderly)
    key = note(city.elderly, case, "鍵のありか")
    note(city.elderly, case, "ほか")
    post(city.elderly, f"/cases/{case.pk}/timeline/", {"words": "鍵"})
    with as_owner():
        line = AccessLog.objects.filter(what="case_timeline").latest("id")
    assert key in line.record_ids
    assert "鍵" not in line.what


def test_queries_do_not_grow(city):
    case, (mother, _son) = w.household(city.elderly)
    browser = client(city.elderly)
    note(city.elderly, case, "文", [mother], next_step="電話")

    def asked():
        with CaptureQueriesContext(connections["default"]) as found:
            assert browser.get(url(case)).status_code == 200
        return len(found)

    asked()
    few = asked()
    for n in range(20):
        note(city.elderly, case, f"文{n}", [mother], next_step="電話")
    assert asked() == few
    assert few <= BUDGET
