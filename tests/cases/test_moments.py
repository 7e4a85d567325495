"""When a note was is corrected like its words: by its agency, with a reason, never to come; what
was said before stands in 直したところ (V13)."""

from __future__ import annotations

import datetime

import pytest
from django.utils import timezone

from agencies.models import AccessLog
from agencies.permissions import ActionDenied
from cases import looks
from cases.models import Note, Record
from cases.operations import change_note, close_case, refile_record, withdraw_consent
from config.lib.eras import TOKYO, format_short, today
from tests import world as w
from tests.cases.pages import get, note, page, post, referred, text
from tests.cases.test_history import settle

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]

DAY = datetime.timedelta(days=1)
WAS = datetime.datetime(2026, 5, 22, 10, 0, 27, 123456, tzinfo=TOKYO)
IS = datetime.datetime(2026, 5, 21, 10, 0, tzinfo=TOKYO)


@pytest.fixture
def city():
    return w.city()


def url(key):
    return f"/notes/{key}/edit/"


def shown(member, key):
    """What the form shows, as a browser would send it back."""
    form = get(member, url(key)).context["form"]
    return {name: form[name].value() or "" for name in form.fields if name != "attachments"}


def moved(by, key, to, *, version=1, reason="一日ちがい", words="文"):
    with w.act(by):
        found = Note.objects.visible_to(by).select_related("record__case").get(pk=key)
        return change_note(
            note=found, by=by, version=version, reason=reason, text=words, method="visit",
            happened_at=to,
        )  # fmt: skip


def moment(by, key):
    """Of the envelope and of the content: there is no other."""
    with w.act(by):
        record, row = Record.objects.get(pk=key), Note.objects.get(pk=key)
    assert record.happened_at == row.happened_at
    return record.happened_at


# --- the operation ---------------------------------------------------------------------------


def test_the_day_is_corrected_with_a_reason_and_the_day_before_is_proven(city):
    case, _persons = w.household(city.elderly)
    key = note(city.elderly, case, "文", happened_at=WAS)
    with w.act(city.elderly):
        written_at = Record.objects.get(pk=key).written_at
    moved(city.elderly2, key, IS)
    settle()
    assert moment(city.elderly, key) == IS
    with w.act(city.elderly):
        told = Note.history.filter(record_id=key).order_by("version")
        said = told.values_list("happened_at", "correction_reason", "history_user")
        assert list(said) == [
            (WAS, "", city.elderly.user_id), (IS, "一日ちがい", city.elderly2.user_id)
        ]  # fmt: skip
        assert Record.objects.get(pk=key).written_at == written_at
    with w.act(city.elderly2):
        line = AccessLog.objects.get(what="change_note")
        assert (line.record_ids, line.case_id) == ([key], case.pk)


def test_without_a_moment_it_stays_as_it_stands(city):
    case, _persons = w.household(city.elderly)
    key = note(city.elderly, case, "文", happened_at=WAS)
    moved(city.elderly, key, None, words="直した文")
    assert moment(city.elderly, key) == WAS


@pytest.mark.parametrize(
    ("to", "reason", "sentence"),
    [
        (timezone.now() + DAY, "一日ちがい", "いままでの日時"),
        (IS, "", "直した理由"),
        (IS, "　", "直した理由"),
    ],
)
def test_neither_to_come_nor_without_a_reason(city, to, reason, sentence):
    case, _persons = w.household(city.elderly)
    key = note(city.elderly, case, "文", happened_at=WAS)
    with pytest.raises(ActionDenied, match=sentence):
        moved(city.elderly, key, to, reason=reason)
    assert moment(city.elderly, key) == WAS


def test_by_whom_its_words_are_corrected_alone(city):
    """Each state of the case and each member, as with the words (`check_can_correct`)."""
    case, mother, _son, given = referred(city)
    theirs = note(city.elderly, case, "文", [mother], happened_at=WAS)
    mine = note(city.disability, case, "文", [mother], happened_at=WAS)
    for by in (city.disability, city.coordinator, city.child):
        with pytest.raises((ActionDenied, Note.DoesNotExist)):
            moved(by, theirs, IS)
    assert moved(city.disability, mine, IS).version == 2
    with w.act(city.elderly):
        withdraw_consent(consent=given, by=city.elderly, reason="本人から")
    with pytest.raises(ActionDenied):  # what it wrote it goes on reading
        moved(city.disability, mine, WAS, version=2)
    assert moved(city.elderly2, theirs, IS).version == 2
    with w.act(city.elderly):
        close_case(case=case, by=city.elderly, reason="転出")
    with pytest.raises(ActionDenied, match="終結"):
        moved(city.elderly, theirs, WAS, version=2)
    assert moment(city.elderly, theirs) == moment(city.disability, mine) == IS


# --- the page --------------------------------------------------------------------------------


def test_yesterdays_call_typed_as_todays_is_put_right(city):
    case, mother, _son, _given = referred(city)
    key = note(city.elderly, case, "昨日の電話", [mother], happened_at=WAS)
    later = note(city.elderly, case, "今朝の訪問", [mother], happened_at=WAS - DAY / 2)
    before = text(page(city.disability, case))
    assert before.index("昨日の電話") < before.index("今朝の訪問")
    sent = shown(city.elderly, key)
    assert (sent["on"], sent["at"]) == ("令和8年5月22日", "10:00")
    refused = text(post(city.elderly, url(key), sent | {"on": "R8.5.21"}), 422)
    assert "記録のことばか日時を直しています。直した理由を入れてください。" in refused
    assert "R8.5.21" in refused
    answer = post(city.elderly, url(key), sent | {"on": "R8.5.21", "reason": "一日ちがい"})
    assert answer.status_code == 302
    assert moment(city.elderly, key) == IS
    for reader in (city.elderly, city.disability):
        after = text(page(reader, case))
        assert after.index("今朝の訪問") < after.index("昨日の電話")
        assert "直した理由：一日ちがい" in after
        told = text(get(reader, f"/records/{key}/history/"))
        for words in ("日時", "令和8年5月22日 10:00", "令和8年5月21日 10:00", "一日ちがい"):
            assert words in told
    timeline = f"/cases/{case.pk}/timeline/?until=R8.5.21"
    assert "昨日の電話" in text(get(city.disability, timeline))
    assert "日時" in text(get(city.elderly, f"/records/{later}/history/"))  # as first written


def test_a_form_sent_back_as_it_came_moves_nothing(city):
    """It shows the moment to the minute: the seconds stay."""
    case, _persons = w.household(city.elderly)
    for was in (WAS, datetime.datetime(2026, 5, 22, tzinfo=TOKYO)):
        key = note(city.elderly, case, "文", happened_at=was)
        sent = shown(city.elderly, key)
        assert post(city.elderly, url(key), sent).status_code == 302
        assert post(city.elderly, url(key), sent | {"text": "直", "reason": "x"}).status_code == 302
        assert moment(city.elderly, key) == was
        with w.act(city.elderly):
            assert Note.objects.get(pk=key).version == 2


def test_the_time_alone_is_corrected_or_no_longer_known(city):
    case, _persons = w.household(city.elderly)
    key = note(city.elderly, case, "文", happened_at=WAS)
    sent = shown(city.elderly, key) | {"reason": "時刻ちがい"}
    assert post(city.elderly, url(key), sent | {"at": "午前9時半"}).status_code == 302
    assert moment(city.elderly, key) == WAS.replace(hour=9, minute=30, second=0, microsecond=0)
    sent |= {"version": "2", "at": ""}
    assert post(city.elderly, url(key), sent).status_code == 302
    assert moment(city.elderly, key) == datetime.datetime(2026, 5, 22, tzinfo=TOKYO)
    told = text(get(city.elderly, f"/records/{key}/history/"))
    assert "令和8年5月22日 09:30" in told
    assert "<div>令和8年5月22日</div>" in told


def test_no_time_is_to_come(city):
    """Of today; in the last minute of a day what is to come is of tomorrow."""
    case, _persons = w.household(city.elderly)
    key = note(city.elderly, case, "文", happened_at=WAS)
    soon = timezone.localtime() + datetime.timedelta(minutes=2)
    day = format_short(soon.date())
    sent = shown(city.elderly, key) | {"on": day, "at": f"{soon:%H:%M}"}
    told = text(post(city.elderly, url(key), sent | {"reason": "時刻ちがい"}), 422)
    of_today = soon.date() == today()
    assert ("いままでの時刻を入れてください。" if of_today else "今日までの日付") in told
    for kept in (f"{soon:%H:%M}", "時刻ちがい", day):
        assert kept in told


def test_two_who_correct_the_moment_see_both(city):
    case, _persons = w.household(city.elderly)
    key = note(city.elderly, case, "文", happened_at=datetime.datetime(2026, 5, 22, tzinfo=TOKYO))
    mine = shown(city.elderly, key) | {"reason": "一日ちがい"}
    theirs = mine | {"on": "R8.5.20", "at": "9:00"}
    assert post(city.elderly2, url(key), theirs).status_code == 302
    told = text(post(city.elderly, url(key), mine | {"on": "R8.5.21"}), 422)
    assert "ほかの人が先に保存しました" in told
    assert "None" not in told
    for words in ("令和8年5月20日", "令和8年5月21日", "09:00", "R8.5.21"):
        assert words in told
    sent = mine | {"on": "R8.5.21", "version": "2"}
    assert post(city.elderly, url(key), sent).status_code == 302
    assert moment(city.elderly, key) == datetime.datetime(2026, 5, 21, tzinfo=TOKYO)


# --- who learns what -------------------------------------------------------------------------


def test_whom_a_record_was_opened_to_later_learns_no_earlier_day(city):
    """V13: of what it was when they did not read it they see no version, and no other trace."""
    case, mother, _son, _given = referred(city)
    key = note(city.elderly, case, "文", [mother], audience="agency", happened_at=WAS)
    moved(city.elderly, key, IS)
    with w.act(city.elderly):
        record = Record.objects.select_related("case").get(pk=key)
        refile_record(
            record=record, by=city.elderly, category="progress", audience="team", reason="共有"
        )
    assert moment(city.disability, key) == IS
    told = text(get(city.disability, f"/records/{key}/history/"))
    assert "令和8年5月22日" not in told
    with w.act(city.disability):
        assert not Note.history.filter(record_id=key).exists()


def test_what_is_new_is_told_by_when_it_was_written_and_corrected(city):
    """A day moved forward makes nothing new; the correction is marked, to its readers alone."""
    case, mother, son, _given = referred(city)
    key = note(city.elderly, case, "文", [mother], happened_at=IS - 9 * DAY)
    hidden = note(city.elderly, case, "文", [son], happened_at=IS - 9 * DAY)
    since = timezone.now()
    for each in (key, hidden):
        moved(city.elderly, each, IS)
    with w.act(city.disability):
        seen = {row.pk: row for row in Record.objects.visible_to(city.disability)}
        assert looks.marks(city.disability, seen, since) == {key: "訂正"}
